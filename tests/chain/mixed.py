"""A town in which much has happened: what an oracle fed, and what a relay sent by itself."""

from collections.abc import Sequence
from typing import Any

import yaml

from oracle.household_rows import HouseholdMapping, Households
from oracle.inputs import Input
from oracle.mapping import load
from tests.chain.town import Town
from tests.contracts.intake_words import OFFSET, gauge_group, meter_group, packed
from tests.contracts.outfalls import FIRST, MONTH_LOAD, QINGLAN, Outfall, at_most
from tests.contracts.suite import COD, DAY_S, GAUGE, HASH, METER, T0, word

ROLL_OVER, EXCHANGE, RESET, DEEMED, ESTIMATE = range(1, 6)
YEAR_S = 40 * DAY_S  # of the tests' calendar
FED_GROUP, OWN_GROUP = 1, 9
BEGINS_AT = 1_700_006_400  # midnight after T0, in UTC
REGULAR = [(BEGINS_AT + 300 * n, 100 + 40 * n) for n in range(1, 40)]
IRREGULAR = [(BEGINS_AT + 60 * n * n, 100 + 7 * n) for n in range(1, 60)]
MARKED = ["ok", "ok", "cal", "cal", "ok", "S"]
HOMES = {
    "title": "homes",
    "timezone": "UTC",
    "community": "community",
    "day": "day",
    "household": "household",
    "opening": "opening",
    "registers": ["closing"],
    "unit": "m3",
}


class Mixed:
    """Meters and gauges of four books, fed in every way there is."""

    def __init__(self, town: Town) -> None:
        self.town, self.suite = town, town.suite
        self.lanes: dict[str, int] = {}

    def fed_by_an_oracle(self) -> None:
        """Regular and irregular registers, marked values, a household's day; two lanes."""
        town, suite = self.town, self.suite
        wells = [town.meter(), town.meter(), town.meter()]
        outfall, other = self._outfall(), town.second_relay()
        town.lane()
        limits = suite.discharge_limits
        limits.open_lane(other.address, FED_GROUP, sender=suite.device_keeper)
        town.chain.tester.disable_auto_mine_transactions()
        files = [
            town.file("regular", wells[0], REGULAR),
            town.file("irregular", wells[1], IRREGULAR),
            self._homes(wells[2]),
            town.file("main", wells[2], [(BEGINS_AT + DAY_S, 4_100)]),
        ]
        self.oracles = [town.oracle(), town.oracle("outfall", other)]
        town.settle(self.oracles[0], files)
        town.settle(self.oracles[1], [outfall])
        town.chain.tester.enable_auto_mine_transactions()

    def _outfall(self) -> Input:
        suite, folder = self.suite, self.town.folder
        about = {"parameter": COD, "permit": suite.permit(kind=2), "resolution": 100_000}
        channel = suite.channel(GAUGE, "DischargeLimits", relay_group=FED_GROUP, **about)
        limit, keeper = suite.limit(COD, None, 50_000_000), suite.standards_keeper
        suite.discharge_limits.judge(channel, limit, 2, 0, 500, 1, sender=keeper)
        rows = [
            f"{BEGINS_AT + 600 * n},{40 + 15 * (n % 5 > 1)},{MARKED[n // 4 % 6]}"
            for n in range(1, 400)
        ]
        (folder / "outfall.csv").write_text("\n".join(["at,cod,state", *rows, ""]))
        device = f"DEV-{suite.numbers['device']}"
        marks = {"column": "state", "values": {"ok": "N", "cal": "C", "S": "S"}}
        column = {"column": "cod", "device": device, "parameter": "cod", "unit": "mg/L"}
        shape = {
            "title": "outfall",
            "time": {"form": "unix_s", "column": "at"},
            "channels": [{**column, "mark": marks}],
        }
        (folder / "outfall.yaml").write_text(yaml.safe_dump(shape))
        return Input(folder / "outfall.csv", load(folder / "outfall.yaml"))

    def _homes(self, community: str) -> Households:
        path = self.town.folder / "homes.csv"
        rows = [f"{community},2023-11-15,account {n},{n},{n + 1}" for n in range(4)]
        path.write_text("\n".join(["community,day,household,opening,closing", *rows, ""]))
        return Households(path, HouseholdMapping.model_validate(HOMES))

    def sent_by_a_relay(self) -> None:
        """Tiers, peaks, years and months passed, rights lost and given back, kinds, refusals."""
        suite = self.suite
        permit = suite.permit(annual_l=20_000, peak_l_h=3_600)
        self.meters = [self._meter(permit=permit), self._meter(permit=permit), self._meter()]
        rolling = self._meter(permit=suite.permit(annual_l=9_000), modulus_l=1_000)
        keeper, boss = suite.device_keeper, suite.supervisor
        suite.register_turns.set_turns([self.meters[0], rolling], 1, sender=keeper)
        first, second, free = self.meters
        self.record(first, [(100, 7_200), (9_000, 600), (10, 600), (20, 7_200)])
        self.record(second, [(300, DAY_S + 60), *[(70, 300)] * 40])
        self.record(free, [(5, 60), (7, 61), (9, 62)])
        self.record(rolling, [(850, 3 * DAY_S)])
        self.record(rolling, [(70, 60)], ROLL_OVER)
        self.record(rolling, [(2_000, 60)], ROLL_OVER)  # refused: crossed more than once
        now = self.now(first)
        registry = suite.device_registry
        registry.approve_exchange(first, EXCHANGE, now.register_l + 30, 7, sender=boss)
        self.record(first, [(30, 60)], EXCHANGE)
        self.record(first, [(30, 60)], RESET)  # refused: nobody approved it
        until_at = self.now(second).last_at + 60
        at_l = self.now(second).register_l
        registry.approve_deemed(second, at_l, 4_000, until_at, HASH, sender=boss)
        self.record(second, [(4_000, 60)], DEEMED)
        self.record(second, [(900, 60), (3_000, 12 * DAY_S)], ESTIMATE)
        self.refused(first)
        suite.permit_registry.suspend(permit, "tampered", sender=boss)
        self.record(first, [(11, 60), (12, 60)])
        suite.permit_registry.resume(permit, sender=boss)
        self.record(first, [(50, 25 * DAY_S)] * 3)
        self.record(second, [(500, YEAR_S), (40, 60)])
        suite.register_turns.close_turn(rolling, sender=suite.holder)
        self.record(rolling, [(5, 60)])

    def released(self) -> tuple[int, int]:
        """A meter that failed, and the one in its place, released and read on."""
        suite = self.suite
        old = self._meter(permit=suite.permit(annual_l=20_000))
        self.record(old, [(50, DAY_S)])
        now, registry = self.now(old), suite.device_registry
        asked = (old, "NEW-1", now.register_l, 7, now.last_at, HASH, HASH)
        number = registry.replace_urgently(*asked, sender=suite.holder)
        new = registry.replacement(number)[1]
        self.record(new, [(30, DAY_S)])
        registry.release(number, sender=suite.supervisor)
        self.record(new, [(4, 60)])
        return old, new

    def refused(self, channel: int) -> None:
        """Groups that cannot be true, one for each reason that needs nothing else."""
        now = self.now(channel)
        at = now.last_at
        self.sends(
            "QuotaTracker",
            meter_group(2**31, 0, T0, [(1, 60)]),
            meter_group(1, 100, T0, [(1, 60)]),
            meter_group(channel, now.register_l + 1, at, [(1, 60)]),
            meter_group(channel, now.register_l, at, [(1, 60), (3, 2**31)]),
            meter_group(channel, now.register_l, at, [(1, 60)], kind=77),
            meter_group(channel, now.register_l, at, [(2**48 - 1, 60)]),
            meter_group(channel, now.register_l, at, [(1, 60)]),
        )

    def gauges(self) -> None:
        """Alerts of both sides, voids, a day closed by hand with what came late, missing days."""
        suite, keeper = self.suite, self.suite.standards_keeper
        about = {"parameter": COD, "relay_group": OWN_GROUP}
        channel = suite.channel(GAUGE, "QualityProvenance", **about)
        plain = suite.channel(GAUGE, "QualityProvenance", **about)
        limit, book = suite.limit(COD, 10, 1_000), suite.quality_provenance
        book.judge(channel, limit, 2, 60, 1_000, 3, sender=keeper)
        book.track_range(channel, True, sender=keeper)
        values = [(500, 60), *[(1_200, 60)] * 4, (1_300, 61), (5, 62), (4, 60), (3, 60), (600, 60)]
        self.values(channel, values)
        self.values(channel, [(700, 60)] * 9, mark=2, void=True)
        self.values(plain, [(9, 300)] * 30)
        self.values(channel, [(800, 3_600)] * 30)
        book.close(channel, book.ruling(channel)[2], sender=suite.holder)
        self.values(channel, [(810, 60)] * 5)
        self.values(channel, [(820, 3 * DAY_S), (20, 600)])
        book.judge(channel, suite.limit(COD, 20, 900), 1, 0, 0, 1, sender=keeper)
        self.values(channel, [(950, 60), (15, 60), (300, 60)])

    def loads(self) -> None:
        """An outlet's month beyond its limit and put on record, in a region with a ceiling."""
        suite = self.suite
        suite.water_network.set_region(1, QINGLAN, sender=suite.network_keeper)
        ceiling = (QINGLAN, COD, 10**12, HASH)
        suite.red_lines.set_load_ceiling(*ceiling, sender=suite.standards_keeper)
        outfall = Outfall(suite, at_most(MONTH_LOAD, 100))
        outfall.month([(10, [1_001]), (7, [1, 2, 2]), (0, [5]), *[(1, [100])] * 7])
        of = (outfall.permit, COD, MONTH_LOAD, FIRST // 10)
        suite.violations.detect_load(*of, sender=suite.holder)

    def _meter(self, **changed: Any) -> int:
        return self.suite.channel(METER, "QuotaTracker", relay_group=OWN_GROUP, **changed)

    def now(self, channel: int) -> Any:
        """What the book holds of a meter."""
        return _Now(*self.suite.quota_tracker.meter(channel)[:2])

    def record(self, channel: int, readings: Sequence[tuple[int, int]], kind: int = 0) -> None:
        """A batch of one group of volumes and steps."""
        now = self.now(channel)
        group = meter_group(channel, now.register_l, now.last_at, readings, kind=kind)
        self.sends("QuotaTracker", group)

    def values(self, channel: int, readings: Sequence[tuple[int, int]], **marked: Any) -> None:
        """A batch of one group of values and steps."""
        last_at = self.suite.quality_provenance.gauge(channel)[2]
        stored = [(OFFSET + value, step) for value, step in readings]
        self.sends("QualityProvenance", gauge_group(channel, last_at, stored, **marked))

    def sends(self, name: str, *groups: list[int]) -> None:
        """A batch on the relay's own lane of a book."""
        suite, book = self.suite, self.suite.contracts[name]
        if name not in self.lanes:
            keeper = suite.device_keeper
            self.lanes[name] = book.open_lane(suite.relay, OWN_GROUP, sender=keeper)
        lane = self.lanes[name]
        words = packed([word for group in groups for word in group])
        record = book.record_meters if name == "QuotaTracker" else book.record_gauges
        record(lane, book.lane(lane)[2], HASH, words, b"", sender=suite.relay)


class _Now:
    def __init__(self, register_l: int, last_at: int) -> None:
        self.register_l, self.last_at = register_l, last_at


def replaced(mixed: Mixed, title: str = "QuotaTracker") -> dict[str, Any]:
    """A book replaced, its lane resumed; both contracts by their recorded names."""
    suite, keeper = mixed.suite, mixed.suite.device_keeper
    old, name, former = suite.contracts[title], word(title), f"{title}.1"
    lanes = range(1, old.lane_count() + 1)
    for lane in lanes:
        old.halt_lane(lane, sender=suite.supervisor)
    new = mixed.town.chain.deploy(title, suite.authority.address)
    suite.by_both("list_contract", word(former), old.address)
    suite.by_both("list_contract", name, new.address)
    suite.adoption.begin(name, word(former), sender=keeper)
    suite.adoption.take_page(name, 1, suite.device_registry.channel_count(), sender=keeper)
    if title != "QualityProvenance":
        suite.adoption.take_page(name, 1, suite.permit_registry.permit_count(), sender=keeper)
    suite.adoption.finish(name, sender=keeper)
    for lane in lanes:
        new.resume_lane(lane, sender=suite.supervisor)
    suite.contracts[title] = new
    return {title: new, former: old}
