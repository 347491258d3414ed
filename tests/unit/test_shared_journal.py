"""A journal on a PostgreSQL server: who writes it, and what a broken way to it costs."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from socket import SHUT_RDWR

import pytest

from ledger.channels import METER
from ledger.errors import BadRecord, NotAuthorised, NotFound
from oracle.journal import Journal
from oracle.link import Link
from oracle.outbox import Attempt, Outbox
from oracle.places import JournalAway, JournalBusy, Server, place_of
from oracle.postgres import PART, evict
from oracle.readings import Refusal
from oracle.report import report
from oracle.sources.chunks import Chunk
from oracle.store import Store
from oracle.warnings.book import Book, Warned
from tests.unit.commands import called
from tests.unit.oracle_rows import IDENTITY, T0, channel, journal
from tests.unit.test_oracle_journal import ROWS, WELL, fed, kept

TOLD = "Secret-1"  # a word that no message may repeat
URL_TOLD = "postgresql://{}@127.0.0.1/db".format(f"u:{TOLD}")
# writes a journal, says so, and goes on until it is killed
WRITING = """
import sys
from oracle.places import place_of
from tests.unit.oracle_rows import journal
from tests.unit.test_oracle_journal import WELL, T0, fed
opened = journal(place_of(sys.argv[1]), WELL)
for n in range(10_000):
    fed(opened, [(T0 + 900 * (4 * n + k), 4 * n + k) for k in range(1, 5)], first_row=4 * n)
    print(n, flush=True)
"""


@pytest.fixture
def opened(shared):
    made = journal(shared, WELL)
    yield made
    made.close()


def url_of(server):
    return f"{server}&passfile={server.passfile}"


# where it is


def test_a_url_names_its_user_host_database_and_schema():
    place = place_of(
        "postgresql://or%20acle@db.works.example:5433/water?schema=lane_1"
        "&passfile=pass&sslrootcert=/etc/ca.pem",
        Path("/etc/waterline"),
    )

    files = (Path("/etc/waterline/pass"), Path("/etc/ca.pem"))
    assert place == Server("or acle", "db.works.example", 5433, "water", "lane_1", *files)
    assert str(place) == "postgresql://or%20acle@db.works.example:5433/water?schema=lane_1"


def test_whatever_is_no_url_is_a_folder():
    assert place_of("journal", Path("/srv")) == Path("/srv/journal")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (URL_TOLD, "holds a password"),
        ("postgresql://u@127.0.0.1/db?password=Secret-1", "holds a password"),
        ("postgresql://127.0.0.1/db", "names no user"),
        ("postgresql://u@127.0.0.1", "no database"),
        ("postgresql://u@127.0.0.1/db?sslmode=Secret-1", "does not take sslmode"),
        ("postgresql://u@127.0.0.1:Secret-1/db", "cannot be read"),
        ('postgresql://u@127.0.0.1/db?schema=a"b', "no schema"),
        ("postgresql://u@127.0.0.1/db?schema=pg_catalog", "no schema"),
        ("postgresql://u@db.works.example/db", "another machine"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_and_no_password_is_told(words, why):
    with pytest.raises(BadRecord, match=why) as refused:
        place_of(words)

    assert TOLD not in str(refused.value) + refused.value.remedy


# who may open it


def test_a_password_that_others_can_read_is_refused(shared, tmp_path):
    passfile = Path(shutil.copy(shared.passfile, tmp_path))
    passfile.chmod(0o644)

    with pytest.raises(BadRecord, match="can be read by others"):
        Store(replace(shared, passfile=passfile), writing=False)


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("127.0.0.1:*:*:somebody:x", BadRecord),
        ("127.0.0.1:*:*:works:wrong", NotAuthorised),
        ("# nothing", BadRecord),
    ],
)
def test_a_password_file_without_the_right_one_opens_nothing(shared, tmp_path, line, refused):
    passfile = tmp_path / "pass"
    passfile.touch(mode=0o600)
    passfile.write_text(f"{line}\n", encoding="utf-8")

    with pytest.raises(refused) as error:
        Store(replace(shared, passfile=passfile), writing=False)

    assert "wrong" not in str(error.value)


def test_a_certificate_of_the_server_is_looked_at(shared, postgres, tmp_path):
    if postgres.certificate is None:
        pytest.skip("no openssl here")
    journal(replace(shared, ca_file=postgres.certificate), WELL).close()
    with pytest.raises(JournalAway, match=r"certificate verify failed"):
        Store(replace(shared, ca_file=_another(tmp_path)), writing=False)


def _another(folder):
    """A certificate that nobody has."""
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    words = ["openssl", "req", *kind, "-subj", "/CN=x", "-keyout", folder / "k", "-out"]
    subprocess.run([*words, folder / "c.pem"], check=True, capture_output=True)
    return folder / "c.pem"


def test_a_database_that_cannot_hold_every_text_is_refused(shared, postgres):
    postgres("CREATE DATABASE narrow ENCODING 'LATIN1' TEMPLATE template0")

    with pytest.raises(BadRecord, match="encoded as LATIN1"):
        Store(replace(shared, database="narrow"), writing=True)


def test_a_reader_makes_nothing(shared, postgres):
    with pytest.raises(BadRecord, match="no journal in"):
        Store(shared, writing=False)

    there = f"SELECT count(*) FROM pg_namespace WHERE nspname = '{shared.schema}'"
    assert postgres(there) == "0"


def test_a_database_that_is_not_there_is_named(shared):
    with pytest.raises(BadRecord, match="nowhere"):
        Store(replace(shared, database="nowhere"), writing=False)


# who writes it


def test_the_holder_of_a_journal_is_named_and_two_schemas_are_two_journals(opened, postgres):
    with pytest.raises(JournalBusy, match=f"process {os.getpid()} of .* writes the journal"):
        Journal(opened.place, writing=True)

    journal(postgres.journal("beside"), WELL).close()


def test_a_writer_whose_epoch_was_passed_cannot_commit(opened, postgres):
    fed(opened, ROWS[:4])
    postgres(f"UPDATE {opened.place.schema}.writer SET epoch = epoch + 1, holder = 'machine b'")

    with pytest.raises(JournalAway, match="machine b has taken"):
        fed(opened, ROWS[4:], first_row=4)
    with pytest.raises(JournalAway):
        opened.states([WELL.id])

    with closing(Journal(opened.place, writing=False)) as reader:
        assert len(kept(reader)) == 4


def test_who_takes_over_waits_for_a_commit_that_is_under_way(opened):
    with opened.commit() as db:
        with closing(Link(opened.place)) as other:
            other.execute("SELECT set_config('lock_timeout', '200ms', false)")
            with pytest.raises(JournalAway, match="lock timeout"):
                other.execute("UPDATE writer SET epoch = epoch + 1")
        db.execute("INSERT INTO meta VALUES ('step', 'taken')")

    assert opened.identity()["step"] == "taken"


def test_a_writer_that_was_evicted_is_cut_off_and_the_next_one_goes_on(opened):
    fed(opened, ROWS[:4])
    evict(opened.place)

    with pytest.raises(JournalAway):
        opened.touch()
    with closing(Journal(opened.place, writing=True)) as following:
        following.bind(IDENTITY)
        fed(following, ROWS, first_row=0)
        assert len(kept(following)) == len(ROWS)
        assert report(following).repeated == 4


def test_a_writer_s_session_ends_by_itself_when_nothing_is_heard_of_it(opened, postgres):
    said = opened.db.execute(
        "SELECT current_setting('synchronous_commit') AS safe,"
        " current_setting('idle_session_timeout') AS idle,"
        " current_setting('idle_in_transaction_session_timeout') AS within"
    ).fetchone()

    assert (said["safe"], said["idle"], said["within"]) == ("on", "1min", "1min")


def test_commits_are_synchronous_whatever_the_role_was_set_to(shared, postgres):
    postgres("ALTER ROLE works SET synchronous_commit = off")
    try:
        with closing(journal(shared, WELL)) as made:
            asked = "SELECT current_setting('synchronous_commit') AS safe"
            assert made.db.execute(asked).fetchone()["safe"] == "on"
    finally:
        postgres("ALTER ROLE works RESET synchronous_commit")


def test_a_killed_writer_leaves_whole_chunks_and_its_place_is_free_at_once(shared):
    words = [sys.executable, "-c", WRITING, url_of(shared)]
    writing = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    for line in writing.stdout:
        if int(line) >= 20:
            os.kill(writing.pid, signal.SIGKILL)
            break
    writing.stdout.close()
    assert writing.wait() == -signal.SIGKILL

    with closing(Journal(shared, writing=True)) as following:
        readings, rows = kept(following), following.find_source("well/f.csv").rows
        assert rows == len(readings) >= 80
        assert readings == [(T0 + 900 * n, 1_000 * n) for n in range(1, rows + 1)]
        source = following.find_source("well/f.csv")
        assert following.last_row(source) == b"%d,%d" % (T0 + 900 * rows, rows)


# a way that breaks


def test_a_server_that_leaves_during_a_commit_is_told_and_what_was_committed_is_kept(
    opened, postgres
):
    fed(opened, ROWS[:4])
    try:
        with pytest.raises(JournalAway), opened.commit() as db:
            db.execute("UPDATE source SET rows = 99")
            postgres.stop()
        with pytest.raises(JournalAway, match="does not answer"):
            Journal(opened.place, writing=True)
    finally:
        postgres.start()

    with closing(Journal(opened.place, writing=True)) as following:
        assert following.find_source("well/f.csv").rows == 4


def test_an_answer_that_was_lost_is_read_again_from_what_was_committed(opened):
    """COMMIT reached the server, its answer did not reach us."""
    outbox = Outbox(opened, WELL.contract, 1)
    outbox.enter(1, "0xrelay", 0, b"\0" * 32)
    socket = opened.db._link._usock
    answered = opened.db.execute

    def losing(words, values=()):
        if words == "COMMIT":
            opened.db._link.send_QUERY("COMMIT")
            opened.db._link._sock.flush()
            socket.recv(65_536)
            socket.shutdown(SHUT_RDWR)
        return answered(words, values)

    opened.db.execute = losing
    with pytest.raises(JournalAway):
        outbox.store(Attempt(0, 1, 7, "0xabc", b"signed", 1, "alive"))

    with closing(Journal(opened.place, writing=True)) as following:
        (there,) = Outbox(following, WELL.contract, 1).attempts()
        assert (there.nonce, there.raw) == (7, b"signed")


# what is kept


def test_text_that_postgresql_cannot_hold_is_shown_and_its_row_is_as_it_came(opened):
    source = opened.stranger("unmapped/x")
    raw = b"a\0b;'\\\n?"
    refusal = Refusal(None, 0, None, "a\0b'?\\", "unmapped", "it's \\ ?")

    opened.take(source, Chunk(0, "x", [raw], {}), [], [refusal])

    row = opened.db.execute("SELECT text, detail FROM held").fetchone()
    assert (row["text"], row["detail"]) == ("a\u2400b'?\\", "it's \\ ?")
    assert opened.telegram(1, 0) == raw


@pytest.mark.parametrize("size", [1, PART, PART + 1, 2 * PART])
def test_a_file_of_any_size_is_whole_and_a_second_one_takes_its_place(opened, size):
    content = os.urandom(size)
    for whole in (b"before", content):
        with opened.files.writing("settled/x") as file:
            file.write(whole)

    with opened.files.open("settled/x") as file:
        assert file.read() == content
    opened.files.remove("settled/x")
    with pytest.raises(FileNotFoundError):
        opened.files.open("settled/x")
    with pytest.raises(NotFound):
        opened.files.private("settled/x")


def test_a_thousand_channels_are_asked_for_and_moved_at_once(shared):
    wells = [channel(METER, number) for number in range(1, 2_501)]
    with closing(journal(shared, *wells)) as made:
        assert len(made.states([one.id for one in wells])) == 2_500
        assert made.states([]) == {}


# whoever else looks


def test_somebody_takes_note_of_a_warning_while_the_oracle_writes(opened, tmp_path):
    with opened.commit():
        Book(opened).add(Warned("k", "quota", "MAIN", T0, "much"), T0, ["a@works.example"])

    words = ("oracle", "acknowledge", 1, "--note", "Li", "--journal", url_of(opened.place))
    said = called(*words, home=tmp_path)

    assert "1 noted: Li" in said.out
    assert Book(opened).one(1)["note"] == "Li"


def test_status_and_quarantine_are_shown_from_a_url(opened, tmp_path):
    fed(opened, [*ROWS, (T0, 1)])
    where = ("--journal", url_of(opened.place))

    status = called("oracle", "status", *where, home=tmp_path)
    held = called("oracle", "quarantine", "show", 1, *where, home=tmp_path)

    assert "8 readings received" in status.out
    assert f"{T0},1" in held.out


def test_a_url_with_a_password_is_refused_by_the_commands(tmp_path):
    said = called("oracle", "status", "--journal", URL_TOLD, home=tmp_path)

    assert said.exit_code == 2
    assert "passfile" in said.err
    assert TOLD not in said.out + said.err
