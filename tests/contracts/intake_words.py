"""Groups packed one integer at a time, independently of `ledger.packing`."""

from collections.abc import Sequence

OFFSET = 2**31


def _further(rest: Sequence[tuple[int, int]], volume_bits: int) -> tuple[int, list[int]]:
    """Step and lane words of the readings after the first: regular where every step is the same."""
    steps = {duration_s for _, duration_s in rest}
    if not rest:
        return 0, []
    if len(steps) == 1 and all(amount < 2**32 for amount, _ in rest):
        lanes, width, step = [amount for amount, _ in rest], 32, steps.pop()
    else:
        lanes, width, step = [a | (d - 1) << 40 for a, d in rest], 64, 0
    per_word = 256 // width
    words = [
        sum(lane << width * i for i, lane in enumerate(lanes[k : k + per_word]))
        for k in range(0, len(lanes), per_word)
    ]
    return step, words


def meter_group(
    channel: int,
    register_l: int,
    last_at: int,
    readings: Sequence[tuple[int, int]],
    kind: int = 0,
    grade: int = 3,
) -> list[int]:
    """Words of one meter group; `readings` are (volume in litres, seconds since the one before)."""
    (volume_l, duration_s), *rest = readings
    step, words = _further(rest, 40)
    header = (
        channel
        | len(rest) << 32
        | step << 48
        | register_l << 72
        | last_at << 120
        | volume_l << 152
        | (duration_s - 1) << 200
        | kind << 232
        | grade << 240
    )
    return [header, *words]


def gauge_group(
    channel: int,
    last_at: int,
    readings: Sequence[tuple[int, int]],
    mark: int = 0,
    void: bool = False,
    grade: int = 3,
) -> list[int]:
    """Words of one gauge group; `readings` are (stored value, seconds since the one before)."""
    (value, duration_s), *rest = readings
    step, words = _further(rest, 32)
    header = (
        channel
        | len(rest) << 32
        | step << 48
        | grade << 72
        | last_at << 120
        | value << 152
        | (duration_s - 1) << 200
        | mark << 232
        | int(void) << 239
    )
    return [header, *words]


def packed(words: Sequence[int]) -> bytes:
    return b"".join(word.to_bytes(32, "big") for word in words)
