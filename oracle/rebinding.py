"""A journal goes on with the book that adopted the one it was written for."""

import json

from eth_utils import to_checksum_address
from web3.exceptions import Web3RPCError

from ledger.deployment import Ledger
from ledger.errors import NotSettled, WaterlineError, WrongChain
from ledger.labels import label
from ledger.settlement import SettlementPolicy
from ledger.structs import read
from ledger.transactions import Sent, broadcast
from oracle.journal import Journal
from oracle.oracle import identity
from oracle.outbox import Outbox

SOON = "ask again in a minute"


def rebind(ledger: Ledger, journal: Journal, policy: SettlementPolicy) -> list[str]:
    """Bind a journal to the books that stand now; the names of those that are others than before.

    WrongChain unless each adopted the book that the journal was written for; NotSettled while that
    is not final, or a lane of theirs has a transaction under way. Lane numbers, next batches and
    running hashes are adopted, so no batch changes; what witnesses signed for an old book and is
    not settled is asked of them anew. Done in one commit: killed before, it is as it was.
    """
    was, now = journal.identity(), identity(ledger)
    books, wanted = json.loads(was["contracts"]), json.loads(now["contracts"])
    for key in ("chain_id", "genesis_hash", "start_block"):
        if was[key] != now[key]:
            raise WrongChain(
                f"the journal was written for {key} {was[key]}, this is {now[key]}",
                "name the journal of this chain with --journal",
            )
    changed = [name for name in wanted if wanted[name] != books.get(name)]
    block = max(ledger.chain.head().number - policy.confirmations, 0)
    for name in changed:
        _require_adopted(ledger, name, books.get(name, [""])[0], block)
        _require_drained(ledger, journal, name, block)
    if changed:
        journal.rebind(now["contracts"], changed)
    return changed


def _require_adopted(ledger: Ledger, name: str, before: str, block: int) -> None:
    formers = {ledger.deployed(one).address for one in ledger.deployment.formers(name)}
    one = read(ledger, "Adoption", "replacement", label(name))
    ours = one["book"].lower() == ledger.deployed(name).address.lower()
    if before not in formers or not (ours and one["finished"]):
        raise WrongChain(
            f"{name} did not adopt the book at {before or 'none'} that the journal was written for",
            f"finish it first: `waterline deploy adopt {name}`",
        )
    closed = ledger.contract("Adoption").functions.closed(to_checksum_address(before))
    stands = block >= ledger.deployed("Adoption").block
    if not (stands and closed.call(block_identifier=block)):
        raise NotSettled(f"the lanes of {name} are not final yet", SOON)


def _require_drained(ledger: Ledger, journal: Journal, name: str, block: int) -> None:
    """NotSettled while a transaction to the old book may still be taken up; it is sent again."""
    rows = journal.db.execute("SELECT lane, account FROM lane WHERE contract = ?", (name,))
    for lane, account in rows.fetchall():
        owner = to_checksum_address(account)
        spent = ledger.chain.w3.eth.get_transaction_count(owner, block_identifier=block)
        outbox = Outbox(journal, name, lane)
        alive = [one for one in outbox.attempts() if one.nonce >= spent]
        for one in alive:
            _sent_again(ledger, Sent(one.hash, account, one.nonce, one.raw))
        if alive:
            first = alive[0]
            raise NotSettled(
                f"{name} lane {lane}: batch {first.batch} is under way to the old book in "
                f"{first.hash}, and not final",
                f"it was handed to the node again; {SOON}",
            )


def _sent_again(ledger: Ledger, sent: Sent) -> None:
    try:
        broadcast(ledger.chain, sent)
    except (Web3RPCError, WaterlineError):
        return  # the node says why at the next start; here it only has to be seen in a block
