"""Sewage works: balance, loads, removal, the limit by temperature, flow-weighted means."""

from fractions import Fraction

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.answers import events, reason
from tests.contracts.intake_words import OFFSET, gauge_group, meter_group, packed
from tests.contracts.suite import COD, DAY_S, GAUGE, HASH, METER, NOW, T0, word

TEMP = word("temp")
TURBIDITY = word("turbidity")
DAY, MONTH = 1, 2
ESTIMATE = 5
FIRST = 5  # the day that is ruled on in most tests


class Works:
    """A works of some inlets and outlets, a gauge beside each, and a gauge of temperature."""

    def __init__(self, suite, inlets=1, outlets=1, needed=1):
        self.suite, self.contract = suite, suite.sewage_works
        self.flow, self.books = suite.lane(suite.discharge_volumes), {}
        permit = suite.permit(kind=2)
        start = T0 + FIRST * DAY_S
        self.at = start - DAY_S
        self.meters, self.gauges = (
            [
                suite.channel(kind, contract, parameter, permit, opened_at=self.at)
                for _ in range(inlets + outlets)
            ]
            for kind, contract, parameter in (
                (METER, "DischargeVolumes", word("volume")),
                (GAUGE, "DischargeLimits", COD),
            )
        )
        self.temperature = suite.channel(GAUGE, "DischargeLimits", TEMP, opened_at=self.at)
        suite.register_turns.set_turns(self.meters, DAY, sender=suite.device_keeper)
        self.registers = [100] * len(self.meters)
        self.lane = suite.lane(suite.discharge_limits)
        self.gauged = {channel: self.at for channel in [*self.gauges, self.temperature]}
        high = suite.limit(COD, None, 2**30), suite.limit(TEMP, None, 2**30)
        for channel in self.gauged:
            limit = high[channel == self.temperature]
            rules = (channel, limit, 1, 0, 0, needed)
            suite.discharge_limits.judge(*rules, sender=suite.standards_keeper)
        self.ends = {"inlets": self.meters[:inlets], "outlets": self.meters[inlets:]}
        self.beside = {"inlets": self.gauges[:inlets], "outlets": self.gauges[inlets:]}
        self.number = self.contract.set_works(0, self.drawn(), sender=suite.network_keeper)

    def drawn(self, **changed):
        fields = {"name": "North works", "version": 0} | self.ends
        fields |= {"tolerance_bps": 500, "grade": "1A"}
        return tuple((fields | changed).values())

    def ruled_by(self, **changed):
        fields = {"version": 0} | self.beside
        fields |= {"temperature": 0, "warm_limit_id": 0, "cold_limit_id": 0}
        fields |= {"removal_bps": 0, "removal_verified": True}
        fields |= {"removal_setting": b"\0" * 32, "inlet_above_ng_l": 0}
        assert changed.keys() <= fields.keys()
        return tuple((fields | changed).values())

    def rule(self, **changed):
        keeper = self.suite.standards_keeper
        self.contract.set_rule(self.number, COD, self.ruled_by(**changed), sender=keeper)

    def flows(self, volumes, until_at, kind=0):
        words, book = [], self.suite.discharge_volumes
        for n, (channel, volume_l) in enumerate(zip(self.meters, volumes, strict=True)):
            step = [(volume_l, until_at - self.at)]
            words += meter_group(channel, self.registers[n], self.at, step, kind=kind)
            self.registers[n] += volume_l
        self.at = until_at
        batch_id = book.lane(self.flow)[2]
        book.record_meters(self.flow, batch_id, HASH, packed(words), b"", sender=self.suite.relay)

    def reads(self, channel, values, day=FIRST, close=True):
        book, begins_at = self.suite.discharge_limits, T0 + day * DAY_S
        readings, at = [], self.gauged[channel]
        for n, value in enumerate(values):
            readings.append((OFFSET + value, begins_at + 3_600 * (n + 1) - at))
            at = begins_at + 3_600 * (n + 1)
        words = packed(gauge_group(channel, self.gauged[channel], readings))
        batch_id = book.lane(self.lane)[2]
        book.record_gauges(self.lane, batch_id, HASH, words, b"", sender=self.suite.relay)
        self.gauged[channel] = at
        if close:
            book.close(channel, day, sender=self.suite.holder)

    def a_day(self, volumes, readings, day=FIRST, temperature=None):
        """The volumes and readings of a day, with the meters read beyond it."""
        begins_at = T0 + day * DAY_S
        none = [0] * len(volumes)
        if self.at < begins_at:
            self.flows(none, begins_at)
        self.flows(volumes, begins_at + DAY_S - 60)
        self.flows(none, begins_at + DAY_S + 60)
        for channel, values in zip(self.gauges, readings, strict=True):
            self.reads(channel, values, day)
        if temperature is not None:
            self.reads(self.temperature, temperature, day)

    def on(self, day=FIRST):
        contract = self.contract
        contract.rule_day(self.number, day, COD, sender=self.suite.holder)
        return contract.day_ruled(self.number, COD, contract.works(self.number)[1], day)


def test_a_works_is_drawn_with_its_meters_and_redrawn_as_another_version(suite):
    works = Works(suite)
    [(name, about)] = events(suite.sewage_works)
    assert (name, about["works_id"], about["version"]) == ("WorksSet", 1, 1)
    assert tuple(about["works"])[2:] == ([works.meters[0]], [works.meters[1]], 500, "1A")

    redrawn = works.drawn(name="North")
    assert suite.sewage_works.set_works(1, redrawn, sender=suite.network_keeper) == 1

    assert suite.sewage_works.works(1) == about["works"]._replace(name="North", version=2)


def test_a_name_of_one_letter_and_a_tolerance_of_the_whole_are_enough(suite):
    works = Works(suite)

    drawn = works.drawn(name="N", tolerance_bps=10_000)
    number = suite.sewage_works.set_works(0, drawn, sender=suite.network_keeper)

    assert suite.sewage_works.works(number).name == "N"


def test_a_works_that_cannot_be_balanced_is_not_drawn(suite):
    works, by = Works(suite), suite.network_keeper
    set_, gauge = suite.sewage_works.set_works, [works.gauges[0]]

    assert reason(set_, 2, works.drawn(), sender=by) == "works: unknown works"
    assert reason(set_, 0, works.drawn(name=""), sender=by) == "works: works without a name"
    for end in ("inlets", "outlets"):
        answer = reason(set_, 0, works.drawn(**{end: []}), sender=by)
        assert answer == "works: needs inlet and outlet"
    above = reason(set_, 0, works.drawn(tolerance_bps=10_001), sender=by)
    assert above == "works: tolerance above the whole"
    assert reason(set_, 0, works.drawn(inlets=gauge), sender=by) == "works: inlet is no meter"
    assert reason(set_, 0, works.drawn(outlets=gauge), sender=by) == "works: outlet is no meter"


@pytest.mark.parametrize(
    ("outlet_l", "within"),
    [(1_000, True), (950, True), (949, False), (1_050, True), (1_051, False)],
)
def test_a_balance_is_inlet_less_outlet_within_the_tolerance_both_ways(suite, outlet_l, within):
    works = Works(suite, inlets=2)

    works.a_day([600, 400, outlet_l], [[1]] * 3)

    balance = suite.sewage_works.balance_of(1, DAY, FIRST, FIRST)
    at = T0 + FIRST * DAY_S, T0 + (FIRST + 1) * DAY_S
    volumes = 1_000, outlet_l, 0, False, 1_000 - outlet_l
    assert tuple(balance) == (*at, *volumes, 500, within)
    for number in (0, 2):
        none = reason(suite.sewage_works.balance_of, number, DAY, FIRST, FIRST, sender=suite.holder)
        assert none == "works: no such works"


def test_a_difference_above_the_tolerance_by_the_least_there_is_is_not_within(suite):
    works = Works(suite)
    drawn = works.drawn(tolerance_bps=9_999)
    suite.sewage_works.set_works(1, drawn, sender=suite.network_keeper)

    works.a_day([1, 0], [[1]] * 2)

    assert not suite.sewage_works.balance_of(1, DAY, FIRST, FIRST).within


def test_one_silent_meter_makes_a_balance_silent(suite):
    works = Works(suite)
    works.flows([0, 0], T0 + FIRST * DAY_S)
    works.flows([50, 40], T0 + (FIRST + 1) * DAY_S)
    suite.register_turns.close_turn(works.meters[0], sender=suite.holder)
    words = meter_group(works.meters[1], works.registers[1], works.at, [(0, 60)])
    batch_id = suite.discharge_volumes.lane(works.flow)[2]
    suite.discharge_volumes.record_meters(
        works.flow, batch_id, HASH, packed(words), b"", sender=suite.relay
    )

    assert suite.sewage_works.balance_of(1, DAY, FIRST, FIRST).silent


def test_a_balance_tells_what_was_estimated_and_which_meter_is_silent(suite):
    works = Works(suite)
    works.flows([0, 0], T0 + FIRST * DAY_S)
    works.flows([50, 40], T0 + (FIRST + 1) * DAY_S, kind=ESTIMATE)
    for channel in works.meters:
        suite.register_turns.close_turn(channel, sender=suite.holder)

    balance = suite.sewage_works.balance_of(1, DAY, FIRST, FIRST)

    assert (balance.inlet_l, balance.outlet_l) == (50, 40)
    assert (balance.estimated_l, balance.silent) == (90, True)


def test_a_day_is_ruled_with_loads_removal_and_what_was_asked(suite):
    works = Works(suite)
    works.rule(removal_bps=6_000, warm_limit_id=suite.limit(COD, None, 50))
    works.a_day([1_000, 900], [[300, 401], [30, 31]])

    found = works.on()

    assert (found.inlet_l, found.outlet_l) == (1_000, 900)
    assert (found.inlet_ng, found.outlet_ng) == (350_500, 27_450)
    removal = Fraction(350_500 - 27_450, 350_500) * 10_000
    assert found.removal_bps == removal.__floor__()
    assert (found.required_bps, found.removed, found.advisory) == (6_000, True, False)
    assert (found.limit_ng_l, found.limited, found.exceeded) == (50, True, False)
    assert found.ruled_at == NOW
    suite.sewage_works.set_works(1, works.drawn(), sender=suite.network_keeper)
    assert suite.sewage_works.day_ruled(1, COD, 1, FIRST) == found


def test_a_ruling_on_a_day_is_logged_as_it_is_kept_and_made_once(suite):
    works = Works(suite)
    works.rule()
    works.a_day([10, 10], [[5], [1]])

    suite.sewage_works.rule_day(1, FIRST, COD, sender=suite.holder)

    [(name, about)] = events(suite.sewage_works)
    kept = suite.sewage_works.day_ruled(1, COD, 1, FIRST)
    told = {"works_id": 1, "day": FIRST, "parameter": COD, "version": 1, "ruled": kept}
    assert (name, about) == ("DayRuled", told)
    again = reason(suite.sewage_works.rule_day, 1, FIRST, COD, sender=suite.holder)
    assert again == "works: day was ruled on"


@pytest.mark.parametrize(
    ("left", "removal_bps", "removed"),
    [(39, 6_100, True), (40, 6_000, False), (41, 5_900, False), (103, -300, False)],
)
def test_a_removal_must_lie_above_what_is_asked_and_may_be_negative(
    suite, left, removal_bps, removed
):
    works = Works(suite)
    works.rule(removal_bps=6_000)

    works.a_day([10, 10], [[100], [left]])
    found = works.on()

    assert (found.removal_bps, found.removed) == (removal_bps, removed)


def test_a_day_without_inflow_has_no_removal_and_breaks_no_demand(suite):
    works = Works(suite)
    works.rule(removal_bps=6_000)

    works.a_day([0, 0], [[100], [50]])
    found = works.on()

    assert (found.removal_bps, found.required_bps, found.removed) == (0, 0, True)


def test_the_least_inflow_has_a_removal_which_may_lie_above_what_is_asked_by_the_least(suite):
    works = Works(suite)
    works.rule(removal_bps=9_999)

    works.a_day([1, 1], [[1], [0]])
    found = works.on()

    assert (found.removal_bps, found.removed) == (10_000, True)


def test_where_no_removal_is_asked_more_may_leave_than_came(suite):
    works = Works(suite)
    works.rule(removal_verified=False)

    works.a_day([10, 10], [[1], [2]])
    found = works.on()

    assert (found.removal_bps, found.removed, found.advisory) == (-10_000, True, False)


def test_a_removal_of_the_whole_can_be_asked_for(suite):
    works = Works(suite)

    works.rule(removal_bps=10_000)

    assert suite.sewage_works.rule(1, COD).removal_bps == 10_000


def test_a_rule_without_a_limit_limits_nothing(suite):
    works = Works(suite)
    works.rule()

    works.a_day([10, 10], [[5], [1]])
    found = works.on()

    assert (found.limited, found.limit_ng_l, found.exceeded) == (False, 0, False)


def test_a_removal_is_rounded_towards_less(suite):
    works = Works(suite)
    works.rule()

    works.a_day([3, 4], [[1], [1]])
    found = works.on()

    assert found.removal_bps == -3_334


@pytest.mark.parametrize(("inlet", "required"), [(350, 0), (351, 6_000)])
def test_a_removal_of_the_standard_is_asked_of_strong_inflow_only(suite, inlet, required):
    works = Works(suite)
    works.rule(removal_setting=word("works_removal_cod_bps"), inlet_above_ng_l=350)

    works.a_day([1, 1], [[inlet], [300]])
    found = works.on()

    assert (found.required_bps, found.removed) == (required, required == 0)
    assert not found.advisory


def test_an_unverified_removal_rules_as_advice(suite):
    works = Works(suite)
    works.rule(removal_bps=6_000, removal_verified=False)

    works.a_day([10, 10], [[5], [1]])
    assert works.on().advisory


def test_a_day_of_too_few_readings_rules_as_advice(suite):
    works = Works(suite, needed=2)
    works.rule()

    works.a_day([10, 10], [[5], [1, 1]])
    assert works.on().advisory


@pytest.mark.parametrize(
    ("temperature", "limit", "cold"),
    [([12_000], 8, True), ([12_000, 12_001], 5, False), ([11_999, 12_001], 8, True)],
)
def test_the_limit_of_a_day_follows_its_mean_temperature(suite, temperature, limit, cold):
    works = Works(suite)
    limits = {f"{n}_limit_id": suite.limit(COD, None, hi) for n, hi in (("warm", 5), ("cold", 8))}
    works.rule(temperature=works.temperature, **limits)

    works.a_day([10, 10], [[50], [6]], temperature=temperature)
    found = works.on()

    assert (found.limit_ng_l, found.cold, found.advisory) == (limit, cold, False)
    assert found.exceeded == (not cold)


def test_without_a_temperature_the_stricter_limit_rules_as_advice(suite):
    works = Works(suite)
    limits = {f"{n}_limit_id": suite.limit(COD, None, hi) for n, hi in (("warm", 9), ("cold", 8))}
    works.rule(temperature=works.temperature, **limits)
    works.a_day([10, 10], [[50], [6]])
    rule = suite.sewage_works.rule_day
    for day in (FIRST - 1, FIRST):
        still_open = reason(rule, 1, FIRST, COD, sender=suite.holder)
        assert still_open == "loads: the day of a gauge is not closed"
        suite.discharge_limits.close(works.temperature, day, sender=suite.holder)

    found = works.on()

    assert (found.limit_ng_l, found.cold, found.advisory) == (8, False, True)


def test_a_temperature_of_too_few_readings_is_none(suite):
    works = Works(suite, needed=2)
    limits = {f"{n}_limit_id": suite.limit(COD, None, hi) for n, hi in (("warm", 5), ("cold", 8))}
    works.rule(temperature=works.temperature, **limits)

    works.a_day([10, 10], [[50, 50], [6, 6]], temperature=[11_000])
    found = works.on()

    assert (found.limit_ng_l, found.cold, found.advisory) == (5, False, True)


def test_a_warm_day_keeps_its_limit_though_the_cold_one_is_stricter(suite):
    works = Works(suite)
    limits = {f"{n}_limit_id": suite.limit(COD, None, hi) for n, hi in (("warm", 9), ("cold", 8))}
    works.rule(temperature=works.temperature, **limits)

    works.a_day([10, 10], [[50], [6]], temperature=[12_001])

    assert works.on().limit_ng_l == 9


def test_a_limit_is_exceeded_by_the_least_there_is_above_it(suite):
    works = Works(suite)
    works.rule(warm_limit_id=suite.limit(COD, None, 10))

    works.a_day([1, 1], [[50], [11]])

    assert works.on().exceeded


@pytest.mark.parametrize(("daily_mean", "verified"), [(True, False), (False, True)])
def test_a_limit_that_is_no_verified_daily_mean_rules_as_advice(suite, daily_mean, verified):
    works = Works(suite)
    about = (COD, word("max"), word("ng/L"), 0, 9, False, True, daily_mean, verified)
    works.rule(warm_limit_id=suite.sealed("OTHER", [about]))

    works.a_day([10, 10], [[50], [9]])

    assert works.on().advisory


def test_a_limit_holds_up_to_its_figure(suite):
    works = Works(suite, outlets=2)
    works.rule(warm_limit_id=suite.limit(COD, None, 10))
    works.a_day([9, 3, 6], [[50], [8, 8, 8], [11]])
    works.a_day([9, 3, 6], [[50], [8, 8, 9], [11]], day=FIRST + 1)

    assert not works.on().exceeded
    assert works.on(FIRST + 1).exceeded


def test_a_rule_fits_the_works(suite):
    works, by, set_ = Works(suite), suite.standards_keeper, suite.sewage_works.set_rule
    limit_id, other = suite.limit(COD, None, 5), suite.limit(TURBIDITY, None, 5)

    def refused(**changed):
        return reason(set_, 1, COD, works.ruled_by(**changed), sender=by)

    assert reason(set_, 9, COD, works.ruled_by(), sender=by) == "works: no such works"
    assert refused(inlets=[]) == "works: a gauge for each meter"
    assert refused(outlets=works.gauges) == "works: a gauge for each meter"
    for wrong in (works.meters[0], works.temperature):
        assert refused(inlets=[wrong]) == "works: channel is no gauge of this parameter"
    assert refused(removal_bps=10_001) == "works: removal above the whole"
    cold = {"cold_limit_id": limit_id}
    assert refused(**cold) == "works: cold needs a temperature"
    assert refused(temperature=works.temperature) == "works: cold needs a temperature"
    warm = {"warm_limit_id": limit_id, "temperature": works.meters[0]}
    assert refused(**cold, **warm) == "works: temperature is no gauge"
    alone = cold | {"temperature": works.temperature}
    assert refused(**alone) == "works: cold limit without a warm one"
    for wrong in (other, suite.limit(COD, 5, None)):
        assert refused(warm_limit_id=wrong) == "works: no upper limit of this parameter"


def test_a_works_is_ruled_by_limits_of_sealed_sets_only(suite):
    works, standards, keeper = Works(suite), suite.standards, suite.standards_keeper
    set_id = standards.open_set("OPEN", "", HASH, T0, sender=keeper)
    limit = (set_id, COD, word("max"), word("ng/L"), 0, 9, False, True, True, True)
    standards.add_limits(set_id, [limit], sender=keeper)
    given = works.ruled_by(warm_limit_id=standards.limit_count())

    answer = reason(suite.sewage_works.set_rule, 1, COD, given, sender=keeper)

    assert answer == "standards: limit is in no sealed set"


def test_a_rule_is_told_and_ends_when_the_works_is_redrawn(suite):
    works = Works(suite)
    works.rule(removal_bps=7)
    [(name, about)] = events(suite.sewage_works)
    kept = suite.sewage_works.rule(1, COD)
    assert (name, about) == ("RuleSet", {"works_id": 1, "parameter": COD, "rule": kept})
    assert (kept.version, kept.removal_bps) == (1, 7)

    suite.sewage_works.set_works(1, works.drawn(), sender=suite.network_keeper)

    rule = suite.sewage_works.rule_day
    gone = reason(rule, 1, FIRST, COD, sender=suite.holder)
    assert gone == "works: no rule for this parameter"


def test_a_day_waits_for_its_meters_and_a_mean_of_each_gauge(suite):
    works = Works(suite)
    works.rule()
    works.a_day([5, 5], [[1], [1]])
    rule, day = suite.sewage_works.rule_day, FIRST + 1

    unread = reason(rule, 1, day, COD, sender=suite.holder)
    assert unread == "turns: a meter is not read beyond the turn yet"
    for channel in works.meters:
        suite.register_turns.close_turn(channel, sender=suite.holder)
    silent = reason(rule, 1, day, COD, sender=suite.holder)
    assert silent == "works: a meter is silent at the day's ends"
    works.flows([5, 5], T0 + (day + 1) * DAY_S - 60)
    works.flows([0, 0], T0 + (day + 1) * DAY_S + 60)
    for channel in works.gauges:
        suite.discharge_limits.close(channel, day, sender=suite.holder)
    without = reason(rule, 1, day, COD, sender=suite.holder)
    assert without == "works: a gauge has no mean of this day"


def test_a_day_of_estimated_volume_rules_as_advice(suite):
    works = Works(suite)
    works.rule()
    works.flows([0, 0], T0 + FIRST * DAY_S)
    works.flows([1, 0], T0 + (FIRST + 1) * DAY_S, kind=ESTIMATE)
    works.flows([0, 0], works.at + 60)
    for channel in works.gauges:
        works.reads(channel, [1])

    assert works.on().advisory


DAYS = st.lists(
    st.tuples(
        st.tuples(*[st.integers(0, 10**7)] * 3),
        st.tuples(*[st.lists(st.integers(-3, 10**6), min_size=1, max_size=5)] * 3),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=12, deadline=None)
@given(days=DAYS)
def test_loads_and_means_over_outlets_and_days_are_weighted_by_flow(deployed, days):
    with boa.env.anchor():
        works = Works(deployed, outlets=2)
        works.rule(warm_limit_id=deployed.limit(COD, None, 400_000))
        outlet_ng, outlet_l = 0, 0
        for n, (volumes, readings) in enumerate(days):
            works.a_day(list(volumes), list(readings), FIRST + n)
            found = works.on(FIRST + n)

            means = [max(Fraction(sum(v), len(v)), Fraction(0)) for v in readings]
            into, *left = [volume * mean for volume, mean in zip(volumes, means, strict=True)]
            exact = sum(left, Fraction(0))
            assert found.inlet_ng == into.__floor__()
            assert found.outlet_ng == exact.__ceil__()
            assert found.exceeded == (exact > 400_000 * sum(volumes[1:]))
            if into:
                assert found.removal_bps == ((into - exact) / into * 10_000).__floor__()
            outlet_ng, outlet_l = outlet_ng + found.outlet_ng, outlet_l + sum(volumes[1:])

        mean = deployed.sewage_works.mean_of(works.number, COD, FIRST, FIRST + len(days) - 1)

        weighted = Fraction(outlet_ng, outlet_l).__ceil__() if outlet_l else 0
        assert tuple(mean) == (outlet_ng, outlet_l, weighted)


@pytest.mark.parametrize(("volume_l", "mean"), [(0, (0, 0, 0)), (1, (7, 1, 7))])
def test_a_mean_is_of_any_water_that_left_and_none_of_no_water(suite, volume_l, mean):
    works = Works(suite)
    works.rule()
    works.a_day([1, volume_l], [[5], [7]])
    works.on()

    assert tuple(suite.sewage_works.mean_of(1, COD, FIRST, FIRST)) == mean


def test_a_mean_over_days_needs_every_one_of_them(suite):
    works = Works(suite)
    works.rule()
    works.a_day([10, 10], [[5], [1]])
    works.on()
    mean_of = suite.sewage_works.mean_of

    for first, last in ((FIRST, FIRST + 1), (0, 365)):
        missing = reason(mean_of, 1, COD, first, last, sender=suite.holder)
        assert missing == "works: a day was not ruled on"
    for first, last in ((FIRST, FIRST - 1), (0, 366)):
        answer = reason(mean_of, 1, COD, first, last, sender=suite.holder)
        assert answer == "works: days are not in order or too many"
