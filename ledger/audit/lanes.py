"""The lanes of a book: whose they are, what comes next, and the hash over all that came."""

from dataclasses import dataclass

from ledger.audit.groups import M48
from ledger.hashing import keccak

NOTHING = "0x" + "00" * 32


@dataclass(slots=True)
class Lane:
    """One sequence of batches; `running` is the hash over their digests, as 0x text."""

    owner: str
    relay_group: int
    next_id: int = 0
    total_l: int = 0
    halted: bool = False
    running: str = NOTHING

    def settle(self, digest: bytes, counted_l: int) -> None:
        """One more batch; a full count of litres stays full."""
        self.running = "0x" + keccak(bytes.fromhex(self.running[2:]) + digest).hex()
        self.next_id += 1
        self.total_l = min(self.total_l + counted_l, M48)


def digest_of(root: bytes, words: bytes) -> bytes:
    """What a contract keeps of a batch."""
    return keccak(root + keccak(words))
