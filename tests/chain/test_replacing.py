"""A book is replaced: no reading is lost, none is there twice, and all are proved."""

import multiprocessing
import os
import signal

import pytest
from eth_account import Account
from web3.exceptions import ContractLogicError

from ledger.errors import NotSettled, WrongChain
from ledger.events import logs
from oracle.comparison import settled
from oracle.feed import Stopped
from oracle.journal import Journal
from oracle.oracle import Oracle
from oracle.proofs import check, prove
from oracle.rebinding import rebind
from oracle.retention import Retention, archive
from scripts._billing import household_bill
from tests.chain.replacing import POLICY, Replaced, file, gauge, recorded, rows_of
from tests.chain.test_oracle_households import Homes
from tests.chain.test_witnesses import ROWS as WELL
from tests.chain.town import Relay
from tests.contracts.suite import T0
from tests.contracts.tariffs import loaded, resident
from tests.unit.small_chain import LocalSigner

GAUGE_BOOKS = ["QualityProvenance", "DischargeLimits"]
BEFORE, AFTER = rows_of(6, 51), rows_of(6, 52, first=7)  # 50 mg/L is the limit
MOST_ROWS = 10_000_000


class Gauged(Replaced):
    """A gauge whose oracle has fed a first file."""

    def __init__(self, town, name):
        super().__init__(town, name)
        self.permit = town.suite.permit(kind=2) if name == "DischargeLimits" else 0
        self.channel, self.device = gauge(town, name, self.permit)
        self.lane = self.old.open_lane(town.suite.relay, 1, sender=town.suite.device_keeper)
        self.by_hand()
        self.feed(BEFORE)

    def feed(self, rows):
        self.oracle = self.town.oracle()
        self.town.settle(self.oracle, [file(self.town, "outfall", self.device, rows)])
        (self.about,) = self.oracle.channels.values()

    def stop(self):
        self.town.kill(self.oracle)

    def proved(self, at, journal=None):
        proof = prove(self.town.ledger, journal or self.oracle.journal, self.about, at)
        assert all(check(self.town.ledger, proof, POLICY).values())
        return proof

    def moments(self):
        return sorted(at for _, at in settled(self.town.ledger, [self.channel]))


@pytest.fixture(params=GAUGE_BOOKS)
def gauged(town, request):
    return Gauged(town, request.param)


@pytest.fixture
def quality(town):
    return Gauged(town, "QualityProvenance")


def test_a_gauge_s_readings_go_on_in_the_new_book_each_once(gauged):
    gauged.stop()
    gauged.replaced()
    assert gauged.rebound() == [gauged.name]
    gauged.resume()

    gauged.feed(BEFORE + AFTER)

    assert gauged.moments() == [at for at, _ in BEFORE + AFTER]
    batches = [one.args["batch_id"] for one in recorded(gauged.town, gauged.name)]
    assert batches == list(range(len(batches)))
    assert {one.contract for one in recorded(gauged.town, gauged.name)} == {
        gauged.name,
        f"{gauged.name}.1",
    }
    held = gauged.oracle.journal.db.execute("SELECT count(*) FROM held").fetchone()
    assert held[0] == 0
    raised = logs(gauged.town.ledger, gauged.name, "AlertRaised")
    assert len(raised) == 1  # stands from the old book on, and is not raised again


def test_readings_of_both_books_are_proved_each_by_its_own(gauged):
    gauged.stop()
    gauged.replaced()
    gauged.rebound()
    gauged.resume()
    gauged.feed(BEFORE + AFTER)

    old, new = gauged.proved(BEFORE[0][0]), gauged.proved(AFTER[-1][0])

    assert (old.address, new.address) == (gauged.old.address, gauged.new.address)


def test_a_rebind_before_the_adoption_is_finished_and_final_is_refused(quality):
    quality.stop()
    quality.at_once()
    quality.halt()
    quality.listed()

    with pytest.raises(WrongChain, match="did not adopt the book at"):
        quality.rebound()
    quality.adopted()
    with pytest.raises(NotSettled, match="not final yet"):
        quality.rebound()
    quality.town.mine(3)
    assert quality.rebound() == ["QualityProvenance"]


def test_a_book_without_a_lane_is_replaced_and_rebound(quality):
    quality.stop()
    other = Replaced(quality.town, "DischargeLimits").replaced()

    assert other.rebound() == ["DischargeLimits"]


def test_a_rebind_that_is_killed_half_way_changed_nothing_and_is_run_again(quality):
    quality.stop()
    quality.replaced()

    def killed():
        opened = Journal(quality.town.folder / "journal", writing=True)

        def dies(statement):
            if statement.startswith("UPDATE meta"):
                os.kill(os.getpid(), signal.SIGKILL)

        opened.db.set_trace_callback(dies)
        rebind(quality.town.ledger, opened, POLICY)

    child = multiprocessing.get_context("fork").Process(target=killed)
    child.start()
    child.join()

    assert child.exitcode == -signal.SIGKILL
    with pytest.raises(WrongChain):
        quality.town.oracle()
    quality.town.journals[-1].close()
    assert quality.rebound() == ["QualityProvenance"]
    assert quality.rebound() == []
    quality.resume()
    quality.feed(BEFORE + AFTER)
    assert quality.moments() == [at for at, _ in BEFORE + AFTER]


def test_what_was_put_away_before_a_rebind_is_proved_by_the_old_book(quality):
    quality.stop()
    quality.feed(BEFORE + AFTER[:3])  # a lane's last batch is never put away
    journal = quality.oracle.journal
    [moved] = [one for one in archive(journal, Retention(keep_days=1), T0 + 10**8) if one]
    assert moved.readings == len(BEFORE)
    quality.stop()
    quality.replaced()
    quality.rebound()
    quality.resume()

    quality.feed(BEFORE + AFTER)

    assert quality.proved(BEFORE[2][0]).address == quality.old.address
    assert quality.proved(AFTER[-1][0]).address == quality.new.address
    assert quality.moments() == [at for at, _ in BEFORE + AFTER]


def test_a_resident_s_bill_spans_a_replacement(town):
    homes = Homes(town)
    loaded(town.suite, resident())
    homes.tell(0, "account 1", 49, 50)
    homes.feed(50_000)
    early = homes.proof(0, "account 1")
    replaced = Replaced(town, "QuotaTracker")
    town.kill(homes.oracle)
    replaced.replaced()
    replaced.rebound()
    replaced.resume()
    homes.tell(1, "account 1", 50, 70)
    homes.feed(70_000)

    late = homes.proof(1, "account 1")
    bill = household_bill(*homes.shown(early, late), "resident")

    assert bill["volume_l"] == 20_000
    assert homes.proof(0, "account 1").as_json() == early.as_json()


def test_a_batch_that_witnesses_signed_for_the_old_book_is_signed_anew(witnessed):
    town = witnessed.town
    witnessed.stands(WELL, WELL)
    replaced = Replaced(town, "QuotaTracker")
    oracle = witnessed.oracle()
    replaced.halt()
    with pytest.raises(Stopped, match="halted"):
        witnessed.settle(oracle, [witnessed.input])
    signed = oracle.relays.of("QuotaTracker", witnessed.lane).outbox.cosigned(0)
    assert len(signed) == 2
    town.kill(oracle)
    replaced.listed()
    replaced.adopted()
    town.mine(3)
    replaced.rebound()
    for side in witnessed.sides:
        side.close()
        assert replaced.rebound(side.journal.place.name) == ["QuotaTracker"]
    witnessed.sides.clear()
    witnessed.stands(WELL, WELL)
    replaced.resume()

    witnessed.settle(witnessed.oracle(), [witnessed.input])

    assert town.registers() == WELL
    again = town.journals[-1].db.execute("SELECT signature FROM cosigned").fetchall()
    assert not {bytes(row[0]) for row in again} & set(signed.values())


class Two:
    """Two wells with a lane and an account each, fed by one oracle."""

    def __init__(self, town):
        self.town, suite = town, town.suite
        self.second = Account.from_key(b"\x61" * 32)
        town.chain.sent({"to": self.second.address, "value": 10**18}, town.chain.w3.eth.accounts[0])
        about = (1, "second relay", 1024, self.second.address, T0, 2**32 - 1)
        suite.by_both("open_post", *about)
        self.wells = [town.meter(1), town.meter(2)]
        town.lane(1)
        suite.quota_tracker.open_lane(self.second.address, 2, sender=suite.device_keeper)
        town.chain.tester.disable_auto_mine_transactions()

    def oracle(self):
        opened = Journal(self.town.folder / "journal", writing=True)
        self.town.journals.append(opened)
        keys = [Relay(), LocalSigner(self.second)]
        return Oracle(
            *(self.town.ledger, opened, {key.address: lambda key=key: key for key in keys}),
            *(POLICY, lambda: T0 + MOST_ROWS, lambda event, **keys: None),
        )

    def files(self, rows):
        named = zip(("north", "south"), self.wells, strict=True)
        return [self.town.file(name, device, rows) for name, device in named]


@pytest.fixture
def two(town):
    return Two(town)


def test_of_two_lanes_one_that_was_not_drained_refuses_the_rebind_until_it_is(two):
    town, replaced = two.town, Replaced(two.town, "QuotaTracker")
    oracle = two.oracle()
    town.settle(oracle, two.files(WELL[:3])[:1])  # the first lane is drained
    _, south = two.files(WELL[:3])
    for _ in oracle.read(south, growing=False):
        pass
    oracle.pump(flush=True)
    assert oracle.relays.of("QuotaTracker", 2).outbox.attempts()
    lost = list(town.chain.tester.pool)
    town.chain.tester.pool.clear()  # the node lost it, or it waits for a better price
    assert lost
    town.kill(oracle)
    replaced.replaced()

    replaced.by_hand()
    with pytest.raises(NotSettled, match=r"lane 2: batch 0 is under way to the old book in 0x"):
        replaced.rebound()
    town.mine(4)  # it was handed over again, and the old book refused it
    assert replaced.rebound() == ["QuotaTracker"]
    replaced.resume()
    town.settle(two.oracle(), two.files(WELL))

    assert sorted(town.registers()) == sorted(WELL + WELL)


def test_of_two_lanes_one_that_is_not_halted_refuses_the_adoption(two):
    replaced = Replaced(two.town, "QuotaTracker")
    replaced.at_once()
    replaced.halt(1)
    replaced.listed()

    with pytest.raises(ContractLogicError, match="old book has a lane that is not halted"):
        replaced.adopted()
