"""What people write and got wrong is told with its file, its line, its key, and what to do."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadRecord, NotFound
from oracle.config import load, read
from oracle.documents import line_of, toml_lines, yaml_lines
from oracle.mapping import load as load_mapping
from tests.conftest import PROJECT
from tests.unit.oracle_rows import channel, shape, written

CONFIG = """# a city
poll_s = 2

[[sources]]
mapping = "m.yaml"
file = "a.csv"

[[sources]]
mapping = "m.yaml"
folder = "in"     # all of them

[[listen]]
protocol = "hj212"
port = 9212
mappings = [
  "m.yaml",
]

[checks]
silence = {cadences = 3}

[[checks.balances]]
title = "works"
left = [{device = "A", parameter = "volume"}]
right = [{device = "B", parameter = "volume"}]
window = "1 d"
tolerance_permille = 50

[warnings.recipients.duty]
mail = "duty@city.example"

[[warnings.ladders]]
rungs = [{to = ["duty"]}]

[warnings.mail]
host = "mail.city.example"
sender = "waterline@city.example"
"""
MAPPING = """title: wells
time: {form: unix_s, column: at}
channels:
  - {column: a, device: A, parameter: volume, unit: m3, of: register}
  - column: b
    device: B
    parameter: cod
    unit: mg/L
    decimals: 1
"""


def refused(tmp_path, old, new, text=CONFIG, name="waterline.toml", read=load):
    assert text.count(old) >= 1
    path = tmp_path / name
    written(tmp_path / "m.yaml", shape(channel()))
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadRecord) as error:
        read(path)
    return error.value


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("poll_s = 2", "poll_s = 0", "line 2: poll_s: "),
        ("poll_s = 2", "pol_s = 2", "line 2: pol_s: there is no such key"),
        ('folder = "in" ', 'folders = "in" ', "line 10: sources.1.folders: there is no such key"),
        ('file = "a.csv"\n', "", "line 4: sources.0: Value error, name either file or folder"),
        ('"hj212"', '"modem"', "line 13: listen.0.protocol: "),
        ('  "m.yaml",', "  7,", "line 15: listen.0.mappings.0: "),
        ("cadences = 3", "cadences = 0", "line 20: checks.silence.cadences: "),
        ('title = "works"\n', "", "line 22: checks.balances.0.title: Field required"),
        ("permille = 50", "permille = 5000", "line 27: checks.balances.0.tolerance_permille: "),
        ('device = "B"', "device = 1", "line 25: checks.balances.0.right.0.device: "),
        ('"duty@city.example"', '"duty"', "line 30: warnings.recipients.duty.mail: "),
        ('to = ["duty"]', "to = []", "line 33: warnings.ladders.0.rungs.0.to: "),
    ],
)
def test_a_fault_in_a_configuration_is_told_with_its_line_and_key(tmp_path, old, new, told):
    error = refused(tmp_path, old, new)

    assert f"waterline.toml, {told}" in error.message
    assert "docs/sources.md" in error.remedy


def test_a_value_that_is_wrong_is_told_and_one_of_an_unknown_key_is_not(tmp_path):
    wrong = refused(tmp_path, "poll_s = 2", "poll_s = -7")
    unknown = refused(tmp_path, "poll_s = 2", "poll = 'never shown'")

    assert wrong.message.endswith("not '-7'")
    assert "never shown" not in unknown.message


def test_a_text_that_is_no_toml_is_told_with_its_line(tmp_path):
    error = refused(tmp_path, "poll_s = 2", "poll_s: 2")

    assert "waterline.toml cannot be read" in error.message
    assert "line 2" in error.message


def test_a_configuration_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(NotFound, match="no configuration at"):
        load(tmp_path / "waterline.toml")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("form: unix_s", "form: unix", "line 2: time.form: "),
        ("unit: m3,", "unit: m3, gradient: 1,", "line 4: channels.0.gradient: there is no such"),
        ("    unit: mg/L\n", "", "line 5: channels.1.unit: Field required"),
        ("decimals: 1", "decimals: many", "line 9: channels.1.decimals: "),
    ],
)
def test_a_fault_in_a_mapping_is_told_with_its_line_and_key(tmp_path, old, new, told):
    error = refused(tmp_path, old, new, MAPPING, "wells.yaml", load_mapping)

    assert f"wells.yaml, {told}" in error.message


def test_a_key_that_a_file_lacks_altogether_has_no_line(tmp_path):
    error = refused(tmp_path, "title: wells\n", "", MAPPING, "wells.yaml", load_mapping)

    assert "wells.yaml: title: Field required" in error.message


def test_a_text_that_is_no_yaml_is_told_with_its_line(tmp_path):
    error = refused(tmp_path, "time: {", "time: [", MAPPING, "wells.yaml", load_mapping)

    assert "line 2" in error.message


NAMES = st.text("abcxyz", min_size=1, max_size=3)
TABLES = st.lists(st.tuples(NAMES, NAMES, st.integers(0, 2)), min_size=1, max_size=8)


@given(TABLES)
def test_the_line_of_every_table_in_a_list_is_found(tables):
    lines, places, counts = [], [], {}
    for name, key, blank in tables:
        lines += [""] * blank
        counts[name] = counts.get(name, -1) + 1
        lines += [f"[[{name}]]", f'{key} = """\n[{name}]\n"""', ""]
        lines = "\n".join(lines).split("\n")
        places.append(((name, counts[name], key), len(lines) - 3))
    found = toml_lines("\n".join(lines))

    assert all(found[place] == line for place, line in places)


def test_a_dotted_key_and_a_table_within_the_last_of_a_list_are_found():
    found = toml_lines("[[a]]\n[[a]]\n[a.b]\nc.d = {e = 1}\n")

    assert found["a", 1, "b", "c", "d", "e"] == 4
    assert line_of(found, ("a", 1, "b", "x")) == 3
    assert line_of(found, ("x",)) is None


def test_an_empty_document_has_no_lines():
    assert yaml_lines("") == toml_lines("") == {}


SHOWN = [
    text
    for page in ("sources", "warnings", "runbook")
    for text in re.findall(
        r"```toml\n(.*?)```", (PROJECT / "docs" / f"{page}.md").read_text(encoding="utf-8"), re.S
    )
]


@pytest.mark.parametrize("text", SHOWN)
def test_a_configuration_that_a_page_shows_is_one(tmp_path, text):
    path = tmp_path / "waterline.toml"
    fed = "" if "mapping" in text else '\n[[sources]]\nmapping = "m.yaml"\nfile = "a.csv"\n'
    path.write_text(text + fed, encoding="utf-8")

    assert read(path).model_fields_set
