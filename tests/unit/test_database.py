"""Rows of a database: exact, behind a cursor that rises, and never twice."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ledger.channels import METER
from ledger.errors import BadRecord, NotFound
from oracle.archive import Segment
from oracle.config import load as load_config
from oracle.intake import take
from oracle.sources import database
from oracle.sources.chunks import ROWS
from oracle.sources.database import Query, SourceAway, WrongAnswer, url_of
from tests.unit.oracle_rows import NOW, T0, channel, journal, rule, shape, written

FLOW = "SELECT id, at, value FROM flow WHERE id > :after ORDER BY id LIMIT :most"
HIDDEN = "words-of-this-test"
READER = f"oracle:{HIDDEN}"


@pytest.fixture
def scada(tmp_path):
    """A database of moments and registers; it executes, and says what a query of it gives."""
    return Scada(tmp_path / "scada 1.sqlite")


class Scada:
    """An SQLite file."""

    def __init__(self, path):
        self.path = path
        self("CREATE TABLE flow (id INTEGER PRIMARY KEY, at, value)")

    def __call__(self, statement, rows=((),)):
        with closing(sqlite3.connect(self.path)) as opened, opened:
            opened.executemany(statement, rows)

    def grow(self, *ids):
        self("INSERT INTO flow VALUES (?, ?, ?)", [(n, T0 + 300 * n, 40 * n) for n in ids])

    def query(self, words=FLOW, cursor="id", **about):
        return Query(
            "scada flow", url_of("scada", f"sqlite:///{self.path}"), words, cursor, **about
        )

    def rows(self, words=FLOW, columns=("at", "value"), last=None, **about):
        return list(database.chunks(self.query(words, **about), columns, 0, last))


def telegrams(chunks):
    return [telegram for chunk in chunks for telegram in chunk.telegrams]


def after(chunk):
    return Segment("scada flow", chunk.header, chunk.first_row, tuple(chunk.telegrams))


def test_a_row_is_a_csv_line_in_the_order_of_the_querys_columns(scada):
    scada.grow(1, 2)

    (chunk,) = scada.rows()

    assert chunk.header == "id,at,value"
    assert list(chunk.telegrams) == [b"1,1700000300,40", b"2,1700000600,80"]
    assert chunk.cells == {"at": ["1700000300", "1700000600"], "value": ["40", "80"]}


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (Decimal("1.20"), "1.20"),
        (Decimal("0.0000000010"), "0.0000000010"),
        (2**63 - 1, "9223372036854775807"),
        (0.1, "0.1"),
        (1 / 3, "0.3333333333333333"),
        (float("nan"), "nan"),
        (None, ""),
        (True, "true"),
        ("1.50", "1.50"),
        (datetime.fromisoformat("2024-01-01T08:00:00+08:00"), "2024-01-01T08:00:00+08:00"),
        (datetime(2024, 1, 1, 8), "2024-01-01T08:00:00"),
    ],
)
def test_a_value_is_written_as_it_is(value, cell):
    assert database._text(value) == cell


def test_rows_come_in_chunks_that_follow_each_other(scada):
    scada.grow(*range(1, 2 * ROWS + 2))

    chunks = scada.rows()

    assert [(one.first_row, len(one)) for one in chunks] == [(0, ROWS), (ROWS, ROWS), (2 * ROWS, 1)]
    assert [int(line.split(b",")[0]) for line in telegrams(chunks)] == list(range(1, 2 * ROWS + 2))


def test_ids_below_zero_are_rows_too(scada):
    scada.grow(-5, 0, 1)

    assert len(telegrams(scada.rows())) == 3


def test_what_was_added_since_is_asked_for_behind_the_last_row(scada):
    scada.grow(1, 2)
    (before,) = scada.rows()
    scada.grow(3)

    (chunk,) = scada.rows(last=after(before))

    assert list(chunk.telegrams) == [b"3,1700000900,120"]
    assert scada.rows(last=after(chunk)) == []


def test_bytes_make_their_row_bad_and_no_other(scada):
    scada("INSERT INTO flow VALUES (?, ?, ?)", [(1, T0, b"\x01\xff"), (2, T0, 7)])

    (chunk,) = scada.rows()

    assert chunk.bad == {0: "value is bytes, no number, text or moment"}
    assert list(chunk.telegrams) == [b"1,1700000000,0x01ff", b"2,1700000000,7"]
    assert chunk.cells["at"] == ["", str(T0)]


def test_commas_quotes_and_line_breaks_stay_in_their_cell(scada):
    scada("INSERT INTO flow VALUES (?, ?, ?)", [(1, 'a,"b"', "c\nd")])

    (chunk,) = scada.rows()

    assert list(chunk.telegrams) == [b'1,"a,""b""",c d']


def test_a_text_that_sorts_is_a_cursor(scada):
    scada("INSERT INTO flow VALUES (?, ?, ?)", [(1, "2024-01-01T00:00", 1), (2, "2024-01-02", 2)])
    words = "SELECT at, value FROM flow WHERE at > :after ORDER BY at LIMIT :most"

    (chunk,) = scada.rows(words, cursor="at", begins="")

    assert scada.rows(words, cursor="at", begins="", last=after(chunk)) == []
    assert chunk.cells["value"] == ["1", "2"]


def test_a_moment_is_found_again_in_the_journal_to_the_microsecond(scada):
    begins = datetime(1, 1, 1, tzinfo=UTC)
    query = scada.query(cursor="at", begins=begins)
    last = Segment("scada flow", "id,at", 0, (b"1,2024-01-01T08:00:00.123456+08:00",))

    assert database._place(query, last) == datetime(2024, 1, 1, 0, 0, 0, 123456, UTC)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("SELECT id FROM flow ORDER BY id LIMIT :most", "lacks :after"),
        ("SELECT id FROM flow WHERE id > :after ORDER BY id", "lacks :most"),
        ("SELECT id FROM flow WHERE id > :after AND x = :x LIMIT :most", "asks for :x"),
        ("DELETE FROM flow WHERE id > :after AND id < :most", "no SELECT"),
        ("WITH a AS (DELETE FROM flow) SELECT :after, :most", "no SELECT"),
    ],
)
def test_a_query_that_cannot_be_followed_is_refused(scada, words, told):
    with pytest.raises(BadRecord, match=told):
        scada.query(words)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (FLOW.replace("id LIMIT", "id DESC LIMIT"), "does not rise"),
        (FLOW.replace("id > :after", "id >= :after - 9"), "does not rise"),
        (FLOW.replace("id,", "1 AS id,"), "does not rise"),
        (FLOW.replace("id,", "id + 0.5 AS id,"), "is a float"),
        (FLOW.replace("id,", "NULL AS id,"), "is empty"),
        (FLOW.replace("id,", "'x' || id AS id,"), "is a text"),
        (FLOW.replace(":most", ":most + 9000"), "more than :most rows"),
        (FLOW.replace("value", "at"), "no column value"),
        (FLOW.replace("id,", "at,"), "no column id"),
        (FLOW.replace("at,", "at, at,"), "at twice"),
    ],
)
def test_an_answer_that_could_lose_or_double_a_row_is_refused_whole(scada, words, told):
    scada.grow(*range(1, ROWS + 10))
    last = Segment("scada flow", "id,at,value", 0, (b"1,0,0",)) if ">=" in words else None

    with pytest.raises(WrongAnswer, match=told):
        scada.rows(words, last=last)


def test_a_text_cursor_that_the_journal_could_not_give_back_is_refused(scada):
    scada("INSERT INTO flow VALUES (?, ?, ?)", [(1, " a ", 1)])
    words = "SELECT at, value FROM flow WHERE at > :after ORDER BY at LIMIT :most"

    with pytest.raises(WrongAnswer, match="blank"):
        scada.rows(words, cursor="at", begins="")


@pytest.mark.parametrize("line", [("at,value", b"1,2"), ("id,at", b"x,2")])
def test_a_journal_that_followed_another_cursor_is_not_continued(scada, line):
    with pytest.raises(WrongAnswer, match="another name"):
        try:
            scada.rows(last=Segment("scada flow", line[0], 0, (line[1],)))
        except WrongAnswer as error:
            raise WrongAnswer(f"{error.message}; {error.remedy}") from error


def test_a_database_is_opened_to_be_read_only(scada):
    scada.grow(1)

    with (
        scada.query().engine().connect() as opened,
        pytest.raises(Exception, match="readonly database"),
    ):
        opened.exec_driver_sql("DELETE FROM flow")


def test_a_database_that_is_not_there_is_away_and_is_not_made(scada):
    scada.path.unlink()

    with pytest.raises(SourceAway, match="scada flow: unable to open"):
        scada.rows()
    assert not scada.path.exists()


def test_a_killed_oracle_goes_on_where_its_journal_is(scada, tmp_path):
    one, folder = channel(METER), tmp_path / "journal"
    wanted, mapping = rule(one, unit="L"), load_shape(tmp_path, one)

    def poll(opened, most=None):
        source = opened.source("series/scada flow", mapping, 0)
        last = opened.last_segment(source)
        chunks = database.chunks(scada.query(), mapping.columns, source.rows, last)
        for chunk in chunks:
            accepted, spoilt = take(
                chunk, mapping.time, [wanted], opened.states([1]), NOW, opened.known
            )
            opened.take(source, chunk, accepted, spoilt)

    scada.grow(1, 2, 3)
    first = journal(folder, one)
    poll(first)
    number = first.db.execute("SELECT max(id) + 1 FROM segment").fetchone()[0]
    with first.files.writing(first.archive.name_of(number)) as file:
        file.write(b"half")
    first.close()
    scada.grow(4, 5)
    again = journal(folder, one)
    poll(again)
    poll(again)
    blocks = list(again.kept(1, 0, 10))
    again.close()

    assert [value for kept in blocks for value in kept.block.value] == [40, 80, 120, 160, 200]


def load_shape(folder, one):
    from oracle.mapping import load

    return load(written(folder / "flow.yaml", shape(one, unit="L")))


def entry(**changed):
    about = {"url_file": "scada.url", "query": FLOW, "cursor": "id", "mapping": "flow.yaml"}
    return about | {"name": "scada flow"} | changed


@pytest.fixture
def configured(scada, tmp_path):
    load_shape(tmp_path, channel(METER))
    (tmp_path / "scada.url").touch(mode=0o600)
    (tmp_path / "scada.url").write_text(f"sqlite:///{scada.path}\n", encoding="utf-8")

    def load(*databases):
        return load_config(written(tmp_path / "waterline.toml", {"databases": list(databases)}))

    return load


def test_a_configuration_names_databases_by_a_file_that_only_its_owner_reads(configured, tmp_path):
    [table] = configured(entry()).inputs()
    (tmp_path / "scada.url").chmod(0o640)

    assert table.name == "series/scada flow"
    with pytest.raises(BadRecord, match="can be read by others"):
        configured(entry())
    with pytest.raises(NotFound, match="no file"):
        configured(entry(url_file="other.url"))


def test_history_that_is_imported_says_so_in_the_title_of_its_series(configured):
    [table] = configured(entry(imported=True)).inputs()

    assert table.mapping.title == "series (pre-chain)"


def test_two_databases_of_one_name_are_refused(configured):
    with pytest.raises(BadRecord, match="the same name"):
        configured(entry(), entry(cursor="at"))


@pytest.mark.parametrize(
    ("raw", "kind"), [(7, int), ("", str), (datetime(2024, 1, 1, tzinfo=UTC), datetime)]
)
def test_a_cursor_begins_with_a_value_of_its_type(configured, raw, kind):
    [table] = configured(entry(begins=raw)).inputs()

    assert isinstance(table.query.begins, kind)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("scada", "no readable URL"),
        ("nothing://scada/x", "cannot be opened"),
        (f"postgresql://{READER}@10.0.0.1/x", "name ca_file"),
        (f"postgresql://{READER}@/x?host=10.0.0.1", "name ca_file"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_its_password(configured, tmp_path, url, told):
    (tmp_path / "scada.url").write_text(url, encoding="utf-8")

    with pytest.raises(BadRecord, match=told) as caught:
        configured(entry())
    assert HIDDEN not in str(caught.value)
