"""What a city of five million measures: its points, what each of them tells, and how often.

The counts and intervals are an estimate, unverified; nothing but their arithmetic was checked. They
are data, so that another city can be put in their place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

DAY_S = 86_400
MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
UNVERIFIED = "counts and intervals are an unverified estimate"
USE, OUTLET_VOLUME = "QuotaTracker", "DischargeVolumes"
OUTLET, QUALITY = "DischargeLimits", "QualityProvenance"
HOURS = 24
HOUSEHOLDS = 1_700_000  # unverified
HOMES_A_COMMUNITY = 500  # unverified
COMMUNITIES = HOUSEHOLDS // HOMES_A_COMMUNITY
MOST_L_HOUR = 42  # of a household, drawn evenly: about 490 L a day, of three people
MOST_OPENING_L = 900_000  # of a household's register when the day begins
LITRES_A_STEP_S = 900  # for which a volume is drawn; a shorter step carries less
ZONE = "Asia/Shanghai"
MOST_LANES = 4  # of one contract
READINGS_A_LANE = 2_000_000  # a day


@dataclass(frozen=True, slots=True)
class Quantity:
    """One value that a point tells; `resolution` is one stored step, in base units a gauge holds.

    A value is drawn as a whole number of steps from `low` to `high` and written in `unit` with
    `decimals` digits; a meter's volume of a step is drawn in litres and told as a register.
    """

    parameter: str
    unit: str
    resolution: int
    decimals: int
    low: int
    high: int


VOLUME = Quantity("volume", "L", 1, 0, 0, 250)
LEVEL = Quantity("level", "m", 1, 3, 800, 4_000)
PRESSURE = Quantity("pressure", "kPa", 100, 1, 2_000, 4_500)
TURBIDITY = Quantity("turbidity", "NTU", 1, 3, 40, 900)
ACIDITY = Quantity("ph", "pH", 10, 2, 690, 820)
TEMPERATURE = Quantity("temp", "degC", 100, 1, 40, 290)
CONDUCTIVITY = Quantity("conductivity", "uS/cm", 1_000, 0, 180, 900)


def _concentration(parameter: str, low: int, high: int) -> Quantity:
    return Quantity(parameter, "mg/L", 1_000, 3, low, high)


CHLORINE = _concentration("free_chlorine", 300, 900)
OXYGEN = _concentration("dissolved_oxygen", 5_000, 11_000)
COD, AMMONIA = _concentration("cod", 8_000, 45_000), _concentration("ammonia", 20, 1_400)
PHOSPHORUS, NITROGEN = _concentration("tp", 10, 450), _concentration("tn", 300, 14_000)
SOLIDS, PERMANGANATE = _concentration("ss", 1_000, 9_500), _concentration("codmn", 800, 3_500)
WATER = (ACIDITY, TEMPERATURE, CONDUCTIVITY, TURBIDITY, OXYGEN)


@dataclass(frozen=True, slots=True)
class Row:
    """Points of one sort: how many in the whole city, what each tells, every how many seconds.

    Volumes go to `volumes`, all else to `gauges`.
    """

    name: str
    points: int
    interval_s: int
    quantities: tuple[Quantity, ...]
    gauges: str = QUALITY
    volumes: str = USE
    homes: int = 0  # households behind each point, each a leaf a day

    @property
    def readings_a_point(self) -> int:
        """Readings of one point in a day."""
        return len(self.quantities) * DAY_S // self.interval_s

    def at(self, share: float) -> int:
        """The points of a share of the city, at least one."""
        return max(1, round(self.points * share))

    def contract(self, quantity: Quantity) -> str:
        """The contract that takes a quantity."""
        return self.volumes if quantity == VOLUME else self.gauges


SOURCE = (*WATER, PERMANGANATE, AMMONIA, PHOSPHORUS, NITROGEN)
WORKS = (VOLUME, LEVEL, PRESSURE, CHLORINE, COD, *SOURCE[:7])
PUMPS = (VOLUME, LEVEL, PRESSURE, CHLORINE, TURBIDITY, ACIDITY, TEMPERATURE, CONDUCTIVITY)
OUTFALL = (VOLUME, COD, AMMONIA, PHOSPHORUS, NITROGEN, SOLIDS, ACIDITY, TEMPERATURE)
TO_SEWER = (VOLUME, COD, AMMONIA, PHOSPHORUS, ACIDITY)
OF_OUTLETS = (OUTLET, OUTLET_VOLUME)

ROWS = (
    Row("reservoirs, river gauges", 20, 5 * MINUTE_S, (LEVEL, *WATER)),
    Row("source stations", 20, 4 * HOUR_S, SOURCE),
    Row("source sondes", 20, 15 * MINUTE_S, WATER),
    Row("abstraction meters", 400, HOUR_S, (VOLUME, PRESSURE)),
    Row("waterworks", 12, MINUTE_S, WORKS),
    Row("network pressure", 1_500, 5 * MINUTE_S, (PRESSURE,)),
    Row("district and flow meters", 1_000, 15 * MINUTE_S, (VOLUME, PRESSURE)),
    Row("network quality", 150, 15 * MINUTE_S, (CHLORINE, TURBIDITY, ACIDITY, TEMPERATURE)),
    Row("pump rooms", 4_000, 5 * MINUTE_S, PUMPS),
    Row("large meters", 60_000, 15 * MINUTE_S, (VOLUME,)),
    Row("drainage users", 600, 10 * MINUTE_S, TO_SEWER, *OF_OUTLETS),
    Row("sewers", 800, 5 * MINUTE_S, (VOLUME, LEVEL), QUALITY, OUTLET_VOLUME),
    Row("flooding and rain", 600, 5 * MINUTE_S, (LEVEL,)),
    Row("sewage works, in and out", 32, MINUTE_S, OUTFALL, *OF_OUTLETS),
    Row("communities", COMMUNITIES, DAY_S, (VOLUME,), homes=HOMES_A_COMMUNITY),
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A channel that is to be enrolled: its device, its relay group, and the row it belongs to."""

    row: Row
    device: str
    group: int
    quantity: Quantity
    contract: str

    @property
    def most_l(self) -> int:
        """A volume of one of its steps lies below this many litres."""
        step_s = min(self.row.interval_s, LITRES_A_STEP_S)
        return max(2, self.quantity.high * step_s // LITRES_A_STEP_S)


def readings(share: float) -> int:
    """Readings of a day that are ruled on one by one."""
    return sum(row.at(share) * row.readings_a_point for row in ROWS)


def households(share: float) -> int:
    """Households, each of which tells its 24 hourly registers once a day."""
    return sum(row.at(share) * row.homes for row in ROWS)


def groups(share: float) -> dict[str, tuple[int, ...]]:
    """The relay groups of each contract, numbered from 1; each is one lane with its own account."""
    found, last = {}, 0
    for contract in (USE, OUTLET_VOLUME, OUTLET, QUALITY):
        total = sum(
            row.at(share) * DAY_S // row.interval_s
            for row in ROWS
            for one in row.quantities
            if row.contract(one) == contract
        )
        count = min(MOST_LANES, ceil(total / READINGS_A_LANE))
        found[contract] = tuple(range(last + 1, last + 1 + count))
        last += count
    return found


def planned(share: float) -> Iterator[Planned]:
    """Every channel of a share of the city, device by device."""
    lanes = groups(share)
    for place, row in enumerate(ROWS, 1):
        for number in range(row.at(share)):
            for one in row.quantities:
                contract = row.contract(one)
                group = lanes[contract][number % len(lanes[contract])]
                yield Planned(row, f"P{place:02}-{number + 1:05}", group, one, contract)
