"""How permits change and end: restricted, extended, altered, amended, transferred, given back."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act, act_on
from scripts._arguments import Application, PermitNumber, Reason, Transfer
from scripts._shared import Noun, session

app = Noun(__doc__)
Stated = Annotated[str, typer.Option(help="The date the act states; now if left out.")]
InForce = Annotated[str, typer.Option(help="From when, before the permit ends; now if left out.")]
Document = Annotated[Path | None, typer.Option(help="The document; its hash only.")]
ENDS = {3: "revoked", 5: "deregistered", 6: "invalid"}


@app.write("restrict")
def restrict(
    number: PermitNumber,
    annual: Annotated[str, typer.Argument(help="Volume a year while it lasts: 200000 m3.")],
    reason: Reason,
    notice: Annotated[str, typer.Option(help="When the holder was notified in writing.")],
    until: Annotated[str, typer.Option(help="When it ends by itself.")],
    from_at: Annotated[str, typer.Option("--from", help="From when; now if left out.")] = "",
) -> Any:
    """Restrict the yearly volume for a time, after written notice.

    For example: waterline permit restrict C990100S2026-0001 '200000 m3' drought --notice 2026-07-01
    --from 2026-07-10 --until 2026-09-30 --account officer-1
    """
    from ledger.units import parse
    from scripts._permits import date_of

    dates = date_of(notice), date_of(from_at), date_of(until)
    says = f"restrict {number} to {annual} a year: {reason}"
    return act_on("PermitRegistry", number, "restrict", says, parse(annual), reason, *dates)


@app.write("lift-restriction")
def lift_restriction(number: PermitNumber) -> Any:
    """End a restriction before its time.

    For example: waterline permit lift-restriction C990100S2026-0001 --account officer-1
    """
    return act_on("PermitRegistry", number, "lift_restriction", f"lift the restriction of {number}")


@app.write("request-extension")
def request_extension(
    number: PermitNumber,
    until: Annotated[str, typer.Option(help="The new end of validity.")],
    document: Document = None,
    stated: Stated = "",
) -> Any:
    """Ask that a permit be extended, in time before it expires: abstraction 45 days, drainage 30.

    The holder's own request counts when it is recorded. A clerk records what came in on paper, and
    states the date.

    For example: waterline permit request-extension C990100S2026-0001 --until 2036-01-01 --account
    holder-1
    """
    from scripts._permits import date_of, document_hash

    arguments = date_of(until), document_hash(document), date_of(stated)
    says = f"ask to extend {number} until {until}"
    return act_on("PermitChanges", number, "request_extension", says, *arguments)


@app.write("decide-extension")
def decide_extension(
    number: PermitNumber,
    refuse: Annotated[bool, typer.Option(help="Refuse it.")] = False,
    stated: Stated = "",
) -> Any:
    """Decide on an extension that was asked for, before the permit expires.

    For example: waterline permit decide-extension C990100S2026-0001 --account officer-3
    """
    from scripts._permits import date_of

    says = f"{'refuse' if refuse else 'approve'} the extension of {number}"
    at = date_of(stated)
    return act_on("PermitChanges", number, "decide_extension", says, not refuse, at)


@app.write("alter")
def alter(
    number: PermitNumber,
    station: Annotated[str, typer.Option(help="Code of the station.")] = "",
    monthly: Annotated[str, typer.Option(help="Highest volume of a month.")] = "",
    daily: Annotated[str, typer.Option(help="Highest volume of a day.")] = "",
    peak: Annotated[str, typer.Option(help="Highest rate.")] = "",
    season: Annotated[str, typer.Option(help="Days of the year: 04-01..10-31.")] = "",
    return_station: Annotated[str, typer.Option(help="Where water is returned.")] = "",
    document: Document = None,
    in_force: InForce = "",
) -> Any:
    """Change what needs no new application; what is not named stays as it was.

    Source, purpose, volume and return flow need a new application: `permit apply --amends NUMBER`.

    For example: waterline permit alter C990100S2026-0001 --peak '300 m3/h' --account officer-3
    """
    given = {k: v for k, v in locals().items() if k not in ("number", "in_force") and v}
    from scripts._permits import alteration, date_of

    here = session()
    changed = alteration(here, number, given)
    says = f"alter {number}: {', '.join(given) or 'nothing'}"
    return act_on("PermitChanges", number, "alter", says, changed, date_of(in_force))


@app.write("amend")
def amend(application: Application, in_force: InForce = "", stated: Stated = "") -> Any:
    """Give a permit the terms of an approved application that amends it.

    For example: waterline permit amend 4 --account officer-3
    """
    from scripts._permits import date_of

    says = f"amend a permit by application {application}"
    arguments = application, date_of(in_force), date_of(stated)
    return act("PermitChanges", "amend", says, *arguments)


@app.write("offer-transfer")
def offer_transfer(
    number: PermitNumber,
    to: Annotated[str, typer.Option(help="The permit that takes the volume.")],
    volume: Annotated[str, typer.Option(help="Volume a year: 20000 m3.")],
    price: Annotated[str, typer.Option(help="What is paid: '5000 yuan'.")] = "0 yuan",
    document: Document = None,
    in_force: InForce = "",
) -> Any:
    """Offer a part of a permit's volume, saved water, to another permit, as its holder.

    The price is stated only, no money moves. The holder of the taking permit accepts, then an
    officer decides.

    For example: waterline permit offer-transfer C990100S2026-0001 --to C990100G2026-0002 --volume
    '20000 m3' --price '5000 yuan' --account holder-1
    """
    from ledger.units import parse, parse_money
    from scripts._permits import date_of, document_hash, permit_by_number

    here = session()
    (giver, _), (taker, _) = permit_by_number(here, number), permit_by_number(here, to)
    terms = parse(volume), parse_money(price), date_of(in_force), document_hash(document)
    says = f"offer {volume} of {number} to {to} for {price}"
    arguments = giver, taker, *terms
    return act("PermitChanges", "offer_transfer", says, *arguments, numbered="transfer_id")


@app.write("accept-transfer")
def accept_transfer(transfer: Transfer) -> Any:
    """Accept an offered transfer, as the holder of the permit that takes.

    `permit transfers` shows volume, price and document: an offer is never altered.

    For example: waterline permit accept-transfer 1 --account holder-2
    """
    return act("PermitChanges", "accept_transfer", f"accept transfer {transfer}", transfer)


@app.write("decline-transfer")
def decline_transfer(transfer: Transfer) -> Any:
    """Decline an offered transfer, as the holder of the permit that takes.

    For example: waterline permit decline-transfer 1 --account holder-2
    """
    return act("PermitChanges", "decline_transfer", f"decline transfer {transfer}", transfer)


@app.write("withdraw-transfer")
def withdraw_transfer(transfer: Transfer) -> Any:
    """Take back an offered transfer that is not decided yet, as its giver.

    For example: waterline permit withdraw-transfer 1 --account holder-1
    """
    return act("PermitChanges", "withdraw_transfer", f"withdraw transfer {transfer}", transfer)


@app.write("decide-transfer")
def decide_transfer(
    transfer: Transfer, refuse: Annotated[bool, typer.Option(help="Refuse it.")] = False
) -> Any:
    """Approve an accepted transfer, which moves the volume, or refuse it.

    For example: waterline permit decide-transfer 1 --account officer-3
    """
    says = f"{'refuse' if refuse else 'approve'} transfer {transfer}"
    return act("PermitChanges", "decide_transfer", says, transfer, not refuse)


@app.read("transfers")
def transfers() -> Any:
    """List the transfers: offered, accepted, declined, withdrawn, approved or refused.

    For example: waterline permit transfers
    """
    from ledger.structs import every, read
    from ledger.units import show
    from scripts._showing import TRANSFER_STATES, m3, table, utc

    here = session()
    document = [
        {
            "transfer": n,
            "from": read(here.ledger, "PermitRegistry", "permit", raw["giver"])["number"],
            "to": read(here.ledger, "PermitRegistry", "permit", raw["taker"])["number"],
            "volume_l": raw["volume_l"],
            "price_uy": raw["price_uy"],
            "in_force": utc(raw["in_force_at"]),
            "document_sha256": "0x" + raw["document_hash"].hex(),
            "state": TRANSFER_STATES[raw["state"]],
        }
        for n, raw in every(here.ledger, "PermitChanges", "transfer", "transfer_count")
    ]
    rows = [
        (
            *(t["transfer"], t["from"], t["to"], m3(t["volume_l"])),
            *(show(t["price_uy"], "uy"), t["in_force"] or "when approved"),
            *(t["document_sha256"][:10], t["state"]),
        )
        for t in document
    ]
    head = ("no.", "from", "to", "a year", "price", "in force", "document", "state")
    return here.tell(document, lambda: table(rows, head))


@app.write("surrender")
def surrender(number: PermitNumber, reason: Reason) -> Any:
    """Give a permit back, as its holder.

    For example: waterline permit surrender C990100S2026-0001 'works closed' --account holder-1
    """
    says = f"surrender {number}: {reason}"
    return act_on("PermitChanges", number, "surrender", says, reason)


End = Annotated[str, typer.Option("--as", help="revoked, deregistered or invalid")]


@app.write("propose-end")
def propose_end(
    number: PermitNumber,
    ground: Annotated[str, typer.Argument(help="Why it ends, in words.")],
    end: End = "revoked",
) -> Any:
    """Propose that a permit be revoked, deregistered or found invalid; another officer decides.

    For example: waterline permit propose-end C990100S2026-0001 'false documents' --as invalid
    --account officer-1
    """
    says = f"propose that {number} be {end}: {ground}"
    return act_on("PermitChanges", number, "propose_end", says, _end(end), ground)


@app.write("decide-end")
def decide_end(number: PermitNumber, end: End = "revoked") -> Any:
    """Decide on a proposed end; the permit ends now.

    For example: waterline permit decide-end C990100S2026-0001 --as invalid --account officer-3
    """
    return act_on("PermitChanges", number, "decide_end", f"{number} is {end}", _end(end))


def _end(word: str) -> int:
    from ledger.errors import UsageError
    from scripts._showing import number_of

    number = number_of(ENDS, word)
    if number is None:
        raise UsageError(f"a permit does not end as {word!r}", f"use {', '.join(ENDS.values())}")
    return number
