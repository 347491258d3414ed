"""The one place where a node is spoken to: connecting, proof of authority, heads, sealers."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from web3 import HTTPProvider, IPCProvider, Web3
from web3._utils.threads import Timeout
from web3.exceptions import BlockNotFound, Web3RPCError
from web3.middleware import ExtraDataToPOAMiddleware
from web3.providers import JSONBaseProvider
from web3.types import BlockData, RPCEndpoint, RPCResponse

from ledger.errors import ChainUnreachable, UsageError

_REMEDY = "start a chain with `waterline devnet up`, or name a running node with --network URL"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
TOGETHER = 500  # calls; geth answers at most 1,000 that are sent as one
_POA = "extra data of proof-of-authority blocks"


@dataclass(frozen=True, slots=True)
class Head:
    """A block as the canonical chain ends in it."""

    number: int
    hash: str
    at: int


class _Http(HTTPProvider):
    """HTTP without silent retries, telling a failed exchange in our own words."""

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        try:
            return _spoken(str(self.endpoint_uri), super().make_request(method, params))
        except requests.exceptions.RequestException as error:
            raise ChainUnreachable(
                f"no answer from {self.endpoint_uri}: {_cause(error)}", _REMEDY
            ) from error
        except ValueError as error:
            raise _speechless(str(self.endpoint_uri)) from error

    def make_batch_request(self, batch_requests: Any) -> Any:
        try:
            return super().make_batch_request(batch_requests)
        except requests.exceptions.RequestException as error:
            raise ChainUnreachable(
                f"no answer from {self.endpoint_uri}: {_cause(error)}", _REMEDY
            ) from error
        except ValueError as error:
            raise _speechless(str(self.endpoint_uri)) from error


class _Ipc(IPCProvider):
    """A socket file on this machine, telling a failed exchange in our own words."""

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        where = str(self.ipc_path)  # type: ignore[has-type]
        if not Path(where).is_socket():
            raise ChainUnreachable(f"no answer from {where}: it is no socket", _REMEDY)
        try:
            return _spoken(where, super().make_request(method, params))
        except (OSError, Timeout) as error:
            cause = "timed out" if isinstance(error, Timeout) else str(error)
            raise ChainUnreachable(f"no answer from {where}: {cause}", _REMEDY) from error

    def make_batch_request(self, requests: Any) -> Any:
        where = str(self.ipc_path)  # type: ignore[has-type]
        try:
            return super().make_batch_request(requests)
        except (OSError, Timeout) as error:
            raise ChainUnreachable(f"no answer from {where}: {error}", _REMEDY) from error


def _spoken(where: str, response: Any) -> RPCResponse:
    """An answer in the form of JSON-RPC; ChainUnreachable when it has another one."""
    if not isinstance(response, dict) or response.get("jsonrpc") != "2.0":
        raise _speechless(where)
    return cast(RPCResponse, response)


def _speechless(where: str) -> ChainUnreachable:
    return ChainUnreachable(f"{where} does not speak JSON-RPC", _REMEDY)


def _cause(error: Exception) -> str:
    if isinstance(error, requests.exceptions.Timeout):
        return "timed out"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "nothing listens there"
    return str(error)


def speak_poa(w3: Web3) -> None:
    """Let `w3` read blocks whose extra data is longer than usual; harmless on other chains."""
    if _POA not in w3.middleware_onion:
        w3.middleware_onion.inject(ExtraDataToPOAMiddleware, name=_POA, layer=0)


@dataclass(frozen=True, slots=True)
class Chain:
    """A connected chain, known by its id and its genesis block."""

    w3: Web3
    url: str
    chain_id: int
    genesis_hash: str

    def block(self, which: int | str) -> BlockData:
        """The block of that number, hash or name ("latest"); BlockNotFound when there is none."""
        return self.w3.eth.get_block(cast(Any, which))

    def head(self) -> Head:
        """The last block."""
        return _head(self.block("latest"))

    def at(self, number: int) -> Head | None:
        """The canonical block of that number, or None beyond the head."""
        try:
            return _head(self.block(number))
        except BlockNotFound:
            return None

    def rpc(self, method: str, *params: Any) -> Any:
        """A plain JSON-RPC call; what the node answers as an error is raised as Web3RPCError."""
        return _result(self.w3.provider.make_request(RPCEndpoint(method), list(params)))

    @property
    def takes_many(self) -> bool:
        """Whether the node takes many calls as one; a chain in this process does not."""
        return isinstance(self.w3.provider, JSONBaseProvider)

    def rpc_many(self, method: str, many: Sequence[Sequence[Any]]) -> list[Any]:
        """One call for each of many parameters, sent together; the first error is raised."""
        provider, found = cast(JSONBaseProvider, self.w3.provider), []
        for first in range(0, len(many), TOGETHER):
            calls = [
                (RPCEndpoint(method), list(params)) for params in many[first : first + TOGETHER]
            ]
            answers = provider.make_batch_request(calls)
            found += [_result(one) for one in (answers if isinstance(answers, list) else [answers])]
        return found

    def sealer(self, block_hash: str) -> str | None:
        """The account that sealed a Clique block, or None where the node does not tell."""
        signer = self._clique("clique_getSigner", block_hash)
        return None if signer is None else str(signer)

    def signers(self) -> list[str]:
        """The accounts that may seal the next Clique block; empty on another consensus."""
        return [str(signer) for signer in self._clique("clique_getSigners", "latest") or []]

    def _clique(self, method: str, *params: Any) -> Any:
        try:
            return self.rpc(method, *params)
        except Web3RPCError:
            return None


def _result(response: RPCResponse) -> Any:
    if "error" in response:
        error = response["error"]
        text = error if isinstance(error, str) else str(error.get("message", error))
        raise Web3RPCError(text, rpc_response=response)
    return response.get("result")


def _head(block: BlockData) -> Head:
    return Head(int(block["number"]), block["hash"].to_0x_hex(), int(block["timestamp"]))


def _provider(url: str, timeout_s: float) -> JSONBaseProvider:
    if url.startswith(("http://", "https://")):
        return _Http(
            url,
            {"timeout": timeout_s},
            session=_session(url),
            exception_retry_configuration=None,
            cache_allowed_requests=True,
            cacheable_requests={cast(RPCEndpoint, "eth_chainId")},  # web3 asks before each call
        )
    if url.endswith(".ipc") or os.path.exists(url):
        return _Ipc(url, timeout=max(1, int(timeout_s)))
    raise UsageError(
        f"{url!r} is no address of a node", "give http://host:port or the path of an .ipc file"
    )


def _session(url: str) -> requests.Session:
    """A node on this machine is behind no proxy, and looking for one takes a millisecond a call."""
    session = requests.Session()
    session.trust_env = urlsplit(url).hostname not in LOOPBACK
    return session


def connect(url: str, timeout_s: float = 10) -> Chain:
    """Connect to the node at `url`, HTTP or IPC socket; ChainUnreachable when none answers."""
    w3 = Web3(_provider(url, timeout_s))
    speak_poa(w3)
    try:
        genesis = w3.eth.get_block(0)
        return Chain(w3, url, w3.eth.chain_id, genesis["hash"].to_0x_hex())
    except (Web3RPCError, BlockNotFound) as error:
        raise ChainUnreachable(f"{url} is no Ethereum node: {error}", _REMEDY) from error


def adopt(w3: Web3, url: str) -> Chain:
    """A Chain over a connection that somebody else made, such as ape's provider."""
    speak_poa(w3)
    return Chain(w3, url, w3.eth.chain_id, w3.eth.get_block(0)["hash"].to_0x_hex())
