"""Reports of samples as tests enter them, and a plain model of what they are ruled as."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from tests.contracts.suite import HASH, NOW, T0, Suite, word

MEASURED, BELOW, NOT_DETECTED, ABSENT, PRESENT = 1, 2, 3, 4, 5
NG = word("ng/L")
MAX = word("max")
WORKS, RIVER = 3, 9  # kinds of station
TAKEN = NOW - 1_000


def result(parameter: str, value: int = 0, state: int = MEASURED, **changed: Any) -> tuple:
    """One result: parameter, unit, state, value, detection limit."""
    unit, detection = changed.get("unit", NG), changed.get("detection", 0)
    return (word(parameter), unit, state, value, detection)


def limit(parameter: str, hi: int | None = None, lo: int | None = None, **changed: Any) -> tuple:
    """A limit but for the number of its set."""
    about = {"basis": MAX, "unit": NG, "daily_mean": False, "verified": True} | changed
    return (
        *(word(parameter), about["basis"], about["unit"], lo or 0, hi or 0),
        *(lo is not None, hi is not None, about["daily_mean"], about["verified"]),
    )


class Bench:
    """A station bound to a profile of a standard of its own, and reports of its samples."""

    def __init__(self, suite: Suite, sets: dict[str, list[tuple]], **profile: Any) -> None:
        self.suite, self.lab = suite, suite.laboratory
        self.standard = f"LAB {suite.next_number('lab')}"
        for grade, limits in sets.items():
            self.load(grade, limits)
        self.profile = self.lab.load_profile(
            self.terms(grades=[next(iter(sets))], **profile), sender=suite.standards_keeper
        )
        self.station = suite.station(WORKS)
        self.lab.bind_station(self.station, self.profile, sender=suite.standards_keeper)

    def load(self, grade: str, limits: list[tuple], in_force_at: int = T0) -> list[int]:
        """A sealed set of limits; their numbers."""
        last = self.suite.sealed(self.standard, limits, grade, in_force_at)
        return list(range(last - len(limits) + 1, last + 1))

    def terms(self, **changed: Any) -> tuple:
        """The fields of a profile in their order."""
        terms = {
            "name": "profile",
            "version": 0,
            "standard": self.standard,
            "kinds": 1 << WORKS,
            "grades": [""],
            "bases": [MAX],
            "unsure": [],
            "classes": [],
            "unclassed": [],
            "groups": [],
            "below_setting": word("lab_below_gb5749_bps"),
        }
        assert changed.keys() <= terms.keys()
        return tuple((terms | changed).values())

    def sample(self, **changed: Any) -> tuple:
        """The fields of a sample in their order."""
        sample = {
            "station_id": self.station,
            "code": f"S-{self.suite.next_number('sample')}",
            "taken_at": TAKEN,
            "analysed_at": TAKEN + 100,
            "laboratory": 1,
            "accreditation_hash": HASH,
            "method_hash": HASH,
            "document_hash": HASH,
            "grade": 4,
            "composite": False,
        }
        assert changed.keys() <= sample.keys()
        return tuple((sample | changed).values())

    def enter(self, *results: tuple, supersedes: int = 0, **sample: Any) -> int:
        """A report that nobody has confirmed."""
        reason = HASH if supersedes else b"\0" * 32
        return self.lab.submit(
            self.sample(**sample), list(results), supersedes, reason, sender=self.suite.analyst
        )

    def confirm(self, report: int) -> int:
        """Have a report confirmed by another."""
        self.lab.confirm(report, HASH, sender=self.suite.reviewer)
        return report

    def confirmed(self, *results: tuple, **sample: Any) -> int:
        """A report that counts."""
        return self.confirm(self.enter(*results, **sample))


def ratio_pm(part: int | Fraction, whole: int | Fraction) -> int:
    """Per mille, rounded away from the whole."""
    exact = Fraction(part) * 1_000 / Fraction(whole)
    return -(-exact.numerator // exact.denominator) if part > whole else int(exact)


def sum_of(values: Sequence[Fraction], limits: Sequence[int]) -> Fraction:
    """The sum of ratios, exactly."""
    return sum((v / m for v, m in zip(values, limits, strict=True)), Fraction(0))
