"""What officers approve of registers, seen on the chain and taken into the journal, each once.

An approval counts when its block is final. What the chain would not accept is told and kept with
its reason; one that another approval took the place of before it was final is nobody's any more.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ledger.chain import Head
from ledger.channels import METER, Channel
from ledger.deployment import Ledger
from ledger.events import Event, logs
from ledger.grades import MANUAL
from ledger.leaves import APPROVED, DEEMED
from ledger.structs import read, read_many
from oracle import approved
from oracle.approved import Approval
from oracle.intake import Accepted
from oracle.journal import Journal
from oracle.mapping import Rule
from oracle.readings import State
from oracle.relay import Tell
from oracle.sources.chunks import Chunk

EVENTS = ("DeemedApproved", "ExchangeApproved")
Lanes = Collection[tuple[str, int]]  # contract and relay group


class Approvals:
    """The approvals of a journal's lanes; of any other lane's channels nothing is taken."""

    def __init__(
        self,
        ledger: Ledger,
        journal: Journal,
        confirmations: int,
        enter: Callable[[Sequence[Channel]], None],
        tell: Tell,
    ) -> None:
        """`enter` begins with channels that are new here, where the chain has them."""
        self.ledger, self.journal, self._confirmations = ledger, journal, confirmations
        self._enter, self._tell = enter, tell
        self._seen = ""  # the head that was looked at
        self._lanes: Lanes = ()
        self._channels: Mapping[int, Channel] = {}
        self._meters: dict[int, Channel] = {}
        self._until = 0  # the block up to which every event was seen
        self._due: set[int] = set()  # channels that may have an approval
        self._waits: dict[str, str] = {}  # what each approval was told to wait for

    def look(self, head: Head, lanes: Lanes, channels: Mapping[int, Channel]) -> None:
        """Take in what is approved and final for the meters of lanes; once for each block.

        Another mapping of channels is one that was read from the chain again.
        """
        if head.hash == self._seen:
            return
        final = max(head.number - self._confirmations, 0)
        if lanes != self._lanes or channels is not self._channels:
            self._begin(lanes, channels)
        elif self._meters:
            self._due |= self._told(head.number)
        self._until = final
        for number in sorted(self._due):
            if self._settled(self._meters[number], final):
                self._due.discard(number)
        self._seen = head.hash

    def _begin(self, lanes: Lanes, channels: Mapping[int, Channel]) -> None:
        """Ask for what stands approved of every meter: events before this one are not read."""
        self._meters = {
            number: one
            for number, one in channels.items()
            if one.kind == METER and (one.contract, one.relay_group) in lanes
        }
        asked = [(number,) for number in self._meters]
        answers = read_many(self.ledger, "DeviceRegistry", "approval", asked)
        self._due = {n for n, raw in zip(self._meters, answers, strict=True) if raw["kind"]}
        self._lanes, self._channels = lanes, channels

    def _told(self, last: int) -> set[int]:
        """The meters here of which something was approved since the block last seen."""
        found = [
            event
            for name in EVENTS
            for event in logs(self.ledger, "DeviceRegistry", name, self._until + 1, last)
        ]
        return {event.args["channel"] for event in found} & self._meters.keys()

    def _settled(self, channel: Channel, final: int) -> bool:
        """Whether nothing more is to be done about a meter until something else is approved."""
        raw = read(self.ledger, "DeviceRegistry", "approval", channel.id)
        if not raw["kind"]:
            return True
        one = self._approval(channel, raw)
        if one is None or one.block > final:
            return False
        if approved.is_known(self.journal, one.id):
            return True
        self._enter([channel])
        return self._decided(channel, one)

    def _approval(self, channel: Channel, raw: Mapping[str, Any]) -> Approval | None:
        """What stands approved, with the event that told it; None where the chain has moved on
        between the two questions."""
        name = EVENTS[raw["kind"] != DEEMED]
        found = logs(self.ledger, "DeviceRegistry", name, filters={"channel": channel.id})
        if not found or _figures(found[-1]) != (raw["closing_l"], raw["opening_l"]):
            return None
        event = found[-1]
        return Approval(
            f"{event.transaction}:{event.log_index}",
            *(channel.id, raw["kind"], raw["closing_l"], raw["opening_l"], raw["until_at"]),
            event.block,
            _said(event),
        )

    def _decided(self, channel: Channel, one: Approval) -> bool:
        """Take an approval in or refuse it; False where it has to wait."""
        state = self.journal.states([channel.id])[channel.id]
        about = {"device": channel.device, "kind": approved.WORDS[one.kind]}
        why = approved.unfit(one, state)
        if why:
            with self.journal.commit():
                approved.enter(self.journal, one, state.last_at, one.until_at, why)
            self._tell("approval is refused", **about, why=why)
            return True
        why = approved.waits(one, state)
        if why and self._waits.get(one.id) != why:
            self._tell("approval waits", **about, why=why)
            self._waits[one.id] = why
        if why or not approved.is_idle(self.journal, channel.id):
            return False
        self._take_in(channel, one, state)
        self._tell("approval is taken in", **about, by=one.told["by"], closing_l=one.closing_l)
        return True

    def _take_in(self, channel: Channel, one: Approval, state: State) -> None:
        """An approval as a reading, and that it was taken, in one commit."""
        source = self.journal.stranger(approved.SOURCE, approved.TITLE)
        taken = approved.reading(one, state, source.rows)
        chunk = Chunk(source.rows, approved.HEADER, [one.telegram], {})
        accepted = Accepted(_rule(channel, one.kind), taken, np.zeros(1, dtype=np.int64), state)
        self.journal.take(
            source,
            chunk,
            [accepted],
            [],
            lambda: approved.enter(self.journal, one, state.last_at, taken.state.last_at, None),
        )


class Moves:
    """For a journal whose lanes belong to others: where the chain has moved its meters."""

    def __init__(self, ledger: Ledger, journal: Journal, confirmations: int) -> None:
        self.ledger, self.journal, self._confirmations = ledger, journal, confirmations
        self._until = -1  # the block up to which every event was seen

    def look(self, head: Head, books: Collection[str]) -> None:
        """Let the channels here stand where a final exchange, reset or deemed use left them."""
        final = max(head.number - self._confirmations, 0)
        if final <= self._until:
            return
        for book in books:
            first = None if self._until < 0 else self._until + 1
            for event in logs(self.ledger, book, "RegisterMoved", first, final):
                args = event.args
                if args["kind"] in APPROVED:
                    approved.follow(self.journal, args["channel"], args["at"], args["register_l"])
        self._until = final


def _rule(channel: Channel, kind: int) -> Rule:
    """An officer's word is entered by hand: the evidence grade says so."""
    return Rule(
        channel=channel,
        column="",
        of="register",
        unit="L",
        factor=Fraction(1),
        decimals=None,
        kind=kind,
        grade=MANUAL,
        mark_column=None,
        marks={},
        most_change=0,
        stuck_after=0,
    )


def _figures(event: Event) -> tuple[int, int]:
    """The closing and opening register that an approval was given for."""
    args = event.args
    if event.name == "DeemedApproved":
        return args["register_l"] + args["volume_l"], args["register_l"]
    return args["closing_l"], args["opening_l"]


def _said(event: Event) -> dict[str, Any]:
    """An approval as its event tells it, hashes in hexadecimal, with where it stands."""
    args = {k: "0x" + v.hex() if isinstance(v, bytes) else v for k, v in event.args.items()}
    return {**args, "event": event.name, "transaction": event.transaction}
