"""Files of standards that are not as they should be, and the index of tables and schemes."""

from datetime import date

import pytest

from ledger.errors import BadRecord, FractionError, NotANumber, NotFound, UsageError
from ledger.standards import (
    COLUMNS,
    LeftOut,
    amount,
    read_table,
    shown,
)
from tests.conftest import PROJECT

DAY = date(2026, 1, 1)
INDEX = PROJECT / "standards" / "index.yaml"
SHARES = {"blue": "0 %", "yellow": "10 %", "red": "30 %", "approaching": "80 %"}


@pytest.fixture
def table(tmp_path):
    """Writes a table of one row, and reads it."""

    def written(**changed):
        row = dict.fromkeys(COLUMNS, "") | {"item_key": "cod", "unit": "mg/L", "basis": "max"}
        path = tmp_path / "table.csv"
        line = ",".join((row | changed)[column] for column in COLUMNS)
        path.write_text(",".join(COLUMNS) + "\n" + line + "\n", encoding="utf-8")
        return read_table(path, DAY)[0]

    return written


def test_a_number_finer_than_its_base_unit_is_refused(table):
    with pytest.raises(FractionError, match=r"0\.0000001 mg/L"):
        table(max="0.0000001")


@pytest.mark.parametrize("text", ["50 mg", "<50", "nan", "5,0"])
def test_a_limit_that_is_no_number_is_refused(table, text):
    with pytest.raises((NotANumber, UsageError)):
        table(max=f'"{text}"')


def test_a_printed_unit_that_nobody_entered_is_refused_and_never_guessed(table):
    with pytest.raises(UsageError, match="no base unit for 'mol/L'"):
        table(max="1", unit="mol/L")


def test_a_row_without_a_number_is_left_out_with_its_note(table):
    found = table(note="no limit", basis="daily_mean_max")

    assert found.limits == ()
    assert found.left_out == (LeftOut("cod", "", "daily_mean_max", "no limit"),)


@pytest.mark.parametrize(
    ("basis", "unit"),
    [
        ("not_detected", "mg/L"),
        ("not_detected", "MPN/100mL or CFU/100mL"),
        ("qualitative", "qualitative"),
    ],
)
def test_what_may_not_be_there_at_all_is_a_limit_of_zero(table, basis, unit):
    found = table(basis=basis, unit=unit)

    [limit] = found.limits
    assert (limit.basis, limit.lo, limit.hi, limit.daily_mean) == (basis, None, 0, False)
    assert found.left_out == ()


@pytest.mark.parametrize(("word", "verified"), [("yes", True), ("no", False), ("", False)])
def test_only_yes_means_verified(table, word, verified):
    assert table(max="50", verified=word).limits[0].verified is verified


def test_a_minimum_of_zero_is_a_minimum(table):
    limit = table(min="0").limits[0]

    assert (limit.lo, limit.hi) == (0, None)
    assert limit.as_struct(1)[6:8] == (True, False)


def test_a_table_that_is_not_there_is_told(tmp_path):
    with pytest.raises(NotFound, match="no limit table at"):
        read_table(tmp_path / "none.csv", DAY)


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (b"", "verified"),
        (b"a,b\n1,2\n", "verified"),
        (",".join(COLUMNS).encode(), "verified"),
        ("标准".encode("gbk"), "UTF-8"),
    ],
)
def test_a_file_that_is_no_limit_table_is_told_with_what_it_needs(tmp_path, content, remedy):
    path = tmp_path / "table.csv"
    path.write_bytes(content)

    with pytest.raises(BadRecord, match="no limit table") as failure:
        read_table(path, DAY)

    assert remedy in failure.value.remedy


@pytest.mark.parametrize(
    ("text", "printed", "base", "value", "words"),
    [
        ("0.00003", "mg/L", "ng/L", 30, "0.00003 mg/L"),
        ("6.5", "-", "mph", 6_500, "6.5 pH"),
        ("0.5", "Bq/L", "mBq/L", 500, "0.5 Bq/L"),
        ("10000", "count/L", "count/L", 10_000, "10000 count/L"),
        ("90", "%", "bps", 9_000, "90%"),
    ],
)
def test_a_printed_number_is_shown_again_as_printed(text, printed, base, value, words):
    assert amount(text, printed) == (value, base)
    assert shown(value, base) == words


def test_half_a_count_is_refused():
    with pytest.raises(FractionError, match=r"0\.5 count/L"):
        amount("0.5", "count/L")
