"""What witnesses cost a batch: handing it on once, and each signature, exact and bounded."""

import numpy as np
import pytest
from eth_account import Account
from eth_utils import keccak

from ledger.channels import GAUGE, METER
from ledger.leaves import INSTANT, MEASURED
from ledger.packing import MAX_WORDS, RECORD_GAUGES, RECORD_METERS, ZERO_VALUE, record_calldata
from ledger.witnesses import evidence, message
from oracle.batch import Waiting, cut, fill
from oracle.cosigners import HANDED_ON_GAS, MOST_EVIDENCE_GAS, MOST_WITNESSES, SIGNATURE_GAS
from tests.contracts.suite import COD, T0
from tests.contracts.witnessing import witness

NOBODY_STOPS = 2**60  # gas: so that only the words bound the batch
LEAF = keccak(b"leaf")
DAYS = np.array([T0 + 86_400 * day for day in range(800)])
WITNESSES = [Account.from_key(bytes([0x70 + n]) * 32) for n in range(MOST_WITNESSES)]
ENDS, EVERY = (1, MOST_WITNESSES), range(1, MOST_WITNESSES + 1)
BOOKS = {"QuotaTracker": (METER, RECORD_METERS), "QualityProvenance": (GAUGE, RECORD_GAUGES)}


@pytest.fixture(scope="module")
def town(furnished):
    return furnished


class Book:
    """A lane of a book and the largest batch that it takes."""

    def __init__(self, town, name):
        self.chain, self.suite = town
        self.name, (self.kind, self.selector) = name, BOOKS[name]
        self.contract = self.suite.contracts[name]
        self.lane = self.suite.lane(self.contract)
        found = fill([self._waiting()], 2**32, NOBODY_STOPS)
        self.batch = cut(found.laid, [LEAF] * sum(found.counts))

    def _waiting(self):
        meter = self.kind == METER
        about = {"permit": self.suite.permit()} if meter else {"parameter": COD}
        channel = self.suite.channel(self.kind, self.name, **about)
        at = T0 + 60 * np.arange(1, 20_001)
        values = 100 + np.arange(20_000) % 2 if not meter else 100 + np.arange(20_000)
        marks = np.zeros(len(at), dtype=np.int64)
        kind = MEASURED if meter else INSTANT
        stored = values + (0 if meter else ZERO_VALUE)
        return Waiting(channel, self.kind, kind, 3, T0, 100, at, stored, marks, DAYS)

    def spent(self, needed):
        """The gas of the batch with so many signatures; everything is as before afterwards."""
        before = self.chain.tester.take_snapshot()
        numbers = dict(self.suite.numbers)
        chain_id = self.chain.w3.eth.chain_id
        witness(self.suite, self.name, self.lane, WITNESSES, needed, chain_id=chain_id)
        about = (self.lane, 0, self.batch.root)
        signed = message(chain_id, self.contract.address, *about, keccak(self.batch.words))
        made = {
            key.address: bytes(key.sign_message(signed).signature) for key in WITNESSES[:needed]
        }
        data = record_calldata(self.selector, *about, self.batch.words, evidence(made))
        call = {"to": self.contract.address, "data": data, "gas": 24_000_000}
        gas = self.chain.sent(call, self.suite.relay)["gasUsed"]
        self.chain.tester.revert_to_snapshot(before)
        self.suite.numbers.clear()
        self.suite.numbers.update(numbers)
        return gas


@pytest.mark.parametrize("counts", [ENDS, pytest.param(EVERY, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", BOOKS)
def test_what_is_asked_for_witnesses_is_enough_and_not_twice_too_much(town, name, counts):
    book = Book(town, name)
    without = book.spent(0)

    more = {n: book.spent(n) - without for n in counts}
    print(name, len(book.batch.words) // 32, without, more)

    assert len(book.batch.words) // 32 > MAX_WORDS - 8
    for n, gas in more.items():
        bound = HANDED_ON_GAS + SIGNATURE_GAS * n
        assert bound // 2 < gas <= bound, (n, gas)
    assert more[MOST_WITNESSES] <= MOST_EVIDENCE_GAS
