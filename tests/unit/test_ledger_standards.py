"""Limit tables: every row loads exactly as printed, or is listed with the reason why not."""

import csv
from datetime import date
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.standards import read_table
from tests.conftest import PROJECT

STANDARDS = PROJECT / "standards"
IN_FORCE = date(2023, 4, 1)
TABLES = sorted(STANDARDS.glob("gb*.csv"))
# how many base units one printed unit is, from domain reading and not from ledger/standards.py
BASE_UNITS = {
    "mg/L": ("ng/L", 10**6),
    "NTU": ("mntu", 1_000),
    "-": ("mph", 1_000),
    "degC": ("mc", 1_000),
    "%": ("bps", 100),
    "ratio": ("ppm", 10**6),
    "Bq/L": ("mBq/L", 1_000),
}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def loaded(path: Path):
    """Every limit of a table by grade, parameter and basis."""
    return {
        (one.grade, limit.parameter, limit.basis): limit
        for one in read_table(path, IN_FORCE)
        for limit in one.limits
    }


def side(text: str, factor: int) -> Fraction | None:
    return Fraction(text) * factor if text else None


def holding(found, row):
    """The limit that holds a row: under its own basis, or joined to a range."""
    own = (row["grade"], row["item_key"], row["basis"])
    joined = (*own[:2], f"{row['basis'].rpartition('_')[0]}_range")
    return found.get(own) or found[joined]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_row_with_a_number_is_loaded_exactly(path):
    found = loaded(path)

    for row in rows(path):
        if row["min"] or row["max"]:
            limit = holding(found, row)
            unit, factor = BASE_UNITS.get(row["unit"], (row["unit"], 1))
            lo, hi = side(row["min"], factor), side(row["max"], factor)
            assert limit.unit == unit, row
            assert lo is None or (type(limit.lo), limit.lo) == (int, lo), row
            assert hi is None or (type(limit.hi), limit.hi) == (int, hi), row


def limits_something(row):
    """Whether a row prints a number or says that nothing may be there."""
    return row["min"] or row["max"] or row["basis"] in ("not_detected", "qualitative")


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_row_without_a_number_is_listed_with_its_reason(path):
    left_out = [one for part in read_table(path, IN_FORCE) for one in part.left_out]

    expected = [row for row in rows(path) if not limits_something(row)]
    assert {(one.parameter, one.grade, one.basis) for one in left_out} == {
        (row["item_key"], row["grade"], row["basis"]) for row in expected
    }
    assert len(left_out) == len(expected)
    assert all(one.reason for one in left_out)


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_no_limit_says_more_than_the_table(path):
    found = loaded(path)
    numbered = [row for row in rows(path) if limits_something(row)]

    held = {(row["grade"], holding(found, row)) for row in numbered}

    assert held == {(grade, limit) for (grade, _, _), limit in found.items()}


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_a_limit_is_verified_only_where_every_row_of_it_is(path):
    found = loaded(path)

    for row in rows(path):
        if (row["min"] or row["max"]) and row["verified"] != "yes":
            assert not holding(found, row).verified, row


def test_the_sewer_standard_stays_unverified_but_for_what_was_read():
    found = loaded(STANDARDS / "gbt31962_2015.csv").values()

    assert {limit.parameter for limit in found if limit.verified} == {"cod"}


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_daily_means_are_those_whose_basis_says_so(path):
    for (_, _, basis), limit in loaded(path).items():
        assert limit.daily_mean == basis.startswith("daily_mean")


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_limit_fits_the_contracts_struct(path):
    for limit in loaded(path).values():
        set_id, parameter, basis, unit, lo, hi, has_lo, has_hi, _, _ = limit.as_struct(7)

        assert set_id == 7
        assert all(len(word) == 32 for word in (parameter, basis, unit))
        assert (has_lo, has_hi) == (limit.lo is not None, limit.hi is not None)
        assert lo >= 0 and hi >= 0 and (not (has_lo and has_hi) or lo <= hi)


def test_a_minimum_and_a_maximum_of_one_basis_become_one_range():
    found = loaded(STANDARDS / "gb5749_2022.csv")

    free_chlorine = found[("", "free_cl", "plant_exit_range")]

    assert (free_chlorine.lo, free_chlorine.hi) == (300_000, 2_000_000)
    assert ("", "free_cl", "plant_exit_min") not in found
    assert ("", "free_cl", "plant_exit_max") not in found


def test_a_grade_is_a_set_of_its_own_with_the_digest_of_the_whole_file():
    path = STANDARDS / "gbt31962_2015.csv"

    sets = read_table(path, IN_FORCE)

    assert [one.grade for one in sets] == ["A", "B", "C"]
    assert {one.source_sha256 for one in sets} == {sha256(path.read_bytes()).digest()}
    assert {(one.standard, one.in_force) for one in sets} == {("GB/T 31962-2015", IN_FORCE)}
