"""Trees and proofs: laid out like OpenZeppelin's, every leaf proven, nothing else."""

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle
from ledger.errors import NotFound, UsageError
from ledger.hashing import keccak
from tests.vectors import reference

HASHES = st.binary(min_size=32, max_size=32)
LEAVES = st.lists(HASHES, min_size=1, max_size=70)


def changed(node, bit):
    return (int.from_bytes(node, "big") ^ 1 << bit).to_bytes(32, "big")


@given(leaves=LEAVES)
def test_nodes_are_those_of_the_standard_tree(leaves):
    assert merkle.tree(leaves) == reference.standard_tree(leaves)


def test_the_root_is_the_one_that_openzeppelin_publishes():
    # the example of its README, two accounts with their amounts
    accounts = [("0x" + "11" * 20, 5 * 10**18), ("0x" + "22" * 20, 25 * 10**17)]
    leaves = [keccak(keccak(encode(["address", "uint256"], row))) for row in accounts]

    published = "d4dee0beab2d53f2cc83e567171bd2820e49898130a22622b10ead383e90bd77"
    assert merkle.root(leaves).hex() == published


@given(leaves=LEAVES, shuffled=st.randoms(use_true_random=False))
def test_the_order_of_leaves_does_not_change_the_root(leaves, shuffled):
    other = list(leaves)
    shuffled.shuffle(other)

    assert merkle.root(other) == merkle.root(leaves)


@given(leaves=LEAVES)
def test_the_proof_of_every_leaf_climbs_to_the_root(leaves):
    nodes = merkle.tree(leaves)

    for leaf in leaves:
        assert merkle.climb(leaf, merkle.proof(nodes, leaf)) == nodes[0]


@given(leaves=st.lists(HASHES, min_size=1, max_size=70, unique=True))
def test_proofs_are_those_of_the_standard_tree(leaves):
    nodes = merkle.tree(leaves)

    for leaf in leaves:
        assert merkle.proof(nodes, leaf) == reference.standard_proof(nodes, leaf)


@given(leaves=st.lists(HASHES, min_size=2, max_size=70, unique=True), data=st.data())
def test_a_changed_leaf_or_sibling_does_not_climb_to_the_root(leaves, data):
    nodes = merkle.tree(leaves)
    leaf = data.draw(st.sampled_from(leaves))
    bit = data.draw(st.integers(0, 255))
    siblings = merkle.proof(nodes, leaf)
    place = data.draw(st.integers(0, len(siblings) - 1))
    other = [*siblings[:place], changed(siblings[place], bit), *siblings[place + 1 :]]

    assert merkle.climb(changed(leaf, bit), siblings) != nodes[0]
    assert merkle.climb(leaf, other) != nodes[0]
    assert merkle.climb(leaf, siblings[:-1]) != nodes[0]
    assert merkle.climb(leaf, [*siblings, siblings[0]]) != nodes[0]


@given(leaves=LEAVES, stranger=HASHES)
def test_a_leaf_that_is_not_in_the_tree_has_no_proof(leaves, stranger):
    nodes = merkle.tree(leaves)
    if stranger in leaves:
        return

    with pytest.raises(NotFound, match=stranger.hex()):
        merkle.proof(nodes, stranger)


@given(leaves=st.lists(HASHES, min_size=2, max_size=70, unique=True))
def test_an_inner_node_is_no_leaf(leaves):
    nodes = merkle.tree(leaves)

    for node in nodes[: len(leaves) - 1]:
        with pytest.raises(NotFound):
            merkle.proof(nodes, node)


def test_the_root_of_a_single_leaf_is_the_leaf():
    leaf = keccak(b"leaf")

    assert merkle.tree([leaf]) == [leaf]
    assert merkle.proof([leaf], leaf) == []


def test_a_tree_without_leaves_is_refused():
    with pytest.raises(UsageError, match="at least one leaf"):
        merkle.root([])


def test_hashes_are_keccak256():
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"

    assert keccak(b"").hex() == empty
