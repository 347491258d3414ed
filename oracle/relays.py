"""The lanes that an oracle feeds: one relay each, what is cut for it, and what keeps it back."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, replace

from ledger.chain import Head
from ledger.channels import Channel
from ledger.deployment import Ledger
from ledger.errors import BadRecord, NotFound, UsageError
from ledger.keystores import Signer
from ledger.leaves import ROLL_OVER
from ledger.packing import MAX_WORDS
from ledger.settlement import SettlementPolicy
from ledger.transactions import base_fee_wei
from oracle import households, lanes
from oracle.batch import Waiting, cut, fill
from oracle.cosigners import MOST_EVIDENCE_GAS, Cosigners
from oracle.fees import Governor
from oracle.journal import Journal
from oracle.outbox import Outbox
from oracle.quorum import Quorum
from oracle.relay import FOREIGN, IN_FLIGHT, Relay, Tell

MOST_WAITING = 8 * MAX_WORDS  # readings of one channel that a batch could take


class Relays:
    """The relays of one journal's lanes, each opened when it is first needed."""

    def __init__(
        self,
        ledger: Ledger,
        journal: Journal,
        signers: Mapping[str, Callable[[], Signer]],
        policy: SettlementPolicy,
        tell: Tell,
        quorum: Quorum,
        most_base_fee_wei: int | None,
        cosigners: Cosigners,
    ) -> None:
        """`signers` opens the key of an account by its address.

        The lanes that the journal has open batches for are taken up at once.
        """
        self.ledger, self.journal, self._signers = ledger, journal, signers
        self._policy, self._tell = policy, tell
        self._quorum, self._cosigners = quorum, cosigners
        self.governor = Governor(most_base_fee_wei, tell)
        self.may_send: Callable[[], bool] = lambda: True
        self._turns = lanes.turns(ledger)
        self._relays: dict[tuple[str, int], Relay] = {}
        self._kept_to: tuple[str, int] | None = None
        self._seen = ""  # the head that every lane has looked at
        # what each lane had taken in when it last did not fill a batch
        self._short: dict[tuple[str, int], int] = {}
        self._resume()

    # lanes

    @property
    def owners(self) -> list[str]:
        """The accounts whose keys are here."""
        return list(self._signers)

    @property
    def new(self) -> bool:
        """Whether the journal has no lane yet."""
        return not self.journal.db.execute("SELECT count(*) FROM lane").fetchone()[0]

    @property
    def open_lanes(self) -> frozenset[tuple[str, int]]:
        """The lanes that are open: contract and relay group of each."""
        return frozenset((o.lane.contract, o.lane.relay_group) for o in self._relays.values())

    def keep_to(self, contract: str, relay_group: int) -> None:
        """Open no lane but one, as where an oracle holds the lease of that one alone."""
        self._kept_to = (contract, relay_group)

    def of(self, contract: str, number: int) -> Relay:
        """The relay of a lane that is open; KeyError where it is not."""
        return self._relays[contract, number]

    def open(self, contract: str, relay_group: int) -> None:
        """Open the relay of a relay group's lane; each lane has an account of its own.

        NotFound where the lane, or the key of its owner, is not ours; UsageError where the account
        owns another lane that is open.
        """
        if self._kept_to not in (None, (contract, relay_group)):
            raise NotFound(
                f"the lease is not that of {contract}, relay group {relay_group}",
                "run an oracle for each lane, with the mappings of that lane alone",
            )
        lane = lanes.lane_of(self.ledger, contract, relay_group, self._signers)
        if (contract, lane.number) in self._relays:
            return
        for other in self._relays.values():
            if other.signer.address.lower() == lane.owner.lower():
                raise UsageError(
                    f"{lane.owner} owns {other.name} and {contract} lane {lane.number}",
                    "give each lane an account of its own: one key, one sequence of nonces",
                )
        self._relays[contract, lane.number] = self._relay(lane)

    def _relay(self, lane: lanes.Lane) -> Relay:
        outbox = Outbox(self.journal, lane.contract, lane.number)
        head = self.ledger.chain.head()
        now = lanes.standing(self.ledger, lane, head.hash, head.number)
        outbox.enter(lane.relay_group, lane.owner, now.next_id, now.running)
        about = (self._tell, self._quorum, self.governor.most_base_fee_wei)
        signer = self._signer(lane.owner)
        return Relay(self.ledger, lane, outbox, signer, *about, self._cosigners)

    def _signer(self, owner: str) -> Signer:
        for address, opened in self._signers.items():
            if address.lower() == owner.lower():
                return opened()
        raise NotFound(f"no keystore of {owner}", "list them with `waterline account list`")

    def _resume(self) -> None:
        """Take up the lanes that the journal has batches for."""
        rows = self.journal.db.execute(
            "SELECT DISTINCT lane.contract, lane.relay_group FROM lane JOIN batch"
            " ON batch.contract = lane.contract AND batch.lane = lane.lane"
            " WHERE state <> 'settled' AND stopped IS NULL"
        ).fetchall()
        for contract, group in rows:
            self.open(contract, group)

    # what is sent

    def pump(self, head: Head, channels: Mapping[int, Channel], *, flush: bool) -> None:
        """Cut what is ready of `channels`, by number, and let every lane look at the chain once.

        Without `flush` only full batches are cut.
        """
        room = self.governor.room(base_fee_wei(self.ledger.chain), IN_FLIGHT)
        if not self.may_send():
            room = 0
        most_gas = lanes.most_gas(self.ledger) if self._relays else 0
        deep: Head | None = None  # the same for every lane
        for relay in self._relays.values():
            self._reopen(relay, channels)
            cut_any = self._cut_all(relay, channels, head.at, most_gas, flush)
            if cut_any or head.hash != self._seen or relay.answered:
                deep = deep or self._final(head)
                relay.step(head, deep, room)
        self._seen = head.hash

    def _final(self, head: Head) -> Head:
        """The last block that is final."""
        number = max(head.number - self._policy.confirmations, 0)
        return self.ledger.chain.at(number) or head

    def _cut_all(
        self,
        relay: Relay,
        channels: Mapping[int, Channel],
        until_at: int,
        most_gas: int,
        flush: bool,
    ) -> bool:
        """Freeze what is ready of a lane; whether it was any.

        A file of the journal that is gone or damaged keeps back the lane that needs it, no other.
        A lane that did not fill a batch is looked through again when it has taken more in.
        """
        lane = relay.lane.contract, relay.lane.relay_group
        grown = self.journal.grown[lane]
        if not flush and self._short.get(lane) == grown:
            return False
        cut_any, why_not, about = False, "", (channels, until_at, most_gas, flush)
        try:
            while not relay.outbox.stopped and self._cut(relay, *about):
                cut_any = True
            self._short[lane] = grown
        except (BadRecord, NotFound) as error:
            why_not = f"{error.message}: {error.remedy}"
        relay.cuts(why_not)
        return cut_any

    def _cut(
        self,
        relay: Relay,
        channels: Mapping[int, Channel],
        until_at: int,
        most_gas: int,
        flush: bool,
    ) -> bool:
        """Freeze one more batch of a lane; False when there is none to cut."""
        lane = relay.lane
        which = (lane.contract, lane.relay_group, self._turns, MOST_WAITING)
        with closing(self.journal.waiting(*which)) as waiting:
            told = (_with_modulus(one, channels) for one in waiting)
            found = fill(told, until_at, most_gas - MOST_EVIDENCE_GAS)
        if not found.waiting or not (found.full or flush):
            return False
        leaves = [
            leaf
            for one, count in zip(found.waiting, found.counts, strict=True)
            for leaf in self.journal.leaves(one.channel, one.number, count)
        ]
        homes = households.due(self.journal, found.waiting, found.counts)
        leaves += households.leaves(self.journal, homes)
        relay.outbox.freeze(found.waiting, cut(found.laid, leaves), homes)
        for one in households.compared(self.journal, homes):
            if one.missing or one.differs:
                self._tell(
                    "households differ" if one.differs else "households missing", **asdict(one)
                )
        return True

    def _reopen(self, relay: Relay, channels: Mapping[int, Channel]) -> None:
        """Open what the contract refused or moved where the chain has it."""
        for number in self.journal.to_reopen(relay.lane.contract, relay.lane.relay_group):
            (there,) = lanes.positions(self.ledger, [channels[number]])
            decided = self.journal.reopen(number, *there)
            if decided is not None:
                about = {"device": channels[number].device, "kind": decided.kind}
                self._tell(decided.event, **about, register_l=there[1], **decided.particulars)

    # where it stands

    @property
    def open_batches(self) -> int:
        """How many batches are cut and not final."""
        return sum(relay.outbox.open_batches for relay in self._relays.values())

    def trouble(self) -> list[str]:
        """What keeps lanes from going on, in words."""
        found = []
        for relay in self._relays.values():
            why = relay.outbox.stopped or relay.waits_for
            if why:
                found.append(f"{relay.name}: {why}")
        return found

    @property
    def stopped(self) -> bool:
        """Whether no lane with anything to send can go on by itself."""
        open_ = [r for r in self._relays.values() if r.outbox.open_batches or r.outbox.stopped]
        return bool(open_) and all(relay.outbox.stopped for relay in open_)

    @property
    def foreign(self) -> bool:
        """Whether a lane stopped because the chain holds batches of another journal."""
        return any((one.outbox.stopped or "").endswith(FOREIGN) for one in self._relays.values())


def _with_modulus(one: Waiting, channels: Mapping[int, Channel]) -> Waiting:
    """What waits; a roll-over with the modulus of its channel, which the journal does not have."""
    if one.reading_kind != ROLL_OVER:
        return one
    return replace(one, modulus_l=channels[one.channel].modulus_l)
