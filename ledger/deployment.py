"""The deployment record: which contracts stand where, on which chain."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from eth_utils import to_checksum_address
from web3.contract import Contract

from ledger.chain import Chain
from ledger.errors import BadRecord, NotFound, WrongChain

FORMAT = 1

Abi = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Deployed:
    """A contract on chain; `code_hash` is the keccak256 of its runtime code there."""

    address: str
    abi: Abi
    code_hash: str
    transaction: str
    block: int


@dataclass(frozen=True)
class Deployment:
    """The contracts of one chain, with their ABIs, so that a reader needs no compiler.

    `timezone` is the city's, "" until its calendars are loaded: a moment that somebody writes
    without an offset is of that zone, on every machine that has the record.
    """

    chain_id: int
    genesis_hash: str
    start_block: int
    contracts: Mapping[str, Deployed] = field(default_factory=dict)
    timezone: str = ""

    @classmethod
    def load(cls, path: Path) -> "Deployment":
        """Read the record; NotFound when there is none, BadRecord when it is not one of ours."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise NotFound(
                f"no deployment record at {path}", "deploy first: `waterline deploy`"
            ) from error
        except (OSError, ValueError) as error:
            raise BadRecord(
                f"{path} cannot be read: {error}", "restore it, or deploy again"
            ) from error
        try:
            if raw["format"] != FORMAT:
                raise BadRecord(
                    f"{path} has format {raw['format']}, not {FORMAT}", "use the matching version"
                )
            contracts = {name: Deployed(**fields) for name, fields in raw["contracts"].items()}
            return cls(
                int(raw["chain_id"]),
                str(raw["genesis_hash"]),
                int(raw["start_block"]),
                contracts,
                str(raw.get("timezone", "")),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise BadRecord(
                f"{path} is not a deployment record: {error!r}", "restore it, or deploy again"
            ) from error

    def save(self, path: Path) -> None:
        """Write the record whole or not at all, and onto the disk."""
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n"
        half = path.with_name(path.name + ".part")
        with half.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)

    def with_contract(self, name: str, deployed: Deployed) -> "Deployment":
        """The record with one more contract, or another address for it."""
        return replace(self, contracts={**self.contracts, name: deployed})

    def formers(self, name: str) -> list[str]:
        """The names of those that a contract replaced, oldest first: NAME.1, NAME.2 and so on."""
        numbers = range(1, len(self.contracts) + 1)
        return [f"{name}.{n}" for n in numbers if f"{name}.{n}" in self.contracts]

    def next_former(self, name: str) -> str:
        """The name under which the present contract is kept once it is replaced."""
        return f"{name}.{len(self.formers(name)) + 1}"

    def open(self, chain: Chain) -> "Ledger":
        """The contracts on `chain`; WrongChain when the record belongs to another one."""
        self.require(chain)
        return Ledger(chain, self)

    def require(self, chain: Chain) -> None:
        """WrongChain unless `chain` is the one that this record was written for."""
        recorded = (self.chain_id, self.genesis_hash.lower())
        found = (chain.chain_id, chain.genesis_hash.lower())
        if recorded != found:
            raise WrongChain(
                f"the deployment record is of chain {recorded[0]} (genesis {recorded[1][:10]}), "
                f"but {chain.url} is chain {found[0]} (genesis {found[1][:10]})",
                "connect to the recorded chain, or deploy to this one with another WATERLINE_HOME",
            )


class Ledger:
    """Our contracts on a connected chain."""

    def __init__(self, chain: Chain, deployment: Deployment) -> None:
        self.chain = chain
        self.deployment = deployment
        self._bound: dict[str, Contract] = {}

    def deployed(self, name: str) -> Deployed:
        """Address, ABI and origin of a contract by its name."""
        found = self.deployment.contracts.get(name)
        if found is None:
            known = ", ".join(self.deployment.contracts) or "none"
            raise NotFound(f"no contract {name!r} in the deployment record", f"recorded: {known}")
        return found

    def contract(self, name: str) -> Contract:
        """The contract as web3 binds it."""
        if name not in self._bound:
            record = self.deployed(name)
            address = to_checksum_address(record.address)
            self._bound[name] = self.chain.w3.eth.contract(address=address, abi=record.abi)
        return self._bound[name]

    def name_of(self, address: str) -> str | None:
        """The recorded name of the contract at `address`, if it is one of ours."""
        wanted = address.lower()
        for name, record in self.deployment.contracts.items():
            if record.address.lower() == wanted:
                return name
        return None
