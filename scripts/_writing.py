"""Acts on the chain: who signs, what will change, the hash at once, then as long as asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from ledger.chain import Chain
from ledger.events import Event, decode_receipt
from ledger.transactions import (
    Call,
    Sent,
    gas_for,
    send_all,
    simulate,
    wait_all_included,
    wait_settled,
)
from scripts._progress import waiting
from scripts._shared import Session, plain
from scripts._signing import ApeSigner, address_of_account, open_account


@dataclass(frozen=True)
class Act:
    """One call of one contract, and what it changes in a person's words."""

    contract: str
    call: Call
    says: str
    value: int = 0
    gas: int | None = None  # given where the call would only succeed after one sent before it


@dataclass
class Done:
    """What was sent, and what the contracts logged if the command waited for it."""

    sent: list[Sent]
    receipts: list[Any] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def first(self, name: str) -> Event | None:
        """The first event of that name."""
        return next((event for event in self.events if event.name == name), None)

    def of(self, name: str) -> list[Event]:
        """All events of that name, in the order of the chain."""
        return [event for event in self.events if event.name == name]

    def as_json(self) -> dict[str, Any]:
        """The acts as `--json` shows them."""
        return {
            "transactions": [sent.hash for sent in self.sent],
            "block": max((int(r["blockNumber"]) for r in self.receipts), default=None),
            "gas_used": sum(int(r["gasUsed"]) for r in self.receipts) if self.receipts else None,
            "events": [
                {"contract": e.contract, "event": e.name, "args": plain_args(e.args)}
                for e in self.events
            ],
        }


def plain_args(args: Any) -> dict[str, Any]:
    """Event arguments as JSON holds them."""
    return {key: plain(value) if isinstance(value, bytes) else value for key, value in args.items()}


def perform(session: Session, acts: Sequence[Act], account: str | None = None) -> Done:
    """Send acts of one account in their order and wait as the session asks."""
    alias = account or session.account
    if session.dry_run:
        return rehearse(session, acts, alias)
    signer = open_account(alias, session.password_file)
    for act in acts:
        session.say(f"{signer.alias} signs {act.contract}: {act.says}")
    sent = _sent(session.chain, signer, acts)
    for one in sent:
        click.echo(one.hash, err=session.as_json)
    return await_done(session, sent)


def _sent(chain: Chain, signer: ApeSigner, acts: Sequence[Act]) -> list[Sent]:
    from ledger.transactions import send

    if len(acts) == 1 or any(act.value for act in acts):
        return [send(chain, signer, act.call, value=act.value, gas=act.gas) for act in acts]
    calls = [
        (act.call, act.gas or gas_for(chain, signer.address, act.call, value=act.value))
        for act in acts
    ]
    return send_all(chain, signer, calls)


def await_done(session: Session, sent: Sequence[Sent]) -> Done:
    """Wait for inclusion or settlement, and read what was logged."""
    done = Done(list(sent))
    if session.wait == "sent" or not sent:
        return done
    with waiting(session) as progress:
        done.receipts = list(wait_all_included(session.chain, sent, progress=progress))
        if session.wait == "settled":
            last = done.receipts[-1]
            wait_settled(session.chain, last, session.policy, progress=progress)
            done.receipts = [
                wait_settled(session.chain, receipt, session.policy) for receipt in done.receipts
            ]
    for receipt in done.receipts:
        done.events.extend(decode_receipt(session.ledger, receipt))
    block = done.receipts[-1]["blockNumber"]
    word = "final" if session.wait == "settled" else "recorded, not yet final"
    session.say(f"{word}: block {block}, {sum(int(r['gasUsed']) for r in done.receipts)} gas")
    return done


def rehearse(session: Session, acts: Sequence[Act], alias: str | None) -> Done:
    """Try acts without sending them, and show the events they would log."""
    from ledger.errors import UsageError

    if not alias:
        raise UsageError("no account is named", "say who would sign: --account ALIAS")
    address = address_of_account(alias)
    found: list[Event] = []
    for act in acts:
        session.say(f"{alias} would sign {act.contract}: {act.says}")
        if act.gas is not None:
            session.say("  follows an act before it, so it cannot be tried alone")
            continue
        simulate(session.chain, address, act.call, value=act.value)
        events = traced(session, address, act)
        if events is None:
            session.say("  would succeed; this node cannot say which events it would log")
        for event in events or []:
            session.say(f"  would log {event.contract}.{event.name} {plain_args(event.args)}")
        found.extend(events or [])
    session.say("Nothing was sent.")
    return Done([], [], found)


def traced(session: Session, address: str, act: Act) -> list[Event] | None:
    """The events of a call that is not sent, or None where the node does not trace."""
    from web3.exceptions import Web3Exception

    call = {
        "from": address,
        "to": session.contract(act.contract).address,
        "data": act.call._encode_transaction_data(),  # type: ignore[union-attr]
        "value": hex(act.value),
    }
    tracer = {"tracer": "callTracer", "tracerConfig": {"withLog": True}}
    try:
        trace = session.chain.rpc("debug_traceCall", call, "latest", tracer)
    except Web3Exception:
        return None
    head = session.chain.block("latest")
    logs = [
        {
            "address": log["address"],
            "topics": log["topics"],
            "data": log.get("data", "0x"),
            "block": head,
        }
        for log in _logs_of(trace)
    ]
    return decode_receipt(session.ledger, {"logs": [_as_log(log, head) for log in logs]})


def _logs_of(frame: dict[str, Any]) -> list[dict[str, Any]]:
    """The logs of a call and of the calls inside it, in their order where the node tells it."""
    if "error" in frame:
        return []
    inner = [log for call in frame.get("calls", []) for log in _logs_of(call)]
    own = list(frame.get("logs", []))
    return sorted([*own, *inner], key=lambda log: int(str(log.get("index", "0x0")), 16))


def _as_log(log: dict[str, Any], head: Any) -> dict[str, Any]:
    """A traced log in the form in which web3 decodes logs."""
    from eth_utils import to_checksum_address
    from hexbytes import HexBytes

    return {
        "address": to_checksum_address(log["address"]),
        "topics": [HexBytes(topic) for topic in log["topics"]],
        "data": HexBytes(log["data"]),
        "blockHash": head["hash"],
        "blockNumber": head["number"],
        "transactionHash": HexBytes(b"\0" * 32),
        "transactionIndex": 0,
        "logIndex": 0,
    }
