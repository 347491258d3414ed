"""What warnings must know of the chain: limits, permits, and what it ruled in a final batch."""

from dataclasses import dataclass

from ledger.channels import GAUGE, Channel
from ledger.deployment import Ledger
from ledger.events import Event, decode_receipt, logs
from ledger.settlement import receipt_of
from ledger.structs import read
from oracle.store import Database
from oracle.warnings.alerts import HIGH, LOW, Limits, Peak, Standing

# states of PermitRegistry in which a meter's alarms are nobody's any more
ENDED = {3: "revoked", 4: "surrendered", 5: "deregistered", 6: "invalid", 7: "expired"}
ALERTS = {"alert": "AlertRaised", "peak": "PeakExceeded"}


@dataclass(frozen=True, slots=True)
class Ruled:
    """How the chain holds a channel: its rule, and where its alert stands after `last_at`."""

    rule: Limits | Peak
    standing: Standing
    permit: str | None


def ruled(ledger: Ledger, channel: Channel) -> Ruled:
    """A channel's rule and standing in the latest block; `permit` says how its permit ended."""
    permit = _permit(ledger, channel.permit_id) if channel.permit_id else None
    if channel.kind == GAUGE:
        limits = read(ledger, channel.contract, "limits", channel.id)
        gauge = read(ledger, channel.contract, "gauge", channel.id)
        rule = Limits(*(limits[name] for name in Limits.__dataclass_fields__))
        return Ruled(rule, _gauge(gauge, limits), permit)
    meter = read(ledger, channel.contract, "meter", channel.id)
    base = read(ledger, channel.contract, "base", channel.id)
    side = HIGH if meter["over"] else ""
    standing = Standing(0, meter["last_at"], meter["register_l"], side)
    return Ruled(Peak(meter["peak_l_h"], base["peak_return_l_h"]), standing, permit)


def _gauge(gauge: dict[str, int], limits: dict[str, int]) -> Standing:
    side = HIGH if gauge["high_alert"] else LOW if gauge["low_alert"] else ""
    about = (limits["run"], limits["since_at"], limits["worst"])
    return Standing(0, gauge["last_at"], gauge["value"], side, bool(gauge["pending"]), *about)


def _permit(ledger: Ledger, number: int) -> str | None:
    found = read(ledger, "PermitRegistry", "permit", number)
    return ENDED.get(int(found["state"]))


def settled(ledger: Ledger, db: Database, batch: tuple[str, int, int]) -> list[Event]:
    """What the chain logged when it took a final batch."""
    contract, lane, number = batch
    row = db.execute(
        "SELECT hash FROM attempt WHERE contract = ? AND lane = ? AND batch = ?"
        " AND state = 'settled'",
        batch,
    ).fetchone()
    if row is None:  # another copy of this journal has sent it
        filters = {"lane": lane, "batch_id": number}
        transaction = logs(ledger, contract, "Recorded", filters=filters)[-1].transaction
    else:
        transaction = row["hash"]
    receipt = receipt_of(ledger.chain, transaction)
    return decode_receipt(ledger, receipt) if receipt is not None else []


def bears_out(events: list[Event], kind: str, channel: int, at: int, side: str) -> bool:
    """Whether the chain raised the same alert at the same reading."""
    return any(
        event.name == ALERTS[kind]
        and (event.args["channel"], event.args["at"]) == (channel, at)
        and event.args.get("high", side == HIGH) == (side == HIGH)
        for event in events
    )
