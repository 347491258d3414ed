"""Short texts as the contracts hold them: left-aligned in 32 bytes."""

from ledger.errors import UsageError

LENGTH = 32


def label(text: str) -> bytes:
    """The 32 bytes of a text; one that does not fit is refused."""
    encoded = text.encode("utf-8")
    if len(encoded) > LENGTH or b"\0" in encoded:
        raise UsageError(f"{text!r} is longer than {LENGTH} bytes", "use a shorter name")
    return encoded.ljust(LENGTH, b"\0")


def text_of(word: bytes) -> str:
    """The text in 32 bytes."""
    return bytes(word).rstrip(b"\0").decode("utf-8", errors="replace")
