"""The witnesses that a relay asks to sign its batches, and what they have signed."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from eth_account.messages import SignableMessage

from ledger.deployment import Ledger
from ledger.errors import WaterlineError
from ledger.keystores import Signer
from ledger.witnesses import Witnesses, message_for, signer_of
from oracle import cosigning
from oracle.journal import Journal
from oracle.lanes import Lane
from oracle.outbox import Batch, Outbox
from oracle.places import Place
from oracle.witnesses_config import Address

ANSWER_S = 3.0  # for the whole of an answer, and a second more for each MiB that is asked
REST_S = 5.0  # one that did not sign is not asked again meanwhile
AGAIN_S = 2.0  # nor one that waits for readings of its own
MIB = 2**20
MOST_WHY = 200  # characters
MOST_ANSWER = 65_536
Key = tuple[str, int, int]  # contract, lane and batch
# of a batch with evidence at the most, measured (tests/chain/test_gas_witnesses.py): the whole call
# is handed on once more, and every signature is recovered and looked up
HANDED_ON_GAS, SIGNATURE_GAS = 40_000, 8_000
MOST_WITNESSES = 15
MOST_EVIDENCE_GAS = HANDED_ON_GAS + SIGNATURE_GAS * MOST_WITNESSES


@dataclass(slots=True)
class Round:
    """A batch that is being asked about: what is signed, who is asked now, what each said last."""

    signed: SignableMessage
    ask: Callable[[Address], Mapping[str, Any]]  # in a thread of its own
    asked: dict[str, "Future[Mapping[str, Any]]"] = field(default_factory=dict)
    again_at: dict[str, float] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)


class Cosigners:
    """The witnesses' addresses; which accounts count, the chain says.

    Each is asked in a thread of its own, so one that hangs keeps neither the others waiting nor
    whoever takes readings in.
    """

    def __init__(
        self, addresses: Sequence[Address] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._addresses, self._clock = addresses, clock
        self._threads = {one.url: ThreadPoolExecutor(1, "witness") for one in addresses}
        self._rounds: dict[Key, Round] = {}

    def gather(
        self,
        ledger: Ledger,
        wanted: Witnesses,
        lane: Lane,
        outbox: Outbox,
        signer: Signer,
        batch: Batch,
    ) -> bool:
        """Whether enough witnesses have signed a batch; those that have not are asked meanwhile.

        It waits for nobody: call it again when `answered` says so. What they sign is written down
        at once: so whatever is sent again is the same.
        """
        key = (lane.contract, lane.number, batch.id)
        if key in self._rounds:
            self._hear(self._rounds[key], wanted, outbox, batch.id)
        if len(chosen(wanted, outbox.cosigned(batch.id))) == wanted.needed:
            self._end(key)
            return True
        if key not in self._rounds:
            signed = message_for(ledger, *key, batch.root, cosigning.words_hash(batch.words))
            request = cosigning.Request(
                *key, batch.words, batch.root, signature=signer.sign_message(signed)
            )
            self._rounds[key] = Round(signed, partial(_ask, outbox.journal.place, request))
        self._ask(self._rounds[key])
        return False

    def answered(self, contract: str, lane: int) -> bool:
        """Whether a witness has answered about a batch of a lane since it was last gathered."""
        return any(
            one.done()
            for key, round_ in self._rounds.items()
            if key[:2] == (contract, lane)
            for one in round_.asked.values()
        )

    def why(self, contract: str, lane: int, batch: int) -> str:
        """Why a batch has too few signatures; "" while somebody has not answered yet."""
        if not self._addresses:
            return "none is named in the configuration"
        round_ = self._rounds[contract, lane, batch]
        if any(one.url not in round_.said for one in self._addresses):
            return ""
        return "; ".join(f"{url}: {said}" for url, said in round_.said.items() if said)

    def _hear(self, round_: Round, wanted: Witnesses, outbox: Outbox, batch: int) -> None:
        for url in [url for url, one in round_.asked.items() if one.done()]:
            answer = round_.asked.pop(url).result()
            try:
                signature = bytes.fromhex(str(answer.get("signature", "0x"))[2:])
                account = signer_of(round_.signed, signature) if signature else ""
            except (ValueError, WaterlineError):
                account, answer = "", {"error": "it signed something else"}
            counts = account in wanted.accounts
            if counts:
                outbox.cosign(batch, account, signature)
            round_.said[url] = "" if counts else _why(answer, account)
            soon = counts or "waits" in answer
            round_.again_at[url] = self._clock() + (AGAIN_S if soon else REST_S)

    def _ask(self, round_: Round) -> None:
        now = self._clock()
        for one in self._addresses:
            if one.url not in round_.asked and now >= round_.again_at.get(one.url, now):
                thread = self._threads[one.url]
                round_.asked[one.url] = thread.submit(round_.ask, one)

    def _end(self, key: Key) -> None:
        """Ask nobody any more about a batch."""
        round_ = self._rounds.pop(key, None)
        for one in round_.asked.values() if round_ else ():
            one.cancel()


def chosen(wanted: Witnesses, signed: Mapping[str, bytes]) -> dict[str, bytes]:
    """The first signatures of accounts that count, as many as are needed if there are."""
    counting = ((one, made) for one, made in signed.items() if one in wanted.accounts)
    return dict(islice(counting, wanted.needed))


def _ask(journal: Place, request: cosigning.Request, one: Address) -> Mapping[str, Any]:
    """What a witness answers to a request that is made whole from the journal, or its fault."""
    try:
        with closing(Journal(journal, writing=False)) as opened:
            body = cosigning.asked(opened, request)
        return post(one, body)
    except (OSError, HTTPException, ValueError) as error:
        return {"error": f"it does not answer: {error}"}
    except Exception as error:  # it would be lost in the thread
        return {"error": f"it cannot be asked: {type(error).__name__} {error}"}


def post(one: Address, body: bytes) -> Mapping[str, Any]:
    """What a witness answers; OSError, HTTPException or ValueError where that is nothing."""
    parts = urlsplit(one.url)
    with _line(one, ANSWER_S + len(body) / MIB) as line:
        connection = HTTPConnection(parts.hostname or "", parts.port)
        connection.sock = line
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read(MOST_ANSWER))
    if not isinstance(answer, dict):
        raise ValueError("its answer is no JSON object")
    return answer


@contextmanager
def _line(one: Address, most_s: float) -> Iterator[socket.socket]:
    """A connection that is cut when its time is over, however little trickles through it."""
    parts = urlsplit(one.url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    line = socket.create_connection((host, port), most_s)
    with closing(line):
        if secure:
            trusted = ssl.create_default_context(cafile=str(one.ca_file) if one.ca_file else None)
            line = trusted.wrap_socket(line, server_hostname=host, do_handshake_on_connect=False)
        over = threading.Timer(most_s, cut, (line,))
        over.daemon = True
        over.start()
        with closing(line):
            try:
                if isinstance(line, ssl.SSLSocket):
                    line.do_handshake()
                yield line
            finally:
                over.cancel()


def cut(line: socket.socket) -> None:
    """End a connection whose time is over; who reads from it reads its end."""
    with suppress(OSError):  # it is closed already
        socket.socket.shutdown(line, socket.SHUT_RDWR)


def _why(answer: Mapping[str, Any], account: str) -> str:
    differs = answer.get("differs")
    if account:
        return f"{account} is no witness of the lane"
    if isinstance(differs, list) and differs:
        return f"differs: {differs[0]}"[:MOST_WHY]
    return str(answer.get("waits") or answer.get("error") or "it has not signed")[:MOST_WHY]
