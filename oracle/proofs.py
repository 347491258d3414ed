"""A reading followed from its row to the block that holds it, and checked at each step."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError
from web3.exceptions import ContractLogicError, TransactionNotFound, Web3RPCError

from ledger import merkle
from ledger.batches import Group, groups, refusals, values
from ledger.chain import Chain
from ledger.channels import Channel
from ledger.deployment import Ledger
from ledger.device_keys import domain, keys
from ledger.devices import channel as enrolled
from ledger.devices import modulus_of
from ledger.errors import BadRecord, NotFound, NotSettled, WrongChain
from ledger.events import decode_receipt
from ledger.grades import GATEWAY
from ledger.hashing import keccak
from ledger.keys import fault
from ledger.leaves import leaf
from ledger.settlement import SettlementPolicy, receipt_of, settled
from ledger.structs import read
from ledger.telegrams import parse
from oracle import households
from oracle import settled as settled_files
from oracle.documents import first_fault
from oracle.journal import Journal

FORMAT = 1
NO_TEXT = "hex:"

Hash = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{64}$")]
Number = Annotated[int, Field(ge=0, lt=2**64)]


@dataclass(frozen=True)
class Proof:
    """Everything that binds one reading to a block; hashes and addresses as 0x text.

    `value` is a register in litres or a stored word; `telegram` the row as it came, `header` its
    file's header line; `redated_s` by how much the row's own moment was moved.
    """

    chain_id: Number
    genesis_hash: Hash
    contract: str
    address: str
    lane: Number
    batch: Number
    channel: Number
    device: str
    parameter: str
    at: Number
    value: Number
    kind: Number
    grade: Number
    mark: Number
    source: str
    row: Number
    header: str
    telegram: str
    redated_s: int
    leaf: Hash
    siblings: list[Hash]
    root: Hash
    words_hash: Hash
    digest: Hash
    transaction: Hash
    block: Number
    block_hash: Hash

    def as_json(self) -> dict[str, Any]:
        """The proof as it is exported."""
        return {"format": FORMAT, **asdict(self)}


def load(path: Path) -> Proof:
    """An exported proof; BadRecord when the file is none."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told.pop("format") != FORMAT:
            raise BadRecord(f"{path} has another format", "export it again")
        # strict Python would take nothing but a Proof; strict JSON takes what stands for one
        return TypeAdapter(Proof).validate_json(json.dumps(told), strict=True, extra="forbid")
    except FileNotFoundError as error:
        raise NotFound(f"no file at {path}", "check the name") from error
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        fault = first_fault(error) if isinstance(error, ValidationError) else error
        raise BadRecord(
            f"{path} is no exported proof: {fault}", "`waterline verify reading --output FILE`"
        ) from error


def _utc(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def prove(ledger: Ledger, journal: Journal, channel: Channel, at: int) -> Proof:
    """The proof of a settled reading; NotFound or NotSettled say how far it has come."""
    away = settled_files.find(journal, channel.id, at)
    if away is not None:
        return _put_away(ledger, journal, channel, away)
    found = journal.reading(channel.id, at)
    if found is None:
        raise NotFound(
            f"no reading of {channel.device} {channel.parameter} at {at} ({_utc(at)})",
            "name its moment to the second, as `waterline quality series` or `oracle compare` "
            "shows it; a held one is in `oracle quarantine list`",
        )
    kept, place = found
    part = _part(journal, channel.id, kept.first + place)
    attempt = attempt_of(journal, part)
    root, leaf_, siblings, words_hash = _climbed(journal, part, kept, place)
    segment, row = journal.segment(kept.segment), int(kept.block.row[place])
    return Proof(
        chain_id=ledger.deployment.chain_id,
        genesis_hash=ledger.deployment.genesis_hash,
        contract=part["contract"],
        address=ledger.deployed(holder(ledger, part)).address,
        lane=part["lane"],
        batch=part["batch"],
        channel=channel.id,
        device=channel.device,
        parameter=channel.parameter,
        at=at,
        value=int(kept.block.value[place]),
        kind=kept.kind,
        grade=kept.grade,
        mark=int(kept.block.mark[place]),
        source=segment.source,
        row=row,
        header=segment.header,
        telegram=text_of(segment.telegrams[row - segment.first_row]),
        redated_s=journal.shift_of(kept.segment),
        leaf=to_hex(leaf_),
        siblings=[to_hex(one) for one in siblings],
        root=to_hex(root),
        words_hash=to_hex(words_hash),
        digest=to_hex(keccak(root + words_hash)),
        transaction=attempt["hash"],
        block=attempt["block"],
        block_hash=attempt["block_hash"],
    )


def _put_away(ledger: Ledger, journal: Journal, channel: Channel, found: dict[str, Any]) -> Proof:
    """The proof of a reading whose batch is in a file of settled ones."""
    if found["refused"]:
        raise _refused()
    if not found["transaction"]:
        raise _unknown()
    nodes, _ = batch_tree(journal, found["contract"], found["lane"], found["batch"])
    segment = journal.segment(found["segment"])
    same = ("contract", "lane", "batch", "channel", "at", "value", "kind", "grade", "mark", "row")
    return Proof(
        **{name: found[name] for name in (*same, "source", "transaction", "block", "block_hash")},
        chain_id=ledger.deployment.chain_id,
        genesis_hash=ledger.deployment.genesis_hash,
        address=ledger.deployed(holder(ledger, found)).address,
        device=channel.device,
        parameter=channel.parameter,
        header=segment.header,
        telegram=text_of(segment.telegrams[found["row"] - segment.first_row]),
        redated_s=found["shift_s"],
        leaf=to_hex(found["leaf"]),
        siblings=[to_hex(one) for one in merkle.proof(nodes, found["leaf"])],
        root=to_hex(found["root"]),
        words_hash=to_hex(found["words_hash"]),
        digest=to_hex(keccak(found["root"] + found["words_hash"])),
    )


def _refused() -> NotFound:
    return NotFound(
        "the contract refused the reading's group", "`waterline oracle quarantine list` says why"
    )


def _unknown() -> NotSettled:
    return NotSettled("the reading is sent, and not final yet", "ask again in a minute")


def holder(ledger: Ledger, part: Any) -> str:
    """The name of the contract that keeps a batch's digest: for early ones, one replaced since.

    `part` names contract, lane and batch.
    """
    for former in ledger.deployment.formers(part["contract"]):
        if part["batch"] < read(ledger, former, "lane", part["lane"])["next_id"]:
            return former
    return str(part["contract"])


def _part(journal: Journal, channel: int, number: int) -> Any:
    """The part of a batch that carries a channel's reading."""
    part = journal.db.execute(
        "SELECT * FROM part WHERE channel = ? AND first <= ? ORDER BY first DESC LIMIT 1",
        (channel, number),
    ).fetchone()
    if part is None or number >= part["first"] + part["count"]:
        raise NotSettled("the reading is received, and waits for a batch", "ask again in a minute")
    if number >= part["first"] + part["count"] - part["refused"]:
        raise _refused()
    return part


def attempt_of(journal: Journal, part: Any) -> Any:
    """The settled attempt of a part's batch, also of one put away; NotSettled while none is."""
    readings = settled_files.batch(journal, part["contract"], part["lane"], part["batch"])
    if readings is not None:
        away = readings[0]
        if not away["transaction"]:
            raise _unknown()
        return {"hash": away["transaction"], **away}
    attempt = journal.db.execute(
        "SELECT hash, block, block_hash FROM attempt WHERE contract = ? AND lane = ? AND batch = ?"
        " AND state = 'settled'",
        (part["contract"], part["lane"], part["batch"]),
    ).fetchone()
    if attempt is None:
        raise _unknown()
    return attempt


def batch_tree(
    journal: Journal, contract: str, lane: int, number: int
) -> tuple[list[bytes], bytes]:
    """The tree of a batch built again from the journal and the archive, and its words' hash."""
    key = (contract, lane, number)
    readings = settled_files.batch(journal, *key)
    if readings is None:
        leaves, root, words_hash = _in_journal(journal, key)
    else:
        leaves = [bytes(one["leaf"]) for one in readings]
        root, words_hash = bytes(readings[0]["root"]), bytes(readings[0]["words_hash"])
    nodes = merkle.tree(leaves + households.leaves_of(journal, key))
    if nodes[0] != root:
        raise BadRecord(
            f"batch {number}: archive and journal do not give its root",
            "restore the journal's folder from a copy",
        )
    return nodes, words_hash


def _in_journal(journal: Journal, key: tuple[str, int, int]) -> tuple[list[bytes], bytes, bytes]:
    """The leaves of a batch's readings, its root and its words' hash."""
    every = journal.db.execute(
        "SELECT * FROM part WHERE contract = ? AND lane = ? AND batch = ? ORDER BY channel", key
    ).fetchall()
    leaves = [
        one for row in every for one in journal.leaves(row["channel"], row["first"], row["count"])
    ]
    batch = journal.db.execute(
        "SELECT root, words FROM batch WHERE contract = ? AND lane = ? AND id = ?", key
    ).fetchone()
    return leaves, bytes(batch["root"]), keccak(bytes(batch["words"]))


def _climbed(
    journal: Journal, part: Any, kept: Any, place: int
) -> tuple[bytes, bytes, list[bytes], bytes]:
    """The batch's tree, and the way up from one leaf."""
    nodes, words_hash = batch_tree(journal, part["contract"], part["lane"], part["batch"])
    block = kept.block
    telegram = journal.telegram(kept.segment, int(block.row[place]))
    own = leaf(
        block.channel,
        int(block.at[place]),
        int(block.value[place]),
        kept.kind,
        kept.grade,
        int(block.mark[place]),
        keccak(telegram),
    )
    return nodes[0], own, merkle.proof(nodes, own), words_hash


def check_offline(proof: Proof) -> dict[str, bool]:
    """What the proof shows by itself: the row's hash is in the leaf, the leaf under the root."""
    numbers = (proof.channel, proof.at, proof.value, proof.kind, proof.grade, proof.mark)
    own = leaf(*numbers, keccak(raw(proof.telegram)))
    root, words_hash = from_hex(proof.root), from_hex(proof.words_hash)
    siblings = [from_hex(one) for one in proof.siblings]
    return {
        "row and value give the leaf": own == from_hex(proof.leaf),
        "the leaf is under the root": merkle.climb(own, siblings) == root,
        "root and words give the digest": keccak(root + words_hash) == from_hex(proof.digest),
    }


def check(ledger: Ledger, proof: Proof, policy: SettlementPolicy) -> dict[str, bool]:
    """The proof by itself and against the chain: checks by name, each with its outcome."""
    if proof.genesis_hash.lower() != ledger.chain.genesis_hash.lower():
        raise WrongChain(
            f"the proof is of chain {proof.chain_id}, this is {ledger.chain.chain_id}",
            "connect to the chain of the proof with --network",
        )
    chain, found = ledger.chain, check_offline(proof)
    about = enrolled(ledger, proof.channel)
    named = (about.device, about.parameter, about.contract)
    found["the channel is enrolled so"] = named == (proof.device, proof.parameter, proof.contract)
    found["the contract confirms it"] = _proved(ledger, proof)
    holding = _in_calldata(ledger, proof)
    found["its calldata holds the reading"] = bool(holding)
    found["the contract took its group"] = _taken(ledger, proof, holding)
    if proof.grade <= GATEWAY:
        found["a key of its device signed the telegram"] = _signed(ledger, proof)
    found["its block is final"] = is_final(chain, proof.transaction, proof.block_hash, policy)
    return found


def is_final(chain: Chain, transaction: str, block_hash: str, policy: SettlementPolicy) -> bool:
    """Whether a transaction is in that block, and the block is final."""
    receipt = receipt_of(chain, transaction)
    if receipt is None or receipt["blockHash"].to_0x_hex() != block_hash:
        return False
    return settled(chain, receipt, policy)


def _proved(ledger: Ledger, proof: Proof) -> bool:
    """What the contract says of the leaf, from the batch's digest that it keeps."""
    held_by = ledger.name_of(proof.address)
    books = (proof.contract, *ledger.deployment.formers(proof.contract))
    if held_by is None or held_by not in books:
        return False
    batch = (proof.lane, proof.batch, from_hex(proof.root), from_hex(proof.words_hash))
    siblings = [from_hex(one) for one in proof.siblings]
    return confirmed(ledger, held_by, batch, from_hex(proof.leaf), siblings)


def confirmed(
    ledger: Ledger,
    book: str,
    batch: tuple[int, int, bytes, bytes],
    leaf: bytes,
    siblings: Sequence[bytes],
) -> bool:
    """Whether a book confirms a leaf of a batch: its lane, number, root and words' hash."""
    functions = ledger.contract(book).functions
    try:
        return bool(functions.prove(*batch, leaf, siblings).call())
    except (ContractLogicError, Web3RPCError):
        return False


def _in_calldata(ledger: Ledger, proof: Proof) -> list[Group]:
    """The groups that hold the value at the moment, where the transaction is the batch."""
    try:
        sent = ledger.chain.w3.eth.get_transaction(proof.transaction)  # type: ignore[arg-type]
        _, given = ledger.contract(proof.contract).decode_function_input(sent["input"])
    except (TransactionNotFound, ValueError):
        return []
    batch = (given["lane"], given["batch_id"], bytes(given["root"]), keccak(bytes(given["words"])))
    if batch != (proof.lane, proof.batch, from_hex(proof.root), from_hex(proof.words_hash)):
        return []
    every = groups(proof.contract, bytes(given["words"]))
    return [one for one in every if one.channel == proof.channel and _holds(ledger, one, proof)]


def _taken(ledger: Ledger, proof: Proof, holding: Sequence[Group]) -> bool:
    """Whether the contract took one of the groups: a relay may send what is refused."""
    receipt = receipt_of(ledger.chain, proof.transaction)
    refused = refusals(decode_receipt(ledger, receipt)) if receipt else {}
    ends = [(proof.lane, proof.batch, one.end_word) for one in holding]
    return receipt is not None and any(end not in refused for end in ends)


def _holds(ledger: Ledger, group: Group, proof: Proof) -> bool:
    return (proof.at, proof.value) in values(group, modulus_of(ledger))


def _signed(ledger: Ledger, proof: Proof) -> bool:
    """Whether the telegram holds the reading, and a key of its grade has signed it."""
    try:
        signed = parse(raw(proof.telegram))
    except BadRecord:
        return False
    held = keys(ledger)
    if signed is None or fault(signed, held, domain(ledger)):
        return False
    reading = (proof.channel, proof.at, proof.value, proof.mark)
    said = [(one.channel, one.at, one.value, one.mark) for one in signed.telegram.readings]
    of_device = enrolled(ledger, proof.channel).device_id == signed.telegram.device
    return of_device and reading in said and held[signed.key].grade == proof.grade


def text_of(telegram: bytes) -> str:
    """A telegram as a proof holds it: its text, or in hexadecimal what is none, like CBOR."""
    try:
        return telegram.decode("utf-8")
    except UnicodeDecodeError:
        return NO_TEXT + telegram.hex()


def raw(telegram: str) -> bytes:
    """The bytes of a telegram as a proof holds it."""
    if telegram.startswith(NO_TEXT):
        with suppress(ValueError):
            return bytes.fromhex(telegram.removeprefix(NO_TEXT))
    return telegram.encode()


def to_hex(data: bytes) -> str:
    """Bytes as exported proofs write them."""
    return "0x" + bytes(data).hex()


def from_hex(text: str) -> bytes:
    """Bytes as exported proofs write them, read back."""
    return bytes.fromhex(text.removeprefix("0x"))
