"""The intake on other machines than py-evm: equal events and words on revm, equal gas on geth."""

from collections import Counter
from random import Random

import pytest
from eth_utils import to_checksum_address
from eth_utils.abi import event_abi_to_log_topic

from tests.chain.london import city
from tests.chain.mirrored import WRITTEN, Mirrored
from tests.chain.sealed import Geth, blocks, sealed
from tests.contracts.intake_words import OFFSET, gauge_group, meter_group, packed
from tests.contracts.suite import COD, DAY_S, GAUGE, HASH, METER, NOW, T0

BATCHES = 10
COUNTS = [1, 2, 5, 8, 9, 17, 33, 70]


class Twin:
    """Two meters and two judged gauges, read in random batches."""

    def __init__(self, suite, seed):
        self.suite, self.chance, self.told = suite, Random(seed), Counter()
        permit = suite.permit(annual_l=10_000, peak_l_h=5_000)
        self.meters = {
            suite.channel(METER, "QuotaTracker", permit=permit): (100, T0) for _ in range(2)
        }
        suite.register_turns.set_turns(list(self.meters), 1, sender=suite.device_keeper)
        self.gauges = {suite.channel(GAUGE, "QualityProvenance", COD): T0 for _ in range(2)}
        for channel, (dwell, ranged) in zip(self.gauges, [(1, False), (3, True)], strict=True):
            judged = (channel, suite.limit(COD, 333, 777), dwell, 0, 500, 2)
            suite.quality_provenance.judge(*judged, sender=suite.standards_keeper)
            suite.quality_provenance.track_range(channel, ranged, sender=suite.standards_keeper)
        self.lanes = {book: suite.lane(book) for book in self.books}

    @property
    def books(self):
        return self.suite.quota_tracker, self.suite.quality_provenance

    def walks(self):
        for _ in range(BATCHES):
            self.meters_are_read()
            self.gauges_are_read()

    def durations(self):
        """Even steps or uneven ones, now and then over the ends of many days."""
        chance, count = self.chance, self.chance.choice(COUNTS)
        step = chance.choice([60, 900, 3_600, DAY_S])
        even = chance.random() < 0.5
        self.told["even" if even and count > 1 else "uneven"] += 1
        return [step if even and i else chance.randrange(1, 2 * step) for i in range(count)]

    def meters_are_read(self):
        words = []
        for channel in self.chance.choices(list(self.meters), k=self.chance.randrange(1, 5)):
            register_l, at = self.meters[channel]
            most_l = self.chance.choice([1, 50, 3_000])
            group = [(self.chance.randrange(most_l), s) for s in self.durations()]
            wrong = self.chance.choice([0, 0, 0, 0, 0, 1])
            words += meter_group(channel, register_l + wrong, at, group, self.chance.choice([0, 5]))
            end = at + sum(duration_s for _, duration_s in group)
            if not wrong and end <= NOW:
                used_l = sum(volume_l for volume_l, _ in group)
                self.meters[channel] = register_l + used_l, end
        self.records(self.suite.quota_tracker, "record_meters", words)

    def gauges_are_read(self):
        words = []
        for channel in self.chance.choices(list(self.gauges), k=self.chance.randrange(1, 5)):
            at, near = self.gauges[channel], self.chance.choice([333, 555, 777])
            group = [(OFFSET + near + self.chance.randrange(-9, 10), s) for s in self.durations()]
            wrong, void = self.chance.choice([0, 0, 0, 0, 0, 1]), self.chance.random() < 0.1
            words += gauge_group(channel, at - wrong, group, mark=int(void), void=void)
            end = at + sum(duration_s for _, duration_s in group)
            if not wrong and end <= NOW:
                self.gauges[channel] = end
        self.records(self.suite.quality_provenance, "record_gauges", words)

    def records(self, book, function, words):
        lane = self.lanes[book]
        batch_id = book.lane(lane)[2]
        arguments = (lane, batch_id, HASH, packed(words), b"")
        getattr(book, function)(*arguments, sender=self.suite.relay)
        named = {event_abi_to_log_topic(e): e["name"] for e in book.abi if e["type"] == "event"}
        self.told.update(named.get(bytes(log["topics"][0])) for log in book.chain.last["logs"])


@pytest.fixture(scope="module")
def mirrored():
    return city(Mirrored())


@pytest.mark.parametrize("seed", range(2))
def test_random_batches_log_and_store_the_same_on_two_machines(mirrored, seed):
    chain, suite = mirrored
    twin, before = Twin(suite, seed), chain.transactions

    twin.walks()

    assert chain.transactions >= before + 2 * BATCHES
    for channel, (register_l, at) in twin.meters.items():
        meter = suite.quota_tracker.meter(channel)
        assert (meter[0], meter[1]) == (register_l, at)
    expected = {"even", "uneven", "GroupRefused", "PeriodRuled", "AlertRaised", "TierChanged"}
    assert set(twin.told) >= expected


@pytest.fixture(scope="module")
def ran(mirrored, tmp_path_factory):
    """All that was mined, random batches with it, and a node that runs it."""
    chain, suite = mirrored
    Twin(suite, seed=2).walks()
    backend = chain.tester.backend
    return list(blocks(backend.chain)), Geth(tmp_path_factory.mktemp("geth"), backend)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (lambda last: {"gas_used": last.gas_used + 1}, "invalid gas used"),
        (lambda last: {"receipt_root": last.transaction_root}, "invalid receipt root hash"),
        (lambda last: {"state_root": last.transaction_root}, "invalid merkle root"),
    ],
)
def test_a_node_refuses_a_block_of_other_gas_receipts_or_state(ran, changed, why):
    mined, geth = ran
    last = mined[-1].header
    other = mined[-1].copy(header=sealed(last.copy(**changed(last))))

    with pytest.raises(ValueError, match=why):
        geth.takes([*mined[1:-1], other])


def test_a_node_comes_to_the_same_state_and_the_same_gas_of_each_receipt(ran):
    mined, geth = ran

    geth.takes(mined[1:])

    assert sum(len(block.transactions) for block in mined) > 2 * BATCHES
    assert geth.state_root() == "0x" + mined[-1].header.state_root.hex()


def test_a_word_that_one_machine_holds_otherwise_is_noticed(mirrored):
    chain, suite = mirrored  # which stand apart from then on, so this comes last
    suite.lane(suite.quota_tracker)
    count = suite.quota_tracker.lane_count()
    state = chain.tester.backend.chain.get_vm().state
    [place] = [k for k in WRITTEN if state.get_storage(*k) == count]
    held = to_checksum_address(place[0]), place[1]
    chain.machine.insert_account_storage(*held, count + 1)

    with pytest.raises(AssertionError):
        suite.lane(suite.quota_tracker)
