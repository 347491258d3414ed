"""Writes the constructed series of the demo city: `python data/construct.py`.

Nobody measured any of it. Every figure follows from the lines below, none of them random, and
tests/unit/test_constructed.py holds the files against them.
"""

from decimal import Decimal
from pathlib import Path

FOLDER = Path(__file__).parent
DAYS = 3  # from midnight to midnight, and one hour more, so that the last day is read through
HOURS = DAYS * 24 + 1
WEEKS = 2 * 52 + 2  # whole local years lie in it, wherever it is moved to
# litres an hour of a community of a thousand people, from midnight on
USE_L = (
    *(900, 700, 600, 600, 800, 2_000, 6_000, 9_000, 8_000, 6_000, 5_000, 5_500),
    *(6_500, 5_500, 4_500, 4_500, 5_000, 7_000, 10_000, 11_000, 9_000, 6_500, 4_000, 2_000),
)
LEAK_L = 3_600  # an hour, day and night: one litre a second
WELL_L = 230_000  # a week
LEVEL_MM, FALL_MM = 132_450, 5  # at the beginning, and by the hour
# a works' load by the day: ammonia and COD in mg/L at the outlet, the last day above the limit
AMMONIA_OUT = (Decimal("4.6"), Decimal("4.9"), Decimal("5.2"), Decimal("5.2"))
COD_OUT = (Decimal(44), Decimal(46), Decimal(49), Decimal(49))


def city_day() -> list[str]:
    """Hour by hour: a reservoir that falls, a district that leaks, a works near its limit."""
    head = (
        *("level_m", "district_in_m3", "east_m3", "west_m3", "works_in_m3", "works_out_m3"),
        *("cod_in_mg_l", "cod_out_mg_l", "nh3_n_in_mg_l", "nh3_n_out_mg_l"),
    )
    lines, registers_l = [",".join(head)], [0, 0, 0, 0, 0]
    for hour in range(HOURS):
        use_l = USE_L[hour % 24]
        east_l, west_l = use_l, use_l * 3 // 5
        sewage_l = 40_000 + 5 * (east_l + west_l)
        steps = (east_l + west_l + LEAK_L, east_l, west_l, sewage_l, sewage_l * 97 // 100)
        registers_l = [sum(pair) for pair in zip(registers_l, steps, strict=True)]
        level_m = Decimal(LEVEL_MM - FALL_MM * hour) / 1_000
        swing = Decimal(abs(hour % 24 - 12) - 6) / 10  # its mean over a day is nothing
        values = (
            *(level_m, *(Decimal(register) / 1_000 for register in registers_l)),
            *(Decimal(310) + 20 * swing, COD_OUT[hour // 24] + 5 * swing),
            *(Decimal(31) + 2 * swing, AMMONIA_OUT[hour // 24] + swing / 2),
        )
        lines.append(",".join(f"{value:f}" for value in values))
    return lines


def well() -> list[str]:
    """Week by week: the register of an enterprise's well."""
    return ["register_m3", *(f"{WELL_L * week // 1_000}" for week in range(1, WEEKS + 1))]


FILES = {"constructed_city.csv": city_day, "constructed_well.csv": well}

if __name__ == "__main__":
    for name, lines in FILES.items():
        (FOLDER / name).write_text("\n".join(lines()) + "\n", encoding="utf-8")
