"""Estimates on a chain: counted, superseded by a measured register, net use exact."""

from dataclasses import dataclass

import pytest
import yaml

from ledger.devices import channel as enrolled
from ledger.errors import NotFound, NotSettled, UsageError
from ledger.estimates import set_anew, standing_estimate
from oracle.inputs import Input
from oracle.mapping import load
from oracle.quarantine import held
from scripts import _estimates as estimates
from scripts import _provisional as provisional
from scripts._shared import Session
from tests.contracts.suite import DAY_S, HASH, T0

DAY = 1
GUESSED = [(T0 + DAY_S // 2, 150), (T0 + DAY_S, 200), (T0 + 2 * DAY_S - 60, 300)]
READ = [(T0 + 2 * DAY_S, 220), (T0 + 2 * DAY_S + 300, 240)]


@dataclass
class Well:
    """A meter whose registers are kept by days, and an oracle that is told which are estimated."""

    town: object
    here: Session

    def __post_init__(self):
        suite = self.suite = self.town.suite
        self.device, self.lane = self.town.meter(), self.town.lane()
        self.number = suite.device_registry.channel_count()
        self.permit = suite.permit_registry.permit_count()
        suite.register_turns.set_turns([self.number], DAY, sender=suite.device_keeper)
        self.channel = enrolled(self.town.ledger, self.number)
        self.path = self.town.folder / "well.csv"
        self.path.write_text("at,register,how\n", encoding="utf-8")
        self.mapping = self._mapping()
        self.town.chain.tester.disable_auto_mine_transactions()
        self.oracle = self.town.oracle()

    def _mapping(self):
        column = {"column": "register", "device": self.device, "parameter": "volume", "unit": "L"}
        mark = {"column": "how", "values": {"read": "N", "guess": "estimated"}}
        time = {"form": "unix_s", "column": "at"}
        shape = {"title": "well", "time": time}
        shape["channels"] = [{**column, "of": "register", "mark": mark}]
        path = self.town.folder / "well.yaml"
        path.write_text(yaml.safe_dump(shape), encoding="utf-8")
        return load(path)

    def feed(self, how, rows):
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(f"{at},{register},{how}\n" for at, register in rows)
        self.town.settle(self.oracle, [Input(self.path, self.mapping)])

    def pump(self, rounds=10):
        for _ in range(rounds):
            self.oracle.pump(flush=True)
            self.town.mine()

    def again(self, journal):
        self.town.kill(self.oracle)
        self.oracle = self.town.oracle(journal)
        self.oracle.prepare(self.mapping)
        self.oracle.recall()

    def wanted(self, register_l=220):
        return estimates.Wanted(self.here, self.channel, register_l, HASH)

    def signed(self, acts):
        """Acts of the officer, each in a block of its own; how many there were."""
        self.town.chain.tester.enable_auto_mine_transactions()
        for act in acts:
            act.call.transact({"from": self.suite.supervisor, "gas": 3_000_000})
        self.town.chain.tester.disable_auto_mine_transactions()
        return len(acts)

    def approved(self, function, *arguments):
        self.town.chain.tester.enable_auto_mine_transactions()
        act = getattr(self.suite.device_registry, function)
        act(*arguments, sender=self.suite.supervisor)
        self.town.chain.tester.disable_auto_mine_transactions()

    def superseded(self, register_l=220):
        """What the command does, with the oracle at work in between."""
        wanted = self.wanted(register_l)
        self.signed(estimates._approval(wanted))
        self.pump()
        found = estimates._superseded(wanted, 0)
        return self.signed(estimates._corrections(wanted, found))

    def shown(self):
        permit = {"number": "the permit", "kind": 1, "state": 1, "station_id": 1}
        return provisional.beside_used(self.here, self.permit, permit)

    def days(self):
        use = self.town.ledger.contract("QuotaPlans").functions.use_of
        return [tuple(use(1, self.permit, DAY, day).call()[:3]) for day in range(3)]


@pytest.fixture
def well(town, here):
    return Well(town, here)


def test_estimates_are_shown_as_what_they_are_until_a_register_is_measured(well):
    well.feed("guess", GUESSED)
    before = well.shown()

    well.feed("read", [(READ[0][0], 310)])
    after = well.shown()

    assert (before["estimated_l"], before["net_l"]) == (200, 200)
    (one,) = before["estimated"]
    assert (one["measured_l"], one["register_l"]) == (100, 300)
    assert dict(provisional.beside_lines(before))["estimated"].startswith("0.2 m3 of")
    assert (after["estimated_l"], after["net_l"], after["estimated"]) == (0, 210, [])


def test_a_register_measured_below_the_estimates_supersedes_them_to_the_litre(well):
    well.feed("guess", GUESSED)
    well.feed("read", READ)
    asked = held(well.oracle.journal)

    made = well.superseded()
    well.pump()

    assert [one["reason"] for one in asked] == ["below_estimate", "below_estimate"]
    assert "220 L measured, 300 L estimated, 100 L measured before" in asked[0]["detail"]
    assert made == 2
    shown = well.shown()
    assert (shown["net_l"], shown["corrected_l"], shown["estimated_l"]) == (140, -80, 0)
    assert held(well.oracle.journal) == []
    assert well.suite.quota_tracker.meter(well.number)[0] == 240
    assert [counted + corrected for counted, _, corrected in well.days()] == [60, 60, 20]
    told = dict(provisional.beside_lines(shown))
    assert told["corrected"] == "by -0.08 m3: 0.14 m3 net, tier none"


def test_the_command_goes_on_where_it_was_interrupted_and_does_nothing_twice(well):
    well.feed("guess", GUESSED)
    well.feed("read", READ)
    wanted = well.wanted()
    assert well.signed(estimates._approval(wanted)) == 1
    assert estimates._approval(wanted) == []
    with pytest.raises(NotSettled, match="has not set its register anew"):
        estimates._superseded(wanted, 0)
    well.pump()
    acts = estimates._corrections(wanted, estimates._superseded(wanted, 0))
    well.signed(acts[:1])

    rest = estimates._corrections(wanted, estimates._superseded(wanted, 0))
    well.signed(rest)

    assert (len(acts), len(rest)) == (2, 1)
    assert estimates._corrections(wanted, estimates._superseded(wanted, 0)) == []
    assert well.shown()["corrected_l"] == -80


def test_under_another_document_nothing_is_corrected_a_second_time(well):
    well.feed("guess", GUESSED)
    well.feed("read", READ)
    assert well.superseded() == 2

    again = estimates.Wanted(well.here, well.channel, 220, b"\x02" * 32)

    assert estimates._corrections(again, estimates._superseded(again, 0)) == []


def test_a_second_reset_to_the_same_register_is_waited_for(well):
    well.feed("guess", GUESSED)
    well.feed("read", READ[:1])
    assert well.superseded() == 2
    done = set_anew(well.town.ledger, well.channel)
    guessed_on = READ[0][0] + DAY_S // 2
    well.feed("guess", [(guessed_on, 250)])
    again = estimates.Wanted(well.here, well.channel, 220, b"\x02" * 32)
    assert estimates._unfinished(again, done) == []
    assert well.signed(estimates._approval(again)) == 1

    with pytest.raises(NotSettled):
        estimates._superseded(again, 0, done)
    well.pump()
    found = estimates._superseded(again, 0, done)

    assert found.steps == ((guessed_on, 30),)
    assert well.signed(estimates._corrections(again, found)) == 1
    assert (well.shown()["net_l"], well.shown()["corrected_l"]) == (120, -110)


def test_an_interrupted_command_corrects_first_what_it_left_whatever_is_estimated_since(well):
    well.feed("guess", GUESSED)
    well.feed("read", READ[:1])
    well.signed(estimates._approval(well.wanted()))
    well.pump()
    well.feed("guess", [(READ[0][0] + 600, 250)])

    left = estimates._unfinished(well.wanted(), set_anew(well.town.ledger, well.channel))

    assert well.signed(left) == 2
    assert well.shown()["corrected_l"] == -80


def test_a_register_that_passed_the_estimates_needs_no_correction(well):
    well.feed("guess", GUESSED)
    well.feed("read", READ[:1])
    well.signed(estimates._approval(well.wanted()))
    well.feed("read", [(READ[1][0], 330)])
    well.pump()

    with pytest.raises(UsageError, match="stands on what was measured"):
        estimates._superseded(well.wanted(), 0)

    assert (well.shown()["net_l"], well.shown()["corrected_l"]) == (230, 0)


def test_deemed_use_that_a_later_register_covers_is_taken_back_once(well):
    well.feed("read", READ[:1])
    until = READ[0][0] + DAY_S
    well.approved("approve_deemed", well.number, 220, 50, until, HASH)
    well.pump()
    with pytest.raises(UsageError, match="was not read since"):
        estimates._taken_back(well.wanted(), until)
    well.feed("read", [(until + 300, 260)])

    well.signed([estimates._taken_back(well.wanted(), until)])

    assert (well.shown()["deemed_l"], well.shown()["net_l"]) == (50, 160)
    with pytest.raises(UsageError, match="correction 1 took it back"):
        estimates._taken_back(well.wanted(), until)
    with pytest.raises(NotFound, match="was deemed until"):
        estimates._taken_back(well.wanted(), until + 1)


@pytest.mark.parametrize("register_l", [99, 300])
def test_only_a_register_between_the_measured_and_the_estimated_one_supersedes(well, register_l):
    well.feed("guess", GUESSED)

    with pytest.raises(UsageError, match="is not from 100 L, measured before, to below 300 L"):
        estimates._approval(well.wanted(register_l))


def test_another_journal_knows_from_the_chain_that_its_meter_stands_on_estimates(well):
    well.feed("guess", GUESSED)
    well.again("another")

    well.feed("read", READ[:1])

    assert [one["reason"] for one in held(well.oracle.journal)] == ["below_estimate"]
    assert standing_estimate(well.town.ledger, well.channel).measured_l == 100
