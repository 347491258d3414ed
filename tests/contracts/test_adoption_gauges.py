"""A book of gauges is replaced in pages: days, alerts, limits and outlets go on in the new one."""

from functools import cache

import boa
import pytest

from tests.contracts.answers import events, reason
from tests.contracts.intake_words import OFFSET, gauge_group, packed
from tests.contracts.storage import put
from tests.contracts.suite import COD, DAY_S, GAUGE, HASH, T0, deployer, word

BOOKS = ["DischargeLimits", "QualityProvenance"]
CHANNELS, ACCOUNTS, LANES = 1, 2, 3
GAUGES = 6
GRACE_S = 3_600
FULL = 65_535  # readings of a day that one word counts


class Replacing:
    """A book with gauges in every state, and the one that is to replace it."""

    def __init__(self, suite, name):
        self.suite, self.name, self.adoption = suite, name, suite.adoption
        self.old = suite.contracts[name]
        self.word, self.former = word(name), word(f"{name}.1")
        outlets = name == "DischargeLimits"
        self.permits = [suite.permit(kind=2) for _ in range(2)] if outlets else [0, 0]
        self.lane = suite.lane(self.old)
        about = {"permit": self.permits[0], "parameter": COD}
        self.channels = [suite.channel(GAUGE, name, **about) for _ in range(GAUGES)]
        self.reads_all()
        self.new = deployer(name).deploy(suite.authority.address)

    def reads_all(self):
        """Two days ruled, one that is open; an alert each way, one that waits, a range, a pause."""
        low, high, waits, ranged, paused, _ = self.channels
        keeper, limit_id = self.suite.standards_keeper, self.suite.limit(COD, 10, 1_000)
        self.old.set_grace(GRACE_S, sender=keeper)
        for channel in self.channels[:-1]:  # nothing is asked of the last one
            dwell = 9 if channel == waits else 1
            self.old.judge(channel, limit_id, dwell, 0, 500, 1, sender=keeper)
        self.old.track_range(ranged, True, sender=keeper)
        for channel in self.channels:
            self.record(self.old, channel, [(2_000, 3_600), (600, DAY_S), (700, DAY_S)])
        self.record(self.old, low, [(4, 60), (3, 60)])
        for channel in (high, waits, ranged):
            self.record(self.old, channel, [(1_200, 60), (1_300, 60)])
        self.record(self.old, ranged, [(9_999, 60)], void=True)
        self.old.close(paused, 2, sender=self.suite.holder)

    def record(self, book, channel, readings, root=HASH, **marked):
        last_at = book.gauge(channel).last_at
        values = [(OFFSET + value, duration_s) for value, duration_s in readings]
        words = packed(gauge_group(channel, last_at, values, **marked))
        batch = book.lane(self.lane).next_id
        book.record_gauges(self.lane, batch, root, words, b"", sender=self.suite.relay)
        return batch, words

    def halt(self):
        self.old.halt_lane(self.lane, sender=self.suite.supervisor)

    def list(self, old=None, new=None):
        self.suite.by_both("list_contract", self.former, (old or self.old).address)
        self.suite.by_both("list_contract", self.word, (new or self.new).address)

    def begin(self):
        self.adoption.begin(self.word, self.former, sender=self.suite.device_keeper)

    def page(self, first, count=3):
        self.adoption.take_page(self.word, first, count, sender=self.suite.device_keeper)
        return events(self.adoption)

    def pages(self, count=3):
        while (now := self.adoption.replacement(self.word)).next_channel <= now.channels:
            self.page(now.next_channel, count)
        while (now := self.adoption.replacement(self.word)).next_permit <= now.permits:
            self.page(now.next_permit, count)

    def finish(self):
        self.adoption.finish(self.word, sender=self.suite.device_keeper)

    def adopted(self):
        self.halt()
        self.list()
        self.begin()
        self.pages()
        self.finish()
        return self

    def resumed(self):
        self.adopted()
        self.new.resume_lane(self.lane, sender=self.suite.supervisor)
        return self

    def state(self, book):
        """All that a book says of its channels, outlets and lanes."""
        said = {
            view: [getattr(book, view)(channel) for channel in self.channels]
            for view in ("gauge", "limits", "ruling", "limit_of")
        }
        said["ruled"] = [book.ruled(c, day) for c in self.channels for day in range(4)]
        said["lanes"] = [book.lane_count(), book.lane(self.lane), book.running(self.lane)]
        said["grace_s"] = book.grace_s()
        if self.name == "DischargeLimits":
            said["outlets"] = [book.outlet_station(permit) for permit in self.permits]
            said["permits"] = [book.permit_of(channel) for channel in self.channels]
        return said


@pytest.fixture(params=BOOKS)
def replacing(suite, request):
    return Replacing(suite, request.param)


@pytest.fixture
def outlets(suite):
    return Replacing(suite, "DischargeLimits")


def keeper(one, function, *arguments):
    return reason(getattr(one.adoption, function), *arguments, sender=one.suite.device_keeper)


def test_gauges_in_every_state_are_adopted_in_pages_with_equal_answers(replacing):
    replacing.halt()
    before = replacing.state(replacing.old)
    gauges = before["gauge"]
    assert [any(getattr(one, flag) for one in gauges) for flag in FLAGS] == [True] * len(FLAGS)
    replacing.list()
    replacing.begin()
    replacing.pages()
    replacing.finish()

    assert dict(events(replacing.adoption))["AdoptionFinished"]["meters"] == GAUGES
    assert replacing.state(replacing.new) == before == replacing.state(replacing.old)
    assert replacing.new.former() == replacing.old.address


FLAGS = ("low_alert", "high_alert", "pending", "ranged", "paused")


def test_a_page_tells_one_hash_of_what_both_books_answer(replacing):
    replacing.halt()
    replacing.list()
    replacing.begin()

    [(_, told)] = replacing.page(1, 200)

    assert (told["what"], told["taken"], told["old_l"], told["new_l"]) == (CHANNELS, GAUGES, 0, 0)
    pages = replacing.suite.gauge_adoption
    pages._computation = replacing.adoption._computation  # the call that told it
    [(name, hashes)] = events(pages)
    assert (name, hashes["book"], hashes["what"]) == ("GaugesTaken", replacing.new.address, 1)
    assert hashes["count"] == replacing.suite.device_registry.channel_count()
    assert (hashes["first"], hashes["taken"]) == (1, GAUGES)
    assert hashes["old_hash"] == hashes["new_hash"] != b"\0" * 32


def test_the_open_day_goes_on_and_a_standing_alert_ends_in_the_new_book(replacing):
    replacing.resumed()
    _, high, *_ = replacing.channels
    before = replacing.new.gauge(high)

    replacing.record(replacing.new, high, [(900, 60), (100, DAY_S)])

    told = dict(events(replacing.new))
    assert told["AlertCleared"]["worst"] == OFFSET + 1_300
    assert told["PeriodRuled"]["count"] == before.count + 1
    assert told["PeriodRuled"]["total"] == before.total + OFFSET + 900


def test_days_ruled_before_are_asked_of_the_old_book_and_later_ones_are_the_new_one_s(replacing):
    replacing.resumed()
    channel = replacing.channels[1]
    before = [replacing.old.ruled(channel, day) for day in range(3)]
    assert before[0] and before[1] and not before[2]

    replacing.record(replacing.new, channel, [(100, DAY_S)])

    assert [replacing.new.ruled(channel, day) for day in range(2)] == before[:2]
    assert replacing.new.ruled(channel, 2) != 0 == replacing.old.ruled(channel, 2)


def test_what_a_full_count_ruled_of_the_open_day_is_added_to(replacing):
    channel = replacing.channels[4]
    last_at = replacing.old.gauge(channel).last_at
    put(replacing.old, 77 | FULL << 64, "gauges._ruled_on", channel, 3)
    assert replacing.old.ruling(channel).period == 3 and last_at < T0 + 3 * DAY_S
    replacing.resumed()

    replacing.record(replacing.new, channel, [(100, DAY_S), (100, DAY_S)])

    word_ = replacing.new.ruled(channel, 3)
    assert ((word_ >> 64) & (2**32 - 1), word_ & (2**64 - 1)) == (FULL + 1, 77 + OFFSET + 100)


def test_a_second_replacement_still_knows_the_days_of_the_first_book(replacing):
    first, channel = replacing.resumed().old, replacing.channels[0]
    replacing.record(replacing.new, channel, [(500, DAY_S), (500, DAY_S)])
    second = replacing.new
    days = [second.ruled(channel, day) for day in range(4)]
    replacing.old, replacing.new = second, deployer(replacing.name).deploy(second.AUTHORITY())
    replacing.former = word(f"{replacing.name}.2")

    replacing.adopted()

    assert [replacing.new.ruled(channel, day) for day in range(4)] == days
    assert first.ruled(channel, 0) == days[0] != 0 != second.ruled(channel, 2)


def test_a_violation_of_a_day_before_is_detected_from_the_new_book(outlets):
    outlets.adopted()
    violations, suite = outlets.suite.violations, outlets.suite

    number = violations.detect(outlets.channels[1], 0, sender=suite.holder)

    assert violations.violation(number).permit_id == outlets.permits[0]


def test_outlets_and_bindings_go_over_and_new_ones_wait_until_then(outlets):
    suite = outlets.suite
    outlets.halt()
    outlets.list()
    bind, channel = suite.device_registry.bind, suite.channel(GAUGE, "DischargeLimits", COD)
    early = reason(bind, channel, outlets.permits[1], sender=suite.device_keeper)
    outlets.begin()
    outlets.pages()
    outlets.finish()

    assert early == "discharge: unknown outlet"
    assert outlets.new.permit_of(outlets.channels[0]) == outlets.permits[0]
    bind(channel, outlets.permits[1], sender=suite.device_keeper)
    assert outlets.new.permit_of(channel) == outlets.permits[1]


def test_a_book_that_is_being_replaced_resumes_opens_judges_and_closes_nothing(replacing):
    suite, old = replacing.suite, replacing.old
    replacing.halt()
    replacing.list()
    replacing.begin()
    limit_id = suite.limit(COD, 10, 1_000)
    asked = {
        "resume_lane": (suite.supervisor, (replacing.lane,)),
        "open_lane": (suite.device_keeper, (suite.relay, 9)),
        "judge": (suite.standards_keeper, (replacing.channels[0], limit_id, 1, 0, 0, 1)),
        "track_range": (suite.standards_keeper, (replacing.channels[0], True)),
        "close": (suite.holder, (replacing.channels[0], 2)),
    }

    def refused():
        return {reason(getattr(old, f), *args, sender=who) for f, (who, args) in asked.items()}

    assert refused() == {"adoption: another book stands in this one's place"}
    replacing.pages()
    replacing.finish()
    assert refused() == {"adoption: another book stands in this one's place"}
    assert replacing.adoption.closed(old.address)


def test_a_book_listed_again_before_the_end_goes_on_and_after_it_never(replacing):
    suite, old = replacing.suite, replacing.old
    replacing.halt()
    replacing.list()
    replacing.begin()
    replacing.page(1)
    suite.by_both("list_contract", replacing.word, old.address)
    old.resume_lane(replacing.lane, sender=suite.supervisor)
    replacing.record(old, replacing.channels[0], [(500, 60)])

    replacing.halt()
    replacing.new = deployer(replacing.name).deploy(suite.authority.address)
    replacing.list()
    replacing.begin()
    replacing.pages()
    replacing.finish()
    suite.by_both("list_contract", replacing.word, old.address)

    refused = reason(old.resume_lane, replacing.lane, sender=suite.supervisor)
    assert refused == "adoption: another book stands in this one's place"


def test_a_closed_book_is_not_adopted_a_second_time(replacing):
    replacing.adopted()
    third = deployer(replacing.name).deploy(replacing.suite.authority.address)
    replacing.list(new=third)

    refused = keeper(replacing, "begin", replacing.word, replacing.former)

    assert refused == "adoption: old book was replaced already"


def test_an_old_book_that_moved_on_between_pages_is_not_finished(replacing):
    suite, old = replacing.suite, replacing.old
    replacing.halt()
    replacing.list()
    replacing.begin()
    replacing.page(1, 200)
    suite.by_both("list_contract", replacing.word, old.address)
    old.resume_lane(replacing.lane, sender=suite.supervisor)
    replacing.record(old, replacing.channels[0], [(500, 60)])
    replacing.list()
    replacing.pages()

    running = keeper(replacing, "finish", replacing.word)
    replacing.halt()

    assert running == "adoption: old book has a lane that is not halted"
    assert keeper(replacing, "finish", replacing.word) == "adoption: old book moved on"


def test_a_book_with_a_lane_lends_its_storage_to_nobody(replacing):
    adopter = replacing.suite.gauge_adoption.address
    replacing.suite.lane(replacing.new)

    for book in (replacing.new, replacing.old):
        with boa.reverts():
            book.adopt(sender=adopter)


def test_a_reading_from_before_is_proved_by_the_old_book(replacing):
    leaf = word("a reading")
    batch, words = replacing.record(replacing.old, replacing.channels[0], [(4, 60)], root=leaf)
    replacing.adopted()

    former = replacing.suite.authority.contract_at(replacing.former)
    proof = (replacing.lane, batch, leaf, boa.eval(f"keccak256({words!r})"), leaf, [])
    assert former == replacing.old.address
    assert replacing.old.prove(*proof) and not replacing.new.prove(*proof)


@cache
def deaf():
    """A book that writes nothing of what it is told."""
    return boa.loads_partial(
        """
from contracts.interfaces import IGauges
lane_count: public(uint256)
grace_s: public(uint256)

@external
def adopt():
    pass

@external
@view
def gauge(channel: uint256) -> IGauges.Gauge:
    return empty(IGauges.Gauge)
"""
    )


def test_a_new_book_that_answers_otherwise_is_refused(replacing):
    replacing.halt()
    replacing.list(new=deaf().deploy())
    replacing.begin()

    refused = keeper(replacing, "take_page", replacing.word, 1, 200)

    assert refused == "adoption: books do not answer alike"


def test_a_new_book_without_the_old_one_s_lanes_is_refused(suite):
    """Where nothing is enrolled, lanes are all that is taken over."""
    old, adoption = suite.quality_provenance, suite.adoption
    lane = suite.lane(old)
    old.halt_lane(lane, sender=suite.supervisor)
    suite.by_both("list_contract", word("QualityProvenance.1"), old.address)
    suite.by_both("list_contract", word("QualityProvenance"), deaf().deploy().address)
    names = word("QualityProvenance"), word("QualityProvenance.1")
    adoption.begin(*names, sender=suite.device_keeper)

    refused = reason(adoption.finish, names[0], sender=suite.device_keeper)

    assert refused == "adoption: lanes do not answer alike"


@pytest.mark.parametrize("name", BOOKS)
def test_the_storage_lent_is_laid_out_as_that_of_the_code_that_writes_it(suite, name):
    def layout(contract):
        return contract.compiler_data.storage_layout["storage_layout"]

    book, code = layout(suite.contracts[name]), layout(suite.gauge_adoption)
    assert {part: code[part] for part in ("lanes", "gauges")} == {
        part: book[part] for part in ("lanes", "gauges")
    }
    own = {part: slot["slot"] for part, slot in book.items() if part not in ("lanes", "gauges")}
    same = {part.strip("_"): slot.get("slot") for part, slot in code.items()}
    assert {part: same[part] for part in own} == own
