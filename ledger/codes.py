"""Supply codes: what the contract SupplyCodes computes of a zone's day, without a chain.

The record is hashed as keccak256(abi.encode(record)). Its first 40 bits are written as eight digits
of Crockford's base 32, followed by his check symbol, the rest of that number by 37: any one wrong
digit is found, and any two that changed places. Shares are rounded down, and the basis points left
go one each to the largest remainders, of equal ones to the source named first.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from eth_abi.abi import encode

from ledger.errors import UsageError
from ledger.hashing import keccak
from ledger.units import BPS_PER_WHOLE

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SYMBOLS = DIGITS + "*~$=U"
LENGTH = 8
# the fields of ISupplyCodes.Record in their order
RECORD = (
    *(("zone_id", "uint256"), ("zone_version", "uint256"), ("day", "uint256")),
    *(("version", "uint256"), ("station_id", "uint256")),
    *(("works", "uint256[]"), ("delivered_l", "uint256[]")),
    *(("sources", "uint256[]"), ("given_l", "uint256[]"), ("shares_bps", "uint256[]")),
    *(("quality", "uint256[]"), ("verdicts", "uint256[]")),
    *(("evidence_hash", "bytes32"), ("final", "bool")),
)
# the fields of PeriodRuled that a day's evidence is made of, in their order
RULING = ("channel", "period", "limit_id", "total", "count", "verdict")


def digest(record: Mapping[str, Any]) -> bytes:
    """keccak256(abi.encode(record))."""
    kinds = ",".join(kind for _, kind in RECORD)
    return keccak(encode([f"({kinds})"], [[record[name] for name, _ in RECORD]]))


def code_for(hashed: bytes) -> str:
    """The code of a record's digest."""
    number = int.from_bytes(hashed[:5], "big")
    digits = (DIGITS[number >> 5 * place & 31] for place in reversed(range(LENGTH)))
    return "".join(digits) + SYMBOLS[number % len(SYMBOLS)]


def read_code(text: str) -> str:
    """A code as a person typed it, in the one spelling; UsageError for what can be none."""
    typed = text.upper().replace("-", "").replace(" ", "")
    digits = typed[:LENGTH].replace("O", "0").replace("I", "1").replace("L", "1")
    check = typed[LENGTH:].replace("O", "0").replace("I", "1").replace("L", "1")
    if len(digits) != LENGTH or len(check) != 1 or not set(digits) <= set(DIGITS):
        raise UsageError(
            f"{text!r} is no supply code", "eight digits or letters and a check symbol"
        )
    number = 0
    for digit in digits:
        number = number << 5 | DIGITS.index(digit)
    if check != SYMBOLS[number % len(SYMBOLS)]:
        raise UsageError(f"{text!r} has a wrong check symbol", "a digit was mistyped")
    return digits + check


def shares(delivered_l: Sequence[int], given_l: Sequence[int], feeds: Sequence[int]) -> list[int]:
    """Shares of sources in basis points, 10,000 together; `feeds` names the works of each."""
    parts = exact_shares(delivered_l, given_l, feeds)
    found = [int(part) for part in parts]
    largest = sorted(range(len(parts)), key=lambda n: (found[n] - parts[n], n))
    for n in largest[: BPS_PER_WHOLE - sum(found)]:
        found[n] += 1
    return found


def exact_shares(
    delivered_l: Sequence[int], given_l: Sequence[int], feeds: Sequence[int]
) -> list[Fraction]:
    """The same before rounding."""
    taken = [
        sum(given for given, fed in zip(given_l, feeds, strict=True) if fed == works)
        for works in range(len(delivered_l))
    ]
    whole = sum(delivered_l)
    return [
        Fraction(BPS_PER_WHOLE * delivered_l[works] * given, whole * max(taken[works], 1))
        for given, works in zip(given_l, feeds, strict=True)
    ]


def evidence(rulings: Sequence[Mapping[str, Any]]) -> bytes:
    """The hash that stands for a day's rulings, by channel: anybody can make it from the log."""
    rows = sorted(tuple(int(ruling[name]) for name in RULING) for ruling in rulings)
    return keccak(encode([f"({','.join(['uint256'] * len(RULING))})[]"], [rows]))
