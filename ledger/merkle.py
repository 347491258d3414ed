"""Merkle trees over hashed leaves, laid out and paired as OpenZeppelin's StandardMerkleTree.

Leaves are sorted, a node is the hash of its two children in ascending order, and the root of a
single leaf is that leaf. `Lanes.prove` walks the same way up.
"""

from bisect import bisect_left
from collections.abc import Sequence

from ledger.errors import NotFound, UsageError
from ledger.hashing import keccak


def tree(leaves: Sequence[bytes]) -> list[bytes]:
    """All nodes, root first and the leaves last, in descending order; UsageError without a leaf."""
    count = len(leaves)
    if count == 0:
        raise UsageError("a tree needs at least one leaf", "batch at least one reading")
    nodes = [b""] * (count - 1) + sorted(leaves, reverse=True)
    for i in range(count - 2, -1, -1):
        left, right = nodes[2 * i + 1], nodes[2 * i + 2]
        nodes[i] = keccak(left + right if left < right else right + left)
    return nodes


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaves in any order."""
    return tree(leaves)[0]


def proof(nodes: Sequence[bytes], leaf: bytes) -> list[bytes]:
    """The siblings on the way from `leaf` to the root; NotFound when the tree does not hold it."""
    count = (len(nodes) + 1) // 2
    ascending = nodes[: count - 2 : -1] if count > 1 else nodes
    place = bisect_left(ascending, leaf)
    if place == count or ascending[place] != leaf:
        raise NotFound(f"no leaf 0x{leaf.hex()} in the tree", "compare the reading with its batch")
    i = len(nodes) - 1 - place
    siblings = []
    while i > 0:
        siblings.append(nodes[i + 1 if i % 2 else i - 1])
        i = (i - 1) // 2
    return siblings


def climb(leaf: bytes, siblings: Sequence[bytes]) -> bytes:
    """The root that a leaf and its siblings lead to."""
    node = leaf
    for other in siblings:
        node = keccak(node + other if node < other else other + node)
    return node
