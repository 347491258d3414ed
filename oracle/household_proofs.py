"""A household's own leaf with what proves it: for the resident, who proves a bill from two."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ledger import merkle
from ledger.channels import Channel
from ledger.deployment import Ledger
from ledger.errors import BadRecord, NotFound, NotSettled
from ledger.hashing import keccak
from ledger.labels import label
from ledger.leaves import commitment, household_leaf
from oracle import households
from oracle.documents import first_fault
from oracle.journal import Journal
from oracle.proofs import (
    Hash,
    Number,
    attempt_of,
    batch_tree,
    from_hex,
    holder,
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
