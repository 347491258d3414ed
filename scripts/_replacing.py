"""Replacing a book: halted, deployed anew and listed, adopted in pages."""

from typing import Any

from ledger.channels import BOOKS, METER_BOOKS
from ledger.deployment import Ledger
from ledger.errors import UsageError, WaterlineError
from ledger.labels import label
from ledger.structs import every, read
from scripts._shared import Session
from scripts._writing import Act, perform

MOST = 200  # channels or accounts of one page


def require_book(name: str) -> None:
    """UsageError for a contract that cannot be replaced so."""
    if name not in BOOKS:
        raise UsageError(f"{name} is no book of readings", f"use one of: {', '.join(BOOKS)}")


def is_listed(ledger: Ledger, name: str) -> bool:
    """Whether Authority lists the contract that the record names."""
    listed = read(ledger, "Authority", "contract_at", label(name))
    return bool(listed.lower() == ledger.deployed(name).address.lower())


def is_adopted(ledger: Ledger, name: str) -> bool:
    """Whether the present book has taken over all of the one before, if there was one."""
    if not ledger.deployment.formers(name):
        return True
    one = read(ledger, "Adoption", "replacement", label(name))
    ours = one["book"].lower() == ledger.deployed(name).address.lower()
    return bool(ours and one["finished"])


def require_halted(ledger: Ledger, name: str) -> None:
    """UsageError while a lane of the book is open."""
    running = [n for n, lane in every(ledger, name, "lane", "lane_count") if not lane["halted"]]
    if running:
        raise UsageError(
            f"{name} has lanes that are not halted: {', '.join(map(str, running))}",
            f"halt each: `waterline lane halt {name} {running[0]} --account officer-1`",
        )


def adopt(here: Session, name: str, size: int) -> dict[str, Any]:
    """Take over what is left, page by page, and the lanes at the end; the last act for `--json`."""
    former = here.ledger.deployment.formers(name)
    if not former:
        raise UsageError(f"{name} has replaced nothing", f"`waterline deploy replace {name}` first")
    if is_adopted(here.ledger, name):
        raise UsageError(f"{name} is adopted already", "resume its lanes: `waterline lane resume`")
    calls = here.contract("Adoption").functions
    word, paged = label(name), here.waiting_for("included")
    one = read(here.ledger, "Adoption", "replacement", word)
    if one["book"].lower() != here.ledger.deployed(name).address.lower():
        begin = calls.begin(word, label(former[-1]))
        done = perform(paged, [Act("Adoption", begin, f"{name} takes over {former[-1]}")])
        if here.dry_run:
            return done.as_json()
    while page := _next(here.ledger, name):
        what, first, last = page
        says = f"{what} {first} to {min(first + size - 1, last)} of {last}"
        act = Act("Adoption", calls.take_page(word, first, size), says)
        done = perform(paged, [act])
        if here.dry_run:
            return done.as_json()
        told = done.first("PageTaken")
        if told is None:
            raise WaterlineError(f"page of {says} told nothing", "run the same command again")
        both = (
            f"{told.args['new_l']} L in both books" if name in METER_BOOKS else "both books agree"
        )
        here.say(f"{told.args['taken']} taken, {both}")
    done = perform(here, [Act("Adoption", calls.finish(word), f"{name} takes over the lanes")])
    return done.as_json()


def _next(ledger: Ledger, name: str) -> tuple[str, int, int] | None:
    """What the next page is of, where it begins, and the last number there is."""
    one = read(ledger, "Adoption", "replacement", label(name))
    if one["next_channel"] <= one["channels"]:
        return "channels", one["next_channel"], one["channels"]
    if one["next_permit"] <= one["permits"]:
        return "accounts", one["next_permit"], one["permits"]
    return None
