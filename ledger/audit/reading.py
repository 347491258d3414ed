"""What happened, read from the chain in its order: transactions with the events they logged.

Blocks are read in pieces, so that memory does not grow with the chain's length.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from eth_utils import collapse_if_tuple
from web3.exceptions import Web3RPCError

from ledger.audit.findings import Finding
from ledger.audit.proving import Prover
from ledger.audit.words import values
from ledger.deployment import Ledger
from ledger.errors import ChainUnreachable, NotSettled
from ledger.hashing import keccak

BLOCKS = 500  # of one piece, at first
MOST_BLOCKS = 5_000
MOST_LOGS = 2_000  # a piece with more is followed by a smaller one
WITH_CALLDATA = ("Recorded", "CalendarExtended")


@dataclass(frozen=True, slots=True)
class Event:
    """One logged event of a contract of ours; `args` is None where it cannot be decoded."""

    contract: str
    name: str
    args: dict[str, Any] | None
    index: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction that logged something; sender, receiver and calldata where they matter."""

    hash: str
    block: int
    block_at: int
    sender: str
    to: str
    calldata: bytes
    events: list[Event]
    faults: list[str]


class Reader:
    """Reads the events of some contracts, with the calldata of those that carry readings."""

    def __init__(
        self, ledger: Ledger, names: Sequence[str], events: frozenset[str], proving: bool = False
    ) -> None:
        self._ledger, self._chain = ledger, ledger.chain
        self._names = {ledger.deployed(name).address.lower(): name for name in names}
        self._kinds = {name: _kinds(ledger.deployed(name).abi, events) for name in names}
        self._topics = sorted({topic for kinds in self._kinds.values() for topic in kinds})
        self._prover = Prover(self._chain, self._names, self._topics) if proving else None

    def pieces(self, first: int, last: int) -> Iterator[tuple[int, list[Transaction]]]:
        """Pieces of the chain: the last block of each, and what it holds."""
        size = BLOCKS
        if self._prover and 0 < first <= last:
            self._prover.follow(self.block(first - 1))
        while first <= last:
            upto = min(first + size - 1, last)
            try:
                found = self._transactions(raw := self._logs(first, upto))
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise ChainUnreachable(
                    f"the node answers with what cannot be: {error!r}"
                ) from error
            except Web3RPCError:
                if size == 1:
                    raise
                size = max(size // 2, 1)
                continue
            yield upto, found
            first = upto + 1
            size = max(size // 2, 1) if len(raw) > MOST_LOGS else min(size * 2, MOST_BLOCKS)

    def faults(self) -> list[Finding]:
        """What did not prove since this was asked last."""
        if self._prover is None:
            return []
        found, self._prover.faults = self._prover.faults, []
        return found

    def head(self) -> int:
        """The number of the last block."""
        return int(self._chain.rpc("eth_blockNumber"), 16)

    def block(self, number: int) -> Mapping[str, Any]:
        """The header of a canonical block; NotSettled where there is none any more."""
        return self._headers([number])[number]

    def _logs(self, first: int, last: int) -> list[Any]:
        if self._prover:
            return list(self._prover.logs(first, last))
        blocks = {"fromBlock": hex(first), "toBlock": hex(last)}
        query = {"address": [*self._names], "topics": [self._topics], **blocks}
        found: list[Any] = self._chain.rpc("eth_getLogs", query)
        return found

    def _headers(self, numbers: Sequence[int]) -> dict[int, Mapping[str, Any]]:
        asked = ((hex(number), False) for number in numbers)
        found = dict(zip(numbers, self._chain.rpc_many("eth_getBlockByNumber", asked), strict=True))
        if None in found.values():
            raise NotSettled("the chain is shorter than it was", "run the audit again")
        return found

    def _transactions(self, raw: list[Any]) -> list[Transaction]:
        logs = sorted(raw, key=lambda one: (_number(one, "blockNumber"), _number(one, "logIndex")))
        headers = self._headers(sorted({_number(one, "blockNumber") for one in logs}))
        grouped = [
            (name, [*every]) for name, every in groupby(logs, lambda one: one["transactionHash"])
        ]
        events = {name: [self._event(one) for one in every] for name, every in grouped}
        wanted = [n for n, es in events.items() if any(e.name in WITH_CALLDATA for e in es)]
        asked = self._chain.rpc_many("eth_getTransactionByHash", ((name,) for name in wanted))
        sent = dict(zip(wanted, asked, strict=True))
        return [
            _transaction(name, every, events[name], headers, sent.get(name))
            for name, every in grouped
        ]

    def _event(self, raw: Any) -> Event:
        contract = self._names.get(raw["address"].lower(), "")
        index, topics = _number(raw, "logIndex"), raw["topics"]
        kind = self._kinds.get(contract, {}).get(topics[0] if topics else "")
        if kind is None:
            return Event(contract, "unknown", None, index)
        return Event(contract, kind["name"], self._args(kind, raw), index)

    def _args(self, kind: Mapping[str, Any], raw: Any) -> dict[str, Any] | None:
        """What an event holds, by the names of its ABI; None where it holds something else."""
        indexed = [one for one in kind["inputs"] if one["indexed"]]
        others = [one for one in kind["inputs"] if not one["indexed"]]
        try:
            topics = b"".join(bytes.fromhex(topic[2:]) for topic in raw["topics"][1:])
            told = values(indexed, topics) + values(others, bytes.fromhex(raw["data"][2:]))
        except ValueError:
            return None
        return {one["name"]: value for one, value in zip((*indexed, *others), told, strict=True)}


def _number(raw: Any, field: str) -> int:
    return int(raw[field], 16)


def _kinds(
    abi: Sequence[Mapping[str, Any]], events: frozenset[str]
) -> dict[str, Mapping[str, Any]]:
    """The events of an ABI that matter, by their topic."""
    found = {}
    for entry in abi:
        if entry["type"] == "event" and entry["name"] in events:
            types = ",".join(collapse_if_tuple(dict(one)) for one in entry["inputs"])
            found["0x" + keccak(f"{entry['name']}({types})".encode()).hex()] = entry
    return found


def _transaction(
    name: str, logs: Sequence[Any], events: list[Event], headers: Any, sent: Any
) -> Transaction:
    block = _number(logs[0], "blockNumber")
    header = headers[block]
    return Transaction(
        hash=name,
        block=block,
        block_at=_number(header, "timestamp"),
        sender=(sent or {}).get("from") or "",
        to=(sent or {}).get("to") or "",
        calldata=bytes.fromhex((sent or {"input": "0x"})["input"][2:]),
        events=events,
        faults=list(_faults(name, logs, header)),
    )


def _faults(name: str, logs: Sequence[Any], header: Any) -> Iterator[str]:
    """Where logs and the header of their block say different things."""
    if any(one["blockHash"] != header["hash"] for one in logs):
        yield f"its block has the hash {header['hash']}"
    if name not in header["transactions"]:
        yield "its block holds no such transaction"
    if any(_number(one, "blockNumber") != _number(header, "number") for one in logs):
        yield f"it lies in block {_number(header, 'number')}"
