"""Acts about ended days, months and years that may be due: what upkeep tries of them.

Where a contract would put the same on record again, what is there is asked first.
"""

from itertools import product

from web3.exceptions import ContractLogicError

from ledger.events import logs
from ledger.labels import text_of
from ledger.standards import DAY, MONTH, QUARTER, YEAR
from ledger.structs import every, read, read_many
from scripts._looking import Found, Look
from scripts._plans import subject_name


def deliveries(look: Look, contract: str) -> Found:
    """The contract rules on a day as often as it is asked; what it ruled is told by events alone.

    Again only where a silent meter was read since: nothing else changes a day's volume.
    """
    districts = range(1, int(read(look.ledger, contract, "district_count")) + 1)
    days = list(product(districts, look.ended(DAY)))
    planned = read_many(look.ledger, contract, "planned_l", days)
    due = [one for one, planned_l in zip(days, planned, strict=True) if planned_l]
    ruled = {
        (event.args["district_id"], event.args["day"]): event.args["silent"]
        for event in (logs(look.ledger, contract, "DeliveryRuled") if due else ())
    }
    for district, day in due:
        silent = ruled.get((district, day))
        if silent is None or (silent and not _is_silent(look, district, day)):
            yield (district, day), f"district {district} had a scheme for {look.day(day)}"


def _is_silent(look: Look, district: int, day: int) -> bool:
    drawn = read(look.ledger, "SupplyMonitor", "district", district)
    ends = [*drawn["inlets"], *drawn["outlets"]]
    turns = [(meter, DAY, turn) for meter in ends for turn in (day, day + 1)]
    kept = read_many(look.ledger, "RegisterTurns", "register_at_turn", turns)
    return any(turn["closed"] for turn in kept)


def leakages(look: Look, contract: str) -> Found:
    """The contract rules as often as it is asked: where it would say the same, it is not asked."""
    said = {
        (e.args["district_id"], e.args["balance"]["from_at"], e.args["balance"]["until_at"]): (
            dict(e.args["balance"]),
            dict(e.args["leakage"]),
        )
        for e in logs(look.ledger, contract, "LeakageRuled")
    }
    districts = range(1, int(read(look.ledger, contract, "district_count")) + 1)
    for district, (calendar, period, words) in product(districts, look.spans(MONTH, YEAR)):
        asked = district, calendar, period, period
        try:
            balance = read(look.ledger, contract, "balance_of", *asked)
            leakage = read(look.ledger, contract, "leakage_of", *asked)
        except ContractLogicError:
            continue  # a register is not kept or not read
        ends = district, balance["from_at"], balance["until_at"]
        if said.get(ends) != (balance, leakage):
            yield asked, f"leakage of district {district} in {words}"


def works_days(look: Look, contract: str) -> Found:
    """Which parameters a works has rules for is told by events alone."""
    rules = logs(look.ledger, contract, "RuleSet")
    ended = look.ended(DAY) if rules else ()
    for number, parameter in dict.fromkeys(
        (event.args["works_id"], event.args["parameter"]) for event in rules
    ):
        version = read(look.ledger, contract, "works", number)["version"]
        if read(look.ledger, contract, "rule", number, parameter)["version"] != version:
            continue  # the works was redrawn, and nobody has set this rule again
        days = [(number, parameter, version, day) for day in ended]
        ruled = read_many(look.ledger, contract, "day_ruled", days)
        for day, one in zip(ended, ruled, strict=True):
            if not one["ruled_at"]:
                says = f"{text_of(parameter)} of works {number} on {look.day(day)}"
                yield (number, day, parameter), says


def outlet_loads(look: Look, contract: str) -> Found:
    """Which outlets have pairs is told by events alone; days come before months and years.

    A month or year is asked for again as long as it lacks a day: the contract rules on it again
    only where it knows more.
    """
    pairs = logs(look.ledger, contract, "PairsSet")
    outlets = dict.fromkeys((event.args["permit_id"], event.args["parameter"]) for event in pairs)
    ended = look.spans(DAY, MONTH, YEAR) if outlets else ()
    asked = [(*outlet, *span[:2]) for span, outlet in product(ended, outlets)]
    words = [span[2] for span, _ in product(ended, outlets)]
    for one, ruled, said in zip(
        asked, read_many(look.ledger, contract, "ruling", asked), words, strict=True
    ):
        if not ruled["ruled_at"] or ruled["counted_days"] < ruled["days"]:
            yield one, f"load of {text_of(one[1])} of permit {one[0]} in {said}"


def plan_periods(look: Look, contract: str) -> Found:
    """Which subjects have plans is told by events alone."""
    plans = logs(look.ledger, contract, "PlanSet")
    subjects = dict.fromkeys((event.args["kind"], event.args["subject"]) for event in plans)
    named = [(*subject, subject_name(look.here, *subject)) for subject in subjects]
    ended = look.spans(MONTH, QUARTER, YEAR) if subjects else ()
    for (kind, subject, name), (calendar, period, words) in product(named, ended):
        yield (kind, subject, calendar, period), f"plan of {name} in {words}"


def caps(look: Look, contract: str) -> Found:
    """Caps that the permits of any version have, of days and months."""
    permits = list(every(look.ledger, "PermitRegistry", "permit", "permit_count"))
    versions = [(n, v + 1) for n, raw in permits for v in range(raw["versions"])]
    names = {number: raw["number"] for number, raw in permits}
    terms = read_many(look.ledger, "PermitRegistry", "terms", versions)
    capped = {
        (number, calendar): None
        for (number, _), one in zip(versions, terms, strict=True)
        for calendar, key in ((DAY, "daily_l"), (MONTH, "monthly_l"))
        if one[key]
    }
    ended = look.spans(DAY, MONTH) if capped else ()
    for (number, asked), (calendar, period, words) in product(capped, ended):
        if calendar == asked:
            yield (number, calendar, period), f"{names[number]} used more than its cap in {words}"


def zone_days(look: Look, contract: str) -> Found:
    """A record that is final has no later version."""
    zones = range(1, int(read(look.ledger, contract, "zone_count")) + 1)
    days = list(product(zones, look.ended(DAY)))
    versions = read_many(look.ledger, contract, "version_count", days)
    last = [(*one, version) for one, version in zip(days, versions, strict=True)]
    records = read_many(look.ledger, contract, "record_of", last)
    for (zone, day), record in zip(days, records, strict=True):
        if not record["final"]:
            yield (zone, day), f"more is known of zone {zone} on {look.day(day)}"
