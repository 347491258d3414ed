"""Witnesses: with a threshold a batch needs so many of their signatures; dissent is on record."""

import boa
import pytest
from eth_account import Account
from eth_utils import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.answers import events, reason
from tests.contracts.storage import put
from tests.contracts.suite import HASH, NOW, RELAY_GROUP, T0, word
from tests.contracts.test_lanes import BOOKS, channel, record, words_of
from tests.contracts.witnessing import KEYS, organisation, signatures, signed_by, witness

ROOT_HASH = b"\x05" * 32
COUNT = "witnesses: too few or too many signatures"
ORDER = "witnesses: signatures are not in order"
STRANGE = "witnesses: not signed by a witness"
STRANGER = Account.from_key(b"\x61" * 32)


class Lane:
    """A lane of a book with a channel, witnessed by organisations."""

    def __init__(self, suite, name="quota_tracker", keys=KEYS[:3], needed=2):
        self.suite, self.book = suite, getattr(suite, name)
        self.name = next(n for n, one in suite.contracts.items() if one is self.book)
        self.lane, number = suite.lane(self.book), channel(suite, self.book)
        self.words = words_of(number, self.book)
        if keys:
            witness(suite, self.name, self.lane, keys, needed)

    @property
    def batch(self):
        return self.lane, 0, ROOT_HASH, self.words

    def signed(self, keys, **changed):
        about = {"lane": self.lane, "batch_id": 0, "root": ROOT_HASH, "words": self.words}
        return signed_by(self.book, *(about | changed).values(), keys)

    def send(self, evidence):
        record(self.book)(*self.batch, evidence, sender=self.suite.relay)

    def refusal(self, evidence):
        return reason(record(self.book), *self.batch, evidence, sender=self.suite.relay)

    def set(self, accounts, needed, lane=None):
        return (word(self.name), lane or self.lane, accounts, needed)


@pytest.fixture(params=BOOKS)
def witnessed(request, suite):
    return Lane(suite, request.param)


@pytest.fixture
def meters(suite):
    return Lane(suite)


def test_setting_witnesses_says_who_and_how_many(suite):
    lane = Lane(suite, keys=[])
    for number, key in enumerate(KEYS[:2]):
        organisation(suite, key, number)
    accounts = [key.address for key in KEYS[:2]]

    suite.witnesses.set_witnesses(*lane.set(accounts, 1), sender=suite.supervisor)

    told = {
        "book": lane.book.address,
        "lane": lane.lane,
        "by": suite.supervisor,
        "accounts": accounts,
        "threshold": 1,
    }
    assert events(suite.witnesses) == [("WitnessesSet", told)]
    assert suite.witnesses.witnesses(lane.book.address, lane.lane) == accounts
    assert suite.witnesses.threshold(lane.book.address, lane.lane) == 1


def test_enough_signatures_let_a_batch_pass(witnessed):
    witnessed.send(witnessed.signed(KEYS[:2]))

    assert [name for name, _ in events(witnessed.book)] == ["Recorded"]
    assert witnessed.book.lane(witnessed.lane).next_id == 1


def test_a_batch_without_them_is_refused(witnessed):
    assert witnessed.refusal(b"") == COUNT
    assert witnessed.refusal(witnessed.signed(KEYS[:1])) == COUNT
    assert witnessed.refusal(witnessed.signed(KEYS[:3])) == COUNT
    assert witnessed.refusal(witnessed.signed(KEYS[:2]) + b"\0") == COUNT


def test_a_halted_lane_stays_halted_whatever_is_signed(witnessed):
    witnessed.book.halt_lane(witnessed.lane, sender=witnessed.suite.supervisor)

    assert witnessed.refusal(witnessed.signed(KEYS[:2])) == "lanes: halted"
    witnessed.book.resume_lane(witnessed.lane, sender=witnessed.suite.supervisor)
    witnessed.send(witnessed.signed(KEYS[:2]))


def test_one_signature_does_not_count_twice(meters):
    (one,) = signatures(meters.book, *meters.batch, KEYS[:1]).values()

    assert meters.refusal(one + one) == ORDER


def test_signatures_come_in_the_order_of_their_accounts(meters):
    one, other = sorted(signatures(meters.book, *meters.batch, KEYS[:2]).items())

    assert meters.refusal(other[1] + one[1]) == ORDER


def test_the_signature_of_a_stranger_or_of_nobody_does_not_count(meters):
    (mine,) = signatures(meters.book, *meters.batch, KEYS[:1]).values()

    assert meters.refusal(meters.signed([KEYS[0], STRANGER])) == STRANGE
    assert meters.refusal(bytes(65) + mine) == STRANGE


@pytest.mark.parametrize(
    "changed",
    [{"lane": 99}, {"batch_id": 1}, {"root": HASH}, {"words": b"\1" * 32}],
    ids=["lane", "batch", "root", "words"],
)
def test_a_signature_is_for_one_batch(meters, changed):
    assert meters.refusal(meters.signed(KEYS[:2], **changed)) == STRANGE


def test_a_signature_for_another_book_or_chain_does_not_count(meters):
    other = signed_by(meters.suite.discharge_volumes, *meters.batch, KEYS[:2])
    with boa.env.anchor():
        boa.env.evm.patch.chain_id += 1
        elsewhere = meters.signed(KEYS[:2])
        boa.env.evm.patch.chain_id -= 1

    assert meters.refusal(other) == STRANGE
    assert meters.refusal(elsewhere) == STRANGE


def test_witnesses_of_one_lane_are_not_those_of_another(meters):
    other = meters.suite.lane(meters.book)
    witness(meters.suite, meters.name, other, KEYS[3:5], 2)

    assert meters.refusal(meters.signed(KEYS[3:5])) == STRANGE


def test_who_was_replaced_counts_no_more(meters):
    witness(meters.suite, meters.name, meters.lane, KEYS[2:5], 2)

    assert meters.refusal(meters.signed(KEYS[:2])) == STRANGE
    meters.send(meters.signed(KEYS[3:5]))


def test_without_a_threshold_a_batch_needs_nothing_again(meters):
    witness(meters.suite, meters.name, meters.lane, KEYS[:3], 0)

    assert meters.refusal(meters.signed(KEYS[:2])) == "witnesses: lane needs no evidence"
    meters.send(b"")


def test_the_lane_keeps_the_rest_of_its_word(meters):
    meters.send(meters.signed(KEYS[:2]))

    witness(meters.suite, meters.name, meters.lane, KEYS[:4], 4)
    before = (meters.suite.relay, RELAY_GROUP, 1, 7, False)
    assert tuple(meters.book.lane(meters.lane)) == before
    witness(meters.suite, meters.name, meters.lane, KEYS[:1], 1)
    assert tuple(meters.book.lane(meters.lane)) == before


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), needed=st.integers(1, 5), number=st.integers(1, 5))
def test_any_m_distinct_witnesses_of_n_pass_and_nothing_else(suite, data, needed, number):
    needed = min(needed, number)
    with boa.env.anchor():
        lane = Lane(suite, keys=KEYS[:number], needed=needed)
        given_ = data.draw(st.lists(st.sampled_from([*KEYS, STRANGER]), max_size=6))
        made = signatures(lane.book, *lane.batch, given_)
        ordered = sorted(given_, key=lambda key: int(key.address, 16))
        evidence = b"".join(made[key.address] for key in ordered)
        good = (
            len(given_) == needed
            and len(set(map(id, given_))) == needed
            and all(key in KEYS[:number] for key in given_)
        )

        if good:
            lane.send(evidence)
        else:
            assert lane.refusal(evidence) in (COUNT, ORDER, STRANGE)
        whole = data.draw(st.permutations(KEYS[:number]))[:needed]
        if not good:
            lane.send(lane.signed(whole))
        assert lane.book.lane(lane.lane).next_id == 1


def test_witnesses_are_of_verified_organisations_each_of_its_own_and_not_the_relay_s(meters):
    suite = meters.suite
    by, set_ = suite.supervisor, suite.witnesses.set_witnesses
    city = suite.authority.org(1).account  # the relay's organisation
    one = KEYS[0].address

    def refused(accounts, needed=1, lane=None):
        return reason(set_, *meters.set(accounts, needed, lane), sender=by)

    for stranger in (STRANGER.address, "0x" + "00" * 20):
        assert refused([stranger]) == "witnesses: account of no verified organisation"
    for accounts in ([city], [suite.clerk], [one, one]):
        assert refused(accounts) == "witnesses: organisation is in it already"
    assert refused([one], 2) == "witnesses: threshold above their number"
    assert refused([one], 1, 99) == "witnesses: unknown lane"


def test_an_account_with_a_post_witnesses_for_the_organisation_of_the_post(meters):
    suite, key = meters.suite, Account.from_key(b"\x62" * 32)
    suite.by_both("open_post", 2, "witness", 0, key.address, T0, 2**32 - 1)

    witness_call = meters.set([key.address], 1)
    suite.witnesses.set_witnesses(*witness_call, sender=suite.supervisor)

    meters.send(meters.signed([key]))


def test_dissent_is_on_record_once_a_witness_and_batch(meters):
    suite, by = meters.suite, KEYS[0].address
    call = (meters.book.address, meters.lane, 0, ROOT_HASH, HASH)

    number = suite.witnesses.dissent_from(*call, sender=by)

    told = {
        "book": meters.book.address,
        "lane": meters.lane,
        "batch_id": 0,
        "by": by,
        "at": NOW,
        "root": ROOT_HASH,
        "reason_hash": HASH,
    }
    ((name, event),) = events(suite.witnesses)
    assert (name, event["dissent_id"], event["lane"], event["by"]) == (
        *("Dissented", number),
        *(meters.lane, by),
    )
    assert suite.witnesses.dissent(number)._asdict() == event["dissent"]._asdict() == told
    again = reason(suite.witnesses.dissent_from, *call, sender=by)
    assert again == "witnesses: dissent is on record"
    suite.witnesses.dissent_from(*call, sender=KEYS[1].address)
    assert suite.witnesses.dissent_count() == number + 1 == 2
    assert suite.witnesses.dissent_of(*call[:3], by) == number


def test_dissent_needs_a_witness_a_batch_and_a_reason(meters):
    suite, by = meters.suite, KEYS[0].address
    call = [meters.book.address, meters.lane, 0, ROOT_HASH, HASH]

    def refused(sender=by, **changed):
        given_ = [changed.get(str(place), value) for place, value in enumerate(call)]
        return reason(suite.witnesses.dissent_from, *given_, sender=sender)

    for sender in (suite.relay, suite.supervisor, KEYS[4].address):
        assert refused(sender) == "witnesses: caller is no witness of the lane"
    assert refused(**{"2": 2**24 - 1}) == "witnesses: batch out of range"
    assert refused(**{"4": bytes(32)}) == "witnesses: empty reason"


def test_dissent_is_from_any_batch_that_a_lane_can_have(meters):
    dissent_from, last = meters.suite.witnesses.dissent_from, 2**24 - 2

    dissent_from(meters.book.address, meters.lane, last, ROOT_HASH, HASH, sender=KEYS[0].address)

    assert meters.suite.witnesses.dissent(1).batch_id == last


def test_a_lane_has_up_to_15_witnesses(meters):
    suite, accounts = meters.suite, [STRANGER.address] * 15
    set_, by = suite.witnesses.set_witnesses, suite.supervisor

    taken = reason(set_, *meters.set(accounts, 1), sender=by)
    longer = reason(set_, *meters.set([*accounts, STRANGER.address], 1), sender=by)

    assert (taken, longer) == ("witnesses: account of no verified organisation", "")


def test_a_page_has_64_dissents_at_most(suite):
    put(suite.witnesses, 65, "dissent_count")

    assert [len(suite.witnesses.page(first, 99)) for first in (1, 2, 3)] == [64, 64, 63]


def test_dissents_are_listed_by_pages(meters):
    suite = meters.suite
    for batch in range(3):
        call = (meters.book.address, meters.lane, batch, ROOT_HASH, keccak(bytes([batch])))
        suite.witnesses.dissent_from(*call, sender=KEYS[0].address)

    assert [one.batch_id for one in suite.witnesses.page(2, 9)] == [1, 2]
    assert [one.batch_id for one in suite.witnesses.page(1, 1)] == [0]
    assert suite.witnesses.page(0, 5) == suite.witnesses.page(4, 5) == []
