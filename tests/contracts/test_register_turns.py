"""Registers kept at the turns of local days and months: when, what of, and what silence means."""

import boa
import pytest

from oracle.batch import READING_GAS, TURN_GAS
from tests.contracts.answers import events, reason
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import DAY_S, GAUGE, HASH, METER, NOW, T0

DAY, MONTH, QUARTER, YEAR, WORKING = range(1, 6)
ROLL_OVER, EXCHANGE, DEEMED, ESTIMATE = 1, 2, 4, 5
HOUR_S = 3_600
MONTH_S = 10 * DAY_S  # of the tests' calendar


class Meter:
    """A meter whose register is kept at turns; `take` sends a group that follows the last."""

    def __init__(self, suite, calendar=DAY, contract="QuotaTracker", **changed):
        self.suite, self.book = suite, suite.contracts[contract]
        self.channel = suite.channel(METER, contract, **changed)
        self.lane, self.turns = suite.lane(self.book), suite.register_turns
        if calendar:
            self.keep(calendar)

    def keep(self, calendar):
        self.turns.set_turns([self.channel], calendar, sender=self.suite.device_keeper)

    def take(self, *readings, kind=0):
        now, batch = self.book.meter(self.channel), self.book.lane(self.lane).next_id
        words = meter_group(self.channel, now.register_l, now.last_at, readings, kind=kind)
        self.book.record_meters(self.lane, batch, HASH, packed(words), b"", sender=self.suite.relay)

    def at(self, period, calendar=DAY):
        return self.turns.register_at_turn(self.channel, calendar, period)

    def registers(self, *periods, calendar=DAY):
        found = [self.at(period, calendar) for period in periods]
        return [one.register_l if one.known else None for one in found]


@pytest.fixture
def meter(suite):
    return Meter(suite)


def test_a_reading_beyond_a_turn_keeps_the_register_before_it(meter):
    meter.take((10, HOUR_S), (5, DAY_S))

    assert meter.registers(0, 1, 2) == [100, 110, None]


def test_a_reading_that_ends_at_the_turn_belongs_to_the_period_before(meter):
    meter.take((10, DAY_S), (5, 1))

    assert meter.registers(0, 1, 2) == [100, 110, None]


def test_turns_that_passed_unread_are_answered_by_one_entry(meter):
    meter.take((10, HOUR_S), (7, 30 * DAY_S))

    assert meter.registers(*range(32)) == [100] + [110] * 30 + [None]
    assert meter.turns.turns(meter.channel).count == 2


def test_days_serve_months_quarters_and_years(meter):
    meter.take(*[(1, DAY_S)] * 45)

    assert meter.registers(1, 2, 4, calendar=MONTH) == [110, 120, 140]
    assert meter.registers(1, 2, calendar=QUARTER) == [120, 140]
    assert meter.registers(0, 1, 2, calendar=YEAR) == [100, 140, None]


def test_months_serve_no_days(suite):
    meter = Meter(suite, MONTH)

    meter.take(*[(1, DAY_S)] * 25)

    assert meter.registers(0, 1, 2, 3, calendar=MONTH) == [100, 110, 120, None]
    assert meter.registers(10) == [None]


def test_a_calendar_without_turns_is_unknown(meter):
    meter.take(*[(1, DAY_S)] * 20)

    assert meter.registers(1, calendar=WORKING) == [None]
    assert meter.registers(10**6) == [None]


def test_nothing_is_known_before_turns_are_kept(suite):
    meter = Meter(suite, calendar=0)
    meter.take((10, HOUR_S), (5, 3 * DAY_S))

    meter.keep(DAY)
    meter.take((1, 3 * DAY_S))

    assert meter.registers(*range(8)) == [None] * 4 + [115] * 3 + [None]


def test_a_meter_read_at_the_turn_begins_with_it(suite):
    meter = Meter(suite, calendar=0)
    meter.take((10, DAY_S))

    meter.keep(DAY)
    meter.take((1, DAY_S + 1))

    assert meter.registers(0, 1, 2) == [None, 110, 110]


def test_months_can_become_days_and_stay_known(suite):
    meter = Meter(suite, MONTH)
    meter.take((1, 25 * DAY_S))

    meter.keep(DAY)
    meter.take((1, DAY_S), (1, 5 * DAY_S))

    assert meter.registers(1, 2, 3, calendar=MONTH) == [100, 100, 102]
    assert meter.registers(24, 25, 26, 30, 31) == [None, 101, 102, 102, None]


@pytest.mark.parametrize("calendar", [DAY, MONTH])
def test_what_is_kept_becomes_no_coarser(meter, calendar):
    refused = reason(
        meter.turns.set_turns, [meter.channel], calendar, sender=meter.suite.device_keeper
    )

    assert refused == "turns: kept as finely already"


@pytest.mark.parametrize("calendar", [0, QUARTER, YEAR])
def test_turns_are_of_days_or_months(suite, calendar):
    channel = suite.channel(METER, "QuotaTracker")

    refused = reason(
        suite.register_turns.set_turns, [channel], calendar, sender=suite.device_keeper
    )

    assert refused == "turns: neither of days nor of months"


def test_a_gauge_has_no_register(suite):
    channel = suite.channel(GAUGE, "QualityProvenance", b"cod".ljust(32, b"\0"))

    refused = reason(suite.register_turns.set_turns, [channel], DAY, sender=suite.device_keeper)

    assert refused == "turns: channel is no meter"


def test_the_turns_of_an_unbound_meter_are_kept_over_and_over(meter):
    for _ in range(5):
        meter.take((3, DAY_S // 2), (4, DAY_S // 2))
    meter.take((0, 1))

    assert meter.registers(*range(6)) == [100, 107, 114, 121, 128, 135]


def test_a_bound_meter_still_meets_its_rules_between_turns(suite):
    permit = suite.permit(annual_l=1_000, until_at=T0 + 3 * DAY_S + HOUR_S)
    meter = Meter(suite, permit=permit)

    meter.take(*[(400, DAY_S)] * 4)

    assert [e["tier"] for _, e in events(meter.book, "TierChanged")] == [2, 3]
    assert events(meter.book, "UseWithoutRight")[0][1]["volume_l"] == 400
    assert meter.registers(*range(5)) == [100, 500, 900, 1_300, None]


def test_a_change_of_right_is_asked_for_though_the_turn_is_farther(suite):
    permit = suite.permit()
    meter = Meter(suite, permit=permit)
    meter.take((1, HOUR_S))
    suite.permit_registry.suspend(permit, "drought", sender=suite.supervisor)
    boa.env.evm.patch.timestamp = NOW + 2 * DAY_S

    meter.take((1, NOW + DAY_S - T0))

    assert events(meter.book, "UseWithoutRight")[0][1]["volume_l"] == 1


def test_turns_survive_the_binding(suite):
    meter = Meter(suite)
    meter.take((1, DAY_S + 1))
    suite.device_registry.bind(meter.channel, suite.permit(), sender=suite.device_keeper)

    meter.take(*[(1, DAY_S)] * 3)

    assert meter.registers(*range(5)) == [100, 100, 101, 102, 103]
    base = meter.book.base(meter.channel)
    assert (base.bound_at, base.bound_count_l) == (T0 + DAY_S + 1, 101)


def test_the_count_goes_on_over_a_roll_over(suite):
    meter = Meter(suite, register_l=9_990, modulus_l=10_000)

    meter.take((25, DAY_S), kind=ROLL_OVER)
    meter.take((5, DAY_S))
    meter.take((0, 1))

    assert [meter.at(k).register_l for k in (0, 1, 2)] == [9_990, 15, 20]
    assert [meter.at(k).count_l for k in (0, 1, 2)] == [9_990, 10_015, 10_020]


@pytest.mark.parametrize("opening_l", [0, 7, 2**48 - 10**6])
def test_the_count_goes_on_over_an_exchange(suite, opening_l):
    meter = Meter(suite, permit=suite.permit())
    suite.device_registry.approve_exchange(
        meter.channel, EXCHANGE, 130, opening_l, sender=suite.supervisor
    )

    meter.take((30, DAY_S), kind=EXCHANGE)
    meter.take((5, DAY_S))

    count = meter.book.count_of(meter.channel)
    assert (count.register_l, count.count_l) == (opening_l + 5, 135)
    assert (meter.at(1).register_l, meter.at(1).count_l) == (opening_l, 130)


def test_what_was_deemed_or_estimated_stands_apart(meter):
    meter.suite.device_registry.approve_deemed(
        meter.channel, 100, 40, T0 + HOUR_S, HASH, sender=meter.suite.supervisor
    )
    meter.take((40, HOUR_S), kind=DEEMED)
    meter.take((3, HOUR_S), (4, DAY_S), (5, HOUR_S), kind=ESTIMATE)
    meter.take((1, DAY_S))

    kept = [meter.at(k) for k in (0, 1, 2)]
    assert [(k.register_l, k.count_l, k.estimated_l) for k in kept] == [
        (100, 100, 0),
        (103, 143, 43),
        (112, 152, 52),
    ]
    count = meter.book.count_of(meter.channel)
    assert (count.register_l, count.count_l, count.estimated_l) == (113, 153, 52)


def test_a_silent_channel_is_unknown_until_it_is_closed(meter):
    meter.take((10, HOUR_S))
    assert meter.registers(1, 399, 400) == [None] * 3

    meter.turns.close_turn(meter.channel, sender=meter.suite.holder)

    assert meter.registers(1, 399, 400) == [110, 110, None]
    assert meter.at(5).closed and meter.at(5).read_at == T0 + HOUR_S


def test_a_late_reading_stands_beside_what_was_closed(meter):
    meter.take((10, HOUR_S))
    meter.turns.close_turn(meter.channel, sender=meter.suite.holder)

    meter.take((5, HOUR_S), (6, DAY_S))

    assert meter.registers(0, 1, 2) == [100, 115, None]
    first, second = (meter.turns.kept(meter.channel, n) for n in (2, 3))
    assert (first.register_l, first.closed) == (110, True)
    assert (second.register_l, second.closed) == (115, False)


def test_closing_again_extends_the_answer_without_another_entry(meter):
    meter.take((10, HOUR_S))
    meter.turns.close_turn(meter.channel, sender=meter.suite.holder)
    boa.env.evm.patch.timestamp = NOW + DAY_S

    meter.turns.close_turn(meter.channel, sender=meter.suite.holder)

    assert meter.registers(400, 401) == [110, None]
    assert meter.turns.turns(meter.channel).count == 2


def test_closing_after_a_late_reading_takes_its_register(meter):
    meter.take((10, HOUR_S))
    meter.turns.close_turn(meter.channel, sender=meter.suite.holder)
    meter.take((5, HOUR_S))

    meter.turns.close_turn(meter.channel, sender=meter.suite.holder)

    assert meter.registers(1, 399) == [115, 115]


def test_nothing_is_closed_twice(meter):
    meter.turns.close_turn(meter.channel, sender=meter.suite.holder)

    refused = reason(meter.turns.close_turn, meter.channel, sender=meter.suite.holder)

    assert refused == "turns: closed already"


def test_the_turn_that_has_just_passed_can_be_closed(meter):
    meter.take((1, 398 * DAY_S + HOUR_S))

    meter.turns.close_turn(meter.channel, sender=meter.suite.holder)

    assert meter.registers(398, 399, 400) == [100, 101, None]


def test_turns_that_were_read_are_not_closed(meter):
    meter.take((1, NOW - T0 - 1))
    meter.take((1, 1))

    refused = reason(meter.turns.close_turn, meter.channel, sender=meter.suite.holder)

    assert refused == "turns: every one that passed was read"


def test_closed_months_become_days_after_the_next_reading_only(suite):
    meter = Meter(suite, MONTH)
    meter.turns.close_turn(meter.channel, sender=suite.holder)

    refused = reason(meter.turns.set_turns, [meter.channel], DAY, sender=suite.device_keeper)
    meter.take((1, MONTH_S + 1))
    meter.keep(DAY)

    assert refused == "turns: closed until a reading comes"
    assert meter.turns.turns(meter.channel).calendar == DAY


def test_a_group_beyond_the_days_that_are_loaded_is_refused_alone(suite):
    boa.env.evm.patch.timestamp = T0 + 900 * DAY_S
    kept, plain = Meter(suite), Meter(suite, calendar=0)

    kept.take((1, 799 * DAY_S + 1))
    plain.take((1, 799 * DAY_S + 1))

    assert kept.book.meter(kept.channel).last_at == T0
    assert plain.book.meter(plain.channel).last_at == T0 + 799 * DAY_S + 1


def test_an_outlet_keeps_its_registers_too(suite):
    meter = Meter(suite, contract="DischargeVolumes")

    meter.take((10, HOUR_S), (5, DAY_S))

    assert meter.registers(0, 1) == [100, 110]


def test_closing_tells_what_was_kept_and_for_how_long(meter):
    meter.turns.close_turn(meter.channel, sender=meter.suite.holder)

    [(_, told)] = events(meter.turns, "RegisterKept")
    assert (told["channel"], told["number"]) == (meter.channel, 1)
    assert tuple(told["turn"]) == (True, True, T0, 100, 100, 0, T0)
    assert told["closed_until_at"] == T0 + 399 * DAY_S


def test_an_entry_tells_what_was_kept(meter):
    meter.take((10, HOUR_S + 1))
    meter.take((5, DAY_S))

    entry = meter.turns.kept(meter.channel, 2)
    assert tuple(entry) == (True, False, T0 + DAY_S, 110, 110, 0, T0 + HOUR_S + 1)


def test_an_entry_that_is_not_there_tells_nothing(meter):
    assert tuple(meter.turns.kept(meter.channel, 1)) == (False, False, 0, 0, 0, 0, 0)


def test_one_act_names_up_to_64_meters(suite):
    set_turns, by = suite.register_turns.set_turns, suite.device_keeper

    assert reason(set_turns, [0] * 64, DAY, sender=by) == "turns: channel is no meter"
    assert reason(set_turns, [0] * 65, DAY, sender=by) == ""


def test_who_keeps_which_turns_from_when_is_told(suite):
    channel = suite.channel(METER, "QuotaTracker")

    suite.register_turns.set_turns([channel], MONTH, sender=suite.device_keeper)

    about = {"channel": channel, "by": suite.device_keeper, "calendar": MONTH, "from_at": T0}
    assert events(suite.register_turns, "TurnsSet") == [("TurnsSet", about)]


def test_a_channel_that_its_contract_does_not_know_keeps_nothing(suite):
    with boa.env.anchor():
        refused = reason(suite.quota_tracker.set_turn, 99, T0, sender=suite.register_turns.address)

    assert refused == "meters: no such channel"


def gas_of(meter, readings):
    meter.take(*readings)
    return meter.book._computation.get_gas_used()


def test_a_kept_turn_costs_no_more_gas_than_an_oracle_allows_it(meter):
    gas_of(meter, [(1, DAY_S)])

    few, many = (gas_of(meter, [(1, DAY_S)] * count) for count in (2, 32))

    assert (many - few) / 30 <= TURN_GAS
    assert (many - few) / 30 > READING_GAS
