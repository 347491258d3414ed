"""Districts: balance, leakage by CJJ 92, delivery against the scheme, night flow."""

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
YEAR_S = 365 * DAY_S


class Tap:
    """A meter and its lane."""

    def __init__(self, suite):
        self.suite, self.register_l, self.at = suite, 100, START
        self.channel = suite.channel(METER, "QuotaTracker", opened_at=START)

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

    def __init__(self, suite, inlets=1, outlets=0, users=1):
        self.suite, self.monitor = suite, suite.supply_monitor
        self.lane = suite.lane(suite.quota_tracker)
        self.inlets, self.outlets, self.users = (
            [Tap(suite) for _ in range(n)] for n in (inlets, outlets, users)
        )
        self.number = self.monitor.set_district(0, self.drawn(), sender=suite.network_keeper)

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
        for tap, volume_l in zip([*self.inlets, *self.outlets, *self.users], volumes, strict=True):
            tap.moves(self.lane, volume_l, until_at)

    def taken(self):
        return self.monitor.take_registers(self.number, sender=self.suite.holder)

    def balanced(self, volumes, span_s=YEAR_S):
        self.moves([0] * len(volumes), START + 60)
        first = self.taken()
        self.moves(volumes, START + 60 + span_s)
        return first, self.taken()


def test_a_balance_is_what_went_in_less_what_went_on_and_what_users_registered(suite):
    district = District(suite, inlets=2, outlets=1, users=2)

    first, last = district.balanced([700, 500, 200, 600, 300])

    taken = {"district_id": 1, "snapshot": last, "version": 1}
    at = {"from_at": START + 60 + YEAR_S, "until_at": START + 60 + YEAR_S}
    assert events(suite.supply_monitor) == [("RegistersTaken", taken | at)]
    balance = suite.supply_monitor.balance_of(1, first, last)
    assert tuple(balance) == (START + 60, START + 60 + YEAR_S, 1_000, 900, 100_000)


def corrected(suite, district_id=1, **changed):
    fields = {
        "household_ppm": 0,
        "pipe_m": 0,
        "pressure_pa": 0,
        "frost_mm": 0,
        "source_hash": HASH,
    }
    suite.supply_monitor.set_corrections(
        district_id, tuple((fields | changed).values()), sender=suite.standards_keeper
    )


@pytest.mark.parametrize(
    ("registered_l", "grade"), [(900_000, 1), (899_999, 2), (880_000, 2), (879_999, 3)]
)
def test_a_year_is_graded_not_above_ten_and_twelve_percent(suite, registered_l, grade):
    district = District(suite)
    first, last = district.balanced([1_000_000, registered_l])

    suite.supply_monitor.rule_leakage(1, first, last, sender=suite.holder)

    [(name, about)] = events(suite.supply_monitor)
    leakage = about["leakage"]
    assert (name, leakage.grade, leakage.yearly) == ("LeakageRuled", grade, True)
    assert leakage.leakage_ppm == leakage.loss_ppm == 1_000_000 - registered_l
    assert about["balance"].supplied_l == 1_000_000


def test_another_span_than_a_year_has_rates_and_no_grade(suite):
    first, last = District(suite).balanced([1_000, 500], 30 * DAY_S)

    leakage = suite.supply_monitor.leakage_of(1, first, last)

    assert (leakage.loss_ppm, leakage.grade, leakage.yearly) == (500_000, 0, False)


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
        first, last = District(suite).balanced([supplied_l, supplied_l // 2])
        corrected(
            suite,
            household_ppm=household_ppm,
            pipe_m=pipe_m,
            pressure_pa=pressure_pa,
            frost_mm=frost_mm,
        )

        leakage = suite.supply_monitor.leakage_of(1, first, last)

        share = Fraction(household_ppm, 10**6)
        exact = cjj92(share, pipe_m, supplied_l, pressure_pa, frost_mm) * 10_000
        # the pipes' density and each correction are whole, so three units in a million at most
        assert abs(leakage.correction_ppm - exact) <= 101
        assert leakage.leakage_ppm == leakage.loss_ppm - leakage.correction_ppm


def test_corrections_are_told_with_their_source(suite):
    District(suite)

    corrected(suite, household_ppm=5)

    [(name, about)] = events(suite.supply_monitor)
    assert (name, tuple(about["corrections"])) == ("CorrectionsSet", (5, 0, 0, 0, HASH))
    set_, by = suite.supply_monitor.set_corrections, suite.standards_keeper
    above = reason(set_, 1, (1_000_001, 0, 0, 0, HASH), sender=by)
    assert above == "supply: household share above the whole"
    sourceless = reason(set_, 1, (0, 0, 0, 0, b"\0" * 32), sender=by)
    assert sourceless == "supply: corrections without a source"
    unknown = reason(set_, 9, (0, 0, 0, 0, HASH), sender=by)
    assert unknown == "supply: no such district"


def test_the_whole_loss_is_more_than_nothing_and_users_may_register_more_than_came(suite):
    first, last = District(suite).balanced([1_000, 1_500])

    assert suite.supply_monitor.balance_of(1, first, last).loss_ppm == -500_000


def test_there_is_no_balance_over_a_moved_register(suite):
    district = District(suite)
    district.moves([0, 0], START + 60)
    first = district.taken()
    tap = district.inlets[0]
    suite.device_registry.approve_exchange(tap.channel, 2, 110, 5, sender=suite.supervisor)
    tap.moves(district.lane, 10, START + 120, kind=2)
    tap.register_l = 5
    district.users[0].moves(district.lane, 1, START + 120)
    last = district.taken()

    answer = reason(suite.supply_monitor.balance_of, 1, first, last, sender=suite.holder)

    assert answer == "supply: a register was moved in between"


def test_a_balance_is_between_two_snapshots_of_one_drawing(suite):
    district = District(suite)
    first, last = district.balanced([1_000, 1])
    balance, by = suite.supply_monitor.balance_of, suite.holder

    for pair in ((0, last), (last, first), (first, first), (first, last + 1)):
        assert reason(balance, 1, *pair, sender=by) == "supply: snapshots are not in order"
    suite.supply_monitor.set_district(1, district.drawn(), sender=suite.network_keeper)
    assert reason(balance, 1, first, last, sender=by) == "supply: district was redrawn"


def test_nothing_supplied_is_no_balance(suite):
    first, last = District(suite).balanced([0, 5])

    answer = reason(suite.supply_monitor.balance_of, 1, first, last, sender=suite.holder)

    assert answer == "supply: nothing was supplied"


def test_registers_are_taken_when_meters_have_moved_on_and_stand_close_together(suite):
    district, by = District(suite), suite.holder
    district.moves([0, 0], START + 60)
    district.taken()
    take = suite.supply_monitor.take_registers

    assert reason(take, 1, sender=by) == "supply: no meter has moved on"
    district.inlets[0].moves(district.lane, 5, START + 61 + DAY_S)
    assert reason(take, 1, sender=by) == "supply: a meter lags more than a day"
    assert reason(take, 2, sender=by) == "supply: no such district"


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
    first = district.taken()
    district.moves([delivered_l, 0], START + 2 * DAY_S)

    monitor.rule_delivery(1, day, first, district.taken(), sender=suite.holder)

    verdict = {"delivered_l": delivered_l, "met": met}
    assert events(monitor) == [("DeliveryRuled", about | verdict)]


def test_a_scheme_is_set_before_its_day_begins(suite):
    District(suite)
    set_, by, tomorrow = suite.supply_monitor.set_scheme, suite.network_keeper, day_of(NOW) + 1

    assert reason(set_, 1, day_of(NOW), 5, 0, sender=by) == "supply: day has begun"
    assert reason(set_, 1, tomorrow, 0, 0, sender=by) == "supply: scheme of nothing"
    above = reason(set_, 1, tomorrow, 5, 10_001, sender=by)
    assert above == "supply: tolerance above the whole"
    assert reason(set_, 9, tomorrow, 5, 0, sender=by) == "supply: no such district"


def test_delivery_is_ruled_on_between_the_ends_of_a_day_with_a_scheme(suite):
    district, rule = District(suite, users=1), suite.supply_monitor.rule_delivery
    boa.env.evm.patch.timestamp = START
    day = day_of(START) + 1
    suite.supply_monitor.set_scheme(1, day, 5, 0, sender=suite.network_keeper)
    boa.env.evm.patch.timestamp = NOW
    district.moves([0, 0], START + DAY_S)
    first = district.taken()
    district.moves([5, 0], START + 2 * DAY_S - 1)
    short = district.taken()
    district.inlets[0].moves(district.lane, 5, START + 2 * DAY_S)
    uneven = district.taken()

    none = reason(rule, 1, day + 1, first, short, sender=suite.holder)
    assert none == "supply: no scheme for this day"
    early = reason(rule, 1, day, first, short, sender=suite.holder)
    assert early == "supply: snapshots are not the day's ends"
    lag = reason(rule, 1, day, first, uneven, sender=suite.holder)
    assert lag == "supply: meters stand at different moments"


def test_the_flow_of_the_small_hours_is_told_apart_from_leakage(suite):
    district, monitor = District(suite), suite.supply_monitor
    district.moves([0, 0], START + 2 * 3_600)
    first = district.taken()
    district.moves([7_200, 0], START + 4 * 3_600)
    last = district.taken()

    monitor.rule_night_flow(1, first, last, sender=suite.holder)

    about = {"district_id": 1, "day": day_of(START), "flow_ml_s": 1_000}
    at = {"from_at": START + 2 * 3_600, "until_at": START + 4 * 3_600}
    assert events(monitor) == [("NightFlowRuled", about | at)]
    district.moves([1, 0], START + 4 * 3_600 + 1)
    late = reason(monitor.rule_night_flow, 1, first, district.taken(), sender=suite.holder)
    assert late == "supply: snapshots are not between two and four"


def test_settings_of_the_tests_are_those_of_the_project():
    held = {one.name: one.amount for one in read_settings(ROOT / "standards" / "settings.yaml")}

    assert {name: amount for name, (amount, _) in SETTINGS.items()} == held
