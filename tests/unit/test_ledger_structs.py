"""What views answer comes back under the names of their ABI, however it is nested."""

import pytest

from ledger.structs import every, read
from tests.unit.small_chain import compiled, start

SHELF = """
# pragma version 0.4.3
# pragma evm-version london
struct Place:
    row: uint256
    label: bytes32

struct Book:
    title: String[40]
    place: Place
    loans: DynArray[Place, 3]

book_count: public(uint256)

@deploy
def __init__():
    self.book_count = 2

@internal
@pure
def _place(n: uint256) -> Place:
    return Place(row=n, label=convert(n, bytes32))

@external
@view
def book(n: uint256) -> Book:
    return Book(title="Water", place=self._place(n), loans=[self._place(7), self._place(8)])

@external
@view
def places(n: uint256) -> DynArray[Place, 3]:
    return [self._place(n)]

@external
@view
def pair(n: uint256) -> (uint256, Place):
    return n, self._place(n)

@external
@view
def rows() -> DynArray[uint256, 3]:
    return [1, 2]
"""


def place(number: int) -> dict:
    return {"row": number, "label": number.to_bytes(32, "big")}


@pytest.fixture(scope="module")
def ledger():
    small = start()
    return small.ledger(Shelf=small.put(compiled(SHELF)))


def test_a_plain_value_is_answered_as_it_is(ledger):
    assert read(ledger, "Shelf", "book_count") == 2


def test_a_list_of_plain_values_is_answered_as_it_is(ledger):
    assert read(ledger, "Shelf", "rows") == [1, 2]


def test_a_struct_is_a_mapping_inside_as_well(ledger):
    assert read(ledger, "Shelf", "book", 5) == {
        "title": "Water",
        "place": place(5),
        "loans": [place(7), place(8)],
    }


def test_a_list_of_structs_is_a_list_of_mappings(ledger):
    assert read(ledger, "Shelf", "places", 3) == [place(3)]


def test_several_answers_keep_their_order_and_the_struct_among_them_its_names(ledger):
    assert read(ledger, "Shelf", "pair", 4) == [4, place(4)]


def test_every_entry_of_a_dense_list_is_numbered_from_one(ledger):
    found = list(every(ledger, "Shelf", "book", "book_count"))

    assert [(number, book["place"]["row"]) for number, book in found] == [(1, 1), (2, 2)]
