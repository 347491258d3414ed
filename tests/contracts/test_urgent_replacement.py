"""A failed meter replaced before the authority consents: held, then released or refused."""

import boa
import pytest

from tests.contracts.answers import events, reason
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import CITY, DAY_S, GAUGE, HASH, METER, NOW, SETTINGS, T0

PERMIT, MONTH, QUARTER, YEAR = 1, 2, 3, 4
HELD, RELEASED, REFUSED = 1, 2, 3
YEAR_S = 40 * DAY_S  # of the tests' calendar
TERM_S = SETTINGS["urgent_replacement_days"][0] * DAY_S
OTHER = b"\x02" * 32


class Meter:
    """A permit's meter at register 100, and the one that takes its place at register 7."""

    def __init__(self, suite, kind=1):
        contract = "QuotaTracker" if kind == 1 else "DischargeVolumes"
        self.suite, self.book = suite, suite.contracts[contract]
        self.registry, self.permit = suite.device_registry, suite.permit(kind=kind)
        self.old = suite.channel(METER, contract, permit=self.permit)
        self.new, self.number, self.lane = 0, 0, suite.lane(self.book)

    def take(self, channel, *readings):
        now, batch = self.book.meter(channel), self.book.lane(self.lane).next_id
        words = meter_group(channel, now.register_l, now.last_at, readings)
        self.book.record_meters(self.lane, batch, HASH, packed(words), b"", sender=self.suite.relay)

    def asked(self, closing_l=100, opening_l=7, at=T0, code="NEW-1", cause=HASH):
        return self.old, code, closing_l, opening_l, at, cause, OTHER

    def replace(self, **changed):
        self.number = self.registry.replace_urgently(
            *self.asked(**changed), sender=self.suite.holder
        )
        self.new = self.registry.replacement(self.number).channel

    def release(self):
        self.registry.release(self.number, sender=self.suite.supervisor)

    def refuse(self):
        self.registry.refuse(self.number, HASH, sender=self.suite.supervisor)

    def used(self, *years):
        return [self.book.used_l(self.permit, year) for year in years]

    def months(self, *periods):
        use = [
            self.suite.quota_plans.use_of(PERMIT, self.permit, MONTH, period) for period in periods
        ]
        return [(one.counted_l, one.known, one.ended) for one in use]


@pytest.fixture
def meter(suite):
    return Meter(suite)


@pytest.fixture
def held(meter):
    """The old meter stands still from 150 on; the new one has read 30 litres."""
    meter.take(meter.old, (50, DAY_S))
    meter.replace(closing_l=150, at=T0 + DAY_S)
    meter.take(meter.new, (30, DAY_S))
    return meter


def test_a_new_meter_is_enrolled_like_the_one_it_replaces_and_read_at_once(meter):
    meter.replace()
    old, new = (meter.registry.channel(n) for n in (meter.old, meter.new))
    meter.take(meter.new, (5, 60))

    assert meter.registry.device(new.device).code == "NEW-1"
    assert meter.registry.station_of(meter.new) == meter.registry.station_of(meter.old)
    same = ("parameter", "kind", "contract_name", "relay_group", "resolution", "cadence_s")
    for field in (*same, "low", "high", "modulus_l", "grade"):
        assert getattr(new, field) == getattr(old, field)
    assert (new.permit_id, new.opened_at) == (0, T0)
    assert meter.book.meter(meter.new).register_l == 12


def test_a_replacement_is_on_record_with_cause_who_and_when(meter):
    number = meter.registry.replace_urgently(*meter.asked(), sender=meter.suite.holder)

    (_, told) = events(meter.registry, "ReplacementAsked")[0]
    one = meter.registry.replacement(number)
    assert told["replacement"] == one
    assert (told["number"], told["old"], told["channel"]) == (1, meter.old, one.channel)
    assert (one.permit_id, one.closing_l, one.opening_l) == (meter.permit, 100, 7)
    assert (one.asked_by, one.asked_at, one.opened_at) == (meter.suite.holder, NOW, T0)
    assert (one.reason_hash, one.evidence_hash) == (HASH, OTHER)
    assert (one.state, one.due_at) == (HELD, NOW + TERM_S)


def test_the_post_that_answers_for_the_station_may_replace_its_meter(meter):
    suite, operator = meter.suite, boa.env.generate_address("operator")
    suite.by_both("open_post", 1, "operator", 0, operator, 0, 2**32 - 1)
    words = "devices: caller neither holds the permit nor answers for the station"
    refused = reason(meter.registry.replace_urgently, *meter.asked(), sender=operator)
    suite.water_network.assign(1, suite.authority.post_count(), NOW, sender=suite.network_keeper)

    meter.registry.replace_urgently(*meter.asked(), sender=operator)

    assert refused == words


def test_a_post_of_the_holder_may_replace_its_meter(meter):
    engineer = boa.env.generate_address("engineer")
    meter.suite.by_both("open_post", 2, "engineer", 0, engineer, 0, 2**32 - 1)

    meter.registry.replace_urgently(*meter.asked(), sender=engineer)

    assert meter.registry.replacement(1).asked_by == engineer


def test_another_organisation_and_a_meter_without_a_permit_are_refused(meter):
    unbound = meter.suite.channel(METER, "QuotaTracker")
    words = "devices: caller neither holds the permit nor answers for the station"
    replace, holder = meter.registry.replace_urgently, meter.suite.holder

    assert reason(replace, *meter.asked(), sender=CITY.address) == words
    assert reason(replace, unbound, *meter.asked()[1:], sender=holder) == words
    assert reason(replace, 99, *meter.asked()[1:], sender=holder) == words


def test_only_a_bound_meter_is_replaced_once_with_a_reason(meter):
    outlet = meter.suite.permit(kind=2)
    gauge = meter.suite.channel(GAUGE, "DischargeLimits", permit=outlet)
    replace, holder = meter.registry.replace_urgently, meter.suite.holder

    def told(**changed):
        return reason(replace, *meter.asked(**changed), sender=holder)

    refused = reason(replace, gauge, *meter.asked()[1:], sender=holder)
    assert refused == "devices: only a meter is replaced"
    assert told(cause=b"\0" * 32) == "devices: replacement needs a reason"
    assert told(code=f"DEV-{meter.suite.numbers['device']}") == "devices: code is taken"
    meter.replace()
    assert told(code="NEW-2") == "devices: meter is replaced already"
    meter.release()
    assert told(code="NEW-2") == "devices: meter is replaced already"


def test_registers_and_moment_of_a_replacement_fit_what_was_read(meter):
    meter.take(meter.old, (50, DAY_S))
    replace, holder = meter.registry.replace_urgently, meter.suite.holder

    def told(closing_l=150, at=T0 + DAY_S, **changed):
        return reason(replace, *meter.asked(closing_l, at=at, **changed), sender=holder)

    assert told(149) == "devices: closing register below the last reading"
    assert told(2**48) == "devices: closing register out of range"
    assert told(opening_l=2**48) == "meters: register out of range"
    assert told(at=T0) == "devices: opening not between the last reading and now"
    assert told(at=NOW + 1) == "devices: opening not between the last reading and now"


def test_a_held_litre_counts_against_no_quota(held):
    assert held.used(0) == [50]
    assert held.book.meters_of(held.permit) == [held.old]
    assert held.months(0) == [(0, False, True)]  # of the old meter no turns are kept


def test_a_held_meter_is_bound_by_no_other_act(held):
    bind, keeper = held.registry.bind, held.suite.device_keeper
    words = "devices: readings are held until an officer decides"

    assert reason(bind, held.new, held.permit, sender=keeper) == words
    held.refuse()
    assert reason(bind, held.new, held.permit, sender=keeper) == words


def test_release_counts_what_was_held_and_all_that_follows_once(held):
    held.release()

    released = ("ReplacementReleased", {"number": 1, "channel": held.new, "permit_id": held.permit})
    (told,) = events(held.registry, "ReplacementReleased")
    assert (told[0], {k: told[1][k] for k in released[1]}) == released
    assert (told[1]["by"], told[1]["read_at"]) == (held.suite.supervisor, T0 + 2 * DAY_S)
    assert (told[1]["year_l"], told[1]["before_l"]) == (30, 0)
    assert held.used(0) == [80]
    held.take(held.new, (4, 60))
    assert held.used(0) == [84]


def test_release_of_a_meter_that_was_never_read_binds_it(meter):
    meter.replace()

    meter.release()
    meter.take(meter.new, (9, 60))

    assert meter.used(0) == [9]


def test_release_tells_who_decided_and_how_much(held):
    held.release()

    one = held.registry.replacement(1)
    assert (one.state, one.held_l, one.decided_at) == (RELEASED, 30, NOW)
    assert one.decided_by == held.suite.supervisor
    assert held.registry.is_replaced(held.old)
    assert not held.registry.is_replaced(held.new)
    assert held.registry.channel(held.new).permit_id == held.permit


@pytest.mark.parametrize("kind", [1, 2])
def test_held_volume_is_booked_in_the_year_in_which_it_was_read(suite, kind):
    meter = Meter(suite, kind)
    meter.replace(at=T0 + DAY_S)
    meter.take(meter.new, (30, 38 * DAY_S), (5, DAY_S), (6, DAY_S), (7, DAY_S))

    meter.release()
    meter.take(meter.new, (1, DAY_S))

    assert meter.used(0, 1, 2) == [35, 14, 0]


def test_a_last_reading_at_the_turn_belongs_to_the_year_before(meter):
    meter.replace()
    meter.take(meter.new, (30, YEAR_S))

    meter.release()
    meter.take(meter.new, (4, DAY_S))

    assert meter.used(0, 1) == [30, 4]


def test_a_meter_opened_at_the_turn_belongs_to_the_new_year(meter):
    meter.replace(at=T0 + YEAR_S)
    meter.take(meter.new, (30, DAY_S))

    meter.release()

    assert meter.used(0, 1) == [0, 30]


def test_what_was_held_over_two_turns_of_the_year_can_only_be_refused(meter):
    meter.replace(at=T0 + DAY_S)
    meter.take(meter.new, (30, 2 * YEAR_S))

    told = reason(meter.registry.release, 1, sender=meter.suite.supervisor)
    meter.refuse()

    assert told == "devices: held over two turns of the year"
    assert meter.used(0, 1, 2) == [0, 0, 0]


def test_the_months_of_a_plan_have_what_was_held_in_them(meter):
    meter.suite.register_turns.set_turns([meter.old], MONTH, sender=meter.suite.device_keeper)
    meter.take(meter.old, (50, DAY_S))
    meter.replace(closing_l=150, at=T0 + DAY_S)
    meter.take(meter.new, (20, 5 * DAY_S), (30, 10 * DAY_S), (40, 10 * DAY_S))

    before = meter.months(0, 1, 2)
    meter.release()

    assert before == [(50, True, False), (0, False, False), (0, False, False)]
    assert meter.months(0, 1) == [(70, True, True), (30, True, True)]
    assert meter.months(2) == [(40, True, False)]


def test_a_meter_is_held_with_turns_as_fine_as_those_of_the_one_it_replaces(meter):
    turns, keeper = meter.suite.register_turns, meter.suite.device_keeper
    turns.set_turns([meter.old], 1, sender=keeper)
    meter.replace()
    other = Meter(meter.suite)
    other.replace(code="NEW-2")

    assert (turns.turns(meter.new).calendar, turns.turns(other.new).calendar) == (1, MONTH)


def test_release_waits_for_the_old_meters_closing_register(meter):
    meter.replace(closing_l=160)
    words = "devices: old meter is not read to its closing register"
    release, officer = meter.registry.release, meter.suite.supervisor

    assert reason(release, 1, sender=officer) == words
    meter.take(meter.old, (60, DAY_S))
    release(1, sender=officer)

    assert meter.used(0) == [60]


def test_a_register_that_rolled_over_or_was_exchanged_while_held_counts_whole(meter):
    meter.replace()
    meter.take(meter.new, (30, DAY_S))
    meter.registry.approve_exchange(meter.new, 2, 40, 0, sender=meter.suite.supervisor)
    now, batch = meter.book.meter(meter.new), meter.book.lane(meter.lane).next_id
    words = meter_group(meter.new, now.register_l, now.last_at, [(3, 60)], kind=2)
    meter.book.record_meters(meter.lane, batch, HASH, packed(words), b"", sender=meter.suite.relay)
    meter.take(meter.new, (5, 60))

    meter.release()

    assert meter.book.meter(meter.new).register_l == 5
    assert meter.used(0) == [38]


def test_refuse_keeps_the_volume_apart_for_good(held):
    held.refuse()

    about = {"number": 1, "channel": held.new, "permit_id": held.permit}
    about |= {"by": held.suite.supervisor, "read_at": T0 + 2 * DAY_S, "held_l": 30}
    assert events(held.registry, "ReplacementRefused") == [
        ("ReplacementRefused", about | {"reason_hash": HASH})
    ]
    one = held.registry.replacement(1)
    assert (one.state, one.held_l, one.refusal_hash) == (REFUSED, 30, HASH)
    held.take(held.new, (4, 60))
    assert held.used(0) == [50]
    assert not held.registry.is_replaced(held.old)


def test_after_a_refusal_the_old_meter_counts_deemed_use(held):
    held.refuse()
    held.registry.approve_deemed(
        held.old, 150, 500, T0 + 3 * DAY_S, HASH, sender=held.suite.supervisor
    )
    batch = held.book.lane(held.lane).next_id
    words = meter_group(held.old, 150, T0 + DAY_S, [(500, 2 * DAY_S)], kind=4)
    held.book.record_meters(held.lane, batch, HASH, packed(words), b"", sender=held.suite.relay)

    assert held.used(0) == [550]


def test_after_a_refusal_another_meter_may_take_the_place(held):
    held.refuse()
    held.replace(closing_l=150, at=T0 + DAY_S, code="NEW-2")
    held.take(held.new, (8, 60))

    held.release()

    assert held.used(0) == [58]


def test_a_decision_is_made_once_with_a_reason_by_another_than_who_asked(held):
    suite, registry = held.suite, held.registry
    waits = "devices: replacement must be HELD"

    refused = reason(registry.refuse, 1, b"\0" * 32, sender=suite.supervisor)
    assert refused == "devices: refusal needs a reason"
    assert reason(registry.release, 2, sender=suite.supervisor) == f"{waits}, is UNKNOWN"
    held.release()
    assert reason(registry.release, 1, sender=suite.supervisor) == f"{waits}, is RELEASED"
    assert reason(registry.refuse, 1, HASH, sender=suite.supervisor) == f"{waits}, is RELEASED"


def test_an_officer_does_not_decide_on_what_it_asked_for(meter):
    suite = meter.suite
    suite.water_network.assign(
        1, suite.authority.post_of(suite.supervisor), NOW, sender=suite.network_keeper
    )
    meter.registry.replace_urgently(*meter.asked(), sender=suite.supervisor)
    words = "devices: whoever asked cannot decide"

    assert reason(meter.registry.release, 1, sender=suite.supervisor) == words
    assert reason(meter.registry.refuse, 1, HASH, sender=suite.supervisor) == words


def test_what_is_not_decided_in_time_is_told_once_and_may_still_be_decided(held):
    registry, anyone = held.registry, held.suite.holder
    due_at, words = NOW + TERM_S, "devices: no replacement waits beyond its time"
    boa.env.evm.patch.timestamp = due_at
    assert reason(registry.tell_overdue, 1, sender=anyone) == words
    boa.env.evm.patch.timestamp = due_at + 1

    registry.tell_overdue(1, sender=anyone)

    about = {"number": 1, "channel": held.new, "due_at": due_at}
    assert events(registry) == [("ReplacementOverdue", about)]
    assert registry.replacement(1).overdue
    assert reason(registry.tell_overdue, 1, sender=anyone) == "devices: overdue on record"
    held.release()
    assert reason(registry.tell_overdue, 1, sender=anyone) == words
    assert held.used(0) == [80]


def test_the_other_meters_of_an_account_hear_of_what_was_released(meter):
    other = meter.suite.channel(METER, "QuotaTracker", permit=meter.permit)
    meter.take(other, (1, 60))
    meter.replace()
    meter.take(meter.new, (1_000_000, DAY_S))
    quiet = events(meter.book, "PlanApproached")
    meter.release()

    meter.take(other, (1, 60))

    ((_, told),) = events(meter.book, "PlanApproached")
    assert quiet == []
    assert (told["channel"], told["used_l"]) == (other, 1_000_002)


def test_a_meter_of_another_kind_of_book_is_followed_by_its_own_turns_only(meter):
    turns, channel = meter.suite.register_turns, meter.old
    words = "access: caller is not the listed contract"

    assert reason(turns.keep_like, channel, channel, sender=meter.suite.device_keeper) == words
