"""The one place where a node is spoken to: connecting, proof of authority, heads, sealers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from web3 import Web3
from web3.exceptions import BlockNotFound, Web3RPCError
from web3.middleware import ExtraDataToPOAMiddleware
from web3.providers import JSONBaseProvider
from web3.types import BlockData, RPCEndpoint, RPCResponse

from ledger.errors import ChainUnreachable
from ledger.providers import REMEDY, provider, shown

TOGETHER = 500  # calls; geth answers at most 1,000 that are sent as one
_POA = "extra data of proof-of-authority blocks"


@dataclass(frozen=True, slots=True)
class Head:
    """A block as the canonical chain ends in it."""

    number: int
    hash: str
    at: int


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

    def rpc_many(self, method: str, many: Iterable[Sequence[Any]]) -> Iterator[Any]:
        """One call for each of many parameters, sent together; the first error is raised."""
        provider, calls = cast(JSONBaseProvider, self.w3.provider), iter(many)
        while together := list(islice(calls, TOGETHER)):
            asked = [(RPCEndpoint(method), list(params)) for params in together]
            answers = provider.make_batch_request(asked)
            for one in answers if isinstance(answers, list) else [answers]:
                yield _result(one)

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


def connect(url: str, timeout_s: float = 10) -> Chain:
    """Connect to the node at `url`, HTTP or IPC socket; ChainUnreachable when none answers."""
    w3 = Web3(provider(url, timeout_s))
    speak_poa(w3)
    w3.middleware_onion.remove("validation")  # it asks for the chain's id before every call
    try:
        genesis = w3.eth.get_block(0)
        return Chain(w3, url, w3.eth.chain_id, genesis["hash"].to_0x_hex())
    except (Web3RPCError, BlockNotFound) as error:
        raise ChainUnreachable(f"{shown(url)} is no Ethereum node: {error}", REMEDY) from error


def adopt(w3: Web3, url: str) -> Chain:
    """A Chain over a connection that somebody else made, such as ape's provider."""
    speak_poa(w3)
    return Chain(w3, url, w3.eth.chain_id, w3.eth.get_block(0)["hash"].to_0x_hex())
