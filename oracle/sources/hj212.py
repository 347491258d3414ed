"""Telegrams of HJ 212-2017: cut from a stream, checked, and read into exact items.

Chapter 6 of the standard is the protocol, annex A the CRC; clauses below them are not cited, since
the numbers are not at hand. HJ 212-2025 replaces it from 2026; its text was not read.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from ledger.errors import UsageError
from oracle.sources.hj212_messages import (
    ACK,
    DATA,
    FIRST_PNO,
    FIRST_PNOS,
    Assembler,
    Verdict,
    complete,
    once,
)
from oracle.sources.hj212_packets import (
    LONGEST_SEGMENT,
    TAIL,
    Refused,
    Splitter,
    crc,
    frame,
    modbus,
    segment_of,
    shown,
)
from oracle.sources.items import Item

__all__ = [
    "DATA",
    "FIRST_PNO",
    "FIRST_PNOS",
    "LONGEST_CP",
    "LONGEST_SEGMENT",
    "VERSION",
    "VERSIONS",
    "Assembler",
    "Item",
    "Splitter",
    "Verdict",
    "acknowledgement",
    "crc",
    "decode",
    "decode_file",
    "frame",
    "modbus",
]

LONGEST_CP = 950  # between && and &&: chapter 6, the data segment
VERSIONS = {2005: 0b000000, 2017: 0b000001}  # bits V5 to V0 of Flag: chapter 6, the data segment
VERSION = 2017  # where none is named
SPLIT = 0b10  # bit D of Flag: chapter 6, the data segment
DATA_ACK, SYSTEM = "9014", "91"  # CN and ST of an acknowledgement: chapter 6, the code tables
# values are numbers in these fields, as in the commands of DATA: chapter 6, the fields
MEASURED = frozenset({"Rtd", "Min", "Avg", "Max", "Cou"})
ASIDE = frozenset({"Flag", "SampleTime"})  # said of an item's values: chapter 6, the fields
UNREAD = "EFlag"  # a field of chapter 6 whose meaning was not read: kept as text

# fields of the data segment before CP: chapter 6, the data segment
FIELDS = {
    "QN": (re.compile(r"\d{17}"), "17 digits, yyyyMMddHHmmsszzz"),
    "ST": (re.compile(r"\d{2}"), "two digits"),
    "CN": (re.compile(r"\d{4}"), "four digits"),
    "PW": (re.compile(r".{6}"), "six characters"),
    "MN": (re.compile(r"[0-9A-Za-z]+"), "letters and digits"),  # 24 in the text, 14 in the field
    "Flag": (re.compile(r"\d{1,3}"), "a decimal number of up to three digits"),
    "PNUM": (re.compile(r"\d{1,4}"), "up to four digits"),  # four: our own bound
    "PNO": (re.compile(r"\d{1,4}"), "up to four digits"),
}
_REQUIRED = ("QN", "ST", "CN", "PW", "MN", "Flag")
_PAIR = re.compile(r"([0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?=(.+)")
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?")
_MARK = re.compile(r"[0-9A-Za-z]+")


def acknowledgement(verdict: Verdict, qn: str | None = None) -> bytes:
    """The 9014 packet for an accepted telegram; it repeats the QN, PW and MN of the telegram.

    Unverified: that an acknowledgement refers to its request by the same QN, and that each packet
    of a split message has its own. `qn` sends another one.
    """
    if not verdict.ok:
        raise UsageError(f"telegram {verdict.line} was refused", "acknowledge what was accepted")
    flag = (verdict.flag or 0) & ~(SPLIT | ACK)
    about = f"PW={verdict.pw};MN={verdict.mn};Flag={flag}"
    return frame(f"QN={qn or verdict.qn};ST={SYSTEM};CN={DATA_ACK};{about};CP=&&&&")


def decode(frame: bytes, line: int = 1, version: int = VERSION) -> Verdict:
    """What a frame says; whatever is wrong with it becomes a verdict, never an exception."""
    if version not in VERSIONS:
        raise UsageError(f"the Flag bits of HJ 212-{version} are not known", f"use {[*VERSIONS]}")
    known: dict[str, str] = {}
    try:
        cp = _cut(segment_of(frame), known)
        flag, pnum, pno = _numbers(known, version)
        items, data_time, parameters = _read(cp, known["CN"], split=pnum is not None)
    except Refused as reason:
        mn, cn, qn, st = (known.get(name, "") for name in ("MN", "CN", "QN", "ST"))
        return Verdict(line, False, str(reason), mn, cn, qn=qn, st=st)
    mn, cn, qn, st, pw = (known[name] for name in ("MN", "CN", "QN", "ST", "PW"))
    told = (flag, pnum, pno, data_time, parameters, pw)
    return Verdict(line, True, None, mn, cn, items, qn, st, *told)


def decode_file(data: bytes, version: int = VERSION) -> list[Verdict]:
    """The verdicts of a text file, one frame a line, or of a raw capture.

    A text file has `;` comments or nothing but one piece a line, and its lines are numbered; of
    any other data the pieces are, from 1. Line ends may be of any kind and are not judged.
    """
    lines = re.split(rb"\r\n|\r|\n", data.removeprefix(b"\xef\xbb\xbf"))
    told = [
        (number, text)
        for number, text in enumerate(lines, 1)
        if text.strip() and not text.startswith(b";")
    ]
    pieces = [(number, piece) for number, text in told for piece in _pieces(text + TAIL)]
    commented = any(text.startswith(b";") for text in lines)
    if not commented and len(pieces) != len(told):
        pieces = list(enumerate(_pieces(data + TAIL), 1))
    return [decode(piece, number, version) for number, piece in pieces]


def _pieces(data: bytes) -> list[bytes]:
    splitter = Splitter()
    return [*splitter.feed(data), *splitter.rest()]


def _cut(segment: str, known: dict[str, str]) -> str:
    """What stands between && and &&; the fields before it go into `known`."""
    before, found, cp = segment.partition(";CP=")
    for part in before.split(";"):
        name, _, value = part.partition("=")
        if name not in FIELDS:
            raise Refused(f"{shown(part)} is no field of a data segment; send {', '.join(FIELDS)}")
        if name in known:
            raise Refused(f"{name} is given twice; send it once")
        pattern, rule = FIELDS[name]
        if not pattern.fullmatch(value):
            raise Refused(f"{name}={shown(value)} is not {rule}; correct {name}")
        known[name] = value
    if not found or not re.fullmatch("&&[^&]*&&", cp):
        what = f"CP={shown(cp)}" if found else shown(segment)
        raise Refused(f"{what} has no CP between && and &&; end the segment with CP=&&...&&")
    if len(cp) - 4 > LONGEST_CP:
        raise Refused(f"CP of {len(cp) - 4} characters is over {LONGEST_CP}; split into packets")
    return cp[2:-2]


def _numbers(known: dict[str, str], version: int) -> tuple[int, int | None, int | None]:
    """Flag, PNUM and PNO, once the fields are there and agree."""
    missing = [name for name in _REQUIRED if name not in known]
    if missing:
        raise Refused(f"the data segment has no {', '.join(missing)}; send every field")
    _moment(known["QN"][:14], f"QN={known['QN']}")
    flag, wanted = int(known["Flag"]), VERSIONS[version]
    if flag >> 2 != wanted:
        raise Refused(
            f"Flag={flag} has version bits {flag >> 2:06b}, not {wanted:06b} of HJ 212-{version}; "
            "send the version's Flag, or set the version"
        )
    given = [name for name in ("PNUM", "PNO") if name in known]
    if not flag & SPLIT and given:
        raise Refused(f"Flag={flag} has bit D 0 but {' and '.join(given)} stands; set D or omit it")
    if not flag & SPLIT:
        return flag, None, None
    if len(given) < 2:
        raise Refused(f"Flag={flag} has bit D 1 without PNUM and PNO; send both or clear D")
    pnum, pno = int(known["PNUM"]), int(known["PNO"])
    if pno > pnum or pnum == 0:
        raise Refused(f"PNO={pno} is not one of PNUM={pnum} packets; number them within PNUM")
    return flag, pnum, pno


def _read(cp: str, cn: str, split: bool) -> tuple[list[Item], str, dict[str, str]]:
    """Items, DataTime and further parameters of CP."""
    groups = [[_pair(part) for part in group.split(",")] for group in cp.split(";") if cp]
    plain = [(code, value) for group in groups for code, name, value in group if not name]
    once(name for name, _ in plain)
    parameters = dict(plain)
    stamp = parameters.pop("DataTime", "")
    data_time = _moment(stamp, f"DataTime={stamp}") if stamp else ""
    items = [item for group in groups for item in _group(group, data_time, cn)]
    if not split:
        complete(items, cn)
    return items, data_time, parameters


def _pair(part: str) -> tuple[str, str, str]:
    found = _PAIR.fullmatch(part)
    if not found:
        raise Refused(f"{shown(part)} in CP is no name=value; part items by ; and values by ,")
    return found[1], found[2] or "", found[3]


def _group(group: Sequence[tuple[str, str, str]], data_time: str, cn: str) -> Iterable[Item]:
    """The items between two semicolons, with what Flag and SampleTime of their code say."""
    once(f"{code}-{name}" for code, name, _ in group)
    aside = {(code, name): value for code, name, value in group if name in ASIDE}
    values = [pair for pair in group if pair[1] and pair[1] not in ASIDE]
    for code, name in aside:
        if code not in {code for code, _, _ in values}:
            raise Refused(f"{code}-{name} stands without a value; part it from its value by ,")
    for code, name, value in values:
        is_number = name in MEASURED or (cn in DATA and name != UNREAD)
        if is_number and not _DECIMAL.fullmatch(value):
            raise Refused(f"{code}-{name}={shown(value)} is no decimal number; write digits")
        mark, sampled = aside.get((code, "Flag"), ""), aside.get((code, "SampleTime"), "")
        if mark and not _MARK.fullmatch(mark):
            raise Refused(f"{code}-Flag={shown(mark)} is no mark; send a letter or digit")
        at = _moment(sampled, f"{code}-SampleTime={sampled}") if sampled else data_time
        yield Item(code, name, value, mark, at)


def _moment(digits: str, where: str) -> str:
    """14 digits as ISO 8601 local time."""
    if not re.fullmatch(r"\d{14}", digits):
        raise Refused(f"{shown(where)} is not yyyyMMddHHmmss; send 14 digits")
    date, clock = (digits[:4], digits[4:6], digits[6:8]), (digits[8:10], digits[10:12], digits[12:])
    at = f"{'-'.join(date)}T{':'.join(clock)}"
    try:
        datetime.fromisoformat(at)
    except ValueError as error:
        raise Refused(f"{where} is no time: {error}; set the sender's clock") from error
    return at
