"""What the oracle holds in memory does not grow with its input, neither with rows nor columns."""

import json
import subprocess
import sys

import pytest

MOST_MB = 500
MOST_MORE_MB = 150  # than before the first row
# a process of its own, as only a process has a peak
FEEDING = """
import json, sys
from pathlib import Path
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
from bench.memory import peak_bytes
from oracle.batch import cut, fill
from oracle.intake import take
from oracle.mapping import Mapping, rules
from oracle.sources.files import read
from tests.unit.oracle_rows import NOW, T0, by_name, channel, journal, shape

folder, rows, columns = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
channels = [channel(number=n, cadence_s=1) for n in range(1, columns + 1)]
writer = None
for first in range(0, rows, 1_000):
    at = np.arange(first, min(first + 1_000, rows))
    made = {"at": pa.array(T0 + 1 + at)}
    made |= {one.device: pa.array((at + one.id) % 977 / 10) for one in channels}
    table = pa.table(made)
    writer = writer or pq.ParquetWriter(folder / "day.parquet", table.schema)
    writer.write_table(table)
writer.close()
columns = [shape(one, column=one.device)["channels"][0] for one in channels]
mapping = Mapping.model_validate({**shape(channels[0]), "channels": columns})
wanted, opened = rules(mapping, by_name(*channels)), journal(folder, *channels)
source = opened.source("day", mapping, 0)

def peak():
    return peak_bytes() // 2**20

before = peak()
for chunk in read(folder / "day.parquet", mapping.columns, growing=False):
    states = opened.states([one.channel.id for one in wanted])
    opened.take(source, chunk, *take(chunk, mapping.time, wanted, states, NOW, opened.known))
turns, number, sent = {2: np.array([T0 - 1, T0 + 10**9])}, 0, 0
while True:
    found = fill(opened.waiting("DischargeLimits", 1, turns, 8_064), NOW, 10**8)
    if not found.waiting:
        break
    leaves = [
        leaf
        for one, count in zip(found.waiting, found.counts)
        for leaf in opened.leaves(one.channel, one.number, count)
    ]
    made = cut(found.laid, leaves)
    opened.freeze("DischargeLimits", 1, number, found.waiting, made)
    number, sent = number + 1, sent + made.readings
print(json.dumps({"sent": sent, "before_mb": before, "peak_mb": peak()}))
"""


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(400_000, 1), (225, 1_600), pytest.param(900, 1_600, marks=pytest.mark.soak)],
)
def test_a_large_file_takes_no_more_memory_than_a_small_one(tmp_path, rows, columns):
    words = (sys.executable, "-c", FEEDING, str(tmp_path), str(rows), str(columns))

    done = subprocess.run(words, capture_output=True, text=True, timeout=300)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["sent"] == rows * columns
    assert found["peak_mb"] < MOST_MB
    assert found["peak_mb"] - found["before_mb"] < MOST_MORE_MB
