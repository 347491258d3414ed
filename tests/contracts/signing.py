"""A meter whose device signs: a settled batch, and telegrams that say the same or another."""

from dataclasses import dataclass, replace
from typing import Any

import boa
from eth_account import Account
from eth_utils import keccak

from ledger import merkle
from ledger.device_keys import message
from ledger.leaves import MEASURED, leaf
from ledger.telegrams import Domain, Reading, Telegram
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import METER, NOW, T0, Suite

DEVICE_KEY = Account.from_key(b"\x31" * 32)
GATEWAY_KEY = Account.from_key(b"\x32" * 32)
SECP256K1, P256, ED25519 = 1, 2, 3
LATEST = 2**32 - 1
AT = NOW + 60
SETTLED = 140  # register of the first reading after the opening at 100


def account_of(key: Any) -> bytes:
    return bytes.fromhex(key.address[2:])


def domain(suite: Suite, chain_id: int | None = None) -> Domain:
    london = getattr(suite.device_keys, "chain", None)  # else it is titanoboa's
    here = london.w3.eth.chain_id if london else boa.env.evm.patch.chain_id
    return Domain(chain_id or here, suite.device_keys.address)


def sign(telegram: Telegram, of: Domain, key: Any = DEVICE_KEY) -> bytes:
    return bytes(key.sign_message(message(of, telegram)).signature)


@dataclass
class Meter:
    """A meter of QuotaTracker with a key, and a batch of its readings that is settled."""

    suite: Suite
    grade: int = 3
    later: int = 3  # readings after the first
    at: int = AT

    def __post_init__(self) -> None:
        suite = self.suite
        self.channel = suite.channel(METER, "QuotaTracker")
        self.device = suite.device_registry.channel(self.channel)[0]
        self.key = suite.device_keys.add_key(
            *(SECP256K1, account_of(DEVICE_KEY), False, [self.device], 0, LATEST),
            sender=suite.device_keeper,
        )

    def settle(self) -> "Meter":
        """Record a batch: the register rises by 40 L a minute."""
        book = self.suite.quota_tracker
        readings = [(40, self.at - T0), *[(40, 60)] * self.later]
        rows = [(self.at + 60 * n, SETTLED + 40 * n) for n in range(len(readings))]
        self.leaves = [
            leaf(self.channel, at, value, MEASURED, self.grade, 0, keccak(b"%d" % at))
            for at, value in rows
        ]
        self.nodes = merkle.tree(self.leaves)
        words = packed(meter_group(self.channel, 100, T0, readings, grade=self.grade))
        self.lane = self.suite.lane(book)
        book.record_meters(self.lane, 0, self.nodes[0], words, b"", sender=self.suite.relay)
        self.words_hash = keccak(words)
        return self

    def settled(self, **changed: Any) -> tuple[Any, ...]:
        """IDisputes.Settled of the first reading."""
        fields = {
            "lane": self.lane,
            "batch_id": 0,
            "root": self.nodes[0],
            "words_hash": self.words_hash,
            "channel": self.channel,
            "at": self.at,
            "value": SETTLED,
            "kind": MEASURED,
            "grade": self.grade,
            "mark": 0,
            "telegram": keccak(b"%d" % self.at),
        }
        return tuple((fields | changed).values())

    @property
    def proof(self) -> list[bytes]:
        return merkle.proof(self.nodes, self.leaves[0])

    def telegram(self, value: int = SETTLED + 5, *, before: int = 0, **changed: Any) -> Telegram:
        """What the device says of the first reading, behind `before` others."""
        others = tuple(Reading(self.channel, self.at - 60 * n, 100) for n in range(before, 0, -1))
        one = Telegram(self.device, 7, (*others, Reading(self.channel, self.at, value)))
        return replace(one, **changed)

    def call(self, telegram: Telegram, key: Any = DEVICE_KEY, index: int = -1) -> list[Any]:
        """The arguments of open_dispute for the reading at `index` of a telegram."""
        index = index % len(telegram.readings)
        reading = telegram.readings[index]
        said = (telegram.sequence, index, reading.value, reading.mark)
        signature = sign(telegram, domain(self.suite), key)
        return [self.settled(), self.proof, said, telegram.reading_hashes, signature]
