"""A witness: an oracle with sources of its own that sends no batch and signs other oracles'.

It answers the owner of a lane alone, with a signature where every reading is as in its own
journal, else with what differs. What differs may go on chain as its dissent, once a batch.
"""

import json
import ssl
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from eth_utils import keccak
from web3.exceptions import Web3Exception

from ledger.channels import BOOKS
from ledger.deployment import Ledger
from ledger.devices import modulus_of
from ledger.errors import UsageError, WaterlineError
from ledger.keystores import Signer
from ledger.structs import read
from ledger.transactions import send
from ledger.witnesses import message_for, signer_of
from oracle import cosigned_homes, cosigning, lanes
from oracle.approvals import Moves
from oracle.cosigners import cut
from oracle.journal import Journal
from oracle.oracle import Oracle
from oracle.places import Place
from oracle.relay import Tell

READ_S = 10.0  # for the whole of a request, however it trickles
MOST_AT_ONCE, MOST_OF_ONE = 16, 8  # connections; those of one machine
MOST_A_SECOND = 20  # requests, of one machine
MOST_MACHINES = 1_000  # that are remembered
MOST_DISCARDED = 4 * cosigning.MOST_BYTES  # of a request that is too long
CHUNK = 2**16
AHEAD = 64  # batches that a lane may hold ready; about others nobody needs to be asked
AGAIN_S = 15.0  # after a dissent was sent, until it is looked for and sent again
Answer = tuple[int, dict[str, Any]]


class Observer(Oracle):
    """An oracle that takes in and sends nothing: its lanes belong to others."""

    def __init__(self, *about: Any, **more: Any) -> None:
        """As an oracle is made; it follows what the chain moves, which no station tells it."""
        super().__init__(*about, **more)
        self._moves = Moves(self.ledger, self.journal, self.policy.confirmations)

    def pump(self, *, flush: bool) -> None:
        """Follow the chain; nothing is sent."""
        self._moves.look(self.ledger.chain.head(), lanes.meter_books(self.ledger))
        super().pump(flush=flush)

    def reach(self, contract: str, relay_group: int) -> None:
        """Whatever a channel's lane is: no key of it is needed here."""


class Witness:
    """Who signs, and for which chain; every answer opens the journal anew."""

    def __init__(
        self, ledger: Ledger, journal: Place, signer: Signer, *, dissents: bool, tell: Tell
    ) -> None:
        self.ledger, self.journal, self.signer = ledger, journal, signer
        self._dissents, self._tell = dissents, tell
        self._one = threading.Lock()
        self._lately: dict[str, deque[float]] = {}  # by machine, the longest silent first
        self._sent_at: dict[tuple[str, int, int], float] = {}  # book, lane, batch

    def answer(self, raw: bytes, now: float, machine: str = "") -> Answer:
        """The answer to a request; one at a time, and so many a second of one machine."""
        with self._one:
            lately = self._lately.pop(machine, None) or deque(maxlen=MOST_A_SECOND)
            self._lately[machine] = lately
            while len(self._lately) > MOST_MACHINES:
                del self._lately[next(iter(self._lately))]
            if len(lately) == MOST_A_SECOND and now - lately[0] < 1:
                return 429, {"error": f"at most {MOST_A_SECOND} requests a second"}
            lately.append(now)
            try:
                return self._answered(raw)
            except (WaterlineError, Web3Exception) as error:
                return 400, {"error": str(error)}

    def _answered(self, raw: bytes) -> Answer:
        request = cosigning.parse(raw, BOOKS)
        words_hash = cosigning.words_hash(request.words)
        signed = message_for(self.ledger, *request.about, request.root, words_hash)
        lane = read(self.ledger, request.contract, "lane", request.lane)
        if signer_of(signed, request.signature) != str(lane["owner"]).lower():
            return 403, {"error": "the request is not signed by the owner of the lane"}
        next_id = int(lane["next_id"])
        if not next_id <= request.batch_id < next_id + AHEAD:
            return 400, {"error": f"batch {request.batch_id} is not near the next one, {next_id}"}
        said = request.readings(modulus_of(self.ledger))
        cosigning.rooted(request, said)
        with closing(Journal(self.journal, writing=False)) as journal:
            homes = cosigned_homes.compare(journal, request.homes, request.root)
            found = cosigning.compare(journal, said, homes)
            if found.differs:
                self._note(journal, request.about, found)
        if found.differs:
            return 200, {"differs": found.differs[: cosigning.MOST_TOLD]}
        if found.waits:
            return 200, {"waits": found.waits}
        return 200, {"signature": "0x" + self.signer.sign_message(signed).hex()}

    def _note(self, journal: Journal, about: tuple[str, int, int], found: cosigning.Found) -> None:
        """Write down what differs, once a batch: its first form is what goes on chain."""
        with journal.commit() as db:
            new = db.execute(
                "INSERT INTO dissent (contract, lane, batch, root, reason, at)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (*about, found.root, found.reason, int(time.time())),
            ).rowcount
        if new:
            contract, lane, batch = about
            what = {"lane": f"{contract} lane {lane}", "batch": batch}
            self._tell("batch differs", **what, first=found.differs[0], count=len(found.differs))

    def dissent(self, journal: Journal, now: float) -> None:
        """Send what differs to the chain, and note what is there; in the oracle's own thread."""
        due = journal.db.execute(
            "SELECT contract, lane, batch, root, reason FROM dissent WHERE state = 'due'"
        )
        for contract, lane, batch, root, reason in due.fetchall() if self._dissents else ():
            about = (contract, lane, batch)
            what = {"lane": f"{contract} lane {lane}", "batch": batch}
            try:
                with self._one:  # one thread at a time speaks to the chain
                    there = self._put(*about, bytes(root), reason, now)
            except (WaterlineError, Web3Exception) as error:
                self._tell("dissent is not taken", **what, why=str(error))
                continue
            if there:
                with journal.commit() as db:
                    db.execute(
                        "UPDATE dissent SET state = 'sent'"
                        " WHERE contract = ? AND lane = ? AND batch = ?",
                        about,
                    )
                self._tell("dissent is on record", **what)

    def _put(
        self, contract: str, lane: int, batch: int, root: bytes, reason: str, now: float
    ) -> bool:
        """Whether a dissent is on the chain; one that is not is sent, and after a while again."""
        about = (self.ledger.deployed(contract).address, lane, batch)
        if int(read(self.ledger, "Witnesses", "dissent_of", *about, self.signer.address)):
            return True
        if now - self._sent_at.get(about, now - AGAIN_S) >= AGAIN_S:
            self._sent_at[about] = now
            functions = self.ledger.contract("Witnesses").functions
            call = functions.dissent_from(*about, root, keccak(text=reason))
            send(self.ledger.chain, self.signer, call)
        return False


class WitnessServer:
    """The port where a relay asks, from `open` to `close`; port 0 takes any that is free."""

    def __init__(
        self, witness: Witness, host: str, port: int, tls: tuple[Path, Path] | None = None
    ) -> None:
        """`tls` are certificate and key, without which this machine alone should ask."""
        self._witness, self._where, self._tls = witness, (host, port), tls
        self._server: Few | None = None

    def open(self) -> int:
        """Begin to answer; the port. UsageError where it cannot be had."""
        try:
            self._server = Few(self._where, _asked(self._witness))
            if self._tls is not None:
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                context.load_cert_chain(*self._tls)
                self._server.socket = context.wrap_socket(
                    self._server.socket, server_side=True, do_handshake_on_connect=False
                )
        except OSError as error:
            where = f"{self._where[0]}:{self._where[1]}"
            raise UsageError(f"{where} cannot be served on: {error}", "choose a port") from error
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


class Few(ThreadingHTTPServer):
    """A server that takes a few connections at once, and of one machine fewer: a thread each.

    Any other is closed unanswered, and asks again later.
    """

    def __init__(self, *where: Any) -> None:
        self._taken: Counter[str] = Counter()
        self._counting = threading.Lock()
        super().__init__(*where)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection where there is room for it."""
        machine = str(client_address[0])
        with self._counting:
            room = self._taken.total() < MOST_AT_ONCE and self._taken[machine] < MOST_OF_ONE
            self._taken[machine] += room
        if room:
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The thread of a connection, which gives its place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._counting:
                self._taken[str(client_address[0])] -= 1
                self._taken += Counter()  # forgets machines without any

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that broke: whoever asked asks again."""


def _asked(
    witness: Witness, clock: Callable[[], float] = time.monotonic
) -> type[BaseHTTPRequestHandler]:
    class Asked(BaseHTTPRequestHandler):
        timeout = READ_S

        def setup(self) -> None:
            super().setup()
            self._over = threading.Timer(READ_S, cut, (self.connection,))
            self._over.daemon = True
            self._over.start()

        def finish(self) -> None:
            self._over.cancel()
            super().finish()

        def do_POST(self) -> None:
            said = self.headers.get("Content-Length", "")
            length = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None
            if length is None or length > cosigning.MOST_BYTES:
                self._discard(min(length or 0, MOST_DISCARDED))
                code, told = 413, {"error": f"at most {cosigning.MOST_BYTES} bytes"}
            else:
                raw = self.rfile.read(length)
                self._over.cancel()
                code, told = witness.answer(raw, clock(), str(self.client_address[0]))
            body = json.dumps(told).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _discard(self, length: int) -> None:
            """Take in what is thrown away: who is still sending hears no answer, but a reset."""
            while length and (chunk := self.rfile.read(min(length, CHUNK))):
                length -= len(chunk)

        def log_message(self, *_: Any) -> None:
            """Say nothing: what matters is told by the witness."""

    return Asked
