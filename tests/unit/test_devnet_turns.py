"""Who begins to seal when: the signer in turn comes last, so that its heavier block is heard."""

from dataclasses import dataclass

import pytest

from devnet.record import Member
from devnet.starting import in_turn_last


@dataclass
class Signer:
    """A signer as far as its turn depends on it."""

    member: Member


def signer(address):
    return Signer(Member(name=address, port=1, node_id="00", address=address))


SIGNERS = [signer(address) for address in ("0xC3", "0xa1", "0xB2")]


@pytest.mark.parametrize(
    ("head", "last"), [(0, "0xB2"), (1, "0xC3"), (2, "0xa1"), (3, "0xB2"), (299, "0xa1")]
)
def test_whoever_is_in_turn_for_the_next_block_begins_last(head, last):
    order = [one.member.address for one in in_turn_last(SIGNERS, head)]

    assert order[-1] == last
    assert sorted(order) == ["0xB2", "0xC3", "0xa1"]
