"""Every state-changing function of every contract, tried by everybody who may not."""

from collections.abc import Iterator

import boa
import pytest
from eth_account import Account

from checks import duties
from checks.duties import GATES, OPEN_TO_ANYONE
from tests.contracts.answers import outcome, reason
from tests.contracts.callers import LANED, Callers
from tests.contracts.suite import CREDIT_CODES, FOLDERS, ROOT, Suite, request_signature

# what a call with zeros is told, whoever makes it
ASKED_FOR_NOTHING = {
    "tell_overdue": "devices: no replacement waits beyond its time",
    "close": "gauges: unknown channel",
    "lapse": "applications: for its works, must be APPROVED, is UNKNOWN",
    "tell_purpose": "permits: for its purpose, must be VALID, SUSPENDED or NOT_BEGUN, is UNKNOWN",
    "lift": "council: to lift, must be OPEN, is UNKNOWN",
    "close_turn": "turns: none are kept",
    "rule_period": "plans: no such subject",
    "rule_cap": "plans: caps are of days and months",
    "rule_level": "source: reservoir is not set",
    "rule_low_water": "source: reservoir is not set",
    "rule_leakage": "supply: no such district",
    "rule_delivery": "supply: no scheme for this day",
    "publish": "codes: no such zone",
    "note_overdue": "tanks: no such tank",
    "rule_day": "works: no such works",
    "rule_load": "outlets: rules on days, months and years",
    "release": "redlines: permit has not expired",
    "open_year": "redlines: region has no lane of this use",
    "tell_use": "redlines: no target for total use",
    "release_load": "redlines: permit of the load has not expired",
    "tell_load": "redlines: no ceiling of this load",
    "escalate": "incidents: unknown incident",
    "measure_order": "incidents: nothing to measure",
    "check_order": "incidents: nothing to measure",
    "detect": "violations: no closed day that was exceeded",
    "detect_load": "violations: basis of no load or mean",
    "open_dispute": "disputes: telegram says the same",
}
GATED = [(name, function) for name, gates in GATES.items() for function in gates]
OPEN = [(name, function) for name, functions in OPEN_TO_ANYONE.items() for function in functions]


@pytest.fixture(scope="module")
def callers(deployed: Suite) -> Iterator[Callers]:
    with boa.env.anchor():
        yield Callers(deployed)


@pytest.fixture(scope="module")
def abis(deployed: Suite) -> dict[str, duties.Abi]:
    return {name: contract.abi for name, contract in deployed.contracts.items()}


def test_every_contract_is_tried():
    assert set(duties.deployables(ROOT)) == set(FOLDERS) == set(GATES)


def test_every_function_that_changes_state_has_its_gate_in_the_table(abis):
    assert duties.strays(abis) == []


def test_the_page_of_duties_is_current(abis):
    assert (ROOT / duties.PAGE).read_text(encoding="utf-8") == duties.page(ROOT, abis)


def test_functions_open_to_anyone_are_listed_with_a_reason_on_the_page():
    page = (ROOT / duties.PAGE).read_text(encoding="utf-8")
    listed = page.split("## Open to anyone")[1]

    for name, function in OPEN:
        assert f"| `{name}.{function}` | {OPEN_TO_ANYONE[name][function]} |" in listed
    assert listed.count("| `") == len(OPEN)


@pytest.mark.parametrize(("name", "function"), GATED)
def test_everybody_else_is_refused(callers, name, function):
    gate, call = GATES[name][function], callers.calldata(name, function)
    passing = callers.passing(name, gate)
    wrong = {who: a for who, a in callers.everybody().items() if who not in passing}

    answers = {
        who: outcome(callers.suite.contracts[name], call, account) for who, account in wrong.items()
    }

    assert len(answers) > 20
    assert answers == dict.fromkeys(wrong, gate.reason)


@pytest.mark.parametrize(("name", "function"), GATED)
def test_whoever_may_call_passes_the_gate(callers, name, function):
    gate, call = GATES[name][function], callers.calldata(name, function)
    passing = callers.passing(name, gate)

    answers = {
        who: outcome(callers.suite.contracts[name], call, account)
        for who, account in passing.items()
    }

    assert passing
    assert not {who for who, answer in answers.items() if answer == gate.reason}


@pytest.mark.parametrize(("name", "function"), OPEN)
def test_what_is_open_to_anyone_refuses_nobody_for_who_they_are(callers, name, function):
    call = callers.calldata(name, function)

    answers = {
        outcome(callers.suite.contracts[name], call, account)
        for account in callers.everybody().values()
    }

    assert len(answers) == 1
    assert answers == {ASKED_FOR_NOTHING[function]}


@pytest.mark.parametrize(("name", "function"), [(name, f) for name, f in GATED if f in LANED])
def test_owner_of_a_lane_without_the_relay_duty_is_refused(callers, name, function):
    contract = callers.suite.contracts[name]
    owners = {who: a for who, a in callers.everybody().items() if who != "RELAY alone"}
    keeper = callers.suite.device_keeper
    with_duty = {f"all but {d}" for d in callers.others if d != "RELAY"}

    for who, owner in owners.items():
        if who in with_duty:
            continue
        with boa.env.anchor():
            lane = contract.open_lane(owner, 1, sender=keeper)
            refused = reason(getattr(contract, function), lane, 0, b"", b"", b"", sender=owner)
        assert refused == "access: caller lacks duty", who


def test_an_account_of_an_unverified_organisation_cannot_apply(callers):
    suite, key = callers.suite, Account.from_key(b"\x04" * 32)
    signature = request_signature(suite.authority, "New works", CREDIT_CODES[2], key)
    with boa.env.anchor():
        suite.authority.register(
            "New works", CREDIT_CODES[2], key.address, signature, sender=suite.registrar
        )

        refused = reason(suite.applications.apply, suite.face(), 0, sender=key.address)

    assert refused == "applications: organisation is not verified"
