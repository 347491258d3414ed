"""One node, over HTTP or a socket file; whatever is no answer is told in our own words."""

import json
import os
import time
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError
from web3 import HTTPProvider, IPCProvider
from web3._utils.threads import Timeout
from web3.providers import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from ledger.answers import answers
from ledger.errors import ChainUnreachable, UsageError
from ledger.loopback import LOOPBACK

REMEDY = "start a chain with `waterline devnet up`, or name a running node with --network URL"
MOST_BYTES = 256 * 2**20  # of an answer: the logs of a long chain are the largest
PIECE_BYTES = 2**16
PATIENT = 5  # what reads a whole chain may take so many times longer
LONG = ("eth_getLogs", "debug_traceCall")


class Http(HTTPProvider):
    """HTTP without silent retries or redirections; `timeout_s` is for the whole of an answer."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self.timeout_s, self._session = timeout_s, requests.Session()
        # a node on this machine is behind no proxy; looking for one takes a millisecond a call
        self._session.trust_env = urlsplit(url).hostname not in LOOPBACK
        super().__init__(url, session=self._session, exception_retry_configuration=None)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        asked = self.encode_rpc_request(method, params)
        told = self._told(asked, self.timeout_s * (PATIENT if method in LONG else 1))
        found = _spoken(self._where, method, params, told)
        if found.get("id") != json.loads(asked)["id"]:
            raise self._astray()
        return found

    def make_batch_request(self, requests: Any) -> list[RPCResponse]:
        asked = self.encode_batch_rpc_request(requests)
        told = self._told(asked, self.timeout_s * PATIENT)
        ids = [one["id"] for one in json.loads(asked)]
        if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
            raise _speechless(self._where)
        by_id = {str(one.get("id")): one for one in told}
        if len(told) != len(ids) or {str(one) for one in ids} != set(by_id):
            raise self._astray()
        return [
            _spoken(self._where, method, params, by_id[str(one)])
            for (method, params), one in zip(requests, ids, strict=True)
        ]

    @property
    def _where(self) -> str:
        return shown(str(self.endpoint_uri))

    def _astray(self) -> ChainUnreachable:
        return ChainUnreachable(f"{self._where} answers another question than was asked", REMEDY)

    def _told(self, asked: bytes, within_s: float) -> Any:
        """What the node answers, as JSON; ChainUnreachable when it answers nothing of the kind."""
        try:
            return self.decode_rpc_response(self._posted(asked, within_s))
        except (requests.exceptions.RequestException, HTTPError) as error:
            cause = _cause(error)
            raise ChainUnreachable(f"no answer from {self._where}: {cause}", REMEDY) from error
        except (ValueError, RecursionError) as error:
            raise _speechless(self._where) from error

    def _posted(self, asked: bytes, within_s: float) -> bytes:
        until = time.monotonic() + within_s
        with self._session.post(
            str(self.endpoint_uri),
            asked,
            headers=self.get_request_headers(),
            timeout=within_s,
            stream=True,
            allow_redirects=False,
        ) as response:
            response.raise_for_status()
            told = bytearray()
            while piece := response.raw.read1(PIECE_BYTES, decode_content=True):
                told += piece
                if len(told) > MOST_BYTES or time.monotonic() > until:
                    raise requests.exceptions.ReadTimeout()
            return bytes(told)


class Ipc(IPCProvider):
    """A socket file on this machine."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__(path, timeout=max(1, int(timeout_s)))

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        where = str(self.ipc_path)  # type: ignore[has-type]
        if not Path(where).is_socket():
            raise ChainUnreachable(f"no answer from {where}: it is no socket", REMEDY)
        try:
            return _spoken(where, method, params, super().make_request(method, params))
        except (OSError, Timeout) as error:
            cause = "timed out" if isinstance(error, Timeout) else str(error)
            raise ChainUnreachable(f"no answer from {where}: {cause}", REMEDY) from error

    def make_batch_request(self, requests: Any) -> list[RPCResponse]:
        return [self.make_request(method, params) for method, params in requests]


def provider(url: str, timeout_s: float) -> JSONBaseProvider:
    """The way to the node at `url`; UsageError where it is no address."""
    if url.startswith(("http://", "https://")):
        return Http(url, timeout_s)
    if url.endswith(".ipc") or os.path.exists(url):
        return Ipc(url, timeout_s)
    raise UsageError(
        f"{url!r} is no address of a node", "give http://host:port or the path of an .ipc file"
    )


def shown(url: str) -> str:
    """An address as logs and metrics show it: without a password, a path or a key."""
    parts = urlsplit(url)
    if not parts.scheme.startswith("http"):
        return url
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _spoken(where: str, method: str, params: Any, told: Any) -> RPCResponse:
    """An answer of JSON-RPC to this question; ChainUnreachable when it is none."""
    if not isinstance(told, dict) or told.get("jsonrpc") != "2.0":
        raise _speechless(where)
    if not answers(method, params, told):
        raise ChainUnreachable(f"{where} answers {method} with what cannot be", REMEDY)
    return cast(RPCResponse, told)


def _speechless(where: str) -> ChainUnreachable:
    return ChainUnreachable(f"{where} does not speak JSON-RPC", REMEDY)


def _cause(error: Exception) -> str:
    if isinstance(error, requests.exceptions.Timeout | ReadTimeoutError):
        return "timed out"
    if isinstance(error, requests.exceptions.ConnectionError):
        dropped = "Connection aborted" in str(error)
        return "the connection was closed" if dropped else "nothing listens there"
    if isinstance(error, requests.exceptions.HTTPError) and error.response is not None:
        return f"status {error.response.status_code}"  # its own words hold the whole address
    return str(error)
