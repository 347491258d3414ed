"""Duties: numbered as the contracts number them, written as people write them."""

import pytest

from checks import duties as contracts
from ledger.duties import DUTIES, bits, words
from ledger.errors import UsageError
from tests.conftest import PROJECT


def test_duties_are_numbered_as_the_contracts_number_them():
    held = {name: int(bit) for name, bit in contracts.duty_notes(PROJECT).items()}

    assert held == DUTIES
    assert list(held) == list(DUTIES)


@pytest.mark.parametrize(
    "name", ["standards keeper", "STANDARDS_KEEPER", "Standards-Keeper", " standards_keeper "]
)
def test_a_duty_may_be_written_in_any_of_the_usual_ways(name):
    assert bits([name]) == DUTIES["STANDARDS_KEEPER"]


def test_a_post_carries_every_duty_once():
    assert bits(["relay", "clerk", "RELAY"]) == 1024 + 32


def test_a_post_without_duties_is_zero():
    assert bits([]) == 0
    assert words(0) == []


def test_every_duty_is_read_back_from_its_words():
    for name, bit in DUTIES.items():
        assert bits(words(bit)) == bit
        assert words(bit) == [name.lower().replace("_", " ")]
    assert bits(words(sum(DUTIES.values()))) == sum(DUTIES.values())


def test_an_unknown_duty_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match="unknown duty 'plumber'") as refused:
        bits(["clerk", "plumber"])

    assert "registrar, verifier" in refused.value.remedy
