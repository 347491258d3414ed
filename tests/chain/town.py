"""A town on the London machine, and an oracle that feeds it from files of a few rows."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from eth_account import Account
from hexbytes import HexBytes
from web3 import Web3

from ledger.batches import as_batch, meter_groups
from ledger.chain import adopt
from ledger.deployment import Deployed, Deployment, Ledger
from ledger.events import logs
from ledger.settlement import SettlementPolicy
from oracle import feed
from oracle.inputs import Input
from oracle.journal import Journal
from oracle.mapping import load
from oracle.oracle import Fed, Oracle
from oracle.places import Server
from tests.chain.london import KEYS, London, city
from tests.contracts.suite import DUTIES, METER, NOW, T0, Suite
from tests.unit.revm_backend import RevmBackend
from tests.unit.small_chain import LocalSigner
from tests.unit.small_node import Node, PoolingTester

CONFIRMATIONS = 2
MOST_ROUNDS = 40
BLOCKS = 2**64  # a larger number is a block's hash


class Relay(LocalSigner):
    """The relay's account."""

    def __init__(self) -> None:
        super().__init__(KEYS["relay"])


@dataclass
class Town:
    """The chain, its contracts, and a folder for journals and files."""

    chain: London
    node: Node
    suite: Suite
    ledger: Ledger
    folder: Path
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    journals: list[Journal] = field(default_factory=list)
    listeners: list[Callable[..., None]] = field(default_factory=list)  # beside `told`
    server: Server | None = None  # where journals lie, if not in the folder

    def meter(self, group: int = 1) -> str:
        """A meter of QuotaTracker, counted against a permit of its own; its device's code."""
        permit = self.suite.permit()
        self.suite.channel(METER, "QuotaTracker", permit=permit, relay_group=group)
        return f"DEV-{self.suite.numbers['device']}"

    def lane(self, group: int = 1) -> int:
        """The relay's lane of QuotaTracker."""
        tracker, keeper = self.suite.quota_tracker, self.suite.device_keeper
        return int(tracker.open_lane(self.suite.relay, group, sender=keeper))

    def second_relay(self) -> LocalSigner:
        """An account that relays too, for a lane of its own."""
        key = Account.from_key(b"\x4d" * 32)
        if key.address not in self.chain.tester.get_accounts():
            self.chain.tester.add_account(key.key.hex())
        self.chain.sent({"to": key.address, "value": 10**20}, self.chain.w3.eth.accounts[0])
        post = (1, "relay 2", DUTIES["relay"], key.address, T0, 2**32 - 1)
        self.suite.by_both("open_post", *post)
        return LocalSigner(key)

    def file(self, name: str, device: str, rows: Iterable[tuple[int, int]]) -> Input:
        """A file of moments and registers in litres, with its mapping."""
        path, mapping = self.folder / f"{name}.csv", self.folder / f"{name}.yaml"
        text = "".join(f"{at},{register}\n" for at, register in rows)
        path.write_text(f"at,register\n{text}", encoding="utf-8")
        column = {"column": "register", "device": device, "parameter": "volume", "of": "register"}
        shape = {
            "title": name,
            "time": {"form": "unix_s", "column": "at"},
            "channels": [{**column, "unit": "L"}],
        }
        mapping.write_text(yaml.safe_dump(shape), encoding="utf-8")
        return Input(path, load(mapping))

    def oracle(self, journal: str = "journal", signer: Any = None, **bounds: Any) -> Oracle:
        """An oracle on a journal; whoever had that journal before has been killed."""
        opened = Journal(self.server or self.folder / journal, writing=True)
        key = signer or Relay()
        self.journals.append(opened)
        return Oracle(
            self.ledger,
            opened,
            {key.address: lambda: key},
            SettlementPolicy(CONFIRMATIONS),
            time.time,
            self.tell,
            **bounds,
        )

    def tell(self, event: str, **keys: Any) -> None:
        """What an oracle tells."""
        self.told.append((event, keys))
        for one in self.listeners:
            one(event, **keys)

    def kill(self, oracle: Oracle) -> None:
        """What a kill leaves: the lock is free, nothing else was done."""
        oracle.journal.close()

    def mine(self, blocks: int = 1) -> None:
        """Seal blocks with whatever waits."""
        self.chain.tester.mine_blocks(blocks)

    def settle(self, oracle: Oracle, inputs: Sequence[Input] = ()) -> None:
        """Feed files, a block after each look at the chain, until all is final."""
        clock = count()
        feed.replay(
            oracle, inputs, lambda _: self.mine(), lambda: next(clock), lambda: None, MOST_ROUNDS
        )

    def run(self, oracle: Oracle, inputs: Sequence[Fed], rounds: int = 8) -> None:
        """Let an oracle run for some rounds, a block after each."""
        left = iter(range(rounds))

        def wait(_: float) -> bool:
            self.mine()
            return next(left, None) is None

        feed.watch(oracle, lambda: inputs, wait, 0, self.tell)

    def registers(self) -> list[tuple[int, int]]:
        """Every reading in the calldata of every recorded batch: moment and register."""
        found = []
        for recorded in logs(self.ledger, "QuotaTracker", "Recorded"):
            for group in meter_groups(as_batch(self.ledger, recorded).words):
                register = group.opening_l
                for at, volume in group.readings:
                    register += volume
                    found.append((at, register))
        return found


@cache
def _furnished() -> tuple[London, Node, Suite]:
    tester = PoolingTester(RevmBackend(NOW))
    node = Node(tester)
    chain, suite = city(London(tester, node))

    def nonce(who: str, block: Any = "latest") -> str:
        return hex(tester.get_nonce(Web3.to_checksum_address(who), _number(chain.w3, block)))

    node.answers["eth_getTransactionCount"] = nonce
    return chain, node, suite


def _number(w3: Web3, block: Any) -> Any:
    """eth-tester knows blocks by number only; nodes also by hash, here read as a number."""
    if isinstance(block, int) and block >= BLOCKS:
        return int(w3.eth.get_block(HexBytes(block.to_bytes(32, "big")))["number"])
    return block


def build(folder: Path) -> Town:
    """The town as furnished; the caller goes back to its snapshot afterwards."""
    chain, node, suite = _furnished()
    connected = adopt(chain.w3, "in this process")
    start = connected.head().number  # earlier blocks hold nothing of a test's own
    record = Deployment(connected.chain_id, connected.genesis_hash, start)
    for name, contract in suite.contracts.items():
        deployed = Deployed(contract.address, list(contract.abi), "0x", "0x", start)
        record = record.with_contract(name, deployed)
    return Town(chain, node, suite, record.open(connected), folder)
