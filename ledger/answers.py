"""What a node may answer: an answer of another shape, or to another question, is none.

The shapes are those of the Ethereum JSON-RPC specification (quantities, data, hashes in
hexadecimal). A field that is not in a table here is not looked at, as nobody uses it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ledger.hashing import keccak

MOST_DIGITS = 64  # of a quantity: 256 bits
MOST_SMALL_DIGITS = 15  # of a block's number or moment: a database holds 63 bits
Shape = Callable[[Any], bool]


def _text(pattern: str) -> Shape:
    wanted = re.compile(pattern)
    return lambda value: isinstance(value, str) and wanted.fullmatch(value) is not None


quantity = _text(rf"0x[0-9a-fA-F]{{1,{MOST_DIGITS}}}")
small = _text(rf"0x[0-9a-fA-F]{{1,{MOST_SMALL_DIGITS}}}")
data = _text(r"0x(?:[0-9a-fA-F]{2})*")
hash_ = _text(r"0x[0-9a-fA-F]{64}")
address = _text(r"0x[0-9a-fA-F]{40}")


def _every(shape: Shape) -> Shape:
    return lambda value: isinstance(value, list) and all(shape(one) for one in value)


def _record(required: Mapping[str, Shape], optional: Mapping[str, Shape]) -> Shape:
    def fits(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and all(shape(value.get(name)) for name, shape in required.items())
            and all(
                value.get(name) is None or shape(value[name]) for name, shape in optional.items()
            )
        )

    return fits


_block = _record(
    {"number": small, "hash": hash_, "timestamp": small, "gasLimit": small},
    {
        **dict.fromkeys(("difficulty", "totalDifficulty", "size", "gasUsed"), quantity),
        **dict.fromkeys(("parentHash", "sha3Uncles", "stateRoot", "transactionsRoot"), hash_),
        **dict.fromkeys(("receiptsRoot", "mixHash"), hash_),
        **dict.fromkeys(("extraData", "logsBloom", "nonce"), data),
        **dict.fromkeys(("transactions", "uncles"), lambda value: isinstance(value, list)),
        **{"baseFeePerGas": quantity, "miner": address},
    },
)
_log = _record(
    {"address": address, "topics": _every(hash_), "data": data},
    {
        **dict.fromkeys(("blockNumber", "transactionIndex", "logIndex"), quantity),
        **dict.fromkeys(("blockHash", "transactionHash"), hash_),
    },
)
_receipt = _record(
    {
        **{"transactionHash": hash_, "blockHash": hash_, "blockNumber": small},
        **{"status": quantity, "logs": _every(_log)},
    },
    {
        **dict.fromkeys(("transactionIndex", "cumulativeGasUsed", "gasUsed", "type"), quantity),
        **dict.fromkeys(("from", "to", "contractAddress"), address),
        **{"effectiveGasPrice": quantity, "logsBloom": data},
    },
)


def _or_none(shape: Shape) -> Shape:
    return lambda value: value is None or shape(value)


_SHAPES: dict[str, Shape] = {
    **dict.fromkeys(
        (
            *("eth_chainId", "eth_blockNumber", "eth_getBalance", "eth_getTransactionCount"),
            *("eth_estimateGas", "eth_gasPrice"),
        ),
        quantity,
    ),
    **dict.fromkeys(("eth_call", "eth_getCode"), data),
    **dict.fromkeys(("eth_getBlockByNumber", "eth_getBlockByHash"), _or_none(_block)),
    "eth_sendRawTransaction": hash_,
    "eth_getTransactionReceipt": _or_none(_receipt),
    "eth_getLogs": _every(_log),
}


def answers(method: str, params: Any, told: Any) -> bool:
    """Whether a response is one to this question: an error in words, or a result that fits it."""
    if not isinstance(told, dict) or told.get("jsonrpc") != "2.0":
        return False
    if "error" in told:
        error = told["error"]
        return isinstance(error, str) or (
            isinstance(error, dict) and isinstance(error.get("message"), str)
        )
    if "result" not in told:
        return False
    shape = _SHAPES.get(method)
    return shape is None or (shape(told["result"]) and _asked_for(method, params, told["result"]))


def _asked_for(method: str, params: Any, result: Any) -> bool:
    """Whether the answer names the block or the transaction that was asked for."""
    if result is None or not params:
        return True
    asked = str(params[0]).lower()
    if method == "eth_getBlockByHash":
        return bool(result["hash"].lower() == asked)
    if method == "eth_getBlockByNumber" and asked.startswith("0x"):
        return int(result["number"], 16) == int(asked, 16)
    if method == "eth_getTransactionReceipt":
        return bool(result["transactionHash"].lower() == asked)
    if method == "eth_sendRawTransaction":
        return bool(result.lower() == "0x" + keccak(bytes.fromhex(asked[2:])).hex())
    return True
