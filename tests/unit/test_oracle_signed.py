"""Signed telegrams on their way into the journal: rows, marks, sequences, release."""

import json

import pytest

from ledger.channels import METER
from ledger.grades import DEVICE, OPERATOR
from ledger.keys import SECP256K1, Key
from ledger.packing import ZERO_VALUE
from ledger.telegrams import Reading, Telegram
from oracle import signed
from oracle.intake import take
from oracle.quarantine import StaysHeld, held, release
from tests.unit.oracle_rows import NOW, by_name, channel, journal
from tests.unit.test_signed import AT, DOMAIN, OWNER
from tests.unit.test_signed import signed as signed_by

METERS = channel(METER, 1, device_id=3)
GAUGE = channel(number=2, device_id=3)
CHANNELS = {1: METERS, 2: GAUGE}
ACCOUNT = bytes.fromhex(OWNER.address[2:])
KEYS = signed.Keys(1, DOMAIN, {1: Key(1, SECP256K1, ACCOUNT, False, AT, 2**32 - 1, 0, {3: AT})})


@pytest.fixture
def opened(tmp_path):
    made = journal(tmp_path / "journal", METERS, GAUGE)
    yield made
    made.close()


def raw(*readings, sequence=1):
    return json.dumps(signed_by(Telegram(3, sequence, readings)).as_json()).encode()


def heard(opened, *raws):
    """What telegrams give, put into the journal."""
    checked = signed.check(raws, KEYS, CHANNELS, opened, NOW)
    source = opened.stranger("signed/mqtt/here")
    chunk, refusals = signed.chunk_of(source.rows, checked, CHANNELS)
    rules = signed.rules(CHANNELS.values(), DEVICE)
    named = [rule for rule in rules if rule.column in chunk.cells]
    states = opened.states([1, 2])
    accepted, _ = take(chunk, signed.TIME, named, states, NOW, opened.known)
    sent = [one.sent for one in checked if one.sent]
    opened.take(source, chunk, accepted, refusals, signed=sent)
    return checked


def reasons(opened):
    return [entry["reason"] for entry in held(opened)]


def test_readings_are_recorded_as_they_were_signed(opened):
    word, moment = ZERO_VALUE + 243, AT + 60
    heard(opened, raw(Reading(1, AT + 1, 500), Reading(2, moment, word), Reading(1, moment, 540)))

    found = {number: opened.reading(number, moment) for number in (1, 2)}
    values = {number: int(kept.block.value[place]) for number, (kept, place) in found.items()}
    assert values == {1: 540, 2: word}
    assert {kept.grade for kept, _ in found.values()} == {DEVICE}
    assert reasons(opened) == []


def test_a_mark_is_taken_as_it_is_stored_and_another_is_held(opened):
    moments = [AT + n for n in (1, 2, 3, 4)]
    marks = (0, 6, 129, 1)  # calibration voids: it is 129, never 1
    heard(
        opened, raw(*[Reading(2, at, ZERO_VALUE, m) for at, m in zip(moments, marks, strict=True)])
    )

    kept, _ = opened.reading(2, moments[2])
    assert kept.block.mark.tolist() == [0, 6, 129]
    assert reasons(opened) == ["unknown_mark"]


def test_a_register_has_no_mark(opened):
    heard(opened, raw(Reading(1, AT + 1, 500, 6)))

    assert reasons(opened) == ["unknown_mark"]


def test_the_journal_remembers_sequences_of_64_bits(opened):
    highest = 2**64 - 1
    heard(opened, raw(Reading(1, AT + 1, 500), sequence=highest))

    assert opened.last_sequence(1, 3) == highest
    assert opened.last_sequence(2, 3) == 0
    heard(opened, raw(Reading(1, AT + 2, 501), sequence=highest - 1))
    heard(opened, raw(Reading(1, AT + 2, 501), sequence=highest))
    assert reasons(opened) == ["sequence_falls", "sequence_again"]


def test_one_that_is_held_leaves_no_sequence(opened):
    strange = signed_by(Telegram(3, 9, (Reading(7, AT, 1),)))

    [one] = heard(opened, json.dumps(strange.as_json()).encode())

    assert (one.reason, one.sent) == ("no_lane", None)
    assert opened.last_sequence(1, 3) == 0


def test_a_held_reading_is_released_on_the_operator_s_word(opened):
    beyond = ZERO_VALUE + GAUGE.high // GAUGE.resolution + 1
    heard(opened, raw(Reading(2, AT + 1, beyond, 6)))
    assert reasons(opened) == ["impossible"]

    release(opened, 1, by_name(METERS, GAUGE), NOW, "seen on site", None)

    kept, place = opened.reading(2, AT + 1)
    assert (int(kept.block.value[place]), int(kept.block.mark[place])) == (beyond, 6)
    assert kept.grade == OPERATOR


def test_a_telegram_that_failed_its_check_stays_held(opened):
    heard(opened, raw(Reading(1, AT + 1, 500)).replace(b"500", b"501"))
    assert reasons(opened) == ["bad_signature"]

    with pytest.raises(StaysHeld, match="no single reading"):
        release(opened, 1, by_name(METERS, GAUGE), NOW, "let it in", None)
