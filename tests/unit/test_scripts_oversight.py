"""What people are told of orders that were checked, and of a year's use that is not whole."""

import pytest

from scripts._incidents import verdict
from scripts.redline import load_lines, load_standing, marks, standing

UNCHECKED = {"checked": False, "accepted_at": None, "proven_l": 0, "used_l": None}


def checked(proven_l, used_l, complied, provable):
    found = {"proven_l": proven_l, "used_l": used_l, "complied": complied, "provable": provable}
    return UNCHECKED | found | {"checked": True}


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (UNCHECKED, "-"),
        (UNCHECKED | {"accepted_at": "2026-11-27T00:00:00Z"}, "accepted"),
        (checked(0, 400, True, True), "complied"),
        (checked(900, 1_000, False, True), "NOT COMPLIED: 0.9 m3 used at least"),
        (checked(0, 700, True, False), "not provable: 0 m3 to 0.7 m3 used"),
    ],
)
def test_an_order_is_told_as_it_was_found(order, told):
    assert verdict(order) == told


@pytest.mark.parametrize(
    ("provisional", "opened_late_s", "closed_late_s", "told"),
    [
        (False, 0, 0, ""),
        (None, None, None, ""),
        (True, 0, 0, ", provisional"),
        (True, 120 * 86_400, 0, ", provisional, opened 120 days late"),
        (False, 1, 3 * 86_400, ", opened 1 h late, closed 3 days late"),
    ],
)
def test_a_year_s_use_is_told_with_what_it_lacks_or_has_beyond(
    provisional, opened_late_s, closed_late_s, told
):
    measured = {
        "provisional": provisional,
        "opened_late_s": opened_late_s,
        "closed_late_s": closed_late_s,
    }

    assert marks(measured) == told
    assert standing({"met": True} | measured) == f"met{told}"


@pytest.mark.parametrize(
    ("over", "told_already", "ends"),
    [
        (False, False, "not over by what was ruled on"),
        (True, False, "OVER"),
        (True, True, "OVER, on record"),
    ],
)
def test_a_region_s_load_is_told_over_its_ceiling_and_never_within_it(over, told_already, ends):
    load = {"parameter": "cod", "ceiling_ng": 9 * 10**12, "permitted_ng": 5 * 10**11}
    load |= {"load_ng": 95 * 10**11, "over": over, "told": told_already}

    told = load_standing(load)

    assert told.startswith("0.5 kg permitted, 9.5 kg ruled on of a ceiling of 9 kg")
    assert told.endswith(", OVER") == over
    assert load_lines([load])[-1].endswith(ends)
    assert load_lines([]) == []
