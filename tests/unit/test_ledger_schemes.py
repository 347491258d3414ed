"""The index of standards, and threshold schemes in basis points."""

from datetime import date

import pytest

from ledger.errors import BadRecord, FractionError, NotFound
from ledger.standards import Scheme, read_index, read_schemes
from tests.conftest import PROJECT

INDEX = PROJECT / "standards" / "index.yaml"
SHARES = {"blue": "0 %", "yellow": "10 %", "red": "30 %", "approaching": "80 %"}


def test_the_index_names_a_file_that_is_there_for_every_table():
    tables = read_index(INDEX)["tables"]

    assert {entry["file"] for entry in tables.values()} == {
        path.name for path in INDEX.parent.glob("gb*.csv")
    }
    assert all(type(entry["in_force"]) is date for entry in tables.values())


def test_schemes_are_held_in_basis_points():
    assert read_schemes(read_index(INDEX)) == [Scheme("default", 0, 1_000, 3_000, 8_000, 9_500)]


@pytest.mark.parametrize("text", ["", "[]", "tables: {}", "{", "schemes: {}"])
def test_an_index_of_another_form_is_refused(tmp_path, text):
    path = tmp_path / "index.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(BadRecord):
        read_index(path)


def test_no_index_is_told(tmp_path):
    with pytest.raises(NotFound, match="no index at"):
        read_index(tmp_path / "index.yaml")


@pytest.mark.parametrize(
    "cuts",
    [
        SHARES,
        SHARES | {"peak_leave": "95"},
        SHARES | {"peak_leave": 95},
        SHARES | {"peak_leave": "95 % of it"},
        SHARES | {"peak_leave": "95 %", "green": "5 %"},
        "10 %",
        None,
    ],
)
def test_a_scheme_of_another_form_is_refused(cuts):
    with pytest.raises(BadRecord):
        read_schemes({"schemes": {"ours": cuts}})


def test_a_share_finer_than_a_basis_point_is_refused():
    with pytest.raises(FractionError):
        read_schemes({"schemes": {"ours": SHARES | {"peak_leave": "95.555 %"}}})
