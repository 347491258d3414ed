"""Signed telegrams: checked one after another, then rows and rules that need no mapping."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ledger import household_telegrams
from ledger.channels import METER, Channel
from ledger.errors import BadRecord
from ledger.keys import Key, fault_of
from ledger.leaves import INSTANT, MEASURED
from ledger.marks import NAMES, mark
from ledger.packing import ZERO_VALUE
from ledger.telegrams import Domain, Reading, Signable, Signed, parse
from oracle.household_telegrams import day_fault
from oracle.journal import Journal, Sent
from oracle.mapping import Rule, Time
from oracle.readings import Refusal
from oracle.sources.chunks import Chunk

HEADER = "signed"  # of their rows in the archive: one row a reading, each the whole telegram
TIME = Time(form="unix_s", column="at")
MARKS = {str(mark(name)): mark(name) for name in NAMES.values()}


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys as the chain had them after that many changes, and what they sign for."""

    changes: int
    domain: Domain
    by_number: Mapping[int, Key]


@dataclass(frozen=True, slots=True)
class Checked:
    """A telegram, the grade of its readings, and its digest; or why it is held, with grade 0.

    It holds readings, `signed`, or days of households, `homes`. `again` says that the same content
    was taken in before.
    """

    raw: bytes
    signed: Signed | None = None
    homes: household_telegrams.Sent | None = None
    grade: int = 0
    digest: bytes = b""
    reason: str = ""
    detail: str = ""
    again: bool = False

    @property
    def told(self) -> Signed | household_telegrams.Sent | None:
        """What was signed; None of one that is held."""
        return self.signed or self.homes

    @property
    def sent(self) -> Sent | None:
        """What the journal keeps of its sequence; None of one that is held."""
        if self.told is None:
            return None
        about = self.told.key, self.told.telegram.device, self.told.telegram.sequence
        return Sent(*about, self.digest)


def check(
    raws: Sequence[bytes],
    held_by: Keys,
    channels: Mapping[int, Channel],
    journal: Journal,
    now: int,
) -> list[Checked]:
    """Telegrams in the order in which they came; `channels` are those that have a lane here."""
    found: list[Checked] = []
    fresh: dict[tuple[int, int], dict[int, bytes]] = {}
    for raw in raws:
        one = _checked(raw, held_by, channels, now)
        if one.told is not None:
            sender = one.told.key, one.told.telegram.device
            one = _in_sequence(one, one.told, fresh.setdefault(sender, {}), journal)
        found.append(one)
    return found


def _checked(raw: bytes, held_by: Keys, channels: Mapping[int, Channel], now: int) -> Checked:
    about: Signable
    try:
        homes = household_telegrams.parse(raw)
        signed = None if homes else parse(raw)
    except BadRecord as error:
        return Checked(raw, reason="broken_telegram", detail=error.message)
    if homes is not None:
        about, number = homes.telegram.about(), homes.key
        wrong = _fault(about, number, homes.signature, held_by, channels)
        wrong = wrong or day_fault(homes, channels[about.channels[0]], now)
    elif signed is not None:
        about, number = signed.telegram, signed.key
        wrong = _fault(about, number, signed.signature, held_by, channels)
    else:
        return Checked(raw, reason="broken_telegram", detail="no telegram with a signature")
    if wrong:
        return Checked(raw, reason=wrong[0], detail=wrong[1])
    found = Checked(raw, signed, homes, digest=held_by.domain.digest(about))
    return replace(found, grade=held_by.by_number[number].grade)


def _fault(
    about: Signable, number: int, signature: str, held_by: Keys, channels: Mapping[int, Channel]
) -> tuple[str, str] | None:
    """Why something signed is held: a reason and the particulars."""
    wrong = fault_of(about, number, signature, held_by.by_number, held_by.domain)
    if wrong:
        return wrong
    key = held_by.by_number[number]
    if key.revoked_at:
        return "key_not_valid", f"key {key.id} was revoked at {key.revoked_at}"
    for one in about.channels:
        if one not in channels:
            return "no_lane", f"channel {one}"
        if channels[one].device_id != about.device:
            return "other_device", f"channel {one} is not of device {about.device}"
    return None


def _in_sequence(
    one: Checked,
    told: Signed | household_telegrams.Sent,
    fresh: dict[int, bytes],
    journal: Journal,
) -> Checked:
    """A sequence number stands for one content, and rises; the same telegram again is let by."""
    device, sequence = told.telegram.device, told.telegram.sequence
    known = fresh.get(sequence) or journal.signed_digest(told.key, device, sequence)
    if known not in (None, one.digest):
        detail = f"{sequence} was sent with another content, 0x{known.hex()}"
        return Checked(one.raw, reason="sequence_again", detail=detail)
    last = max([journal.last_sequence(told.key, device), *fresh])
    if known is None and sequence < last:
        detail = f"{sequence} after {last}"
        return Checked(one.raw, reason="sequence_falls", detail=detail)
    fresh[sequence] = one.digest
    return replace(one, again=known is not None)


def without_homes(one: Checked) -> Checked:
    """The same where households are not taken in: their telegrams are held."""
    if one.homes is None:
        return one
    return Checked(one.raw, reason="no_lane", detail="a leased lane takes no households")


def homes_of(run: Sequence[Checked]) -> list[tuple[bytes, household_telegrams.Sent]]:
    """Telegrams of households as they came, each with what it says."""
    return [(one.raw, one.homes) for one in run if one.homes is not None]


def chunk_of(
    first_row: int, run: Sequence[Checked], channels: Mapping[int, Channel]
) -> tuple[Chunk, list[Refusal]]:
    """Telegrams of one grade as rows, one a reading; held ones are one row each, and refused."""
    rows: list[tuple[bytes, Reading | None]] = []
    refusals = []
    for one in run:
        if one.signed is None:
            row = first_row + len(rows)
            refusals.append(Refusal(None, row, None, "", one.reason, one.detail))
            rows.append((one.raw, None))
        else:
            rows += [(one.raw, reading) for reading in one.signed.telegram.readings]
    told = [reading for _, reading in rows]
    return Chunk(first_row, HEADER, [raw for raw, _ in rows], cells(told, channels)), refusals


def cells(
    readings: Sequence[Reading | None], channels: Mapping[int, Channel]
) -> dict[str, list[str]]:
    """Readings as cells: the moment, and by channel the value in whole steps and its mark."""
    found = {"at": [str(one.at) if one else "" for one in readings]}
    for number, meter in {
        one.channel: channels[one.channel].kind == METER for one in readings if one
    }.items():
        zero = 0 if meter else ZERO_VALUE
        mine = [one if one and one.channel == number else None for one in readings]
        found[str(number)] = [str(one.value - zero) if one else "" for one in mine]
        found[f"{number}-mark"] = [str(one.mark) if one else "" for one in mine]
    return found


def rules(channels: Iterable[Channel], grade: int) -> list[Rule]:
    """How the rows of signed telegrams become readings: as they are, in stored units."""
    return [_rule(channel, grade) for channel in channels]


def _rule(channel: Channel, grade: int) -> Rule:
    meter = channel.kind == METER
    return Rule(
        channel=channel,
        column=str(channel.id),
        of="register" if meter else "value",
        unit="",
        factor=Fraction(1),
        decimals=None,
        kind=MEASURED if meter else INSTANT,
        grade=grade,
        mark_column=f"{channel.id}-mark",
        marks={"0": 0} if meter else MARKS,
        most_change=0,
        stuck_after=0,
    )
