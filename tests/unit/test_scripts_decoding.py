"""`oracle decode` gives one verdict a frame, and an exit code when one is refused."""

import json

import pytest

from tests.conftest import PROJECT
from tests.unit.commands import called
from tests.unit.test_sl651 import REPORT

SAMPLES = PROJECT / "data" / "hj212_samples.txt"


def test_every_frame_of_the_samples_is_accepted_with_its_line(tmp_path):
    said = called("oracle", "decode", "hj212", str(SAMPLES), "--json", home=tmp_path)
    verdicts = json.loads(said.out)

    assert said.exit_code == 0
    assert [(one["line"], one["ok"], one["cn"]) for one in verdicts] == [
        (2, True, "1062"),
        (3, True, "2011"),
        (4, True, "2061"),
    ]
    assert verdicts[2]["items"][0] == {
        "code": "w00000",
        "field": "Cou",
        "value": "654.0",
        "mark": "N",
        "at": "2026-04-01T08:00:00",
    }


def test_a_refused_frame_is_told_among_the_others_and_by_the_exit_code(tmp_path):
    wrong = tmp_path / "capture.txt"
    wrong.write_bytes(SAMPLES.read_bytes().replace(b"F6C1", b"F6C2"))

    said = called("oracle", "decode", "hj212", str(wrong), home=tmp_path)

    assert said.exit_code == 6
    assert "2: 010000A8900016F000169DC0 1062 accepted" in said.out
    assert "CRC F6C2 is not F6C1" in said.out


def test_an_sl651_frame_is_read_from_hexadecimal_text_and_from_a_capture(tmp_path):
    text, capture = tmp_path / "text", tmp_path / "capture"
    text.write_text(f"; a report\n{REPORT.hex(' ')}\n", encoding="ascii")
    capture.write_bytes(REPORT)

    told = [
        called("oracle", "decode", "sl651", str(one), "--json", home=tmp_path)
        for one in (text, capture)
    ]
    first, second = (json.loads(one.out) for one in told)

    assert [one.exit_code for one in told] == [0, 0]
    assert first[0]["items"] == second[0]["items"] != []
    assert (first[0]["line"], second[0]["line"]) == (2, 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_comments_of_an_sl651_text_may_be_written_in_any_script(tmp_path, encoding):
    text = tmp_path / "text"
    text.write_bytes(f"; 站点\n{REPORT.hex()} ; 水位\n".encode(encoding))

    said = called("oracle", "decode", "sl651", str(text), "--json", home=tmp_path)

    assert [(one["line"], one["ok"]) for one in json.loads(said.out)] == [(2, True)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_comments_of_an_hj212_text_may_be_written_in_any_script(tmp_path, encoding):
    text = tmp_path / "text"
    frame = SAMPLES.read_bytes().splitlines()[2]
    text.write_bytes("; 站点\n".encode(encoding) + frame + b"\n")

    said = called("oracle", "decode", "hj212", str(text), "--json", home=tmp_path)

    assert [(one["line"], one["ok"]) for one in json.loads(said.out)] == [(2, True)]


def test_a_file_that_is_not_there_is_named(tmp_path):
    said = called("oracle", "decode", "sl651", str(tmp_path / "none"), home=tmp_path)

    assert said.exit_code == 3
