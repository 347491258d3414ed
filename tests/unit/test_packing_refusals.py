"""What does not fit its field is refused, never cut; words that end too early are not read."""

import numpy as np
import pytest

from ledger import packing
from ledger.batches import gauge_groups, meter_groups
from ledger.errors import BadRecord, UsageError
from ledger.packing import gauge_group, meter_group, record_calldata

AT = 1_700_000_000


def column(numbers):
    return np.array(numbers, dtype=np.int64)


METER = {
    "channel": 1,
    "opening_l": 0,
    "opening_at": AT,
    "volumes_l": column([1, 2, 3]),
    "durations_s": column([60, 60, 60]),
    "kind": 0,
    "grade": 3,
}
GAUGE = {
    "channel": 1,
    "opening_at": AT,
    "values": column([1, 2, 3]),
    "durations_s": column([60, 60, 60]),
    "mark": 0,
    "grade": 3,
    "detection_limit": 0,
}
SHARED = {
    "channel": (-1, 2**32),
    "opening_at": (-1, 2**32),
    "grade": (-1, 256),
    "durations_s": (
        column([0, 60, 60]),
        column([2**32 + 1, 60, 60]),
        column([60, 60, 0]),
        column([60, 0, 0]),
        column([60, 2**24 + 1, 60]),
        column([60, -1, 60]),
        column([60, 60]),
        column([60] * 4),
        np.array([60.0, 60.0, 60.0]),
    ),
}
NOTHING = column([])
BEYOND_METER = SHARED | {
    "opening_l": (-1, 2**48),
    "kind": (-1, 256),
    "volumes_l": (
        column([2**48, 0, 0]),
        column([-1, 0, 0]),
        column([0, 2**40, 0]),
        column([0, 0, -1]),
        np.array([1.0, 2.5, 3.0]),
        NOTHING,
    ),
}
BEYOND_GAUGE = SHARED | {
    "mark": (-1, 16, 127, 128 + 16, 256),
    "detection_limit": (-1, 2**32),
    "values": (
        column([2**32, 0, 0]),
        column([0, 2**32, 0]),
        column([-1, 0, 0]),
        column([0, 0, -1]),
        np.array([1.0, 2.5, 3.0]),
        NOTHING,
    ),
}
CASES = [
    pytest.param(pack, usual | {name: value}, id=f"{pack.__name__} {name} {value}")
    for pack, usual, beyond in (
        (meter_group, METER, BEYOND_METER),
        (gauge_group, GAUGE, BEYOND_GAUGE),
    )
    for name, values in beyond.items()
    for value in values
]


@pytest.mark.parametrize(("pack", "arguments"), CASES)
def test_what_does_not_fit_its_field_is_refused(pack, arguments):
    with pytest.raises(UsageError):
        pack(**arguments)


def test_more_readings_than_a_header_can_count_are_refused():
    many = np.ones(2**16 + 1, dtype=np.int64)

    assert len(meter_group(1, 0, AT, many[1:], many[1:], 0, 3)) == 32 * (1 + 2**16 // 8)
    with pytest.raises(UsageError, match="number of readings"):
        meter_group(1, 0, AT, many, many, 0, 3)


CALL = {"lane": 1, "batch_id": 0, "root": b"\1" * 32, "words": b"\0" * 32, "evidence": b""}
BEYOND_CALL = {
    "lane": (-1, 2**256),
    "batch_id": (-1, 2**24 - 1),
    "root": (b"", b"\1" * 31, b"\1" * 33),
    "words": (b"", b"\0" * 31, b"\0" * 33, b"\0" * 32 * 1_025),
    "evidence": (b"\0" * 1_041,),
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BEYOND_CALL.items() for value in values]
)
def test_calldata_that_no_contract_takes_is_refused(name, value):
    with pytest.raises(UsageError):
        record_calldata(packing.RECORD_GAUGES, **(CALL | {name: value}))


@pytest.mark.parametrize("read", [meter_groups, gauge_groups])
def test_words_that_end_within_a_group_are_not_read(read):
    words = gauge_group(1, AT, column([1] * 10), column([60] * 10), 0, 3)

    for length in (32, 63, 95, len(words) - 1):
        with pytest.raises(BadRecord, match="end within a group"):
            list(read(words[:length]))
