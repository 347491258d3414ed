"""Zones, volumes of a day, shares by source, rulings, versions and codes."""

import json
from fractions import Fraction

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import codes as offline
from tests.contracts.answers import events, reason
from tests.contracts.intake_words import OFFSET, gauge_group, meter_group, packed
from tests.contracts.suite import COD, DAY_S, GAUGE, HASH, METER, NOW, ROOT, T0

DAY = 379
BEGINS, ENDS = T0 + DAY * DAY_S, T0 + (DAY + 1) * DAY_S
VECTORS = json.loads((ROOT / "tests" / "vectors" / "codes.json").read_text(encoding="utf-8"))


class Zone:
    """Two works, the first with two sources, the second with one, and a gauge at the end."""

    def __init__(self, suite, gauges=1):
        self.suite, self.codes = suite, suite.supply_codes
        self.stations = [suite.station() for _ in range(6)]
        self.meters = [suite.channel(METER, "QuotaTracker", opened_at=BEGINS) for _ in range(5)]
        suite.register_turns.set_turns(self.meters, 1, sender=suite.device_keeper)
        self.lane = suite.lane(suite.quota_tracker)
        self.gauges = [self.judged() for _ in range(gauges)]
        self.gauge_lane = suite.lane(suite.quality_provenance)
        self.number = self.codes.set_zone(0, self.drawn(), sender=suite.network_keeper)

    def judged(self):
        channel = self.suite.channel(GAUGE, "QualityProvenance", COD, opened_at=BEGINS)
        limit = self.suite.limit(COD, 100, 500)
        keeper = self.suite.standards_keeper
        self.suite.quality_provenance.judge(channel, limit, 1, 0, 500, 2, sender=keeper)
        return channel

    def drawn(self, **changed):
        out1, out2, in1, in2, in3 = self.meters
        end, works1, works2, spring, river, lake = self.stations
        fields = {
            "name": "North",
            "version": 0,
            "station_id": end,
            "works": [(works1, [out1]), (works2, [out2])],
            "sources": [(spring, 0, [in1]), (river, 0, [in2]), (lake, 1, [in3])],
            "quality": self.gauges,
        }
        return tuple((fields | changed).values())

    def moves(self, volumes_l, registers=(100,) * 5):
        words = []
        for channel, register_l, volume_l in zip(self.meters, registers, volumes_l, strict=True):
            words += meter_group(channel, register_l, BEGINS, [(volume_l, DAY_S), (0, 60)])
        book = self.suite.quota_tracker
        number = book.lane(self.lane).next_id
        book.record_meters(self.lane, number, HASH, packed(words), b"", sender=self.suite.relay)

    def measures(self, values, since=BEGINS, step_s=DAY_S // 2, **marked):
        words = []
        for channel in self.gauges:
            group = [(OFFSET + value, step_s) for value in values]
            words += gauge_group(channel, since, group, **marked)
        book = self.suite.quality_provenance
        number = book.lane(self.gauge_lane).next_id
        book.record_gauges(
            self.gauge_lane, number, HASH, packed(words), b"", sender=self.suite.relay
        )

    def day(self, volumes_l=(1_000, 500, 700, 350, 9)):
        """A day's volumes, and the meters read beyond it."""
        self.moves(volumes_l)

    def published(self):
        return self.codes.publish(self.number, DAY, sender=self.suite.holder)

    def record(self, version=1):
        return self.codes.record_of(self.number, DAY, version)


@pytest.fixture
def zone(suite):
    return Zone(suite)


def told(record):
    """A record as `ledger.codes` reads one."""
    return {name: getattr(record, name) for name, _ in offline.RECORD}


def test_a_zone_is_drawn_and_redrawn_as_a_new_version(suite, zone):
    [(name, about)] = events(suite.supply_codes)
    assert (name, about["zone_id"], about["zone"].version) == ("ZoneSet", 1, 1)

    suite.supply_codes.set_zone(1, zone.drawn(name="South"), sender=suite.network_keeper)

    names = [suite.supply_codes.zone(1, version).name for version in (1, 2, 0)]
    assert names == ["North", "South", "South"]
    assert suite.supply_codes.zone_count() == 1


def test_a_zone_may_be_one_works_with_one_source_at_the_first_station(suite, zone):
    out, intake, *_ = zone.meters
    drawn = zone.drawn(name="N", station_id=1, works=[(1, [out])], sources=[(1, 0, [intake])])

    suite.supply_codes.set_zone(0, drawn, sender=suite.network_keeper)

    assert suite.supply_codes.zone(2, 1).name == "N"


def test_a_zone_has_a_name_works_sources_and_known_stations(suite, zone):
    set_, by = suite.supply_codes.set_zone, suite.network_keeper
    [works, *_], [source, *_] = zone.drawn()[3], zone.drawn()[4]

    def refusal(number=0, **changed):
        return reason(set_, number, zone.drawn(**changed), sender=by)

    assert refusal(2) == "codes: unknown zone"
    assert refusal(name="") == "codes: zone without a name"
    assert refusal(works=[]) == "codes: zone without works or source"
    assert refusal(sources=[]) == "codes: zone without works or source"
    for station_id in (0, suite.water_network.station_count() + 1):
        assert refusal(station_id=station_id) == "codes: unknown station"
    assert refusal(works=[(99, works[1])]) == "codes: unknown station"
    assert refusal(sources=[(99, *source[1:])]) == "codes: unknown station"
    assert refusal(sources=[(source[0], 2, source[2])]) == "codes: source of no works"


def test_a_zone_takes_meters_once_and_judged_gauges(suite, zone):
    set_, by = suite.supply_codes.set_zone, suite.network_keeper
    unjudged = suite.channel(GAUGE, "QualityProvenance", COD)
    place, meter = zone.stations[0], zone.meters[0]

    twice = reason(set_, 0, zone.drawn(sources=[(place, 0, [meter])]), sender=by)
    assert twice == "codes: meter is drawn twice"
    no_meter = reason(set_, 0, zone.drawn(sources=[(place, 0, [unjudged])]), sender=by)
    assert no_meter == "codes: channel is no meter"
    answer = reason(set_, 0, zone.drawn(quality=[unjudged]), sender=by)
    assert answer == "codes: gauge is not judged"


def test_a_day_is_published_with_volumes_shares_and_the_running_verdict(suite, zone):
    zone.day()
    zone.measures([100, 200])

    code = zone.published()

    [(name, about)] = events(suite.supply_codes)
    keys = {"zone_id": 1, "day": DAY, "version": 1, "code": code}
    assert (name, {key: about[key] for key in keys}) == ("DayPublished", keys)
    record = zone.record()
    assert about["record"] == record
    assert (record.delivered_l, record.given_l) == ([1_000, 500], [700, 350, 9])
    assert record.shares_bps == [4_445, 2_222, 3_333]
    assert (record.works, record.sources) == (zone.stations[1:3], zone.stations[3:])
    assert (record.quality, record.verdicts, record.final) == (zone.gauges, [1], False)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        *[([500, 500], 1), ([500, 501], 2), ([100, 100], 1), ([100, 99], 2)],
        *[([900], 3), ([], 4)],
    ],
)
def test_a_running_verdict_is_ruled_as_the_gauges_rule(suite, zone, values, verdict):
    zone.day()
    if values:
        zone.measures(values, step_s=3_600)

    zone.published()

    assert zone.record().verdicts == [verdict]


def test_a_gauge_that_has_not_come_to_the_day_yet_is_missing(suite, zone):
    late = suite.channel(GAUGE, "QualityProvenance", COD, opened_at=BEGINS - DAY_S)
    limit = suite.limit(COD, None, 500)
    suite.quality_provenance.judge(late, limit, 1, 0, 500, 2, sender=suite.standards_keeper)
    suite.supply_codes.set_zone(1, zone.drawn(quality=[late]), sender=suite.network_keeper)
    zone.day()
    zone.gauges = [late]
    zone.measures([200, 200], since=BEGINS - DAY_S, step_s=3_600)

    zone.published()

    assert (zone.record().verdicts, zone.record().final) == ([4], False)


def test_a_verdict_seen_over_all_readings_of_the_day_stands_when_it_is_closed(suite, zone):
    zone.day()
    zone.measures([501, 501])
    zone.published()
    zone.measures([1], since=ENDS)

    zone.published()

    first, last = zone.record(1), zone.record(2)
    assert (first.verdicts, first.final) == ([2], False)
    assert (last.verdicts, last.final) == ([2], True)


@pytest.mark.parametrize(
    ("values", "verdict"), [([500, 500], 1), ([501, 501], 2), ([99, 99], 2), ([900], 3)]
)
def test_a_closed_day_has_the_verdict_it_was_ruled_by_though_nobody_saw_it_open(
    suite, zone, values, verdict
):
    zone.day()
    zone.measures(values, step_s=3_600)
    zone.measures([1], since=BEGINS + len(values) * 3_600, step_s=DAY_S)

    zone.published()

    assert (zone.record().verdicts, zone.record().final) == ([verdict], True)


def test_a_verdict_seen_over_a_part_of_the_day_gives_way_to_the_one_of_the_whole(suite, zone):
    zone.day()
    zone.measures([501], step_s=3_600)
    zone.published()
    zone.measures([100], since=BEGINS + 3_600, step_s=3_600)
    zone.measures([1], since=BEGINS + 2 * 3_600, step_s=DAY_S)

    zone.published()

    first, last = zone.record(1), zone.record(2)
    assert (first.verdicts, first.final) == ([3], False)
    assert (last.verdicts, last.final) == ([1], True)


def test_a_day_that_was_seen_to_its_end_without_a_value_stays_missing(suite, zone):
    zone.day()
    zone.measures([900], step_s=DAY_S, mark=1, void=True)
    zone.published()
    zone.measures([1], since=ENDS)

    zone.published()

    first, last = zone.record(1), zone.record(2)
    assert (first.verdicts, first.final) == ([4], False)
    assert (last.verdicts, last.final) == ([4], True)


def test_a_day_without_a_value_has_no_verdict_once_it_is_closed(suite, zone):
    zone.day()
    zone.measures([1], step_s=DAY_S + 60)

    zone.published()

    assert (zone.record().verdicts, zone.record().final) == ([0], False)


def test_stated_rulings_make_a_record_final(suite, zone):
    zone.day()
    zone.measures([100], since=BEGINS, step_s=DAY_S + 60)
    suite.supply_codes.state_rulings(1, DAY, HASH, sender=suite.network_keeper)
    stated = {"zone_id": 1, "day": DAY, "evidence_hash": HASH}
    assert events(suite.supply_codes) == [("RulingsStated", stated)]

    zone.published()

    record = zone.record()
    assert (record.verdicts, record.evidence_hash, record.final) == ([0], HASH, True)


def test_rulings_are_stated_of_a_closed_day_with_their_evidence(suite, zone):
    state, by = suite.supply_codes.state_rulings, suite.network_keeper

    for number in (0, 2):
        assert reason(state, number, DAY, HASH, sender=by) == "codes: no such zone"
    without = reason(state, 1, DAY, b"\0" * 32, sender=by)
    assert without == "codes: rulings without evidence"
    assert reason(state, 1, DAY, HASH, sender=by) == "codes: day is open at a gauge"


def test_a_zone_without_gauges_is_final_at_once(suite):
    zone = Zone(suite, gauges=0)
    zone.day()

    zone.published()

    assert (zone.record().verdicts, zone.record().final) == ([], True)


def test_late_data_make_a_new_version_and_the_old_one_stays(suite, zone):
    zone.day()
    first = zone.published()
    before = zone.record(1)
    zone.measures([100, 200])

    second = zone.published()

    codes = suite.supply_codes
    assert codes.version_count(1, DAY) == 2
    assert zone.record(1) == before
    assert codes.code_of(1, DAY) == second != first
    assert [codes.version_by_code(code, 1, DAY) for code in (first, second, "000000000")] == [
        1,
        2,
        0,
    ]
    assert [codes.check(code, 1, DAY) for code in (first, second, "000000000")] == [
        *(True, True, False)
    ]
    assert not codes.check(second, 1, DAY + 1)
    assert not codes.check(second, 2, DAY)


def test_what_has_not_changed_is_not_published_again(suite, zone):
    zone.day()
    zone.published()

    answer = reason(suite.supply_codes.publish, 1, DAY, sender=suite.holder)

    assert answer == "codes: nothing has changed since the last version"


def test_a_redrawn_zone_is_published_anew(suite, zone):
    zone.day()
    zone.published()
    suite.supply_codes.set_zone(1, zone.drawn(name="South"), sender=suite.network_keeper)

    zone.published()

    assert [zone.record(version).zone_version for version in (1, 2)] == [1, 2]


def test_a_day_needs_the_registers_of_both_its_ends(suite, zone):
    publish, by = suite.supply_codes.publish, suite.holder

    missing = reason(publish, 1, DAY, sender=by)
    assert missing == "turns: a meter is not read beyond the turn yet"
    assert reason(publish, 9, DAY, sender=by) == "codes: no such zone"
    assert reason(suite.supply_codes.code_of, 1, DAY, sender=by) == "codes: day is not published"


@pytest.mark.parametrize("silent", range(5))
def test_a_record_is_provisional_while_a_meter_is_silent(suite, silent):
    zone = Zone(suite, gauges=0)
    every, last = zone.meters, zone.meters[silent]
    zone.meters = [channel for channel in every if channel != last]
    zone.moves([10] * 4, [100] * 4)
    zone.meters = [last]
    book = suite.quota_tracker
    words = packed(meter_group(last, 100, BEGINS, [(10, DAY_S)]))
    book.record_meters(zone.lane, 1, HASH, words, b"", sender=suite.relay)
    suite.register_turns.close_turn(last, sender=suite.holder)
    zone.published()
    words = packed(meter_group(last, 110, ENDS, [(0, 60)]))
    book.record_meters(zone.lane, 2, HASH, words, b"", sender=suite.relay)

    zone.published()

    first, second = zone.record(1), zone.record(2)
    assert (first.final, second.final) == (False, True)
    assert first.given_l == second.given_l == [10] * 3


@pytest.mark.parametrize(
    ("volumes_l", "why"),
    [
        ((0, 0, 5, 5, 5), "shares: nothing was delivered"),
        ((5, 5, 0, 0, 5), "shares: a works delivered what no source gave"),
    ],
)
def test_what_came_from_nowhere_has_no_shares(suite, zone, volumes_l, why):
    zone.day(volumes_l)

    assert reason(suite.supply_codes.publish, 1, DAY, sender=suite.holder) == why


def test_a_record_has_the_same_digest_and_code_off_the_chain(suite, zone):
    zone.day()
    zone.measures([100, 200])

    code = zone.published()

    hashed = suite.supply_codes.digest(zone.record())
    assert hashed == offline.digest(told(zone.record()))
    assert code == offline.code_for(hashed) == suite.supply_codes.code_for(hashed)


@pytest.mark.parametrize("vector", VECTORS["records"], ids=lambda vector: vector["code"])
def test_records_of_the_vectors_have_their_digests(deployed, vector):
    record = vector["record"] | {"evidence_hash": bytes.fromhex(vector["record"]["evidence_hash"])}

    hashed = deployed.supply_codes.digest(tuple(record.values()))

    assert (hashed.hex(), deployed.supply_codes.code_for(hashed)) == (
        *(vector["digest"], vector["code"]),
    )


def test_digests_of_the_vectors_have_their_codes(deployed):
    found = [deployed.supply_codes.code_for(bytes.fromhex(v["digest"])) for v in VECTORS["codes"]]

    assert found == [vector["code"] for vector in VECTORS["codes"]]


def test_volumes_of_the_vectors_have_their_shares(deployed):
    found = [
        deployed.supply_codes.shares_of(v["delivered_l"], v["given_l"], v["feeds"])
        for v in VECTORS["shares"]
    ]

    assert found == [vector["shares_bps"] for vector in VECTORS["shares"]]


LITRES = st.one_of(st.integers(0, 20), st.integers(0, 2**48))


@st.composite
def volumes(draw):
    """What works delivered, what sources gave, and to which works."""
    delivered_l = draw(st.lists(LITRES, min_size=1, max_size=4).filter(any))
    works = len(delivered_l)
    more = draw(st.lists(st.integers(0, works - 1), max_size=8 - works))
    feeds = [*range(works), *more]
    # each works has one source that gave something
    given_l = [draw(LITRES) + (n < works) for n in range(len(feeds))]
    return delivered_l, given_l, feeds


@settings(max_examples=60, deadline=None)
@given(volumes())
def test_shares_are_ten_thousand_together_and_each_within_a_point_of_exact(deployed, given_volumes):
    found = deployed.supply_codes.shares_of(*given_volumes)

    exact = offline.exact_shares(*given_volumes)
    assert sum(found) == 10_000 == sum(exact, Fraction(0))
    assert all(abs(share - part) < 1 for share, part in zip(found, exact, strict=True))
    assert found == offline.shares(*given_volumes)


def test_publishing_the_largest_zone_fits_a_block(suite):
    zone = Zone(suite)
    outlets = [suite.channel(METER, "QuotaTracker", opened_at=BEGINS) for _ in range(16)]
    intakes = [suite.channel(METER, "QuotaTracker", opened_at=BEGINS) for _ in range(32)]
    works = [(zone.stations[0], outlets[n : n + 4]) for n in range(0, 16, 4)]
    sources = [(zone.stations[0], n % 4, intakes[4 * n : 4 * n + 4]) for n in range(8)]
    gauges = [zone.judged() for _ in range(8)]
    drawn = zone.drawn(works=works, sources=sources, quality=gauges)
    suite.supply_codes.set_zone(1, drawn, sender=suite.network_keeper)
    assert suite.supply_codes._computation.net_gas_used < 10_000_000
    zone.meters = [*outlets, *intakes]
    suite.register_turns.set_turns(zone.meters, 1, sender=suite.device_keeper)
    zone.moves([10] * 48, [100] * 48)

    zone.published()

    assert suite.supply_codes._computation.net_gas_used < 5_000_000
    assert boa.env.evm.patch.timestamp == NOW
