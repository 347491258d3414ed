"""The duties of posts, as contracts/modules/duties.vy numbers them."""

from collections.abc import Iterable

from ledger.errors import UsageError

DUTIES = {
    "REGISTRAR": 1,
    "VERIFIER": 2,
    "STANDARDS_KEEPER": 4,
    "NETWORK_KEEPER": 8,
    "DEVICE_KEEPER": 16,
    "CLERK": 32,
    "REVIEWER": 64,
    "DECIDER": 128,
    "ISSUER": 256,
    "SUPERVISOR": 512,
    "RELAY": 1024,
    "BILLER": 2048,
    "DISPATCHER": 4096,
    "ANALYST": 8192,
}


def bits(names: Iterable[str]) -> int:
    """The duties of a post as one number."""
    total = 0
    for name in names:
        key = name.strip().upper().replace("-", "_").replace(" ", "_")
        if key not in DUTIES:
            raise UsageError(f"unknown duty {name!r}", f"use some of: {', '.join(DUTIES).lower()}")
        total |= DUTIES[key]
    return total


def words(total: int) -> list[str]:
    """The names of the duties in a number."""
    return [name.lower().replace("_", " ") for name, bit in DUTIES.items() if total & bit]
