"""The oracle: rows and telegrams in, batches out, one step after another, resumable at each."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Protocol

from ledger.channels import BOOKS, Channel
from ledger.deployment import Ledger
from ledger.device_keys import change_count
from ledger.endpoints import Several
from ledger.errors import BadRecord, NotFound, UsageError
from ledger.keystores import Signer
from ledger.settlement import SettlementPolicy
from oracle import approved, household_telegrams, households, lanes, quarantine, signed
from oracle.approvals import Approvals
from oracle.cells import Known, Recorded
from oracle.cosigners import Cosigners
from oracle.household_rows import HouseholdMapping, Households, gather
from oracle.inputs import Input, Table
from oracle.intake import Accepted, take
from oracle.journal import Journal, Sent, Source
from oracle.mapping import Mapping as MappingFile
from oracle.mapping import Rule, rules
from oracle.mapping import Sequence as Serials
from oracle.pulse import STALL_AFTER_S, Pulse
from oracle.quorum import Quorum
from oracle.readings import Refusal
from oracle.relay import Tell
from oracle.relays import Relays
from oracle.sources.chunks import Chunk
from oracle.sources.files import read
from oracle.sources.sockets import Heard
from oracle.sources.telegrams import ALIVE, INSTRUMENT, MQTT, Telegram
from oracle.takeover import BEFORE_S, on_chain

Fed = Input | Table | Households


class Watching(Protocol):
    """Who warns of what an oracle takes in; oracle.warnings.running."""

    def learn(self, channels: Sequence[Channel]) -> None:
        """Follow channels, their rules read from the chain."""

    def notice(
        self,
        source: Source,
        serials: Serials | None,
        chunk: Chunk,
        accepted: Sequence[Accepted],
    ) -> None:
        """Readings are being taken in; called inside their commit."""

    def look(self) -> None:
        """The chain answers: ask it."""

    def tick(self, troubles: Sequence[str]) -> None:
        """The loop has come round, whether the chain answers or not."""


class Oracle:
    """One journal, the lanes it feeds, and the chain it feeds them to."""

    def __init__(
        self,
        ledger: Ledger,
        journal: Journal,
        signers: Mapping[str, Callable[[], Signer]],
        policy: SettlementPolicy,
        clock: Callable[[], float],
        tell: Tell,
        quorum: Quorum | None = None,
        most_base_fee_wei: int | None = None,
        stall_after_s: float = STALL_AFTER_S,
        cosigners: Cosigners | None = None,
    ) -> None:
        """`signers` opens the key of an account by its address, when its lane is first needed.

        `quorum` are the endpoints that must agree on what is final, else `ledger` alone says it;
        above `most_base_fee_wei` nothing is sent; without a block for `stall_after_s` an alarm is
        told. `cosigners` are asked to sign for lanes that need witnesses.
        """
        self.ledger, self.journal = ledger, journal
        self.policy, self._clock, self._tell = policy, clock, tell
        self._pulse = Pulse(stall_after_s, clock, tell)
        journal.bind(identity(ledger))
        self.channels = lanes.channels(ledger)
        self._by_number = {one.id: one for one in self.channels.values()}
        self._entered = journal.channels()
        self._opened: set[tuple[str, int]] = set()
        self._prepared: dict[str, list[Rule]] = {}
        self.watching: Watching | None = None
        # not where each term has a journal of its own: they would lose their salts with it
        self.takes_homes = True
        self._keys: signed.Keys | None = None
        self._on_chain: Recorded = lambda channel, at: None
        self.relays = Relays(
            *(ledger, journal, signers, policy, tell),
            quorum or Quorum([ledger], 1, tell),
            most_base_fee_wei,
            cosigners or Cosigners(),
        )
        self._stay: set[tuple[int, int]] = set()  # held readings, and where their channels stood
        self._approvals = Approvals(ledger, journal, policy.confirmations, self._enter, tell)

    # what is fed

    def prepare(self, mapping: MappingFile) -> list[Rule]:
        """The rules of a mapping, its channels entered and their lanes opened here.

        Everything that could be wrong with a mapping is found before a row is read.
        """
        if mapping.title not in self._prepared:
            found = rules(mapping, self.channels)
            for lane in dict.fromkeys((o.channel.contract, o.channel.relay_group) for o in found):
                if lane not in self._opened:
                    self.reach(*lane)
                    self._opened.add(lane)
            self._enter([one.channel for one in found])
            if self.watching is not None:
                self.watching.learn([one.channel for one in found])
            self._prepared[mapping.title] = found
        return self._prepared[mapping.title]

    def _enter(self, channels: Sequence[Channel]) -> None:
        """Begin with channels that are new here where the chain has them."""
        new = [one for one in channels if one.id not in self._entered]
        standing = dict(zip(new, lanes.positions(self.ledger, new), strict=True))
        self.journal.enter(standing, lanes.measured(self.ledger, new))
        self._entered.update(one.id for one in new)

    def read(self, one: Fed, *, growing: bool) -> Iterator[Source]:
        """Take in what a file or a database has beyond what was taken before, a chunk at a time."""
        if not isinstance(one, Households):
            wanted = self.prepare(one.mapping)
        source = self.journal.source(one.name, one.mapping, one.shift_s)
        if not isinstance(one, Table) and (why := self._changed(one, source)):
            self._tell("file changed", file=one.path.name, rows=source.rows, why=why)
            self.journal.begin_again(source)
            source = Source(source.id, source.name, source.shift_s, 0)
        for chunk in self._rows(one, source, growing):
            if isinstance(one, Households):
                about = (one.mapping, self.channels, int(self._clock()))
                of_days = gather(chunk, range(len(chunk)), *about)
                households.take(self.journal, source, chunk, of_days)
            else:
                self._take(source, chunk, one.mapping, wanted)
            yield source

    def hear(
        self,
        heard: Sequence[Heard],
        spoken: Mapping[str, Sequence[MappingFile]],
        homes: Sequence[HouseholdMapping] = (),
    ) -> None:
        """Take telegrams in, station by station; they are acknowledged when they are on the disk.

        A station may have several mappings, as where samples were taken at times of their own. A
        topic with a mapping of `homes` tells households' days alone. What breaks its protocol, or
        has no mapping, is held with its reason, and so is an instrument's number, which is told.
        """
        by_station: dict[tuple[str, str], list[Telegram]] = {}
        for one in heard:
            by_station.setdefault((one.protocol, one.telegram.station), []).append(one.telegram)
        for (protocol, station), telegrams in by_station.items():
            sealed = [one.raw for one in telegrams if one.signed]
            if sealed:
                self._hear_signed(f"{signed.HEADER}/{protocol}/{station}", sealed)
            of_homes = [one for one in homes if protocol == MQTT and one.fits(station)]
            if of_homes:
                raws = [one.raw for one in telegrams if not one.signed]
                self._hear_homes(station, raws, of_homes[0])
                continue
            whole = [one for one in telegrams if not (one.error or one.signed or one.aside)]
            aside = [one for one in telegrams if one.error or one.aside]
            mappings = spoken.get(protocol, ())
            fitting = [one for one in mappings if one.fits(station)]
            for mapping in fitting if whole else ():
                self._hear(protocol, station, whole, mapping)
            alive = sum(one.aside == ALIVE for one in aside)
            if alive and any(one.names(station) for one in mappings):
                source = self.journal.stranger(f"{ALIVE}/{protocol}/{station}", ALIVE)
                self.journal.tally(source, alive)
                aside = [one for one in aside if one.aside != ALIVE]
            strange = [*aside, *(whole if not fitting else ())]
            if strange:
                self._hold(protocol, station, strange)
        for one in heard:
            one.done()

    def heard_until(self, station: str, mappings: Sequence[MappingFile]) -> int:
        """Up to when every channel of a station is taken in; 0 where there is none yet."""
        fitting = [one for one in mappings if one.fits(station)]
        numbers = [rule.channel.id for one in fitting for rule in self.prepare(one)]
        return min((one.last_at for one in self.journal.states(numbers).values()), default=0)

    def _hear(
        self, protocol: str, station: str, telegrams: Sequence[Telegram], mapping: MappingFile
    ) -> None:
        wanted = self.prepare(mapping)
        source = self.journal.source(f"{mapping.title}/{station}", mapping, 0)
        cells = {
            column: [one.cells.get(column, "") for one in telegrams] for column in mapping.columns
        }
        chunk = Chunk(source.rows, protocol, [one.raw for one in telegrams], cells)
        self._take(source, chunk, mapping, wanted)

    def _hear_homes(self, topic: str, raws: Sequence[bytes], mapping: HouseholdMapping) -> None:
        """Take households' days in that nobody signed."""
        source = self.journal.source(f"{mapping.title}/{topic}", mapping, 0)
        about = (mapping, self.channels, int(self._clock()))
        if raws:
            taken = household_telegrams.gathered(source.rows, raws, *about)
            households.take(self.journal, source, *taken)

    def prepare_signed(self) -> signed.Keys:
        """The keys that sign telegrams, their devices' channels entered where a lane is ours.

        They are read from the chain once, and again by `pump` when they were changed there.
        """
        if self._keys is None:
            self._keys = self._signing()
        return self._keys

    def _signing(self) -> signed.Keys:
        keys = lanes.keys_of(self.ledger)
        self.channels = lanes.channels(self.ledger)
        self._by_number = {one.id: one for one in self.channels.values()}
        devices = {device for key in keys.by_number.values() for device in key.devices}
        signing = [
            one
            for one in self._by_number.values()
            if one.device_id in devices and self._is_ours(one)
        ]
        self._enter(signing)
        if self.watching is not None:
            self.watching.learn(signing)
        return keys

    def _is_ours(self, channel: Channel) -> bool:
        try:
            self.reach(channel.contract, channel.relay_group)
        except NotFound:
            return False
        return True

    def _hear_signed(self, name: str, raws: Sequence[bytes]) -> None:
        """Take signed telegrams in, those of one grade at a time, in the order they came in."""
        keys, entered = self.prepare_signed(), self._entered
        channels = {n: one for n, one in self._by_number.items() if n in entered}
        checked = signed.check(raws, keys, channels, self.journal, int(self._clock()))
        if not self.takes_homes:
            checked = [signed.without_homes(one) for one in checked]
        fresh = [one for one in checked if not (one.homes and one.again)]
        for (of_homes, grade), same in groupby(fresh, lambda one: (bool(one.homes), one.grade)):
            run, source = list(same), self.journal.stranger(name)
            sent = [one.sent for one in run if one.sent]
            if of_homes:
                taken = household_telegrams.signed_rows(source.rows, signed.homes_of(run))
                households.take(self.journal, source, *taken, sent)
            else:
                self._take_signed(source, run, channels, grade, sent)

    def _take_signed(
        self,
        source: Source,
        run: Sequence[signed.Checked],
        channels: Mapping[int, Channel],
        grade: int,
        sent: Sequence[Sent],
    ) -> None:
        """Signed readings of one grade, and what is held of telegrams that claim to be signed."""
        chunk, refusals = signed.chunk_of(source.rows, run, channels)
        named = [one for n, one in channels.items() if str(n) in chunk.cells]
        rules_, now = signed.rules(named, grade), int(self._clock())
        states = self.journal.states([one.id for one in named])
        accepted, _ = take(chunk, signed.TIME, rules_, states, now, self._known)
        notice = partial(self._notice, source, None, chunk, accepted)
        self.journal.take(source, chunk, accepted, refusals, notice, sent)

    def _take(
        self, source: Source, chunk: Chunk, mapping: MappingFile, wanted: Sequence[Rule]
    ) -> None:
        """A chunk's rows as readings and refusals, on the disk."""
        states = self.journal.states([rule.channel.id for rule in wanted])
        now, known = int(self._clock()), self._known
        accepted, spoilt = take(chunk, mapping.time, wanted, states, now, known, source.shift_s)
        notice = partial(self._notice, source, mapping.sequence, chunk, accepted)
        self.journal.take(source, chunk, accepted, spoilt, notice)

    def _notice(
        self,
        source: Source,
        serials: Serials | None,
        chunk: Chunk,
        accepted: Sequence[Accepted],
    ) -> None:
        if self.watching is not None:
            self.watching.notice(source, serials, chunk, accepted)

    def recall(self) -> int:
        """Know again what the chain holds of the channels here; how far back a bus must go.

        For a journal that goes on where another one's oracle ended: 0 is from the beginning. What a
        bus has had since then may be BEFORE_S older; what the chain held before is not read.
        """
        stand = self.journal.states(list(self._entered)).values()
        first = min((one.last_at for one in stand), default=0)
        since_at = max(first - BEFORE_S, 0)
        self._on_chain = on_chain(self.ledger, self._entered, max(since_at - BEFORE_S, 0))
        return since_at

    def _known(self, channel: int, at: int) -> Known | None:
        return self.journal.known(channel, at) or self._on_chain(channel, at)

    def _hold(self, protocol: str, station: str, telegrams: Sequence[Telegram]) -> None:
        source = self.journal.stranger(f"unmapped/{protocol}/{station}")
        chunk = Chunk(source.rows, protocol, [one.raw for one in telegrams], {})
        refusals = [
            Refusal(None, source.rows + place, None, "", *_why(station, one))
            for place, one in enumerate(telegrams)
        ]
        self.journal.take(source, chunk, [], refusals)
        for one in refusals:
            if one.reason == INSTRUMENT:
                self._tell("instrument told its number", station=station, says=one.detail)

    def _rows(self, one: Fed, source: Source, growing: bool) -> Iterator[Chunk]:
        if isinstance(one, Table):
            return one.rows(source.rows, self.journal.last_segment(source))
        return read(one.path, one.mapping.columns, source.rows, growing=growing)

    def _changed(self, one: Input | Households, source: Source) -> str:
        """Why a file is to be read from its first row; "" while it only grew."""
        if not source.rows:
            return ""
        first = next(read(one.path, one.mapping.columns, source.rows - 1, growing=False), None)
        try:
            last = self.journal.last_row(source)
        except BadRecord as error:
            return error.message
        is_there = first is not None and first.telegrams[0] == last
        return "" if is_there else "the last row taken is no longer where it was"

    def reach(self, contract: str, relay_group: int) -> None:
        """A lane must be ours to send what is read of its channels; NotFound where it is not."""
        self.relays.open(contract, relay_group)

    # what is sent

    def pump(self, *, flush: bool) -> None:
        """Cut what is ready, and let every lane look at the chain once.

        Without `flush` only full batches are cut.
        """
        head = self.ledger.chain.head()
        if self._keys is not None and self._keys.changes != change_count(self.ledger):
            self._keys = self._signing()
        if self._pulse.beat(head.hash, head.number):
            self._pass_on()
        if self.relays.may_send():
            self._approvals.look(head, self.relays.open_lanes, self._by_number)
            self._take_in_held()
        self.relays.pump(head, self._by_number, flush=flush)

    def _take_in_held(self) -> None:
        """What was held until a register was set anew comes in by itself."""
        for one in approved.waiting(self.journal):
            if one in self._stay:
                continue
            about = (self.channels, int(self._clock()), "its channel's register was set anew")
            try:
                quarantine.release(self.journal, one[0], *about, None)
            except (quarantine.StaysHeld, BadRecord, NotFound, UsageError):
                self._stay.add(one)  # asked again once its channel stands elsewhere

    def _pass_on(self) -> None:
        """A node that stands still may have lost its peers: another one is asked."""
        provider = self.ledger.chain.w3.provider
        if isinstance(provider, Several):
            provider.pass_on("its chain stands still")

    # where it stands

    @property
    def waiting(self) -> int:
        """How many readings are accepted and not final."""
        row = self.journal.db.execute(
            "SELECT (SELECT coalesce(sum(accepted - cut), 0) FROM channel)"
            " + (SELECT coalesce(sum(readings), 0) FROM batch WHERE state <> 'settled')"
        ).fetchone()
        return int(row[0])

    @property
    def done(self) -> bool:
        """Whether everything that was accepted is final."""
        waits = self.journal.db.execute("SELECT count(*) FROM channel WHERE accepted > cut")
        return int(waits.fetchone()[0]) == 0 and self.relays.open_batches == 0


def _why(station: str, telegram: Telegram) -> tuple[str, str]:
    if telegram.error:
        return "broken_telegram", telegram.error
    if telegram.aside == INSTRUMENT:
        says = ", ".join(
            f"{name}={text}" for name, text in telegram.cells.items() if text and name != "QN"
        )
        return INSTRUMENT, f"station {station}: {says}"
    return "unmapped", f"station {station}"


def identity(ledger: Ledger) -> dict[str, str]:
    """What a journal is bound to: the chain, and the contracts it writes to."""
    deployment = ledger.deployment
    contracts = {
        name: [deployment.contracts[name].address, deployment.contracts[name].code_hash]
        for name in BOOKS
        if name in deployment.contracts
    }
    return {
        "chain_id": str(deployment.chain_id),
        "genesis_hash": deployment.genesis_hash,
        "start_block": str(deployment.start_block),
        "contracts": json.dumps(contracts, sort_keys=True),
    }
