"""Orders of an incident as the commands show them."""

from scripts._incidents import incidents, shown
from tests.contracts.suite import HASH

STOP, RESUME = 3, 4


def test_an_order_is_shown_with_its_end_and_what_was_found_of_it(here, town):
    suite = town.suite
    contract, officer, permit = suite.incidents, suite.supervisor, suite.permit()
    contract.set_plan((HASH, 0, [1], [], 60, []), sender=officer)
    contract.open(HASH, 1, 1, False, HASH, sender=suite.dispatcher)
    incident = contract.incident_count()
    contract.give_order(incident, permit, STOP, 0, 2**32 - 1, sender=officer)
    stopped = contract.order_count()
    contract.give_order(incident, permit, RESUME, 0, 2**32 - 1, sender=officer)

    [before] = [one for one in orders(here, incident) if one["order"] == stopped]
    contract.check_order(stopped, sender=suite.holder)
    [after] = [one for one in orders(here, incident) if one["order"] == stopped]

    assert (before["checked"], before["complied"], before["used_l"]) == (False, None, None)
    assert before["until"] < "2106"  # when it was resumed, not when it said it would end
    assert (after["checked"], after["complied"], after["provable"]) == (True, True, True)
    assert any(line.endswith("complied") for line in shown(incidents(here)[-1]))


def orders(here, incident):
    return next(one["orders"] for one in incidents(here) if one["incident"] == incident)
