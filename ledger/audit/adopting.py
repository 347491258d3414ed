"""A book that takes another one over, page by page, as docs/replacing.md says."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from ledger.audit.accounts import MeterBook
from ledger.audit.gauges import GaugeBook
from ledger.audit.groups import M32, M48

CHANNELS = 1  # what a page is of; accounts otherwise


@dataclass(slots=True)
class Adoption:
    """One book in place of another, and what it has taken over so far."""

    book: str
    old: str
    meters: int = 0  # or gauges
    accounts: int = 0
    count_l: int = 0
    used_l: int = 0


def take_page(books: dict[str, MeterBook], one: Adoption, page: dict[str, Any]) -> dict[str, int]:
    """Take over channels or accounts; what the page must say of them."""
    numbers = range(page["first"], page["first"] + page["count"])
    book, old = books[one.book], books[one.old]
    if page["what"] == CHANNELS:
        taken = [number for number in numbers if number in old.meters]
        total_l = sum(_take_meter(book, old, number) for number in taken)
        one.meters, one.count_l = one.meters + len(taken), one.count_l + total_l
    else:
        taken = [number for number in numbers if number in old.accounts]
        total_l = sum(_take_account(book, old, number) for number in taken)
        one.accounts, one.used_l = one.accounts + len(taken), one.used_l + total_l
    return {"taken": len(taken), "old_l": total_l, "new_l": total_l}


def take_gauges(books: dict[str, GaugeBook], one: Adoption, page: dict[str, Any]) -> dict[str, int]:
    """Take over gauges, whole; what the page must say of them. Outlets are taken as told."""
    if page["what"] != CHANNELS:
        one.accounts += page["taken"]
        return {"old_l": 0, "new_l": 0}
    book, old = books[one.book], books[one.old]
    numbers = range(page["first"], page["first"] + page["count"])
    taken = [number for number in numbers if number in old.gauges]
    book.gauges.update({number: deepcopy(old.gauges[number]) for number in taken})
    one.meters += len(taken)
    return {"taken": len(taken), "old_l": 0, "new_l": 0}


def finish(
    book: MeterBook | GaugeBook, old: MeterBook | GaugeBook, one: Adoption
) -> dict[str, int]:
    """Take over the lanes, halted; what must be said at the end."""
    book.lanes = deepcopy(old.lanes)
    for lane in book.lanes.values():
        lane.halted = True
    sums = {"count_l": one.count_l, "used_l": one.used_l}
    return {"meters": one.meters, "accounts": one.accounts, "lanes": len(book.lanes), **sums}


def _take_meter(book: MeterBook, old: MeterBook, number: int) -> int:
    """A channel without its tripwires: the next reading asks for them anew. Its count."""
    meter = deepcopy(old.meters[number])
    bound = meter.permit_id != 0
    meter.trip_l = meter.register_l if bound else M48
    meter.rules_at = meter.last_at if bound else M32
    meter.paused, meter.barred = bound, False
    book.meters[number] = meter
    return meter.count_l


def _take_account(book: MeterBook, old: MeterBook, number: int) -> int:
    """An account with the use of all its years, in litres."""
    account = book.accounts[number] = deepcopy(old.accounts[number])
    open_years = {book.meters[meter].period for meter in account.meters}
    return sum(book.used_l(number, year) for year in {*account.closed_l, *open_years})
