"""Alerts and rulings on gauges, with station, limit and whoever answered for it."""

from decimal import Decimal
from typing import Any

from ledger.devices import METER, Channel, channel, channels
from ledger.events import Event, logs
from ledger.labels import text_of
from ledger.network import station
from ledger.structs import read
from ledger.units import SHOWN, from_base
from scripts._requests import post_title
from scripts._shared import Session
from scripts._showing import GAUGE_ZERO, NO_BATCH, VERDICTS, gauge_value, local_day, reading, utc

M32 = 2**32 - 1


class Gauges:
    """The gauges of one contract, each read from the chain once."""

    def __init__(self, here: Session, contract: str) -> None:
        self.here, self.contract = here, contract
        self._channels: dict[int, Channel] = {}
        self._posts: dict[tuple[int, int], str] = {}
        self._limits: dict[int, str] = {}

    def channel(self, number: int) -> Channel:
        """A channel by its number."""
        if number not in self._channels:
            self._channels[number] = channel(self.here.ledger, number)
        return self._channels[number]

    def of(self, device: str = "", where: str = "") -> list[Channel]:
        """The channels of this contract, of one device or one station if named."""
        found = []
        for one in channels(self.here.ledger):
            self._channels[one.id] = one
            if one.contract == self.contract and device in ("", one.device):
                code = station(self.here.ledger, one.station_id).code
                if where in ("", code):
                    found.append(one)
        return found

    def alerts(self) -> list[dict[str, Any]]:
        """Every alert raised, with when it ended if it did."""
        found: list[dict[str, Any]] = []
        standing: dict[tuple[int, bool], dict[str, Any]] = {}
        for event in logs(self.here.ledger, self.contract):
            key = (event.args.get("channel", 0), event.args.get("high", False))
            if event.name == "AlertRaised":
                standing[key] = self._alert(event)
                found.append(standing[key])
            elif event.name == "AlertCleared" and key in standing:
                one = self.channel(key[0])
                ended = standing.pop(key)
                ended["cleared_at"] = utc(event.args["at"])
                ended["worst"] = shown_word(one, event.args["worst"])
        return found

    def rulings(self) -> list[dict[str, Any]]:
        """Every ruling on a closed day."""
        return [
            self._ruling(event) for event in logs(self.here.ledger, self.contract, "PeriodRuled")
        ]

    def responsible(self, one: Channel, at: int) -> str:
        """The post that answered for a channel's station at a moment."""
        key = (one.station_id, at // 3600)
        if key not in self._posts:
            post = read(self.here.ledger, "WaterNetwork", "responsible", one.station_id, at)
            self._posts[key] = post_title(self.here, post)
        return self._posts[key]

    def limit_name(self, limit_id: int, by_permit: bool) -> str:
        """What a limit is taken from."""
        if by_permit:
            return "permit"
        if limit_id not in self._limits:
            raw = read(self.here.ledger, "Standards", "limit", limit_id)
            kept = read(self.here.ledger, "Standards", "limit_set", raw["set_id"])
            name = f"{kept['standard']} {kept['grade']}".strip()
            doubt = "" if raw["verified"] else ", unverified default"
            self._limits[limit_id] = f"{name}, {text_of(raw['basis'])}{doubt}"
        return self._limits[limit_id]

    def _where(self, one: Channel, at: int) -> dict[str, Any]:
        return {
            "station": station(self.here.ledger, one.station_id).code,
            "device": one.device,
            "channel": one.id,
            "parameter": one.parameter,
            "responsible": self.responsible(one, at),
            "redated_days": self.here.redated_days.get(one.id, 0),
        }

    def _alert(self, event: Event) -> dict[str, Any]:
        args = event.args
        one = self.channel(args["channel"])
        return {
            **self._where(one, args["at"]),
            "side": "high" if args["high"] else "low",
            "raised_at": utc(args["at"]),
            "since": utc(args["since_at"]),
            "cleared_at": None,
            "worst": shown_word(one, args["worst"]),
            "limit": shown_word(one, args["limit"]),
            "batch": batch_of(event),
            "transaction": event.transaction,
        }

    def _ruling(self, event: Event) -> dict[str, Any]:
        args = event.args
        one = self.channel(args["channel"])
        exceeded = args["verdict"] == 2
        high = exceeded and args["total"] > args["mean_hi"] * args["count"]
        return {
            **self._where(one, args["ended_at"] - 1),
            "day": local_day(args["ended_at"]),
            "period": args["period"],
            "ended_at": utc(args["ended_at"]),
            "verdict": VERDICTS[args["verdict"]],
            "advisory": args["advisory"],
            "mean": shown_mean(one, args["total"], args["count"]),
            "readings": args["count"],
            "voided": args["voided"],
            "limit": shown_band(one, args["mean_lo"], args["mean_hi"], exceeded, high),
            "limit_of": self.limit_name(args["limit_id"], args["by_permit"]),
            "batch": batch_of(event),
            "transaction": event.transaction,
        }


def batch_of(event: Event) -> int | None:
    """The batch that brought an event; None when a day was closed by hand."""
    number = int(event.args["batch_id"])
    return None if number == NO_BATCH else number


def shown_word(one: Channel, word: int) -> str:
    """A stored value in the unit people use."""
    return reading(gauge_value(word, one.resolution), one.base)


def shown_value(one: Channel, value: int) -> str:
    """A reading's value as its leaf has it: a register in litres, or a stored word."""
    if one.kind == METER:
        return f"register {reading(value, 'l')}"
    return shown_word(one, value)


def shown_mean(one: Channel, total: int, count: int) -> str | None:
    """The mean of stored values, to one more digit than the gauge resolves."""
    if not count:
        return None
    name = SHOWN.get(one.base, one.base)
    step = from_base(one.resolution, one.base, name)
    mean = (Decimal(total) / count - GAUGE_ZERO) * step
    return f"{mean.quantize(step / 10):f} {name}"


def shown_band(one: Channel, lo: int, hi: int, exceeded: bool, high: bool) -> str:
    """The limit that was passed, or the band that was kept."""
    low = f"at least {shown_word(one, lo)}" if lo > 0 else ""
    top = f"at most {shown_word(one, hi)}" if hi < M32 else ""
    if exceeded:
        return top if high else low
    return ", ".join(part for part in (low, top) if part)
