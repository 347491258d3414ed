"""The units that HJ 212 has for its columns, against those that a mapping names."""

import pytest

from ledger.errors import NotFound
from oracle.sources.hj212_units import default_units, differs
from tests.conftest import PROJECT

UNITS = default_units(PROJECT / "standards" / "pollutants.csv")


def test_mean_and_total_of_a_code_have_units_of_their_own():
    assert (UNITS["w20111-Avg"], UNITS["w20111-Cou"]) == ("ug/L", "g")


def test_a_column_without_a_stated_unit_has_none():
    assert not {"w01001-Avg", "w20121-Rtd", "w01018-Flag"} & set(UNITS)


@pytest.mark.parametrize(
    ("column", "named", "stated"),
    [
        ("w20111-Avg", "mg/L", "ug/L"),
        ("w20111-Avg", "ug/L", ""),
        ("w00000-Cou", "L/s", "m3"),
        ("w01001-Avg", "pH", ""),
        ("register_m3", "L", ""),
    ],
)
def test_only_another_unit_differs(column, named, stated):
    assert differs(column, named, UNITS) == stated


def test_a_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(NotFound, match="no table of codes"):
        default_units(tmp_path / "none.csv")
