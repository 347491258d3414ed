"""What DischargeLoads, RedLines and Violations told of loads: acts, and what follows from them.

Which gauge stands beside which meter, ceilings, what a permit leaves in its region and the steps of
a violation are acts; rulings, sums of a region, excesses and what a violation says are derived.
"""

from collections.abc import Sequence
from typing import Any

from ledger.audit import calendars as cal
from ledger.audit.accounts import City, Meter
from ledger.audit.calendars import DAY, YEAR
from ledger.audit.gauges import Gauge, GaugeBook
from ledger.audit.loads import Around, Ruler
from ledger.audit.outlets import Device, Kept, Pairs, key
from ledger.audit.oversight import CALENDAR_OF, Ceiling, Oversight
from ledger.audit.reading import Event, Transaction
from ledger.audit.told import Told
from ledger.audit.views import Views

LOADS = ("DischargeLoads", "RedLines", "Violations", "WaterNetwork")
VOLUMES, LIMITS = "DischargeVolumes", "DischargeLimits"  # the books that loads are of


class LoadActs:
    """The part of a history that is about loads."""

    views: Views
    city: City
    outlets: Kept
    oversight: Oversight

    def _find(
        self, what: str, contract: str, claimed: object, derived: object, at: Transaction, **of: int
    ) -> None:
        raise NotImplementedError

    def _held(self, at: Transaction, derived: list[Told], place: dict[str, int]) -> None:
        raise NotImplementedError

    def _meter(self, channel: int) -> Meter:
        raise NotImplementedError

    def _gauge(self, channel: int) -> Gauge:
        raise NotImplementedError

    def _meters_of(self, permit_id: int) -> Sequence[int]:
        raise NotImplementedError

    def _keep_days(self, book: str, told: list[Told], gauges: dict[str, GaugeBook]) -> None:
        """What loads will rest on, of a batch or of a day closed by hand."""
        title = book.partition(".")[0]
        for contract, event, keys in told:
            if title == VOLUMES and event == "RegisterKept":
                self.outlets.keep(keys["channel"], keys["turn"])
            if title == LIMITS and event == "PeriodRuled" and keys["count"]:
                needed = gauges[contract].gauges[keys["channel"]].needed
                day = (keys["period"], keys["total"], keys["count"], needed)
                self.outlets.rule(keys["channel"], *day)

    def _ruler(self, permit_id: int, parameter: bytes) -> Ruler:
        city = self.city
        views = (self._device, self._meters_of, self._limit)
        around = Around(city.calendars, city.turns, self._meter, self._gauge, *views)
        return Ruler(self.outlets, around, permit_id, parameter)

    def _device(self, channel: int) -> Device:
        """A channel as it was enrolled, asked for once."""
        known = self.outlets.devices
        if channel not in known:
            told = self.views.one("DeviceRegistry", "channel", channel)
            opening_l = self.views.one("DeviceRegistry", "opening_l", channel)
            known[channel] = Device(told["opened_at"], opening_l, told["resolution"])
        return known[channel]

    def _limit(self, permit_id: int, parameter: bytes, basis: int) -> int | None:
        """What a permit allows at most, None for no limit; asked once as it never changes."""
        known, of = self.outlets.limits, f"{key(permit_id, parameter)}/{basis}"
        if of not in known:
            asked = (permit_id, int.from_bytes(parameter, "big"), basis)
            told = self.views.one("PermitRegistry", "limit_for", *asked)
            known[of] = told["hi"] if told["has_hi"] else None
        return known[of]

    def _on_pairs_set(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        pairs, told = self.outlets.outlet(args["permit_id"], args["parameter"]).pairs, args["pairs"]
        if args["version"] != len(pairs) + 1:
            self._find("event PairsSet", event.contract, args, f"next is {len(pairs) + 1}", at)
        pairs.append(Pairs(told["from_day"], list(told["meters"]), list(told["gauges"])))

    def _on_load_ruled(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        of = {name: args[name] for name in ("permit_id", "parameter", "calendar", "period")}
        ruler = self._ruler(of["permit_id"], of["parameter"])
        ruling = ruler.rule(of["calendar"], of["period"], at.block_at)
        derived: list[Told] = [(event.contract, event.name, of | {"ruling": ruling})]
        if of["calendar"] == DAY:
            derived.append(("RedLines", "LoadAdded", self._added(of, ruling["load_ng"])))
        self._held(at, derived, {})

    def _added(self, of: dict[str, Any], load_ng: int) -> dict[str, Any]:
        """A day's load in the year of the region where the outlet stood as the day began."""
        calendars = self.city.calendars
        begins_at, ends_at = (cal.boundary(calendars, DAY, of["period"] + n) for n in (0, 1))
        station_id = self.city.permits[of["permit_id"]].station_at(begins_at)
        year = cal.period_at(calendars, YEAR, ends_at)
        return self.oversight.add(station_id, of["parameter"], year, load_ng)

    def _on_load_added(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        if not any(one.name == "LoadRuled" for one in at.events):
            self._find("event LoadAdded", event.contract, args, "no ruling", at)

    def _on_region_set(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        self.oversight.region_of[args["station_id"]] = args["region"].hex()

    def _on_load_counted(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        of = (args["permit_id"], args["region"], args["parameter"], args["counted_ng"])
        permitted_ng = self.oversight.count(*of)
        if args["permitted_ng"] != permitted_ng:
            claimed = args["permitted_ng"]
            self._find("event LoadCounted", event.contract, claimed, permitted_ng, at)

    def _on_load_ceiling_set(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        one = self.oversight.region(args["region"], args["parameter"])
        source = "0x" + args["source_hash"].hex()
        one.ceilings.append(Ceiling(args["load_ng"], at.block_at, source))
        claimed = (args["version"], args["permitted_ng"])
        derived = (len(one.ceilings), one.permitted_ng)
        if claimed != derived:
            self._find("event LoadCeilingSet", event.contract, claimed, derived, at)

    def _on_load_over_ceiling(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        ends_at = cal.boundary(self.city.calendars, YEAR, args["year"] + 1)
        of = (args["region"], args["parameter"], args["year"])
        self._held(at, [(event.contract, event.name, self.oversight.exceeds(*of, ends_at))], {})

    def _on_violation_detected(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        """One of a day's mean is taken as told, one of a load or monthly mean is derived."""
        told = args["violation"]
        if told["basis"] not in CALENDAR_OF:
            self.oversight.record(told, told["parameter"])
            return
        calendar, period = CALENDAR_OF[told["basis"]], told["period"]
        permit_id, parameter = told["permit_id"], told["parameter"]
        began_at = cal.boundary(self.city.calendars, calendar, period)
        station_id = self.city.permits[permit_id].station_at(began_at)
        ruling = self.outlets.outlet(permit_id, parameter).ruled(calendar, period)
        one = self.oversight.detect(told, ruling, station_id, self.city.calendars)
        number = self.oversight.record(one, parameter)
        of = {"violation_id": number, "permit_id": permit_id, "channel": 0}
        derived = of | {"violation": one | {"parameter": parameter}}
        self._held(at, [(event.contract, event.name, derived)], {})

    def _on_violation_moved(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        self.oversight.violations[args["violation_id"] - 1]["state"] = args["state"]
