"""Our contracts on a chain: bound by name, named by address."""

import pytest

from ledger.errors import NotFound
from tests.unit.small_chain import counter_code, start


def test_contracts_are_bound_by_name_and_named_by_address():
    small = start()
    counter = small.put(counter_code())

    ledger = small.ledger(Counter=counter)

    assert ledger.contract("Counter").functions.total().call() == 0
    assert ledger.contract("Counter") is ledger.contract("Counter")
    assert ledger.name_of(counter.address.lower()) == "Counter"
    assert ledger.name_of("0x" + "01" * 20) is None


def test_a_contract_that_is_not_recorded_is_told_with_those_that_are():
    small = start()

    with pytest.raises(NotFound, match="no contract 'Tariff'") as failure:
        small.ledger(Counter=small.put(counter_code())).contract("Tariff")

    assert "Counter" in failure.value.remedy
