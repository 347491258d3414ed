"""revm under London rules in the place of py-evm: the same events and words, many times faster.

What it says of gas is not used: pyrevm 0.3.7 keeps every word warm from one transaction to the
next. tests/chain/test_second_evm.py holds the two machines against each other.
"""

import pyrevm
from eth_keys import keys
from eth_utils import to_checksum_address

from bench.machine import ACCOUNTS, GAS, Machine, Receipt, Refused

CHAIN_ID = 61


class SecondMachine(Machine):
    """revm, its time standing still until told; a transaction's sender is believed."""

    def __init__(self, now: int) -> None:
        self.keys = [keys.PrivateKey(bytes([n]) * 32) for n in range(1, ACCOUNTS + 1)]
        self.chain_id = CHAIN_ID
        env = pyrevm.Env(cfg=pyrevm.CfgEnv(chain_id=CHAIN_ID))
        self._evm = pyrevm.EVM(env=env, gas_limit=GAS, spec_id="London")
        self.advance(now)

    def advance(self, now: int) -> None:
        """Let a later moment be that of the blocks to come."""
        block = pyrevm.BlockEnv(number=1, timestamp=now, basefee=0, gas_limit=GAS)
        self._evm.set_block_env(block)

    def send(self, to: str, data: bytes, account: int, most_gas: int = GAS) -> Receipt:
        """The receipt of a transaction that must succeed."""
        try:
            output = self._evm.message_call(
                self.address(account), to_checksum_address(to), calldata=data, gas=most_gas
            )
        except RuntimeError as error:
            raise Refused(str(error)) from error
        result = self._evm.result
        assert result is not None  # there is one after a call
        logs = result.logs
        last = bytes(logs[-1].data[1]) if logs else b""
        return Receipt(int(result.gas_used), len(logs), last, bytes(output))

    def _created(self, data: bytes, account: int) -> str:
        return to_checksum_address(self._evm.deploy(self.address(account), data, gas=GAS))
