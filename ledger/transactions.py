"""Sending: type-2 fees, refusals told before anything is sent, many calls in one run of nonces."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from eth_utils import keccak, to_checksum_address
from web3.contract.contract import ContractConstructor, ContractFunction
from web3.exceptions import ContractLogicError, Web3RPCError

from ledger.chain import Chain
from ledger.errors import CannotPay, refused
from ledger.keystores import KeystoreSigner, Signer
from ledger.refusals import reason_of
from ledger.settlement import (
    Progress,
    SettlementPolicy,
    receipt_of,
    settled,
    wait_all_included,
    wait_included,
    wait_settled,
)

__all__ = [
    "Call",
    "Fees",
    "KeystoreSigner",
    "Progress",
    "Sent",
    "SettlementPolicy",
    "Signer",
    "base_fee_wei",
    "broadcast",
    "fees",
    "gas_for",
    "next_nonce",
    "receipt_of",
    "seal",
    "send",
    "send_all",
    "settled",
    "sign_call",
    "simulate",
    "wait_all_included",
    "wait_included",
    "wait_settled",
]

GWEI = 10**9
# the least tip that geth's pool and its sealers accept by default
MIN_TIP_WEI = GWEI
# a base fee grows by at most 1/8 a block: eight doublings outlast 47 full blocks in a row
HEADROOM_DOUBLINGS = 8

Call = ContractFunction | ContractConstructor


@dataclass(frozen=True, slots=True)
class Fees:
    """What a type-2 transaction offers, wei a gas."""

    max_fee_wei: int
    tip_wei: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A signed transaction that the node has accepted into its pool."""

    hash: str
    account: str
    nonce: int
    raw: bytes


def base_fee_wei(chain: Chain) -> int:
    """The base fee of the last block, wei a gas; 0 on a chain without one."""
    return int(chain.block("latest").get("baseFeePerGas", 0))


def fees(chain: Chain) -> Fees:
    """Fees that outlast eight doublings of the base fee; only base fee and tip are paid."""
    return Fees((base_fee_wei(chain) << HEADROOM_DOUBLINGS) + 2 * MIN_TIP_WEI, MIN_TIP_WEI)


def simulate(
    chain: Chain, account: str, call: Call, *, value: int = 0, block: str = "latest"
) -> Any:
    """Try the call without sending it; Reverted with the contract's reason if it would fail."""
    transaction = cast(Any, {"from": to_checksum_address(account), "value": value})
    try:
        if isinstance(call, ContractConstructor):
            return call.estimate_gas(transaction)
        return call.call(transaction, block_identifier=cast(Any, block))
    except (ContractLogicError, Web3RPCError) as error:
        raise _refusal(error) from error


def gas_for(chain: Chain, account: str, call: Call, *, value: int = 0) -> int:
    """The node's estimate and a quarter more; Reverted when the call would be refused."""
    transaction = cast(Any, {"from": to_checksum_address(account), "value": value})
    try:
        return call.estimate_gas(transaction) * 5 // 4 + 20_000
    except (ContractLogicError, Web3RPCError) as error:
        raise _refusal(error) from error


def _refusal(error: Exception) -> Exception:
    if isinstance(error, Web3RPCError) and "insufficient funds" in str(error).lower():
        return CannotPay(f"the account cannot pay: {error}", "fund the account")
    return refused(reason_of(error))


def sign_call(
    chain: Chain, signer: Signer, call: Call, *, gas: int, nonce: int, fee: Fees, value: int = 0
) -> Sent:
    """Sign a call without sending it, so that its bytes and hash can be stored first."""
    transaction = {
        "from": to_checksum_address(signer.address),
        "nonce": nonce,
        "gas": gas,
        "value": value,
        "chainId": chain.chain_id,
        "maxFeePerGas": fee.max_fee_wei,
        "maxPriorityFeePerGas": fee.tip_wei,
        "type": 2,
    }
    built = dict(call.build_transaction(cast(Any, transaction)))
    return seal(signer, built)


def seal(signer: Signer, transaction: dict[str, Any]) -> Sent:
    """Sign a complete transaction."""
    unsigned = {key: item for key, item in transaction.items() if key != "from"}
    raw = signer.sign(unsigned)
    return Sent("0x" + keccak(raw).hex(), signer.address, int(transaction["nonce"]), raw)


def broadcast(chain: Chain, sent: Sent) -> None:
    """Hand signed bytes to the node; handing them over again is no error."""
    try:
        chain.rpc("eth_sendRawTransaction", "0x" + sent.raw.hex())
    except Web3RPCError as error:
        text = str(error).lower()
        if "already known" in text or "already imported" in text:
            return
        if "nonce too low" in text and receipt_of(chain, sent.hash) is not None:
            return  # a block took these very bytes up meanwhile
        if "insufficient funds" in text:
            raise CannotPay(f"{sent.account} cannot pay: {error}", "fund the account") from error
        raise


def next_nonce(chain: Chain, account: str) -> int:
    """The nonce after everything of the account that the node knows, mined or waiting."""
    return int(chain.w3.eth.get_transaction_count(to_checksum_address(account), "pending"))


def send(
    chain: Chain,
    signer: Signer,
    call: Call,
    *,
    value: int = 0,
    gas: int | None = None,
    nonce: int | None = None,
) -> Sent:
    """Send a call that would succeed now; one that would fail raises Reverted and is not sent."""
    if gas is None:
        gas = gas_for(chain, signer.address, call, value=value)
    else:
        simulate(chain, signer.address, call, value=value)
    nonce = next_nonce(chain, signer.address) if nonce is None else nonce
    fee = affordable(chain, signer.address, fees(chain), gas, value)
    sent = sign_call(chain, signer, call, gas=gas, nonce=nonce, fee=fee, value=value)
    broadcast(chain, sent)
    return sent


def affordable(chain: Chain, account: str, wanted: Fees, gas: int, value: int) -> Fees:
    """As much headroom as the balance covers: a node refuses what could cost more than is there."""
    balance = int(chain.w3.eth.get_balance(to_checksum_address(account)))
    most = max(balance - value, 0) // gas
    if most >= wanted.max_fee_wei:
        return wanted
    if most < 2 * base_fee_wei(chain) + wanted.tip_wei:
        raise CannotPay(
            f"{account} holds {balance} wei, too little for {gas} gas and {value} wei",
            "fund the account",
        )
    return Fees(most, wanted.tip_wei)


def send_all(
    chain: Chain,
    signer: Signer,
    calls: Iterable[tuple[Call, int]],
    *,
    progress: Progress | None = None,
) -> list[Sent]:
    """Send many independent calls, each with its gas, in one run of nonces, waiting for none."""
    nonce, fee = next_nonce(chain, signer.address), fees(chain)
    sent = []
    for call, gas in calls:
        sent.append(sign_call(chain, signer, call, gas=gas, nonce=nonce, fee=fee))
        broadcast(chain, sent[-1])
        nonce += 1
        if progress:
            progress(f"sent {len(sent)}")
    return sent
