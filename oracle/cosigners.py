"""The witnesses that a relay asks to sign its batches, and what they have signed."""

import json
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from ledger.deployment import Ledger
from ledger.errors import WaterlineError
from ledger.keystores import Signer
from ledger.witnesses import Witnesses, message_for, signer_of
from oracle import cosigning
from oracle.lanes import Lane
from oracle.outbox import Batch, Outbox
from oracle.witnesses_config import Address

ANSWER_S = 3.0
REST_S = 5.0  # one that did not answer is not asked again meanwhile
MOST_ANSWER = 65_536
# of the call with evidence: the whole of it is handed on once more, and every signature looked up
HANDED_ON_GAS, SIGNATURE_GAS = 60_000, 10_000


class Cosigners:
    """The witnesses' addresses; which accounts count, the chain says."""

    def __init__(
        self, addresses: Sequence[Address] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._addresses, self._clock = addresses, clock
        self._rests: dict[str, float] = {}
        self.said: dict[str, str] = {}  # why each did not sign, in the last round

    def gather(
        self,
        ledger: Ledger,
        wanted: Witnesses,
        lane: Lane,
        outbox: Outbox,
        signer: Signer,
        batch: Batch,
    ) -> bool:
        """Whether enough witnesses have signed a batch, asking those that have not.

        What they sign is written down at once: so whatever is sent again is the same.
        """
        if len(chosen(wanted, outbox.cosigned(batch.id))) == wanted.needed:
            return True
        about = (lane.contract, lane.number, batch.id)
        signed = message_for(ledger, *about, batch.root, cosigning.words_hash(batch.words))
        request = cosigning.asked(outbox.journal, *about, batch.words)
        body = json.dumps(replace(request, signature=signer.sign_message(signed)).as_json())
        self.said = {}
        for one in self._addresses:
            answer = self._ask(one, body.encode())
            try:
                signature = bytes.fromhex(str(answer.get("signature", "0x"))[2:])
                account = signer_of(signed, signature) if signature else ""
            except (ValueError, WaterlineError):
                account, answer = "", {"error": "it signed something else"}
            if account in wanted.accounts:
                outbox.cosign(batch.id, account, signature)
            else:
                self.said[one.url] = _why(answer, account)
        return len(chosen(wanted, outbox.cosigned(batch.id))) == wanted.needed

    def _ask(self, one: Address, body: bytes) -> Mapping[str, Any]:
        if self._clock() < self._rests.get(one.url, 0):
            return {"error": "it does not answer"}
        try:
            return post(one, body)
        except (OSError, HTTPException, ValueError) as error:
            self._rests[one.url] = self._clock() + REST_S
            return {"error": f"it does not answer: {error}"}


def chosen(wanted: Witnesses, signed: Mapping[str, bytes]) -> dict[str, bytes]:
    """The first signatures of accounts that count, as many as are needed if there are."""
    counting = ((one, made) for one, made in signed.items() if one in wanted.accounts)
    return dict(islice(counting, wanted.needed))


def post(one: Address, body: bytes) -> Mapping[str, Any]:
    """What a witness answers; OSError, HTTPException or ValueError where that is nothing."""
    parts = urlsplit(one.url)
    host, port = parts.hostname or "", parts.port
    connection: HTTPConnection
    if parts.scheme == "https":
        trusted = ssl.create_default_context(cafile=str(one.ca_file) if one.ca_file else None)
        connection = HTTPSConnection(host, port, timeout=ANSWER_S, context=trusted)
    else:
        connection = HTTPConnection(host, port, timeout=ANSWER_S)
    try:
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read(MOST_ANSWER))
    finally:
        connection.close()
    if not isinstance(answer, dict):
        raise ValueError("its answer is no JSON object")
    return answer


def _why(answer: Mapping[str, Any], account: str) -> str:
    if account:
        return f"{account} is no witness of the lane"
    if answer.get("differs"):
        return f"differs: {answer['differs'][0]}"
    return str(answer.get("waits") or answer.get("error") or "it has not signed")[:200]
