"""A journal goes on with the book that adopted the one it was written for."""

import json

from ledger.deployment import Ledger
from ledger.errors import NotSettled, WrongChain
from ledger.labels import label
from ledger.settlement import SettlementPolicy
from ledger.structs import read
from oracle.journal import Journal
from oracle.oracle import identity


def rebind(ledger: Ledger, journal: Journal, policy: SettlementPolicy) -> list[str]:
    """Bind a journal to the books that stand now; the names of those that are others than before.

    WrongChain unless each adopted the book that the journal was written for; NotSettled while its
    lanes are not final. Lane numbers, next batches and running hashes are adopted, so nothing else
    in the journal changes.
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
    for name in changed:
        _require_adopted(ledger, policy, name, books.get(name, [""])[0])
    if changed:
        journal.rebind("contracts", now["contracts"])
    return changed


def _require_adopted(ledger: Ledger, policy: SettlementPolicy, name: str, before: str) -> None:
    formers = {ledger.deployed(one).address for one in ledger.deployment.formers(name)}
    one = read(ledger, "Adoption", "replacement", label(name))
    ours = one["book"].lower() == ledger.deployed(name).address.lower()
    if before not in formers or not (ours and one["finished"]):
        raise WrongChain(
            f"{name} did not adopt the book at {before or 'none'} that the journal was written for",
            f"finish it first: `waterline deploy adopt {name}`",
        )
    block = ledger.chain.head().number - policy.confirmations
    stands = block >= ledger.deployed(name).block
    count = ledger.contract(name).functions.lane_count()
    if not stands or count.call(block_identifier=block) == 0:
        raise NotSettled(f"the lanes of {name} are not final yet", "ask again in a minute")
