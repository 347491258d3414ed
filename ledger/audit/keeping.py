"""How far an audit has come, on disk, so that one that was ended goes on from there."""

import json
import os
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ledger.audit.history import State
from ledger.deployment import Deployment
from ledger.errors import BadRecord, WrongChain

FORMAT = 2
FILE = "audit.json"
_STATE = TypeAdapter(State)


class Keeper:
    """A folder that holds the state derived up to a block, written whole or not at all."""

    def __init__(self, folder: Path, deployment: Deployment) -> None:
        self.path = folder / FILE
        addresses = {name: one.address for name, one in deployment.contracts.items()}
        self.about = {"genesis_hash": deployment.genesis_hash.lower(), "contracts": addresses}

    def load(self) -> tuple[State, int, str] | None:
        """The state, its last block and that block's hash; None where nothing was kept."""
        try:
            told = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise self._bad(error) from error
        try:
            if told["format"] != FORMAT:
                raise self._bad(f"format {told['format']}")
            if told["about"] != self.about:
                raise WrongChain(
                    f"{self.path} is of an audit of other contracts", "give another folder"
                )
            return _STATE.validate_python(told["state"]), int(told["block"]), str(told["hash"])
        except (KeyError, TypeError, ValidationError) as error:
            raise self._bad(error) from error

    def save(self, state: State, block: int, block_hash: str) -> None:
        """Keep the state as it is after a block."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        kept: dict[str, Any] = {
            **{"format": FORMAT, "about": self.about, "block": block, "hash": block_hash},
            "state": _STATE.dump_python(state, mode="json"),
        }
        half = self.path.with_suffix(".part")
        with half.open("w", encoding="utf-8") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        half.replace(self.path)

    def _bad(self, why: object) -> BadRecord:
        return BadRecord(f"{self.path} holds no audit of ours: {why}", "give another folder")
