"""One lane's relay: its one key signs and sends, and what was sent is followed until it is final.

The chain is asked two things: where the lane stands at the head, and where it stands in the block
that is deep enough to be final. A batch is settled when the final block's running hash, folded from
the journal's own digests, covers it. So a restarted oracle proves that what the chain holds is its
own, and a second writer is noticed at once.
"""

from collections.abc import Callable, Sequence
from typing import Any

from eth_typing import HexStr
from eth_utils import keccak, to_checksum_address
from web3.exceptions import ContractLogicError, Web3RPCError

from ledger.batches import gauge_groups, meter_groups
from ledger.chain import Head
from ledger.deployment import Ledger
from ledger.errors import WaterlineError
from ledger.events import decode_receipt, logs
from ledger.keystores import Signer
from ledger.packing import RECORD_GAUGES, RECORD_METERS, record_calldata
from ledger.refusals import reason_in_chain, reason_of
from ledger.settlement import SettlementPolicy, receipt_of
from ledger.transactions import Fees, Sent, affordable, broadcast, fees, seal
from oracle.lanes import Lane, Standing, most_gas, standing
from oracle.outbox import Attempt, Batch, Outbox

IN_FLIGHT = 16  # pool slots that geth guarantees an account; a batch takes one
PATIENCE_BLOCKS = 5  # without progress, the same bytes are handed over again
MOST_TRIES = 4  # of nonces that one batch may spend in vain
MOST_PRICES = 9  # of a batch: a further one would not be the tenth more that a pool asks for
METER_BOOKS = ("QuotaTracker", "DischargeVolumes")
REASONS = {
    1: "unknown channel",
    2: "other relay group",
    3: "broken continuity",
    4: "in the future",
    5: "bad kind or header",
    6: "no approval",
    7: "register overflow",
    9: "beyond the calendar",
}

Tell = Callable[..., None]


class Relay:
    """The sender of one lane."""

    def __init__(
        self,
        ledger: Ledger,
        lane: Lane,
        outbox: Outbox,
        signer: Signer,
        policy: SettlementPolicy,
        tell: Tell,
    ) -> None:
        self.ledger, self.lane, self.outbox = ledger, lane, outbox
        self.signer, self.policy, self._tell = signer, policy, tell
        self._moved = (-1, 0)  # the lane's next batch, and the block it was seen in
        self._handed = 0  # how often what is alive was handed over since
        self._warned = ""

    @property
    def name(self) -> str:
        """The lane as people read it."""
        return f"{self.lane.contract} lane {self.lane.number}"

    def step(self, head: Head) -> None:
        """Look at the chain once: settle, notice what went wrong, send what waits."""
        if self.outbox.stopped:
            return
        deep = self._final(head)
        now = standing(self.ledger, self.lane, head.hash, head.number)
        then = standing(self.ledger, self.lane, deep.hash, deep.number)
        if self._foreign(now) or self._foreign(then):
            return
        self._settle(then.next_id)
        self._bury(then.next_id, deep)
        alive = [one for one in self.outbox.attempts() if one.batch >= now.next_id]
        self._hurry(alive, now.next_id, head)
        self._send(alive, now, head)

    def _final(self, head: Head) -> Head:
        """The last block that is final."""
        found = self.ledger.chain.at(max(head.number - self.policy.confirmations, 0))
        return found or head

    # what the chain holds

    def _foreign(self, seen: Standing) -> bool:
        """Whether the lane holds batches that are not this journal's; it stands down then."""
        if seen.next_id == 0 and self.outbox.first_id > 0:
            return False  # a block before the lane's history began
        if seen.next_id < self.outbox.first_id:
            return False
        if self.outbox.running(seen.next_id) == seen.running:
            return False
        why = f"the chain holds {seen.next_id} batches, and not those of this journal"
        self.outbox.stop(why)
        self._tell("lane stopped", lane=self.name, why=why)
        return True

    def _settle(self, next_id: int) -> None:
        """Note what is final; what was final and is gone is sent again."""
        gone = range(max(next_id, self.outbox.first_id), self.outbox.settled_until())
        if len(gone):
            self._tell("settled batches are gone", lane=self.name, batches=list(gone))
            self.outbox.unsettle(list(gone))
        for batch in self.outbox.unsettled(next_id):
            self._settled(batch)

    def _settled(self, batch: Batch) -> None:
        for attempt in reversed(self.outbox.attempts("batch = ?", batch.id)):
            receipt = receipt_of(self.ledger.chain, attempt.hash)
            if receipt is not None and receipt["status"] == 1:
                break
        else:
            receipt = self._copied(batch)
        self.outbox.settle(
            batch.id,
            receipt["transactionHash"].to_0x_hex(),
            int(receipt["blockNumber"]),
            receipt["blockHash"].to_0x_hex(),
            self._refused(batch, receipt),
        )

    def _copied(self, batch: Batch) -> Any:
        """The receipt of a batch of ours that another copy of this journal has sent."""
        filters = {"lane": self.lane.number, "batch_id": batch.id}
        found = logs(self.ledger, self.lane.contract, "Recorded", filters=filters)
        return receipt_of(self.ledger.chain, found[-1].transaction)

    def _refused(self, batch: Batch, receipt: Any) -> list[tuple[int, int, str]]:
        """Channels whose last groups the contract refused, how many readings, and why."""
        told: dict[int, list[int]] = {}
        for event in decode_receipt(self.ledger, receipt):
            if event.name == "GroupRefused" and event.args["batch_id"] == batch.id:
                told.setdefault(event.args["channel"], []).append(event.args["reason"])
        if not told:
            return []
        unpack = meter_groups if self.lane.contract in METER_BOOKS else gauge_groups
        groups: dict[int, list[int]] = {}
        for group in unpack(batch.words):
            groups.setdefault(group.channel, []).append(len(group.readings))
        self._tell("groups refused", lane=self.name, batch=batch.id, channels=sorted(told))
        return [
            (channel, sum(groups[channel][-len(reasons) :]), _reason(reasons[0]))
            for channel, reasons in told.items()
        ]

    def _bury(self, next_id: int, deep: Head) -> None:
        """Attempts whose nonce is spent in a final block that lacks their batch are dead."""
        spent = self.ledger.chain.w3.eth.get_transaction_count(
            to_checksum_address(self.signer.address), HexStr(deep.hash)
        )
        dead = [one for one in self.outbox.bury(int(spent)) if one.batch >= next_id]
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
        base_wei = int(self.ledger.chain.block("latest").get("baseFeePerGas", 0))
        for one in {one.nonce: one for one in alive}.values():  # the last of each nonce
            lost = self._handed % 2 == 1 and self.outbox.tries(one.batch) < MOST_PRICES
            if lost or one.max_fee_wei < base_wei:
                batch = self.outbox.batch(one.batch)
                self._hand_over(self._signed(batch, one.nonce, self._fees(batch)))
            else:
                self._hand_over(one)
        self._handed += 1

    def _send(self, alive: Sequence[Attempt], now: Standing, head: Head) -> None:
        """The next batches, as many as the pool is sure to hold, under the next nonces."""
        waiting = self.outbox.unsent(IN_FLIGHT - len({one.nonce for one in alive}))
        if not waiting:
            return
        if waiting[0].id != now.next_id + len({one.batch for one in alive}):
            return  # batches before these have failed, and not all of them are accounted for
        if not alive and self._would_fail(waiting[0]):
            return
        chain = self.ledger.chain
        nonce = max(
            int(chain.w3.eth.get_transaction_count(to_checksum_address(self.signer.address))),
            *(one.nonce + 1 for one in alive),
            0,
        )
        for batch in waiting:
            self._hand_over(self._signed(batch, nonce, self._fees(batch)))
            nonce += 1

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
        """Why the node or the contract would not take the next batch, "" when they would."""
        return self._warned

    def _fees(self, batch: Batch) -> Fees:
        """The usual fees; a further attempt tips more, for a pool asks a tenth more to replace."""
        chain, tries = self.ledger.chain, self.outbox.tries(batch.id)
        usual = fees(chain)
        wanted = Fees(usual.max_fee_wei + tries * usual.tip_wei, (1 + tries) * usual.tip_wei)
        return affordable(chain, self.signer.address, wanted, self._gas(batch), 0)

    def _gas(self, batch: Batch) -> int:
        """What the batch needs unless its readings do the rules' worst; after a failure, all."""
        return most_gas(self.ledger) if self.outbox.failures(batch.id) else batch.gas

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
        except (Web3RPCError, WaterlineError) as error:
            self._warned = str(error)
            self._tell("not taken by the node", lane=self.name, batch=attempt.batch, why=str(error))

    def _calldata(self, batch: Batch) -> bytes:
        selector = RECORD_METERS if self.lane.contract in METER_BOOKS else RECORD_GAUGES
        return record_calldata(selector, self.lane.number, batch.id, batch.root, batch.words)

    @property
    def _address(self) -> str:
        return to_checksum_address(self.ledger.deployed(self.lane.contract).address)


def _reason(number: int) -> str:
    return REASONS.get(number, f"reason {number}")
