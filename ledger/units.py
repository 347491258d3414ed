"""Whole-number units, the same ones the contracts hold, and exact conversion at the border.

A value that people or sensors write ("1.25 m3", "0.05 mg/L") becomes an integer of its base unit,
or an error: never a rounding. Decimals and fractions only; no float takes part.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from numbers import Integral
from typing import NewType

from ledger.errors import FractionError, NotANumber, UnknownUnit

Litres = NewType("Litres", int)
LitresPerHour = NewType("LitresPerHour", int)
MillilitresPerSecond = NewType("MillilitresPerSecond", int)
NanogramsPerLitre = NewType("NanogramsPerLitre", int)
Milligrams = NewType("Milligrams", int)
Millimetres = NewType("Millimetres", int)
Pascals = NewType("Pascals", int)
MilliNtu = NewType("MilliNtu", int)
MilliPh = NewType("MilliPh", int)
Millicelsius = NewType("Millicelsius", int)
NanosiemensPerCm = NewType("NanosiemensPerCm", int)
Microvolts = NewType("Microvolts", int)
MicroYuan = NewType("MicroYuan", int)
BasisPoints = NewType("BasisPoints", int)
Seconds = NewType("Seconds", int)
UnixSeconds = NewType("UnixSeconds", int)

LITRES_PER_M3 = 1_000
NG_PER_MG = 1_000_000
NG_PER_UG = 1_000
MM_PER_M = 1_000
MG_PER_KG = 1_000_000
MILLI_PER_UNIT = 1_000
UV_PER_MV = 1_000
PA_PER_KPA = 1_000
NS_PER_US = 1_000
MICRO_YUAN_PER_YUAN = 1_000_000
BPS_PER_PERCENT = 100
BPS_PER_WHOLE = 10_000
SECONDS_PER_HOUR = 3_600
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of a dimension; `factor` is its size in the dimension's reference unit."""

    symbol: str
    dimension: str
    factor: Fraction


def _table(rows: dict[str, dict[str, Fraction | int]]) -> dict[str, Unit]:
    return {
        symbol: Unit(symbol, dimension, Fraction(factor))
        for dimension, units in rows.items()
        for symbol, factor in units.items()
    }


UNITS = _table(
    {
        "volume": {"l": 1, "L": 1, "mL": Fraction(1, 1_000), "m3": LITRES_PER_M3},
        "flow": {
            "l_h": Fraction(1, 3_600),
            "ml_s": Fraction(1, 1_000),
            "L/s": 1,
            "mL/s": Fraction(1, 1_000),
            "L/min": Fraction(1, 60),
            "L/h": Fraction(1, 3_600),
            "L/d": Fraction(1, 86_400),
            "m3/s": 1_000,
            "m3/min": Fraction(1_000, 60),
            "m3/h": Fraction(1_000, 3_600),
            "m3/d": Fraction(1_000, 86_400),
        },
        "concentration": {
            "ng/L": 1,
            "ug/L": NG_PER_UG,
            "mg/L": NG_PER_MG,
            "g/L": 1_000_000_000,
            "g/m3": NG_PER_MG,
            "mg/m3": NG_PER_UG,
        },
        "mass": {"mg": 1, "g": 1_000, "kg": MG_PER_KG, "t": 1_000_000_000},
        "length": {"mm": 1, "cm": 10, "m": MM_PER_M, "km": 1_000_000},
        "pressure": {"pa": 1, "Pa": 1, "kPa": PA_PER_KPA, "MPa": 1_000_000, "bar": 100_000},
        "turbidity": {"mntu": 1, "NTU": MILLI_PER_UNIT},
        "acidity": {"mph": 1, "pH": MILLI_PER_UNIT},
        "temperature": {"mc": 1, "degC": MILLI_PER_UNIT},
        "conductivity": {"ns_cm": 1, "uS/cm": NS_PER_US, "mS/cm": 1_000_000, "mS/m": 10_000},
        "potential": {"uv": 1, "uV": 1, "mV": UV_PER_MV, "V": 1_000_000},
        "share": {"bps": 1, "%": BPS_PER_PERCENT},
        "money": {"uy": 1, "yuan": MICRO_YUAN_PER_YUAN},
        "duration": {"s": 1, "min": 60, "h": SECONDS_PER_HOUR, "d": SECONDS_PER_DAY},
        "count": {"count": 1},
        "colour": {"degree": 1},
        "ratio": {"ppm": 1, "ratio": 1_000_000},
    }
)  # fmt: skip

# other spellings that people and data files use
SPELLINGS = {
    "m³": "m3", "litre": "L", "litres": "L", "ml": "mL",
    "m³/h": "m3/h", "m³/d": "m3/d", "m³/s": "m3/s", "l/s": "L/s", "l/h": "L/h",
    "mg/l": "mg/L", "ug/l": "ug/L", "ng/l": "ng/L", "µg/L": "ug/L", "μg/L": "ug/L", "µg/l": "ug/L",
    "ntu": "NTU", "ph": "pH", "°C": "degC", "℃": "degC", "C": "degC",
    "µS/cm": "uS/cm", "μS/cm": "uS/cm", "Y": "yuan", "CNY": "yuan", "元": "yuan",
}  # fmt: skip

# what a person is shown for each base unit the chain holds
SHOWN = {
    "l": "m3", "l_h": "m3/h", "ml_s": "L/s", "ng/L": "mg/L", "mg": "kg", "mm": "m", "pa": "kPa",
    "mntu": "NTU", "mph": "pH", "mc": "degC", "ns_cm": "uS/cm", "uv": "mV", "bps": "%",
    "uy": "yuan", "s": "s", "count": "count", "degree": "degree", "ppm": "ratio",
}  # fmt: skip

# the base units a parameter may have on chain, as bytes32 text
BASE_UNITS = tuple(SHOWN)

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
MOST_LETTERS = 100  # of a number: Python refuses to print an integer of 4,300 digits
_QUANTITY = re.compile(rf"\s*({NUMBER.pattern})\s*([^\W\d_]\S*|%|°C|℃)?\s*")


def unit(name: str) -> Unit:
    """The unit of that name, in any of its spellings."""
    found = UNITS.get(SPELLINGS.get(name, name))
    if found is None:
        raise UnknownUnit(f"unknown unit {name!r}", f"use one of: {', '.join(sorted(UNITS))}")
    return found


def factor(name: str, base: str) -> Fraction:
    """How many `base` one `name` is, exactly."""
    given, wanted = unit(name), unit(base)
    if given.dimension != wanted.dimension:
        fitting = sorted(u.symbol for u in UNITS.values() if u.dimension == wanted.dimension)
        raise UnknownUnit(
            f"{name} is a unit of {given.dimension}, not of {wanted.dimension}",
            f"use one of: {', '.join(fitting)}",
        )
    return given.factor / wanted.factor


def number(text: str) -> Decimal:
    """A finite decimal number; NaN, infinity and thousands separators are refused."""
    if len(text) > MOST_LETTERS or not NUMBER.fullmatch(text.strip()):
        raise NotANumber(
            f"{text[:MOST_LETTERS]!r} is not a number",
            "write it like 1250 or 0.05, without separators",
        )
    return Decimal(text.strip())


def to_base(value: Decimal | int | str, name: str, base: str) -> int:
    """`value` of the unit `name` as whole `base` units; a fraction of one is an error."""
    amount = _exact(value) * factor(name, base)
    if amount.denominator != 1:
        raise FractionError(
            f"{_plain(value)} {name} is not a whole number of {base}",
            f"one {base} is the smallest amount recorded; give a value that is a multiple of it",
        )
    return amount.numerator


def _exact(value: object) -> Fraction:
    """The value itself; a float, which is seldom what was written, is refused."""
    given = number(value) if isinstance(value, str) else value
    if isinstance(given, Decimal):
        if not given.is_finite():
            raise NotANumber(
                f"{given} is not a number", "leave the value out, or mark it as a fault"
            )
        return Fraction(given)
    if not isinstance(given, Integral):
        raise NotANumber(f"{given!r} is not exact", "give the number as it was written")
    return Fraction(int(given))  # an integer of numpy would overflow


def _plain(value: Decimal | int | str) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def from_base(amount: int, base: str, name: str) -> Decimal:
    """`amount` whole `base` units as an exact decimal of the unit `name`."""
    value = Fraction(amount) / factor(name, base)
    scale = 0
    denominator = value.denominator
    for prime in (2, 5):
        power = 0
        while denominator % prime == 0:
            denominator //= prime
            power += 1
        scale = max(scale, power)
    if denominator != 1:
        raise FractionError(
            f"{amount} {base} is no finite decimal number of {name}",
            f"show it in {SHOWN.get(base, base)}",
        )
    digits = value.numerator * 10**scale // value.denominator
    sign = 1 if digits < 0 else 0
    return Decimal((sign, tuple(int(digit) for digit in str(abs(digits))), -scale))


def split(text: str) -> tuple[Decimal, str]:
    """A written quantity as its number and its unit ("" when it has none)."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise NotANumber(f"{text!r} is not a quantity", "write a number and a unit, like 1250 m3")
    return Decimal(match[1]), match[2] or ""


def parse_as(text: str, base: str, default: str = "") -> int:
    """A written quantity as whole `base` units; `default` is the unit of a bare number, if any."""
    value, name = split(text)
    if not name and not default:
        raise UnknownUnit(
            f"{text!r} has no unit", f"write the unit, like {text.strip()} {SHOWN[base]}"
        )
    return to_base(value, name or default, base)


def parse(text: str) -> Litres:
    """A volume, like "1250 m3" or "300 L"."""
    return Litres(parse_as(text, "l"))


def parse_concentration(text: str) -> NanogramsPerLitre:
    """A mass concentration, like "0.05 mg/L"."""
    return NanogramsPerLitre(parse_as(text, "ng/L"))


def parse_peak(text: str) -> LitresPerHour:
    """A peak rate, like "90 m3/h" or "25 L/s"."""
    return LitresPerHour(parse_as(text, "l_h"))


def whole_number(text: str) -> int:
    """A plain whole number, like "35000"."""
    value = number(text)
    if value != value.to_integral_value():
        raise FractionError(f"{text} is not a whole number", "give it in whole units")
    return int(value)


def parse_money(text: str) -> MicroYuan:
    """Whole micro-yuan of an amount with a unit."""
    return MicroYuan(parse_as(text, "uy"))


def parse_duration(text: str) -> Seconds:
    """A duration, like "90 min", "6 h" or "300" (seconds)."""
    return Seconds(parse_as(text, "s", "s"))


def show(amount: int, base: str) -> str:
    """`amount` in the unit people use, exactly, with its unit ("1250 m3", "7.2 pH")."""
    name = SHOWN.get(base, base)
    text = f"{from_base(amount, base, name):f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text}{name}" if name == "%" else f"{text} {name}"
