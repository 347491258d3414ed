"""How a witness runs: the loop of an oracle that sends nothing, and the port where it is asked."""

import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from scripts import _oracle
from scripts._shared import Session

if TYPE_CHECKING:
    from oracle.config import Feeds
    from oracle.store import Store


def witnessed(here: Session, wanted: "Feeds", password_file: Path | None) -> "Store":
    """Witness until told to leave; the journal, to report on, no longer written."""
    from ledger.errors import UsageError
    from oracle import feed
    from oracle.journal import Journal
    from oracle.store import Store
    from oracle.witnessing import Observer, Witness, WitnessServer
    from scripts._signing import open_account

    as_whom = wanted.witness
    if as_whom is None:
        raise UsageError(
            "the configuration names no `witness`", "name its account and port: docs/witnesses.md"
        )
    leaving = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leaving.set())
    tell = _oracle.Voice(here)
    signer = open_account(as_whom.account, password_file)
    journal = Journal(_oracle.journal_place(wanted.journal), writing=True)
    try:
        observer = Observer(here.ledger, journal, {}, here.policy, time.time, tell)
        witness = Witness(here.ledger, journal.place, signer, dissents=as_whom.dissents, tell=tell)
        server = WitnessServer(witness, as_whom.host, as_whom.port, as_whom.tls(wanted.folder))
        tell("witness listens", host=as_whom.host, port=server.open(), account=signer.address)

        def beat() -> None:
            witness.dissent(journal, time.monotonic())

        try:
            with _oracle.waiting(observer, wanted, leaving.is_set, tell, beat, None) as wait:
                feed.watch(observer, wanted.inputs, wait, wanted.poll_s, tell)
        finally:
            server.close()
    finally:
        journal.close()
    return Store(journal.place, writing=False)
