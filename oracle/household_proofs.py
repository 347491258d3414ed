"""A household's own leaf with what proves it: for the resident, who proves a bill from two."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ledger import household_telegrams, merkle
from ledger.channels import METER_BOOKS, Channel
from ledger.deployment import Ledger
from ledger.device_keys import domain, keys
from ledger.devices import channel as channel_numbered
from ledger.errors import BadRecord, NotFound, NotSettled, WrongChain
from ledger.grades import GATEWAY
from ledger.hashing import keccak
from ledger.keys import fault_of
from ledger.labels import label
from ledger.leaves import commitment, household_leaf
from ledger.settlement import SettlementPolicy
from oracle import households
from oracle.documents import first_fault
from oracle.journal import Journal
from oracle.proofs import (
    Hash,
    Number,
    attempt_of,
    batch_tree,
    confirmed,
    from_hex,
    holder,
    is_final,
    raw,
    text_of,
    to_hex,
)

FORMAT = 1
REMEDY = "`waterline oracle household-proof` writes one"


@dataclass(frozen=True)
class HouseholdProof:
    """A household's day, bound to a block; hashes as 0x text, registers and volumes in litres.

    `household` is the hash of its number; with `salt` it opens the commitment in the leaf, so
    whoever is given this file knows whose leaf it is.
    """

    chain_id: Number
    genesis_hash: Hash
    contract: str
    lane: Number
    batch: Number
    root: Hash
    words_hash: Hash
    channel: Number
    community: str
    household: Hash
    salt: Hash
    ends_at: Number
    register_l: Number
    volume_l: Number
    grade: Number
    telegram: str
    leaf: Hash
    siblings: list[Hash]
    transaction: Hash
    block: Number
    block_hash: Hash

    def as_json(self) -> dict[str, Any]:
        """The proof as it is exported."""
        return {"format": FORMAT, **asdict(self)}

    def as_argument(self, ledger: Ledger) -> tuple[Any, ...]:
        """The proof as Tariff takes it, with the book that holds its batch now."""
        held_by = holder(ledger, asdict(self))
        return (
            *(label(held_by), self.lane, self.batch),
            *(from_hex(self.root), from_hex(self.words_hash)),
            *(self.channel, from_hex(self.household), from_hex(self.salt)),
            *(self.ends_at, self.register_l, self.volume_l, self.grade),
            *(keccak(raw(self.telegram)), [from_hex(one) for one in self.siblings]),
        )


def prove(
    ledger: Ledger, journal: Journal, channel: Channel, ends_at: int, number: str
) -> HouseholdProof:
    """The proof of a settled day; NotFound or NotSettled say how far it has come."""
    home, row = households.home(journal, channel.id, ends_at, number)
    if row["batch"] is None:
        raise NotSettled(
            "the day is received, and waits for a batch with its community's reading",
            "ask again when the community's meter was read",
        )
    attempt = attempt_of(journal, row)
    nodes, words_hash = batch_tree(journal, row["contract"], row["lane"], row["batch"])
    leaf = home.leaf
    return HouseholdProof(
        chain_id=ledger.deployment.chain_id,
        genesis_hash=ledger.deployment.genesis_hash,
        contract=row["contract"],
        lane=row["lane"],
        batch=row["batch"],
        root=to_hex(nodes[0]),
        words_hash=to_hex(words_hash),
        channel=channel.id,
        community=channel.device,
        household=to_hex(home.household),
        salt=to_hex(home.salt),
        ends_at=ends_at,
        register_l=home.register_l,
        volume_l=home.volume_l,
        grade=home.grade,
        telegram=text_of(home.telegram),
        leaf=to_hex(leaf),
        siblings=[to_hex(one) for one in merkle.proof(nodes, leaf)],
        transaction=attempt["hash"],
        block=attempt["block"],
        block_hash=attempt["block_hash"],
    )


def load(path: Path) -> HouseholdProof:
    """An exported proof; BadRecord when the file is none, or does not hold together."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told.pop("format") != FORMAT:
            raise BadRecord(f"{path} has another format", "export it again")
        adapter = TypeAdapter(HouseholdProof)
        found = adapter.validate_json(json.dumps(told), strict=True, extra="forbid")
    except FileNotFoundError as error:
        raise NotFound(f"no file at {path}", "check the name") from error
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        fault = first_fault(error) if isinstance(error, ValidationError) else error
        raise BadRecord(f"{path} is no proof of a household: {fault}", REMEDY) from error
    for name, held in check_offline(found).items():
        if not held:
            raise BadRecord(f"{path}: it does not hold that {name}", REMEDY)
    return found


def check_offline(proof: HouseholdProof) -> dict[str, bool]:
    """What the proof shows by itself."""
    own = household_leaf(
        proof.channel,
        commitment(from_hex(proof.household), from_hex(proof.salt)),
        proof.ends_at,
        proof.register_l,
        proof.volume_l,
        proof.grade,
        keccak(raw(proof.telegram)),
    )
    siblings = [from_hex(one) for one in proof.siblings]
    return {
        "row, salt and register give the leaf": own == from_hex(proof.leaf),
        "the leaf is under the root": merkle.climb(own, siblings) == from_hex(proof.root),
    }


def check(ledger: Ledger, proof: HouseholdProof, policy: SettlementPolicy) -> dict[str, bool]:
    """The proof by itself and against the chain: checks by name, each with its outcome."""
    if proof.genesis_hash.lower() != ledger.chain.genesis_hash.lower():
        raise WrongChain(
            f"the proof is of chain {proof.chain_id}, this is {ledger.chain.chain_id}",
            "connect to the chain of the proof with --network",
        )
    found = check_offline(proof)
    found["the channel is its community's"] = (
        channel_numbered(ledger, proof.channel).device == proof.community
    )
    found["the contract confirms it"] = _confirmed(ledger, proof)
    if proof.grade <= GATEWAY:
        found["a key of its community's device signed the telegram"] = _signed(ledger, proof)
    about = (proof.transaction, proof.block_hash, policy)
    found["its block is final"] = is_final(ledger.chain, *about)
    return found


def _confirmed(ledger: Ledger, proof: HouseholdProof) -> bool:
    batch = (proof.lane, proof.batch, from_hex(proof.root), from_hex(proof.words_hash))
    siblings = [from_hex(one) for one in proof.siblings]
    if proof.contract not in METER_BOOKS:
        return False
    books = (proof.contract, *ledger.deployment.formers(proof.contract))
    leaf = from_hex(proof.leaf)
    return any(confirmed(ledger, book, batch, leaf, siblings) for book in books)


def _signed(ledger: Ledger, proof: HouseholdProof) -> bool:
    """Whether the telegram is the household's part of what a key of its community has signed."""
    one = household_telegrams.part(raw(proof.telegram))
    if one is None or not one.is_under_root:
        return False
    about, home = one.telegram, one.household
    if fault_of(about, one.key, one.signature, keys(ledger), domain(ledger)):
        return False
    said = (about.channel, about.ends, home.registers[-1], keccak(home.household.encode()))
    told = (proof.channel, proof.ends_at, proof.register_l, from_hex(proof.household))
    of_device = channel_numbered(ledger, proof.channel).device_id == about.device
    return of_device and said == told and proof.grade == GATEWAY
