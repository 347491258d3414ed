"""What the contracts have logged, decoded, in the order of the chain."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from web3.contract import Contract
from web3.exceptions import Web3RPCError
from web3.types import LogReceipt

from ledger.deployment import Ledger
from ledger.errors import NotFound

# a node answers at most about 10,000 logs, so a range is halved until its answer fits
BLOCKS_A_QUERY = 20_000


@dataclass(frozen=True, slots=True)
class Event:
    """One logged event; byte strings stay bytes, moments are Unix seconds."""

    name: str
    contract: str
    args: Mapping[str, Any]
    block: int
    block_hash: str
    block_time: int
    transaction: str
    log_index: int


def logs(
    ledger: Ledger,
    contract: str,
    event: str | None = None,
    from_block: int | None = None,
    to_block: int | None = None,
    filters: Mapping[str, Any] | None = None,
) -> list[Event]:
    """Events of a contract: all, or those named `event` whose arguments equal `filters`.

    Of a contract that has replaced others theirs too, each under the name it was replaced by.
    """
    by_topic = _events_of(ledger.contract(contract))
    if event is not None and event not in {entry.event_name for entry in by_topic.values()}:
        raise NotFound(f"{contract} has no event {event!r}", f"it logs: {_names(by_topic)}")
    first = ledger.deployment.start_block if from_block is None else from_block
    last = ledger.chain.head().number if to_block is None else to_block
    found = []
    for name in (*ledger.deployment.formers(contract), contract):
        found += _logs_of(ledger, name, event, (first, last), filters)
    return sorted(found, key=lambda one: (one.block, one.log_index))


def _logs_of(
    ledger: Ledger,
    contract: str,
    event: str | None,
    blocks: tuple[int, int],
    filters: Mapping[str, Any] | None,
) -> list[Event]:
    """The same of one address."""
    bound = ledger.contract(contract)
    by_topic = _events_of(bound)
    topics = [topic for topic, entry in by_topic.items() if event in (None, entry.event_name)]
    if not topics:  # an older one that did not log this yet
        return []
    times: dict[str, int] = {}
    found = []
    for raw in _raw_logs(ledger, bound.address, [topics], *blocks):
        decoded = by_topic[raw["topics"][0].to_0x_hex()]().process_log(raw)
        if _matches(decoded["args"], filters):
            found.append(_event(ledger, contract, decoded, times))
    return found


def decode_receipt(ledger: Ledger, receipt: Mapping[str, Any]) -> list[Event]:
    """The events of our contracts in a receipt; those of others are left out."""
    times: dict[str, int] = {}
    found = []
    for raw in receipt["logs"]:
        name = ledger.name_of(raw["address"])
        if name is None:
            continue
        kind = _events_of(ledger.contract(name)).get(raw["topics"][0].to_0x_hex())
        if kind is not None:
            found.append(_event(ledger, name, kind().process_log(raw), times))
    return found


def _events_of(bound: Contract) -> dict[str, Any]:
    return {kind().topic: kind for kind in cast(Any, bound.events)}


def _names(by_topic: Mapping[str, Any]) -> str:
    return ", ".join(sorted(entry.event_name for entry in by_topic.values()))


def _matches(args: Mapping[str, Any], filters: Mapping[str, Any] | None) -> bool:
    return all(name in args and args[name] == wanted for name, wanted in (filters or {}).items())


def _raw_logs(
    ledger: Ledger, address: str, topics: list[list[str]], first: int, last: int
) -> Iterator[LogReceipt]:
    """Logs of a range of blocks, asked for in pieces that the node can answer."""
    while first <= last:
        size = min(BLOCKS_A_QUERY, last - first + 1)
        while True:
            query = {"address": address, "topics": topics, "fromBlock": first}
            try:
                yield from ledger.chain.w3.eth.get_logs(
                    cast(Any, query | {"toBlock": first + size - 1})
                )
                break
            except Web3RPCError:
                if size == 1:
                    raise
                size //= 2
        first += size


def _event(ledger: Ledger, contract: str, decoded: Any, times: dict[str, int]) -> Event:
    block_hash = decoded["blockHash"].to_0x_hex()
    if block_hash not in times:
        times[block_hash] = int(ledger.chain.block(block_hash)["timestamp"])
    return Event(
        name=decoded["event"],
        contract=contract,
        args=dict(decoded["args"]),
        block=int(decoded["blockNumber"]),
        block_hash=block_hash,
        block_time=times[block_hash],
        transaction=decoded["transactionHash"].to_0x_hex(),
        log_index=int(decoded["logIndex"]),
    )


def sent_in(ledger: Ledger, event: Event) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The transaction that an event came of, and the arguments in its calldata by their names."""
    sent = ledger.chain.w3.eth.get_transaction(event.transaction)  # type: ignore[arg-type]
    _, given = ledger.contract(event.contract).decode_function_input(sent["input"])
    return sent, given
