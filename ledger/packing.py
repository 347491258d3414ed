"""Groups of readings as packed words, and the calldata that carries them.

The bit tables are those of docs/wire-format.md; tests/vectors/wire.json binds both sides to them.
Values beyond a field's width are refused here, never cut off.
"""

import numpy as np
from numpy.typing import NDArray

from ledger.errors import UsageError
from ledger.hashing import keccak
from ledger.leaves import VOID

Ints = NDArray[np.int64]

WORD = 32
# a transaction of at most 32 KiB takes one slot of geth's pool: 1,008 words and what surrounds them
MAX_WORDS = 1_008
MOST_WORDS = 1_024  # what the contracts take
MOST_EVIDENCE = 1_040
MOST_FURTHER = 2**16 - 1
MAX_STEP_S = 2**24 - 1  # of a regular group, and of a lane of an irregular one
MAX_FIRST_STEP_S = 2**32
REGULAR_LANES, IRREGULAR_LANES = 8, 4
MAX_REGULAR = 2**32 - 1
MAX_IRREGULAR_VOLUME_L = 2**40 - 1
MAX_REGISTER_L = 2**48 - 1
MAX_CHANNEL = MAX_MOMENT = MAX_STORED = 2**32 - 1
MAX_BYTE = 2**8 - 1
MAX_BATCH_ID = 2**24 - 2
MAX_NUMBER = 2**256 - 1
MAX_MARK = 15
ZERO_VALUE = 2**31  # the stored word of a gauge's zero
RECORD_METERS = keccak(b"record_meters(uint256,uint256,bytes32,bytes,bytes)")[:4]
RECORD_GAUGES = keccak(b"record_gauges(uint256,uint256,bytes32,bytes,bytes)")[:4]


def is_regular(durations: Ints) -> bool:
    """Whether the readings after the first follow at one and the same step."""
    further = durations[1:]
    return len(further) > 0 and bool((further == further[0]).all()) and further[0] <= MAX_STEP_S


def words_needed(count: int, regular: bool) -> int:
    """How many words a group of `count` readings takes, its header included."""
    return 1 - (-(count - 1) // (REGULAR_LANES if regular else IRREGULAR_LANES))


def meter_group(
    channel: int,
    opening_l: int,
    opening_at: int,
    volumes_l: Ints,
    durations_s: Ints,
    kind: int,
    grade: int,
) -> bytes:
    """One meter group: the volume of each step in litres, and the step's length in seconds."""
    _require_columns(volumes_l, durations_s)
    _within("a register", opening_l, MAX_REGISTER_L)
    _within("a first volume", int(volumes_l[0]), MAX_REGISTER_L)
    _within("a kind", kind, MAX_BYTE)
    _within("a grade", grade, MAX_BYTE)
    step, lanes = _lanes(volumes_l, durations_s, MAX_IRREGULAR_VOLUME_L)
    header = _header(channel, step, opening_at, durations_s)
    header |= opening_l << 72 | int(volumes_l[0]) << 152 | kind << 232 | grade << 240
    return header.to_bytes(WORD, "big") + lanes


def gauge_group(
    channel: int,
    opening_at: int,
    values: Ints,
    durations_s: Ints,
    mark: int,
    grade: int,
    detection_limit: int = 0,
) -> bytes:
    """One gauge group: stored values, the steps in seconds; `mark` 0 to 15, plus 128 for void."""
    _require_columns(values, durations_s)
    _within("a value", int(values[0]), MAX_STORED)
    _within("a mark", mark - (mark & VOID), MAX_MARK)
    _within("a grade", grade, MAX_BYTE)
    _within("a detection limit", detection_limit, MAX_STORED)
    step, lanes = _lanes(values, durations_s, MAX_STORED)
    header = _header(channel, step, opening_at, durations_s)
    header |= grade << 72 | detection_limit << 80 | int(values[0]) << 152 | mark << 232
    return header.to_bytes(WORD, "big") + lanes


def record_calldata(
    selector: bytes, lane: int, batch_id: int, root: bytes, words: bytes, evidence: bytes = b""
) -> bytes:
    """The calldata of `record_meters` or `record_gauges`, as the ABI encodes it."""
    _within("a lane", lane, MAX_NUMBER)
    _within("a batch number", batch_id, MAX_BATCH_ID)
    _within("a root's length", len(root), WORD, least=WORD)
    _within("the words' length", len(words), MOST_WORDS * WORD, least=WORD)
    _within("the evidence's length", len(evidence), MOST_EVIDENCE)
    if len(words) % WORD:
        raise UsageError(f"{len(words)} bytes are no whole words", "pack groups, nothing else")
    tail = _dynamic(words)
    head = (lane, batch_id, int.from_bytes(root, "big"), 5 * WORD, 5 * WORD + len(tail))
    return (
        selector
        + b"".join(number.to_bytes(WORD, "big") for number in head)
        + tail
        + _dynamic(evidence)
    )


def _dynamic(data: bytes) -> bytes:
    return len(data).to_bytes(WORD, "big") + data + b"\0" * (-len(data) % WORD)


def _header(channel: int, step: int, opening_at: int, durations_s: Ints) -> int:
    """What both kinds of header share."""
    _within("a channel", channel, MAX_CHANNEL)
    _within("an opening moment", opening_at, MAX_MOMENT)
    _within("a first step", int(durations_s[0]), MAX_FIRST_STEP_S, least=1)
    first = int(durations_s[0]) - 1
    return channel | (len(durations_s) - 1) << 32 | step << 48 | opening_at << 120 | first << 200


def _lanes(amounts: Ints, durations_s: Ints, widest: int) -> tuple[int, bytes]:
    """Step and lanes of the readings after the first; step 0 where they are irregular."""
    further, steps = amounts[1:], durations_s[1:]
    if len(further) == 0:
        return 0, b""
    most, regular = int(further.max()), is_regular(durations_s)
    _within("an amount", int(further.min()), widest)
    _within("an amount", most, widest)
    # equal steps are looked at once; one too long for regular lanes is not regular
    for step in (steps[0],) if regular else (steps.min(), steps.max()):
        _within("a step", int(step), MAX_STEP_S + 1, least=1)
    if regular and most <= MAX_REGULAR:
        return int(steps[0]), _words(further.astype(np.uint32), REGULAR_LANES, ">u4")
    packed = further.astype(np.uint64) | (steps - 1).astype(np.uint64) << np.uint64(40)
    return 0, _words(packed, IRREGULAR_LANES, ">u8")


def _words(lanes: NDArray[np.uint32] | NDArray[np.uint64], a_word: int, big_endian: str) -> bytes:
    """Lanes as words, the first lane in the lowest bits, the last word padded with zeros."""
    padded = np.zeros(-(-len(lanes) // a_word) * a_word, dtype=lanes.dtype)
    padded[: len(lanes)] = lanes
    return padded.reshape(-1, a_word)[:, ::-1].astype(big_endian).tobytes()


def _require_columns(amounts: Ints, durations_s: Ints) -> None:
    """Whole numbers, one step to each, and at least one: a group is never empty."""
    _within("a number of readings", len(amounts), MOST_FURTHER + 1, least=1)
    if len(amounts) != len(durations_s):
        raise UsageError(
            f"{len(amounts)} amounts do not fit {len(durations_s)} steps", "give a step to each"
        )
    if amounts.dtype.kind not in "iu" or durations_s.dtype.kind not in "iu":
        raise UsageError(
            f"{amounts.dtype} amounts and {durations_s.dtype} steps are not whole numbers",
            "convert exactly, before packing",
        )


def _within(what: str, value: int, most: int, least: int = 0) -> None:
    if not least <= value <= most:
        raise UsageError(f"{what} of {value} does not fit the wire format", f"{least} to {most}")
