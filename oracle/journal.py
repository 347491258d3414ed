"""What was read, accepted and held, and which of it waits for a batch.

Readings are counted for each channel from 0. A block holds some of them as columns, a part of a
batch names a range of them: so every reading is in at most one batch, by arithmetic.
"""

import json
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from ledger.channels import Channel
from ledger.errors import BadRecord, NotFound
from ledger.leaves import ALONE, APPROVED, DEEMED
from oracle import approved, settled
from oracle.archive import Segment
from oracle.batch import Cut, Waiting
from oracle.cells import Known
from oracle.household_rows import HouseholdMapping
from oracle.intake import Accepted
from oracle.kept import Kept, KeptReadings, packed
from oracle.mapping import Mapping as MappingFile
from oracle.readings import Ints, Refusal, State
from oracle.sources.chunks import Chunk

REMOVED = b"a telegram that was removed for its age"


@dataclass(frozen=True, slots=True)
class Source:
    """A file as the journal knows it."""

    id: int
    name: str
    shift_s: int
    rows: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A signed telegram that was taken in, by whom it was signed and of which device."""

    key: int
    device: int
    sequence: int
    digest: bytes


class Journal(KeptReadings):
    """The readings of one oracle; oracle.outbox has its batches."""

    @cached_property
    def grown(self) -> Counter[tuple[str, int]]:
        """How many readings this process took in, by contract and relay group."""
        return Counter()

    # sources and channels

    def source(self, name: str, mapping: MappingFile | HouseholdMapping, shift_s: int) -> Source:
        """The file of that name, entered if it is new; an earlier shift stays what it was."""
        return self._entered(name, mapping.title, mapping.model_dump_json(), shift_s)

    def stranger(self, name: str, title: str = "unmapped") -> Source:
        """What comes without a mapping, as from a station that none is for; it is kept."""
        return self._entered(name, title, "", 0)

    def _entered(self, name: str, title: str, mapping: str, shift_s: int) -> Source:
        with self.commit() as db:
            db.execute(
                "INSERT INTO source (name, title, mapping, shift_s, rows) VALUES (?, ?, ?, ?, 0)"
                " ON CONFLICT (name) DO UPDATE SET title = excluded.title,"
                " mapping = excluded.mapping",
                (name, title, mapping, shift_s),
            )
        found = self.find_source(name)
        assert found is not None
        return found

    def find_source(self, name: str) -> Source | None:
        """The file of that name, if any of it was ever read."""
        row = self.db.execute(
            "SELECT id, name, shift_s, rows FROM source WHERE name = ?", (name,)
        ).fetchone()
        return Source(*row) if row else None

    def last_row(self, source: Source) -> bytes | None:
        """The last row taken of a file, as it came."""
        last = self.last_segment(source)
        return last.telegrams[-1] if last else None

    def last_segment(self, source: Source) -> Segment | None:
        """The last rows taken of a source."""
        row = self.db.execute(
            "SELECT id, sha256 FROM segment WHERE source = ? ORDER BY id DESC LIMIT 1", (source.id,)
        ).fetchone()
        return self.archive.read(*row) if row else None

    def begin_again(self, source: Source) -> None:
        """Read a changed file from its first row; what is recorded already is recognised."""
        with self.commit() as db:
            db.execute("UPDATE source SET rows = 0 WHERE id = ?", (source.id,))

    def channels(self) -> set[int]:
        """The channels that were entered."""
        return {row[0] for row in self.db.execute("SELECT id FROM channel")}

    def enter(
        self, standing: Mapping[Channel, tuple[int, int]], measured: Mapping[int, int] | None = None
    ) -> None:
        """Enter channels that are new here, each standing where the chain has it: when, at what.

        `measured` has the register last measured of those that stand on estimates.
        """
        with self.commit() as db:
            db.executemany(
                "INSERT INTO channel (id, contract, relay_group, kind, last_at,"
                " last_value, carry, run, accepted, cut, opening_at, opening_l)"
                " VALUES (?, ?, ?, ?, ?, ?, '0', 0, 0, 0, ?, ?) ON CONFLICT DO NOTHING",
                [
                    (one.id, one.contract, one.relay_group, one.kind, *(at, value, at, value))
                    for one, (at, value) in standing.items()
                ],
            )
            db.executemany(
                "INSERT INTO estimated VALUES (?, ?) ON CONFLICT DO NOTHING",
                list((measured or {}).items()),
            )

    def states(self, channels: Sequence[int]) -> dict[int, State]:
        """Where channels stand."""
        rows = self.db.execute(
            "SELECT id, last_at, last_value, carry, run, measured_l,"
            " EXISTS (SELECT 1 FROM approved WHERE approved.channel = channel.id"
            " AND state = 'taken' AND approved.kind <> ?)"
            " FROM channel LEFT JOIN estimated ON estimated.channel = channel.id"
            " WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))",
            (DEEMED, json.dumps(channels)),
        )
        return {
            row[0]: State(row[1], row[2], Fraction(row[3]), row[4], row[5], bool(row[6]))
            for row in rows
        }

    # taking rows in

    def take(
        self,
        source: Source,
        chunk: Chunk,
        accepted: Sequence[Accepted],
        spoilt: Sequence[Refusal],
        also: Callable[[], None] | None = None,
        signed: Sequence[Sent] = (),
    ) -> None:
        """Put a chunk's rows, readings and refusals on the disk, all or nothing.

        `also` writes what follows from the readings, in the same commit.
        """
        number = self._next_segment()
        segment = Segment(source.name, chunk.header, chunk.first_row, tuple(chunk.telegrams))
        with self.commit() as db:
            sha256 = self.archive.write(number, segment)
            db.execute(
                "INSERT INTO segment VALUES (?, ?, ?, ?, ?)",
                (number, source.id, chunk.first_row, len(chunk), sha256),
            )
            self._append(number, accepted)
            for one in accepted:
                self._hold(number, one.taken.refusals)
            self._hold(number, spoilt)
            db.executemany(
                "INSERT INTO signed VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(one.key, one.device, _sequence(one.sequence), one.digest) for one in signed],
            )
            db.execute(
                "UPDATE source SET rows = ? WHERE id = ?",
                (chunk.first_row + len(chunk), source.id),
            )
            if also is not None:
                also()

    def tally(self, source: Source, telegrams: int) -> None:
        """Count telegrams that hold nothing to keep."""
        with self.commit() as db:
            db.execute("UPDATE source SET rows = rows + ? WHERE id = ?", (telegrams, source.id))

    def _next_segment(self) -> int:
        return int(self.db.execute("SELECT coalesce(max(id), 0) + 1 FROM segment").fetchone()[0])

    def _append(self, segment: int, accepted: Sequence[Accepted]) -> None:
        """Add readings behind those that their channels have; the caller commits."""
        for layer in _layers(accepted):
            self._append_layer(segment, layer)

    def _append_layer(self, segment: int, layer: Sequence[Accepted]) -> None:
        """Add one part of each channel, and where the channels stand behind it."""
        for one in layer:
            channel = one.rule.channel
            self.grown[channel.contract, channel.relay_group] += len(one.taken.block)
        self.db.executemany(
            "INSERT INTO block SELECT id, accepted, ?, ?, ?, ?, ?, ?, ?, ? FROM channel"
            " WHERE id = ?",
            [
                (
                    *(len(block), segment, one.rule.kind, one.rule.grade, int(block.at[0])),
                    *(int(block.at[-1]), int(np.count_nonzero(one.flags))),
                    *(packed(block, one.flags), block.channel),
                )
                for one in layer
                if len(block := one.taken.block)
            ],
        )
        self.db.executemany(
            "UPDATE channel SET last_at = ?, last_value = ?, carry = ?, run = ?,"
            " accepted = accepted + ?, repeated = repeated + ? WHERE id = ?",
            [
                (
                    *(state.last_at, state.last_value, str(state.carry), state.run),
                    *(len(one.taken.block), one.taken.repeated, one.rule.channel.id),
                )
                for one in layer
                if (state := one.taken.state) != one.before or one.taken.repeated
            ],
        )
        measured = {
            one.rule.channel.id: one.taken.state.measured_l
            for one in layer
            if one.taken.state.measured_l != one.before.measured_l
        }
        self.db.executemany(
            "DELETE FROM estimated WHERE channel = ?", [(channel,) for channel in measured]
        )
        self.db.executemany(
            "INSERT INTO estimated VALUES (?, ?)",
            [about for about in measured.items() if about[1] is not None],
        )

    def count(self, channel: int) -> int:
        """How many readings of a channel were accepted."""
        row = self.db.execute("SELECT accepted FROM channel WHERE id = ?", (channel,)).fetchone()
        return int(row[0])

    def _hold(self, segment: int, refusals: Sequence[Refusal]) -> None:
        self.db.executemany(
            "INSERT INTO held (segment, row, channel, at, text, reason, detail)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(segment, r.row, r.channel, r.at, r.text, r.reason, r.detail) for r in refusals],
        )

    def release(self, segment: int, one: Accepted, also: Callable[[], None]) -> None:
        """A held reading is taken in after all, on somebody's word; `also` in the same commit."""
        with self.commit():
            self._append(segment, [one])
            also()

    def signed_digest(self, key: int, device: int, sequence: int) -> bytes | None:
        """The digest of the telegram that a key signed under a sequence number."""
        row = self.db.execute(
            "SELECT digest FROM signed WHERE key = ? AND device = ? AND sequence = ?",
            (key, device, _sequence(sequence)),
        ).fetchone()
        return bytes(row[0]) if row else None

    def last_sequence(self, key: int, device: int) -> int:
        """The highest sequence number of a key's telegrams for a device; 0 before the first."""
        row = self.db.execute(
            "SELECT sequence FROM signed WHERE key = ? AND device = ?"
            " ORDER BY sequence DESC LIMIT 1",
            (key, device),
        ).fetchone()
        return int.from_bytes(row[0] if row else b"", "big")

    def known(self, channel: int, at: int) -> Known | None:
        """The reading recorded for a moment, if there is one, or the use that was deemed then.

        One whose row can no longer be read is known without it, as one of the chain's.
        """
        deemed_until = approved.deemed_until(self, channel, at)
        if deemed_until:
            return Known(0, 0, None, deemed_until)
        found = self.reading(channel, at)
        if found is None:
            return self._settled_long_ago(channel, at)
        kept, place = found
        block = kept.block
        telegram: bytes | None
        try:
            telegram = self.telegram(kept.segment, int(block.row[place]))
        except BadRecord:
            telegram = None
        return Known(int(block.value[place]), int(block.mark[place]), telegram)

    def _settled_long_ago(self, channel: int, at: int) -> Known | None:
        found = settled.find(self, channel, at)
        if found is None:
            return None
        try:
            telegram = self.telegram(found["segment"], found["row"])
        except NotFound:
            telegram = REMOVED
        return Known(found["value"], found["mark"], telegram)

    # batches are cut from what waits

    def waiting(
        self, contract: str, relay_group: int, turns: Mapping[int, Ints], most: int
    ) -> Generator[Waiting, None, None]:
        """The first readings in no batch yet of each channel of a lane, of one kind and grade each.

        The channel whose readings have waited longest comes first. `turns` are those of each kind
        of channel; at most `most` readings of one are given.
        """
        rows = self.db.execute(
            "SELECT id, kind, accepted, cut, opening_at, opening_l FROM channel"
            " WHERE contract = ? AND relay_group = ? AND accepted > cut AND reopen = 0"
            " ORDER BY opening_at, id",
            (contract, relay_group),
        )
        for row in rows:
            chosen: list[Kept] = []
            for one in self.kept(row["id"], row["cut"], min(most, row["accepted"] - row["cut"])):
                if chosen and (one.kind, one.grade) != (chosen[0].kind, chosen[0].grade):
                    break
                chosen.append(one)
                if one.kind in ALONE:
                    break
            yield Waiting(
                row["id"],
                row["kind"],
                chosen[0].kind,
                chosen[0].grade,
                row["opening_at"],
                row["opening_l"],
                np.concatenate([one.block.at for one in chosen]),
                np.concatenate([one.block.value for one in chosen]),
                np.concatenate([one.block.mark for one in chosen]),
                turns[row["kind"]],
                row["cut"],
            )

    def to_reopen(self, contract: str, relay_group: int) -> list[int]:
        """A lane's channels that are to be opened where the chain has them: the contract refused a
        group of theirs, or it moved their register. Nothing of them is under way any more."""
        rows = self.db.execute(
            "SELECT id FROM channel WHERE reopen = 1 AND contract = ? AND relay_group = ?"
            f" AND NOT {approved.UNDER_WAY} ORDER BY id",
            (contract, relay_group),
        )
        return [row[0] for row in rows]

    def reopen(self, channel: int, at: int, register_l: int) -> approved.Decided | None:
        """Open a channel's next group where the chain has it; what was approved of it, if that is
        why, and whether it is recorded."""
        with self.commit() as db:
            db.execute(
                "UPDATE channel SET reopen = 0, opening_at = ?, opening_l = ? WHERE id = ?",
                (at, register_l, channel),
            )
            return approved.decided(self, channel, at, register_l)

    def freeze(
        self,
        contract: str,
        lane: int,
        batch_id: int,
        waiting: Sequence[Waiting],
        cut: Cut,
        also: Callable[[], None] | None = None,
    ) -> None:
        """Write a batch down: its content is what it is from now on; `also` in the same commit."""
        with self.commit() as db:
            db.execute(
                "INSERT INTO batch (contract, lane, id, root, digest, words, readings, gas)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(contract, lane, batch_id, cut.root, cut.digest),
                    *(cut.words, cut.readings, cut.gas),
                ),
            )
            taken = [one for one in zip(waiting, cut.counts, strict=True) if one[1]]
            db.executemany(
                "INSERT INTO part (contract, lane, batch, channel, first, count, opening_at,"
                " opening_l) SELECT ?, ?, ?, id, cut, ?, opening_at, opening_l FROM channel"
                " WHERE id = ?",
                [(contract, lane, batch_id, count, one.channel) for one, count in taken],
            )
            db.executemany(
                "UPDATE channel SET cut = cut + ?, opening_at = ?, opening_l = ?, reopen = ?"
                " WHERE id = ?",
                [
                    (
                        *(count, int(one.at[count - 1]), int(one.value[count - 1])),
                        *(int(one.reading_kind in APPROVED), one.channel),
                    )
                    for one, count in taken
                ],
            )
            if also is not None:
                also()


def _sequence(number: int) -> bytes:
    return number.to_bytes(8, "big")


def _layers(accepted: Sequence[Accepted]) -> list[list[Accepted]]:
    """Parts in layers of one a channel: a part is written behind those of its channel before it."""
    found: list[list[Accepted]] = []
    depth = Counter[int]()
    for one in accepted:
        channel = one.rule.channel.id
        if depth[channel] == len(found):
            found.append([])
        found[depth[channel]].append(one)
        depth[channel] += 1
    return found
