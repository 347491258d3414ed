"""A warning leaves before any block is sealed; the chain confirms it after, or it is withdrawn."""

import pytest
import yaml

from oracle import feed
from oracle.inputs import Input
from oracle.mapping import load
from oracle.warnings.config import Checks, Warnings
from oracle.warnings.desk import DELIVERY, PATIENCE_S, Jobs
from oracle.warnings.running import Running
from tests.chain.town import Town
from tests.contracts.suite import COD, DAY_S, GAUGE, NOW, T0
from tests.unit.mailing import MailServer

LIMIT_NG_L = 50_000_000
STEP_S = 300
STARTS = NOW - 40 * STEP_S
QUIET, HIGH = "40", "62"


class Place:
    """A town with a judged gauge, an oracle that warns, and a mail server."""

    def __init__(self, town: Town, server: MailServer) -> None:
        self.town, self.server, self.now = town, server, float(NOW)
        suite = town.suite
        self.permit = suite.permit(kind=2)
        about = {"parameter": COD, "permit": self.permit, "relay_group": 1, "resolution": 100_000}
        self.channel = suite.channel(
            GAUGE, "DischargeLimits", opened_at=STARTS, **about, cadence_s=STEP_S
        )
        self.device = f"DEV-{suite.numbers['device']}"
        limit = suite.limit(COD, None, LIMIT_NG_L)
        keeper = suite.standards_keeper
        suite.discharge_limits.judge(self.channel, limit, 2, 0, 500, 1, sender=keeper)
        suite.discharge_limits.open_lane(suite.relay, 1, sender=suite.device_keeper)
        town.chain.tester.disable_auto_mine_transactions()
        self.path, self.rows = town.folder / "outfall.csv", 0
        self.path.write_text("at,cod\n", encoding="utf-8")
        shape = {
            "title": "outfall",
            "time": {"form": "unix_s", "column": "at"},
            "channels": [
                {"column": "cod", "device": self.device, "parameter": "cod", "unit": "mg/L"}
            ],
        }
        (town.folder / "outfall.yaml").write_text(yaml.safe_dump(shape), encoding="utf-8")
        self.input = Input(self.path, load(town.folder / "outfall.yaml"))

    def start(self, checks=None, **changed) -> None:
        """An oracle on the journal; whoever had it before has been killed."""
        mail = {"host": "127.0.0.1", "port": self.server.port, "tls": "none", "sender": "w@c.test"}
        wanted = {
            "recipients": {"duty": {"mail": "duty@city.test"}},
            "mail": mail,
            "ladders": [{"rungs": [{"to": ["duty"]}]}],
        }
        oracle = self.oracle = self.town.oracle()
        oracle._clock = lambda: self.now
        self.jobs = Jobs(lambda: self.now)
        self.running = Running(
            oracle.ledger,
            oracle.journal,
            oracle.channels,
            Checks.model_validate(checks or {}),
            Warnings.model_validate(wanted | changed),
            self.town.folder,
            self.jobs,
            lambda: self.now,
            lambda event, **keys: self.town.told.append((event, keys)),
        )
        oracle.watching = self.running

    def reads(self, *values: str) -> None:
        """Rows that come to the file, one each five minutes, and are taken in."""
        with self.path.open("a", encoding="utf-8") as file:
            for value in values:
                self.rows += 1
                file.write(f"{STARTS + self.rows * STEP_S},{value}\n")
        for _ in self.oracle.read(self.input, growing=True):
            pass

    def sends(self) -> None:
        """The postman's thread makes its rounds until nothing more leaves."""
        self.running.post.rounds(lambda busy: not busy)

    def settles(self) -> None:
        """Everything becomes final, and the chain is asked."""
        self.town.settle(self.oracle)
        self.running.look()

    @property
    def warnings(self):
        return self.running.book.after(0)


@pytest.fixture
def place(town):
    server = MailServer()
    server.port = server.open()
    made = Place(town, server)
    made.start()
    yield made
    server.close()


def test_a_limit_exceeded_in_a_file_is_mailed_before_the_batch_is_sealed_and_confirmed_after(place):
    place.reads(QUIET, HIGH, "63")
    place.sends()

    (text,) = place.server.texts
    assert "DEV-1 cod: at 63 mg/L, above 50 mg/L" in text
    assert place.warnings[0]["state"] == "provisional"
    assert place.town.suite.discharge_limits.gauge(place.channel)[1] == 0

    place.settles()

    (warning,) = place.warnings
    assert (warning["state"], warning["why"]) == ("confirmed", "DischargeLimits lane 1 batch 0")
    place.sends()
    assert len(place.server.taken) == 1


def test_a_single_high_value_that_the_dwell_waits_for_warns_nobody(place):
    place.reads(QUIET, HIGH, QUIET, HIGH, QUIET)

    assert place.warnings == []


def test_an_alert_that_flaps_about_its_limit_is_one_warning_until_it_is_left(place):
    place.reads(HIGH, HIGH, "49", HIGH, "49.9", HIGH, "48")
    assert [one["ended_at"] for one in place.warnings] == [None]

    place.reads("47", HIGH, HIGH)

    assert [one["ended_at"] is None for one in place.warnings] == [False, True]
    place.settles()
    assert [one["state"] for one in place.warnings] == ["confirmed", "confirmed"]


def test_a_void_value_warns_nobody(place):
    shape = yaml.safe_load((place.town.folder / "outfall.yaml").read_text(encoding="utf-8"))
    shape["channels"][0]["mark"] = {"column": "flag", "values": {"D": "fault", "N": "normal"}}
    (place.town.folder / "outfall.yaml").write_text(yaml.safe_dump(shape), encoding="utf-8")
    place.path.write_text("at,cod,flag\n", encoding="utf-8")
    place.input = Input(place.path, load(place.town.folder / "outfall.yaml"))

    place.reads("62,D", "62,D", "62,N", "40,N")

    assert place.warnings == []


def test_killed_after_the_commit_and_before_the_mail_the_next_run_sends_it(place):
    place.reads(HIGH, HIGH)
    place.town.kill(place.oracle)
    assert place.server.taken == []

    place.start()
    place.sends()

    assert len(place.server.taken) == 1
    place.settles()
    assert place.warnings[0]["state"] == "confirmed"


def test_killed_before_the_commit_neither_reading_nor_warning_is_there(place, monkeypatch):
    class Killed(Exception):
        """The process ends here."""

    def killed(*_):
        raise Killed

    notice = place.running.notice

    def noticed(*about):
        notice(*about)
        killed()

    monkeypatch.setattr(place.running, "notice", noticed)
    with pytest.raises(Killed):
        place.reads(HIGH, HIGH)
    place.town.kill(place.oracle)

    place.start()
    assert place.warnings == []
    place.reads()

    assert len(place.warnings) == 1


def test_an_alert_stands_over_a_restart_and_is_told_once(place):
    place.reads(HIGH, HIGH)
    place.town.kill(place.oracle)

    place.start()
    place.reads(HIGH, "70")

    assert len(place.warnings) == 1


def test_readings_fed_while_nobody_warned_are_caught_up_with(place):
    place.reads(QUIET)
    place.oracle.watching = None
    place.reads(HIGH)
    place.oracle.watching = place.running

    place.reads(HIGH)

    assert [one["text"] for one in place.warnings] == ["DEV-1 cod: at 62 mg/L, above 50 mg/L"]


def test_a_journal_that_is_new_here_takes_an_alert_up_where_the_chain_has_it(place):
    place.reads(HIGH, HIGH)
    place.settles()
    with place.oracle.journal.commit() as db:
        db.execute("DELETE FROM watched")
    place.town.kill(place.oracle)

    place.start()
    place.reads(HIGH, HIGH)

    assert len(place.warnings) == 1


def test_a_warning_that_the_chain_does_not_bear_out_is_withdrawn_and_taken_back(place):
    place.reads(QUIET, HIGH, HIGH)
    place.sends()
    suite, keeper = place.town.suite, place.town.suite.standards_keeper
    place.town.chain.tester.enable_auto_mine_transactions()
    higher = suite.limit(COD, None, 2 * LIMIT_NG_L)
    suite.discharge_limits.judge(place.channel, higher, 2, 0, 500, 1, sender=keeper)
    place.town.chain.tester.disable_auto_mine_transactions()

    place.settles()
    place.sends()

    (warning,) = place.warnings
    assert warning["state"] == "withdrawn"
    assert warning["why"] == "DischargeLimits lane 1 batch 0: the contract raised no such alert"
    assert "WITHDRAWN" in place.server.texts[1]
    # the new limit is followed from here on
    place.reads("99", "99")
    assert len(place.warnings) == 1
    place.reads("101", "101")
    assert len(place.warnings) == 2


def test_a_late_reading_of_an_ended_permit_is_kept_and_not_sent(place):
    suite = place.town.suite
    place.town.chain.tester.enable_auto_mine_transactions()
    ended = place.town.ledger.contract("PermitRegistry").functions.permit(place.permit).call()
    assert ended[5] == 1
    suite.permit_registry.suspend(place.permit, "why", sender=suite.supervisor)
    place.town.chain.tester.disable_auto_mine_transactions()
    place.reads(QUIET)
    place.running.look()
    place.reads(HIGH, HIGH)

    # a suspended permit's outlet is watched all the same
    assert [one["unsent"] for one in place.warnings] == [None]


def test_a_reading_that_comes_days_late_is_kept_and_not_sent(place):
    place.now += 2 * DAY_S
    place.reads(HIGH, HIGH)
    place.sends()

    assert [one["unsent"] for one in place.warnings] == ["the reading came late"]
    assert place.server.taken == []
    place.settles()
    assert place.warnings[0]["state"] == "confirmed"


def test_a_channel_that_says_nothing_is_told_once_and_is_over_when_it_speaks(place):
    place.start({"silence": {"cadences": 3}})
    place.reads(QUIET)
    place.now = float(STARTS + STEP_S + 3 * STEP_S)
    place.running.tick()
    assert place.warnings == []

    for _ in range(3):
        place.now += 1
        place.running.tick()

    assert [(one["kind"], one["ended_at"]) for one in place.warnings] == [("silence", None)]
    place.reads(QUIET, QUIET)
    place.running.tick()
    assert place.warnings[0]["ended_at"] == place.now


def test_the_days_test_alarm_arrives_and_is_an_alarm_when_it_does_not(place):
    place.start(synthetic={"at": "00:00", "within": "10 min"})
    place.running.tick()
    place.running.tick()
    (first,) = place.warnings
    assert first["kind"] == "synthetic"
    place.sends()
    place.now += 601
    place.running.tick()
    assert len(place.warnings) == 1

    place.server.refuses = True
    place.now += DAY_S
    place.running.tick()
    place.sends()
    place.now += 601
    place.running.tick()

    assert [one["kind"] for one in place.warnings] == ["synthetic", "synthetic", "job"]
    assert place.warnings[2]["text"].endswith("has no receipt")


def test_a_job_that_stands_still_is_an_alarm_and_its_end_is_seen(place):
    place.now += PATIENCE_S[DELIVERY] + 1
    place.running.tick()
    place.running.tick()

    (warning,) = [one for one in place.warnings if one["subject"] == DELIVERY]
    assert "the sending of warnings has not come round" in warning["text"]
    place.jobs.beat(DELIVERY)
    place.running.tick()
    assert [one["ended_at"] for one in place.warnings if one["subject"] == DELIVERY] == [place.now]


def test_a_lane_in_trouble_is_told_when_it_stays_so(place):
    why = "DischargeLimits lane 1: lanes: lane is halted"
    place.running.tick([why])
    place.now += 59
    place.running.tick([why])
    assert place.warnings == []

    place.now += 1
    place.running.tick([why])
    place.running.tick([])

    (warning,) = place.warnings
    assert (warning["kind"], warning["text"]) == ("relay", why)
    assert warning["ended_at"] == place.now


def test_the_running_oracle_warns_from_its_own_loop_and_thread(place):
    place.running.open()
    try:
        rounds = iter(range(60))

        def wait(_):
            place.town.mine()
            done = place.warnings and place.warnings[0]["state"] == "confirmed"
            return bool((done and place.server.taken) or next(rounds, None) is None)

        with place.path.open("a", encoding="utf-8") as file:
            file.write(f"{STARTS + 300},62\n{STARTS + 600},62\n")
        feed.watch(place.oracle, lambda: [place.input], wait, 0, lambda *_, **__: None)
    finally:
        place.running.close()

    assert place.warnings[0]["state"] == "confirmed"
    assert len(place.server.taken) == 1
    assert T0 < STARTS
