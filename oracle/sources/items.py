"""What the protocols of stations have in common: a value with its name, mark and time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """One value of a telegram, as exact decimal text, with the mark beside it and its local time.

    HJ 212: `value` is as written, and `at` is "" while a split message waits. SL 651: `code` is an
    identifier in hexadecimal, `field` its name or "", and bytes that are no decimal number have the
    value "" and stand in `mark`, in hexadecimal.
    """

    code: str
    field: str
    value: str
    mark: str
    at: str
