"""A relay and its witnesses: batches settle when enough of them hold the same readings."""

from dataclasses import replace

import pytest

from ledger.errors import BadRecord
from ledger.witnesses import dissents
from oracle import cosigning
from oracle.feed import Stopped
from tests.chain.witnessed import OTHER, ROWS, Side, request
from tests.contracts.witnessing import KEYS


def test_two_of_three_let_a_batch_settle(witnessed):
    witnessed.stands(ROWS, ROWS)

    witnessed.settle(witnessed.oracle(), [witnessed.input])

    assert witnessed.town.registers() == ROWS


def test_a_lane_waits_while_two_are_down_and_goes_on_by_itself(witnessed):
    witnessed.stands(ROWS)
    urls = [witnessed.sides[0].url, "http://127.0.0.1:9"]
    oracle = witnessed.oracle(urls)

    with pytest.raises(Stopped, match="waits for witnesses"):
        witnessed.settle(oracle, [witnessed.input])
    assert witnessed.town.registers() == []
    assert len(oracle.relays.of("QuotaTracker", witnessed.lane).outbox.cosigned(0)) == 1
    witnessed.sides.append(Side(witnessed.town, "late", KEYS[2], ROWS))
    witnessed.town.kill(oracle)

    witnessed.settle(witnessed.oracle(), [witnessed.input])

    assert witnessed.town.registers() == ROWS


def test_what_was_signed_is_kept_so_a_killed_relay_asks_nobody_again(witnessed):
    witnessed.stands(ROWS, ROWS)
    oracle = witnessed.oracle()
    witnessed.feed(oracle)
    witnessed.until_sent(oracle)
    raw = oracle.journal.db.execute("SELECT raw FROM attempt").fetchone()[0]
    witnessed.town.kill(oracle)

    again = witnessed.oracle(urls=[])
    witnessed.settle(again, [witnessed.input])

    assert witnessed.town.registers() == ROWS
    kept = again.journal.db.execute("SELECT raw FROM attempt").fetchall()
    assert [bytes(row[0]) for row in kept] == [bytes(raw)]


def test_a_witness_with_another_value_does_not_sign_and_dissents_once(witnessed):
    witnessed.stands(ROWS, OTHER)
    oracle = witnessed.oracle()

    with pytest.raises(Stopped, match="differs: channel"):
        witnessed.settle(oracle, [witnessed.input])
    other = witnessed.sides[1]
    for now in (0.0, 1.0, 2.0):
        other.witness.dissent(other.journal, now)
        witnessed.town.mine()

    (found,) = dissents(witnessed.town.ledger)
    assert (found["contract"], found["lane"], found["batch_id"]) == (
        *("QuotaTracker", witnessed.lane),
        0,
    )
    assert found["by"] == KEYS[1].address
    told = [event for event, _ in witnessed.town.told]
    assert told.count("dissent is on record") == told.count("batch differs") == 1


def test_one_dissent_does_not_keep_two_others_from_signing(witnessed):
    witnessed.stands(ROWS, OTHER, ROWS)

    witnessed.settle(witnessed.oracle(), [witnessed.input])

    assert witnessed.town.registers() == ROWS
    assert witnessed.sides[1].journal.db.execute("SELECT count(*) FROM dissent").fetchone()[0] == 1


def test_a_witness_that_is_behind_signs_later_and_does_not_dissent(witnessed):
    witnessed.stands(ROWS, ROWS[:3])
    oracle = witnessed.oracle()
    with pytest.raises(Stopped, match="has nothing of"):
        witnessed.settle(oracle, [witnessed.input])
    behind = witnessed.sides[1]
    assert behind.journal.db.execute("SELECT count(*) FROM dissent").fetchone()[0] == 0

    behind.read(ROWS)
    witnessed.settle(oracle, [witnessed.input])

    assert witnessed.town.registers() == ROWS


def test_only_the_owner_of_the_lane_is_answered(witnessed):
    witnessed.stands(ROWS)
    asked, own, signed = request(witnessed)
    stranger = bytes(KEYS[4].sign_message(signed).signature)

    code, answer = witnessed.asks(replace(asked, signature=stranger).as_json())
    assert (code, list(answer)) == (403, ["error"])
    code, answer = witnessed.asks(replace(asked, batch_id=1, signature=own).as_json())
    assert (code, list(answer)) == (403, ["error"])
    code, answer = witnessed.asks(replace(asked, signature=own).as_json())
    assert (code, list(answer)) == (200, ["signature"])


def test_a_request_that_is_too_long_or_none_is_refused(witnessed):
    witnessed.stands(ROWS)
    asked, own, _ = request(witnessed)
    good = replace(asked, signature=own).as_json()

    for broken in (
        [],
        {**good, "lane": "1"},
        {**good, "contract": "Authority"},
        {**good, "words": "0x"},
        {**good, "words": good["words"][:-2]},
        {**good, "signature": "0x00"},
        {**good, "root": "0x07"},
        {**good, "homes": [[1, 2, 3, 4]]},
        {**good, "homes": [[1, 2]]},
        {**good, "homes": 7},
        {**good, "homes": [[1, 2, 3, 10**9]]},
        {**good, "telegrams": {}},
        {**good, "telegrams": {**good["telegrams"], "99": "0x" + "00" * 32}},
    ):
        code, answer = witnessed.asks(broken)
        assert (code, list(answer)) == (400, ["error"]), broken
    other = replace(asked, root=b"\x07" * 32)
    code, answer = witnessed.asks(witnessed.signed(other).as_json())
    assert (code, answer["error"][:36]) == (400, "the root is not that of the readings")
    code, answer = witnessed.asks({**good, "words": "0x" + "00" * cosigning.MOST_LINE})
    assert (code, answer["error"][:32]) == (400, "this is no request for a signatu")
    code, answer = witnessed.asks(bytes(cosigning.MOST_BYTES + 1))
    assert (code, list(answer)) == (413, ["error"])


def test_so_many_requests_a_second_and_no_more(witnessed):
    side = witnessed.stands(ROWS).sides[0]

    codes = [side.witness.answer(b"{}", 1.0)[0] for _ in range(21)]

    assert codes == [400] * 20 + [429]
    assert side.witness.answer(b"{}", 2.0)[0] == 400


def test_a_request_names_its_fault():
    with pytest.raises(BadRecord, match="no request for a signature"):
        cosigning.parse(b"\xff", ["QuotaTracker"])
