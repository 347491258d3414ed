"""A contract's storage written past its rules, for states that a test cannot afford to reach."""

from typing import Any

import boa
from eth_utils import keccak


def put(contract: Any, value: int, path: str, *keys: int | bytes, word_of: int = 0) -> None:
    """
    Write a variable, or an entry of a map; of a struct, the word with that number.

    `path` goes by module, as in `gauges._ruled_on`.
    """
    layout = contract.compiler_data.storage_layout["storage_layout"]
    for name in path.split("."):
        layout = layout[name]
    slot: int = layout["slot"]
    for key in keys:
        word = key if isinstance(key, bytes) else key.to_bytes(32, "big")
        slot = int.from_bytes(keccak(slot.to_bytes(32, "big") + word), "big")
    boa.env.set_storage(contract.address, slot + word_of, value)
