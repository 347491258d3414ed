"""One lane's relay: its one key signs and sends, and what was sent is followed until it is final.

The chain is asked two things: where the lane stands at the head, and where it stands in the block
that is deep enough to be final. A batch is settled when the final block's running hash, folded from
the journal's own digests, covers it. So a restarted oracle proves that what the chain holds is its
own, and a second writer is noticed at once.
"""

from collections.abc import Callable, Sequence
from typing import Any

from eth_utils import keccak, to_checksum_address
from web3.exceptions import ContractLogicError, Web3Exception, Web3RPCError

from ledger.chain import Head
from ledger.channels import METER_BOOKS
from ledger.deployment import Ledger
from ledger.errors import CannotPay, ChainUnreachable, WaterlineError
from ledger.events import logs
from ledger.keystores import Signer
from ledger.packing import RECORD_GAUGES, RECORD_METERS, record_calldata
from ledger.refusals import reason_in_chain, reason_of
from ledger.settlement import receipt_of
from ledger.transactions import Fees, Sent, affordable, base_fee_wei, broadcast, fees, seal
from ledger.witnesses import NOBODY, SIGNATURE_BYTES, evidence, witnesses
from oracle.cosigners import HANDED_ON_GAS, SIGNATURE_GAS, Cosigners, chosen
from oracle.fees import MOST_PRICES, offer
from oracle.lanes import Lane, most_gas
from oracle.outbox import Attempt, Batch, Outbox
from oracle.quorum import Quorum, Seen, look
from oracle.refused import refused

IN_FLIGHT = 16  # pool slots that geth guarantees an account; a batch takes one
PATIENCE_BLOCKS = 5  # without progress, the same bytes are handed over again
MOST_TRIES = 4  # of nonces that one batch may spend in vain
FOREIGN = "not those of this journal"
Tell = Callable[..., None]


class Relay:
    """The sender of one lane."""

    def __init__(
        self,
        ledger: Ledger,
        lane: Lane,
        outbox: Outbox,
        signer: Signer,
        tell: Tell,
        quorum: Quorum,
        cap_wei: int | None = None,
        cosigners: Cosigners | None = None,
    ) -> None:
        """`cap_wei` is the base fee above which nothing is sent; the fees offered keep to it.

        `cosigners` are asked to sign each batch of a lane that needs witnesses.
        """
        self.ledger, self.lane, self.outbox = ledger, lane, outbox
        self.signer, self._tell = signer, tell
        self.quorum, self._cap_wei = quorum, cap_wei
        self._cosigners = cosigners or Cosigners()
        self._wanted = NOBODY  # who must sign, as of the last look
        self._moved = (-1, 0)  # the lane's next batch, and the block it was seen in
        self._handed = 0  # how often what is alive was handed over since
        self._warned = ""
        self._uncut = ""
        self._not_taken = False

    @property
    def name(self) -> str:
        """The lane as people read it."""
        return f"{self.lane.contract} lane {self.lane.number}"

    def step(self, head: Head, deep: Head, room: int = IN_FLIGHT) -> None:
        """Look at the chain once: settle, notice what went wrong, send what waits.

        `deep` is the last block that is final, `room` how many batches may be in flight.
        ChainUnreachable where a node does not know the blocks that it, or another one, has just
        told of: the next look will do.
        """
        if self.outbox.stopped:
            return
        try:
            self._step(head, deep, room)
        except Web3Exception as error:
            why = f"a node contradicts itself: {type(error).__name__} {error}"
            raise ChainUnreachable(why, "the oracle asks again") from error

    def _step(self, head: Head, deep: Head, room: int) -> None:
        now = look(self.ledger, self.lane, head.number, head.hash)
        then = look(self.ledger, self.lane, deep.number, deep.hash)
        if self._foreign(now, final=False) or self._foreign(then, final=True):
            return
        if self._moves(then) and self.quorum.confirms(self.lane, then):
            self._settle(then)
            self._bury(then)
        self._wanted = witnesses(self.ledger, self.lane.contract, self.lane.number)
        alive = [one for one in self.outbox.attempts() if one.batch >= now.standing.next_id]
        if room:
            self._hurry(alive, now.standing.next_id, head)
        self._send(alive, now, room)

    # what the chain holds

    def _moves(self, then: Seen) -> bool:
        """Whether a final block says anything that is not noted yet."""
        next_id, settled = then.standing.next_id, self.outbox.settled_until()
        return (
            max(next_id, self.outbox.first_id) != settled
            or bool(self.outbox.unsettled(next_id))
            or any(one.nonce < then.spent for one in self.outbox.attempts())
        )

    def _foreign(self, seen: Seen, *, final: bool) -> bool:
        """Whether the lane holds batches that are not this journal's; it stands down then.

        Where there are several endpoints, one alone cannot stop a lane, only make it wait.
        """
        there = seen.standing
        if there.next_id == 0 and self.outbox.first_id > 0:
            return False  # a block before the lane's history began
        if there.next_id < self.outbox.first_id:
            return False
        if self.outbox.running(there.next_id) == there.running:
            return False
        if self.quorum.confirms(self.lane, seen, final=final):
            why = f"the chain holds {there.next_id} batches, and {FOREIGN}"
            self.outbox.stop(why)
            self._tell("lane stopped", lane=self.name, why=why)
        return True

    def _settle(self, then: Seen) -> None:
        """Note what is final; what was final and is gone is sent again."""
        next_id = then.standing.next_id
        gone = range(max(next_id, self.outbox.first_id), self.outbox.settled_until())
        if len(gone):
            self._tell("settled batches are gone", lane=self.name, batches=list(gone))
            self.outbox.unsettle(list(gone))
        for batch in self.outbox.unsettled(next_id):
            receipt = self._receipt(batch)
            if receipt is None or int(receipt["blockNumber"]) > then.block:
                return  # the endpoints do not tell it alike yet
            self._settled(batch, receipt)

    def _settled(self, batch: Batch, receipt: Any) -> None:
        lost = refused(self.ledger, self.lane.contract, batch, receipt)
        if lost:
            channels = sorted(channel for channel, _, _ in lost)
            self._tell("groups refused", lane=self.name, batch=batch.id, channels=channels)
        self.outbox.settle(
            batch.id,
            receipt["transactionHash"].to_0x_hex(),
            int(receipt["blockNumber"]),
            receipt["blockHash"].to_0x_hex(),
            lost,
        )

    def _receipt(self, batch: Batch) -> Any:
        """The receipt of a batch that is on the chain; None where too few endpoints tell it."""
        for attempt in reversed(self.outbox.attempts("batch = ?", batch.id)):
            receipt = self.quorum.receipt(attempt.hash)
            if receipt is not None and receipt["status"] == 1:
                return receipt
        return self._copied(batch)

    def _copied(self, batch: Batch) -> Any:
        """The receipt of a batch of ours that another copy of this journal has sent."""
        filters = {"lane": self.lane.number, "batch_id": batch.id}
        found = logs(self.ledger, self.lane.contract, "Recorded", filters=filters)
        return self.quorum.receipt(found[-1].transaction) if found else None

    def _bury(self, then: Seen) -> None:
        """Attempts whose nonce is spent in a final block that lacks their batch are dead."""
        next_id = then.standing.next_id
        dead = [one for one in self.outbox.bury(then.spent) if one.batch >= next_id]
        if not dead:
            return
        first = dead[0]
        why = self._why(first)
        self._tell("batch failed", lane=self.name, batch=first.batch, reason=why)
        if self.outbox.failures(first.batch) >= MOST_TRIES:
            self.outbox.stop(f"batch {first.batch} failed {MOST_TRIES} times: {why}")

    def _why(self, attempt: Attempt) -> str:
        if receipt_of(self.ledger.chain, attempt.hash) is None:
            return "another transaction of the relay's account took its nonce"
        return reason_in_chain(self.ledger.chain, attempt.hash)

    # sending

    def _hurry(self, alive: Sequence[Attempt], next_id: int, head: Head) -> None:
        """Without progress: the same bytes again, and in turn the same nonce at a higher price.

        A start hands over at once. A node that has the bytes passes them on to nobody when it gets
        them again, though the sealers may have lost theirs: it takes other bytes to reach them.
        """
        started = self._moved[0] < 0
        if not alive or next_id != self._moved[0]:
            self._moved, self._handed = (next_id, head.number), 0
            if not alive or not started:
                return
        elif head.number - self._moved[1] < PATIENCE_BLOCKS:
            return
        self._moved = (next_id, head.number)
        base_wei = base_fee_wei(self.ledger.chain)
        for one in {one.nonce: one for one in alive}.values():  # the last of each nonce
            lost = self._handed % 2 == 1 and self.outbox.tries(one.batch) < MOST_PRICES
            dearer = None
            if not self._cosigned(self.outbox.batch(one.batch)):
                continue  # the lane's witnesses were changed meanwhile
            if lost or one.max_fee_wei < base_wei:
                dearer = self._offer(self.outbox.batch(one.batch), one.max_fee_wei)
            if dearer is None:
                self._hand_over(one)
            else:
                self._hand_over(self._signed(self.outbox.batch(one.batch), one.nonce, dearer))
        self._handed += 1

    def _send(self, alive: Sequence[Attempt], now: Seen, room: int) -> None:
        """The next batches, as many as there is room for, under the next nonces."""
        waiting = self.outbox.unsent(max(room - len({one.nonce for one in alive}), 0))
        if not waiting:
            return
        if waiting[0].id != now.standing.next_id + len({one.batch for one in alive}):
            return  # batches before these have failed, and not all of them are accounted for
        signed = [self._cosigned(batch) for batch in waiting]  # all of them are asked about
        waiting = waiting[: [*signed, False].index(False)]
        if not waiting or (not alive and self._would_fail(waiting[0])):
            return
        chain = self.ledger.chain
        nonce = max(
            int(chain.w3.eth.get_transaction_count(to_checksum_address(self.signer.address))),
            *(one.nonce + 1 for one in alive),
            0,
        )
        for batch in waiting:
            price = self._offer(batch, 0)
            if price is None:
                return
            self._hand_over(self._signed(batch, nonce, price))
            nonce += 1

    def _cosigned(self, batch: Batch) -> bool:
        """Whether as many witnesses as the lane needs have signed a batch; they are asked."""
        about = (self.lane, self.outbox, self.signer, batch)
        if self._cosigners.gather(self.ledger, self._wanted, *about):
            return True
        said = self._cosigners.why(self.lane.contract, self.lane.number, batch.id)
        why = f"waits for witnesses: {said}"
        if said and why != self._warned:
            self._tell("lane waits", lane=self.name, batch=batch.id, reason=why)
            self._warned = why
        return False

    @property
    def answered(self) -> bool:
        """Whether a witness has answered since the last look."""
        return self._cosigners.answered(self.lane.contract, self.lane.number)

    def _would_fail(self, batch: Batch) -> bool:
        """Whether the contract would refuse the call now; nothing is spent on it then."""
        call = {
            "from": to_checksum_address(self.signer.address),
            "to": self._address,
            "data": "0x" + self._calldata(batch).hex(),
        }
        try:
            self.ledger.chain.w3.eth.call(call)  # type: ignore[arg-type]
        except (ContractLogicError, Web3RPCError) as error:
            why = reason_of(error)
            if why != self._warned:
                self._tell("lane waits", lane=self.name, batch=batch.id, reason=why)
            self._warned = why
            return True
        self._warned = ""
        return False

    @property
    def waits_for(self) -> str:
        """Why no batch is cut, or the node or the contract would not take the next; "" when not."""
        return self._uncut or self._warned

    def cuts(self, why_not: str = "") -> None:
        """Whether batches can be cut of what the journal has; why not is told once."""
        if why_not and why_not != self._uncut:
            self._tell("lane waits", lane=self.name, reason=why_not)
        self._uncut = why_not

    def _offer(self, batch: Batch, replaced_wei: int) -> Fees | None:
        """What the next attempt pays at the most; None where bound or balance forbid it."""
        chain = self.ledger.chain
        wanted = offer(fees(chain), self.outbox.tries(batch.id), replaced_wei, self._cap_wei)
        if wanted is None:
            return None
        try:
            return affordable(chain, self.signer.address, wanted, self._gas(batch), 0)
        except CannotPay as error:
            if self._warned != error.message:
                self._tell("lane waits", lane=self.name, batch=batch.id, reason=error.message)
            self._warned = error.message
            return None

    def _gas(self, batch: Batch) -> int:
        """What the batch needs unless its readings do the rules' worst; after a failure, all."""
        if self.outbox.failures(batch.id):
            return most_gas(self.ledger)
        signatures = len(self._evidence(batch)) // SIGNATURE_BYTES
        more = HANDED_ON_GAS + SIGNATURE_GAS * signatures if signatures else 0
        return batch.gas + more

    def _signed(self, batch: Batch, nonce: int, fee: Fees) -> Attempt:
        """Sign an attempt and write it down."""
        sent = seal(
            self.signer,
            {
                "to": self._address,
                "data": self._calldata(batch),
                "value": 0,
                "nonce": nonce,
                "gas": self._gas(batch),
                "chainId": self.ledger.chain.chain_id,
                "maxFeePerGas": fee.max_fee_wei,
                "maxPriorityFeePerGas": fee.tip_wei,
                "type": 2,
            },
        )
        number = self.outbox.tries(batch.id) + 1
        attempt = Attempt(batch.id, number, nonce, sent.hash, sent.raw, fee.max_fee_wei, "alive")
        self.outbox.store(attempt)
        return attempt

    def _hand_over(self, attempt: Attempt) -> None:
        """Give signed bytes to the node; one that will not have them now is asked again later."""
        sent = Sent(
            "0x" + keccak(attempt.raw).hex(), self.signer.address, attempt.nonce, attempt.raw
        )
        try:
            broadcast(self.ledger.chain, sent)
            self._warned = ""
            if self._not_taken:
                self._tell("taken by the node again", lane=self.name, batch=attempt.batch)
            self._not_taken = False
        except (Web3RPCError, WaterlineError) as error:
            self._warned, self._not_taken = str(error), True
            self._tell("not taken by the node", lane=self.name, batch=attempt.batch, why=str(error))

    def _calldata(self, batch: Batch) -> bytes:
        selector = RECORD_METERS if self.lane.contract in METER_BOOKS else RECORD_GAUGES
        about = (self.lane.number, batch.id, batch.root, batch.words)
        return record_calldata(selector, *about, self._evidence(batch))

    def _evidence(self, batch: Batch) -> bytes:
        return evidence(chosen(self._wanted, self.outbox.cosigned(batch.id)))

    @property
    def _address(self) -> str:
        return to_checksum_address(self.ledger.deployed(self.lane.contract).address)
