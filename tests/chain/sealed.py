"""A chain of py-evm's for geth to run: its blocks, sealed as the one signer of a devnet would.

geth takes a block in only if it comes to the same state root, the same gas of each receipt and the
same events itself.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rlp
from eth.abc import BlockAPI, BlockHeaderAPI
from eth.consensus.clique._utils import sign_block_header
from eth.vm.forks import LondonVM
from eth.vm.forks.london.state import LondonState
from eth_keys import keys
from eth_typing import Address
from eth_utils import to_checksum_address

from devnet.client import find_or_build
from devnet.genesis import extra_data, genesis
from tests.chain.quick_backend import QuickBackend

SEALER = keys.PrivateKey(bytes([5] * 32))
OUT_OF_TURN, IN_TURN = 1, 2  # EIP-225: a lone signer is always in turn
UNSEALED = bytes(32 + 65)


class Sealed(LondonState):
    """Fees go to the signer, whom Clique does not name in the header."""

    @property
    def coinbase(self) -> Address:
        return Address(SEALER.public_key.to_canonical_address())


class SealedVM(LondonVM):
    """London's machine on a chain of Clique, on which a block is not rewarded."""

    _state_class = Sealed

    def _assign_block_rewards(self, block: BlockAPI) -> None:
        """Nothing, and to nobody: zero wei would make an account of who is named."""


def blocks(chain: Any) -> Iterator[BlockAPI]:
    """What was mined on an eth-tester's chain, sealed, from the first block to the last."""
    mined = [chain.get_canonical_block_by_number(n) for n in range(chain.get_block().number)]
    signer = SEALER.public_key.to_checksum_address()
    header = mined[0].header.copy(
        difficulty=OUT_OF_TURN,
        nonce=bytes(8),
        extra_data=bytes.fromhex(extra_data([signer])[2:]),
    )
    yield mined[0].copy(header=header)
    for block in mined[1:]:
        header = sealed(block.header.copy(parent_hash=header.hash))
        yield block.copy(header=header)


def sealed(header: BlockHeaderAPI) -> BlockHeaderAPI:
    """A header under its signer's seal, whatever it says."""
    clique = header.copy(difficulty=IN_TURN, nonce=bytes(8), extra_data=UNSEALED)
    return sign_block_header(clique, SEALER)


class Geth:
    """The client of the devnet, on a folder of its own; it listens nowhere."""

    def __init__(self, folder: Path, backend: QuickBackend) -> None:
        self.folder, self.client = folder, str(find_or_build(lambda _: None).path)
        first = backend.chain.get_canonical_block_by_number(0).header
        state = backend.chain.get_vm(at_header=first).state
        owned = {key.public_key.to_canonical_address() for key in backend.account_keys}
        written = genesis(
            chain_id=backend.chain.chain_id,
            signers=[SEALER.public_key.to_checksum_address()],
            period_s=1,
            gas_limit=first.gas_limit,
            balances_wei={
                to_checksum_address(one): state.get_balance(one)
                for one in owned
                if state.account_exists(one)
            },
            at=first.timestamp,
        )
        written["baseFeePerGas"] = hex(first.base_fee_per_gas)
        (folder / "genesis.json").write_text(json.dumps(written), encoding="utf-8")
        self.says("init", "genesis.json")

    def says(self, *words: str) -> str:
        """What a command prints."""
        done = subprocess.run(
            [self.client, "--datadir", ".", "--verbosity", "0", *words],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
        return done.stdout.strip()

    def takes(self, mined: list[BlockAPI]) -> None:
        """Run blocks; what is wrong with the first that is refused, as an error."""
        (self.folder / "blocks").write_bytes(b"".join(rlp.encode(block) for block in mined))
        try:
            self.says("import", "blocks")
        except subprocess.CalledProcessError as refused:
            raise ValueError(refused.stderr.strip().splitlines()[-1]) from refused

    def state_root(self) -> str:
        """Of its last block."""
        asked = ("--nodiscover", "--maxpeers", "0", "--port", "0", "--ipcdisable", "console")
        return self.says(*asked, "--exec", "eth.getBlock('latest').stateRoot").strip('"')
