"""Who may call what: the table, and docs/duties.md written from it and the contracts' ABIs.

`python -m checks.duties` compares the page, `python -m checks.duties --write` writes it.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
PAGE = Path("docs") / "duties.md"

Abi = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Gate:
    """Who passes, in the page's words, and what everybody else is told."""

    who: str
    reason: str
    duties: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()


def duty(name: str, reason: str = "access: caller lacks duty", or_else: str = "") -> Gate:
    """A holder of a post with the duty."""
    return Gate(name + (f" or {or_else}" if or_else else ""), reason, duties=(name,))


def only(contract: str) -> Gate:
    """The contract that Authority lists by this name."""
    return Gate(contract, "access: caller is not the listed contract", contracts=(contract,))


def administrator(reason: str) -> Gate:
    """Either administrator, at once."""
    return Gate(EITHER, reason)


def member(reason: str) -> Gate:
    """A member of the council."""
    return Gate(MEMBER, reason)


MEMBER = "member of the council"
EITHER = "either administrator"
BOTH = "two administrators"
APPLICANT = "applicant"
ANY_ORGANISATION = "account of an organisation"
ANY_STANDING = "account of a post or of a verified organisation"
VERIFIED = "account of a verified organisation"
ANSWERS_FOR_TANK = "account of the organisation that answers for the tank"
CUSTODIAN = "custodian of the file"
OFFERED = "account that was offered custody"
LANE_OWNER = "RELAY, owner of the lane"
WITNESS = "witness of the lane"
ANSWERS_FOR_METER = "holder of the permit, or the post that answers for the station"

HOLDER_OF_PERMIT = Gate("holder of the permit", "changes: caller does not hold the permit")
HOLDER_OF_TAKER = Gate("holder of the permit that takes", HOLDER_OF_PERMIT.reason)
HOLDER_OF_GIVER = Gate("holder of the permit that gives", HOLDER_OF_PERMIT.reason)
HOLDER_OF_OUTLET = Gate(HOLDER_OF_PERMIT.who, "violations: caller does not hold the permit")
TWO_ADMINISTRATORS = Gate(BOTH, "authority: needs two administrators")
OWN_LANE = Gate(LANE_OWNER, "lanes: caller is not the owner", duties=("RELAY",))

LANES = {
    "open_lane": duty("DEVICE_KEEPER"),
    "halt_lane": duty("SUPERVISOR"),
    "resume_lane": duty("SUPERVISOR"),
    "need_witnesses": only("Witnesses"),
}
METERS = {"record_meters": OWN_LANE}
GAUGES = {
    "record_gauges": OWN_LANE,
    "set_grace": duty("STANDARDS_KEEPER"),
    "track_range": duty("STANDARDS_KEEPER"),
    "judge": duty("STANDARDS_KEEPER"),
}
ENROLMENT = {"enrol": only("DeviceRegistry")}
BINDING = {"bind": only("DeviceRegistry")}
TURNS = {"set_turn": only("RegisterTurns")}
ADOPTED = {"adopt": only("Adoption")}
ADOPTED_GAUGES = {"adopt": only("GaugeAdoption")}


def accounts(opened_by: str) -> dict[str, Gate]:
    """A contract that keeps an account for each permit."""
    return {"open_account": only(opened_by), "right_changed": only(opened_by)}


GATES: dict[str, dict[str, Gate]] = {
    "Authority": {
        "propose": administrator("authority: caller is no administrator"),
        "confirm": administrator("authority: only an administrator confirms"),
        "cancel": administrator("authority: only an administrator cancels"),
        "register": duty("REGISTRAR", "authority: caller is no registrar", BOTH),
        "verify": duty("VERIFIER", "authority: caller is no verifier", BOTH),
        "open_post": TWO_ADMINISTRATORS,
        "appoint": TWO_ADMINISTRATORS,
        "deputise": TWO_ADMINISTRATORS,
        "relieve": TWO_ADMINISTRATORS,
        "rotate": Gate(ANY_STANDING, "authority: old account has nothing to hand on"),
        "ask_rotation": duty("REGISTRAR", "authority: caller asks for no rotation"),
        "confirm_rotation": duty("VERIFIER", "authority: caller confirms no rotation"),
        "withdraw": duty("SUPERVISOR", "authority: caller cannot withdraw accounts", EITHER),
        "hand_over": TWO_ADMINISTRATORS,
        "list_contract": TWO_ADMINISTRATORS,
        "replace_administrator": TWO_ADMINISTRATORS,
    },
    "Council": {
        "seat": Gate(
            "Authority, then the council itself",
            "council: caller may not seat the council",
            contracts=("Council",),
        ),
        "propose": member("council: caller has no seat"),
        "approve": member("council: only a member approves"),
        "withdraw_approval": member("council: only a member withdraws"),
        "execute": member("council: only a member executes"),
        "act_urgently": member("council: only a member acts urgently"),
        "ratify": member("council: only a member ratifies"),
    },
    "Standards": {
        "open_set": duty("STANDARDS_KEEPER"),
        "add_limits": duty("STANDARDS_KEEPER"),
        "seal_set": duty("STANDARDS_KEEPER"),
        "load_scheme": duty("STANDARDS_KEEPER"),
        "load_settings": duty("STANDARDS_KEEPER"),
        "extend_calendar": duty("STANDARDS_KEEPER"),
    },
    "WaterNetwork": {
        "add_station": duty("NETWORK_KEEPER"),
        "classify": duty("NETWORK_KEEPER"),
        "set_region": duty("NETWORK_KEEPER"),
        "add_link": duty("NETWORK_KEEPER"),
        "assign": duty("NETWORK_KEEPER"),
    },
    "DeviceRegistry": {
        "enrol_device": duty("DEVICE_KEEPER"),
        "enrol_channel": duty("DEVICE_KEEPER"),
        "bind": duty("DEVICE_KEEPER"),
        "approve_exchange": duty("SUPERVISOR"),
        "approve_deemed": duty("SUPERVISOR"),
        "take_approval": Gate(
            "the contract that writes the channel",
            "access: caller is not the listed contract",
            contracts=("QuotaTracker",),  # of the channel that the callers' test uses
        ),
        "replace_urgently": Gate(
            ANSWERS_FOR_METER,
            "devices: caller neither holds the permit nor answers for the station",
        ),
        "release": duty("SUPERVISOR"),
        "refuse": duty("SUPERVISOR"),
    },
    "DeviceKeys": {
        "add_key": duty("DEVICE_KEEPER"),
        "let_sign": duty("DEVICE_KEEPER"),
        "end_key": duty("DEVICE_KEEPER"),
        "revoke_key": duty("SUPERVISOR"),
    },
    "Applications": {
        "apply": Gate(VERIFIED, "applications: caller has no organisation"),
        "accept": duty("CLERK"),
        "request_correction": duty("CLERK"),
        "resubmit": Gate(APPLICANT, "applications: caller is not the applicant"),
        "refer": duty("CLERK"),
        "forward": duty("CLERK"),
        "suspend_review": duty("REVIEWER"),
        "resume_review": duty("REVIEWER"),
        "review": duty("REVIEWER"),
        "decide": duty("DECIDER"),
        "begin_works": Gate(APPLICANT, "applications: caller does not build the works"),
        "accept_works": duty("REVIEWER"),
        "take": Gate(
            "PermitRegistry or PermitChanges",
            "applications: caller issues no permits",
            contracts=("PermitRegistry", "PermitChanges"),
        ),
    },
    "PermitRegistry": {
        "issue": duty("ISSUER"),
        "suspend": duty("SUPERVISOR"),
        "resume": duty("SUPERVISOR"),
        "restrict": duty("SUPERVISOR"),
        "lift_restriction": duty("SUPERVISOR"),
        "open_version": only("PermitChanges"),
        "end": only("PermitChanges"),
    },
    "PermitChanges": {
        "request_extension": duty("CLERK", HOLDER_OF_PERMIT.reason, HOLDER_OF_PERMIT.who),
        "decide_extension": duty("DECIDER"),
        "alter": duty("ISSUER"),
        "amend": duty("ISSUER"),
        "offer_transfer": HOLDER_OF_PERMIT,
        "accept_transfer": HOLDER_OF_TAKER,
        "decline_transfer": HOLDER_OF_TAKER,
        "withdraw_transfer": HOLDER_OF_GIVER,
        "decide_transfer": duty("DECIDER"),
        "surrender": HOLDER_OF_PERMIT,
        "propose_end": duty("SUPERVISOR"),
        "decide_end": duty("DECIDER"),
    },
    "PermitSeals": {
        "seal": duty("ISSUER"),
        "anchor": duty("ISSUER"),
        "set_key": Gate(ANY_ORGANISATION, "seals: caller has no organisation"),
        "grant_sight": Gate(HOLDER_OF_PERMIT.who, "seals: caller does not hold the permit"),
    },
    "Tariff": {
        "load_tariff": duty("STANDARDS_KEEPER"),
        "add_surcharge": duty("STANDARDS_KEEPER"),
        "settle": duty("BILLER"),
        "reverse": duty("BILLER"),
        "mark_paid": duty("BILLER"),
        "dispute": Gate(HOLDER_OF_PERMIT.who, "tariff: caller does not hold the permit"),
        "resolve": duty("SUPERVISOR"),
        "grant_credit": duty("SUPERVISOR"),
    },
    "RegisterTurns": {
        "set_turns": duty("DEVICE_KEEPER"),
        "keep": Gate(
            "the contract that counts the channel",
            "turns: caller does not count the channel",
            contracts=("QuotaTracker",),  # of the channel that the callers' test uses
        ),
        "keep_like": only("DeviceRegistry"),
        "follow": only("Adoption"),
    },
    "QuotaTracker": LANES
    | METERS
    | ENROLMENT
    | BINDING
    | TURNS
    | ADOPTED
    | accounts("PermitRegistry"),
    "QuotaPlans": {
        "load_rule": duty("STANDARDS_KEEPER"),
        "set_plan": duty("ISSUER"),
        "adjust": duty("SUPERVISOR"),
        "rule_return": duty("SUPERVISOR"),
    },
    "Adoption": {
        "begin": duty("DEVICE_KEEPER"),
        "take_page": duty("DEVICE_KEEPER"),
        "finish": duty("DEVICE_KEEPER"),
        "adopt": only("Adoption"),
    },
    "GaugeAdoption": {"take": only("Adoption")} | ADOPTED_GAUGES,
    "DischargeVolumes": LANES
    | METERS
    | ENROLMENT
    | BINDING
    | TURNS
    | ADOPTED
    | accounts("DischargeLimits"),
    "DischargeLimits": LANES
    | GAUGES
    | ENROLMENT
    | BINDING
    | ADOPTED_GAUGES
    | accounts("PermitRegistry"),
    "QualityProvenance": LANES | GAUGES | ENROLMENT | ADOPTED_GAUGES,
    "SourceMonitor": {
        "set_reservoir": duty("STANDARDS_KEEPER"),
        "add_marks": duty("STANDARDS_KEEPER"),
        "add_levels": duty("STANDARDS_KEEPER"),
        "add_normal": duty("STANDARDS_KEEPER"),
        "set_curve": duty("STANDARDS_KEEPER"),
        "set_flood_table": duty("STANDARDS_KEEPER"),
        "classify_flood": duty("DISPATCHER"),
    },
    "SupplyMonitor": {
        "set_district": duty("NETWORK_KEEPER"),
        "set_corrections": duty("STANDARDS_KEEPER"),
        "set_scheme": duty("NETWORK_KEEPER"),
    },
    "SupplyCodes": {
        "set_zone": duty("NETWORK_KEEPER"),
        "state_rulings": duty("NETWORK_KEEPER"),
        "set_tank": duty("NETWORK_KEEPER"),
        "record_cleaning": Gate(ANSWERS_FOR_TANK, "tanks: caller does not answer for the tank"),
        "record_test": duty("ANALYST"),
        "report_abnormal": duty("SUPERVISOR"),
    },
    "DischargeLoads": {"set_pairs": duty("STANDARDS_KEEPER")},
    "SewageWorks": {
        "set_works": duty("NETWORK_KEEPER"),
        "set_rule": duty("STANDARDS_KEEPER"),
    },
    "Laboratory": {
        "load_profile": duty("STANDARDS_KEEPER"),
        "bind_station": duty("STANDARDS_KEEPER"),
        "submit": duty("ANALYST"),
        "confirm": duty("REVIEWER"),
        "refuse": duty("REVIEWER"),
    },
    "RedLines": {
        "set_ceiling": duty("STANDARDS_KEEPER"),
        "confirm_ceiling": duty("STANDARDS_KEEPER"),
        "count": only("PermitRegistry"),
        "set_load_ceiling": duty("STANDARDS_KEEPER"),
        "confirm_load_ceiling": duty("STANDARDS_KEEPER"),
        "count_load": only("PermitRegistry"),
        "add_load": only("DischargeLoads"),
        "assign_lane": duty("STANDARDS_KEEPER"),
        "set_target": duty("STANDARDS_KEEPER"),
        "report_indicator": duty("ANALYST"),
    },
    "Incidents": {
        "set_plan": duty("SUPERVISOR"),
        "open": duty("DISPATCHER"),
        "acknowledge": Gate(
            "holder of a post that is notified", "incidents: caller holds no post that is notified"
        ),
        "take_step": duty("DISPATCHER"),
        "close": duty("SUPERVISOR"),
        "give_order": duty("SUPERVISOR"),
        "accept_order": Gate(HOLDER_OF_PERMIT.who, "incidents: caller does not hold the permit"),
    },
    "Violations": {
        "notify": duty("SUPERVISOR"),
        "answer": HOLDER_OF_OUTLET,
        "resolve": duty("SUPERVISOR"),
        "appeal": HOLDER_OF_OUTLET,
        "decide": duty("DECIDER"),
    },
    "Evidence": {
        "open_file": duty("DISPATCHER"),
        "add_reading": duty("DISPATCHER"),
        "add_document": duty("DISPATCHER"),
        "add_report": duty("DISPATCHER"),
        "offer_custody": Gate(CUSTODIAN, "evidence: caller is not the custodian"),
        "accept_custody": Gate(OFFERED, "evidence: caller was offered no custody"),
        "freeze": duty("SUPERVISOR"),
    },
    "Disputes": {"resolve": duty("SUPERVISOR")},
    "Witnesses": {
        "set_witnesses": duty("SUPERVISOR"),
        "follow": only("Adoption"),
        "dissent_from": Gate(WITNESS, "witnesses: caller is no witness of the lane"),
    },
    "Decisions": {
        "record": duty("ANALYST"),
        "approve": duty("DECIDER"),
        "withdraw": duty("DECIDER"),
    },
}

_CLOSE = (
    "A day can be closed only when its end and the grace are past, and what is ruled on is on the "
    "chain already: the caller chooses nothing, and whoever notices silence can have it ruled on."
)
_LAPSE = (
    "An approval lapses by its date alone: the caller chooses nothing, and works can no longer "
    "begin whether or not anybody has called."
)
_FACT = "It puts on record what the chain already shows, once; the caller chooses nothing."
OPEN_TO_ANYONE: dict[str, dict[str, str]] = {
    "DeviceRegistry": {"tell_overdue": _FACT},
    "Applications": {"lapse": _LAPSE},
    "PermitRegistry": {"tell_purpose": _FACT},
    "DischargeLimits": {"close": _CLOSE},
    "QualityProvenance": {"close": _CLOSE},
    "Council": {
        "lift": "An urgent act that nobody ratified in time ends; before that it cannot be lifted, "
        "whoever calls."
    },
    "RegisterTurns": {
        "close_turn": "It lets the register on the chain answer for turns that have passed; a "
        "reading that comes later has its own entry, and the caller chooses nothing."
    },
    "QuotaPlans": {
        "rule_period": "It puts on record what registers, plan and corrections say of a period "
        "that was read to its end; again only where that has changed.",
        "rule_cap": _FACT,
    },
    "SourceMonitor": {"rule_level": _FACT, "rule_low_water": _FACT},
    "SupplyMonitor": {
        "rule_leakage": _FACT,
        "rule_delivery": _FACT,
    },
    "SupplyCodes": {
        "publish": "It is computed from what the chain holds, and only when that has changed; the "
        "caller chooses nothing, and no version is overwritten.",
        "note_overdue": _FACT,
    },
    "DischargeLoads": {
        "rule_load": "It puts on record what registers, closed days and the permit's limits say "
        "of a day, once, or of a month or year, again only where more of its days are known."
    },
    "SewageWorks": {"rule_day": _FACT},
    "RedLines": {
        "release": _FACT,
        "open_year": "A year opens once, at its first call, and closes the one before; how late "
        "either was is on record beside it.",
        "tell_use": _FACT,
        "release_load": _FACT,
        "tell_load": _FACT,
    },
    "Incidents": {
        "escalate": "Only after the time to acknowledge is over; it tells those the plan names.",
        "measure_order": "It takes down registers that were read while the order ran; another time "
        "takes nothing from what is proven.",
        "check_order": _FACT,
    },
    "Violations": {"detect": _FACT, "detect_load": _FACT},
    "Disputes": {
        "open_dispute": "Whoever holds a signed telegram proves with it that a settled reading is "
        "another; the same contradiction once.",
    },
}

HEAD = """# Duties

Written by `python -m checks.duties --write` from the contracts' ABIs and the table in
`checks/duties.py`; a test holds it to both, and tries every function below with every caller who
may not.

A duty belongs to a post of a verified organisation, and an account has the duties of the post it
holds while its term runs, and in a deputy's term those of the post it deputises for. A deputy acts
under its own account. Two administrators open posts, appoint holders and deputies and list
contracts: one proposes, the other confirms, until they hand over to the council, m of n members of
which approve an act that then waits. An account and the one that took its place by rotation are one
hand. Withdrawing an account, halting a lane and suspending a permit take
one hand and act at once. Registering and verifying an organisation take two officers, and so do
reviewing and deciding on an application, proposing and deciding on a revocation, loading and
sealing a set of limits, setting and confirming a higher ceiling.
"""
UPKEEP = """\
Most of these are due at a time and wait for somebody: `waterline upkeep` finds what is due and does
it (`docs/runbook.md`, Upkeep). Only who holds a telegram can open a dispute.
"""


def deployables(project: Path) -> dict[str, Path]:
    """The contracts that are deployed, by name: every .vy but modules."""
    sources = sorted((project / "contracts").rglob("*.vy"))
    return {path.stem: path for path in sources if "modules" not in path.parts}


def writes(abi: Abi) -> list[str]:
    """The functions of an ABI that change state, as they stand in the file."""
    changing = ("nonpayable", "payable")
    return [
        str(entry["name"])
        for entry in abi
        if entry["type"] == "function" and entry["stateMutability"] in changing
    ]


def strays(abis: Mapping[str, Abi]) -> list[str]:
    """Functions that the table lacks, and entries of the table that no contract has."""
    there = {(name, function) for name, abi in abis.items() for function in writes(abi)}
    listed = {(name, f) for table in (GATES, OPEN_TO_ANYONE) for name in table for f in table[name]}
    missing = [f"{name}.{f}: not in checks/duties.py" for name, f in sorted(there - listed)]
    gone = [f"{name}.{f}: listed, but in no contract" for name, f in sorted(listed - there)]
    return missing + gone


def duty_notes(project: Path) -> dict[str, str]:
    """The duties in the order of their bits, as modules/duties.vy has them."""
    text = (project / "contracts" / "modules" / "duties.vy").read_text(encoding="utf-8")
    bits = re.findall(r"^([A-Z_]+): constant\(uint256\) = (\d+)$", text, re.MULTILINE)
    return {name: bit for name, bit in bits if name != "ALL"}


def notices(project: Path, contract: str) -> dict[str, str]:
    """The @notice of each function of a contract and of the modules it may export from."""
    found: dict[str, str] = {}
    modules = sorted((project / "contracts" / "modules").glob("*.vy"))
    for path in (*modules, deployables(project)[contract]):
        text = path.read_text(encoding="utf-8")
        for function, words in re.findall(
            r'@external\n(?:@\w+\n)*def (\w+)\([^"]*?"""\s+@notice (.*?)(?=\n\s+@|\n\s+""")',
            text,
            re.DOTALL,
        ):
            found[function] = " ".join(words.split())
    return found


def page(project: Path, abis: Mapping[str, Abi]) -> str:
    """The text of docs/duties.md."""
    return "\n".join([HEAD, *_duties(project), *_contracts(project, abis), *_open()])


def _duties(project: Path) -> Iterator[str]:
    """What each duty opens."""
    yield "## The duties\n\n| duty | bit | may call |\n| --- | --- | --- |"
    for name, bit in duty_notes(project).items():
        calls = [
            f"{contract}.{function}"
            for contract, gates in GATES.items()
            for function, gate in gates.items()
            if name in gate.duties
        ]
        yield f"| {name} | {bit} | {', '.join(calls)} |"
    yield ""


def _contracts(project: Path, abis: Mapping[str, Abi]) -> Iterator[str]:
    """Every state-changing function of every contract."""
    for name, gates in GATES.items():
        said = notices(project, name)
        yield f"## {name}\n\n| function | who | what |\n| --- | --- | --- |"
        for function in sorted(writes(abis[name])):
            who = gates[function].who if function in gates else "anyone"
            yield f"| `{function}` | {who} | {said[function]} |"
        yield ""


def _open() -> Iterator[str]:
    """The functions without a gate, each with its reason."""
    yield f"## Open to anyone\n\n{UPKEEP}\n| function | why it is harmless |\n| --- | --- |"
    for name, functions in OPEN_TO_ANYONE.items():
        for function, why in functions.items():
            yield f"| `{name}.{function}` | {why} |"
    yield ""


def compiled(project: Path) -> dict[str, Abi]:
    """The ABI of every contract, from its source."""
    from vyper.compiler import compile_from_file_input
    from vyper.compiler.input_bundle import FilesystemInputBundle

    bundle = FilesystemInputBundle([project])
    return {
        name: compile_from_file_input(
            bundle.load_file(path.relative_to(project)), input_bundle=bundle, output_formats=["abi"]
        )["abi"]
        for name, path in deployables(project).items()
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """1 when the page or the table does not fit the contracts."""
    parser = argparse.ArgumentParser(description="Hold docs/duties.md to the contracts.")
    parser.add_argument("--write", action="store_true", help="write the page")
    asked = parser.parse_args(arguments)
    abis = compiled(PROJECT)
    found = strays(abis)
    if not found and asked.write:
        (PROJECT / PAGE).write_text(page(PROJECT, abis), encoding="utf-8")
    elif not found and (PROJECT / PAGE).read_text(encoding="utf-8") != page(PROJECT, abis):
        found = [f"{PAGE}: not current; run python -m checks.duties --write"]
    print("\n".join(found) if found else f"{PAGE}: current")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
