"""Loads that the contracts ruled on are derived again, and what does not follow is found."""

from dataclasses import replace

import pytest

from ledger.audit.keeping import Keeper
from ledger.audit.running import Audit
from ledger.deployment import Ledger
from tests.chain.spoken import changed, ledger_over
from tests.contracts.outfalls import (
    DAY,
    DAY_LOAD,
    FIRST,
    MONTH,
    MONTH_LOAD,
    MONTH_MEAN,
    QINGLAN,
    YEAR,
    YEAR_LOAD,
    Outfall,
    at_most,
)
from tests.contracts.suite import COD, DAY_S, HASH, NOW

ESTIMATE = 5  # kind of a group
GRACE_S = 6 * 3_600
TODAY = 400  # in the tests' calendar of days
QUIET = [(1, [100])] * 3
MONTHS = [
    [(10, [1_001]), (7, [1, 2, 2]), (0, [5]), (3, []), (2, [9]), (1, [9, 8]), *QUIET, (4, [70])],
    *[[(1, [50])] * 10] * 3,
]


def auditing(town):
    whole = replace(town.ledger.deployment, start_block=0)
    return ledger_over(Ledger(town.ledger.chain, whole), town.chain.tester)


def told(result):
    return [one.as_json() for one in result.state.findings.first]


@pytest.fixture
def outfall(town):
    """An outlet with a limit on each basis, in a region with a ceiling."""
    suite = town.suite
    suite.water_network.set_region(1, QINGLAN, sender=suite.network_keeper)
    suite.red_lines.set_load_ceiling(QINGLAN, COD, 10**12, HASH, sender=suite.standards_keeper)
    suite.red_lines.set_load_ceiling(QINGLAN, COD, 10**11, HASH, sender=suite.standards_keeper)
    bases = ((DAY_LOAD, 900), (MONTH_LOAD, 100), (YEAR_LOAD, 100), (MONTH_MEAN, 5))
    return Outfall(suite, *(at_most(*basis) for basis in bases), needed=2)


def year(outfall):
    """Every day, month and the year, as far as they can be ruled on; violations of each."""
    detect, by = outfall.suite.violations.detect_load, outfall.suite.holder
    for month, days in enumerate(MONTHS, FIRST // 10):
        outfall.month(days, month)
        detect(outfall.permit, COD, MONTH_LOAD, month, sender=by)
    outfall.rules(1, YEAR)
    detect(outfall.permit, COD, DAY_LOAD, FIRST, sender=by)
    detect(outfall.permit, COD, MONTH_MEAN, FIRST // 10 + 1, sender=by)
    detect(outfall.permit, COD, YEAR_LOAD, 1, sender=by)


def test_a_year_of_loads_is_derived_as_the_contracts_hold_it(town, outfall):
    year(outfall)

    results = [Audit(auditing(town)[0], 0, None, None, proving).run(0) for proving in (False, True)]

    assert [told(one) for one in results] == [[], []]
    state = results[0].state
    (outlet,) = state.outlets.outlets.values()
    assert {calendar: len(found) for calendar, found in outlet.rulings.items()} == {
        DAY: 39,
        MONTH: 4,
        YEAR: 1,
    }
    assert outlet.rulings[YEAR][1]["load_ng"] == outfall.ruled(1, YEAR)[2]
    numbers = state.oversight.load_violations.values()
    repeats = [state.oversight.violations[n - 1]["repeats"] for n in numbers]
    assert sorted(repeats) == [0, 0, 0, 0, 1, 2, 3]


def test_an_audit_of_loads_goes_on_where_it_was_ended(town, outfall):
    folder = town.folder / "audit"
    outfall.month(MONTHS[0])
    ledger = auditing(town)[0]
    Audit(ledger, 0, Keeper(folder, ledger.deployment)).run(0)

    outfall.month(MONTHS[1], FIRST // 10 + 1)
    ledger = auditing(town)[0]
    resumed = Audit(ledger, 0, Keeper(folder, ledger.deployment)).run(0)

    assert told(resumed) == []
    assert told(Audit(ledger, 0).run(0)) == []


# an event, the word of its data that is changed, and what it says then
CHANGES = [
    ("DischargeLoads", "LoadRuled", 3, 1),  # the load of the year
    ("DischargeLoads", "LoadRuled", 7, 0),  # whether it is advice
    ("RedLines", "LoadAdded", 0, 7),
    ("RedLines", "LoadCeilingSet", 0, 9),  # its version
    ("Violations", "ViolationDetected", 8, 99),  # its ratio
    ("Violations", "ViolationDetected", 10, 5),  # its repeats
]


def test_a_told_figure_that_does_not_follow_is_found(town, outfall):
    year(outfall)
    ledger, node = auditing(town)
    Audit(ledger, 0).run(0)

    for contract, name, word, value in CHANGES:
        topic = getattr(ledger.contract(contract).events, name)().topic
        node.changed = last_changed(node.kept, topic, word, value)
        found = told(Audit(ledger, 0).run(0))

        assert f"event {name}" in {one["what"] for one in found}, (name, word)


def last_changed(kept, topic, word, value):
    """The node's answers in which the last event of a kind says something else in a word."""
    asked = [key for key in kept if "eth_getLogs" in key]
    key = [key for key in asked if any(one["topics"][0] == topic for one in kept[key])][-1]
    logs = changed(kept[key])
    log = [one for one in logs if one["topics"][0] == topic][-1]
    start = 2 + 64 * word
    log["data"] = log["data"][:start] + f"{value:064x}" + log["data"][start + 64 :]
    return {key: logs}


def test_what_went_beyond_a_region_s_ceiling_is_derived(town, outfall):
    suite, lines = town.suite, town.suite.red_lines
    one = Outfall(suite, at_most(MONTH_LOAD, 100), first=TODAY - 1)
    lines.set_load_ceiling(QINGLAN, COD, 1_000, HASH, sender=suite.standards_keeper)
    town.chain.tester.time_travel(NOW + DAY_S + GRACE_S + 60)
    for day in (TODAY - 1, TODAY):
        one.day(day, 10, [600, 600])
        one.rules(day)
    lines.tell_load(QINGLAN, COD, TODAY // 40, sender=suite.holder)

    result = Audit(auditing(town)[0], 0).run(0)

    assert told(result) == []
    (region,) = result.state.oversight.regions.values()
    assert region.told == [TODAY // 40]


def test_a_month_that_left_a_day_out_that_could_be_ruled_on_is_found(town, outfall):
    outfall.month(MONTHS[0])
    ledger, node = auditing(town)
    topic = ledger.contract("DischargeLoads").events.LoadRuled().topic
    Audit(ledger, 0).run(0)
    for key, logs in list(node.kept.items()):
        if "eth_getLogs" not in key:
            continue
        days = [one for one in logs if one["topics"][0] == topic and one["topics"][3][-1] == "1"]
        if days:
            gone = days[0]["transactionHash"]
            node.changed[key] = [one for one in logs if one["transactionHash"] != gone]

    found = told(Audit(ledger, 0).run(0))

    assert any("was to be ruled on first" in one["derived"] for one in found)


def test_silent_and_estimated_meters_are_followed_as_more_becomes_known(town, outfall):
    suite, month = town.suite, FIRST // 10
    one = Outfall(suite, at_most(MONTH_LOAD, 100), pairs=2)
    for day, kinds in ((FIRST, (0, ESTIMATE)), (FIRST + 1, (0, 0))):
        for meter, kind in zip(one.meters, kinds, strict=True):
            one.flows(meter, 10, day, kind)
        for gauge in one.gauges:
            one.reads(gauge, [5, 7], day)
        one.rules(day)
        for meter in one.meters:
            suite.register_turns.close_turn(meter, sender=suite.holder)
        one.rules(month, MONTH)

    result = Audit(auditing(town)[0], 0).run(0)

    assert told(result) == []
    ruled = result.state.outlets.outlet(one.permit, COD).ruled(MONTH, month)
    assert (ruled["counted_days"], ruled["load_ng"], ruled["advisory"]) == (2, 240, True)


def test_a_replaced_meter_counts_up_to_its_last_reading(town, outfall):
    suite, registry = town.suite, town.suite.device_registry
    (old,), (gauge,) = outfall.meters, outfall.gauges
    outfall.day(FIRST, 10, [5, 7])
    outfall.rules(FIRST)
    replaced = (old, "NEW-1", outfall.registers[old], 7, outfall.heard[old], HASH, HASH)
    number = registry.replace_urgently(*replaced, sender=suite.holder)
    new = registry.replacement(number)[1]
    outfall.registers[new], outfall.heard[new] = 7, outfall.heard[old]
    outfall.flows(new, 30, FIRST + 1)
    registry.release(number, sender=suite.supervisor)
    outfall.pair(from_day=FIRST + 1, meters=[old, new], gauges=[gauge, gauge])
    outfall.reads(gauge, [5, 7], FIRST + 1)
    outfall.rules(FIRST + 1)

    result = Audit(auditing(town)[0], 0).run(0)

    assert told(result) == []
    ruled = result.state.outlets.outlet(outfall.permit, COD).ruled(DAY, FIRST + 1)
    assert (ruled["version"], ruled["volume_l"], ruled["load_ng"]) == (2, 30, 180)
