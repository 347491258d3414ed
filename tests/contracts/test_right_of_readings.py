"""Use without right: each step is judged by the right in force while its water flowed."""

import boa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.answers import events
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import DAY_S, DRAINAGE, HASH, METER, NOW, T0

BEGIN, END = NOW - 10 * DAY_S, NOW - DAY_S
# each example stands on a snapshot of its own
ANCHORED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


class Tap:
    """One meter under a permit of its own; readings are (volume, seconds since the one before)."""

    def __init__(self, suite, opened_at=T0, kind=1, **term):
        self.suite = suite
        self.book = suite.quota_tracker if kind == 1 else suite.discharge_volumes
        name = "QuotaTracker" if kind == 1 else "DischargeVolumes"
        self.permit = suite.permit(kind=kind, annual_l=10**12, **term)
        self.channel = suite.channel(METER, name, permit=self.permit, opened_at=opened_at)
        self.lane, self.register_l, self.at = suite.lane(self.book), 100, opened_at

    def reads(self, *readings):
        """The use without right that a batch of one group is said to hold."""
        group = meter_group(self.channel, self.register_l, self.at, readings)
        batch_id = self.book.lane(self.lane).next_id
        self.book.record_meters(
            self.lane, batch_id, HASH, packed(group), b"", sender=self.suite.relay
        )
        self.gas = self.book._computation.net_gas_used
        told = events(self.book, "UseWithoutRight")
        assert events(self.book, "GroupRefused") == []
        self.register_l += sum(volume_l for volume_l, _ in readings)
        self.at += sum(duration_s for _, duration_s in readings)
        assert self.book.meter(self.channel).last_at == self.at
        return [(about["from_at"], about["until_at"], about["volume_l"]) for _, about in told]


def suspended(suite, permit):
    suite.permit_registry.suspend(permit, "drought", sender=suite.supervisor)


def revoked(suite, permit):
    suite.permit_changes.propose_end(permit, 3, "false data", sender=suite.supervisor)
    suite.permit_changes.decide_end(permit, 3, sender=suite.decider)


def resumed(suite, permit):
    suite.permit_registry.resume(permit, sender=suite.supervisor)


@pytest.mark.parametrize("kind", [1, DRAINAGE])
def test_a_step_that_ends_with_the_permit_was_used_under_it(suite, kind):
    tap = Tap(suite, opened_at=END - 120, kind=kind, from_at=BEGIN, until_at=END)

    assert tap.reads((5, 60)) == []
    assert tap.reads((5, 60)) == []
    assert tap.reads((5, 1)) == [(END, END + 1, 5)]


def test_a_step_that_ends_with_the_permit_is_the_same_while_the_right_is_in_question(suite):
    tap = Tap(suite, opened_at=END - 120, from_at=BEGIN, until_at=END)
    suite.quota_tracker.right_changed(tap.permit, sender=suite.permit_registry.address)

    assert tap.reads((5, 120), (7, 60), (9, 60)) == [(END, END + 120, 16)]


def test_a_step_that_ends_when_the_permit_begins_was_used_before_it(suite):
    tap = Tap(suite, opened_at=BEGIN - 60, from_at=BEGIN, until_at=END)

    assert tap.reads((5, 60)) == [(BEGIN - 60, BEGIN, 5)]
    assert tap.reads((5, 1)) == []


def test_a_suspension_reaches_the_water_that_flows_after_it(suite):
    tap = Tap(suite, opened_at=NOW - 60)
    suspended(suite, tap.permit)
    boa.env.evm.patch.timestamp += 120
    resumed(suite, tap.permit)
    boa.env.evm.patch.timestamp += 60

    assert tap.reads((5, 60)) == []
    assert tap.reads((7, 60), (9, 60)) == [(NOW, NOW + 120, 16)]
    assert tap.reads((5, 60)) == []


def test_use_without_right_is_dated_by_its_first_and_last_step_not_by_its_group(suite):
    tap = Tap(suite, opened_at=NOW - 300)
    suspended(suite, tap.permit)
    boa.env.evm.patch.timestamp += 120
    resumed(suite, tap.permit)
    boa.env.evm.patch.timestamp += 600

    told = tap.reads(*[(5, 60)] * 15)

    assert told == [(NOW, NOW + 120, 10)]


def test_a_standing_loss_of_right_is_told_with_every_batch(suite):
    tap = Tap(suite, opened_at=NOW - 60)
    tap.reads((5, 60))
    revoked(suite, tap.permit)
    boa.env.evm.patch.timestamp += 600

    told = [tap.reads((5, 60), (0, 60)) for _ in range(3)]

    assert told == [[(NOW + 120 * i, NOW + 120 * i + 60, 5)] for i in range(3)]


def test_late_readings_cost_the_same_however_often_the_right_has_changed(suite):
    once, often = Tap(suite), Tap(suite)
    waiting = Tap(suite, from_at=NOW - DAY_S, until_at=NOW + DAY_S)
    for tap, changes in ((once, 1), (often, 30)):
        for _ in range(changes):
            boa.env.evm.patch.timestamp += 1
            suspended(suite, tap.permit)
            resumed(suite, tap.permit)

    for tap in (once, often, waiting):
        tap.reads(*[(7, 60)] * 400)

    # a block of 60 million gas holds the longest group there can be, 8,184 readings
    assert max(tap.gas for tap in (once, often, waiting)) < 400 * 2_000
    assert often.gas - once.gas < 50_000


# few moments to choose from, so that steps often end in the second of a change, or beside it
seconds = st.sampled_from([0, 1, 9, 10, 10, 10, 11, 20, 20, 30])
acts = st.lists(st.tuples(seconds, st.sampled_from(["suspend", "resume", "revoke"])), max_size=6)
steps = st.lists(st.tuples(st.integers(0, 9), seconds.filter(bool)), min_size=1, max_size=12)
terms = st.tuples(st.integers(-5, 10), st.integers(1, 20)).map(lambda t: (10 * t[0], 10 * t[1]))


@settings(max_examples=40, suppress_health_check=ANCHORED)
@given(acts=acts, term=terms, data=st.data())
def test_late_and_prompt_readings_are_judged_second_by_second(deployed, acts, term, data):
    """The rule: water of a step flowed up to its last second, and that second's right counts."""
    with boa.env.anchor():
        starts, ends = NOW + term[0], NOW + term[0] + term[1]
        tap = Tap(deployed, opened_at=NOW, from_at=starts, until_at=ends)
        state, changes = "valid", []

        def lawful(at):
            before = [valid for changed_at, valid in changes if changed_at < at]
            return starts < at <= ends and (before[-1] if before else True)

        def report():
            now = boa.env.evm.patch.timestamp
            readings, at = [], tap.at
            for volume_l, duration_s in data.draw(steps):
                if at + duration_s > now:
                    break
                at += duration_s
                readings.append((volume_l, duration_s))
            if not readings:
                return
            at, expected = tap.at, 0
            for volume_l, duration_s in readings:
                at += duration_s
                expected += 0 if lawful(at) else volume_l
            assert sum(volume_l for *_, volume_l in tap.reads(*readings)) == expected

        for wait_s, act in acts:
            boa.env.evm.patch.timestamp += wait_s
            if data.draw(st.booleans()):
                report()
            now = boa.env.evm.patch.timestamp
            if now >= ends:
                break
            if act == "revoke" and state != "revoke":
                revoked(deployed, tap.permit)
            elif (state, act) == ("valid", "suspend") and now >= starts:
                suspended(deployed, tap.permit)
            elif (state, act) == ("suspend", "resume"):
                resumed(deployed, tap.permit)
            else:
                continue
            state = "valid" if act == "resume" else act
            changes.append((now, act == "resume"))
        boa.env.evm.patch.timestamp += 150
        report()
        report()
