"""Files cut into rows: each row is kept as it came, and what cannot be cut says why."""

import pandas as pd
import pytest

from ledger.errors import BadRecord, NotFound, UsageError
from oracle.sources.chunks import ROWS
from oracle.sources.files import read


def csv_file(folder, data):
    path = folder / "f.csv"
    path.write_bytes(data)
    return path


def all_of(path, columns=("at", "value"), first_row=0, growing=False):
    return list(read(path, columns, first_row, growing=growing))


def test_a_line_is_kept_byte_for_byte_and_cut_into_trimmed_cells(tmp_path):
    (chunk,) = all_of(csv_file(tmp_path, b'at,value\r\n1, 2.50 \r\n3,"4"\r\n'))

    assert list(chunk.telegrams) == [b"1, 2.50 ", b'3,"4"']
    assert chunk.cells["value"] == ["2.50", "4"]
    assert chunk.header == "at,value"


def test_a_byte_order_mark_and_empty_lines_are_passed_over(tmp_path):
    (chunk,) = all_of(csv_file(tmp_path, b"\xef\xbb\xbfat,value\n1,2\n\n3,4\n"))

    assert chunk.cells["at"] == ["1", "3"]


@pytest.mark.parametrize(
    ("line", "words"),
    [(b"1", "1 cells"), (b"1,2,3", "3 cells"), (b'1,"2', "unexpected end"), (b"1,\xff", "utf-8")],
)
def test_a_line_that_cannot_be_cut_is_kept_with_its_reason(tmp_path, line, words):
    (chunk,) = all_of(csv_file(tmp_path, b"at,value\n0,0\n" + line + b"\n9,9\n"))

    assert words in chunk.bad[1]
    assert chunk.telegrams[1] == line
    assert chunk.cells["value"] == ["0", "", "9"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "header"),
        (b"\n1,2\n", "header"),
        (b"at,at\n", "names at twice"),
        (b"at,flow\n1,2\n", "no column value"),
        ("at,value\n".encode("utf-16"), "header"),
    ],
)
def test_a_file_without_the_header_it_needs_is_refused(tmp_path, data, words):
    with pytest.raises(BadRecord, match=words):
        all_of(csv_file(tmp_path, data))


def test_a_growing_files_last_line_waits_for_its_end(tmp_path):
    path = csv_file(tmp_path, b"at,value\n1,2\n3,4")

    assert [len(chunk) for chunk in all_of(path, growing=True)] == [1]
    assert [len(chunk) for chunk in all_of(path)] == [2]


def test_reading_goes_on_behind_the_rows_taken_before(tmp_path):
    path = csv_file(tmp_path, b"at,value\n" + b"".join(b"%d,0\n" % n for n in range(ROWS + 5)))

    chunks = all_of(path, first_row=ROWS - 1)

    assert [(chunk.first_row, len(chunk)) for chunk in chunks] == [(ROWS - 1, 6)]
    assert [len(chunk) for chunk in all_of(path)] == [ROWS, 5]


def test_a_parquet_row_is_written_with_its_shortest_decimals(tmp_path):
    path = tmp_path / "f.parquet"
    frame = {"at": [1, 2], "value": [0.1, None], "ok": [True, False], "note": ["a,b\nc", None]}
    pd.DataFrame(frame).to_parquet(path)

    (chunk,) = all_of(path)

    assert list(chunk.telegrams) == [b'1,0.1,true,"a,b c"', b"2,,false,"]
    assert chunk.cells["value"] == ["0.1", ""]


def test_a_parquet_file_goes_on_behind_the_rows_taken_before(tmp_path):
    path = tmp_path / "f.parquet"
    pd.DataFrame({"at": range(ROWS + 3), "value": 1.5}).to_parquet(path)

    chunks = all_of(path, first_row=ROWS - 2)

    assert [(chunk.first_row, len(chunk)) for chunk in chunks] == [(ROWS - 2, 2), (ROWS, 3)]
    assert chunks[0].cells["at"] == [str(ROWS - 2), str(ROWS - 1)]


def test_files_of_no_known_kind_or_content_are_refused(tmp_path):
    broken = tmp_path / "f.parquet"
    broken.write_bytes(b"at,value\n")

    with pytest.raises(BadRecord, match="cannot be read"):
        all_of(broken)
    with pytest.raises(UsageError, match="neither CSV nor Parquet"):
        all_of(tmp_path / "f.xlsx")
    with pytest.raises(NotFound, match="no file"):
        all_of(tmp_path / "absent.csv")
