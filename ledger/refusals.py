"""Why a contract refused, in its own words."""

from typing import Any, cast

from eth_abi import decode
from eth_abi.exceptions import DecodingError
from web3.exceptions import ContractLogicError, Web3Exception

from ledger.chain import Chain

_ERROR = bytes.fromhex("08c379a0")  # Error(string)
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)
_PREFIX = "execution reverted"
SILENT = "no reason given"


def decode_revert(data: bytes) -> str:
    """The reason in returned revert data."""
    try:
        if data[:4] == _ERROR:
            return str(decode(["string"], data[4:])[0])
        if data[:4] == _PANIC:
            return f"panic 0x{decode(['uint256'], data[4:])[0]:02x}"
    except DecodingError:
        pass
    return SILENT if not data else f"0x{data.hex()}"


def reason_of(error: Exception) -> str:
    """The reason in an exception of web3."""
    data = error.data if isinstance(error, ContractLogicError) else None
    if isinstance(data, str) and data.startswith("0x"):
        return decode_revert(bytes.fromhex(data[2:]))
    text = getattr(error, "message", None) or str(error)
    return text.removeprefix(_PREFIX).removeprefix(":").strip() or SILENT


def reason_in_chain(chain: Chain, transaction: str) -> str:
    """Why a transaction failed: from its trace, else by calling it at the block before its own."""
    try:
        trace = chain.rpc("debug_traceTransaction", transaction, {"tracer": "callTracer"})
        return str(trace.get("revertReason") or trace.get("error") or SILENT)
    except Web3Exception:
        return _called_again(chain, transaction)


def _called_again(chain: Chain, transaction: str) -> str:
    failed = chain.w3.eth.get_transaction(cast(Any, transaction))
    call = {
        "from": failed["from"],
        "to": failed.get("to"),
        "data": failed["input"],
        "value": failed["value"],
    }
    try:
        chain.w3.eth.call(cast(Any, call), int(failed["blockNumber"]) - 1)
    except Web3Exception as error:
        return reason_of(error)
    return "it would succeed now; at its place in the block it did not"
