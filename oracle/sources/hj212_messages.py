"""What telegrams of HJ 212-2017 say, and messages joined from several packets."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace

from oracle.sources.hj212_packets import Refused
from oracle.sources.items import Item

ACK = 0b01  # bit A of Flag: chapter 6, the data segment
# commands that carry measured values: chapter 6, the code tables
DATA = frozenset({"2011", "2031", "2041", "2051", "2061"})
FIRST_PNO = 1  # where none is named; unverified: annex C was not read
FIRST_PNOS = (FIRST_PNO, 0)
MOST_PACKETS = 1024  # our own bound on packets that wait for others


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one telegram says, or why it is refused; `pnum` and `pno` are None where not sent."""

    line: int
    ok: bool
    error: str | None = None
    mn: str = ""
    cn: str = ""
    items: list[Item] = field(default_factory=list)
    qn: str = ""
    st: str = ""
    flag: int | None = None
    pnum: int | None = None
    pno: int | None = None
    data_time: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    pw: str = field(default="", repr=False)

    @property
    def asks_ack(self) -> bool:
        """Whether the sender waits for an acknowledgement."""
        return self.ok and bool((self.flag or 0) & ACK)

    def as_json(self) -> dict[str, object]:
        """The verdict without the password."""
        return {name: value for name, value in asdict(self).items() if name != "pw"}


class Assembler:
    """Joins the packets of split messages, by MN, QN and CN, in the order of PNO.

    Unverified: that PNO begins at 1, and that a packet ends between two items. At most
    `most_packets` packets wait; beyond it the oldest message is given up as a refused verdict.
    """

    def __init__(self, first_pno: int = FIRST_PNO, most_packets: int = MOST_PACKETS) -> None:
        self._first_pno = first_pno
        self._most_packets = most_packets
        self._waiting: dict[tuple[str, str, str], dict[int, Verdict]] = {}

    def add(self, verdict: Verdict) -> list[Verdict]:
        """The verdicts that are whole, or given up, with this one; [] while packets are missing."""
        pnum, pno = verdict.pnum, verdict.pno
        if not verdict.ok or pnum is None or pno is None:
            return [verdict]
        if not 0 <= pno - self._first_pno < pnum:
            first = self._first_pno
            return [_refuse(verdict, f"PNO={pno} is outside {first} to {first + pnum - 1}")]
        key = (verdict.mn, verdict.qn, verdict.cn)
        parts = self._waiting.setdefault(key, {})
        before = parts.get(pno, verdict)
        if any(part.pnum != pnum for part in parts.values()):
            return [_refuse(verdict, f"PNUM={pnum} is not that of the message's other packets")]
        if replace(before, line=verdict.line) != verdict:
            return [_refuse(verdict, f"PNO={pno} came before with other content")]
        parts.setdefault(pno, verdict)
        if len(parts) < pnum:
            return self._shed()
        del self._waiting[key]
        return [_joined([parts[number] for number in sorted(parts)])]

    def waits_for_more_of(self, verdict: Verdict) -> bool:
        """Whether packets of that message wait for others."""
        return (verdict.mn, verdict.qn, verdict.cn) in self._waiting

    def rest(self) -> list[Verdict]:
        """Give up every message that still waits."""
        return [self._oldest() for _ in range(len(self._waiting))]

    def _shed(self) -> list[Verdict]:
        shed = []
        while sum(map(len, self._waiting.values())) > self._most_packets:
            shed.append(self._oldest())
        return shed

    def _oldest(self) -> Verdict:
        parts = self._waiting.pop(next(iter(self._waiting)))
        one = next(iter(parts.values()))
        return _refuse(one, f"only {len(parts)} of PNUM={one.pnum} packets came")


def _refuse(verdict: Verdict, why: str) -> Verdict:
    error = f"{why}; send the message again"
    return replace(verdict, ok=False, error=error, items=[], parameters={})


def _joined(parts: Sequence[Verdict]) -> Verdict:
    data_time = next((part.data_time for part in parts if part.data_time), "")
    items = [replace(item, at=item.at or data_time) for part in parts for item in part.items]
    parameters = {name: value for part in parts for name, value in part.parameters.items()}
    whole = replace(parts[0], pno=None, data_time=data_time, items=items, parameters=parameters)
    try:
        complete(items, whole.cn)
    except Refused as reason:
        return _refuse(whole, str(reason))
    return whole


def once(names: Iterable[str]) -> None:
    """Refuse a name that is given twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Refused(f"{name} is given twice; send it once")
        seen.add(name)


def complete(items: Sequence[Item], cn: str) -> None:
    """Refuse a measured value without a time, and two of the same name and time."""
    for item in items:
        if cn in DATA and not item.at:
            raise Refused(f"{item.code}-{item.field} has no time; send DataTime or SampleTime")
    once(f"{item.code}-{item.field} of {item.at or 'no time'}" for item in items)
