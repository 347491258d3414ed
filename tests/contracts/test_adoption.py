"""A book of meters is replaced in pages: the new one answers as the old, and goes on from there."""

from functools import cache

import boa
import pytest

from tests.contracts.answers import events, reason
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.storage import put
from tests.contracts.suite import DAY_S, HASH, METER, deployer, word

NAME, FORMER = word("QuotaTracker"), word("QuotaTracker.1")
YEAR_S = 40 * DAY_S  # of the tests' calendar
CHANNELS, ACCOUNTS = 1, 2
MEASURED, EXCHANGE, DEEMED, ESTIMATE = 0, 2, 4, 5
METERS = 40


class Replacing:
    """A book with forty meters of four permits and none, and the one that is to replace it."""

    def __init__(self, suite, meters=METERS):
        self.suite, self.old, self.adoption = suite, suite.quota_tracker, suite.adoption
        self.lane = suite.lane(self.old)
        self.permits = [suite.permit(annual_l=20_000, peak_l_h=3_600) for _ in range(4)]
        self.channels = [
            suite.channel(METER, "QuotaTracker", permit=self.permits[n % 5] if n % 5 < 4 else 0)
            for n in range(meters)
        ]
        suite.register_turns.set_turns(self.channels[::3], 1, sender=suite.device_keeper)
        for n, channel in enumerate(self.channels):
            self.record(self.old, channel, [(100 + n, 7_200), (10_000 if n % 7 == 1 else 5, 600)])
        self.moves(self.channels[2], self.channels[3])
        for channel in self.channels[::4]:
            self.record(self.old, channel, [(50, YEAR_S)])
        self.new = deployer("QuotaTracker").deploy(suite.authority.address)

    def moves(self, exchanged, deemed):
        registry, by = self.suite.device_registry, self.suite.supervisor
        register_l = self.old.meter(exchanged).register_l
        registry.approve_exchange(exchanged, 2, register_l + 30, 7, sender=by)
        self.record(self.old, exchanged, [(30, 60)], EXCHANGE)
        now = self.old.meter(deemed)
        at = now.last_at + 60
        registry.approve_deemed(deemed, now.register_l, 400, at, HASH, sender=by)
        self.record(self.old, deemed, [(400, 60)], DEEMED)
        self.record(self.old, deemed, [(3, 60)], ESTIMATE)

    def record(self, book, channel, readings, kind=MEASURED, root=HASH):
        now = book.meter(channel)
        words = packed(meter_group(channel, now.register_l, now.last_at, readings, kind=kind))
        batch = book.lane(self.lane).next_id
        book.record_meters(self.lane, batch, root, words, b"", sender=self.suite.relay)
        return batch, words

    def halt(self):
        self.old.halt_lane(self.lane, sender=self.suite.supervisor)

    def list(self, old=None, new=None):
        self.suite.by_both("list_contract", FORMER, (old or self.old).address)
        self.suite.by_both("list_contract", NAME, (new or self.new).address)

    def begin(self):
        self.adoption.begin(NAME, FORMER, sender=self.suite.device_keeper)

    def page(self, first, count=7):
        self.adoption.take_page(NAME, first, count, sender=self.suite.device_keeper)
        return events(self.adoption)

    def pages(self, count=7):
        """Every page that is left, as a run does that begins where another one stopped."""
        while (now := self.adoption.replacement(NAME)).next_channel <= now.channels:
            self.page(now.next_channel, count)
        while (now := self.adoption.replacement(NAME)).next_permit <= now.permits:
            self.page(now.next_permit, count)

    def finish(self):
        self.adoption.finish(NAME, sender=self.suite.device_keeper)

    def adopted(self):
        self.halt()
        self.list()
        self.begin()
        self.pages()
        self.finish()

    def state(self, book):
        """What a book says of every channel, account and lane, but for rights and tripwires."""
        meters = [book.meter(c) for c in self.channels]
        kept = ("register_l", "last_at", "peak_l_h", "tier", "over", "relay_group", "enrolled")
        return {
            "meters": [tuple(getattr(one, name) for name in kept) for one in meters],
            "counts": [book.count_of(c) for c in self.channels],
            "bases": [book.base(c) for c in self.channels],
            "accounts": [book.account(p) for p in self.permits],
            "standings": [book.standing(p) for p in self.permits],
            "meters_of": [book.meters_of(p) for p in self.permits],
            "used_l": [book.used_l(p, year) for p in self.permits for year in range(4)],
            "lanes": [book.lane_count(), book.lane(self.lane), book.running(self.lane)],
        }


@pytest.fixture
def replacing(suite):
    return Replacing(suite)


@pytest.fixture
def small(suite):
    return Replacing(suite, meters=4)


def keeper(small, function, *arguments):
    return reason(getattr(small.adoption, function), *arguments, sender=small.suite.device_keeper)


def test_forty_meters_are_adopted_in_pages_with_equal_state(replacing):
    replacing.halt()
    before = replacing.state(replacing.old)
    replacing.list()
    replacing.begin()
    replacing.pages()
    replacing.finish()

    told = dict(events(replacing.adoption))["AdoptionFinished"]
    counts_l = sum(replacing.old.count_of(c).count_l for c in replacing.channels)
    assert (told["meters"], told["accounts"], told["count_l"]) == (METERS, 4, counts_l)
    assert told["used_l"] == sum(before["used_l"]) > 0
    assert replacing.state(replacing.new) == before == replacing.state(replacing.old)


def test_a_page_tells_how_many_it_took_and_both_totals(small):
    small.halt()
    small.list()
    small.begin()
    about = {"name": NAME, "book": small.new.address, "old": small.old.address, "former": FORMER}
    registry = small.suite.device_registry
    numbers = {"channels": registry.channel_count(), "permits": small.permits[-1]}
    assert events(small.adoption) == [("AdoptionBegun", about | numbers)]

    [(name, told)] = small.page(1, 200)

    counts_l = sum(small.old.count_of(c).count_l for c in small.channels)
    assert (name, told["what"], told["taken"]) == ("PageTaken", CHANNELS, 4)
    assert (told["first"], told["count"]) == (1, numbers["channels"])
    assert told["old_l"] == told["new_l"] == counts_l
    [(_, told)] = small.page(1, 200)
    assert (told["what"], told["taken"], told["count"]) == (ACCOUNTS, 4, small.permits[-1])


def test_the_new_book_counts_on_where_the_old_one_stopped(replacing):
    replacing.adopted()
    total_l = replacing.old.lane(replacing.lane).total_l
    next_id = replacing.old.lane(replacing.lane).next_id
    replacing.new.resume_lane(replacing.lane, sender=replacing.suite.supervisor)
    used_l = replacing.new.used_l(replacing.permits[1], 0)

    for channel in replacing.channels:
        batch, _ = replacing.record(replacing.new, channel, [(11, 60), (0, 60)])
        assert events(replacing.new, "GroupRefused") == []

    assert batch == next_id + METERS - 1
    assert replacing.new.lane(replacing.lane).total_l == total_l + 11 * METERS
    bound = replacing.old.meters_of(replacing.permits[1])
    in_first = [c for c in bound if replacing.new.base(c).period == 0]
    assert replacing.new.used_l(replacing.permits[1], 0) == used_l + 11 * len(in_first)
    assert len(in_first) > 1


def test_rights_and_tripwires_are_set_anew_by_the_first_reading(small):
    small.adopted()
    small.new.resume_lane(small.lane, sender=small.suite.supervisor)
    channel, permit = small.channels[1], small.permits[1]
    assert small.new.meter(channel).paused

    small.record(small.new, channel, [(1, 60)])
    assert not small.new.meter(channel).paused
    assert small.new.meter(channel).trip_at > small.new.meter(channel).last_at
    small.suite.permit_registry.suspend(permit, "drought", sender=small.suite.supervisor)
    assert small.new.meter(channel).paused


def test_registers_are_kept_at_turns_by_the_new_book(small):
    kept = small.channels[0]
    small.adopted()
    turns = small.suite.register_turns
    assert turns.turns(kept).book == small.new.address
    small.new.resume_lane(small.lane, sender=small.suite.supervisor)
    count = turns.turns(kept).count

    small.record(small.new, kept, [(4, 60), (9, 2 * DAY_S)])

    assert turns.turns(kept).count == count + 1
    assert turns.kept(kept, count + 1).register_l == small.old.meter(kept).register_l + 4
    small.record(small.new, small.channels[1], [(4, 2 * DAY_S)])  # whose turns nobody keeps


def test_channels_with_turns_are_told_to_follow_the_new_book(small):
    small.halt()
    small.list()
    small.begin()

    small.page(1, 200)

    turns = small.suite.register_turns
    about = {"book": small.new.address, "before": small.old.address}
    turns._computation = small.adoption._computation  # the call that told it
    followed = [{"channel": small.channels[n]} | about for n in (0, 3)]
    assert events(turns) == [("BookFollowed", told) for told in followed]


def test_a_reading_from_before_is_proved_by_the_old_book_under_its_other_name(small):
    leaf = word("a reading")
    batch, words = small.record(small.old, small.channels[0], [(4, 60)], root=leaf)
    small.adopted()

    former = small.suite.authority.contract_at(FORMER)
    proof = (small.lane, batch, leaf, boa.eval(f"keccak256({words!r})"), leaf, [])
    assert former == small.old.address
    assert small.old.prove(*proof)
    assert not small.new.prove(*proof)


def test_a_batch_is_looked_for_in_up_to_64_former_books(small):
    small.adopted()
    old, new = small.old.address, small.new.address
    put(small.adoption, int(new, 16), "former_of", int(old, 16))  # so each is before the other

    assert small.adoption.holder(NAME, small.lane, 0) == new  # an odd number would end at the old


def test_a_meter_without_permit_and_turns_is_as_it_was(suite):
    made = Replacing(suite, meters=5)
    unbound = made.channels[4]

    made.adopted()

    assert made.new.base(unbound).permit_id == 0
    assert made.new.meter(unbound) == made.old.meter(unbound)


def test_what_a_region_used_goes_on_through_a_replacement(small):
    lines, suite = small.suite.red_lines, small.suite
    lines.assign_lane(word("440000"), NAME, small.lane, 1, sender=suite.standards_keeper)
    lines.open_year(word("440000"), 1, sender=suite.holder)
    year = suite.standards.period_at(4, boa.env.evm.patch.timestamp + 1)
    small.adopted()

    small.new.resume_lane(small.lane, sender=suite.supervisor)
    small.record(small.new, small.channels[0], [(40, 60)])

    assert lines.measured(word("440000"), year, 1).used_l == 40


def test_the_same_page_is_not_taken_twice_and_none_is_left_out(small):
    small.halt()
    small.list()
    small.begin()
    small.page(1, 2)

    for first in (1, 2, 4):
        assert keeper(small, "take_page", NAME, first, 2) == "adoption: not the next page"
    for count in (0, 201):
        assert keeper(small, "take_page", NAME, 3, count) == "adoption: page of 1 to 200"
    assert keeper(small, "finish", NAME) == "adoption: pages are left"
    small.pages()
    assert keeper(small, "take_page", NAME, 1, 1) == "adoption: every page is taken"
    small.finish()
    assert keeper(small, "finish", NAME) == "adoption: none is under way"


def test_pages_of_one_are_enough_and_nothing_is_finished_before_the_last(small):
    small.suite.permit(kind=2)  # of another book
    small.halt()
    before = small.state(small.old)
    small.list()
    small.begin()

    while (now := small.adoption.replacement(NAME)).next_permit <= now.permits:
        assert keeper(small, "finish", NAME) == "adoption: pages are left"
        of_channels = now.next_channel <= now.channels
        small.page(now.next_channel if of_channels else now.next_permit, 1)
    small.finish()

    told = dict(events(small.adoption))["AdoptionFinished"]
    assert (told["meters"], told["accounts"], told["lanes"]) == (4, 4, 1)
    assert small.state(small.new) == before


def test_an_old_book_that_moved_on_between_pages_is_not_finished(small):
    small.halt()
    small.list()
    small.begin()
    small.page(1, 200)
    small.suite.by_both("list_contract", NAME, small.old.address)  # called off, for a while
    small.old.resume_lane(small.lane, sender=small.suite.supervisor)
    small.record(small.old, small.channels[1], [(1, 60)])
    small.list()
    small.pages()

    running = keeper(small, "finish", NAME)
    small.halt()

    assert running == "adoption: old book has a lane that is not halted"
    assert keeper(small, "finish", NAME) == "adoption: old book moved on"
    assert small.new.lane_count() == 0


def test_an_adoption_begins_with_halted_lanes_into_another_book_without_lanes(small):
    suite = small.suite
    assert keeper(small, "begin", word("RedLines"), FORMER) == "adoption: not a book of readings"
    assert keeper(small, "begin", NAME, FORMER) == "access: contract not listed"
    assert keeper(small, "begin", NAME, NAME) == "adoption: a book cannot replace itself"
    assert keeper(small, "take_page", NAME, 1, 1) == "adoption: none is under way"
    small.list()
    running = keeper(small, "begin", NAME, FORMER)
    assert running == "adoption: old book has a lane that is not halted"
    small.halt()
    small.begin()
    assert keeper(small, "begin", NAME, FORMER) == "adoption: begun already"
    other = deployer("QuotaTracker").deploy(suite.authority.address)
    small.list(new=other)
    assert keeper(small, "take_page", NAME, 1, 1) == "adoption: another book is listed by now"
    suite.lane(other)
    assert keeper(small, "begin", NAME, FORMER) == "adoption: new book has lanes"


def test_a_book_with_a_lane_takes_nothing_over_whoever_is_listed(small):
    suite = small.suite
    adopter = suite.adoption.address
    suite.lane(small.new)

    with boa.reverts():
        small.new.adopt(sender=adopter)
    with boa.reverts():
        small.old.adopt(sender=adopter)


def test_a_permit_cannot_get_a_meter_in_the_new_book_before_its_account_is_there(small):
    suite = small.suite
    small.halt()
    small.list()
    bind = suite.device_registry.bind
    channel = suite.channel(METER, "QuotaTracker")

    early = reason(bind, channel, small.permits[0], sender=suite.device_keeper)
    small.begin()
    small.pages()
    small.finish()

    assert early == "meters: unknown account"
    bind(channel, small.permits[0], sender=suite.device_keeper)
    assert channel in small.new.meters_of(small.permits[0])


@cache
def liar():
    """A book that counts more than a count can hold, and has as many lanes as it is told to."""
    return boa.loads_partial(
        """
from contracts.interfaces import IMeters
from contracts.interfaces import IVolumeBook
lane_count: public(uint256)

@deploy
def __init__(lanes: uint256):
    self.lane_count = lanes

@external
@view
def meter(channel: uint256) -> IMeters.Meter:
    return IMeters.Meter(register_l=1, last_at=1, trip_register_l=0, trip_at=0, peak_l_h=0,
        tier=0, over=False, paused=False, relay_group=1, enrolled=True)

@external
@view
def count_of(channel: uint256) -> IMeters.Count:
    return IMeters.Count(register_l=1, count_l=2**64, estimated_l=0, read_at=1)

@external
@view
def base(channel: uint256) -> IVolumeBook.Base:
    return empty(IVolumeBook.Base)
"""
    )


def test_a_book_whose_words_cannot_be_kept_is_not_taken_over(small):
    small.list(old=liar().deploy(0))
    small.begin()

    assert keeper(small, "take_page", NAME, 1, 1) == "adoption: books do not answer alike"
    assert not small.new.meter(1).enrolled


@pytest.mark.parametrize(
    ("lanes", "why"),
    [(257, "adoption: more than 256 lanes"), (256, "")],  # the 256 it does not have
)
def test_a_book_of_more_lanes_than_one_call_can_take_over_is_refused(small, lanes, why):
    small.list(old=liar().deploy(lanes))

    assert keeper(small, "begin", NAME, FORMER) == why


@pytest.mark.parametrize("name", ["QuotaTracker", "DischargeVolumes"])
def test_the_storage_lent_to_adoption_is_laid_out_as_adoption_s_own(suite, name):
    def shared(contract):
        layout = contract.compiler_data.storage_layout["storage_layout"]
        return {module: layout[module] for module in ("lanes", "meters")}

    book = suite.contracts[name]
    assert shared(book) == shared(suite.adoption)
    assert set(book.compiler_data.storage_layout["storage_layout"]) == {"lanes", "meters"}
