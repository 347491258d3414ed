"""The obvious ways of putting readings on the same chain, each measured for a while."""

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from eth_utils import to_checksum_address

from bench.enrolment import Sender
from bench.machine import Code
from ledger.deployment import Ledger
from ledger.hashing import keccak
from ledger.keystores import Signer
from ledger.transactions import send, wait_included

NAIVE_GAS, BATCH_READINGS, BATCH_GAS = 200_000, 400, 58_000_000
MOST_BATCHES = 8  # on their way
CHANNELS = 1_000
GRADE, HASH = 3, keccak(b"telegram")

Say = Callable[[str], None]


def measure(
    ledger: Ledger, signer: Signer, code: Mapping[str, Code], for_s: float, say: Say
) -> dict[str, float]:
    """Readings a second of each way; `code` holds naive and naive_batch."""
    naive, batch = (_deployed(ledger, signer, code[name]) for name in ("naive", "naive_batch"))
    ways: dict[str, Callable[[], float]] = {
        "naive_wait": lambda: _one_by_one(ledger, signer, naive, for_s),
        "naive_pipelined": lambda: _pipelined(ledger, signer, naive, for_s),
        "encode_abi": lambda: _batched(ledger, signer, batch, for_s),
    }
    found = {}
    for name, way in ways.items():
        say(f"baseline {name}, {for_s:.0f} s")
        found[name] = round(way(), 1)
    return found


def _deployed(ledger: Ledger, signer: Signer, code: Code) -> Any:
    w3 = ledger.chain.w3
    factory = w3.eth.contract(abi=code["abi"], bytecode=code["bytecode"])
    sent = send(ledger.chain, signer, factory.constructor(signer.address))
    receipt = wait_included(ledger.chain, sent)
    return w3.eth.contract(address=receipt["contractAddress"], abi=code["abi"])


def _reading(number: int) -> tuple[int, int, int, int, bytes]:
    return number % CHANNELS, number, number % 250, GRADE, HASH


def _one_by_one(ledger: Ledger, signer: Signer, contract: Any, for_s: float) -> float:
    """One transaction a reading, and its receipt awaited before the next."""
    begun, done = monotonic(), 0
    while monotonic() - begun < for_s:
        call = contract.functions.record(*_reading(done))
        wait_included(ledger.chain, send(ledger.chain, signer, call, gas=NAIVE_GAS))
        done += 1
    return done / (monotonic() - begun)


def _pipelined(ledger: Ledger, signer: Signer, contract: Any, for_s: float) -> float:
    """One transaction a reading, as many on their way as the pool takes."""
    sender, begun, done = Sender(ledger, signer), monotonic(), 0
    first = sender.nonce
    while monotonic() - begun < for_s:
        data = contract.encode_abi("record", args=_reading(done))
        sender.hand_over(contract.address, bytes.fromhex(data[2:]), NAIVE_GAS)
        done += 1
    seconds = monotonic() - begun
    return _included(ledger, signer, sender, first) / seconds


def _batched(ledger: Ledger, signer: Signer, contract: Any, for_s: float) -> float:
    """As many readings a transaction as fit, encoded by web3."""
    sender, begun, done = Sender(ledger, signer), monotonic(), 0
    first = sender.nonce
    while monotonic() - begun < for_s:
        readings = [_reading(done + n) for n in range(BATCH_READINGS)]
        data = contract.encode_abi("record", args=[readings])
        sender.hand_over(contract.address, bytes.fromhex(data[2:]), BATCH_GAS)
        sender.wait(sender.nonce - MOST_BATCHES)
        done += BATCH_READINGS
    seconds = monotonic() - begun
    return BATCH_READINGS * _included(ledger, signer, sender, first) / seconds


def _included(ledger: Ledger, signer: Signer, sender: Sender, first: int) -> int:
    """How many transactions blocks had taken when the time was up; the rest is awaited."""
    account = to_checksum_address(signer.address)
    found = int(ledger.chain.w3.eth.get_transaction_count(account, "latest")) - first
    sender.wait()
    return found
