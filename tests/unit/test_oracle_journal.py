"""What is on the disk: a chunk whole or not at all, each reading once, bound to one chain."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from ledger.channels import METER
from ledger.errors import BadRecord, WrongChain
from oracle.batch import cut, lay
from oracle.intake import take
from oracle.journal import Journal
from oracle.places import JournalBusy
from oracle.report import report
from oracle.store import Store
from tests.unit.oracle_rows import (
    IDENTITY,
    NOW,
    T0,
    channel,
    chunk,
    cut_off,
    journal,
    mapping,
    rule,
)

WELL = channel(METER)
ROWS = [(T0 + 900 * n, f"{n}.5") for n in range(1, 9)]

# takes one chunk after another and is killed by whoever watches its journal
FEEDING = """
import sys
from pathlib import Path
from tests.unit.test_oracle_journal import WELL, T0, fed
from tests.unit.oracle_rows import journal
opened = journal(Path(sys.argv[1]), WELL)
for n in range(10_000):
    fed(opened, [(T0 + 900 * (4 * n + k), 4 * n + k) for k in range(1, 5)], first_row=4 * n)
    print(n, flush=True)
"""


def fed(opened, rows, first_row=0):
    """Take rows in as the oracle does."""
    source = opened.source("well/f.csv", mapping(WELL), 0)
    accepted, spoilt = take(
        chunk(*rows, first_row=first_row),
        mapping(WELL).time,
        [rule(WELL)],
        opened.states([WELL.id]),
        NOW,
        opened.known,
    )
    opened.take(source, chunk(*rows, first_row=first_row), accepted, spoilt)


def kept(opened):
    """Every reading: its moment, and the register."""
    return [
        (int(at), int(value))
        for one in opened.kept(WELL.id, 0, 10**9)
        for at, value in zip(one.block.at, one.block.value, strict=True)
    ]


@pytest.fixture
def opened(where):
    with_a_well = journal(where, WELL)
    yield with_a_well
    with_a_well.close()


def again(opened):
    opened.close()
    return Journal(opened.place, writing=True)


def test_readings_rows_and_standing_are_there_after_a_restart(opened):
    fed(opened, ROWS)

    other = again(opened)

    assert kept(other) == [(at, int(float(text) * 1000)) for at, text in ROWS]
    assert other.states([WELL.id])[WELL.id].last_at == ROWS[-1][0]
    assert other.telegram(1, 3) == b"%d,4.5" % ROWS[3][0]
    other.close()


def test_the_same_rows_again_are_counted_and_not_kept_twice(opened):
    fed(opened, ROWS)
    before = kept(opened)

    fed(opened, ROWS)

    assert kept(opened) == before
    assert report(opened).repeated == len(ROWS)


def test_what_is_received_is_accepted_or_held(opened):
    fed(opened, [*ROWS, (T0, 1), (T0 + 9_000, "x"), (T0 + 9_900, "0.1")])

    now = report(opened)

    assert (now.accepted, now.quarantined, now.waiting) == (8, 3, 8)


@pytest.mark.parametrize("chunks", [1, 7])
def test_a_process_killed_while_it_takes_rows_in_leaves_whole_chunks(tmp_path, chunks):
    folder = tmp_path / "journal"
    feeding = subprocess.Popen(
        [sys.executable, "-c", FEEDING, str(folder)], stdout=subprocess.PIPE, text=True
    )
    for line in feeding.stdout:
        if int(line) >= chunks:
            os.kill(feeding.pid, signal.SIGKILL)
            break
    feeding.stdout.close()
    assert feeding.wait() == -signal.SIGKILL

    other = Journal(folder, writing=True)

    readings, rows = kept(other), other.find_source("well/f.csv").rows
    assert rows == len(readings) >= 4 * chunks
    assert readings == [(T0 + 900 * n, 1_000 * n) for n in range(1, rows + 1)]
    assert other.last_row(other.find_source("well/f.csv")) == b"%d,%d" % (T0 + 900 * rows, rows)
    other.close()


def test_a_segment_that_a_crash_left_behind_is_written_over(opened):
    with opened.files.writing(opened.archive.name_of(1)) as file:
        file.write(b"half")

    fed(opened, ROWS)
    other = again(opened)

    assert other.telegram(1, 0) == b"%d,1.5" % ROWS[0][0]
    other.close()


def test_a_segment_that_was_changed_is_noticed(opened):
    fed(opened, ROWS)
    other = again(opened)
    cut_off(other, other.archive.name_of(1))

    with pytest.raises(BadRecord, match="not what the journal says was written"):
        other.telegram(1, 0)
    other.close()


def test_rows_of_a_damaged_segment_are_recognised_when_they_come_again(opened):
    fed(opened, ROWS)
    other = again(opened)
    cut_off(other, other.archive.name_of(1))

    fed(other, [*ROWS, (ROWS[0][0], "7")], first_row=len(ROWS))

    now = report(other)
    assert (now.accepted, now.repeated, now.quarantined) == (len(ROWS), len(ROWS), 1)
    other.close()


@pytest.mark.parametrize("key", ["chain_id", "genesis_hash"])
def test_the_journal_of_another_chain_is_refused_by_name(opened, key):
    with pytest.raises(WrongChain, match=key) as refused:
        opened.bind(IDENTITY | {key: "another"})

    assert "--journal" in refused.value.remedy


def test_a_second_writer_is_refused_and_a_reader_is_not(opened):
    with pytest.raises(JournalBusy, match=r"process .*writes the journal in"):
        Journal(opened.place, writing=True)

    Store(opened.place, writing=False).close()


def test_a_folder_without_a_journal_says_how_to_get_one(tmp_path):
    with pytest.raises(BadRecord, match="no journal in") as refused:
        Store(tmp_path, writing=False)

    assert "oracle replay" in refused.value.remedy


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_place_that_cannot_hold_a_journal_is_named(tmp_path, place):
    (tmp_path / "file").touch()

    with pytest.raises(BadRecord, match=r"file.* cannot hold a journal"):
        Journal(tmp_path / place, writing=True)


def test_no_reading_is_in_two_batches_and_none_is_left_out(opened):
    fed(opened, ROWS)
    turns, parts = {METER: np.array([T0 - 1, T0 + 10**9])}, []

    while waiting := next(opened.waiting(WELL.contract, WELL.relay_group, turns, 3), None):
        leaves = opened.leaves(WELL.id, waiting.number, len(waiting.at))
        made = cut([lay(waiting, len(waiting.at))], leaves)
        opened.freeze("QuotaTracker", 1, len(parts), [waiting], made)
        parts.append(list(zip(waiting.at.tolist(), waiting.value.tolist(), strict=True)))

    assert [len(part) for part in parts] == [3, 3, 2]
    assert [one for part in parts for one in part] == kept(opened)


# files may not grow beyond a limit: what a full disk does to whoever writes
FILLING = """
import resource, sys
from pathlib import Path
from oracle.places import JournalFull
from tests.unit.test_oracle_journal import WELL, T0, fed
from tests.unit.oracle_rows import journal
opened = journal(Path(sys.argv[1]), WELL)
resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, 250_000))
for n in range(10_000):
    try:
        fed(opened, [(T0 + 900 * (4 * n + k), 4 * n + k) for k in range(1, 5)], first_row=4 * n)
    except JournalFull as full:
        print(n, full.code, flush=True)
        sys.exit()
"""


def test_a_full_disk_is_told_and_what_was_taken_before_is_kept(tmp_path):
    words = [sys.executable, "-c", FILLING, str(tmp_path)]
    told = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
    chunks, code = told.split()

    opened = journal(tmp_path, WELL)
    before = len(kept(opened))
    n = int(chunks)
    fed(opened, [(T0 + 900 * (4 * n + k), 4 * n + k) for k in range(1, 5)], first_row=4 * n)

    after = len(kept(opened))
    opened.close()

    assert code == "disk_full"
    assert before == 4 * n > 0
    assert after == 4 * (n + 1)
