"""The verdicts of `bench faults` can fail, and its proxy breaks what it says it breaks."""

import json
import multiprocessing
import random
import socket
import time
from collections import Counter

import pytest

from bench import fuzz, proxy
from bench.chaos import _result
from bench.tally import Verdict
from ledger.chain import connect
from ledger.errors import ChainUnreachable
from tests.unit.stub_node import GENESIS_HASH, node


@pytest.mark.parametrize(
    "found, also, holds",
    [
        (Verdict(5, 5, 0, 0), True, True),
        (Verdict(5, 5, 0, 0), False, False),
        (Verdict(5, 4, 1, 0), True, False),
        (Verdict(5, 6, 0, 1), True, False),
        (Verdict(0, 0, 0, 0), True, False),
    ],
)
def test_an_experiment_holds_only_with_every_reading_on_the_chain_once(found, also, holds):
    assert _result("any", found, also).holds is holds


@pytest.fixture
def served(tmp_path):
    """A proxy of one kind of fault before a stub of a node; its address."""
    begun = []

    def serve(upstream, fault):
        where = socket.create_server(("127.0.0.1", 0))
        address = upstream.removeprefix("http://").split(":")
        arguments = ([where], (address[0], int(address[1])), fault, tmp_path / "notes.json")
        begun.append(multiprocessing.get_context("fork").Process(target=_only, args=arguments))
        begun[-1].start()
        with where:  # the proxy's process has it now
            return f"http://127.0.0.1:{where.getsockname()[1]}"

    yield serve
    for one in begun:
        one.terminate()
        one.join()


def _only(sockets, upstream, fault, notes):
    proxy.FAULTS = {fault: 1} if fault else proxy.FAULTS
    proxy.HALF_OPEN_S = 1.0
    proxy.storm(notes).touch()
    proxy.run(sockets, upstream, 1.0 if fault else 0.0, 1, notes)


def test_without_a_fault_the_proxy_passes_everything_on(served):
    with node() as url:
        assert connect(served(url, "")).genesis_hash == GENESIS_HASH


@pytest.mark.parametrize("fault", ["latency", "split"])
def test_a_slow_answer_is_still_one(served, fault):
    with node() as url:
        where = served(url, fault)
        time.sleep(2 * proxy.NOTES_EVERY_S)

        assert connect(where).genesis_hash == GENESIS_HASH


@pytest.mark.parametrize("fault", sorted(set(proxy.FAULTS) - {"latency", "split", "duplicated"}))
def test_every_other_fault_is_told_as_no_answer_and_counted(served, fault, tmp_path):
    with node() as url:
        where = served(url, fault)
        time.sleep(2 * proxy.NOTES_EVERY_S)

        with pytest.raises(ChainUnreachable):
            connect(where, timeout_s=0.5)

    time.sleep(2 * proxy.NOTES_EVERY_S)
    assert list(proxy.counted(tmp_path / "notes.json")) == [fault]


def test_an_answer_that_comes_twice_is_never_taken_for_the_next_one(served):
    with node() as url:
        where = served(url, "duplicated")
        time.sleep(2 * proxy.NOTES_EVERY_S)

        for _ in range(5):
            try:
                assert connect(where).genesis_hash == GENESIS_HASH
            except ChainUnreachable as error:
                assert "another question" in error.message


@pytest.mark.parametrize("name", ["hj212", "sl651"])
def test_whole_frames_are_accepted_and_changed_ones_end_with_a_reason(name):
    assert all(fuzz.fed(name, frame)["accepted"] for frame in fuzz.seeds(name)[:1])

    told = fuzz.bred(name, 500, 3)

    assert told["frames"] == 500
    assert told["refused"] > 0


@pytest.mark.parametrize("name", ["hj212", "sl651"])
def test_a_frame_with_drawn_values_is_a_good_one_and_is_kept(name):
    kept, draw = [], random.Random(5)

    for _ in range(50):
        fuzz.fed(name, b"\2" + draw.randbytes(21), kept.append)

    assert len(kept) == 50
    assert all(one.cells and not one.error for one in kept)


@pytest.mark.parametrize("spoilt", ["unaccounted", "reverted", "refused_groups", "differs"])
def test_a_fuzz_is_sound_only_where_the_contracts_took_all_that_was_let_through(spoilt):
    good = Counter({"accepted": 5, "on_chain": 5})

    assert fuzz.sound(good)
    assert not fuzz.sound(good + Counter({spoilt: 1}))
    assert not fuzz.sound(good + Counter({"accepted": 1}))


def test_a_spoilt_value_is_not_what_was_told():
    body = json.dumps({"jsonrpc": "2.0", "id": 4, "result": "0x07"}).encode()

    assert json.loads(proxy._spoilt(body, random.Random(1)))["result"] != "0x07"
