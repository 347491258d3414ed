"""What an officer approves of a register: sent by the oracle once, in order, or told why not."""

import json

import pytest

from ledger.batches import as_batch, meter_groups
from ledger.devices import channel as enrolled
from ledger.events import logs
from ledger.grades import MANUAL
from ledger.leaves import DEEMED, EXCHANGE, MEASURED
from oracle import quarantine
from oracle.journal import Journal
from oracle.proofs import check, prove, raw
from oracle.quarantine import held
from oracle.report import report
from oracle.witnessing import Observer
from scripts._oracle import lines
from tests.chain.replacing import Replaced
from tests.contracts.suite import HASH, T0

ROWS = [(T0 + 300 * n, 100 + 40 * n) for n in range(1, 7)]
LAST_AT, LAST_L = ROWS[-1]
UNTIL = LAST_AT + 36 * 3_600
LATER = [(UNTIL + 300 * n, LAST_L + 10 * n) for n in range(1, 4)]


class Killed(Exception):
    """The process ends here."""


class Fed:
    """A town with one meter, read up to the moment at which it broke."""

    def __init__(self, town):
        self.town, self.suite = town, town.suite
        self.device = town.meter()
        self.channel = self.suite.device_registry.channel_count()
        self.lane = town.lane()
        town.chain.tester.disable_auto_mine_transactions()
        self.oracle = town.oracle()
        self.feed("well", ROWS)

    def feed(self, name, rows):
        town = self.town
        town.settle(self.oracle, [town.file(name, self.device, rows)])

    def pump(self, rounds=8):
        for _ in range(rounds):
            self.oracle.pump(flush=True)
            self.town.mine()

    def approve(self, function, *arguments):
        """An officer's act, in a block of its own."""
        self.town.chain.tester.enable_auto_mine_transactions()
        act = getattr(self.suite.device_registry, function)
        act(*arguments, sender=self.suite.supervisor)
        self.town.chain.tester.disable_auto_mine_transactions()

    def deem(self, volume_l=600, until=UNTIL, register_l=LAST_L, channel=None):
        about = channel or self.channel, register_l, volume_l, until, HASH
        self.approve("approve_deemed", *about)

    def again(self, journal="journal"):
        self.town.kill(self.oracle)
        self.oracle = self.town.oracle(journal)
        self.oracle.prepare(self.town.file("well", self.device, ROWS).mapping)

    def killed_before_it_sends(self):
        """The batch is cut and signed, and nobody has seen it."""

        def killed(raw):
            raise Killed

        self.town.node.answers["eth_sendRawTransaction"] = killed
        with pytest.raises(Killed):
            self.pump()
        del self.town.node.answers["eth_sendRawTransaction"]

    def groups(self):
        """Kind, opening, moments and volumes of every group sent of the meter."""
        return [
            (one.kind, one.grade, one.opening_l, one.readings)
            for recorded in logs(self.town.ledger, "QuotaTracker", "Recorded")
            for one in meter_groups(as_batch(self.town.ledger, recorded).words)
            if one.channel == self.channel
        ]

    def deemed(self):
        return [one[2:] for one in self.groups() if one[0] == DEEMED]

    def used_l(self):
        permit = self.suite.permit_registry.permit_count()
        return self.suite.quota_tracker.used_l(permit, 0)

    def told(self, event):
        return [keys for name, keys in self.town.told if name == event]

    def report(self):
        return report(self.oracle.journal)

    def shown(self):
        return self.report().approved


@pytest.fixture
def fed(town):
    return Fed(town)


def test_deemed_use_is_sent_once_and_the_register_counts_on_from_where_it_stood(fed):
    fed.deem()

    fed.pump()
    fed.feed("later", LATER)

    assert fed.deemed() == [(LAST_L, ((UNTIL, 600),))]
    assert {one[1] for one in fed.groups() if one[0] == DEEMED} == {MANUAL}
    assert fed.groups()[-1][2:] == (LAST_L, tuple((at, 10) for at, _ in LATER))
    assert fed.used_l() == LAST_L - 100 + 600 + 30
    assert [one["kind"] for one in fed.told("approval is taken in")] == ["deemed use"]
    assert [one["register_l"] for one in fed.told("approval is recorded")] == [LAST_L]
    (one,) = fed.shown()
    assert (one["state"], one["from_at"], one["until_at"]) == ("recorded", LAST_AT, UNTIL)
    assert any("deemed use" in line and "on record" in line for line in lines(fed.report()))


def test_its_leaf_can_be_proved_and_its_telegram_is_the_officers_approval(fed):
    fed.deem()
    fed.pump()

    channel = enrolled(fed.town.ledger, fed.channel)
    proof = prove(fed.town.ledger, fed.oracle.journal, channel, UNTIL)

    said = json.loads(raw(proof.telegram))
    assert all(check(fed.town.ledger, proof, fed.oracle.policy).values())
    assert (proof.kind, proof.grade, proof.value) == (DEEMED, MANUAL, LAST_L + 600)
    assert (said["by"], said["volume_l"]) == (fed.suite.supervisor, 600)
    assert said["reason_hash"] == "0x" + HASH.hex()


@pytest.mark.parametrize("rounds", [0, 3, 4, 6])
def test_killed_any_number_of_blocks_after_the_approval_it_sends_it_once(fed, rounds):
    fed.deem()
    fed.pump(rounds)
    fed.again()

    fed.pump()

    assert fed.deemed() == [(LAST_L, ((UNTIL, 600),))]
    assert fed.used_l() == LAST_L - 100 + 600


def test_killed_between_the_cut_and_the_sending_it_sends_the_same_bytes(fed):
    fed.deem()
    fed.killed_before_it_sends()
    fed.again()

    fed.pump()

    assert fed.deemed() == [(LAST_L, ((UNTIL, 600),))]


def test_another_journal_that_takes_the_lane_over_sends_what_nobody_sent(fed):
    fed.deem()
    fed.again("another")

    fed.pump()

    assert fed.deemed() == [(LAST_L, ((UNTIL, 600),))]


def test_another_journal_does_not_send_what_the_first_one_sent(fed):
    fed.deem()
    fed.pump()
    fed.again("another")

    fed.pump()

    assert len(fed.deemed()) == 1
    assert fed.shown() == []


def test_an_approval_is_sent_to_the_book_that_took_the_place_of_the_one_before(fed):
    fed.town.kill(fed.oracle)
    replaced = Replaced(fed.town, "QuotaTracker").replaced()
    replaced.rebound()
    replaced.resume()
    fed.deem()
    fed.oracle = fed.town.oracle()
    fed.oracle.prepare(fed.town.file("well", fed.device, ROWS).mapping)

    fed.pump()

    assert fed.deemed() == [(LAST_L, ((UNTIL, 600),))]
    assert replaced.new.count_of(fed.channel)[1] == LAST_L + 600


def test_an_approval_of_a_meter_that_was_enrolled_while_the_oracle_ran_is_sent(fed):
    fed.pump(1)
    fed.town.chain.tester.enable_auto_mine_transactions()
    fed.town.meter()
    fed.town.chain.tester.disable_auto_mine_transactions()
    fed.oracle._keys = fed.oracle._signing()  # as when a key is enrolled beside it

    fed.deem(register_l=100, channel=fed.suite.device_registry.channel_count())
    fed.pump(20)

    assert [one["state"] for one in fed.shown()] == ["recorded"]


def test_an_approval_of_another_lanes_meter_is_not_taken(fed):
    fed.town.chain.tester.enable_auto_mine_transactions()
    fed.town.meter(group=2)
    channel = fed.suite.device_registry.channel_count()
    fed.deem(register_l=100, channel=channel)
    fed.again()

    fed.pump()

    assert fed.suite.device_registry.approval(channel)[0] == DEEMED
    assert fed.shown() == []


def test_two_approvals_that_follow_each_other_are_sent_in_their_order(fed):
    fed.deem()
    fed.pump()
    fed.deem(volume_l=50, until=UNTIL + 3_600)

    fed.pump()

    assert fed.deemed() == [(LAST_L, ((UNTIL, 600),)), (LAST_L, ((UNTIL + 3_600, 50),))]
    assert fed.used_l() == LAST_L - 100 + 650


def test_an_approval_whose_place_another_took_is_kept_refused_and_the_other_counts(fed):
    fed.deem()
    fed.killed_before_it_sends()
    fed.deem(volume_l=50, until=UNTIL + 3_600)
    fed.again()

    fed.pump(20)
    fed.feed("later", [(UNTIL + 7_200, LAST_L + 5)])

    first, second = fed.shown()
    assert (first["state"], second["state"]) == ("refused", "recorded")
    assert first["reason"] == "the contract refused it: no approval"
    assert fed.used_l() == LAST_L - 100 + 50 + 5
    assert [one["reason"] for one in held(fed.oracle.journal)] == ["refused_by_contract"]


def test_use_deemed_from_another_register_is_told_and_kept_and_the_lane_goes_on(fed):
    fed.deem(register_l=LAST_L - 1)

    fed.pump()
    fed.feed("later", LATER)

    (one,) = fed.told("approval is refused")
    assert "the register stands at 340 L, the use was deemed from 339 L on" in one["why"]
    assert [one["state"] for one in fed.shown()] == ["refused"]
    assert fed.deemed() == []
    assert fed.used_l() == LAST_L - 100 + 30


def test_use_deemed_up_to_a_moment_that_was_read_is_told_and_kept(fed):
    fed.deem(until=LAST_AT)

    fed.pump()

    assert "there are readings up to" in fed.told("approval is refused")[0]["why"]


@pytest.mark.parametrize("journal", ["journal", "another"])
def test_a_reading_of_a_time_whose_use_was_deemed_is_held_with_the_reason(fed, journal):
    fed.deem()
    fed.pump()
    fed.again(journal)
    fed.oracle.recall()

    fed.feed("late", [(UNTIL - 60, LAST_L), (UNTIL, LAST_L), *LATER])

    found = held(fed.oracle.journal)
    assert [(one["at"], one["reason"]) for one in found] == [
        (UNTIL - 60, "deemed_use"),
        (UNTIL, "deemed_use"),
    ]
    assert fed.used_l() == LAST_L - 100 + 600 + 30


def test_an_exchange_is_sent_when_the_old_meter_stands_at_its_closing_register(fed):
    fed.approve("approve_exchange", fed.channel, EXCHANGE, LAST_L + 25, 7)
    fed.pump(4)
    waits = fed.told("approval waits")

    fed.feed("old", [(LAST_AT + 300, LAST_L + 25)])
    fed.pump()
    fed.feed("new", [(LAST_AT + 900, 12)])

    assert [one["why"] for one in waits] == [
        "the register stands at 340 L; feed its last one, 365 L"
    ]
    assert [one[0] for one in fed.groups()[1:]] == [MEASURED, EXCHANGE, MEASURED]
    assert fed.used_l() == LAST_L - 100 + 25 + 5


def test_what_is_read_while_a_register_is_set_anew_comes_in_by_itself_afterwards(fed):
    fed.approve("approve_exchange", fed.channel, EXCHANGE, LAST_L, 7)
    while not fed.shown():
        fed.pump(1)

    fed.feed("new", [(LAST_AT + 900, 12), (LAST_AT + 1_200, 15)])
    fed.pump()

    assert fed.suite.quota_tracker.meter(fed.channel)[0] == 15
    assert fed.used_l() == LAST_L - 100 + 8
    assert held(fed.oracle.journal) == []


def test_what_stays_held_behind_a_register_set_anew_is_asked_once(fed, monkeypatch):
    asked, release = [], quarantine.release
    monkeypatch.setattr(
        quarantine, "release", lambda *about: asked.append(about[1]) or release(*about)
    )
    fed.approve("approve_exchange", fed.channel, EXCHANGE, LAST_L, 7)
    while not fed.shown():
        fed.pump(1)

    fed.feed("new", [(LAST_AT + 900, 5)])
    fed.pump()

    (stays,) = held(fed.oracle.journal)
    assert asked == [stays["id"]]
    assert fed.suite.quota_tracker.meter(fed.channel)[0] == 7


def test_a_stand_in_on_a_server_s_journal_goes_on_with_what_the_first_one_took_in(town, shared):
    town.server = shared
    fed = Fed(town)
    fed.deem()
    fed.killed_before_it_sends()
    fed.again()
    fed.pump()
    fed.approve("approve_exchange", fed.channel, EXCHANGE, LAST_L, 7)
    while len(fed.shown()) < 2:
        fed.pump(1)
    fed.again()

    fed.feed("new", [(UNTIL + 900, 12)])
    fed.feed("late", [(LAST_AT + 60, LAST_L)])
    fed.pump()

    assert [one["state"] for one in fed.shown()] == ["recorded", "recorded"]
    assert fed.deemed() == [(LAST_L, ((UNTIL, 600),))]
    assert fed.suite.quota_tracker.meter(fed.channel)[0] == 12
    assert fed.used_l() == LAST_L - 100 + 600 + 5
    assert [one["reason"] for one in held(fed.oracle.journal)] == ["deemed_use"]


def test_a_witness_follows_where_the_chain_has_moved_a_register(fed):
    opened = Journal(fed.town.folder / "witness", writing=True)
    fed.town.journals.append(opened)
    about = fed.town.ledger, opened, {}, fed.oracle.policy
    witness = Observer(*about, lambda: 2_000_000_000, lambda event, **keys: None)

    def reads(name, rows):
        for _ in witness.read(fed.town.file(name, fed.device, rows), growing=False):
            pass
        return opened.states([fed.channel])[fed.channel].last_value

    before = reads("old", [(LAST_AT + 900, 12)])
    fed.approve("approve_exchange", fed.channel, EXCHANGE, LAST_L, 7)
    fed.pump()
    witness.pump(flush=True)

    assert before == LAST_L
    assert reads("new", [(LAST_AT + 1_200, 15)]) == 15
    assert opened.known(fed.channel, LAST_AT + 900).value == 12
    assert held(opened) == []
