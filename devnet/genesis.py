"""The first block of a chain of our own: Clique, London rules from the start."""

from collections.abc import Mapping, Sequence
from typing import Any

# where geth's base fee comes to rest on an idle chain (a lower one never falls by an eighth of
# itself); a chain that starts at 0 leaves 0 for good at its first busy block
BASE_FEE_FLOOR_WEI = 7

# votes on signers are counted anew after so many blocks (EIP-225's own default)
EPOCH_BLOCKS = 30_000

_FORKS = (
    "homestead",
    "eip150",
    "eip155",
    "eip158",
    "byzantium",
    "constantinople",
    "petersburg",
    "istanbul",
    "berlin",
    "london",
)


def genesis(
    *,
    chain_id: int,
    signers: Sequence[str],
    period_s: int,
    gas_limit: int,
    balances_wei: Mapping[str, int],
    at: int,
) -> dict[str, Any]:
    """The genesis file's content; no terminal difficulty, so that it stays proof of authority."""
    return {
        "config": {
            "chainId": chain_id,
            **{f"{fork}Block": 0 for fork in _FORKS},
            "clique": {"period": period_s, "epoch": EPOCH_BLOCKS},
        },
        "timestamp": hex(at),
        "difficulty": "0x1",
        "gasLimit": hex(gas_limit),
        "baseFeePerGas": hex(BASE_FEE_FLOOR_WEI),
        "extraData": extra_data(signers),
        "alloc": {
            address: {"balance": hex(balance_wei)} for address, balance_wei in balances_wei.items()
        },
    }


def extra_data(signers: Sequence[str]) -> str:
    """32 zero bytes, the signers in rising order, and 65 zero bytes for a seal (EIP-225)."""
    listed = "".join(sorted(signer.lower().removeprefix("0x") for signer in signers))
    return "0x" + "00" * 32 + listed + "00" * 65
