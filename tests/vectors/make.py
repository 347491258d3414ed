"""Write tests/vectors/wire.json: `python -m tests.vectors.make`, by docs/wire-format.md alone.

Each sequence is what one lane of one contract is sent, batch by batch, what it must hold after
each, and what it must refuse.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eth_utils import keccak

from tests.vectors import reference
from tests.vectors.reference import INSTANT, VOID

KEPT = Path(__file__).with_name("wire.json")
T0 = 1_700_000_000  # the first boundary of the calendars that the contract tests load
LANE, RELAY_GROUP, OTHER_GROUP = 1, 7, 8
UNKNOWN, FOREIGN, BROKEN, FUTURE, BAD_KIND, NO_APPROVAL, OVERFLOW = range(1, 8)
MOST_REGISTER, MOST_LANE, MOST_REGULAR = 2**48 - 1, 2**40 - 1, 2**32 - 1
LONGEST, LONGEST_REGULAR, LONGEST_FIRST = 2**24, 2**24 - 1, 2**32
NOBODY = 9_999

Group = dict[str, Any]


def meter(
    name: str,
    channel: int,
    opening: tuple[int, int],
    readings: Sequence[tuple[int, int]],
    kind: int = 0,
    grade: int = 3,
    **more: int,
) -> Group:
    """A meter group that opens at (register, moment); `refused` and `register_l` where they are."""
    opening_l, opening_at = opening
    fields = {"opening_l": opening_l, "opening_at": opening_at, "kind": kind, "grade": grade}
    words = reference.group("Meter header", readings, 40, channel=channel, **fields)
    return {"name": name, "channel": channel, **fields} | _rest(readings, words, more)


def gauge(
    name: str,
    channel: int,
    opening_at: int,
    readings: Sequence[tuple[int, int]],
    mark: int = 0,
    void: bool = False,
    grade: int = 3,
    detection_limit: int = 0,
    **more: int,
) -> Group:
    """A gauge group; readings are (stored value, step)."""
    fields = {"opening_at": opening_at, "mark": mark, "void": int(void), "grade": grade}
    fields["detection_limit"] = detection_limit
    words = reference.group("Gauge header", readings, 32, channel=channel, **fields)
    return {"name": name, "channel": channel, **fields} | _rest(readings, words, more)


def _rest(readings: Sequence[tuple[int, int]], words: list[int], more: Mapping[str, int]) -> Group:
    return {"readings": [list(r) for r in readings], "words": _hex(reference.sent(words)), **more}


def meter_batches() -> list[list[Group]]:
    """What the lane of a meter contract is sent."""
    start = (100, T0)
    hours = [(7 * i, 3_600) for i in range(1, 25)]
    first = [
        meter("one reading", 1, start, [(7, 900)]),
        meter("regular, padded", 2, start, hours[:12], grade=1),
        meter("regular, whole words", 3, start, [(0, 60), *hours[:16]], grade=2),
        meter("irregular, padded", 4, start, [(5, 60), (6, 61), (0, 1), (7, 62)], grade=4),
        meter("irregular, whole word", 5, start, [(1, 9), (2, 1), (3, 2), (4, 3), (5, 5)], grade=5),
        meter("largest lane", 6, start, [(1, 1), (MOST_LANE, LONGEST), (0, 1)]),
        meter("largest regular lane", 7, start, [(1, 1)] + [(MOST_REGULAR, LONGEST_REGULAR)] * 2),
        meter("largest register", 8, (MOST_REGISTER - 5, T0), [(3, 60), (2, 60)]),
        meter("largest first volume", 9, (0, 0), [(MOST_REGISTER, T0)]),
        meter("roll-over", 10, (9_990, T0), [(25, 60)], kind=1, register_l=15),
        meter("exchange", 11, start, [(30, 60)], kind=2, register_l=7),
        meter("reset", 12, start, [(40, 60)], kind=3, register_l=0),
        meter("deemed", 13, start, [(400, 60)], kind=4, register_l=100),
        meter("estimate", 14, start, [(40, 60), (40, 60), (40, 60)], kind=5),
    ]
    one, moved = (107, T0 + 900), (7, T0 + 60)
    second = [
        meter("goes on", 1, one, [(1, 900)] * 9),
        meter("opens at the wrong register", 1, (115, T0 + 9_000), [(1, 1)], refused=BROKEN),
        meter("goes on behind the refused one", 1, (116, T0 + 9_000), [(4, 900)]),
        meter("goes on from the approved register", 11, moved, [(5, 60), (6, 60)]),
        meter("opens at the wrong moment", 2, (568, T0), [(1, 1)], refused=BROKEN),
        meter("not enrolled", NOBODY, (0, 0), [(1, 1)], refused=UNKNOWN),
        meter("of another relay group", 15, start, [(1, 1)], refused=FOREIGN),
        meter("longest first step", 16, start, [(1, LONGEST_FIRST)], refused=FUTURE),
        meter("unknown kind", 16, start, [(1, 1)], kind=6, refused=BAD_KIND),
        meter("two readings deemed", 16, start, [(1, 1), (1, 1)], kind=4, refused=BAD_KIND),
        meter("without approval", 16, start, [(1, 1)], kind=2, refused=NO_APPROVAL),
        meter("register too large", 8, (MOST_REGISTER, T0 + 120), [(1, 1)], refused=OVERFLOW),
    ]
    return [first, second]


def gauge_batches() -> list[list[Group]]:
    """What the lane of a gauge contract is sent."""
    rising = [(2**31 + 10 * i, 300) for i in range(25)]
    uneven = [(2**31 + 5, 60), (2**31 + 6, 61), (2**31, 1), (2**31 - 7, 62)]
    first = [
        gauge("laboratory", 1, T0, [(2**31 + 25, 900)], grade=4, detection_limit=2**31 + 50),
        gauge("regular, padded", 2, T0, rising[:12], grade=1),
        gauge("regular, whole words", 3, T0, rising[:17], grade=2),
        gauge("irregular, padded", 4, T0, uneven),
        gauge("irregular, whole word", 5, T0, [(1, 9), *uneven], grade=5),
        gauge("void", 6, T0, rising[:3], mark=1, void=True),
        gauge("set by hand", 7, T0, rising[:3], mark=6),
        gauge(
            "largest value, mark and limit", 8, T0, [(2**32 - 1, 1)] * 3, 15, False, 255, 2**32 - 1
        ),
        gauge("smallest value, longest step", 9, T0, [(0, 1), (0, LONGEST)]),
    ]
    later = T0 + 12 * 300
    second = [
        gauge("goes on, void", 2, later, rising[:9], mark=4, void=True),
        gauge("goes on, counted", 2, later + 2_700, [(2**31 + 1, 300)]),
        gauge("opens at the wrong moment", 2, later, [(5, 1)], refused=BROKEN),
        gauge("not enrolled", NOBODY, T0, [(5, 1)], refused=UNKNOWN),
        gauge("of another relay group", 10, T0, [(5, 1)], refused=FOREIGN),
        gauge("longest first step", 11, T0, [(5, LONGEST_FIRST)], refused=FUTURE),
    ]
    return [first, second]


def sequence(function: str, batches: list[list[Group]], given: dict[str, Any]) -> dict[str, Any]:
    """Batches of one lane with all that follows from their words."""
    running, made = b"\0" * 32, []
    for batch_id, groups in enumerate(batches):
        rows = [row for one in groups for row in leaf_rows(one)]
        leaves = [reference.leaf(*row) for row in rows]
        nodes = reference.standard_tree(leaves)
        words = b"".join(bytes.fromhex(one["words"][2:]) for one in groups)
        words_hash = keccak(words)
        digest = keccak(nodes[0] + words_hash)
        running = keccak(running + digest)
        shown = {0, len(leaves) // 2, len(leaves) - 1}
        made.append(
            {
                "batch_id": batch_id,
                "groups": groups,
                "leaves": [
                    [*row[:-1], _hex(row[-1]), _hex(leaf)]
                    for row, leaf in zip(rows, leaves, strict=True)
                ],
                "root": _hex(nodes[0]),
                "proofs": {
                    _hex(leaves[i]): [_hex(n) for n in reference.standard_proof(nodes, leaves[i])]
                    for i in sorted(shown)
                },
                "words_hash": _hex(words_hash),
                "digest": _hex(digest),
                "running": _hex(running),
                "calldata": _hex(reference.calldata(function, LANE, batch_id, nodes[0], words)),
                "refused": [[one["channel"], one["refused"]] for one in groups if "refused" in one],
                "after": standing(groups),
            }
        )
    reverted = list(malformed(function, len(batches), batches[0]))
    return {
        "function": function,
        "lane": LANE,
        "relay_group": RELAY_GROUP,
        "given": given,
        "batches": made,
        "reverted": reverted,
    }


def leaf_rows(group: Group) -> Iterator[tuple[Any, ...]]:
    """What the leaf of each reading is made of."""
    at, register_l = group["opening_at"], group.get("opening_l", 0)
    mark = group.get("mark", 0) + VOID * group.get("void", 0)
    for amount, step_s in group["readings"]:
        at, register_l = at + step_s, register_l + amount
        value = group.get("register_l", register_l) if "kind" in group else amount
        telegram = keccak(f"{group['name']} {at}".encode())
        kind = group.get("kind", INSTANT)
        yield group["channel"], at, value, kind, group["grade"], mark, telegram


def standing(groups: Sequence[Group]) -> list[list[int | None]]:
    """Channel, register or value, and moment after the groups; no value after a void group."""
    after: dict[int, list[int | None]] = {}
    for one in groups:
        if "refused" not in one:
            channel, at, value, *_ = list(leaf_rows(one))[-1]
            after[channel] = [channel, None if one.get("void") else value, at]
    return list(after.values())


def malformed(function: str, batch_id: int, groups: Sequence[Group]) -> Iterator[dict[str, str]]:
    """Calls that revert, with the contract's words."""
    kind = function.removeprefix("record_")
    whole = {one["name"]: bytes.fromhex(one["words"][2:]) for one in groups}
    padded, uneven = whole["regular, padded"], whole["irregular, padded"]
    cases = [
        ("truncated group", padded[:-32], b"", batch_id, f"{kind}: truncated group"),
        ("regular padding", _with_bit(padded, 255), b"", batch_id, f"{kind}: padding not zero"),
        ("irregular padding", _with_bit(uneven, 255), b"", batch_id, f"{kind}: padding not zero"),
        ("no words", b"", b"", batch_id, f"{kind}: not whole words"),
        ("part of a word", padded[:-1], b"", batch_id, f"{kind}: not whole words"),
        ("evidence", padded, b"\1", batch_id, "witnesses: lane needs no evidence"),
        ("sent again", padded, b"", batch_id - 1, "lanes: batch is not the next one"),
    ]
    if kind == "gauges":
        lane_bits = _with_bit(uneven, 39)
        cases.append(("lane bits", lane_bits, b"", batch_id, "gauges: lane bits not zero"))
    for name, words, evidence, number, reason in cases:
        call = reference.calldata(function, LANE, number, b"\1" * 32, words, evidence)
        yield {"name": name, "reason": reason, "calldata": _hex(call)}


def _with_bit(words: bytes, bit: int) -> bytes:
    last = int.from_bytes(words[-32:], "big")
    return words[:-32] + (last | 1 << bit).to_bytes(32, "big")


def channels(count: int, **changed: dict[int, int]) -> list[dict[str, int]]:
    """How each channel is enrolled, the first one as channel 1."""
    usual = {"register_l": 100, "opened_at": T0, "modulus_l": 0, "relay_group": RELAY_GROUP}
    return [
        usual | {name: given[n] for name, given in changed.items() if n in given}
        for n in range(1, count + 1)
    ]


def vectors() -> dict[str, Any]:
    """The whole document."""
    meters = {
        "channels": channels(
            16,
            register_l={8: MOST_REGISTER - 5, 9: 0, 10: 9_990},
            opened_at={9: 0},
            modulus_l={10: 10_000},
            relay_group={15: OTHER_GROUP},
        ),
        "approvals": [[11, 2, 130, 7], [12, 3, 140, 0]],  # channel, kind, closing, opening register
        "deemed": [[13, 100, 400, T0 + 60]],  # channel, register, volume, end
    }
    gauges = {"channels": channels(11, relay_group={10: OTHER_GROUP}), "approvals": []}
    return {
        "about": "Vectors of docs/wire-format.md, written by `python -m tests.vectors.make`.",
        "meters": sequence("record_meters", meter_batches(), meters),
        "gauges": sequence("record_gauges", gauge_batches(), gauges),
        "households": list(households()),
    }


def households() -> Iterator[dict[str, Any]]:
    """Leaves of households, from the least numbers to the greatest."""
    for number, (register_l, volume_l, grade) in enumerate(
        [(123_456, 789, 3), (0, 0, 1), (MOST_REGISTER, MOST_REGISTER, 255)], 1
    ):
        household, salt = keccak(f"household {number}".encode()), keccak(f"salt {number}".encode())
        telegram = keccak(f"telegram {number}".encode())
        fields = {"channel": number, "ends_at": T0 + number, "register_l": register_l}
        fields |= {"volume_l": volume_l, "grade": grade}
        row = (*list(fields.values())[:2], register_l, volume_l, grade, telegram)
        yield {
            **fields,
            "household": _hex(household),
            "salt": _hex(salt),
            "telegram": _hex(telegram),
            "leaf": _hex(reference.household_leaf(row[0], household, salt, *row[1:])),
        }


def text() -> str:
    """The document as it is kept."""
    indented = json.dumps(vectors(), indent=1) + "\n"
    return re.sub(r"[\[{][^\[\]{}]+[\]}]", lambda row: " ".join(row[0].split()), indented)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


if __name__ == "__main__":
    KEPT.write_text(text(), encoding="utf-8")
