"""The words for numbers on the chain: numbered as the contracts number them."""

import re

import pytest

from ledger import batches, network, replacements, standards
from ledger.channels import GAUGE, METER
from ledger.grades import GRADES
from ledger.keys import KINDS
from ledger.laboratory import STATES
from scripts import (
    _changing,
    _due,
    _enrolment,
    _evidence,
    _gauging,
    _keys,
    _laboratory,
    _limits,
    _reservoirs,
    _showing,
    _sources,
    lane,
    org,
    proposal,
    redline,
    standard,
)
from scripts import council as council_commands
from scripts._compiled import CONTRACTS
from tests.conftest import PROJECT

SOURCES = PROJECT / "contracts"


def constants(path: str) -> dict[str, int]:
    """The whole-number constants of a contract or module."""
    text = (SOURCES / path).read_text(encoding="utf-8")
    found = re.findall(
        r"^(\w+): (?:public\()?constant\(uint256\)\)? = ([\d_*\- ]+)(?: *#.*)?$", text, re.M
    )
    return {name: eval(value) for name, value in found}  # digits, powers and minus only


def numbered(words: dict[int, str]) -> dict[str, int]:
    """Words under the names that a constant would have."""
    return {word.upper().replace(" ", "_").replace("'", ""): n for n, word in words.items()}


def test_tiers_are_those_of_the_contracts():
    held = constants("modules/tiers.vy")

    assert numbered(_showing.TIERS) == {
        "NONE": held["NO_TIER"],
        "BLUE": held["BLUE"],
        "YELLOW": held["YELLOW"],
        "RED": held["RED"],
    }


def words_of(function: str) -> dict[int, str]:
    """The words that modules/states.vy gives numbers."""
    text = (SOURCES / "modules" / "states.vy").read_text(encoding="utf-8")
    body = text.split(f"def {function}(")[1].split("@internal")[0]
    pairs = re.findall(r'if state == (\d+):\s+return "(\w+)"', body)
    return {int(number): word for number, word in pairs}


def test_states_of_a_permit_are_those_of_the_contracts():
    registry, changes = (constants(f"rights/{n}.vy") for n in ("PermitRegistry", "PermitChanges"))
    words = numbered(_showing.PERMIT_STATES)

    assert words == {word: number for number, word in words_of("_permit").items()}
    assert words.items() <= (registry | changes).items()
    assert {word.upper(): n for n, word in _changing.ENDS.items()}.items() <= changes.items()
    transfers = {word.upper(): number for number, word in _showing.TRANSFER_STATES.items()}
    assert transfers.items() <= changes.items()
    assert transfers == {word: number for number, word in words_of("_transfer").items()}
    assert numbered(_showing.CAUSES).items() <= (registry | changes).items()
    assert _showing.PERMIT_KINDS[registry["ABSTRACTION"]] == "abstraction"


def test_states_of_an_application_are_those_of_the_contract():
    held = constants("rights/Applications.vy")
    words = numbered(_showing.APPLICATION_STATES)
    words["CORRECTION"] = words.pop("CORRECTION_REQUESTED")

    assert words.items() <= held.items()
    assert words == {word: number for number, word in words_of("_application").items()}
    assert numbered(_showing.PERMIT_KINDS).items() <= held.items()
    assert sorted(_showing.GROUNDS) == list(range(1, held["GROUNDS"] + 1))
    assert sorted(_showing.STOP_CAUSES) == list(range(1, held["CAUSES"] + 1))
    acts = {held[name] for name in ("TO_ACCEPT", "TO_DECIDE", "TO_BEGIN_WORKS", "TO_FORWARD")}
    assert acts == set(_showing.DUE_ACTS) - {0}


def test_words_of_oversight_are_numbered_as_the_contracts_number_them():
    council, incidents = constants("foundation/Council.vy"), constants("oversight/Incidents.vy")
    lines = constants("oversight/RedLines.vy")

    assert numbered(council_commands.STATES).items() <= council.items()
    assert (council["OPEN"], lines["ABSTRACTION"]) == (_due.OPEN, _due.ABSTRACTION)
    assert numbered(_showing.INCIDENT_STATES).items() <= incidents.items()
    assert numbered(_showing.ORDER_KINDS).items() <= incidents.items()
    violations, words = constants("oversight/Violations.vy"), numbered(_showing.VIOLATION_STATES)
    assert words.items() <= violations.items()
    assert words == {word: number for number, word in words_of("_violation").items()}
    assert numbered(_showing.DISPUTE_STATES).items() <= constants("oversight/Disputes.vy").items()
    assert numbered(redline.USES).items() <= lines.items()
    names = ("DAY_MEAN", "MONTH_MEAN", "DAY_LOAD", "MONTH_LOAD", "YEAR_LOAD")
    assert [violations[name] for name in names] == list(_limits.BASES)
    bases = {
        numbered(_limits.BASES)[f"LOAD_OF_A_{name}"]: name for name in ("DAY", "MONTH", "YEAR")
    }
    assert {basis: violations[name] for basis, name in bases.items()} == {
        basis: calendar for basis, calendar in _limits.CALENDAR_OF.items() if basis in bases
    }
    names = ("TOTAL_USE", "INDUSTRY", "GDP", "IRRIGATION", "ZONES")
    assert [lines[name] for name in names] == list(redline.INDICATORS) == list(redline.UNITS)


def test_states_of_a_replacement_are_those_of_the_contract():
    held = constants("foundation/DeviceRegistry.vy")

    assert {word.upper(): n for n, word in replacements.STATES.items()}.items() <= held.items()
    assert held["HELD"] == replacements.HELD


def test_kinds_of_keys_are_numbered_as_the_contract_numbers_them():
    held = constants("foundation/DeviceKeys.vy")

    assert {word.upper().replace("-", ""): n for n, word in KINDS.items()}.items() <= held.items()
    assert {word: KINDS[n].lower() for word, n in _keys.KINDS.items()} == {
        w: w for w in _keys.KINDS
    }


def test_words_of_reservoirs_are_numbered_as_the_contract_numbers_them():
    held = constants("cycle/SourceMonitor.vy")

    assert numbered(_sources.COLOURS).items() <= held.items()
    assert numbered(_sources.INPUTS).items() <= held.items()
    assert {n: word for n, word in _reservoirs.COLOURS.items() if n} == _sources.COLOURS
    assert len(_reservoirs.BANDS) == len(_sources.LEVELS) + 1


def test_words_of_reports_and_evidence_are_numbered_as_the_contracts_number_them():
    laboratory, evidence = constants("cycle/Laboratory.vy"), constants("oversight/Evidence.vy")
    samples, words = constants("modules/samples.vy"), numbered(STATES)

    assert numbered(_laboratory.REPORT_STATES).items() <= laboratory.items()
    assert numbered(_evidence.SUBJECTS).items() <= evidence.items()
    assert numbered(_evidence.ITEM_KINDS).items() <= evidence.items()
    words["BELOW"], words["ABSENT"] = words.pop("BELOW_DETECTION"), words.pop("NONE")
    assert words.items() <= samples.items()
    grades = {GRADES[laboratory[name]] for name in ("LABORATORY", "MANUAL")}
    assert grades == {"laboratory", "manual"}


def test_states_of_a_bill_are_those_of_the_contract():
    assert numbered(_showing.BILL_STATES).items() <= constants("rights/Tariff.vy").items()


@pytest.mark.parametrize("path", ["modules/gauges.vy", "cycle/DischargeLoads.vy"])
def test_verdicts_are_those_of_the_contracts(path):
    held = constants(path)

    assert {
        held["MET"]: "met",
        held["EXCEEDED"]: "exceeded",
        held["INSUFFICIENT"]: "insufficient data",
        held["MISSING"]: "no data",
    } == _showing.VERDICTS


def test_kinds_and_grades_of_a_channel_are_those_of_the_contract():
    held = constants("foundation/DeviceRegistry.vy")

    assert (held["METER"], held["GAUGE"]) == (METER, GAUGE)
    assert numbered(_showing.CHANNEL_KINDS) == {"METER": METER, "GAUGE": GAUGE}
    assert sorted(GRADES) == list(range(1, held["GRADES"] + 1))


def test_kinds_of_a_station_are_those_the_contract_lists():
    text = (SOURCES / "foundation" / "WaterNetwork.vy").read_text(encoding="utf-8")
    listed = re.search(r"^KINDS: constant\(uint256\) = (\d+)  # (.+)$", text, re.M)

    assert listed
    assert list(_showing.STATION_KINDS.values()) == listed[2].split(", ")
    assert list(_showing.STATION_KINDS) == list(range(1, int(listed[1]) + 1))


def test_states_of_a_proposal_are_those_of_the_contract():
    held = constants("foundation/Authority.vy")

    states = {held["OPEN"]: "open", held["DONE"]: "confirmed", held["CANCELLED"]: "cancelled"}
    assert states == proposal.STATES


def test_calendars_are_those_the_contract_lists():
    text = (SOURCES / "foundation" / "Standards.vy").read_text(encoding="utf-8")
    listed = ", ".join(f"{name} {number}" for number, name in standards.CALENDARS.items())

    assert f"CALENDARS: constant(uint256) = {len(standards.CALENDARS)}  # {listed}" in text


@pytest.mark.parametrize(
    ("path", "name", "held_here"),
    [
        ("modules/gauge_words.vy", "OFFSET", _showing.GAUGE_ZERO),
        ("modules/gauge_words.vy", "M32", _gauging.M32),
        ("modules/gauge_words.vy", "M32", batches.M32),
        ("modules/gauge_words.vy", "BPS", 10_000),
        ("cycle/QualityProvenance.vy", "MAX_HOPS", network.MOST_HOPS),
        ("foundation/Standards.vy", "MAX_PAGE", standard.PAGE),
        ("foundation/Standards.vy", "MAX_INSTANTS", standard.INSTANTS),
    ],
)
def test_a_number_that_stands_on_both_sides_is_the_same(path, name, held_here):
    assert constants(path)[name] == held_here


def test_a_day_closed_by_hand_has_no_batch_on_either_side():
    text = (SOURCES / "modules" / "gauges.vy").read_text(encoding="utf-8")

    assert "NO_BATCH: constant(uint256) = max_value(uint256)" in text
    assert _showing.NO_BATCH == 2**256 - 1


def test_every_contract_that_is_deployed_is_in_its_folder():
    found = {p.stem: p.parent.name for p in SOURCES.rglob("*.vy") if p.parent.name != "modules"}

    assert found == CONTRACTS


def test_measurements_are_taken_by_the_contracts_that_record_batches():
    taking = {
        path.stem
        for path in SOURCES.glob("cycle/*.vy")
        if re.search(r"record_(meters|gauges)", path.read_text(encoding="utf-8"))
    }

    assert set(lane.BOOKS) == set(_enrolment.CONTRACT_KINDS) == taking


def test_for_ever_is_the_last_moment_the_contracts_know():
    assert org.FOR_EVER == 2**32 - 1
