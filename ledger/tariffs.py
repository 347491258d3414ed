"""Tariffs, from standards/tariffs.yaml to what the contract Tariff holds.

Prices become whole micro-yuan a cubic metre, shares basis points, volumes litres, or are refused.
"""

import hashlib
from pathlib import Path
from typing import Any

import yaml

from ledger.errors import BadRecord, NotFound
from ledger.labels import label
from ledger.standards import MONTH, QUARTER, YEAR
from ledger.units import parse, parse_as, parse_money

KINDS = {1: "resident", 2: "non-resident"}
PERIODS = {"month": MONTH, "quarter": QUARTER, "year": YEAR}
CONVENTIONS = {None: 0, "total": 1, "added": 2}
BASES = {None: 0, "water price": 1, "full price": 2}
LEAST_RATIO = (10, 15, 30)  # 1 : 1.5 : 3, guidance 2013 no. 2676 for residents
FORM = "standards/tariffs.yaml shows the form"


def read_tariffs(path: Path) -> dict[str, dict[str, Any]]:
    """The tariffs of a file, each as the fields of ITariff.Terms but for `in_force_at`."""
    try:
        content = path.read_bytes()
        raw = yaml.safe_load(content)
        over_plan, tariffs = raw["over_plan"], raw["tariffs"]
        digest = hashlib.sha256(content).digest()
        return {name: _terms(name, entry, over_plan, digest) for name, entry in tariffs.items()}
    except FileNotFoundError as error:
        raise NotFound(f"no tariffs at {path}", "name a file like tariffs.yaml") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError) as error:
        raise BadRecord(f"{path} cannot be read: {error!r}", FORM) from error


def _terms(
    name: str, entry: dict[str, Any], rules: dict[str, Any], digest: bytes
) -> dict[str, Any]:
    rule = rules[entry["over_plan"]] if "over_plan" in entry else {}
    kind = next((n for n, word in KINDS.items() if word == entry["kind"]), None)
    if kind is None:
        raise BadRecord(f"tariff {name}: unknown kind {entry['kind']!r}", "resident, non-resident")
    return {
        "name": name,
        "version": 0,
        "kind": kind,
        "calendar": PERIODS[entry["period"]],
        "charge": label(entry["charge"]),
        "cuts_l": [int(parse(str(cut))) for cut in entry.get("cuts", [])],
        "prices_uy_m3": [int(parse_money(str(price))) for price in entry["prices"]],
        "sewage_uy_m3": _money(entry, "sewage"),
        "tax_uy_m3": _money(entry, "tax"),
        "minimum_uy": _money(entry, "minimum"),
        "convention": CONVENTIONS[rule.get("convention")],
        "base": BASES[entry.get("base")],
        "free_bps": _share(rule.get("free", "0 %")),
        "cuts_bps": [_share(cut) for cut in rule.get("cuts", [])],
        "multiples_bps": [_share(multiple) for multiple in rule.get("multiples", [])],
        "credit_uy_m3": _money(entry, "credit"),
        "late_bps_day": _share(entry.get("late", "0 %")),
        "due_days": int(entry.get("due_days", 0)),
        "source_hash": digest,
        "verified": bool(entry["verified"]) and bool(rule.get("verified", True)),
    }


def _money(entry: dict[str, Any], key: str) -> int:
    return int(parse_money(str(entry[key]))) if key in entry else 0


def _share(text: Any) -> int:
    return parse_as(str(text), "bps")


def below_least_ratio(prices_uy_m3: list[int]) -> bool:
    """Whether residents' blocks rise less than the guidance asks: a finding, not a refusal."""
    first = prices_uy_m3[0]
    pairs = zip(prices_uy_m3, LEAST_RATIO, strict=False)
    return any(price * LEAST_RATIO[0] < first * least for price, least in pairs)
