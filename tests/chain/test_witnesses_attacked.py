"""What a lying, hanging or replaced witness can do to a lane, and a relay to its witnesses."""

import time
from dataclasses import replace

import pytest
import yaml

from ledger.witnesses import message
from oracle import cosigners
from oracle.feed import Stopped
from oracle.mapping import load
from tests.chain.test_oracle_hearing import HOURS, STATION, Line, expected, packet
from tests.chain.witnessed import OTHER, ROWS, SOON_S, request
from tests.contracts.witnessing import KEYS
from tests.unit.test_ledger_witnesses import mirrored

NEVER_S = 300


def until(witnessed, oracle, reached):
    """Pump and seal blocks until something is so."""
    over = time.monotonic() + SOON_S
    while not reached():
        assert time.monotonic() < over, witnessed.town.told[-3:]
        oracle.pump(flush=True)
        time.sleep(0.05)
        witnessed.town.mine()


def test_signatures_of_anything_else_than_this_batch_are_not_kept(witnessed):
    forged, seen = {}, []

    def answers(asked):
        seen.append(asked)
        return {"signature": "0x" + forged["how"](asked).hex()}

    def sign(signed):
        return bytes(KEYS[1].sign_message(signed).signature)

    witnessed.stands(ROWS)
    witnessed.lies(answers)
    ledger, oracle = witnessed.town.ledger, witnessed.oracle()
    book = ledger.deployed("QuotaTracker").address
    own = witnessed.message
    wrong = {
        "another batch": lambda one: sign(own(one, batch_id=1)),
        "another lane": lambda one: sign(own(one, lane=one.lane + 1)),
        "another book": lambda one: sign(own(one, contract="DischargeVolumes")),
        "another root": lambda one: sign(own(one, root=b"\x07" * 32)),
        "another chain": lambda one: sign(message(1, book, one.lane, 0, one.root, b"\x07" * 32)),
        "high s": lambda one: mirrored(sign(own(one))),
        "v 0 or 1": lambda one: sign(own(one))[:64] + bytes([sign(own(one))[64] - 27]),
        "the relay's own": lambda one: one.signature,
        "a stranger's": lambda one: bytes(KEYS[4].sign_message(own(one)).signature),
        "no signature": lambda one: b"\x01",
    }
    witnessed.feed(oracle)
    for how in wrong.values():
        forged["how"], before = how, len(seen)
        until(witnessed, oracle, lambda before=before: len(seen) > before)
        until(witnessed, oracle, lambda: witnessed.cosigned(oracle) != [])
    forged["how"] = wrong["high s"]
    until(witnessed, oracle, lambda: oracle.relays.trouble() != [])
    assert witnessed.cosigned(oracle) == [KEYS[0].address.lower()]

    forged["how"] = lambda one: sign(own(one))
    witnessed.settle(oracle)

    assert witnessed.town.registers() == ROWS


def test_one_witness_at_two_addresses_counts_once(witnessed):
    url = witnessed.stands(ROWS).sides[0].url
    oracle = witnessed.oracle([url, url.replace("127.0.0.1", "localhost")])

    with pytest.raises(Stopped):
        witnessed.settle(oracle, [witnessed.input])

    assert witnessed.cosigned(oracle) == [KEYS[0].address.lower()]


def test_the_signature_of_a_witness_that_was_replaced_counts_no_more(witnessed):
    witnessed.stands(ROWS, ROWS, ROWS)
    first = witnessed.oracle([witnessed.sides[0].url])
    witnessed.feed(first)
    until(witnessed, first, lambda: witnessed.cosigned(first) != [])
    witnessed.town.kill(first)

    witnessed.need(KEYS[1:4], 2)
    witnessed.settle(witnessed.oracle(), [witnessed.input])

    assert witnessed.town.registers() == ROWS


def test_a_threshold_that_rises_while_a_batch_is_on_its_way_is_met_by_sending_again(witnessed):
    witnessed.stands(ROWS, ROWS)
    witnessed.need(KEYS[:3], 1)
    tester, oracle = witnessed.town.chain.tester, witnessed.oracle()
    tester.disable_auto_mine_transactions()
    witnessed.feed(oracle)
    witnessed.until_sent(oracle)
    held, tester.pool = tester.pool, []  # it would be sealed before the threshold rises
    tester.enable_auto_mine_transactions()
    witnessed.need(KEYS[:3], 2)
    tester.disable_auto_mine_transactions()
    tester.pool = held

    witnessed.settle(oracle)

    assert witnessed.town.registers() == ROWS
    failed = [keys["reason"] for event, keys in witnessed.town.told if event == "batch failed"]
    assert failed == ["witnesses: too few or too many signatures"]


def test_a_relay_cannot_have_a_witness_pay_for_dissents_about_batches_to_come(witnessed):
    side = witnessed.stands(OTHER).sides[0]
    asked, _, _ = request(witnessed)

    for batch, code in ((63, 200), (64, 400), (2**24 - 2, 400)):
        told = witnessed.asks(witnessed.signed(replace(asked, batch_id=batch)).as_json())
        assert told[0] == code, told

    assert side.journal.db.execute("SELECT batch FROM dissent").fetchall()[0][0] == 63
    assert side.journal.db.execute("SELECT count(*) FROM dissent").fetchone()[0] == 1


def test_a_witness_that_never_answers_keeps_no_station_waiting_and_no_batch(witnessed, monkeypatch):
    monkeypatch.setattr(cosigners, "ANSWER_S", NEVER_S)
    town, rows = witnessed.town, expected(HOURS)
    asked = []
    hanging = witnessed.lies(lambda one: asked.append(one))
    stamped = {"form": "iso8601", "column": "DataTime", "timezone": "UTC"}
    column = {"column": "w00000-Cou", "device": town.code, "parameter": "volume"}
    shape = {
        "title": "hourly volumes",
        "files": [f"{STATION}/2061"],
        "time": {**stamped, "stamp": "start", "step": "1 h"},
        "channels": [{**column, "of": "volume", "unit": "m3"}],
    }
    path = town.folder / "station.yaml"
    path.write_text(yaml.safe_dump(shape), encoding="utf-8")
    oracle = witnessed.oracle([hanging])
    began = time.monotonic()
    line = Line(town, oracle, [load(path)])
    try:
        first = line.says(*(packet(hour, "0.25") for hour in list(HOURS)[:3]))
        until(witnessed, oracle, lambda: asked != [])
        later = line.says(*(packet(hour, "0.25") for hour in list(HOURS)[3:]))
        oracle.pump(flush=True)
    finally:
        line.close()
    assert (first, later) == (3, 2)
    town.kill(oracle)
    witnessed.stands(rows, rows)

    witnessed.settle(witnessed.oracle())

    assert town.registers() == rows
    assert time.monotonic() - began < NEVER_S
