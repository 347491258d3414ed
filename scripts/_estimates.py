"""Estimates and deemed use that a measured register takes the place of."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts._shared import Noun, Session, session

if TYPE_CHECKING:
    from ledger.channels import Channel
    from scripts._writing import Act

app = Noun(__doc__)
Device = Annotated[str, typer.Argument(help="Code of the device with the meter.")]
Document = Annotated[Path, typer.Option(help="The file that says why; its hash only.")]
LOOKS_EVERY_S = 1.0


@dataclass(frozen=True)
class Wanted:
    """A meter, the register measured of it, and the document that says so."""

    here: Session
    channel: "Channel"
    register_l: int
    reason: bytes


@app.write("supersede-estimate")
def supersede_estimate(
    code: Device,
    register: Annotated[str, typer.Option(help="The register that was measured: 1250 m3.")],
    document: Document,
    patience: Annotated[int, typer.Option(help="Seconds for its oracle to send it.")] = 300,
) -> Any:
    """Let a measured register below an estimate take its place; what was too much is taken back.

    Approves that the register is set anew, waits until the meter's oracle has sent that, and then
    corrects the days that were estimated, or the months where registers are kept by months. Run it
    again after any interruption: it goes on where it stopped.

    For example: waterline device supersede-estimate DYE-1-METER --register '1250 m3' --document
    reading.pdf --account officer-1
    """
    from ledger.devices import channel_of
    from ledger.estimates import set_anew, standing_estimate
    from ledger.units import parse
    from scripts._permits import document_hash
    from scripts._writing import perform

    here = session()
    channel = channel_of(here.ledger, code, "volume")
    wanted = Wanted(here, channel, parse(register), document_hash(document))
    done = set_anew(here.ledger, channel)
    rest = _unfinished(wanted, done)
    if rest:
        return _told(here, rest)
    standing, approval = standing_estimate(here.ledger, channel), _approval(wanted)
    if here.dry_run:
        return _told(here, [*approval, *_corrections(wanted, standing)])
    if approval:
        perform(here, approval)
    superseded = _superseded(wanted, patience, done if standing else None)
    return _told(here, _corrections(wanted, superseded))


def _told(here: Session, acts: "list[Act]") -> Any:
    """Perform acts, and tell what was done."""
    from scripts._writing import perform

    return here.tell(perform(here, acts).as_json(), lambda: [])


def _unfinished(wanted: Wanted, done: Any) -> "list[Act]":
    """What is still to be corrected of the last reset, where that was to the same register; what
    was estimated since is another matter."""
    if done is None or done[1] != wanted.register_l:
        return []
    return _corrections(wanted, done[0])


def _approval(wanted: Wanted) -> "list[Act]":
    """The approval that the register is set anew, if that is still to be given."""
    from ledger.errors import UsageError
    from ledger.estimates import standing_estimate
    from ledger.leaves import RESET
    from ledger.structs import read
    from scripts._writing import Act

    ledger, number = wanted.here.ledger, wanted.channel.id
    _calendar(wanted)
    found = standing_estimate(ledger, wanted.channel)
    if found is None:
        return []
    least_l, most_l = found.measured_l, found.register_l
    if not least_l <= wanted.register_l < most_l:
        raise UsageError(
            f"{wanted.register_l} L is not from {least_l} L, measured before, to below {most_l} L, "
            "estimated",
            "from the estimate on a reading is fed as it is; below the last one it is an exchange",
        )
    moves = RESET, most_l, wanted.register_l
    stands = read(ledger, "DeviceRegistry", "approval", number)
    if (stands["kind"], stands["closing_l"], stands["opening_l"]) == moves:
        return []
    call = wanted.here.contract("DeviceRegistry").functions.approve_exchange(number, *moves)
    says = f"{wanted.channel.device}: {wanted.register_l} L measured, for {most_l} L estimated"
    return [Act("DeviceRegistry", call, says)]


def _calendar(wanted: Wanted) -> int:
    """By what a meter's registers are kept; without any of them nothing can be corrected."""
    from ledger.errors import UsageError
    from ledger.structs import read

    found = int(read(wanted.here.ledger, "RegisterTurns", "turns", wanted.channel.id)["calendar"])
    if not found:
        code = wanted.channel.device
        raise UsageError(
            f"the registers of {code} are kept at no turns, so no day of it can be corrected",
            f"begin with it: `waterline plan keep-turns {code} --by day`",
        )
    return found


def _superseded(wanted: Wanted, patience_s: int, before: Any = None) -> Any:
    """The estimates that the register took the place of, once its oracle has sent that; `before`
    is a reset that was there already, and perhaps to the same register."""
    from ledger.errors import NotSettled, UsageError
    from ledger.estimates import set_anew, standing_estimate

    until, ledger, channel = time.monotonic() + patience_s, wanted.here.ledger, wanted.channel
    while True:
        found = set_anew(ledger, channel)
        if found is not None and found != before and found[1] == wanted.register_l:
            return found[0]
        if standing_estimate(ledger, channel) is None:
            raise UsageError(
                f"{channel.device} stands on what was measured",
                "nothing is to be taken back; `waterline plan adjust` corrects a wrong day",
            )
        if time.monotonic() > until:
            raise NotSettled(
                f"the oracle of {channel.device} has not set its register anew in {patience_s} s",
                "look at `waterline oracle status`, and run the same command again",
            )
        time.sleep(LOOKS_EVERY_S)


def _corrections(wanted: Wanted, estimated: Any) -> "list[Act]":
    """The corrections that are not on record yet: neither under the same document nor, since the
    last of these estimates, under another one."""
    from ledger.estimates import corrections
    from ledger.standards import DAY
    from ledger.structs import every, read_many
    from scripts._days import day_of
    from scripts._writing import Act

    if estimated is None:
        return []
    ledger = wanted.here.ledger

    def index(calendar: int, moments: list[int]) -> list[int]:
        asked = [(calendar, at) for at in moments]
        return [int(one) for one in read_many(ledger, "Standards", "period_at", asked)]

    periods = index(_calendar(wanted), [at for at, _ in estimated.steps])
    found = corrections(estimated, wanted.register_l, periods)
    days = index(DAY, [at for at, _ in found])
    last_at = estimated.steps[-1][0]
    made = {
        (one["channel"], one["day"], one["delta_l"])
        for _, one in every(ledger, "QuotaPlans", "adjustment", "adjustment_count")
        if one["at"] > last_at or bytes(one["reason_hash"]) == wanted.reason
    }
    adjust, acts = wanted.here.contract("QuotaPlans").functions.adjust, []
    for day, (_, delta_l) in zip(days, found, strict=True):
        about = wanted.channel.id, day, delta_l
        if about not in made:
            says = f"correct {day_of(wanted.here, day)} of {wanted.channel.device} by {delta_l} L"
            acts.append(Act("QuotaPlans", adjust(*about, wanted.reason), says))
    return acts


@app.write("supersede-deemed")
def supersede_deemed(
    code: Device,
    until: Annotated[str, typer.Option(help="End of the deemed use, as `quota show` has it.")],
    document: Document,
) -> Any:
    """Take deemed use back that a later register counts again, as the meter went on counting.

    For example: waterline device supersede-deemed INT-1-METER --until 2026-05-31T00:00+08:00
    --document finding.pdf --account officer-1
    """
    from ledger.devices import channel_of
    from scripts._files import instant
    from scripts._permits import document_hash
    from scripts._showing import local_zone

    here = session()
    wanted = Wanted(here, channel_of(here.ledger, code, "volume"), 0, document_hash(document))
    return _told(here, [_taken_back(wanted, instant(until, local_zone()))])


def _taken_back(wanted: Wanted, until_at: int) -> "Act":
    """The correction by all of a deemed use; refused where nothing covers it, or made already."""
    from ledger.errors import NotFound, UsageError
    from ledger.replacements import deemed
    from ledger.standards import DAY
    from ledger.structs import every, read
    from scripts._showing import m3, utc
    from scripts._writing import Act

    ledger, channel = wanted.here.ledger, wanted.channel
    known = deemed(ledger, channel.contract, [channel.id])
    one = next((part for part in known if part.until_at == until_at), None)
    if one is None:
        raise NotFound(
            f"no use of {channel.device} was deemed until {utc(until_at)}",
            "`waterline quota show` has it",
        )
    if read(ledger, channel.contract, "count_of", channel.id)["read_at"] <= until_at:
        raise UsageError(f"{channel.device} was not read since", "no register covers that time yet")
    day = int(read(ledger, "Standards", "period_at", DAY, until_at))
    for number, made in every(ledger, "QuotaPlans", "adjustment", "adjustment_count"):
        if (made["channel"], made["day"], made["delta_l"]) == (channel.id, day, -one.volume_l):
            raise UsageError(f"correction {number} took it back", "`waterline plan show` has it")
    adjust = wanted.here.contract("QuotaPlans").functions.adjust
    says = f"take back {m3(one.volume_l)} deemed of {channel.device} until {utc(until_at)}"
    return Act("QuotaPlans", adjust(channel.id, day, -one.volume_l, wanted.reason), says)
