"""Estimated readings that no measured register has superseded yet, from the chain's own batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from ledger.batches import Group, as_batch, refused_by, taken
from ledger.channels import Channel
from ledger.deployment import Ledger
from ledger.errors import UsageError
from ledger.events import logs
from ledger.leaves import DEEMED, ESTIMATE, RESET
from ledger.structs import read


@dataclass(frozen=True, slots=True)
class Estimated:
    """A meter that stands on estimates: the register measured before them, and each estimated step
    as the moment at which it ends and its volume in litres, in the order of time."""

    channel: int
    measured_l: int
    steps: tuple[tuple[int, int], ...]

    @property
    def volume_l(self) -> int:
        """What was estimated."""
        return sum(volume_l for _, volume_l in self.steps)

    @property
    def register_l(self) -> int:
        """The register as estimated."""
        return self.measured_l + self.volume_l


def standing_estimate(ledger: Ledger, channel: Channel) -> Estimated | None:
    """The estimates behind a meter's last measured register; None where it stands on that.

    A measurement, roll-over, exchange or reset ends them; deemed use leaves the register alone.
    """
    if not read(ledger, channel.contract, "count_of", channel.id)["estimated_l"]:
        return None
    return _estimated(channel, _groups(ledger, channel))


def set_anew(ledger: Ledger, channel: Channel) -> tuple[Estimated, int] | None:
    """The estimates that a meter's last reset superseded, and the register it opened at; None where
    its last reset superseded none, or there was none."""
    moved = logs(ledger, channel.contract, "RegisterMoved", filters={"channel": channel.id})
    resets = [event for event in moved if event.args["kind"] == RESET]
    if not resets:
        return None
    groups = _groups(ledger, channel)
    at = resets[-1].args["at"]
    while (group := next(groups)).kind != RESET or group.readings[-1][0] != at:
        continue
    found = _estimated(channel, groups)
    return None if found is None else (found, int(resets[-1].args["register_l"]))


def _estimated(channel: Channel, groups: Iterator[Group]) -> Estimated | None:
    found: list[Group] = []
    for group in groups:
        if group.kind == ESTIMATE:
            found.append(group)
        elif group.kind != DEEMED:
            break
    if not found:
        return None
    steps = tuple(step for group in reversed(found) for step in group.readings)
    return Estimated(channel.id, found[-1].opening_l, steps)


def shares(estimated_l: Sequence[int], measured_l: int) -> list[int]:
    """What was measured over a time, spread over its parts as they were estimated: in whole litres,
    none more than its estimate, together exactly what was measured. UsageError where more was
    measured than estimated: then the register goes on and nothing is to be spread."""
    total_l = sum(estimated_l)
    if not 0 <= measured_l <= total_l:
        raise UsageError(
            f"{measured_l} L measured, {total_l} L estimated",
            "only less than it is spread",
        )
    ends = [0, *accumulate(estimated_l)]
    kept = [end * measured_l // total_l if total_l else 0 for end in ends]
    return [after - before for before, after in pairwise(kept)]


def corrections(
    estimated: Estimated, register_l: int, periods: Sequence[int]
) -> list[tuple[int, int]]:
    """What is taken back where a measured register supersedes estimates: for each period, in order,
    the moment of its last estimated step and the litres, below nothing. `periods` has each step's.
    """
    parts: dict[int, tuple[int, int]] = {}
    for (at, volume_l), period in zip(estimated.steps, periods, strict=True):
        parts[period] = at, parts.get(period, (0, 0))[1] + volume_l
    kept = shares([one[1] for one in parts.values()], register_l - estimated.measured_l)
    found = [(at, left - all_l) for (at, all_l), left in zip(parts.values(), kept, strict=True)]
    return [one for one in found if one[1]]


def _groups(ledger: Ledger, channel: Channel) -> Iterator[Group]:
    """The groups that the chain has taken of a channel, the last one first."""
    refused = refused_by(ledger, channel.contract)
    for recorded in reversed(logs(ledger, channel.contract, "Recorded")):
        every = list(taken(as_batch(ledger, recorded), refused))
        yield from (one for one in reversed(every) if one.channel == channel.id)
