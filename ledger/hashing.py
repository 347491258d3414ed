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

else:
    from eth_hash.auto import keccak  # noqa: F401
