"""What is held, with its reason; what turns out to be true is released, the rest rejected."""

import re
from collections.abc import Mapping as Names
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ledger.channels import Channel
from ledger.errors import NotFound, UsageError, WaterlineError
from ledger.grades import OPERATOR
from ledger.keystores import Signer
from ledger.packing import MAX_REGISTER_L
from ledger.telegrams import parse
from oracle import cells, signed, verdicts
from oracle.cells import Cell
from oracle.flags import flags
from oracle.intake import Accepted, parts
from oracle.journal import Journal
from oracle.mapping import ByName, Mapping, Rule, rules
from oracle.readings import REASONS
from oracle.sources.chunks import Chunk, cut
from oracle.sources.telegrams import SPOKEN, cells_of
from oracle.store import Store
from oracle.times import NoMoment, moments
from oracle.verdicts import REJECTED, RELEASED

WIDEST = 2**60  # beyond every stored word of every resolution


class StaysHeld(WaterlineError):
    """A held reading that cannot be released."""

    code = "stays_held"
    exit_code = 6


def held(store: Store, *, every: bool = False) -> list[dict[str, Any]]:
    """What is held, oldest first; with `every` also what was decided on."""
    rows = store.db.execute(
        "SELECT held.*, source.name AS source FROM held"
        " LEFT JOIN segment ON segment.id = held.segment"
        " LEFT JOIN source ON source.id = segment.source"
        f" {'' if every else 'WHERE state = '}{'' if every else repr('held')} ORDER BY held.id"
    )
    return [{**dict(row), "detail": masked(row["detail"])} for row in rows]


def masked(text: str) -> str:
    """A telegram as it is shown: PW of HJ 212 is a password, and stays in the archive."""
    return re.sub(r"\bPW=[^;]*;", "PW=***;", text)


def one_of(store: Store, number: int) -> dict[str, Any]:
    """One entry; NotFound when there is none."""
    for entry in held(store, every=True):
        if entry["id"] == number:
            return {**entry, "remedy": REASONS[entry["reason"]]}
    raise NotFound(f"nothing is held under {number}", "`waterline oracle quarantine list`")


def release(
    journal: Journal,
    number: int,
    channels: ByName,
    now: int,
    note: str,
    mapping: Mapping | None,
    signer: Signer | None = None,
) -> dict[str, Any]:
    """Take a held reading in after all, on an operator's word; the bounds no longer hold it back.

    It must still be later than its channel's last reading: a batch keeps the order of time. Without
    a signer it is an act on the chain that lets it in, and nobody's verdict.
    Raises StaysHeld with the reason that remains, UsageError for what is no reading.
    """
    entry = _undecided(journal, number)
    if entry["channel"] is None or entry["segment"] is None:
        raise StaysHeld(f"{number} is no single reading: {entry['detail']}", entry["remedy"])
    segment = journal.segment(entry["segment"])
    telegram = segment.telegrams[entry["row"] - segment.first_row]
    if segment.header == signed.HEADER:
        rule, cell = _signed(telegram, channels, entry)
    else:
        used = mapping or Mapping.model_validate_json(_mapping(journal, entry["segment"]))
        rule = _lifted(rules(used, channels), entry)
        texts = _texts(segment.header, telegram, used.columns)
        chunk = Chunk(entry["row"], segment.header, [telegram], texts)
        at = moments(used.time, chunk, journal.shift_of(entry["segment"]))[0]
        cell = _cell(rule, entry["row"], at, texts, telegram)
    before = journal.states([rule.channel.id])[rule.channel.id]
    taken = cells.take(rule, [cell], before, now, journal.known)
    if len(taken.block) == 0:
        why = taken.refusals[0] if taken.refusals else None
        reason = why.reason if why else "recorded already"
        detail = f": {why.detail}" if why else ""
        raise StaysHeld(f"{number} stays held, {reason}{detail}", REASONS.get(reason, ""))
    found, run = flags(rule, taken.block, before)
    after = replace(taken, state=replace(taken.state, run=run))
    (one,) = parts(Accepted(rule, after, found, before))
    verdict = verdicts.signed(journal, entry, RELEASED, note, now, signer)
    journal.release(entry["segment"], one, lambda: verdicts.enter(journal, number, verdict))
    return one_of(journal, number)


def reject(journal: Journal, number: int, now: int, note: str, signer: Signer) -> dict[str, Any]:
    """Put on record that a held entry is not true, on an operator's word; it stays as it came.

    UsageError where somebody has decided already.
    """
    entry = _undecided(journal, number)
    verdict = verdicts.signed(journal, entry, REJECTED, note, now, signer)
    with journal.commit():
        verdicts.enter(journal, number, verdict)
    return one_of(journal, number)


def _undecided(journal: Journal, number: int) -> dict[str, Any]:
    entry = one_of(journal, number)
    if entry["state"] != "held":
        raise UsageError(
            f"{number} is {entry['state']} already", "`waterline oracle quarantine list --all`"
        )
    return entry


def _texts(header: str, telegram: bytes, columns: Sequence[str]) -> dict[str, list[str]]:
    """The cells of a kept row: a station's telegram is read by its protocol, others are CSV."""
    if header in SPOKEN:
        told = cells_of(header, telegram)
        return {column: [told.get(column, "")] for column in columns}
    return {name: [cell] for name, cell in zip(cut(header), cut(telegram.decode()), strict=True)}


def _mapping(journal: Journal, segment: int) -> str:
    row = journal.db.execute(
        "SELECT mapping FROM source JOIN segment ON segment.source = source.id"
        " WHERE segment.id = ?",
        (segment,),
    ).fetchone()
    return str(row[0])


def _signed(telegram: bytes, channels: ByName, entry: dict[str, Any]) -> tuple[Rule, Cell]:
    """A held reading of a signed telegram; it is taken in on an operator's word, not the key's."""
    told = parse(telegram)
    by_number = {one.id: one for one in channels.values()}
    rule = _lifted(signed.rules([by_number[entry["channel"]]], OPERATOR), entry)
    readings = told.telegram.readings if told else ()
    one = next(r for r in readings if (r.channel, r.at) == (entry["channel"], entry["at"]))
    return rule, _cell(rule, entry["row"], one.at, signed.cells([one], by_number), telegram)


def _cell(
    rule: Rule, row: int, at: int | NoMoment, texts: Names[str, Sequence[str]], telegram: bytes
) -> Cell:
    mark = texts[rule.mark_column][0] if rule.mark_column else ""
    return Cell(row, at, texts[rule.column][0], mark, telegram)


def _lifted(found: Sequence[Rule], entry: dict[str, Any]) -> Rule:
    """The rule of the held cell; what was held as impossible is no longer bounded."""
    for rule in found:
        if rule.channel.id == entry["channel"]:
            if entry["reason"] != "impossible":
                return rule
            return replace(rule, channel=_unbounded(rule.channel))
    raise UsageError(f"the mapping has no channel {entry['channel']}", "name the right --mapping")


def _unbounded(channel: Channel) -> Channel:
    return replace(channel, low=-WIDEST, high=max(WIDEST, MAX_REGISTER_L))
