"""The wire format once more, one integer at a time, packed by the tables of docs/wire-format.md.

Nothing here comes from `ledger`: it is what `ledger` and the contracts are compared with.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from eth_abi.abi import encode
from eth_utils import keccak

PAGE = Path(__file__).resolve().parents[2] / "docs" / "wire-format.md"
WORD_BITS = 256
INSTANT, VOID = 16, 128
Readings = Sequence[tuple[int, int]]  # amount, seconds since the reading before


@dataclass(frozen=True)
class Field:
    """A row of a bit table."""

    bit: int
    width: int
    name: str


@cache
def tables() -> Mapping[str, tuple[Field, ...]]:
    """The bit tables of the page, by their headings."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"^### (.+?)\n[^#]*?^\| bit \|.*\n.*\n((?:\|.*\n)+)", text, re.M)
    return {heading: tuple(map(_field, rows.splitlines())) for heading, rows in found}


def _field(row: str) -> Field:
    bit, width, name = [cell.strip() for cell in row.split("|")[1:4]]
    return Field(int(bit), int(width), name)


def word(table: str, **values: int) -> int:
    """A word with these fields; a field that is not named is zero."""
    packed = 0
    for field in tables()[table]:
        value = 0 if field.name == "zero" else values.pop(field.name, 0)
        assert 0 <= value < 1 << field.width, f"{table}: {field.name} of {value}"
        packed |= value << field.bit
    assert not values, f"{table} has no {sorted(values)}"
    return packed


def group(table: str, readings: Readings, lane_bits: int, **header: int) -> list[int]:
    """Header and lanes of one group; an irregular lane holds `lane_bits` of amount at most."""
    (first_amount, first_step), *rest = readings
    steps = {step for _, step in rest}
    fits = all(amount < 2**32 for amount, _ in rest)
    regular = len(steps) == 1 and max(steps) < 2**24 and fits
    lanes = [amount if regular else _lane(amount, step, lane_bits) for amount, step in rest]
    head = word(
        table,
        further=len(rest),
        step_s=steps.pop() if regular else 0,
        first_amount=first_amount,
        first_step=first_step - 1,
        **header,
    )
    return [head, *_laid(lanes, 32 if regular else 64)]


def _lane(amount: int, step_s: int, bits: int) -> int:
    assert 0 <= amount < 1 << bits and 1 <= step_s <= 2**24
    return amount | (step_s - 1) << 40


def _laid(lanes: Sequence[int], bits: int) -> list[int]:
    a_word = WORD_BITS // bits
    return [
        sum(lane << bits * place for place, lane in enumerate(lanes[begin : begin + a_word]))
        for begin in range(0, len(lanes), a_word)
    ]


def sent(words: Sequence[int]) -> bytes:
    """Words as bytes."""
    return b"".join(number.to_bytes(32, "big") for number in words)


def leaf(
    channel: int, at: int, value: int, kind: int, grade: int, mark: int, telegram: bytes
) -> bytes:
    """The leaf of a reading."""
    row = (channel, at, value, kind, grade, mark, telegram)
    return keccak(keccak(encode([*["uint256"] * 6, "bytes32"], row)))


def household_leaf(
    channel: int,
    household: bytes,
    salt: bytes,
    ends_at: int,
    register_l: int,
    volume_l: int,
    grade: int,
    telegram: bytes,
) -> bytes:
    """The leaf of a household's day, its kind 32 in the sixth of eight words."""
    committed = keccak(encode(["bytes32", "bytes32"], (household, salt)))
    row = (channel, committed, ends_at, register_l, volume_l, 32, grade, telegram)
    return keccak(keccak(encode(["uint256", "bytes32", *["uint256"] * 5, "bytes32"], row)))


def standard_tree(leaves: Sequence[bytes]) -> list[bytes]:
    """The nodes of OpenZeppelin's StandardMerkleTree, as its makeMerkleTree fills them."""
    ascending = sorted(leaves)
    size = 2 * len(leaves) - 1
    nodes = [b""] * size
    for i, hashed in enumerate(ascending):
        nodes[size - 1 - i] = hashed
    for i in reversed(range(size - len(leaves))):
        nodes[i] = keccak(b"".join(sorted((nodes[2 * i + 1], nodes[2 * i + 2]))))
    return nodes


def standard_proof(nodes: Sequence[bytes], leaf: bytes) -> list[bytes]:
    """OpenZeppelin's getProof: the sibling of every node from the leaf to below the root."""
    i = max(i for i, node in enumerate(nodes) if node == leaf)
    siblings = []
    while i > 0:
        siblings.append(nodes[i + 1] if i % 2 == 1 else nodes[i - 1])
        i = (i - 1) // 2
    return siblings


def calldata(
    function: str, lane: int, batch_id: int, root: bytes, words: bytes, evidence: bytes = b""
) -> bytes:
    """A call in the ABI's encoding, by eth_abi."""
    types = ["uint256", "uint256", "bytes32", "bytes", "bytes"]
    selector = keccak(f"{function}({','.join(types)})".encode())[:4]
    return selector + encode(types, (lane, batch_id, root, words, evidence))
