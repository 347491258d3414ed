"""Districts: balance by registers kept at turns, leakage by CJJ 92, delivery by scheme."""

from fractions import Fraction

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.standards import read_settings
from tests.contracts.answers import events, reason
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import DAY_S, GAUGE, HASH, METER, NOW, ROOT, SETTINGS, T0

START = NOW - 380 * DAY_S  # the first second of a day
FIRST = (START - T0) // DAY_S
# of the tests' years of forty days, the one in which 365 days from there end
LAST_YEAR = (FIRST + 364) // 40
DAY, MONTH, YEAR, WORKING = 1, 2, 4, 5
EXCHANGE, ESTIMATE = 2, 5


class Tap:
    """A meter and its lane."""

    def __init__(self, suite, opened_at=START, channel=0):
        self.suite, self.register_l, self.at = suite, 100, opened_at
        self.channel = channel or suite.channel(METER, "QuotaTracker", opened_at=opened_at)

    def moves(self, lane, volume_l, until_at, kind=0):
        steps, at = [], self.at
        while until_at - at > 100 * DAY_S:
            steps.append((0, 100 * DAY_S))
            at += 100 * DAY_S
        steps.append((volume_l, until_at - at))
        book = self.suite.quota_tracker
        words = packed(meter_group(self.channel, self.register_l, self.at, steps, kind=kind))
        batch_id = book.lane(lane).next_id
        book.record_meters(lane, batch_id, HASH, words, b"", sender=self.suite.relay)
        self.register_l, self.at = self.register_l + volume_l, until_at


class District:
    """A district of two inlets, an outlet and two users, as far as they are asked for."""

    def __init__(self, suite, inlets=1, outlets=0, users=1, kept=True):
        self.suite, self.monitor = suite, suite.supply_monitor
        self.lane = suite.lane(suite.quota_tracker)
        self.inlets, self.outlets, self.users = (
            [Tap(suite) for _ in range(n)] for n in (inlets, outlets, users)
        )
        self.number = self.monitor.set_district(0, self.drawn(), sender=suite.network_keeper)
        if kept:
            channels = [tap.channel for tap in self.taps]
            suite.register_turns.set_turns(channels, DAY, sender=suite.device_keeper)

    @property
    def taps(self):
        return [*self.inlets, *self.outlets, *self.users]

    def drawn(self, **changed):
        fields = {
            "name": "North",
            "version": 0,
            "inlets": [tap.channel for tap in self.inlets],
            "outlets": [tap.channel for tap in self.outlets],
            "users": [tap.channel for tap in self.users],
        }
        return tuple((fields | changed).values())

    def moves(self, volumes, until_at):
        for tap, volume_l in zip(self.taps, volumes, strict=True):
            tap.moves(self.lane, volume_l, until_at)

    def balanced(self, volumes, days=365):
        """The days over which these volumes passed, and the meters read beyond the last."""
        self.moves(volumes, START + days * DAY_S)
        self.moves([0] * len(volumes), START + days * DAY_S + 60)
        return DAY, FIRST, FIRST + days - 1


def test_a_balance_is_what_went_in_less_what_went_on_and_what_users_registered(suite):
    district = District(suite, inlets=2, outlets=1, users=2)

    span = district.balanced([700, 500, 200, 600, 300])

    balance = suite.supply_monitor.balance_of(1, *span)
    assert tuple(balance) == (START, START + 365 * DAY_S, 1_000, 900, 0, False, 100_000)


def corrected(suite, district_id=1, year=LAST_YEAR, **changed):
    fields = {
        "version": 0,
        "household_ppm": 0,
        "pipe_m": 0,
        "pressure_pa": 0,
        "frost_mm": 0,
        "source_hash": HASH,
    }
    given = tuple((fields | changed).values())
    suite.supply_monitor.set_corrections(district_id, year, given, sender=suite.standards_keeper)


@pytest.mark.parametrize(
    ("registered_l", "grade"), [(900_000, 1), (899_999, 2), (880_000, 2), (879_999, 3)]
)
def test_a_year_is_graded_not_above_ten_and_twelve_percent(suite, registered_l, grade):
    span = District(suite).balanced([1_000_000, registered_l])

    suite.supply_monitor.rule_leakage(1, *span, sender=suite.holder)

    [(name, about)] = events(suite.supply_monitor)
    leakage = about["leakage"]
    assert (name, leakage.grade, leakage.yearly) == ("LeakageRuled", grade, True)
    assert (about["district_id"], about["version"]) == (1, 1)
    assert (leakage.corrections_year, leakage.corrections_version) == (LAST_YEAR, 0)
    assert about["balance"] == suite.supply_monitor.balance_of(1, *span)
    assert leakage.leakage_ppm == leakage.loss_ppm == 1_000_000 - registered_l
    assert about["balance"].supplied_l == 1_000_000


@pytest.mark.parametrize(("days", "yearly"), [(364, False), (365, True), (367, True), (368, False)])
def test_another_span_than_a_year_has_rates_and_no_grade(suite, days, yearly):
    span = District(suite).balanced([1_000, 500], days)

    leakage = suite.supply_monitor.leakage_of(1, *span)

    assert (leakage.loss_ppm, leakage.grade, leakage.yearly) == (500_000, 3 * yearly, yearly)


def test_a_month_is_balanced_by_the_registers_of_its_turns(suite):
    district = District(suite)
    district.moves([1_000, 900], START + 15 * DAY_S)
    district.moves([7, 7], START + 25 * DAY_S)
    month = suite.standards.period_at(MONTH, START + 15 * DAY_S)

    balance = suite.supply_monitor.balance_of(1, MONTH, month, month)

    assert balance.from_at == suite.standards.boundary(MONTH, month)
    assert balance.until_at == suite.standards.boundary(MONTH, month + 1)
    assert (balance.supplied_l, balance.registered_l) == (1_000, 900)


def cjj92(household, pipe_m, supplied_l, pressure_pa, frost_mm):
    """CJJ 92 cl. 5.2.3 in percent points, as printed."""
    r1 = Fraction(8, 100) * household * 100
    density = Fraction(pipe_m, 1_000) / (Fraction(supplied_l, 1_000) / 10_000)
    r2 = min(max(Fraction(99, 100) * (density - Fraction(693, 10_000)) * 100, -3), 3)
    bands = [(750_000, 2), (550_000, 1)]
    r3 = next((Fraction(r) for over, r in bands if pressure_pa > over), None)
    if r3 is None:
        r3 = Fraction(1, 2) if pressure_pa >= 350_000 else Fraction(0)
    return r1 + r2 + r3 + (1 if frost_mm > 1_400 else 0)


@settings(max_examples=15)
@given(
    household_ppm=st.integers(0, 10**6),
    pipe_m=st.integers(0, 10**5),
    pressure_pa=st.sampled_from([0, 349_999, 350_000, 550_000, 550_001, 750_000, 750_001]),
    frost_mm=st.sampled_from([0, 1_400, 1_401]),
)
def test_corrections_are_those_of_cjj_92(deployed, household_ppm, pipe_m, pressure_pa, frost_mm):
    with boa.env.anchor():
        suite, supplied_l = deployed, 10**10
        span = District(suite).balanced([supplied_l, supplied_l // 2])
        corrected(
            suite,
            household_ppm=household_ppm,
            pipe_m=pipe_m,
            pressure_pa=pressure_pa,
            frost_mm=frost_mm,
        )

        leakage = suite.supply_monitor.leakage_of(1, *span)

        share = Fraction(household_ppm, 10**6)
        exact = cjj92(share, pipe_m, supplied_l, pressure_pa, frost_mm) * 10_000
        # the pipes' density and each correction are whole, so three units in a million at most
        assert abs(leakage.correction_ppm - exact) <= 101
        assert leakage.leakage_ppm == leakage.loss_ppm - leakage.correction_ppm


def test_corrections_are_told_with_their_source(suite):
    District(suite)

    corrected(suite, household_ppm=5)

    [(name, about)] = events(suite.supply_monitor)
    assert (name, tuple(about["corrections"])) == ("CorrectionsSet", (1, 5, 0, 0, 0, HASH))
    assert (about["district_id"], about["year"]) == (1, LAST_YEAR)
    set_, by = suite.supply_monitor.set_corrections, suite.standards_keeper
    above = reason(set_, 1, 0, (0, 1_000_001, 0, 0, 0, HASH), sender=by)
    assert above == "supply: household share above the whole"
    sourceless = reason(set_, 1, 0, (0, 0, 0, 0, 0, b"\0" * 32), sender=by)
    assert sourceless == "supply: corrections without a source"
    unknown = reason(set_, 9, 0, (0, 0, 0, 0, 0, HASH), sender=by)
    assert unknown == "supply: no such district"
    assert reason(set_, 1, 10**6, (0, 0, 0, 0, 0, HASH), sender=by) == "supply: year is not loaded"


def test_leakage_is_corrected_by_the_record_of_the_year_in_which_it_ends(suite):
    """Those of another year, or a later version, leave what was ruled as it is."""
    span, monitor = District(suite).balanced([1_000_000, 900_000]), suite.supply_monitor
    corrected(suite, frost_mm=1_401)
    corrected(suite, year=LAST_YEAR - 1, household_ppm=10**6)
    corrected(suite, year=LAST_YEAR + 1, household_ppm=10**6)

    first = monitor.leakage_of(1, *span)
    corrected(suite, frost_mm=0)
    later = monitor.leakage_of(1, *span)

    assert [one.corrections_year for one in (first, later)] == [LAST_YEAR] * 2
    assert [one.corrections_version for one in (first, later)] == [1, 2]
    # without pipes R2 stands at its clamp; frost is one hundredth
    assert [one.correction_ppm for one in (first, later)] == [-20_000, -30_000]
    assert monitor.corrections(1, LAST_YEAR).version == 2


def test_the_whole_loss_is_more_than_nothing_and_users_may_register_more_than_came(suite):
    span = District(suite).balanced([1_000, 1_500])

    assert suite.supply_monitor.balance_of(1, *span).loss_ppm == -500_000


def test_what_passed_an_exchanged_meter_counts_whole(suite):
    district = District(suite)
    tap = district.inlets[0]
    suite.device_registry.approve_exchange(tap.channel, EXCHANGE, 110, 5, sender=suite.supervisor)
    tap.moves(district.lane, 10, START + 60, kind=EXCHANGE)
    tap.register_l = 5
    tap.moves(district.lane, 90, START + DAY_S)
    district.users[0].moves(district.lane, 80, START + DAY_S)
    district.moves([0, 0], START + DAY_S + 60)

    balance = suite.supply_monitor.balance_of(1, DAY, FIRST, FIRST)

    assert (balance.supplied_l, balance.registered_l) == (100, 80)


def test_a_meter_opened_within_the_span_counts_from_its_opening_register(suite):
    district = District(suite)
    new = Tap(suite, opened_at=START + DAY_S)
    district.users.append(new)
    suite.supply_monitor.set_district(1, district.drawn(), sender=suite.network_keeper)
    new.moves(district.lane, 30, START + 2 * DAY_S - 60)
    suite.register_turns.set_turns([new.channel], DAY, sender=suite.device_keeper)
    balance = suite.supply_monitor.balance_of

    district.moves([500, 400, 0], START + 2 * DAY_S)
    district.moves([0, 0, 0], START + 2 * DAY_S + 60)

    assert tuple(balance(1, DAY, FIRST, FIRST + 1))[2:4] == (500, 430)
    assert balance(1, DAY, FIRST + 1, FIRST + 1).registered_l == 430
    before = reason(balance, 1, DAY, FIRST, FIRST, sender=suite.holder)
    assert before == "supply: nothing was supplied"


def replaced(suite, district, closing_l, at):
    """The user's meter gives way to another, which is released."""
    registry, [old] = suite.device_registry, district.users
    suite.device_registry.bind(old.channel, suite.permit(), sender=suite.device_keeper)
    asked = (old.channel, "NEW-1", closing_l, 0, at, HASH, HASH)
    number = registry.replace_urgently(*asked, sender=suite.holder)
    new = Tap(suite, at, registry.replacement(number).channel)
    new.register_l = 0
    registry.release(number, sender=suite.supervisor)
    return new


@pytest.mark.parametrize("closed", [False, True])
def test_a_meter_that_gave_way_counts_up_to_its_last_reading_and_is_not_awaited(suite, closed):
    district, monitor = District(suite), suite.supply_monitor
    old, at = district.users[0], START + 3_600
    old.moves(district.lane, 300, at)
    new = replaced(suite, district, 400, at)
    if closed:
        suite.register_turns.close_turn(old.channel, sender=suite.holder)
    district.users = [new]
    district.moves([500, 100], START + DAY_S)
    district.moves([7, 5], START + DAY_S + 60)
    district.moves([0, 0], START + 2 * DAY_S + 60)
    district.users = [old, new]
    monitor.set_district(1, district.drawn(), sender=suite.network_keeper)

    balances = [monitor.balance_of(1, DAY, day, day) for day in (FIRST, FIRST + 1)]

    found = [(one.supplied_l, one.registered_l, one.silent) for one in balances]
    assert found == [(500, 400, False), (7, 5, False)]


def test_estimated_use_is_told_as_such(suite):
    district = District(suite)
    district.inlets[0].moves(district.lane, 70, START + DAY_S)
    district.users[0].moves(district.lane, 30, START + DAY_S, kind=ESTIMATE)
    district.moves([0, 0], START + DAY_S + 60)

    balance = suite.supply_monitor.balance_of(1, DAY, FIRST, FIRST)

    assert (balance.registered_l, balance.estimated_l, balance.silent) == (30, 30, False)


def test_a_silent_meter_answers_when_its_turn_is_closed_and_is_told(suite):
    district = District(suite)
    district.inlets[0].moves(district.lane, 70, START + DAY_S + 60)
    balance, user = suite.supply_monitor.balance_of, district.users[0]
    waiting = reason(balance, 1, DAY, FIRST + 1, FIRST + 1, sender=suite.holder)
    assert waiting == "turns: a meter is not read beyond the turn yet"
    district.inlets[0].moves(district.lane, 20, START + 2 * DAY_S + 60)

    suite.register_turns.close_turn(user.channel, sender=suite.holder)

    found = balance(1, DAY, FIRST + 1, FIRST + 1)
    assert (found.supplied_l, found.registered_l, found.silent) == (70, 0, True)


def test_there_is_no_balance_where_registers_were_not_kept(suite):
    district = District(suite, kept=False)
    span = district.balanced([1_000, 1], 2)
    balance, by = suite.supply_monitor.balance_of, suite.holder
    not_kept = "turns: a register was not kept at the turn"
    assert reason(balance, 1, *span, sender=by) == not_kept

    channels = [tap.channel for tap in district.taps]
    suite.register_turns.set_turns(channels, DAY, sender=suite.device_keeper)

    assert reason(balance, 1, *span, sender=by) == not_kept
    later = DAY, FIRST + 3, FIRST + 3
    unread = "turns: a meter is not read beyond the turn yet"
    assert reason(balance, 1, *later, sender=by) == unread


def test_a_balance_is_of_periods_in_their_order_of_a_known_calendar(suite):
    district = District(suite)
    district.balanced([1_000, 1], 5)
    balance, by = suite.supply_monitor.balance_of, suite.holder

    for pair in ((FIRST + 1, FIRST), (FIRST, FIRST + 1_000)):
        assert reason(balance, 1, DAY, *pair, sender=by) == "spans: periods are not in order"
    for calendar in (0, WORKING):
        other = reason(balance, 1, calendar, FIRST, FIRST, sender=by)
        assert other == "spans: registers are kept by no such calendar"
    beyond = reason(balance, 1, DAY, 10**6, 10**6, sender=by)
    assert beyond == "spans: calendar does not reach the period"
    assert reason(balance, 9, DAY, FIRST, FIRST, sender=by) == "supply: no such district"


def test_a_redrawn_district_is_balanced_by_what_it_is_now(suite):
    district = District(suite, inlets=2)
    span = district.balanced([1_000, 500, 300])
    inlets = [district.inlets[0].channel]

    suite.supply_monitor.set_district(1, district.drawn(inlets=inlets), sender=suite.network_keeper)

    assert suite.supply_monitor.balance_of(1, *span).supplied_l == 1_000


def test_nothing_supplied_is_no_balance(suite):
    district = District(suite, outlets=1)
    nothing = district.balanced([5, 5, 0], 1)
    balance, by = suite.supply_monitor.balance_of, suite.holder

    assert reason(balance, 1, *nothing, sender=by) == "supply: nothing was supplied"
    district.moves([5, 6, 0], START + 2 * DAY_S)
    district.moves([0, 0, 0], START + 2 * DAY_S + 60)
    more = reason(balance, 1, DAY, FIRST + 1, FIRST + 1, sender=by)
    assert more == "supply: more went on than came"


def test_a_district_has_a_name_an_inlet_and_meters_only(suite):
    district, by = District(suite), suite.network_keeper
    set_, gauge = suite.supply_monitor.set_district, suite.channel(GAUGE, "QualityProvenance")

    assert reason(set_, 2, district.drawn(), sender=by) == "supply: unknown district"
    assert reason(set_, 0, district.drawn(name=""), sender=by) == "supply: district without a name"
    without = reason(set_, 0, district.drawn(inlets=[]), sender=by)
    assert without == "supply: district without an inlet"
    for key in ("inlets", "outlets", "users"):
        answer = reason(set_, 0, district.drawn(**{key: [gauge]}), sender=by)
        assert answer == "supply: channel is no meter"
    set_(1, district.drawn(name="South"), sender=by)
    [(name, about)] = events(suite.supply_monitor)
    assert (name, about["name"], about["version"]) == ("DistrictSet", "South", 2)
    assert suite.supply_monitor.district(1).name == "South"


def day_of(at):
    return (at - T0) // DAY_S


@pytest.mark.parametrize(
    ("delivered_l", "met"),
    [(1_000, True), (950, True), (949, False), (1_050, True), (1_051, False)],
)
def test_a_day_s_delivery_is_held_against_its_scheme_both_ways(suite, delivered_l, met):
    district, monitor = District(suite), suite.supply_monitor
    boa.env.evm.patch.timestamp = START
    day = day_of(START) + 1
    monitor.set_scheme(1, day, 1_000, 500, sender=suite.network_keeper)
    about = {"district_id": 1, "day": day, "planned_l": 1_000, "tolerance_bps": 500}
    assert events(monitor) == [("SchemeSet", about)]
    boa.env.evm.patch.timestamp = NOW
    district.moves([0, 0], START + DAY_S)
    district.moves([delivered_l, 0], START + 2 * DAY_S)
    district.moves([0, 0], START + 2 * DAY_S + 60)

    monitor.rule_delivery(1, day, sender=suite.holder)

    verdict = {"delivered_l": delivered_l, "silent": False, "met": met}
    assert events(monitor) == [("DeliveryRuled", about | verdict)]


def test_a_day_on_which_nothing_was_delivered_is_ruled_on_too(suite):
    district, monitor = District(suite), suite.supply_monitor
    boa.env.evm.patch.timestamp = START - 60
    monitor.set_scheme(1, FIRST, 5, 0, sender=suite.network_keeper)
    boa.env.evm.patch.timestamp = NOW
    suite.register_turns.close_turn(district.inlets[0].channel, sender=suite.holder)

    monitor.rule_delivery(1, FIRST, sender=suite.holder)

    [(_, about)] = events(monitor)
    assert (about["delivered_l"], about["silent"], about["met"]) == (0, True, False)


def test_a_scheme_is_set_before_its_day_begins(suite):
    District(suite)
    set_, by, tomorrow = suite.supply_monitor.set_scheme, suite.network_keeper, day_of(NOW) + 1

    assert reason(set_, 1, day_of(NOW), 5, 0, sender=by) == "supply: day has begun"
    assert reason(set_, 1, tomorrow, 0, 0, sender=by) == "supply: scheme of nothing"
    above = reason(set_, 1, tomorrow, 5, 10_001, sender=by)
    assert above == "supply: tolerance above the whole"
    assert reason(set_, 9, tomorrow, 5, 0, sender=by) == "supply: no such district"


def test_delivery_is_ruled_on_days_with_a_scheme(suite):
    District(suite)

    none = reason(suite.supply_monitor.rule_delivery, 1, FIRST, sender=suite.holder)

    assert none == "supply: no scheme for this day"


def region(suite, *pairs, days=365):
    """Districts by what each was supplied and registered, and the days of it."""
    for pair in pairs:
        span = District(suite).balanced(list(pair), days)
    return list(range(1, len(pairs) + 1)), *span


def test_leakage_of_a_region_is_the_mean_of_its_districts_weighted_by_supply(suite):
    span = region(suite, (1_000_000, 950_000), (3_000_000, 2_400_000))

    found = suite.supply_monitor.region_leakage_of(*span)

    assert (found.supplied_l, found.registered_l) == (4_000_000, 3_350_000)
    assert found.loss_ppm == found.leakage_ppm == 162_500
    assert (found.from_at, found.until_at) == (START, START + 365 * DAY_S)
    assert (found.grade, found.on_target_a, found.on_target_b) == (3, False, False)


def test_corrections_of_a_district_weigh_as_much_as_its_supply(suite):
    span = region(suite, (1_000_000, 900_000), (3_000_000, 2_700_000))
    corrected(suite, 2, pressure_pa=350_000)

    found = suite.supply_monitor.region_leakage_of(*span)

    # the pipes' clamp of -3 % and 0.5 % for pressure, on three quarters of the supply
    assert (found.loss_ppm, found.leakage_ppm) == (100_000, 100_000 + 25_000 * 3 // 4)


@pytest.mark.parametrize(
    ("registered_l", "grade", "on_a", "on_b"),
    [
        (9_100_001, 1, True, True),
        (9_100_000, 1, True, False),
        (9_099_999, 1, False, False),
        (9_000_000, 1, False, False),
        (8_999_999, 2, False, False),
        (8_800_000, 2, False, False),
        (8_799_999, 3, False, False),
    ],
)
def test_grades_and_targets_of_a_region_are_held_against_the_exact_mean(
    suite, registered_l, grade, on_a, on_b
):
    """At exactly nine hundredths target A is met, target B is not; no rate in millionths tells."""
    span = region(suite, (4_000_000, 4_000_000), (6_000_000, registered_l - 4_000_000))

    found = suite.supply_monitor.region_leakage_of(*span)

    assert (found.grade, found.on_target_a, found.on_target_b) == (grade, on_a, on_b)


def test_a_region_has_a_grade_and_targets_for_a_year_only(suite):
    span = region(suite, (1_000, 999), days=364)

    found = suite.supply_monitor.region_leakage_of(*span)

    assert (found.yearly, found.grade, found.on_target_a, found.on_target_b) == (
        False,
        0,
        *[False] * 2,
    )
    assert found.leakage_ppm == 1_000


def test_a_region_tells_a_silent_meter_and_estimates_of_any_of_its_districts(suite):
    first, second = District(suite), District(suite)
    first.balanced([1_000, 900], 1)
    second.inlets[0].moves(second.lane, 500, START + DAY_S, kind=ESTIMATE)
    second.inlets[0].moves(second.lane, 0, START + DAY_S + 60)
    suite.register_turns.close_turn(second.users[0].channel, sender=suite.holder)

    found = suite.supply_monitor.region_leakage_of([1, 2], DAY, FIRST, FIRST)

    assert (found.estimated_l, found.silent, found.registered_l) == (500, True, 900)


def test_a_region_has_districts_and_each_once(suite):
    _, *span = region(suite, (1_000, 900))
    view, by = suite.supply_monitor.region_leakage_of, suite.holder

    assert reason(view, [], *span, sender=by) == "supply: region without a district"
    assert reason(view, [1, 1], *span, sender=by) == "supply: districts must rise"
    assert reason(view, [1, 2], *span, sender=by) == "supply: no such district"


def test_settings_of_the_tests_are_those_of_the_project():
    held = {one.name: one.amount for one in read_settings(ROOT / "standards" / "settings.yaml")}

    assert {name: amount for name, (amount, _) in SETTINGS.items()} == held
