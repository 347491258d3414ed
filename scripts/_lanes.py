"""The lanes that a command line names, as opened on the chain."""

from ledger.channels import BOOKS
from scripts._shared import Session


def taking(name: str) -> str:
    """The name of a contract that has lanes; UsageError for any other."""
    from ledger.errors import UsageError

    if name not in BOOKS:
        raise UsageError(f"{name!r} takes no measurements", f"use one of: {', '.join(BOOKS)}")
    return name


def opened(here: Session, contract: str, number: int) -> None:
    """NotFound where a contract has no such lane."""
    from ledger.errors import NotFound

    if not 0 < number <= here.view(taking(contract), "lane_count"):
        raise NotFound(f"{contract} has no lane {number}", "`waterline lane list` shows them")
