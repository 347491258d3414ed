"""Several nodes of one chain: the first that works is spoken to, a failing one is left alone.

An endpoint that times out, refuses, or answers with what cannot be is not asked again until its
cool-down is over; meanwhile the next one is asked, and with none left a call fails at once instead
of waiting. Before it is used, and again after each absence, an endpoint must name the right chain.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from web3 import Web3
from web3.providers import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from ledger.chain import Chain, speak_poa
from ledger.errors import ChainUnreachable, UsageError
from ledger.providers import REMEDY, Http, provider, shown

Tell = Callable[..., None]
Answer = TypeVar("Answer")
Identity = tuple[int, str]  # chain id, hash of the first block

PROBE_S = 1.0  # for an endpoint that was away
COOL_DOWN_S = 2.0  # after a first failure; twice as long after each further one
MOST_COOL_DOWN_S = 30.0
ASIDE_S = 30.0  # for one that contradicts the others


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an endpoint is waited for, and left alone after it failed."""

    timeout_s: float
    cool_down_s: float = COOL_DOWN_S
    most_cool_down_s: float = MOST_COOL_DOWN_S


def untold(event: str, **keys: object) -> None:
    """Nobody wants to know."""


class Endpoint(JSONBaseProvider):
    """One node, left alone for a while after it failed."""

    def __init__(
        self,
        url: str,
        identity: Identity | None,
        patience: Patience,
        tell: Tell,
        clock: Callable[[], float],
    ) -> None:
        super().__init__()
        self.name, self.identity = shown(url), identity
        self._node, self._patience, self._tell = provider(url, patience.timeout_s), patience, tell
        self._clock, self._until, self._failures = clock, 0.0, 0
        self._met, self._why = False, ""

    @property
    def rests(self) -> bool:
        """Whether it is left alone now."""
        return self._clock() < self._until

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        return self._working(lambda: self._node.make_request(method, params))

    def make_batch_request(self, requests: Any) -> Any:
        return self._working(lambda: self._node.make_batch_request(requests))

    def _working(self, ask: Callable[[], Answer]) -> Answer:
        """Ask the node, unless it rests; whatever fails has it rest."""
        if self.rests:
            raise ChainUnreachable(self._why, REMEDY)
        try:
            if not self._met:
                self._meet()
            told = ask()
        except ChainUnreachable as error:
            self._failed(error.message)
            raise
        if self._failures:
            self._failures = 0
            self._tell("endpoint is back", endpoint=self.name)
        return told

    def set_aside(self, why: str) -> None:
        """Leave it alone for a while, though it answers."""
        self._why, self._until = f"{self.name} is set aside: {why}", self._clock() + ASIDE_S

    def _failed(self, why: str) -> None:
        if not self._failures:
            self._tell("endpoint is away", endpoint=self.name, why=why)
        doubled = self._patience.cool_down_s * 2.0 ** min(self._failures, 16)
        self._failures += 1
        self._met, self._why = False, why
        self._until = self._clock() + min(doubled, self._patience.most_cool_down_s)

    def _meet(self) -> None:
        """Ask which chain this is; ChainUnreachable when it is another one."""
        whole_s = self._patience.timeout_s
        if isinstance(self._node, Http) and self._failures:
            self._node.timeout_s = min(PROBE_S, whole_s)
        try:
            number = self._asked("eth_chainId")
            first = self._asked("eth_getBlockByNumber", "0x0", False)
        finally:
            if isinstance(self._node, Http):
                self._node.timeout_s = whole_s
        if first is None:
            raise ChainUnreachable(f"{self.name} has no first block", REMEDY)
        found = (int(number, 16), first["hash"].lower())
        if self.identity is None:
            self.identity = found
        if found != self.identity:
            wanted, told = self.identity, f"chain {found[0]} (genesis {found[1][:10]})"
            raise ChainUnreachable(
                f"{self.name} is {told}, not chain {wanted[0]} (genesis {wanted[1][:10]})", REMEDY
            )
        self._met = True

    def _asked(self, method: str, *params: Any) -> Any:
        told = self._node.make_request(RPCEndpoint(method), list(params))
        if "error" in told:
            raise ChainUnreachable(f"{self.name} is no Ethereum node: {told['error']}", REMEDY)
        return told.get("result")


class Several(JSONBaseProvider):
    """The endpoints of one chain, in the order in which they are preferred."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        super().__init__()
        self.endpoints = tuple(endpoints)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        return self._first(lambda one: one.make_request(method, params))

    def make_batch_request(self, requests: Any) -> Any:
        return self._first(lambda one: one.make_batch_request(requests))

    def _first(self, ask: Callable[[Endpoint], Answer]) -> Answer:
        """What the first endpoint that works answers."""
        causes = []
        for one in self.endpoints:
            try:
                return ask(one)
            except ChainUnreachable as error:
                causes.append(error.message)
        raise ChainUnreachable("; ".join(causes), REMEDY)

    def pass_on(self, why: str) -> None:
        """Leave the endpoint that is asked now aside, if there is another one to ask."""
        ready = [one for one in self.endpoints if not one.rests]
        if len(ready) > 1:
            ready[0].set_aside(why)


def connect_each(
    urls: Sequence[str],
    patience: Patience,
    identity: Identity | None = None,
    tell: Tell = untold,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Chain, list[Chain]]:
    """The chain through whichever endpoint works, and through each endpoint alone.

    Without `identity`, the chain is that of the first endpoint that answers; every other one must
    be of the same. ChainUnreachable when none answers.
    """
    if not urls or len(set(urls)) < len(urls):
        raise UsageError(f"{len(urls)} endpoints, not all different", "name each node once")
    known = (identity[0], identity[1].lower()) if identity else None
    ends = [Endpoint(url, known, patience, tell, clock) for url in urls]
    several = Several(ends)
    several.make_request(RPCEndpoint("eth_chainId"), [])
    found = next(one.identity for one in ends if one.identity)
    for one in ends:
        one.identity = one.identity or found
    alone = [_chain(one, one.name, found) for one in ends]
    return _chain(several, ", ".join(one.name for one in ends), found), alone


def _chain(way: JSONBaseProvider, name: str, identity: Identity) -> Chain:
    w3 = Web3(way)
    speak_poa(w3)
    return Chain(w3, name, *identity)
