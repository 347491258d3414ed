"""Devices and channels of a large city put on the chain, many transactions at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from eth_utils import to_checksum_address

from ledger.deployment import Ledger
from ledger.errors import BadRecord
from ledger.keystores import Signer
from ledger.labels import label
from ledger.packing import MAX_REGISTER_L
from ledger.structs import encoder
from ledger.transactions import GWEI, Fees, base_fee_wei, fees, next_nonce, seal
from oracle.simulation.composition import VOLUME, Planned

METER, GAUGE = 1, 2
GRADE = 3  # operator's oracle
GAS = 500_000  # of one enrolment, at most
MOST_WAITING = 2_000  # transactions that are sent and not in a block
TOGETHER = 100  # transactions that the node is handed as one
PATIENCE_S = 120
FEE_LASTS = 100  # transactions
LOOKS_EVERY_S = 0.1
# full blocks raise the base fee by an eighth each, without bound; above this it is let fall
CALM_WEI = 64 * GWEI


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What enrolling cost."""

    devices: int
    channels: int
    gas: int
    seconds: float


class Sender:
    """One account's calls in one run of nonces; nobody waits for a receipt but for the pool."""

    def __init__(self, ledger: Ledger, signer: Signer) -> None:
        self.ledger, self.signer = ledger, signer
        self.nonce = next_nonce(ledger.chain, signer.address)
        self._included = self.nonce
        self._fee: Fees | None = None
        self._sealed: list[str] = []
        self._encoders: dict[tuple[str, str], Callable[[Sequence[Any]], bytes]] = {}

    def send(self, contract: str, function: str, *arguments: Any) -> None:
        """Sign and hand over a call, waiting while too many wait for a block."""
        if (contract, function) not in self._encoders:
            self._encoders[contract, function] = encoder(self.ledger, contract, function)
        data = self._encoders[contract, function](arguments)
        self.hand_over(self.ledger.deployed(contract).address, data, GAS)

    def hand_over(self, to: str, data: bytes, gas: int) -> None:
        """Sign calldata, and hand it over with what was signed before it."""
        if self.nonce - self._included >= MOST_WAITING:
            self.wait(self.nonce - MOST_WAITING // 2)
        if self._fee is None or self.nonce % FEE_LASTS == 0:
            self._fee = fees(self.ledger.chain)
        call = {
            "to": to_checksum_address(to),
            "data": data,
            "value": 0,
            "nonce": self.nonce,
            "gas": gas,
            "chainId": self.ledger.chain.chain_id,
            "maxFeePerGas": self._fee.max_fee_wei,
            "maxPriorityFeePerGas": self._fee.tip_wei,
            "type": 2,
        }
        self._sealed.append("0x" + seal(self.signer, call).raw.hex())
        self.nonce += 1
        if len(self._sealed) == TOGETHER:
            self.flush()

    def calm(self) -> None:
        """Wait until the base fee has fallen: beyond some hundred full blocks nobody could pay."""
        while base_fee_wei(self.ledger.chain) > CALM_WEI:
            self.flush()
            sleep(LOOKS_EVERY_S)

    def flush(self) -> None:
        """Hand over what was signed and is held back until there is more of it."""
        for _ in self.ledger.chain.rpc_many(
            "eth_sendRawTransaction", [[one] for one in self._sealed]
        ):
            pass
        self._sealed.clear()

    def wait(self, until: int | None = None) -> None:
        """Wait until every nonce below one is in a block; BadRecord when none is any more."""
        self.flush()
        wanted = self.nonce if until is None else until
        moved_at = monotonic()
        while self._included < wanted:
            account = to_checksum_address(self.signer.address)
            found = int(self.ledger.chain.w3.eth.get_transaction_count(account, "latest"))
            if found > self._included:
                moved_at = monotonic()
            elif monotonic() - moved_at > PATIENCE_S:
                raise BadRecord(
                    f"no transaction was taken up in {PATIENCE_S} s", "`waterline devnet status`"
                )
            self._included = found
            sleep(LOOKS_EVERY_S)


def enrol(
    ledger: Ledger,
    signer: Signer,
    channels: Sequence[Planned],
    station: Callable[[Planned], int],
    opened_at: int,
    say: Callable[[str], None],
) -> Enrolled:
    """Enrol every device and channel; BadRecord when the chain has not all of them afterwards."""
    registry = ledger.contract("DeviceRegistry").functions
    begun, first = monotonic(), ledger.chain.head().number
    sender, devices, before = Sender(ledger, signer), 0, ""
    known = int(registry.device_count().call())
    for done, one in enumerate(channels):
        if one.device != before:
            sender.send("DeviceRegistry", "enrol_device", one.device, station(one))
            devices, before = devices + 1, one.device
        request = _request(known + devices, one, opened_at)
        sender.send("DeviceRegistry", "enrol_channel", request)
        if done % TOGETHER == 0:
            sender.calm()
        if done % 500 == 0:
            say(f"enrolled {done:,} of {len(channels):,} channels")
    sender.wait()
    if int(registry.channel_count().call()) != len(channels):
        raise BadRecord("a channel was refused", "look at the receipts of the enrolling account")
    gas = sum(_gas_used(ledger, first + 1, ledger.chain.head().number))
    return Enrolled(devices, len(channels), gas, monotonic() - begun)


def _request(device: int, one: Planned, opened_at: int) -> tuple[Any, ...]:
    """The fields of IDeviceRegistry.ChannelRequest in their order."""
    meter = one.quantity == VOLUME
    high = MAX_REGISTER_L if meter else 2 * one.quantity.high * one.quantity.resolution
    return (
        *(device, label(one.quantity.parameter), METER if meter else GAUGE, label(one.contract)),
        *(one.group, one.quantity.resolution, one.row.interval_s, 0, high),
        *(0, GRADE, 0, opened_at),
    )


def _gas_used(ledger: Ledger, first: int, last: int) -> Iterator[int]:
    for number in range(first, last + 1):
        yield int(ledger.chain.block(number)["gasUsed"])
