"""Signed telegrams without a chain: their hashes, their forms, and who has signed them."""

import json

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from ledger.device_keys import message
from ledger.errors import BadRecord, NotFound, UsageError
from ledger.grades import DEVICE, GATEWAY
from ledger.hashing import keccak
from ledger.keys import ED25519, P256, SECP256K1, Key, fault, public_key
from ledger.telegrams import (
    LONGEST,
    MOST_READINGS,
    TYPES,
    Domain,
    Reading,
    Signed,
    Telegram,
    claims,
    parse,
    read_unsigned,
)
from oracle.sources.telegrams import whole

DOMAIN = Domain(20_230, "0x" + "ab" * 20)
OWNER = Account.from_key(b"\x41" * 32)
AT = 1_700_000_000
ONE = Telegram(3, 7, (Reading(5, AT, 1_000), Reading(5, AT + 60, 1_040)))

readings = st.builds(
    Reading,
    st.integers(0, 2**32 - 1),
    st.integers(1, 2**32 - 1),
    st.integers(0, 2**64 - 1),
    st.integers(0, 255),
)
telegrams = st.builds(
    Telegram,
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**64 - 1),
    st.lists(readings, min_size=1, max_size=MOST_READINGS).map(tuple),
)


def signed(telegram=ONE, owner=OWNER):
    signature = owner.sign_message(message(DOMAIN, telegram)).signature
    return Signed(telegram, 1, "0x" + bytes(signature).hex())


def key(**changed):
    about = {
        "id": 1,
        "kind": SECP256K1,
        "public_key": bytes.fromhex(OWNER.address[2:]),
        "gateway": False,
        "from_at": AT,
        "until_at": AT + 3_600,
        "revoked_at": 0,
        "devices": {3: AT},
    }
    return Key(**(about | changed))


def document(**changed):
    return json.loads(json.dumps(signed().as_json())) | changed


@given(telegrams)
def test_the_hash_is_that_of_eip_712(telegram):
    fields = {
        "device": telegram.device,
        "sequence": telegram.sequence,
        "readings": [
            {"channel": r.channel, "at": r.at, "value": r.value, "mark": r.mark}
            for r in telegram.readings
        ],
    }
    domain = {
        "name": "Waterline",
        "version": "1",
        "chainId": DOMAIN.chain_id,
        "verifyingContract": DOMAIN.contract,
    }

    theirs = encode_typed_data(domain_data=domain, message_types=TYPES, message_data=fields)

    assert message(DOMAIN, telegram) == theirs
    assert DOMAIN.digest(telegram) == keccak(b"\x19\x01" + theirs.header + theirs.body)


@given(telegrams)
def test_what_is_sent_in_json_or_cbor_is_read_back(telegram):
    one = signed(telegram)
    told = one.as_json()
    raw = {**told, "signature": bytes.fromhex(one.signature[2:])}

    assert parse(json.dumps(told).encode()) == one
    assert parse(cbor2.dumps(raw)) == one


@given(telegrams)
def test_whoever_signed_is_recovered_and_nobody_else(telegram):
    digest, one = DOMAIN.digest(telegram), signed(telegram)
    signature = bytes.fromhex(one.signature[2:])

    assert key().signed(digest, signature)
    assert not key(public_key=b"\1" * 20).signed(digest, signature)
    assert not key().signed(keccak(digest), signature)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[1]", b'{"telegram": 1}', b'{"signature": 1}', b"\x00signature", b"x" * LONGEST],
)
def test_other_messages_claim_no_signature(raw):
    assert not claims(raw)
    assert parse(raw) is None


def test_a_message_too_long_claims_none():
    raw = json.dumps(document(more="x" * LONGEST)).encode()

    assert parse(raw) is None


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"key": "1"}, "key"),
        ({"key": 1.0}, "key"),
        ({"more": 1}, "more"),
        ({"signature": "0xzz"}, "signature"),
        ({"signature": "0x" + "00" * 63}, "signature"),
        ({"telegram": None}, "telegram"),
        ({"telegram": {"device": 3, "sequence": 1, "readings": []}}, "telegram.readings"),
        (
            {"telegram": {"device": 3, "sequence": -1, "readings": [{}]}},
            "telegram.sequence",
        ),
        (
            {
                "telegram": {
                    "device": 3,
                    "sequence": 1,
                    "readings": [{"channel": 1, "at": 0, "value": 1}],
                }
            },
            "telegram.readings.0.at",
        ),
        (
            {
                "telegram": {
                    "device": 3,
                    "sequence": 1,
                    "readings": [{"channel": 1, "at": 1, "value": 1}] * (MOST_READINGS + 1),
                }
            },
            "telegram.readings",
        ),
    ],
)
def test_what_is_wrong_in_a_signed_telegram_is_named(changed, where):
    raw = json.dumps(document(**changed)).encode()

    assert claims(raw)
    with pytest.raises(BadRecord, match=where):
        parse(raw)


def test_cbor_with_what_json_cannot_hold_is_refused():
    for strange in ({1: b"\1"}, float("nan"), b"\1"):
        with pytest.raises(BadRecord):
            parse(cbor2.dumps({"telegram": strange, "signature": "0x"}))


def test_a_signed_message_is_one_telegram_of_its_topic_and_no_cells():
    raw = json.dumps(document()).encode()

    told = whole("mqtt", "city/7", raw)

    assert (told.signed, told.cells, told.error, told.raw) == (True, {}, "", raw)


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ({}, "unknown_key"),
        ({1: key(public_key=b"\1" * 20)}, "bad_signature"),
        ({1: key(devices={4: AT})}, "key_not_valid"),
        ({1: key(devices={3: AT + 1})}, "key_not_valid"),
        ({1: key(until_at=AT + 60)}, "key_not_valid"),
    ],
)
def test_a_telegram_that_its_key_does_not_sign_for_has_a_reason(held, reason):
    assert fault(signed(), held, DOMAIN)[0] == reason


def test_a_telegram_signed_by_a_key_of_its_device_has_no_fault():
    assert fault(signed(), {1: key()}, DOMAIN) is None
    assert fault(signed(), {1: key(until_at=AT + 61)}, DOMAIN) is None
    assert [key().grade, key(gateway=True).grade] == [DEVICE, GATEWAY]


@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"\0" * 65, b"\xff" * 65, b"\1" * 66])
def test_a_broken_signature_is_nobody_s(signature):
    for kind in (SECP256K1, P256, ED25519):
        assert not key(kind=kind, public_key=b"\2" * 33).signed(b"\3" * 32, signature)


def test_p_256_and_ed25519_sign_the_digest():
    digest = DOMAIN.digest(ONE)
    point, edwards = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    compressed = point.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    plain = edwards.public_key().public_bytes_raw()
    signatures = {
        P256: (compressed, point.sign(digest, ec.ECDSA(Prehashed(SHA256())))),
        ED25519: (plain, edwards.sign(digest)),
    }

    for kind, (public, signature) in signatures.items():
        one = key(kind=kind, public_key=public)
        assert one.signed(digest, signature)
        assert not one.signed(keccak(digest), signature)
        assert public_key(kind, "0x" + public.hex()) == public


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (SECP256K1, "0x00"),
        (SECP256K1, "address"),
        (P256, "02" * 32),
        (P256, "05" * 33),
        (ED25519, "01" * 33),
    ],
)
def test_a_key_that_is_none_of_its_kind_is_refused(kind, text):
    with pytest.raises(UsageError, match="is no key of"):
        public_key(kind, text)


def test_an_unsigned_telegram_is_read_from_a_file_to_be_signed(tmp_path):
    path = tmp_path / "telegram.json"
    path.write_text(json.dumps(document()["telegram"]), encoding="utf-8")

    assert read_unsigned(path) == ONE
    path.write_text(json.dumps(document()), encoding="utf-8")
    with pytest.raises(BadRecord):
        read_unsigned(path)
    with pytest.raises(NotFound):
        read_unsigned(tmp_path / "none.json")
