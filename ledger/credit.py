"""Unified social credit codes, checked as GB 32100-2015 says."""

from typing import NewType

from ledger.errors import BadCreditCode

CreditCode = NewType("CreditCode", str)

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V and Z
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)  # 3^(i-1) mod 31
INNER_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714, positions 9 to 16
LENGTH = 18


def check(text: str) -> CreditCode:
    """The code in its one spelling; BadCreditCode names what is wrong with it."""
    code = "".join(text.split()).upper()
    if len(code) != LENGTH:
        raise _bad(text, f"has {len(code)} characters, not {LENGTH}")
    for place, letter in enumerate(code, start=1):
        if letter not in ALPHABET:
            raise _bad(text, f"has {letter!r} at position {place}, which no code contains")
    if code[-1] != check_character(code):
        raise _bad(text, "fails its check character")
    return CreditCode(code)


def check_character(code: str) -> str:
    """The 18th character that the first 17 ask for."""
    total = sum(ALPHABET.index(c) * w for c, w in zip(code, WEIGHTS, strict=False))
    return ALPHABET[(31 - total % 31) % 31]


def inner_warning(code: CreditCode) -> str | None:
    """A warning when the organisation's own check (GB 11714, itself unverified) fails."""
    body, given = code[8:16], code[16]
    if not body.isdigit():
        return None
    rest = 11 - sum(int(c) * w for c, w in zip(body, INNER_WEIGHTS, strict=True)) % 11
    wanted = {10: "X", 11: "0"}.get(rest, str(rest))
    if given == wanted:
        return None
    return f"{code}: the organisation code inside it fails its own check (GB 11714)"


def _bad(text: str, reason: str) -> BadCreditCode:
    return BadCreditCode(f"{text!r} {reason}", "compare it with the licence (GB 32100-2015)")
