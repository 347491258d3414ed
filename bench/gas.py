"""Gas of a reading on the intake, beside the reference figures and beside one transaction each.

Exact `gasUsed` under London rules, in steady state: each shape is sent twice and the second time
counts. Nothing is left out: duty, order, digest, running hash, event, continuity and every rule.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from bench.city import LIMIT, OPENING_L, RELAY, T0, City
from bench.machine import Code, Deployed, Receipt
from ledger.hashing import keccak
from ledger.merkle import proof, tree
from ledger.packing import (
    MAX_WORDS,
    RECORD_GAUGES,
    RECORD_METERS,
    WORD,
    ZERO_VALUE,
    gauge_group,
    meter_group,
    record_calldata,
)

Say = Callable[[str], None]
SEED = 20_250_101
METERS, GAUGES = "meters", "gauges"
METERS_CONTRACT = "QuotaTracker"
PLAIN, WITHIN, STRETCHED = "", "ranged, within the day's range", "ranged, a new extreme each"
REGULAR, IRREGULAR = "regular", "irregular"
JITTER = 10  # an irregular step lies within a tenth of the regular one
NAIVE_READINGS = 20
GRADE = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """How many readings of how many channels a pass carries, how far apart, and how large."""

    id: str
    family: str
    name: str
    channels: int
    readings: int
    step_s: int
    most: int

    def counts(self) -> list[int]:
        """Readings of each channel, as even as they go."""
        each, more = divmod(self.readings, self.channels)
        return [each + (i < more) for i in range(self.channels)]


SMALL, LARGE = 250, 20_000  # one byte of a volume is not zero, or two: 16 gas each instead of 4
SHAPES = (
    Shape("P1", METERS, "1,000 over 16 meters", 16, 1_000, 60, SMALL),
    Shape("P1b", METERS, "1,000 over 16 meters, large", 16, 1_000, 60, LARGE),
    Shape("P2", METERS, "1,000 on 1 meter", 1, 1_000, 60, SMALL),
    Shape("P2n", METERS, "1,000 meters x 1", 1_000, 1_000, 60, SMALL),
    Shape("P3", METERS, "400 meters x 24, hourly", 400, 9_600, 3_600, 60),
    Shape("M240", METERS, "16 meters x 240", 16, 3_840, 60, SMALL),
    Shape("G1", GAUGES, "1,000 over 16 gauges", 16, 1_000, 60, SMALL),
    Shape("G1b", GAUGES, "1,000 over 16 gauges, large", 16, 1_000, 60, LARGE),
    Shape("G2", GAUGES, "1,000 on 1 gauge", 1, 1_000, 60, SMALL),
    Shape("G2n", GAUGES, "1,000 gauges x 1", 1_000, 1_000, 60, SMALL),
    Shape("G48", GAUGES, "80 gauges x 48, 5 min", 80, 3_840, 300, SMALL),
    Shape("G240", GAUGES, "16 gauges x 240, 1 min", 16, 3_840, 60, SMALL),
    Shape("GLab", GAUGES, "43 gauges x 1, laboratory", 43, 43, 86_400, SMALL),
)
SUFFIXES = {IRREGULAR: "i", WITHIN: "w", STRETCHED: "r"}

# gas a reading of the throw-away contract that the format was tried with: to be met or beaten
TARGETS: Mapping[str, int] = {
    **{"P1": 228, "P1i": 304, "P2": 127, "P2i": 203, "P2n": 6_201, "P3": 359, "P3i": 440},
    **{"M240": 102, "M240i": 178, "G1": 251, "G1i": 340, "G2": 146, "G2i": 221, "G2n": 6_380},
    **{"G48": 237, "G48i": 340, "G240": 121, "G240i": 197, "GLab": 7_794},
    **{"G48w": 315, "G240w": 138, "G1r": 421, "G1ir": 504, "G2r": 151, "G2ir": 229},
    **{"G2nr": 11_664, "G48r": 441, "G48ir": 524, "G240r": 182, "G240ir": 250, "GLabr": 13_118},
}
FLOORS: Mapping[str, int] = {"P1": 190, "P2": 112, "P2n": 5_250, "P3": 300}
# a proof of one reading in a transaction of its own: target, and what no contract gets below
PROOF_TARGET, PROOF_FLOOR, PROOF_DEPTH = 33_000, 27_100, 10
# Chainlink OCR2 as published: 174,556 gas for 31 observations; times cheaper, and the most there is
OCR2_GAS, OCR2_TARGET, OCR2_FLOOR = 5_631, 20, 30


@dataclass(frozen=True, slots=True)
class Figure:
    """What the second pass of a shape cost."""

    shape: Shape
    variant: str
    form: str
    transactions: int
    gas: int
    calldata_gas: int

    @property
    def gas_a_reading(self) -> float:
        """Its gas, shared out."""
        return self.gas / self.shape.readings

    @property
    def id(self) -> str:
        """The row it is: the shape's, with a letter for uneven times and one for a kept range."""
        return self.shape.id + SUFFIXES.get(self.form, "") + SUFFIXES.get(self.variant, "")


@dataclass(frozen=True, slots=True)
class Report:
    """Every figure, and what one transaction a reading costs on the same machine."""

    naive_gas: float
    figures: tuple[Figure, ...]
    proof_gas: int


@dataclass
class Channel:
    """A channel as the contract holds it, and the range of its values so far."""

    number: int
    at: int = T0
    register_l: int = OPENING_L
    low: int = ZERO_VALUE + LIMIT
    high: int = ZERO_VALUE


@dataclass
class Feed:
    """The lane of one contract and the channels behind it."""

    contract: Deployed
    selector: bytes
    lane: int
    channels: list[Channel]
    draw: random.Random = field(default_factory=lambda: random.Random(SEED))
    batch_ids: Iterator[int] = field(default_factory=count)

    def passes(self, shape: Shape, form: str, variant: str) -> Iterator[tuple[bytes, Receipt]]:
        """Send every channel's group, in as many batches as the words need."""
        for words in _batches(self._groups(shape, form, variant)):
            batch_id = next(self.batch_ids)
            root = keccak(batch_id.to_bytes(32, "big"))
            data = record_calldata(self.selector, self.lane, batch_id, root, words)
            yield data, self.contract.machine.send(self.contract.address, data, RELAY)

    def _groups(self, shape: Shape, form: str, variant: str) -> Iterator[bytes]:
        for channel, readings in zip(self.channels, shape.counts(), strict=False):
            steps = np.array(list(self._steps(shape, form, readings)), dtype=np.int64)
            if shape.family == METERS:
                yield self._meter(channel, shape, steps)
            else:
                yield self._gauge(channel, shape, steps, variant)

    def _steps(self, shape: Shape, form: str, readings: int) -> Iterable[int]:
        if form == REGULAR:
            return [shape.step_s] * readings
        off = shape.step_s // JITTER
        return [shape.step_s + self.draw.randint(-off, off) for _ in range(readings)]

    def _meter(self, channel: Channel, shape: Shape, steps: Any) -> bytes:
        volumes = np.array([self.draw.randint(0, shape.most) for _ in steps], dtype=np.int64)
        opening = channel.register_l, channel.at
        channel.register_l += int(volumes.sum())
        channel.at += int(steps.sum())
        return meter_group(channel.number, *opening, volumes, steps, 0, GRADE)

    def _gauge(self, channel: Channel, shape: Shape, steps: Any, variant: str) -> bytes:
        low, high = ZERO_VALUE, ZERO_VALUE + shape.most
        if variant == WITHIN and channel.low <= channel.high:
            low, high = channel.low, channel.high
        drawn = [self.draw.randint(low, high) for _ in steps]
        if variant == STRETCHED:
            drawn[self.draw.randrange(len(drawn))] = max(channel.high, high) + 1
        channel.low, channel.high = min(channel.low, *drawn), max(channel.high, *drawn)
        opening_at = channel.at
        channel.at += int(steps.sum())
        values = np.array(drawn, dtype=np.int64)
        return gauge_group(channel.number, opening_at, values, steps, 0, GRADE)


def _batches(groups: Iterable[bytes]) -> Iterator[bytes]:
    """Whole groups, as evenly over as few transactions as the bound on words allows."""
    pieces = list(groups)
    transactions = -(-sum(map(len, pieces)) // (MAX_WORDS * WORD))
    each = -(-len(pieces) // transactions)
    for begin in range(0, len(pieces), each):
        yield b"".join(pieces[begin : begin + each])


def measure(
    code: Mapping[str, Code], naive: Code, say: Say, shapes: Sequence[Shape] = SHAPES
) -> Report:
    """All figures of `shapes`; `code` is that of our contracts, `naive` that of naive.vy."""
    city = City(code, say)
    feeds = {
        family: _feed(city, family, max(s.channels for s in shapes if s.family == family))
        for family in dict.fromkeys(shape.family for shape in shapes)
    }
    figures = [figure for shape in shapes for figure in _plain(feeds[shape.family], shape, say)]
    gauges = [shape for shape in shapes if shape.family == GAUGES]
    if gauges:
        say("keeping the day's range")
        for channel in feeds[GAUGES].channels:
            city.send("QualityProvenance", "track_range", channel.number, True)
            channel.low, channel.high = ZERO_VALUE + LIMIT, ZERO_VALUE
        figures += [figure for shape in gauges for figure in _ranged(feeds[GAUGES], shape, say)]
    return Report(_naive_gas(city, naive, say), tuple(figures), _proof_gas(city, say))


def _feed(city: City, family: str, channels: int) -> Feed:
    """A lane and its channels; those that the smaller shapes use are bound, or judged."""
    city.say(f"enrolling {channels:,} {family}")
    contract = METERS_CONTRACT if family == METERS else "QualityProvenance"
    ruled = city.bound_meter if family == METERS else city.judged_gauge
    numbers = [ruled() for _ in range(min(channels, RULED[family]))]
    kind = 1 if family == METERS else 2
    numbers += [city.channel(kind, contract) for _ in range(channels - len(numbers))]
    city.open_lane(contract)
    selector = RECORD_METERS if family == METERS else RECORD_GAUGES
    channels_fed = [Channel(number) for number in numbers]
    return Feed(city.contracts[contract], selector, city.lanes[contract], channels_fed)


RULED = {METERS: 16, GAUGES: 80}


def _forms(shape: Shape) -> tuple[str, ...]:
    """A group of one reading has but one form."""
    return (REGULAR,) if shape.readings == shape.channels else (REGULAR, IRREGULAR)


def _plain(feed: Feed, shape: Shape, say: Say) -> Iterator[Figure]:
    for form in _forms(shape):
        yield _second(feed, shape, form, PLAIN, say)


def _ranged(feed: Feed, shape: Shape, say: Say) -> Iterator[Figure]:
    for variant in (STRETCHED, WITHIN):
        for form in _forms(shape):
            yield _second(feed, shape, form, variant, say)


def _second(feed: Feed, shape: Shape, form: str, variant: str, say: Say) -> Figure:
    say(f"{shape.family}: {shape.name}, {form}{', ' if variant else ''}{variant}")
    for _ in feed.passes(shape, form, variant):
        pass
    sent = list(feed.passes(shape, form, variant))
    for _, receipt in sent:
        _require_quiet(receipt)
    return Figure(
        shape,
        variant,
        form,
        len(sent),
        sum(receipt.gas for _, receipt in sent),
        sum(_calldata_gas(data) for data, _ in sent),
    )


def _require_quiet(receipt: Receipt) -> None:
    """One event, Recorded, and no group refused in it: else the figure is not what it says."""
    refused = int.from_bytes(receipt.last_event[32:64], "big")
    if receipt.events != 1 or refused:
        raise ValueError(f"{receipt.events} events and {refused} groups refused in a quiet batch")


def _calldata_gas(data: bytes) -> int:
    zeros = data.count(0)
    return 16 * (len(data) - zeros) + 4 * zeros


def _naive_gas(city: City, code: Code, say: Say) -> float:
    """One transaction a reading, of a channel that has some already."""
    say("one transaction a reading")
    contract = city.machine.deploy(code, [city.machine.address(RELAY)], RELAY)
    draw, at, spent = random.Random(SEED), T0, []
    for _ in range(NAIVE_READINGS + 1):
        at += 60
        volume_l, telegram = draw.randint(1, SMALL), keccak(at.to_bytes(32, "big"))
        receipt = contract.send("record", 1, at, volume_l, GRADE, telegram, account=RELAY)
        spent.append(receipt.gas)
    return sum(spent[1:]) / NAIVE_READINGS


def _proof_gas(city: City, say: Say) -> int:
    """One reading of a batch of 1,024 leaves, proved in a transaction of its own."""
    say("a proof")
    feed = _feed(city, METERS, 1)
    nodes = tree([keccak(n.to_bytes(32, "big")) for n in range(2**PROOF_DEPTH)])
    words = b"".join(feed._groups(SHAPES[2], REGULAR, PLAIN))
    data = record_calldata(RECORD_METERS, feed.lane, 0, nodes[0], words)
    feed.contract.machine.send(feed.contract.address, data, RELAY)
    leaf = nodes[-1]
    way = (feed.lane, 0, nodes[0], keccak(words), leaf, proof(nodes, leaf))
    return feed.contract.send("prove", *way, account=RELAY).gas
