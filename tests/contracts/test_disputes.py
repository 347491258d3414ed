"""Disputes: a signed telegram that contradicts a settled reading is proved, once, by anyone."""

import boa
import pytest

from tests.contracts.answers import events, reason
from tests.contracts.signing import (
    AT,
    DEVICE_KEY,
    GATEWAY_KEY,
    LATEST,
    SECP256K1,
    SETTLED,
    Meter,
    account_of,
    domain,
    sign,
)
from tests.contracts.storage import put
from tests.contracts.suite import HASH, NOW, T0

OPEN, UPHELD, EXPLAINED = 1, 2, 3
NOT_SIGNED = "disputes: telegram is not signed by a key of the device"
NOT_PROVED = "disputes: reading is not proved"
NOT_THERE = "disputes: reading is not in the telegram"


@pytest.fixture
def meter(suite):
    """A meter whose batch is settled an hour after its key began."""
    made = Meter(suite)
    boa.env.evm.patch.timestamp = NOW + 3_600
    yield made.settle()
    boa.env.evm.patch.timestamp = NOW


def opened(meter, telegram=None, **about):
    call = meter.call(telegram or meter.telegram(), **about)
    return meter.suite.disputes.open_dispute(*call, sender=meter.suite.holder)


def refused(meter, call):
    return reason(meter.suite.disputes.open_dispute, *call, sender=meter.suite.holder)


def test_a_telegram_that_says_another_value_is_on_record(meter):
    suite, telegram = meter.suite, meter.telegram(SETTLED + 5, before=2)

    number = opened(meter, telegram)

    expected = {
        "channel": meter.channel,
        "at": AT,
        "lane": meter.lane,
        "batch_id": 0,
        "settled_value": SETTLED,
        "settled_mark": 0,
        "settled_grade": 3,
        "said_value": SETTLED + 5,
        "said_mark": 0,
        "sequence": 7,
        "telegram_digest": domain(suite).digest(telegram),
        "key_id": meter.key,
        "key_revoked": False,
        "opened_by": suite.holder,
        "opened_at": NOW + 3_600,
        "state": OPEN,
        "resolved_by": "0x" + "00" * 20,
        "resolved_at": 0,
        "note_hash": b"\0" * 32,
    }
    about = {"dispute_id": number, "channel": meter.channel, "batch_id": 0}
    [(name, told)] = events(suite.disputes)
    assert name == "DisputeOpened"
    assert told == {**about, "dispute": suite.disputes.dispute(number)}
    assert suite.disputes.dispute(number)._asdict() == expected
    assert suite.disputes.count() == number == 1


def test_another_mark_is_a_contradiction_too(meter):
    from dataclasses import replace

    telegram = meter.telegram(SETTLED)
    marked = replace(telegram, readings=(replace(telegram.readings[0], mark=6),))

    one = meter.suite.disputes.dispute(opened(meter, marked))

    assert (one.said_value, one.said_mark, one.settled_mark) == (SETTLED, 6, 0)


def test_a_telegram_that_says_the_same_is_no_dispute(meter):
    assert refused(meter, meter.call(meter.telegram(SETTLED))) == "disputes: telegram says the same"


def test_the_longest_telegram_is_taken(meter):
    telegram = meter.telegram(before=63)

    assert opened(meter, telegram) == 1
    assert meter.suite.disputes.dispute(1).said_value == SETTLED + 5


def test_the_same_contradiction_is_shown_once_and_another_again(meter):
    opened(meter)

    # whatever telegram it stands in
    again = refused(meter, meter.call(meter.telegram(before=1)))

    assert again == "disputes: contradiction was shown"
    assert opened(meter, meter.telegram(SETTLED + 6)) == 2


def test_the_reading_must_stand_at_its_place_in_the_telegram(meter):
    settled, proof, said, hashes, signature = meter.call(meter.telegram(before=1))
    sequence, _, value, mark = said

    for wrong in ((sequence, 0, value, mark), (sequence, 2, value, mark)):
        assert refused(meter, [settled, proof, wrong, hashes, signature]) == NOT_THERE
    other = (sequence, 1, value + 1, mark)
    assert refused(meter, [settled, proof, other, hashes, signature]) == NOT_THERE
    assert refused(meter, [settled, proof, said, [], signature]) == NOT_THERE


@pytest.mark.parametrize(
    "changed",
    [
        {"lane": 99},
        {"batch_id": 1},
        {"root": HASH},
        {"words_hash": HASH},
        {"value": SETTLED - 1},
        {"kind": 5},
        {"grade": 1},
        {"mark": 1},
        {"telegram": HASH},
    ],
)
def test_the_settled_reading_must_be_proved(meter, changed):
    call = meter.call(meter.telegram())

    assert refused(meter, [meter.settled(**changed), *call[1:]]) == NOT_PROVED


def test_a_proof_of_another_reading_proves_nothing(meter):
    call = meter.call(meter.telegram())

    assert refused(meter, [call[0], call[1][1:], *call[2:]]) == NOT_PROVED


def test_a_channel_that_is_not_enrolled_is_told(meter):
    from dataclasses import replace

    telegram = meter.telegram()
    stranger = replace(telegram, readings=(replace(telegram.readings[0], channel=999),))
    call = meter.call(stranger)

    answer = refused(meter, [meter.settled(channel=999), *call[1:]])

    assert answer == "disputes: no such channel"


def test_a_signature_of_somebody_else_or_none_is_refused(meter):
    call = meter.call(meter.telegram())
    signature = call[-1]
    broken = [b"", signature[:64], signature[:64] + b"\x00", b"\0" * 65]
    broken.append(bytes([signature[0] ^ 1]) + signature[1:])

    answers = {refused(meter, [*call[:-1], wrong]) for wrong in broken}

    assert answers | {refused(meter, meter.call(meter.telegram(), GATEWAY_KEY))} == {NOT_SIGNED}


def test_what_was_signed_for_another_chain_contract_device_or_sequence_is_refused(meter):
    suite, telegram = meter.suite, meter.telegram()
    settled, proof, said, hashes, _ = meter.call(telegram)
    other_chain = sign(telegram, domain(suite, chain_id=20_231))
    other_device = sign(meter.telegram(device=meter.device + 1), domain(suite))
    other_sequence = sign(meter.telegram(sequence=8), domain(suite))

    answers = {
        refused(meter, [settled, proof, said, hashes, signature])
        for signature in (other_chain, other_device, other_sequence)
    }

    assert answers == {NOT_SIGNED}


def test_other_readings_in_the_telegram_cannot_be_changed(meter):
    settled, proof, said, hashes, signature = meter.call(meter.telegram(before=2))

    for wrong in ([HASH, *hashes[1:]], [*hashes, HASH], hashes[1:]):
        place = (said[0], wrong.index(hashes[2]), *said[2:])
        assert refused(meter, [settled, proof, place, wrong, signature]) == NOT_SIGNED


def test_a_gateway_that_signs_for_the_device_is_heard(meter):
    suite = meter.suite
    boa.env.evm.patch.timestamp = NOW
    gateway = suite.device_keys.add_key(
        *(SECP256K1, account_of(GATEWAY_KEY), True, [meter.device], 0, LATEST),
        sender=suite.device_keeper,
    )

    number = opened(meter, key=GATEWAY_KEY)

    assert suite.disputes.dispute(number).key_id == gateway


def test_a_key_that_began_after_the_reading_proves_nothing(meter):
    suite = meter.suite
    suite.device_keys.add_key(
        *(SECP256K1, account_of(GATEWAY_KEY), True, [meter.device], 0, LATEST),
        sender=suite.device_keeper,
    )

    assert refused(meter, meter.call(meter.telegram(), GATEWAY_KEY)) == NOT_SIGNED


def test_what_a_key_signed_before_it_was_revoked_is_on_record_as_such(meter):
    meter.suite.device_keys.revoke_key(meter.key, sender=meter.suite.supervisor)

    one = meter.suite.disputes.dispute(opened(meter))

    assert one.key_revoked


def test_an_officer_resolves_a_dispute_once_with_a_note(meter):
    disputes, by = meter.suite.disputes, meter.suite.supervisor
    for upheld, state in ((True, UPHELD), (False, EXPLAINED)):
        number = opened(meter, meter.telegram(SETTLED + state))

        disputes.resolve(number, upheld, HASH, sender=by)

        about = {"dispute_id": number, "by": by, "state": state, "note_hash": HASH}
        assert events(disputes) == [("DisputeResolved", about)]
        one = disputes.dispute(number)
        assert (one.state, one.resolved_by, one.note_hash) == (state, by, HASH)
        assert one.resolved_at == NOW + 3_600
        again = reason(disputes.resolve, number, upheld, HASH, sender=by)
        word = "UPHELD" if upheld else "EXPLAINED"
        assert again == "disputes: to resolve, must be OPEN" + f", is {word}"


def test_whoever_opened_a_dispute_does_not_resolve_it(meter):
    disputes, by = meter.suite.disputes, meter.suite.supervisor
    number = disputes.open_dispute(*meter.call(meter.telegram(SETTLED + 5)), sender=by)

    answer = reason(disputes.resolve, number, True, HASH, sender=by)

    assert answer == "disputes: opener cannot resolve"


def test_only_an_open_dispute_is_resolved_and_never_without_a_note(meter):
    disputes, by = meter.suite.disputes, meter.suite.supervisor
    opened(meter)

    assert reason(disputes.resolve, 1, True, b"\0" * 32, sender=by) == "disputes: empty note"
    for number in (0, 2):
        answer = reason(disputes.resolve, number, True, HASH, sender=by)
        assert answer == "disputes: to resolve, must be OPEN" + ", is UNKNOWN"


def test_disputes_are_listed_by_pages(meter):
    for n in range(3):
        opened(meter, meter.telegram(SETTLED + 1 + n))
    page = meter.suite.disputes.page

    assert [one.said_value - SETTLED for one in page(1, 64)] == [1, 2, 3]
    assert [one.said_value - SETTLED for one in page(2, 1)] == [2]
    assert [one.said_value - SETTLED for one in page(3, 1_000)] == [3]
    assert (page(0, 5), page(4, 5), page(2, 0)) == ([], [], [])


def test_a_dispute_changes_no_reading(meter):
    book = meter.suite.quota_tracker
    before = (book.meter(meter.channel), book.running(meter.lane))

    meter.suite.disputes.resolve(opened(meter), True, HASH, sender=meter.suite.supervisor)

    assert (book.meter(meter.channel), book.running(meter.lane)) == before
    assert book.meter(meter.channel).last_at > T0
    assert DEVICE_KEY.address != meter.suite.holder


@pytest.mark.parametrize(("place", "most"), [(1, 32), (3, 64)])
def test_a_proof_has_thirty_two_siblings_at_most_and_a_telegram_sixty_four_readings(
    meter, place, most
):
    call = meter.call(meter.telegram())

    def answer(count):
        return refused(meter, [*call[:place], [HASH] * count, *call[place + 1 :]])

    assert answer(most) != ""  # a rule of the contract says no
    assert answer(most + 1) == ""  # it does not even read the call


def test_a_page_has_sixty_four_disputes_at_most(meter):
    disputes = meter.suite.disputes
    put(disputes, 65, "count")

    assert [len(disputes.page(first, 99)) for first in (1, 2, 3)] == [64, 64, 63]
