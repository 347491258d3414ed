"""Forms of laboratory reports, read line by line, and the profiles they are ruled by."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadRecord, FractionError, NotANumber, NotFound, UnknownUnit
from ledger.labels import label
from ledger.laboratory import (
    ABSENT,
    BELOW,
    MEASURED,
    NOT_DETECTED,
    PRESENT,
    Line,
    Result,
    read_form,
    read_profiles,
    read_result,
)
from ledger.standards import read_settings
from scripts._showing import STATION_KINDS
from tests.conftest import PROJECT

KINDS = {word: number for number, word in STATION_KINDS.items()}
COLI = "MPN/100mL or CFU/100mL"
SAMPLE = {
    "station": "WTW-1",
    "code": "S-1",
    "taken": "2026-01-31T08:30",
    "analysed": "2026-01-31",
    "laboratory": "Works",
    "method": "m.txt",
    "document": "d.txt",
    "grade": "manual",
}


def yaml_form(folder, results="  cod: 5 mg/L\n", **changed):
    path = folder / "form.yaml"
    fields = "".join(f"  {key}: {value}\n" for key, value in (SAMPLE | changed).items())
    path.write_text(f"sample:\n{fields}results:\n{results}", encoding="utf-8")
    return path


def csv_form(folder, *rows, head="item,value,unit,detection"):
    path = folder / "form.csv"
    fields = [f"sample.{key},{value},," for key, value in SAMPLE.items()]
    path.write_text("\n".join([head, *fields, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_form_is_read_with_the_line_of_each_item(tmp_path):
    form = read_form(
        yaml_form(tmp_path, "  cod: 5 mg/L\n  ss: {value: 4 mg/L, detection: 1 mg/L}\n")
    )

    assert form.sample["code"] == Line(3, "code", "S-1")
    assert form.results == (Line(11, "cod", "5 mg/L"), Line(12, "ss", "4 mg/L", "1 mg/L"))


def test_a_table_is_read_with_the_line_of_each_item(tmp_path):
    rows = ("cod,5,mg/L,", "ss,4,mg/L,1", "hg,<0.00004,mg/L,", "e_coli,ND,,", "odour,none,,")

    form = read_form(csv_form(tmp_path, *rows))

    assert form.sample["taken"] == Line(4, "taken", "2026-01-31T08:30")
    assert form.results == (
        *(Line(10, "cod", "5 mg/L"), Line(11, "ss", "4 mg/L", "1 mg/L")),
        *(Line(12, "hg", "<0.00004 mg/L"), Line(13, "e_coli", "ND"), Line(14, "odour", "none")),
    )


def test_what_is_left_empty_was_not_analysed(tmp_path):
    assert [
        line.name for line in read_form(yaml_form(tmp_path, "  a:\n  b: 1 mg/L\n")).results
    ] == ["b"]
    assert [
        line.name for line in read_form(csv_form(tmp_path, "a,,mg/L,", "b,1,mg/L,")).results
    ] == ["b"]


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ("  cod: 5 mg/L\n  cod: 6 mg/L\n", "line 12, cod: stands in line 11 already"),
        ("  cod: [5]\n", "line 11, cod: holds neither"),
        ("  cod: {value: 5 mg/L, limit: 3}\n", "line 11, cod: holds neither"),
        ("  cod:\n", "no result is filled in"),
        ("  cod: 5 mg/L\nother: {}\n", "line 12: 'other' is no part"),
        ("  [cod\n", "cannot be read"),
    ],
)
def test_a_form_that_cannot_be_names_its_line(tmp_path, results, words):
    with pytest.raises(BadRecord, match=words):
        read_form(yaml_form(tmp_path, results))


def test_what_a_form_does_not_say_of_a_sample_is_refused_by_its_line(tmp_path):
    with pytest.raises(BadRecord, match="line 10, weather: is nothing a form says"):
        read_form(yaml_form(tmp_path, weather="fine"))


@pytest.mark.parametrize("missing", SAMPLE)
def test_a_sample_says_everything_it_must(tmp_path, missing):
    with pytest.raises(BadRecord, match=f"sample without '{missing}'"):
        read_form(yaml_form(tmp_path, **{missing: ""}))


@pytest.mark.parametrize("text", ["", "- a\n", "sample: 5\n", "results: [1]\n"])
def test_a_file_that_is_no_form_is_refused(tmp_path, text):
    path = tmp_path / "form.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(BadRecord):
        read_form(path)


def test_a_table_without_its_columns_or_with_a_cell_too_many_is_refused(tmp_path):
    with pytest.raises(BadRecord, match="line 1: no form"):
        read_form(csv_form(tmp_path, head="name,value,unit,detection"))
    with pytest.raises(BadRecord, match="line 10: 5 cells under 4 columns"):
        read_form(csv_form(tmp_path, "cod,1,5,mg/L,"))


def test_a_form_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        read_form(tmp_path / "none.yaml")
    path = tmp_path / "form.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadRecord):
        read_form(path)


@pytest.mark.parametrize(
    ("text", "base", "state", "value", "detection"),
    [
        ("0.005 mg/L", "ng/L", MEASURED, 5_000, 0),
        ("5 ug/L", "ng/L", MEASURED, 5_000, 0),
        ("-1 degC", "mc", MEASURED, -1_000, 0),
        ("< 0.005 mg/L", "ng/L", BELOW, 0, 5_000),
        ("<0.005mg/L", "ng/L", BELOW, 0, 5_000),
        ("＜5 ug/L", "ng/L", BELOW, 0, 5_000),
        ("ND", "ng/L", NOT_DETECTED, 0, 0),
        ("Not detected", COLI, NOT_DETECTED, 0, 0),
        ("未检出", COLI, NOT_DETECTED, 0, 0),
        ("none", "qualitative", ABSENT, 0, 0),
        ("Present", "qualitative", PRESENT, 0, 0),
        ("8.21 pH", "mph", MEASURED, 8_210, 0),
        ("2 CFU/100mL", COLI, MEASURED, 2, 0),
        ("2 MPN/100mL or CFU/100mL", COLI, MEASURED, 2, 0),
        ("0.5 Bq/L", "mBq/L", MEASURED, 500, 0),
        ("< 0.02 Bq/L", "mBq/L", BELOW, 0, 20),
        ("30 dilution multiple", "dilution multiple", MEASURED, 30, 0),
        ("900 count/L", "count/L", MEASURED, 900, 0),
        ("0.3 ratio", "ppm", MEASURED, 300_000, 0),
    ],
)
def test_a_value_is_converted_exactly_to_the_unit_of_its_limit(text, base, state, value, detection):
    assert read_result(Line(1, "x", text), base) == Result("x", base, state, value, detection)


def test_a_detection_limit_beside_a_value_is_kept():
    beside = Line(1, "cod", "0.9 mg/L", "0.5 mg/L")

    assert read_result(beside, "ng/L") == Result("cod", "ng/L", MEASURED, 900_000, 500_000)
    without = read_result(Line(1, "cod", "ND", "0.5 mg/L"), "ng/L")
    assert without == Result("cod", "ng/L", NOT_DETECTED, 0, 500_000)


@pytest.mark.parametrize(
    ("text", "base", "error"),
    [
        ("0.0000005 mg/L", "ng/L", FractionError),
        ("5", "ng/L", UnknownUnit),
        ("5 NTU", "ng/L", UnknownUnit),
        ("5 mol/L", "ng/L", UnknownUnit),
        ("5 CFU/mL", COLI, UnknownUnit),
        ("1.5 CFU/100mL", COLI, FractionError),
        ("many CFU/100mL", COLI, NotANumber),
        ("< 0 mg/L", "ng/L", NotANumber),
        ("< -1 mg/L", "ng/L", NotANumber),
        ("> 5 mg/L", "ng/L", NotANumber),
        ("none", "ng/L", NotANumber),
        ("present", COLI, NotANumber),
        ("slight", "qualitative", NotANumber),
        ("nan mg/L", "ng/L", NotANumber),
    ],
)
def test_a_value_that_is_not_exact_or_not_in_its_unit_is_refused(text, base, error):
    with pytest.raises(error):
        read_result(Line(1, "x", text), base)


def test_a_negative_detection_limit_is_refused():
    with pytest.raises(NotANumber):
        read_result(Line(1, "x", "5 mg/L", "-1 mg/L"), "ng/L")


@given(amount=st.integers(0, 10**12))
def test_every_whole_number_of_nanograms_comes_back(amount):
    text = f"{Decimal(amount) / 1_000_000:f} mg/L"

    assert read_result(Line(1, "x", text), "ng/L").value == amount
    if amount:
        assert read_result(Line(1, "x", f"< {text}"), "ng/L").detection == amount


def test_an_error_about_a_line_names_file_line_item_and_remedy(tmp_path):
    form = read_form(yaml_form(tmp_path, "  cod: 5\n"))

    with (
        pytest.raises(BadRecord, match="line 11, cod: '5' has no unit") as caught,
        form.at(form.results[0]),
    ):
        read_result(form.results[0], "ng/L")

    assert "write the unit" in caught.value.remedy


def test_the_profiles_of_the_project_name_bases_and_settings_there_are():
    profiles = read_profiles(PROJECT / "standards" / "laboratory.yaml", KINDS)
    settings = {one.name for one in read_settings(PROJECT / "standards" / "settings.yaml")}

    assert {one.below for one in profiles.values()} <= settings
    assert all(len(name) <= 32 and one.name == name for name, one in profiles.items())
    assert all(
        set(one.unsure) <= set(one.bases) and len(one.bases) <= 8 for one in profiles.values()
    )
    plant = profiles["drinking water, plant exit"]
    assert (plant.kinds, plant.grades) == (1 << KINDS["works"], ("",))
    struct = plant.as_struct()
    assert struct[9] == [
        (label("thm_sum"), [label(one) for one in ("chcl3", "chclbr2", "chcl2br", "chbr3")])
    ]
    assert struct[1] == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "profiles: []",
        "profiles: {a: {standard: x}}",
        "profiles: {a: {standard: x, below: y, stations: [moon], grades: [''], bases: [max]}}",
    ],
)
def test_profiles_of_another_form_are_refused(tmp_path, text):
    path = tmp_path / "laboratory.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(BadRecord):
        read_profiles(path, KINDS)


def test_profiles_that_are_not_there_are_not_found(tmp_path):
    with pytest.raises(NotFound):
        read_profiles(tmp_path / "none.yaml", KINDS)


def test_the_form_of_the_project_says_that_it_is_constructed_and_can_be_read():
    form = read_form(PROJECT / "data" / "lab_form.yaml")

    assert form.path.read_text(encoding="utf-8").startswith("# Constructed")
    assert (form.path.parent / form.sample["document"].text).is_file()
    assert len(form.results) == 9
