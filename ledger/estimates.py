"""Estimated readings that no measured register has superseded yet, from the chain's own batches."""

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.batches import Group, as_batch, meter_groups
from ledger.channels import Channel
from ledger.deployment import Ledger
from ledger.events import Event, logs
from ledger.leaves import DEEMED, ESTIMATE
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
    found: list[Group] = []
    for group in _groups(ledger, channel):
        if group.kind == ESTIMATE:
            found.append(group)
        elif group.kind != DEEMED:
            break
    if not found:
        return None
    steps = tuple(step for group in reversed(found) for step in group.readings)
    return Estimated(channel.id, found[-1].opening_l, steps)


def _groups(ledger: Ledger, channel: Channel) -> Iterator[Group]:
    """The groups that the chain has taken of a channel, the last one first."""
    refused: dict[tuple[int, int], int] = {}
    about = {"channel": channel.id}
    for event in logs(ledger, channel.contract, "GroupRefused", filters=about):
        key = _place(event)
        refused[key] = refused.get(key, 0) + 1
    for recorded in reversed(logs(ledger, channel.contract, "Recorded")):
        words = as_batch(ledger, recorded).words
        groups = [one for one in meter_groups(words) if one.channel == channel.id]
        # behind a refused group nothing of its channel continues
        yield from reversed(groups[: len(groups) - refused.get(_place(recorded), 0)])


def _place(event: Event) -> tuple[int, int]:
    return int(event.args["lane"]), int(event.args["batch_id"])
