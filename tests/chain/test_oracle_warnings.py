"""A warning leaves before any block is sealed; the chain confirms it after, or it is withdrawn."""

import pytest
import yaml
from eth_utils.exceptions import ValidationError

from oracle import feed
from oracle.inputs import Input
from oracle.mapping import load
from oracle.warnings.desk import DELIVERY, PATIENCE_S
from tests.chain.warned import HIGH, LIMIT_NG_L, QUIET, STARTS, STEP_S
from tests.contracts.suite import COD, DAY_S, T0


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
    place.reads()
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


def test_an_outlet_whose_permit_has_expired_on_chain_warns_nobody(place):
    place.reads(QUIET)
    place.town.chain.tester.time_travel(T0 + 701 * DAY_S)
    place.town.mine()
    place.running.look()

    place.reads(HIGH, HIGH)
    place.sends()

    assert [one["unsent"] for one in place.warnings] == ["the permit is expired"]
    assert place.server.taken == []


def test_a_reading_that_comes_days_late_is_kept_and_not_sent(place):
    place.now += 2 * DAY_S
    place.reads(HIGH, HIGH)
    place.sends()

    (warning,) = [one for one in place.warnings if one["kind"] == "alert"]
    assert warning["unsent"] == "the reading came late"
    assert all("DEV-1 cod" not in text for text in place.server.texts)
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

    def alarms(what="kind"):
        named = ("SYNTHETIC", "synthetic alarm")
        return [one[what] for one in place.warnings if one["subject"] in named]

    place.running.tick()
    place.running.tick()
    assert alarms() == ["synthetic"]
    place.sends()
    place.now += 601
    place.running.tick()
    assert alarms() == ["synthetic"]

    place.server.refuses = True
    place.now += DAY_S
    place.running.tick()
    place.sends()
    place.now += 601
    place.running.tick()

    assert alarms() == ["synthetic", "synthetic", "job"]
    assert alarms("text")[-1].endswith("has no receipt")


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


def troubles(place):
    """Each trouble that was warned of, and whether it stands."""
    return [
        (one["subject"], one["ended_at"] is None)
        for one in place.warnings
        if one["kind"] == "trouble"
    ]


def test_what_the_node_does_not_take_is_warned_of_until_it_takes_it(place, monkeypatch):
    def refuses(*_):
        raise ValidationError("txpool is full")

    place.reads(QUIET)
    with monkeypatch.context() as patched:
        patched.setitem(place.town.node.answers, "eth_sendRawTransaction", refuses)
        place.oracle.pump(flush=True)
        place.running.tick()
        place.now += 60
        place.running.tick()
    subject = "not taken by the node: DischargeLimits lane 1"
    assert troubles(place) == [(subject, True)]

    place.settles()
    place.running.tick()

    assert troubles(place) == [(subject, False)]


def test_final_batches_that_the_chain_lost_are_warned_of_and_sent_again(place):
    tester = place.town.chain.tester
    before = tester.take_snapshot()
    place.reads(QUIET, QUIET)
    place.settles()
    tester.revert_to_snapshot(before)
    tester.pool.clear()
    place.town.mine(place.oracle.policy.confirmations + 1)

    place.oracle.pump(flush=True)
    place.running.tick()

    assert troubles(place) == [("settled batches are gone: DischargeLimits lane 1", True)]
    place.settles()
    assert place.oracle.done


def test_groups_that_the_contract_refused_are_warned_of(place):
    place.oracle._tell("groups refused", lane="DischargeLimits lane 1", batch=0, channels=[1])
    place.running.tick()
    place.sends()

    assert troubles(place) == [("groups refused: DischargeLimits lane 1", True)]
    assert "groups refused: lane DischargeLimits lane 1, batch 0" in place.server.texts[0]


def test_other_content_for_a_recorded_moment_is_warned_of_once(place):
    place.reads(QUIET)
    for value in ("41", "42"):
        with place.path.open("a", encoding="utf-8") as file:
            file.write(f"{STARTS + STEP_S},{value}\n")
        place.reads()
        place.running.tick()

    assert troubles(place) == [(f"other content is held: {place.input.name}", True)]
    told = [keys for event, keys in place.town.told if event == "other content is held"]
    assert [(one["reason"], one["rows"]) for one in told] == [("other_content", 1)] * 2


def test_a_sequence_number_with_two_contents_is_warned_of(place):
    place.reads(QUIET)
    with place.oracle.journal.commit() as db:
        db.execute(
            "INSERT INTO held (segment, row, text, reason, detail)"
            " VALUES (1, 0, '', 'sequence_again', '')"
        )
    place.running.tick()

    assert troubles(place) == [(f"other content is held: {place.input.name}", True)]


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
