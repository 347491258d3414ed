"""Played stations: which there are, what they say, that they call this machine alone."""

import asyncio
import socket
import time
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadRecord, UsageError
from oracle.mapping import Time
from oracle.simulation import telegrams
from oracle.simulation.faults import Said
from oracle.simulation.playing import Pace, World, play, summary
from oracle.simulation.speaking import Limits, NobodyListens
from oracle.simulation.stations import load, stamp
from oracle.sources import hj212, payloads
from oracle.sources.telegrams import Hj212
from oracle.times import moment
from tests.unit.oracle_rows import written
from tests.unit.test_telegrams import MN

T0 = 1_775_001_600
AFTER = "2026-04-01T00:00:00Z"


def cast(tmp_path, rows="1,5\n2,7.25\n3,\n4,x\n", *, listen=None, **changed):
    column = {"device": "A", "parameter": "volume", "of": "volume", "unit": "m3"}
    time_of = {"form": "unix_s", "column": "n"}
    local = {"form": "iso8601", "column": "DataTime", "timezone": "Asia/Shanghai"}
    data = {"title": "data", "time": time_of, "channels": [column | {"column": "a"}]}
    heard = {"title": "outfall", "files": [f"{MN}/2011"], "time": local}
    heard["channels"] = [column | {"column": "w00000-Rtd"}]
    port = {"protocol": "hj212", "port": 9, "mappings": ["heard.yaml"]} | (listen or {})
    played = {"mapping": "heard.yaml", "data": "data.csv", "data_mapping": "data.yaml"}
    played |= {"after": AFTER, "step": "1 min"} | changed
    for name, document in (
        ("data.yaml", data),
        ("heard.yaml", heard),
        ("waterline.toml", {"listen": [port]}),
        ("stations.yaml", {"oracle": "waterline.toml", "stations": [played]}),
    ):
        written(tmp_path / name, document)
    (tmp_path / "data.csv").write_text(f"n,a\n{rows}", encoding="utf-8")
    return load(tmp_path / "stations.yaml")


def played(stations, **pace):
    async def run():
        world = World(time.time, asyncio.Event(), lambda: None)
        return await play(stations, {}, 1, Pace(**pace), Limits(0.1, 1), world)

    return summary(stations, asyncio.run(run()))


def test_a_series_has_a_moment_a_step_leaves_out_what_is_no_number_and_begins_again(tmp_path):
    [station] = cast(tmp_path)

    told = list(islice(station.series(), 3))

    assert [said.at for said in told] == [T0 + 60, T0 + 120, T0 + 180]
    assert [said.values["w00000-Rtd"] for said in told] == ["5", "7.25", "5"]


def test_data_without_any_number_say_nothing(tmp_path):
    [station] = cast(tmp_path, rows="1,x\n")

    assert list(station.series()) == []


@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        ({"listen": {"host": "10.0.0.9"}}, UsageError, "10.0.0.9:9 is not this machine"),
        ({"listen": {"host": "0.0.0.0"}}, UsageError, "is not this machine"),
        ({"listen": {"port": 0}}, UsageError, "port 0"),
        ({"listen": {"mappings": ["other.yaml"]}}, BadRecord, "in no listen"),
        ({"listen": {"protocol": "sl651"}}, BadRecord, "its time is not at"),
        ({"listen": {"protocol": "sl651"}, "step": "30 s"}, BadRecord, "whole minutes"),
        ({"after": "yesterday"}, BadRecord, "after of outfall"),
        ({"after": "2026-04-01T00:00:00"}, BadRecord, "no offset"),
    ],
)
def test_a_station_that_cannot_be_played_is_refused_by_name(tmp_path, changed, kind, words):
    with pytest.raises(kind, match=words):
        cast(tmp_path, **changed)


def test_a_station_knows_the_password_that_the_oracle_checks(tmp_path):
    path = tmp_path / "passwords"
    path.touch(mode=0o600)
    path.write_text(f"{MN} abc123\n", encoding="ascii")

    [station] = cast(tmp_path, listen={"password_file": path.name})
    sent = telegrams.hj212_sent(station, Said(T0, {"w00000-Rtd": "5"}), 1, "")

    assert hj212.decode(sent.packets[0]).pw == "abc123"
    assert "abc123" not in repr(station)


def test_what_is_sent_is_heard_as_what_was_said(tmp_path):
    [station] = cast(tmp_path)
    said = Said(T0 + 60, {"w00000-Rtd": "5.10", "w01018-Rtd": "-0.3"})

    sent = telegrams.hj212_sent(station, said, 1, "split")
    spoken = Hj212()
    [(heard, answer)] = [told for one in sent.packets for told in spoken.feed(one)]

    assert heard.station == station.name
    assert {name: heard.cells[name] for name in said.values} == said.values
    assert moment(station.mapping.time, heard.cells["DataTime"]) == said.at
    assert telegrams.hj212_answers()(answer) == [sent.key] * 2


@given(
    st.dictionaries(
        st.text('abc.é"', min_size=1),
        st.text() | st.decimals(-(10**9), 10**9, places=2).map("{:f}".format),
    )
)
def test_a_payload_is_read_as_the_cells_that_were_written(cells):
    assert payloads.cells(telegrams.payload(cells)) == cells


@given(
    st.integers(1_000_000_000, 4_000_000_000),
    st.sampled_from(["", "Asia/Shanghai", "UTC"]),
    st.sampled_from(["start", "end"]),
    st.sampled_from(["iso8601", "unix_s"]),
)
def test_a_stamp_is_read_as_its_moment(at, zone, end, form):
    time_of = Time(form=form, column="at", timezone=zone, stamp=end, step="1 h")

    begun = moment(time_of, stamp(time_of, at))

    assert begun + (3_600 if end == "start" else 0) == at


@given(st.integers(0, 2**32 - 1))
def test_garbage_is_one_piece_that_nobody_reads(chance):
    noise = telegrams.garbage(chance)

    assert not set(b"#\r\n,\x7e{") & set(noise)
    with pytest.raises(payloads.NoPayload):
        payloads.cells(noise)


def test_where_nobody_listens_the_play_says_so(tmp_path):
    with pytest.raises(NobodyListens, match="nobody listens at"):
        played(cast(tmp_path), most=1)


def test_a_station_sends_again_up_to_its_limit_and_goes_on(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        stations = cast(tmp_path, listen={"port": deaf.getsockname()[1]})

        told = played(stations, most=2)

    assert (told["sent"], told["acknowledged"], told["refused"], told["sent_again"]) == (2, 0, 2, 2)
    assert told["expected"]["accepted"] == 0


def test_a_series_ends_at_the_clock(tmp_path):
    now = int(time.time())
    begun = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 3_600))

    told = played(cast(tmp_path, after=begun))

    assert told["sent"] == 0
