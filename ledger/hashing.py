"""keccak256, by the C library where it has wheels."""

import sys
from collections.abc import Callable

keccak: Callable[[bytes], bytes]

if sys.platform == "linux":
    from sha3 import keccak_256

    def keccak(data: bytes) -> bytes:
        """The 32 bytes of keccak256."""
        digest: bytes = keccak_256(data).digest()
        return digest

    def twice(data: bytes) -> bytes:
        """keccak256 of the keccak256, as leaves are hashed."""
        digest: bytes = keccak_256(keccak_256(data).digest()).digest()
        return digest

else:
    from eth_hash.auto import keccak

    def twice(data: bytes) -> bytes:
        """keccak256 of the keccak256, as leaves are hashed."""
        return keccak(keccak(data))
