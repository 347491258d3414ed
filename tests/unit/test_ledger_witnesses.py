"""Whose signature stands under a batch: one form of it counts, as the contract takes it."""

import pytest
from eth_account import Account

from ledger.errors import BadRecord
from ledger.witnesses import message, signer_of

KEY = Account.from_key(b"\x51" * 32)
SIGNED = message(20230, "0x" + "11" * 20, 1, 0, b"\x01" * 32, b"\x02" * 32)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
MADE = bytes(KEY.sign_message(SIGNED).signature)


def mirrored(made):
    """The other signature that everybody can make of one."""
    s = ORDER - int.from_bytes(made[32:64], "big")
    return made[:32] + s.to_bytes(32, "big") + bytes([55 - made[64]])


def test_a_signature_is_its_key_s():
    assert signer_of(SIGNED, MADE) == KEY.address.lower()


@pytest.mark.parametrize(
    "other",
    [
        mirrored(MADE),
        MADE[:64] + bytes([MADE[64] - 27]),
        MADE[:64] + bytes([MADE[64] + 8]),
        MADE[:64],
        MADE + b"\0",
        b"",
        bytes(65),
    ],
    ids=["high s", "v 0 or 1", "v of another rule", "short", "long", "none", "zero"],
)
def test_what_the_contract_would_not_take_is_no_signature(other):
    with pytest.raises(BadRecord, match="signature"):
        signer_of(SIGNED, other)
