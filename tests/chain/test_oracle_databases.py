"""Rows of a real PostgreSQL reach the chain once, whatever is away or killed meanwhile."""

from datetime import UTC, datetime
from pathlib import Path

import certifi
import pg8000.dbapi
import pytest
from sqlalchemy.engine import make_url

from oracle import feed
from oracle.config import load
from oracle.report import report
from oracle.sources import database
from oracle.sources.database import Query, SourceAway, WrongAnswer, url_of
from tests.contracts.suite import T0
from tests.unit.oracle_rows import written

QUERY = "SELECT id, read_at, total_m3 FROM flow WHERE id > :after ORDER BY id LIMIT :most"
SHARED = (
    "SELECT id, read_at, total_m3 FROM flow WHERE id > :after"
    " AND tx < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY id LIMIT :most"
)


@pytest.fixture
def scada(postgres):
    """The server with an empty table of a meter's registers."""
    postgres(
        "DROP TABLE IF EXISTS flow; CREATE TABLE flow (id serial PRIMARY KEY, read_at timestamptz,"
        " total_m3 numeric(12, 3), tx xid8 DEFAULT pg_current_xact_id())"
    )
    yield postgres
    if postgres.process is None:
        postgres.start()


@pytest.fixture
def fed(town, scada):
    """A town with one meter whose registers come from the database, and one with a file."""
    town.device, town.scada = town.meter(), scada
    town.well = town.file("well", town.meter(), expected([1, 2]))
    town.lane()
    town.chain.tester.disable_auto_mine_transactions()
    (town.folder / "scada.url").touch(mode=0o600)
    (town.folder / "scada.url").write_text(scada.url(), encoding="utf-8")
    shape = {
        "title": "flow",
        "time": {"form": "iso8601", "column": "read_at"},
        "channels": [
            {
                **{"column": "total_m3", "device": town.device, "parameter": "volume"},
                **{"of": "register", "unit": "m3"},
            }
        ],
    }
    written(town.folder / "flow.yaml", shape)
    return town


def configured(town, **changed):
    entry = {"url_file": "scada.url", "query": QUERY, "cursor": "id", "mapping": "flow.yaml"}
    document = {"databases": [entry | {"name": "scada flow"} | changed]}
    return load(written(town.folder / "waterline.toml", document))


def row(n):
    """The n-th reading as SQL: a register in cubic metres, at its moment in another zone."""
    at = f"{datetime.fromtimestamp(T0 + 300 * n, UTC):%Y-%m-%d %H:%M:%S+00}"
    return f"INSERT INTO flow (read_at, total_m3) VALUES ('{at}', {(100 + 40 * n) / 1000:.3f});"


def inserted(town, *numbers):
    return lambda: town.scada("".join(row(n) for n in numbers))


def expected(numbers):
    return [(T0 + 300 * n, 100 + 40 * n) for n in numbers]


def watched(town, oracle, inputs, acts=()):
    """Run the oracle; after each round one of the acts, then four rounds to settle."""
    left = iter([*acts, *([lambda: None] * 4)])

    def wait(_):
        town.mine()
        act = next(left, None)
        if act is None:
            return True
        act()
        return False

    tell = lambda event, **keys: town.told.append((event, keys))  # noqa: E731
    feed.watch(oracle, inputs, wait, 0, tell)


def about_databases(town):
    return [event for event, _ in town.told if event.startswith("database")]


def test_rows_that_psql_inserts_are_settled_as_they_come(fed):
    inserted(fed, 1, 2)()

    watched(fed, fed.oracle(), configured(fed).inputs, [inserted(fed, 3), inserted(fed, 4, 5)])

    assert fed.registers() == expected(range(1, 6))
    assert about_databases(fed) == []


def test_an_oracle_killed_between_two_polls_loses_and_doubles_nothing(fed):
    inserted(fed, 1, 2)()
    first = fed.oracle()
    for _ in first.read(next(configured(fed).inputs()), growing=True):
        fed.kill(first)
        break
    inserted(fed, 3)()

    again = fed.oracle()
    watched(fed, again, configured(fed).inputs, [inserted(fed, 4)])
    [source] = report(again.journal).sources

    assert fed.registers() == expected(range(1, 5))
    assert (source["rows"], report(again.journal).repeated) == (4, 0)


def test_a_telegram_in_the_archive_is_the_row_as_the_database_has_it(fed):
    fed.scada(f"SET TIME ZONE 'Asia/Shanghai'; {row(1)}")
    fed.scada("ALTER ROLE works SET TIME ZONE 'Asia/Shanghai'")
    oracle = fed.oracle()

    watched(fed, oracle, configured(fed).inputs)
    fed.scada("ALTER ROLE works RESET TIME ZONE")

    assert oracle.journal.segment(1).header == "id,read_at,total_m3"
    at = datetime.fromtimestamp(T0 + 300, UTC).timestamp()
    [telegram] = oracle.journal.segment(1).telegrams
    number, read_at, total = telegram.decode().split(",")
    assert (number, total) == ("1", "0.140")
    assert read_at.endswith("+08:00")
    assert datetime.fromisoformat(read_at).timestamp() == at


def test_a_database_that_is_away_is_told_once_and_files_go_on(fed):
    inserted(fed, 1)()
    feeds, nothing = configured(fed), [lambda: None] * 2

    def grown():
        with fed.well.path.open("a", encoding="utf-8") as file:
            file.write(f"{T0 + 900},220\n")

    watched(
        fed,
        fed.oracle(),
        lambda: [*feeds.inputs(), fed.well],
        [
            *(fed.scada.stop, *nothing),
            grown,
            *(*nothing, fed.scada.start, inserted(fed, 2), *nothing),
        ],
    )

    assert sorted(fed.registers()) == sorted([*expected([1, 2]), *expected([1, 2, 3])])
    assert about_databases(fed) == ["database is away", "database is back"]


def test_a_wrong_answer_is_told_once_and_nothing_of_it_is_taken(fed):
    inserted(fed, 1, 2)()
    oracle = fed.oracle()

    watched(fed, oracle, configured(fed, query=QUERY.replace("id LIMIT", "id DESC LIMIT")).inputs)

    assert about_databases(fed) == ["database answers wrongly"]
    assert report(oracle.journal).source_rows == 0


def test_imported_history_is_a_series_from_before_the_chain(fed):
    inserted(fed, 1)()
    oracle = fed.oracle()

    watched(fed, oracle, configured(fed, imported=True).inputs)
    [source] = report(oracle.journal).sources

    assert source["series"] == "flow (pre-chain)"


def test_a_row_that_is_committed_late_is_waited_for(fed):
    where = make_url(fed.scada.url())
    about = {"host": where.host, "port": where.port, "password": where.password}
    late = pg8000.dbapi.connect(where.username, database=where.database, **about)
    cursor = late.cursor()
    cursor.execute(row(1))
    inserted(fed, 2)()
    oracle, feeds = fed.oracle(), configured(fed, query=SHARED)

    for _ in oracle.read(feeds.tables[0], growing=True):
        pass
    before = report(oracle.journal).source_rows
    late.commit()
    late.close()
    watched(fed, oracle, feeds.inputs)

    assert before == 0
    assert fed.registers() == expected([1, 2])


# what the driver gives, without a chain


def asked(postgres, words, columns, cursor="id", ca_file=None, **about):
    url = url_of("scada", postgres.url())
    query = Query("scada flow", url, words, cursor, ca_file=ca_file, **about)
    return list(database.chunks(query, columns, 0, None))


def test_types_of_postgresql_are_written_exactly(postgres):
    words = (
        "SELECT 1 AS id, 1.20::numeric AS a, 0.1::real AS b, 1e-7::float8 AS c, true AS d,"
        " timestamp '2024-01-01 08:00:00.5' AS e, NULL AS f, 'x'::text AS g,"
        " 9223372036854775807::bigint AS h, 'NaN'::numeric AS i, 0.0000000010::numeric AS j"
        " WHERE 1 > :after LIMIT :most"
    )

    [chunk] = asked(postgres, words, ["a"])

    assert list(chunk.telegrams) == [
        b"1,1.20,0.1,1e-07,true,2024-01-01T08:00:00.500000,,x,9223372036854775807,NaN,0.0000000010"
    ]
    assert chunk.bad == {}


def test_bytes_of_postgresql_make_their_row_bad(postgres):
    words = "SELECT 1 AS id, '\\\\x01'::bytea AS raw WHERE 1 > :after LIMIT :most"

    [chunk] = asked(postgres, words, ["raw"])

    assert chunk.bad == {0: "raw is bytes, no number, text or moment"}


def test_a_moment_is_a_cursor_when_it_begins_with_one_of_its_kind(scada):
    scada(row(1) + row(2))
    words = "SELECT read_at FROM flow WHERE read_at > :after ORDER BY read_at LIMIT :most"
    first = datetime(1970, 1, 1, tzinfo=UTC)

    [chunk] = asked(scada, words, [], "read_at", begins=first)

    assert len(chunk) == 2
    with pytest.raises(WrongAnswer, match="a moment with an offset"):
        asked(scada, words, [], "read_at", begins=datetime(1970, 1, 1))


def test_a_query_that_writes_fails(scada):
    words = "SELECT nextval('flow_id_seq') AS id WHERE 1 > :after LIMIT :most"

    with pytest.raises(SourceAway, match="read-only transaction"):
        asked(scada, words, [])
    assert scada("SELECT is_called FROM flow_id_seq") == "f"


def test_a_connection_is_encrypted_where_an_authority_is_named(postgres):
    if postgres.certificate is None:
        pytest.skip("no openssl here")
    words = (
        "SELECT 1 AS id, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND 1 > :after"
        " LIMIT :most"
    )

    [sealed] = asked(postgres, words, ["ssl"], ca_file=postgres.certificate)

    assert sealed.cells["ssl"] == ["true"]
    with pytest.raises(SourceAway, match="certificate verify failed"):
        asked(postgres, words, ["ssl"], ca_file=Path(certifi.where()))


def test_a_wrong_password_is_told_and_not_shown(postgres):
    url = url_of("scada", postgres.url()).set(password="wrong one")
    words = "SELECT 1 AS id WHERE 1 > :after LIMIT :most"

    with pytest.raises(SourceAway, match="password authentication failed") as caught:
        list(database.chunks(Query("scada flow", url, words, "id"), [], 0, None))
    assert "wrong one" not in str(caught.value)
