"""The check at the end of `bench crash` can fail, and the kills come where their names say."""

import os
import random
import signal
import sqlite3
from collections import Counter

import pytest

from bench import crash, points
from bench.tally import GAUGES, METERS, Rows, Verdict, compared, in_rows
from ledger.packing import ZERO_VALUE
from oracle.store import Store

MAIN, BRANCH, OUTFALL, TURBIDITY, PH = range(1, 6)
NUMBERS = {
    ("MAIN", "volume"): MAIN,
    ("BRANCH", "volume"): BRANCH,
    ("OUTFALL", "volume"): OUTFALL,
    ("ANALYSER", "turbidity"): TURBIDITY,
    ("ANALYSER", "ph"): PH,
}
READINGS = Counter({(1, at, at * 10): 1 for at in range(60, 360, 60)})
ONE, OTHER = (1, 60, 600), (1, 120, 1_200)


def less(readings, one):
    return readings - Counter([one])


def test_three_equal_counts_agree():
    assert compared(READINGS, READINGS, READINGS) == Verdict(5, 5, 0, 0)


def test_a_reading_that_is_not_on_the_chain_is_lost():
    assert compared(READINGS, READINGS, less(READINGS, ONE)) == Verdict(5, 4, 1, 0)


def test_a_reading_that_was_never_accepted_is_lost():
    left = less(READINGS, ONE)

    assert compared(READINGS, left, left) == Verdict(4, 4, 1, 0)


def test_a_reading_that_is_on_the_chain_twice_is_duplicated():
    assert compared(READINGS, READINGS, READINGS + Counter([ONE])) == Verdict(5, 6, 0, 1)


def test_a_reading_accepted_and_sent_twice_is_duplicated():
    more = READINGS + Counter([ONE])

    assert compared(READINGS, more, more) == Verdict(6, 6, 0, 1)


def test_one_lost_and_one_doubled_do_not_cancel():
    chain = less(READINGS, ONE) + Counter([OTHER])

    assert compared(READINGS, READINGS, chain) == Verdict(5, 5, 1, 1)


def test_a_reading_with_another_value_is_lost_and_one_that_no_row_holds_is_there():
    chain = less(READINGS, ONE) + Counter([(1, 60, 601)])

    assert compared(READINGS, READINGS, chain) == Verdict(5, 5, 1, 1)


def test_rows_are_read_as_registers_sums_and_stored_steps(tmp_path):
    (tmp_path / METERS).write_text(
        "at,main_m3,branch_l_s,outfall_m3\n1060,1.234,0.01,0.500\n1120,1.300,0.02,0.250\n"
    )
    (tmp_path / GAUGES).write_text("at,turbidity_ntu,ph\n1060,0.125,7.04\n")

    assert in_rows(tmp_path, NUMBERS, 1_000) == Counter(
        [
            *((MAIN, 1_060, 1_234), (MAIN, 1_120, 1_300)),
            *((BRANCH, 1_060, 0), (BRANCH, 1_120, 1)),  # 0.6 L, then 1.8 L
            *((OUTFALL, 1_060, 500), (OUTFALL, 1_120, 750)),
            *((TURBIDITY, 1_060, ZERO_VALUE + 125), (PH, 1_060, ZERO_VALUE + 704)),
        ]
    )


def test_rows_grow_by_as_many_as_are_asked_for(tmp_path):
    rows = Rows(tmp_path, 1_000, random.Random(1))

    rows.append(3)
    rows.append(2)

    readings = in_rows(tmp_path, NUMBERS, 1_000)
    assert readings.total() == 5 * len(NUMBERS)
    assert {at for _, at, _ in readings} == {1_060, 1_120, 1_180, 1_240, 1_300}


class Work:
    """Something with a step that can be died at."""

    def __init__(self, folder):
        self.folder = folder

    def step(self):
        store = Store(self.folder, writing=True)
        with store.commit() as db:
            db.execute("INSERT INTO meta VALUES ('step', 'taken')")
        store.close()


def dies(how, folder):
    """How a child ends that dies at the step, and whether the step is on the disk."""

    def work():
        how(Work, "step", points.Fate(1))
        Work(folder).step()

    child = crash.forked(work, folder / "log")
    _, status = os.waitpid(child, 0)
    path = folder / "journal.sqlite"
    if not path.exists():
        return os.waitstatus_to_exitcode(status), False
    db = sqlite3.connect(path)
    taken = db.execute("SELECT count(*) FROM meta").fetchone()[0] == 1
    db.close()
    return os.waitstatus_to_exitcode(status), taken


@pytest.mark.parametrize(
    ("how", "taken"),
    [(points.before, False), (points.before_commit, False), (points.after, True)],
)
def test_a_process_dies_before_a_step_within_it_or_after_it(how, taken, tmp_path):
    assert dies(how, tmp_path) == (-signal.SIGKILL, taken)


def test_every_point_names_a_function_that_is_there(tmp_path):
    def work():
        for arm in points.POINTS.values():
            arm(random.Random(1))

    crash.finished(work, tmp_path / "log", 30)


def test_a_child_that_fails_is_told_with_what_it_said(tmp_path):
    def work():
        raise ValueError("no such water")

    with pytest.raises(crash.OracleFailed) as failure:
        crash.finished(work, tmp_path / "log", 30)

    assert "no such water" in failure.value.remedy
