"""Marks of a gauge's value: why it does not count, or counts with a note (HJ 212-2017 data flags).

A calibrated, maintained, faulty, unreachable or stopped instrument's value is void: it moves time,
but neither mean nor alert. A value set by hand or over range counts, marked.
"""

from ledger.errors import UsageError
from ledger.leaves import VOID

NAMES = {
    0: "normal",
    1: "calibration",
    2: "maintenance",
    3: "fault",
    4: "link fault",
    5: "stopped",
    6: "set by hand",
    7: "over range",
}
LETTERS = {"N": 0, "C": 1, "M": 2, "D": 3, "B": 4, "F": 5, "S": 6, "T": 7}
VOIDING = frozenset({1, 2, 3, 4, 5})


def mark(name: str) -> int:
    """The mark of that name or HJ 212 letter, with the void bit where it voids the value."""
    number = LETTERS.get(name)
    if number is None:
        number = next((n for n, known in NAMES.items() if known == name), None)
    if number is None:
        letters = ", ".join(LETTERS)
        raise UsageError(f"unknown mark {name!r}", f"use a letter of HJ 212 ({letters}) or a name")
    return number | VOID if number in VOIDING else number


def name_of(value: int) -> str | None:
    """The name of a mark, None for a normal value."""
    return NAMES[value & 15] if value & 15 else None
