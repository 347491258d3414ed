"""Violations: detected from a ruling the chain holds, notified, answered, ended by two officers."""

from functools import cache

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.answers import events, reason
from tests.contracts.intake_words import OFFSET, gauge_group, packed
from tests.contracts.outlets import Outlet
from tests.contracts.storage import put
from tests.contracts.suite import COD, DAY_S, GAUGE, HASH, NOW, ROOT, SETTINGS, T0, word
from tests.contracts.test_permit_versions import altered

DETECTED, NOTIFIED, ANSWERED, RESOLVED, APPEALED, UPHELD, NOT_GENUINE = range(1, 8)
WORDS = ["DETECTED", "NOTIFIED", "ANSWERED", "RESOLVED", "APPEALED", "UPHELD", "NOT_GENUINE"]
TERM_S = SETTINGS["violation_answer_days"][0] * DAY_S
LAST_DAY = 398  # so late that its acts are of the tests' present
STEPS = {
    "notify": (DETECTED, "supervisor", "violations: to be notified, must be DETECTED"),
    "answer": (NOTIFIED, "holder", "violations: to be answered, must be NOTIFIED"),
    "resolve": (ANSWERED, "supervisor", "violations: to be resolved, must be ANSWERED"),
    "appeal": (ANSWERED, "holder", "violations: to be appealed, must be ANSWERED"),
    "decide": (APPEALED, "decider", "violations: to be decided on, must be APPEALED"),
}
WAYS = {
    DETECTED: (),
    NOTIFIED: ("notify",),
    ANSWERED: ("notify", "answer"),
    RESOLVED: ("notify", "answer", "resolve"),
    APPEALED: ("notify", "answer", "appeal"),
    UPHELD: ("notify", "answer", "appeal", "uphold"),
    NOT_GENUINE: ("notify", "answer", "appeal", "reject"),
}


def act(suite, name, number=1, document=HASH, at=0):
    """One step by whom it belongs to."""
    genuine = (name == "uphold",) if name in ("uphold", "reject") else ()
    function = "decide" if genuine else name
    who = getattr(suite, STEPS[function][1])
    if name == "decide":
        genuine = (True,)
    getattr(suite.violations, function)(number, *genuine, document, at, sender=who)


def detected(suite, day=LAST_DAY, value=1_500, outlet=None):
    outlet = outlet or Outlet(suite)
    outlet.day(day, [value])
    return suite.violations.detect(outlet.channel, day, sender=suite.holder)


def in_state(suite, state):
    number = detected(suite)
    for name in WAYS[state]:
        act(suite, name, number)
    assert suite.violations.violation(number).state == state
    return number


def test_a_day_ruled_as_exceeded_is_detected_with_its_ratio_duration_and_outlet(suite):
    outlet = Outlet(suite)
    outlet.day(5, [1_000, 1_501])

    number = suite.violations.detect(outlet.channel, 5, sender=suite.holder)

    [(name, about)] = events(suite.violations)
    assert name == "ViolationDetected"
    assert (about["violation_id"], about["permit_id"]) == (number, outlet.permit)
    one = about["violation"]
    assert one == suite.violations.violation(number)
    assert (one.station_id, one.parameter, one.basis, one.period) == (1, COD, 1, 5)
    assert (one.ended_at, one.duration_s) == (T0 + 6 * DAY_S, DAY_S)
    assert one.ratio_bps == 12_505  # 1,250.5 against 1,000
    assert (one.high, one.advisory, one.repeats, one.state) == (True, False, 0, DETECTED)
    step = suite.violations.step(number, DETECTED)
    assert tuple(step) == (suite.holder, NOW, b"\0" * 32)


def test_a_violation_lies_at_the_station_of_the_terms_in_force_when_its_day_began(suite):
    outlet, moved_to = Outlet(suite), suite.station()
    boa.env.evm.patch.timestamp = moved_at = T0 + LAST_DAY * DAY_S
    altered(suite, outlet.permit, moved_at, station_id=moved_to)
    boa.env.evm.patch.timestamp = NOW

    numbers = [detected(suite, day, outlet=outlet) for day in (LAST_DAY - 1, LAST_DAY)]

    stations = [suite.violations.violation(number).station_id for number in numbers]
    assert stations == [1, moved_to]


def test_a_mean_below_its_lower_limit_is_a_violation_with_a_ratio_below_the_whole(suite):
    number = detected(suite, value=4)

    one = suite.violations.violation(number)
    assert (one.high, one.ratio_bps) == (False, 4_000)


@pytest.mark.parametrize(("lo", "limit", "value"), [(-5, 0, 3), (10, 1_000, -1)])
def test_there_is_no_ratio_where_limit_or_mean_is_not_above_zero(suite, lo, limit, value):
    number = detected(suite, value=value, outlet=Outlet(suite, limit=limit, lo=lo))

    assert suite.violations.violation(number).ratio_bps == 0


def test_the_smallest_limit_above_zero_has_a_ratio(suite):
    number = detected(suite, value=3, outlet=Outlet(suite, limit=1, lo=-5))

    assert suite.violations.violation(number).ratio_bps == 30_000


@pytest.mark.parametrize(
    ("values", "high"), [([1_000, 1_000], None), ([1_000, 1_001], True), ([10, 9], False)]
)
def test_a_sum_of_readings_beyond_its_limit_by_one_step_is_a_violation(suite, values, high):
    outlet = Outlet(suite)
    outlet.day(0, values)
    detect = suite.violations.detect

    if high is None:
        refused = reason(detect, outlet.channel, 0, sender=suite.holder)
        assert refused == "violations: no closed day that was exceeded"
    else:
        assert suite.violations.violation(detect(outlet.channel, 0)).high == high


@settings(max_examples=25, deadline=None)
@given(values=st.lists(st.integers(0, 5_000), min_size=1, max_size=12))
def test_a_ratio_is_exact_and_rounded_away_from_the_limit(deployed, values):
    with boa.env.anchor():
        outlet = Outlet(deployed)
        outlet.day(5, values)
        detect = deployed.violations.detect
        high = sum(values) > 1_000 * len(values)
        if not high and sum(values) >= 10 * len(values):
            refused = reason(detect, outlet.channel, 5, sender=deployed.holder)
            assert refused == "violations: no closed day that was exceeded"
            return

        detect(outlet.channel, 5, sender=deployed.holder)

        limit, number = (1_000 if high else 10), deployed.violations.violation_count()
        exact = sum(values) * 10_000, limit * len(values)
        floor, rest = divmod(*exact)
        wanted = floor + (1 if high and rest else 0)
        assert deployed.violations.violation(number).ratio_bps == wanted


def test_only_a_closed_day_that_was_exceeded_by_enough_readings_is_detected(suite):
    outlet = Outlet(suite, needed=2)
    outlet.day(1, [1_000, 1_000])
    outlet.day(2, [9_000])
    outlet.day(3, [9_000, 9_000], close=False)
    detect = suite.violations.detect

    for day in (0, 1, 2, 3, 4):
        answer = reason(detect, outlet.channel, day, sender=suite.holder)
        assert answer == "violations: no closed day that was exceeded"
    outlet.book.close(outlet.channel, 3, sender=suite.holder)
    assert detect(outlet.channel, 3, sender=suite.holder) == 1


def test_an_open_day_that_a_full_count_has_ruled_in_part_is_not_detected_yet(suite):
    outlet, detect = Outlet(suite), suite.violations.detect
    outlet.day(0, [9_000])
    outlet.day(1, [9_000], close=False)
    ruled = outlet.book.ruled(outlet.channel, 0)
    put(outlet.book, ruled, "gauges._ruled_on", outlet.channel, 1)

    refused = reason(detect, outlet.channel, 1, sender=suite.holder)
    outlet.book.close(outlet.channel, 1, sender=suite.holder)

    assert refused == "violations: no closed day that was exceeded"
    assert detect(outlet.channel, 1, sender=suite.holder) == 1


def test_a_day_is_detected_once(suite):
    outlet = Outlet(suite)
    detected(suite, outlet=outlet)

    again = reason(suite.violations.detect, outlet.channel, LAST_DAY, sender=suite.holder)

    assert again == "violations: day was detected"


def test_a_gauge_that_belongs_to_no_outlet_violates_no_permit(suite):
    outlet = Outlet(suite)
    outlet.channel = suite.channel(GAUGE, "DischargeLimits", COD)
    limit_id = suite.limit(COD, None, 1_000)
    outlet.book.judge(outlet.channel, limit_id, 1, 0, 0, 1, sender=suite.standards_keeper)
    outlet.day(0, [2_000])

    answer = reason(suite.violations.detect, outlet.channel, 0, sender=suite.holder)

    assert answer == "violations: gauge is bound to no outlet"


def test_a_violation_under_an_unverified_limit_is_marked_as_advisory(suite):
    limit = (COD, word("max"), word("ng/L"), 0, 9, False, True, True, False)
    unsure, outlet = suite.sealed("UNSURE", [limit]), Outlet(suite)
    outlet.book.judge(outlet.channel, unsure, 1, 0, 0, 1, sender=suite.standards_keeper)

    number = detected(suite, outlet=outlet)

    assert suite.violations.violation(number).advisory


def test_the_duration_runs_from_the_first_of_the_exceeded_days_in_one_piece(suite):
    outlet = Outlet(suite)
    for day, value in enumerate((2_000, 500, 2_000, 2_000, 2_000)):
        outlet.day(day, [value])

    numbers = [
        suite.violations.detect(outlet.channel, day, sender=suite.holder) for day in (0, 4, 3)
    ]

    lasted = [suite.violations.violation(n).duration_s for n in numbers]
    assert lasted == [DAY_S, 3 * DAY_S, 2 * DAY_S]


def test_a_duration_counts_the_first_day_there_is(suite):
    outlet = Outlet(suite)
    for day in (0, 1):
        outlet.day(day, [2_000])

    number = suite.violations.detect(outlet.channel, 1, sender=suite.holder)

    assert suite.violations.violation(number).duration_s == 2 * DAY_S


def test_an_excess_of_more_than_366_days_is_told_as_this_long(suite):
    outlet = Outlet(suite)
    outlet.day(0, [2_000])
    for _ in range(4):
        readings = [(OFFSET + 2_000, DAY_S)] * 92
        words = packed(gauge_group(outlet.channel, outlet.at, readings))
        batch_id = outlet.book.lane(outlet.lane)[2]
        outlet.book.record_gauges(outlet.lane, batch_id, HASH, words, b"", sender=suite.relay)
        outlet.at += 92 * DAY_S

    numbers = [
        suite.violations.detect(outlet.channel, day, sender=suite.holder) for day in (364, 365, 366)
    ]

    lasted = [suite.violations.violation(n).duration_s for n in numbers]
    assert lasted == [365 * DAY_S, 366 * DAY_S, 366 * DAY_S]


def test_repeats_are_those_of_the_outlet_and_parameter_within_twelve_months(suite):
    # a month of these tests has ten days
    outlet, other = Outlet(suite), Outlet(suite, parameter=word("nh3n"))
    other.day(130, [2_000])
    suite.violations.detect(other.channel, 130, sender=suite.holder)
    numbers = []
    for day in (9, 10, 40, 130):
        outlet.day(day, [2_000])
        numbers.append(suite.violations.detect(outlet.channel, day, sender=suite.holder))

    repeats = [suite.violations.violation(n).repeats for n in numbers]

    assert repeats == [0, 1, 2, 2]
    assert [suite.violations.repeats_of(n) for n in numbers] == [0, 1, 2, 2]


def test_a_violation_found_not_genuine_is_no_repeat_and_its_figures_stay(suite):
    outlet = Outlet(suite)
    first = detected(suite, LAST_DAY - 1, outlet=outlet)
    second = detected(suite, LAST_DAY, outlet=outlet)
    ruled = outlet.book.ruled(outlet.channel, LAST_DAY - 1)
    before = suite.violations.violation(first)
    assert suite.violations.repeats_of(second) == 1

    for name in WAYS[NOT_GENUINE]:
        act(suite, name, first)

    assert suite.violations.repeats_of(second) == 0
    assert suite.violations.violation(second).repeats == 1
    after = suite.violations.violation(first)
    assert after == before._replace(state=NOT_GENUINE)
    assert outlet.book.ruled(outlet.channel, LAST_DAY - 1) == ruled


@pytest.mark.parametrize("state", [s for s in WAYS if s != DETECTED])
def test_each_step_moves_to_its_state_and_says_who_when_and_on_what(suite, state):
    before = in_state(suite, DETECTED)
    for name in WAYS[state][:-1]:
        act(suite, name, before)

    act(suite, WAYS[state][-1], before, document=b"\x05" * 32)

    [(name, about)] = events(suite.violations)
    function = WAYS[state][-1] if WAYS[state][-1] in STEPS else "decide"
    by = getattr(suite, STEPS[function][1])
    told = {"violation_id": before, "by": by, "state": state, "at": NOW}
    assert (name, about) == ("ViolationMoved", told | {"document_hash": b"\x05" * 32})
    assert suite.violations.violation(before).state == state
    assert tuple(suite.violations.step(before, state)) == (by, NOW, b"\x05" * 32)


@pytest.mark.parametrize("state", WAYS)
@pytest.mark.parametrize("name", STEPS)
def test_a_step_from_a_wrong_state_names_the_one_it_needs_and_the_one_there_is(suite, name, state):
    needed, who, rule = STEPS[name]
    number = in_state(suite, state)
    genuine = (True,) if name == "decide" else ()
    if state == needed or (name, state) == ("resolve", NOTIFIED):
        return

    function, by = getattr(suite.violations, name), getattr(suite, who)
    refused = reason(function, number, *genuine, HASH, 0, sender=by)

    assert refused == f"{rule}, is {WORDS[state - 1]}"


def test_a_violation_that_is_not_there_is_unknown(suite):
    refused = reason(suite.violations.notify, 9, HASH, 0, sender=suite.supervisor)

    assert refused == "violations: to be notified, must be DETECTED, is UNKNOWN"


def test_a_violation_that_nobody_answered_in_time_is_resolved(suite):
    number = in_state(suite, NOTIFIED)
    resolve, by, due_at = suite.violations.resolve, suite.supervisor, NOW + TERM_S
    assert suite.violations.answer_due_at(number) == due_at
    boa.env.evm.patch.timestamp = due_at
    early = reason(resolve, number, HASH, 0, sender=by)
    boa.env.evm.patch.timestamp = due_at + 2
    stated = reason(resolve, number, HASH, due_at, sender=by)

    resolve(number, HASH, due_at + 1, sender=by)

    assert early == stated == "violations: time to answer is not over"
    assert suite.violations.violation(number).state == RESOLVED
    assert tuple(suite.violations.step(number, RESOLVED)) == (by, due_at + 1, HASH)
    assert suite.violations.step(number, ANSWERED).at == 0


def test_the_time_to_answer_runs_from_the_stated_notice_under_the_term_of_its_block(suite):
    number = detected(suite)
    boa.env.evm.patch.timestamp = NOW + 100
    act(suite, "notify", number, at=NOW + 40)
    longer = (word("violation_answer_days"), 0, 99, word("days"), "a decree", True, NOW + 101)
    suite.standards.load_settings([longer], sender=suite.standards_keeper)

    assert suite.violations.answer_due_at(number) == NOW + 40 + TERM_S


def test_an_answer_that_comes_late_is_taken_while_the_violation_stands(suite):
    number = in_state(suite, NOTIFIED)
    boa.env.evm.patch.timestamp = NOW + TERM_S + 1

    act(suite, "answer", number)
    act(suite, "resolve", number)

    assert suite.violations.violation(number).state == RESOLVED


@pytest.mark.parametrize("name", ["answer", "appeal"])
def test_only_the_permit_s_holder_answers_and_appeals(suite, name):
    number = in_state(suite, STEPS[name][0])

    for other in (suite.supervisor, suite.authority.org(1).account):
        refused = reason(getattr(suite.violations, name), number, HASH, 0, sender=other)
        assert refused == "violations: caller does not hold the permit"


def test_nobody_is_the_holder_where_there_is_no_violation(suite):
    stranger = boa.env.generate_address("stranger")

    refused = reason(suite.violations.answer, 9, HASH, 0, sender=stranger)

    assert refused == "violations: caller does not hold the permit"


def test_whoever_notified_cannot_decide_on_the_appeal(suite):
    both = boa.env.generate_address("both")
    suite.by_both("open_post", 1, "desk", 512 | 128, both, T0, 2**32 - 1)
    number = detected(suite)
    suite.violations.notify(number, HASH, 0, sender=both)
    for name in ("answer", "appeal"):
        act(suite, name, number)

    refused = reason(suite.violations.decide, number, True, HASH, 0, sender=both)

    assert refused == "violations: notifier cannot decide"
    act(suite, "uphold", number)


@pytest.mark.parametrize("name", STEPS)
def test_every_step_needs_a_document(suite, name):
    needed, who, _ = STEPS[name]
    number = in_state(suite, needed)
    genuine = (True,) if name == "decide" else ()

    function, by = getattr(suite.violations, name), getattr(suite, who)
    refused = reason(function, number, *genuine, b"\0" * 32, 0, sender=by)

    assert refused == "violations: step needs a document"


@pytest.mark.parametrize("name", STEPS)
def test_a_step_states_its_date_neither_in_the_future_nor_before_the_step_before(suite, name):
    needed, who, _ = STEPS[name]
    number = in_state(suite, needed)
    genuine = (True,) if name == "decide" else ()
    function, by = getattr(suite.violations, name), getattr(suite, who)
    boa.env.evm.patch.timestamp = NOW + 100

    late = reason(function, number, *genuine, HASH, NOW + 101, sender=by)
    early = reason(function, number, *genuine, HASH, NOW - 1, sender=by)
    act(suite, name, number, at=NOW + 50)

    assert late == "dates: stated date lies in the future"
    assert early == "dates: stated date before the act that it follows"
    reached = suite.violations.violation(number).state
    assert suite.violations.step(number, reached).at == NOW + 50


WORDS_SOURCE = """
from contracts.interfaces import IGauges
from contracts.modules import gauge_words


@external
@pure
def added(ruled: uint256, total: uint256, count: uint256, ruling: uint256) -> uint256:
    return gauge_words._added(ruled, total, count, ruling)


@external
@pure
def ruled(word: uint256) -> IGauges.Ruled:
    return gauge_words._ruled(word)
"""
PARTS = st.tuples(st.integers(0, 2**48 - 1), st.integers(1, 2**16 - 1))


@settings(max_examples=50, deadline=None)
@given(
    parts=st.lists(PARTS, min_size=1, max_size=4),
    bounds=st.tuples(*[st.integers(0, 2**32 - 1)] * 2),
    needed=st.integers(1, 2**16 - 1),
    marks=st.integers(0, 3),
)
def test_a_day_ruled_in_parts_is_held_as_the_sum_under_what_ruled_it_last(
    parts, bounds, needed, marks
):
    with boa.env.anchor():
        words = _words()
        _adds(words, parts, bounds, needed, marks)


def _adds(words, parts, bounds, needed, marks):
    held = 0
    ruling = bounds[0] | bounds[1] << 32 | 77 << 64 | needed << 96 | 2**64 - 1 << 112 | marks << 200

    for total, count in parts:
        held = words.added(held, total, count, ruling)

    summed = sum(total for total, _ in parts), sum(count for _, count in parts)
    flags = marks & 1 == 1, marks & 2 == 2
    assert tuple(words.ruled(held)) == (*summed, *bounds, needed, *flags)


@cache
def _compiled():
    boa.interpret.set_search_paths([str(ROOT)])
    return boa.loads_partial(WORDS_SOURCE)


def _words():
    return _compiled().deploy()


def test_a_closed_day_is_held_with_its_sum_and_limits(suite):
    outlet = Outlet(suite, needed=3)
    outlet.day(0, [900, 1_101])

    held = _words().ruled(outlet.book.ruled(outlet.channel, 0))

    assert (held.total, held.count, held.needed) == (2 * OFFSET + 2_001, 2, 3)
    assert (held.mean_lo, held.mean_hi) == (OFFSET + 10, OFFSET + 1_000)
    assert outlet.book.ruled(outlet.channel, 1) == 0
