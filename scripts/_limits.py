"""Limits of a drainage permit, as people write them and as the chain holds them."""

import re
from typing import Any

from ledger.errors import UsageError
from ledger.labels import label, text_of
from ledger.quantities import CONCENTRATION, base_of, measured_as
from ledger.standards import DAY, MONTH, YEAR
from ledger.units import parse_as, show
from scripts._files import take

# bases of IPermitRegistry.PermitLimit
BASES = {
    1: "daily mean",
    2: "monthly mean",
    3: "load of a day",
    4: "load of a month",
    5: "load of a year",
}
DAY_MEAN, MONTH_MEAN = 1, 2
LOADS = {"day": 3, "month": 4, "year": 5}
# calendar: basis of the load of its periods
LOAD_OF = {DAY: LOADS["day"], MONTH: LOADS["month"], YEAR: LOADS["year"]}
CALENDAR_OF = {basis: calendar for calendar, basis in LOAD_OF.items()} | {MONTH_MEAN: MONTH}
NG_PER_MG = 1_000_000
_CONDITION = re.compile(r"\s*(\w+)\s*(<=|>=)\s*([^<>=]*[^<>=\s])\s*")
_LOAD = re.compile(rf"\s*(.*\S)\s*/\s*({'|'.join(LOADS)})\s*")
_MONTHLY = re.compile(r"\s*(.*\S)\s+monthly mean\s*")


def permit_limits(entries: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The conditions of a drainage permit, as IPermitRegistry.PermitLimit.

    The contract holds one entry a parameter and basis, so a minimum and a maximum are joined.
    """
    bounds: dict[tuple[str, int], dict[str, int]] = {}
    for entry in entries:
        parameter = str(take(entry, "parameter", "a limit"))
        sides = [side for side in ("min", "max") if side in entry]
        if not sides:
            raise UsageError(f"the limit of {parameter} has no bound", "give it a min or a max")
        for side in sides:
            basis, amount = amount_of(str(entry[side]), parameter)
            known = bounds.setdefault((parameter, basis), {})
            if side in known:
                raise UsageError(f"two limits of {parameter} are a {side}", "give one of each")
            if side == "min" and basis != DAY_MEAN:
                raise UsageError(f"a {BASES[basis]} has no min", "give it a max")
            known[side] = amount
    return [_permit_limit(*key, known) for key, known in bounds.items()]


def amount_of(text: str, parameter: str) -> tuple[int, int]:
    """Basis and amount of a bound: '350 mg/L', '300 mg/L monthly mean', '2 kg/day', '9 t/year'.

    Means are in the parameter's base unit, loads in nanograms; a load is whole milligrams.
    UsageError for a load or monthly mean of what is no mass in a volume.
    """
    load, monthly = _LOAD.fullmatch(text), _MONTHLY.fullmatch(text)
    if (load or monthly) and base_of(parameter) != CONCENTRATION:
        raise UsageError(
            f"{parameter} has no load and no mean by flow: it is no mass in a volume",
            "limit its daily mean",
        )
    if load:
        return LOADS[load[2]], load_ng(load[1])
    if monthly:
        return MONTH_MEAN, measured_as(monthly[1], parameter)
    return DAY_MEAN, measured_as(text, parameter)


def load_ng(text: str) -> int:
    """A mass like '2 kg' or '9 t' in nanograms; FractionError where it is no whole milligrams."""
    return parse_as(text, "mg") * NG_PER_MG


def _permit_limit(parameter: str, basis: int, bounds: dict[str, int]) -> tuple[Any, ...]:
    lo, hi = bounds.get("min"), bounds.get("max")
    if lo is not None and hi is not None and lo > hi:
        raise UsageError(f"no {parameter} is above its min and below its max", "swap them")
    return label(parameter), basis, lo or 0, hi or 0, lo is not None, hi is not None


def parse_limit(text: str) -> dict[str, Any]:
    """A condition written like cod<=350mg/L, 'cod<=2 kg/day' or ph>=6.5pH."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is no condition", "write it like 'cod<=350 mg/L'")
    return {"parameter": found[1], {"<=": "max", ">=": "min"}[found[2]]: found[3]}


def limit_document(raw: dict[str, Any]) -> dict[str, Any]:
    """A limit of a permit for programs."""
    parameter, basis = text_of(raw["parameter"]), raw["basis"]
    return {
        "parameter": parameter,
        "min": shown_amount(raw["lo"], parameter, basis) if raw["has_lo"] else None,
        "max": shown_amount(raw["hi"], parameter, basis) if raw["has_hi"] else None,
        "judged": BASES[basis],
    }


def shown_amount(amount: int, parameter: str, basis: int) -> str:
    """A mean or load as people write it."""
    if basis in LOADS.values():
        return shown_load(amount)
    return show(amount, base_of(parameter))


def shown_load(load: int) -> str:
    """A load in nanograms, in kilograms cut to the milligram below."""
    return show(load // NG_PER_MG, "mg")
