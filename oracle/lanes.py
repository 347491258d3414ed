"""What the oracle must know of the chain: its channels, its lanes, where each of them stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ledger.calendars import instants
from ledger.channels import METER, METER_BOOKS, Channel
from ledger.deployment import Ledger
from ledger.device_keys import change_count, domain, keys
from ledger.devices import channels as every_channel
from ledger.errors import NotFound
from ledger.estimates import standing_estimate
from ledger.structs import read, read_all, read_many
from oracle.readings import Ints
from oracle.signed import Keys

BLOCK_SHARE = (9, 10)  # of a block's gas, for one batch
DAY, MONTH = 1, 2  # calendars of Standards: gauges are ruled by the day, meters look at the month


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane as opened: whose it is, and which relay group it reaches."""

    contract: str
    number: int
    owner: str
    relay_group: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a lane stands in one block."""

    next_id: int
    running: bytes
    halted: bool


def keys_of(ledger: Ledger) -> Keys:
    """The keys that sign telegrams, as they are now."""
    changes = change_count(ledger)
    return Keys(changes, domain(ledger), keys(ledger))


def channels(ledger: Ledger) -> dict[tuple[str, str], Channel]:
    """Every channel by its device and parameter."""
    return {(one.device, one.parameter): one for one in every_channel(ledger)}


def lane_of(ledger: Ledger, contract: str, relay_group: int, owners: Iterable[str]) -> Lane:
    """The lane of a relay group whose account is one of ours; NotFound says what is missing."""
    ours, others = {owner.lower() for owner in owners}, []
    for number in range(1, int(read(ledger, contract, "lane_count")) + 1):
        raw = read(ledger, contract, "lane", number)
        if raw["relay_group"] == relay_group:
            if raw["owner"].lower() in ours:
                return Lane(contract, number, raw["owner"], relay_group)
            others.append(raw["owner"])
    if others:
        raise NotFound(
            f"the lane of {contract}, relay group {relay_group}, belongs to {', '.join(others)}",
            "its keystore is not among the accounts here: `waterline account list`",
        )
    raise NotFound(
        f"{contract} has no lane for relay group {relay_group}",
        f"open one: `waterline lane open {contract} --relay ALIAS --group {relay_group}`",
    )


def standing(ledger: Ledger, lane: Lane, block_hash: str, block: int) -> Standing:
    """Where a lane stands in a block; nothing before its contract was deployed."""
    if block < ledger.deployed(lane.contract).block:
        return Standing(0, b"\0" * 32, False)
    asked = [(lane.contract, name, (lane.number,)) for name in ("lane", "running")]
    there, running = read_all(ledger, asked, block_hash)
    return Standing(int(there["next_id"]), bytes(running), bool(there["halted"]))


def positions(ledger: Ledger, wanted: Sequence[Channel]) -> list[tuple[int, int]]:
    """The moment and, for a meter, the register at which each channel stands on chain."""
    found: dict[int, tuple[int, int]] = {}
    for contract in {one.contract for one in wanted}:
        of_it = [one for one in wanted if one.contract == contract]
        view = "meter" if of_it[0].kind == METER else "gauge"  # a contract takes one of them
        answers = read_many(ledger, contract, view, [(one.id,) for one in of_it])
        for one, raw in zip(of_it, answers, strict=True):
            found[one.id] = int(raw["last_at"]), int(raw.get("register_l", 0))
    return [found[one.id] for one in wanted]


def most_gas(ledger: Ledger) -> int:
    """The gas that one batch may ask for."""
    part, whole = BLOCK_SHARE
    return int(ledger.chain.block("latest")["gasLimit"]) * part // whole


def turns(ledger: Ledger) -> dict[int, Ints]:
    """The instants after which a new period begins, for meters and gauges."""
    by_kind = {METER: MONTH}
    return {
        kind: np.array(instants(ledger, by_kind.get(kind, DAY)), dtype=np.int64) for kind in (1, 2)
    }


def meter_books(ledger: Ledger) -> list[str]:
    """The books of meters that are deployed."""
    return [name for name in METER_BOOKS if name in ledger.deployment.contracts]


def measured(ledger: Ledger, wanted: Sequence[Channel]) -> dict[int, int]:
    """The register last measured of each meter that stands on estimates."""
    meters = [one for one in wanted if one.kind == METER]
    found = {}
    for contract in {one.contract for one in meters}:
        of_it = [one for one in meters if one.contract == contract]
        counts = read_many(ledger, contract, "count_of", [(one.id,) for one in of_it])
        for one, count in zip(of_it, counts, strict=True):
            standing_on = standing_estimate(ledger, one) if count["estimated_l"] else None
            if standing_on is not None:
                found[one.id] = standing_on.measured_l
    return found
