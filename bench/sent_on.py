"""What an intake let through, cut into batches by the oracle's own code, on a London machine.

The contracts are ours, as deployed. A batch is sent with the gas that the oracle would offer first
and, should that not do, once more with all that a block gives, as the oracle does.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np

from bench.city import DAY, GAUGE, METER, MONTH, NOW, OPENING_L, RELAY, RELAY_GROUP, T0, City
from bench.machine import GAS, Code, Machine, Refused
from ledger.channels import Channel
from ledger.packing import RECORD_GAUGES, RECORD_METERS, record_calldata
from oracle.batch import Cut, cut, fill
from oracle.cosigners import MOST_EVIDENCE_GAS
from oracle.intake import take
from oracle.journal import Journal
from oracle.lanes import BLOCK_SHARE
from oracle.mapping import Mapping as MappingFile
from oracle.mapping import rules
from oracle.outbox import Outbox
from oracle.readings import State
from oracle.relays import MOST_WAITING
from oracle.sources.chunks import Chunk

METERS, GAUGES = "QuotaTracker", "QualityProvenance"
SELECTORS = {METERS: RECORD_METERS, GAUGES: RECORD_GAUGES}
RESOLUTION = 100_000  # of the gauge of a concentration, in ng/L
DAYS, DAY_S = 99, 86_400
# days turn all the time, a month does twice
TURNS = {
    DAY: [NOW + day * DAY_S for day in range(DAYS)],
    MONTH: [NOW + 20 * DAY_S, NOW + 50 * DAY_S],
}


# these stand in a result also where nothing of them came
START = dict.fromkeys(
    ("unaccounted", "batches", "reverted", "refused_groups", "sent_again_with_more_gas", "differs"),
    0,
)


class Failed(Exception):
    """The contract reverted a batch that the oracle had let through."""


class Town:
    """Two meters, one of them bound to a permit, and a judged gauge, whose oracle has a journal.

    Devices are M (a meter), R (a meter told by its rate or its steps) and G (the gauge).
    """

    def __init__(
        self,
        machine: Callable[[int], Machine],
        code: Mapping[str, Code],
        folder: Path,
        gauge: str = "cod",
        resolution: int = RESOLUTION,
    ) -> None:
        self._city = City(code, lambda _: None, TURNS, machine)
        numbers = (
            *(self._city.bound_meter(), self._city.channel(METER, METERS)),
            self._city.judged_gauge(resolution),
        )
        shapes = zip(("M", "R", "G"), ("volume", "volume", gauge), numbers, strict=True)
        self.channels = {
            (device, parameter): _channel(device, parameter, number, resolution)
            for device, parameter, number in shapes
        }
        self.journal = Journal(folder, writing=True)
        self.journal.enter(
            {one: (T0, OPENING_L * (one.kind == METER)) for one in self.channels.values()}
        )
        self._outboxes = {}
        for contract in SELECTORS:
            self._city.open_lane(contract)
            self._outboxes[contract] = Outbox(self.journal, contract, self._city.lanes[contract])
            relay = self._city.machine.address(RELAY)
            self._outboxes[contract].enter(RELAY_GROUP, relay, 0, b"\0" * 32)
        instants = {METER: TURNS[MONTH], GAUGE: [*TURNS[DAY], T0 + 1_000 * DAY_S]}
        self._turns = {kind: np.array(all_, dtype=np.int64) for kind, all_ in instants.items()}

    def take(self, chunk: Chunk, mapping: MappingFile, now: int, found: Counter[str]) -> None:
        """A chunk of rows through the intake into the journal, each cell counted by its end."""
        chosen = rules(mapping, self.channels)
        states = self.states()
        known = self.journal.known
        accepted, spoilt = take(chunk, mapping.time, chosen, states, now, known)
        found["rows"] += len(chunk)
        found["refused_rows"] += len(spoilt)
        found["unaccounted"] += sum(not one.reason for one in spoilt)
        ended: Counter[str] = Counter()
        for one in accepted:
            ended[one.rule.column] += len(one.taken.block)
            ended[one.rule.column] += one.taken.repeated + len(one.taken.refusals)
            found["accepted"] += len(one.taken.block)
            found["refused"] += len(one.taken.refusals)
            found["repeated"] += one.taken.repeated
            found["unaccounted"] += sum(not each.reason for each in one.taken.refusals)
        for rule in chosen:
            filled = sum(bool(text) for text in chunk.cells[rule.column])
            found["unaccounted"] += abs(filled - ended[rule.column])
        source = self.journal.source(mapping.title, mapping, 0)
        self.journal.take(source, chunk, accepted, spoilt)

    def states(self) -> dict[int, State]:
        """Where the channels stand in the journal."""
        return self.journal.states([one.id for one in self.channels.values()])

    def send(self, now: int, found: Counter[str]) -> None:
        """Cut all that waits, and send it in blocks of a moment. Failed where one is reverted."""
        self._city.machine.advance(now)
        for contract, outbox in self._outboxes.items():
            while batch := self._cut(contract, outbox, now):
                self._send(contract, *batch, found)

    def _cut(self, contract: str, outbox: Outbox, now: int) -> tuple[int, Cut] | None:
        """One more batch, frozen in the journal, and its number; None where nothing waits."""
        part, whole = BLOCK_SHARE
        with closing(
            self.journal.waiting(contract, RELAY_GROUP, self._turns, MOST_WAITING)
        ) as waiting:
            found = fill(waiting, now, GAS * part // whole - MOST_EVIDENCE_GAS)
        if not found.waiting:
            return None
        leaves = [
            leaf
            for one, count in zip(found.waiting, found.counts, strict=True)
            for leaf in self.journal.leaves(one.channel, one.number, count)
        ]
        batch = cut(found.laid, leaves)
        return outbox.freeze(found.waiting, batch), batch

    def _send(self, contract: str, number: int, batch: Cut, found: Counter[str]) -> None:
        machine, to = self._city.machine, self._city.contracts[contract].address
        lane = self._city.lanes[contract]
        data = record_calldata(SELECTORS[contract], lane, number, batch.root, batch.words)
        found["batches"] += 1
        try:
            receipt = machine.send(to, data, RELAY, batch.gas)
        except Refused:
            found["sent_again_with_more_gas"] += 1
            try:
                receipt = machine.send(to, data, RELAY)
            except Refused as error:
                found["reverted"] += 1
                raise Failed(f"{contract} reverted batch {number}: {error}") from error
        found["on_chain"] += batch.readings
        found["refused_groups"] += int.from_bytes(receipt.last_event[32:64], "big")
        found["gas"] += receipt.gas

    def close(self, found: Counter[str]) -> None:
        """Close the journal; a channel that stands elsewhere on the chain counts as `differs`."""
        states = self.states()
        for one in self.channels.values():
            book = self._city.contracts[one.contract]
            view = "meter" if one.kind == METER else "gauge"
            words = book.send(view, one.id, account=RELAY).output
            first, second, third = (
                int.from_bytes(words[place : place + 32], "big") for place in (0, 32, 64)
            )
            at = second if one.kind == METER else third
            stands = states[one.id]
            begun = stands.last_at != T0
            found["differs"] += begun and (first, at) != (stands.last_value, stands.last_at)
        self.journal.close()


def _channel(device: str, parameter: str, number: int, resolution: int) -> Channel:
    meter = device != "G"
    return Channel(
        id=number,
        device_id=number,
        device=device,
        station_id=1,
        parameter=parameter,
        kind=METER if meter else GAUGE,
        contract=METERS if meter else GAUGES,
        relay_group=RELAY_GROUP,
        resolution=1 if meter else resolution,
        cadence_s=300,
        low=0,
        high=10**15,
        grade=3,
        permit_id=0,
        opened_at=T0,
    )
