"""What an oracle tells of its own troubles is warned of, once while it lasts."""

from types import SimpleNamespace

import pytest

from oracle.health import OF_ENDPOINTS, SPELLS
from oracle.warnings.book import Book
from oracle.warnings.config import Checks
from oracle.warnings.desk import Desk, Jobs
from oracle.warnings.rounds import Rounds
from oracle.warnings.troubles import CALM_S, TROUBLES, Troubles
from tests.conftest import PROJECT
from tests.unit.mailing import Office

AFTER_S = 60
HAPPENING = sorted(event for event, trouble in TROUBLES.items() if not trouble.ends)
LASTING = sorted(event for event, trouble in TROUBLES.items() if trouble.ends)
RUNBOOK = (PROJECT / "docs" / "runbook.md").read_text(encoding="utf-8")
TOLD_IN = [PROJECT / "ledger" / "endpoints.py", *sorted((PROJECT / "oracle").rglob("*.py"))]


class Oracle:
    """A desk, and an oracle that tells of its troubles."""

    def __init__(self, folder):
        wanted = {
            "recipients": {"duty": {"command": ["true"]}},
            "ladders": [{"rungs": [{"to": ["duty"]}]}],
        }
        self.office = Office(folder, wanted)
        self.starts()

    def starts(self):
        self.troubles = Troubles(lambda: self.office.now)
        self.tell = self.troubles.hear

    def passes(self, seconds=0):
        """Time passes, then the loop comes round."""
        self.office.now += seconds
        with self.office.book.commit():
            self.troubles.warn(self.office.desk, AFTER_S, self.office.now)

    @property
    def warnings(self):
        return [(one["kind"], one["subject"], one["ended_at"]) for one in self.office.book.after(0)]


@pytest.fixture
def oracle(tmp_path):
    made = Oracle(tmp_path)
    yield made
    made.office.close()


@pytest.mark.parametrize("event", LASTING)
def test_a_trouble_that_lasts_is_one_warning_and_over_when_its_end_is_told(oracle, event):
    ends, of = TROUBLES[event]
    keys = {of: "it"} if of else {}
    subject = f"{event}: it" if of else event

    oracle.tell(event, **keys)
    oracle.passes(AFTER_S - 1)
    assert oracle.warnings == []
    for _ in range(3):
        oracle.passes(1)
        oracle.tell(event, **keys)
    assert oracle.warnings == [("trouble", subject, None)]

    oracle.tell(ends, **keys)
    oracle.passes()

    assert oracle.warnings == [("trouble", subject, oracle.office.now)]


@pytest.mark.parametrize("event", HAPPENING)
def test_a_trouble_that_happens_is_one_warning_until_an_hour_passes_without_it(oracle, event):
    keys = {TROUBLES[event].of: "it"} if TROUBLES[event].of else {}
    for _ in range(3):
        oracle.tell(event, **keys)
        oracle.passes(CALM_S)
    assert [ended for _, _, ended in oracle.warnings] == [None]

    oracle.passes(1)
    ended_at = oracle.office.now
    oracle.tell(event, **keys)
    oracle.passes()

    assert [ended for _, _, ended in oracle.warnings] == [ended_at, None]


def test_a_trouble_that_is_over_soon_is_no_warning(oracle):
    oracle.tell("endpoint is away", endpoint="http://a", why="it times out")
    oracle.passes(AFTER_S - 1)
    oracle.tell("endpoint is back", endpoint="http://a")
    oracle.passes(AFTER_S)

    assert oracle.warnings == []


def test_one_endpoint_that_is_back_does_not_end_the_trouble_of_another(oracle):
    for name in ("http://a", "http://b"):
        oracle.tell("endpoint is away", endpoint=name, why="it times out")
    oracle.passes(AFTER_S)
    oracle.tell("endpoint is back", endpoint="http://a")
    oracle.passes()

    ended = {subject: at is not None for _, subject, at in oracle.warnings}
    assert ended == {"endpoint is away: http://a": True, "endpoint is away: http://b": False}


def test_what_stood_when_the_process_ended_is_not_warned_of_again_and_is_over_an_hour_later(oracle):
    oracle.tell("chain stands still", block=7, for_s=15)
    oracle.passes(AFTER_S)

    oracle.starts()
    oracle.tell("chain stands still", block=7, for_s=15)
    oracle.passes(AFTER_S)
    assert [ended for _, _, ended in oracle.warnings] == [None]
    oracle.starts()
    oracle.passes(CALM_S)
    assert [ended for _, _, ended in oracle.warnings] == [None]
    oracle.passes(1)
    assert [ended for _, _, ended in oracle.warnings] == [oracle.office.now]


def test_a_warning_says_what_was_told_and_leaves_by_its_ladder(oracle):
    oracle.tell("groups refused", lane="QuotaTracker lane 1", batch=4, channels=[2, 3])
    oracle.passes()
    oracle.office.after()

    (warning,) = oracle.office.book.after(0)
    assert warning["text"] == ("groups refused: lane QuotaTracker lane 1, batch 4, channels [2, 3]")
    assert [event for event, _ in oracle.office.told] == ["warning sent"]


@pytest.mark.parametrize("reason", ["other_content", "sequence_again"])
def test_what_is_held_as_other_content_is_recorded_is_warned_of_once_for_each_source(
    oracle, reason
):
    office, told = oracle.office, []

    def held(row, why):
        source = office.journal.stranger("city/well")
        with office.journal.commit() as db:
            db.execute("INSERT INTO segment VALUES (?, ?, 0, 1, '')", (row, source.id))
            db.execute(
                "INSERT INTO held (segment, row, text, reason, detail) VALUES (?, 0, '', ?, '')",
                (row, why),
            )

    def tell(event, **keys):
        told.append((event, keys))
        oracle.tell(event, **keys)

    def rounds():
        desk, clock = Desk(Book(office.journal), office.wanted), lambda: office.now
        about = (desk, Checks(), Jobs(clock), {}, clock, tell, oracle.troubles)
        return Rounds(office.journal, SimpleNamespace(channels=[]), *about)

    held(1, reason)
    first = rounds()  # what was held before anybody was warned is left alone
    first.tick()
    assert told == []

    held(2, reason)
    held(3, "backward_time")
    first.tick()
    held(4, reason)
    rounds().tick()

    rows = ("other content is held", {"source": "city/well", "reason": reason, "rows": 1})
    assert told == [rows, rows]
    assert oracle.warnings == [("trouble", "other content is held: city/well", None)]


@pytest.mark.parametrize("event", TROUBLES)
def test_every_trouble_has_a_row_in_the_runbook(event):
    first_cells = [line.split(" | ")[0] for line in RUNBOOK.splitlines() if line.startswith("| ")]

    assert [one for one in first_cells if "`trouble`" in one and f'"{event}"' in one]


@pytest.mark.parametrize("event", [*TROUBLES, *{one.ends for one in TROUBLES.values()} - {""}])
def test_every_trouble_and_its_end_is_told_somewhere(event):
    told = [path for path in TOLD_IN if f'"{event}"' in path.read_text(encoding="utf-8")]

    assert [path.name for path in told if path.name not in ("troubles.py", "health.py")]


@pytest.mark.parametrize(("begins", "ends"), [one[:2] for one in (SPELLS | OF_ENDPOINTS).values()])
def test_every_spell_that_the_metrics_show_is_a_trouble_that_ends_alike(begins, ends):
    if begins == "chain is away":  # the job that looks at the chain is warned of
        return
    assert TROUBLES[begins].ends == ends
