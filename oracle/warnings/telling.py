"""Alerts and findings in words: what, where, how much, against which limit."""

from ledger.channels import GAUGE, Channel
from ledger.packing import ZERO_VALUE
from ledger.units import show
from oracle.readings import GAP, JUMP, STUCK
from oracle.warnings.alerts import HIGH, Crossing
from oracle.warnings.checks import Amount, permille
from oracle.warnings.config import Balance

FLAG_BITS = {"gap": GAP, "jump": JUMP, "stuck": STUCK}
FLAG_WORDS = {
    "gap": "comes again after a gap",
    "jump": "has changed implausibly",
    "stuck": "stands at one value",
}


def subject(channel: Channel) -> str:
    """What a warning is about, as people name it."""
    return f"{channel.device} {channel.parameter}"


def value(channel: Channel, stored: int) -> str:
    """A gauge's stored word, or a meter's rate in litres per hour, in the unit people use."""
    if channel.kind == GAUGE:
        return show((stored - ZERO_VALUE) * channel.resolution, channel.base)
    return show(stored, "l_h")


def alert(channel: Channel, crossing: Crossing) -> str:
    """An alert that was raised."""
    side = "above" if crossing.side == HIGH else "below"
    what = "at" if channel.kind == GAUGE else "draws"
    worst, limit = value(channel, crossing.value), value(channel, crossing.limit)
    return f"{subject(channel)}: {what} {worst}, {side} {limit}"


def flag(channel: Channel, name: str) -> str:
    """A flag that a reading carries."""
    return f"{subject(channel)} {FLAG_WORDS[name]}"


def silence(channel: Channel, age_s: int) -> str:
    """A channel that says nothing."""
    return f"{subject(channel)} has said nothing for {duration(age_s)}"


def skew(channel: Channel, seconds: int) -> str:
    """Stamps that lie ahead of their arrival (a positive number) or behind it."""
    way = "ahead of" if seconds > 0 else "behind"
    return f"{subject(channel)}: its stamps lie {duration(abs(seconds))} {way} their arrival"


def balance(wanted: Balance, left: Amount, right: Amount) -> str:
    """Two lists of channels that do not agree."""
    return (
        f"{wanted.title}: the two sides differ by {permille(left, right)} per mille over"
        f" {duration(wanted.window)}, more than {wanted.tolerance_permille}"
    )


def duration(seconds: int) -> str:
    """A duration to the minute."""
    if seconds < 120:
        return f"{seconds} s"
    hours, rest = divmod(seconds, 3_600)
    minutes = rest // 60
    if hours == 0:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
