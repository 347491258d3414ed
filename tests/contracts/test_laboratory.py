"""Reports: entered by one, confirmed by another, superseded with a reason, never rewritten."""

import boa
import pytest

from tests.contracts.answers import events, reason
from tests.contracts.samples import (
    BELOW,
    MAX,
    NOT_DETECTED,
    PRESENT,
    TAKEN,
    WORKS,
    Bench,
    limit,
    result,
)
from tests.contracts.storage import put
from tests.contracts.suite import HASH, NOW, T0, word

ENTERED, CONFIRMED, REFUSED, SUPERSEDED = 1, 2, 3, 4
NONE = b"\0" * 32


@pytest.fixture
def bench(suite):
    return Bench(suite, {"": [limit("cod", 1_000), limit("ss", 50)]})


def test_an_entered_report_is_kept_whole_and_does_not_count(suite, bench):
    number = bench.enter(result("cod", 2_000), result("ss", 0, BELOW, detection=5))

    [(name, told)] = events(bench.lab)
    report = bench.lab.report(number)
    assert (name, told["report_id"], told["by"]) == ("ReportEntered", number, suite.analyst)
    assert (told["sample"], told["results"]) == (report.sample, 2)
    assert (report.state, report.profile_id, report.results) == (ENTERED, bench.profile, 2)
    assert (report.entered_by, report.entered_at, report.decided_at) == (suite.analyst, NOW, 0)
    assert tuple(bench.lab.result(number, 2)) == result("ss", 0, BELOW, detection=5)
    assert bench.lab.latest(bench.station, word("cod")) == (0, 0)
    assert bench.lab.ruling(number).exceedances == 0


def test_a_confirmed_report_says_who_when_and_on_what_note_and_counts(suite, bench):
    number = bench.enter(result("cod", 2_000))

    bench.lab.confirm(number, b"\7" * 32, sender=suite.reviewer)

    (exceeded, about), (name, told) = events(bench.lab)
    report = bench.lab.report(number)
    assert (exceeded, about["parameter"]) == ("ResultExceeded", word("cod"))
    assert (about["report_id"], about["station_id"]) == (number, bench.station)
    assert about["ruled"] == bench.lab.ruled(number, 1)
    assert (about["result"].value, about["taken_at"]) == (2_000, TAKEN)
    assert (name, told["note_hash"]) == ("ReportConfirmed", b"\7" * 32)
    assert told["ruling"] == bench.lab.ruling(number)
    assert (report.state, report.decided_by, report.decided_at) == (CONFIRMED, suite.reviewer, NOW)
    assert bench.lab.latest(bench.station, word("cod")) == (number, 1)


def test_a_refused_report_stays_on_record_and_never_counts(suite, bench):
    number = bench.enter(result("cod", 2_000))

    bench.lab.refuse(number, HASH, sender=suite.reviewer)

    [(name, told)] = events(bench.lab)
    assert (name, told["report_id"], told["by"]) == ("ReportRefused", number, suite.reviewer)
    assert bench.lab.report(number).state == REFUSED
    assert bench.lab.result(number, 1).value == 2_000
    assert bench.lab.latest(bench.station, word("cod")) == (0, 0)
    again = reason(bench.lab.confirm, number, HASH, sender=suite.reviewer)
    assert again == "laboratory: to be decided on, must be ENTERED"


@pytest.mark.parametrize("name", ["confirm", "refuse"])
def test_whoever_entered_a_report_cannot_decide_on_it(suite, bench, name):
    both = boa.env.generate_address("both")
    suite.by_both("open_post", 1, "bench", 8192 | 64, both, T0, 2**32 - 1)
    number = bench.lab.submit(bench.sample(), [result("cod", 1)], 0, NONE, sender=both)

    refused = reason(getattr(bench.lab, name), number, HASH, sender=both)

    assert refused == "laboratory: recorder cannot decide on the report"
    bench.confirm(number)


@pytest.mark.parametrize("name", ["confirm", "refuse"])
def test_a_decision_needs_a_note(suite, bench, name):
    number = bench.enter(result("cod", 1))

    refused = reason(getattr(bench.lab, name), number, NONE, sender=suite.reviewer)

    assert refused == "laboratory: decision needs a note"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"code": ""}, "laboratory: sample without a code"),
        ({"taken_at": 0}, "laboratory: taken, analysed, entered out of order"),
        ({"analysed_at": TAKEN - 1}, "laboratory: taken, analysed, entered out of order"),
        ({"analysed_at": NOW + 1}, "laboratory: taken, analysed, entered out of order"),
        ({"laboratory": 0}, "laboratory: laboratory is not verified"),
        ({"laboratory": 99}, "laboratory: laboratory is not verified"),
        ({"grade": 3}, "laboratory: neither laboratory nor manual"),
        ({"grade": 6}, "laboratory: neither laboratory nor manual"),
        ({"accreditation_hash": NONE}, "laboratory: laboratory without accreditation"),
        ({"method_hash": NONE}, "laboratory: report needs method and document"),
        ({"document_hash": NONE}, "laboratory: report needs method and document"),
        ({"station_id": 1}, "laboratory: station has no profile"),
    ],
)
def test_a_sample_that_cannot_be_is_refused(suite, bench, changed, words):
    sample = bench.sample(**changed)

    refused = reason(bench.lab.submit, sample, [result("cod", 1)], 0, NONE, sender=suite.analyst)

    assert refused == words


def test_a_sample_taken_and_analysed_in_this_very_second_is_entered(bench):
    assert bench.enter(result("cod", 1), taken_at=NOW, analysed_at=NOW) == 1


def test_a_sample_may_be_as_old_as_the_clock(bench):
    assert bench.enter(result("cod", 1), taken_at=1) == 1


def test_a_report_has_up_to_64_results(suite, bench):
    submit, by, one = bench.lab.submit, suite.analyst, result("cod", 1)

    taken = reason(submit, bench.sample(), [one] * 64, 0, NONE, sender=by)
    longer = reason(submit, bench.sample(), [one] * 65, 0, NONE, sender=by)

    assert (taken, longer) == ("laboratory: parameter is reported twice", "")


@pytest.mark.parametrize("detection", [1, 2**64])
def test_a_detection_limit_may_be_small_or_large(bench, detection):
    assert bench.enter(result("cod", 0, BELOW, detection=detection)) == 1


def test_manual_results_need_no_accreditation(bench):
    assert bench.enter(result("cod", 1), grade=5, accreditation_hash=NONE) == 1


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([], "laboratory: report without results"),
        ([result("", 1)], "laboratory: result of no parameter"),
        ([result("cod", 1), result("cod", 2)], "laboratory: parameter is reported twice"),
        ([result("cod", 0, 0)], "laboratory: unknown state of a result"),
        ([result("cod", 0, 6)], "laboratory: unknown state of a result"),
        ([result("cod", 1, NOT_DETECTED)], "laboratory: only what was measured has a value"),
        ([result("cod", 1, PRESENT)], "laboratory: only what was measured has a value"),
        ([result("cod", 0, BELOW)], "laboratory: below a detection limit that is not stated"),
        ([result("cod", 2**64 + 1)], "laboratory: value out of range"),
        ([result("cod", -(2**64) - 1)], "laboratory: value out of range"),
        ([result("cod", 0, BELOW, detection=2**64 + 1)], "laboratory: value out of range"),
    ],
)
def test_results_that_cannot_be_are_refused(suite, bench, results, words):
    refused = reason(bench.lab.submit, bench.sample(), results, 0, NONE, sender=suite.analyst)

    assert refused == words


def test_the_largest_values_are_recorded_and_ruled_on(bench):
    number = bench.confirmed(result("cod", 2**64), result("ss", -(2**64)))

    assert bench.lab.ruled(number, 1).ratio_pm == 2**64
    assert tuple(bench.lab.ruled(number, 2))[2:] == (0, False, False)


def test_a_sample_is_reported_once_until_its_report_is_refused(suite, bench):
    first = bench.enter(result("cod", 1), code="A")
    sample, by = bench.sample(code="A"), suite.analyst
    submit = bench.lab.submit

    assert reason(submit, sample, [result("cod", 2)], 0, NONE, sender=by) == (
        "laboratory: sample is reported"
    )
    bench.lab.refuse(first, HASH, sender=suite.reviewer)
    second = submit(sample, [result("cod", 2)], 0, NONE, sender=by)
    bench.confirm(second)
    assert reason(submit, sample, [result("cod", 2)], 0, NONE, sender=by) == (
        "laboratory: sample is reported"
    )
    assert bench.enter(result("cod", 2), code="A", laboratory=2) == 3


def test_a_sample_whose_replacement_was_refused_is_still_reported(suite, bench):
    old = bench.confirmed(result("cod", 1), code="A")
    replacement = bench.enter(result("cod", 2), code="A", supersedes=old)
    bench.lab.refuse(replacement, HASH, sender=suite.reviewer)

    sample, results = bench.sample(code="A"), [result("cod", 3)]
    again = reason(bench.lab.submit, sample, results, 0, NONE, sender=suite.analyst)

    assert again == "laboratory: sample is reported"
    assert bench.lab.report_of(1, "A") == old
    assert bench.confirm(bench.enter(result("cod", 3), code="A", supersedes=old)) == 3


def test_a_refused_replacement_under_another_code_leaves_both_codes_as_they_were(suite, bench):
    old = bench.confirmed(result("cod", 1), code="A")
    replacement = bench.enter(result("cod", 2), code="B", supersedes=old)
    bench.lab.refuse(replacement, HASH, sender=suite.reviewer)

    assert bench.lab.report_of(1, "A") == old
    assert bench.enter(result("cod", 3), code="B") == 3


def test_a_mistake_is_superseded_by_a_new_report_once_that_is_confirmed(suite, bench):
    old = bench.confirmed(result("cod", 9_000), result("ss", 9), code="A")
    new = bench.enter(result("cod", 900), code="A", supersedes=old)
    assert bench.lab.report(old).state == CONFIRMED
    assert bench.lab.latest(bench.station, word("cod")) == (old, 1)

    bench.confirm(new)

    name, told = events(bench.lab)[0]
    assert (name, told) == (
        "ReportSuperseded",
        {"report_id": old, "superseded_by": new, "reason_hash": HASH},
    )
    before = bench.lab.report(old)
    assert (before.state, before.superseded_by) == (SUPERSEDED, new)
    assert bench.lab.result(old, 1).value == 9_000
    assert bench.lab.ruling(old).exceedances == 1
    assert bench.lab.latest(bench.station, word("cod")) == (new, 1)
    assert bench.lab.latest(bench.station, word("ss")) == (0, 0)


def test_only_a_confirmed_report_is_superseded_and_only_once(suite, bench):
    waiting = bench.enter(result("cod", 1))
    sample, by = bench.sample(), suite.analyst
    results = [result("cod", 1)]

    for number in (waiting, 99):
        refused = reason(bench.lab.submit, sample, results, number, HASH, sender=by)
        assert refused == "laboratory: to be superseded, must be CONFIRMED"
    bench.confirm(waiting)
    first, second = (bench.enter(result("cod", n), supersedes=waiting) for n in (2, 3))
    bench.confirm(first)
    refused = reason(bench.lab.confirm, second, HASH, sender=suite.reviewer)
    assert refused == "laboratory: report it replaces is no longer CONFIRMED"


def test_superseding_needs_a_reason_and_nothing_else_has_one(suite, bench):
    old = bench.confirmed(result("cod", 1))
    results = [result("cod", 1)]

    for supersedes, given in ((old, NONE), (0, HASH)):
        refused = reason(
            bench.lab.submit, bench.sample(), results, supersedes, given, sender=suite.analyst
        )
        assert refused == "laboratory: a reason goes with superseding"


def test_the_latest_result_is_the_one_sampled_last_however_late_others_are_confirmed(bench):
    newest = bench.confirmed(result("ss", 7), result("cod", 1), taken_at=TAKEN)
    bench.confirmed(result("cod", 2), taken_at=TAKEN - 500)
    other = bench.confirmed(result("cod", 3), taken_at=TAKEN - 400)

    assert bench.lab.latest(bench.station, word("cod")) == (newest, 2)
    assert bench.lab.latest(bench.station + 1, word("cod")) == (0, 0)
    replaced = bench.confirmed(result("ss", 7), supersedes=newest)
    assert bench.lab.latest(bench.station, word("cod")) == (other, 1)
    assert bench.lab.latest(bench.station, word("ss")) == (replaced, 1)


def test_a_sample_taken_a_second_later_is_the_latest_and_of_two_at_once_the_one_confirmed_last(
    bench,
):
    later = bench.confirmed(result("cod", 1), taken_at=TAKEN + 1)
    bench.confirmed(result("cod", 2), taken_at=TAKEN)
    assert bench.lab.latest(bench.station, word("cod")) == (later, 1)

    again = bench.confirmed(result("cod", 3), taken_at=TAKEN + 1)

    assert bench.lab.latest(bench.station, word("cod")) == (again, 1)


@pytest.mark.parametrize(("count", "found"), [(256, (1, 1)), (257, (0, 0))])
def test_the_latest_is_looked_for_among_256_results(bench, count, found):
    bench.confirmed(result("cod", 1))
    put(bench.lab, count, "_held_count", bench.station, word("cod"))

    assert bench.lab.latest(bench.station, word("cod")) == found


def test_a_page_has_64_reports_at_most(bench):
    put(bench.lab, 65, "station_count", bench.station)

    assert [len(bench.lab.page(bench.station, first, 99)) for first in (1, 3)] == [64, 63]


def test_reports_of_a_station_are_listed_in_pages(suite, bench):
    numbers = [bench.enter(result("cod", n)) for n in range(5)]
    other = Bench(suite, {"": [limit("cod", 1)]})
    other.enter(result("cod", 1))

    assert bench.lab.report_count() == 6
    assert bench.lab.station_count(bench.station) == 5
    assert bench.lab.page(bench.station, 1, 64) == numbers
    assert bench.lab.page(bench.station, 0, 2) == numbers[:2]
    assert bench.lab.page(bench.station, 4, 9) == numbers[3:]
    assert bench.lab.page(bench.station, 6, 9) == []


def test_a_station_is_bound_to_a_profile_for_its_kind(suite, bench):
    keeper, bind = suite.standards_keeper, bench.lab.bind_station
    river = suite.station(9)

    assert reason(bind, river, bench.profile, sender=keeper) == (
        "laboratory: profile is for stations of another kind"
    )
    for number in (0, bench.profile + 1):
        assert reason(bind, bench.station, number, sender=keeper) == "laboratory: unknown profile"
    assert reason(bind, 999, bench.profile, sender=keeper) == "laboratory: unknown station"
    bind(bench.station, bench.profile, sender=keeper)
    told = {"station_id": bench.station, "profile_id": bench.profile}
    assert events(bench.lab) == [("StationBound", told)]
    assert bench.lab.profile_of(bench.station) == bench.profile


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": ""}, "laboratory: profile without a name"),
        ({"standard": ""}, "laboratory: profile without a standard"),
        ({"grades": []}, "laboratory: profile without grade or basis"),
        ({"bases": []}, "laboratory: profile without grade or basis"),
        ({"groups": [(word("sum"), [word("a")])]}, "laboratory: sum of fewer than two"),
        ({"below_setting": word("works_months")}, None),
        (
            {"below_setting": word("leak_grade1_ppm")},
            "laboratory: share of the detection limit out of range",
        ),
        ({"below_setting": word("nothing")}, "standards: setting is not loaded"),
    ],
)
def test_a_profile_that_could_rule_on_nothing_is_refused(suite, bench, changed, words):
    terms, keeper = bench.terms(**changed), suite.standards_keeper

    if words is None:
        bench.lab.load_profile(terms, sender=keeper)
    else:
        assert reason(bench.lab.load_profile, terms, sender=keeper) == words


@pytest.mark.parametrize(
    ("amount", "fits"), [(-1, False), (0, True), (10_000, True), (10_001, False)]
)
def test_what_counts_below_detection_is_a_share_of_the_limit(suite, bench, amount, fits):
    keeper = suite.standards_keeper
    setting = (word("odd"), 0, amount, word("bps"), "a test", True, T0)
    suite.standards.load_settings([setting], sender=keeper)
    terms = bench.terms(below_setting=word("odd"))

    if fits:
        assert bench.lab.load_profile(terms, sender=keeper) == bench.profile + 1
    else:
        refused = reason(bench.lab.load_profile, terms, sender=keeper)
        assert refused == "laboratory: share of the detection limit out of range"


def test_a_profile_needs_no_more_than_a_letter_for_name_and_standard(suite, bench):
    terms = bench.terms(name="n", standard="s")

    assert bench.lab.load_profile(terms, sender=suite.standards_keeper) == bench.profile + 1


def test_a_profile_is_loaded_as_a_new_version_and_reports_keep_theirs(suite, bench):
    number = bench.enter(result("cod", 1))

    newer = bench.lab.load_profile(bench.terms(version=77), sender=suite.standards_keeper)

    [(name, told)] = events(bench.lab)
    assert (name, told["profile_id"]) == ("ProfileLoaded", newer)
    assert told["profile"] == bench.lab.profile(newer)
    assert bench.lab.profile(newer).version == 2
    assert bench.lab.profile_versions("profile") == 2
    assert bench.lab.profile_count() == newer
    assert (bench.lab.profile(newer).kinds, bench.lab.profile(newer).bases) == (1 << WORKS, [MAX])
    bench.lab.bind_station(bench.station, newer, sender=suite.standards_keeper)
    assert bench.lab.report(number).profile_id == bench.profile
    assert bench.lab.report(bench.enter(result("cod", 1))).profile_id == newer


def test_a_result_in_another_unit_than_its_limit_is_not_confirmed(suite, bench):
    number = bench.enter(result("cod", 1, unit=word("mntu")))

    refused = reason(bench.lab.confirm, number, HASH, sender=suite.reviewer)

    assert refused == "samples: result is not in the unit of its limit"


def test_a_result_that_no_limit_is_about_is_kept_and_told_as_not_ruled_on(bench):
    number = bench.confirmed(result("odd", 5), result("cod", 1_000))

    assert tuple(bench.lab.ruled(number, 1)) == (0, 0, 0, False, False)
    ruling = bench.lab.ruling(number)
    assert (ruling.unruled, ruling.exceedances, ruling.worst_parameter) == (1, 0, word("cod"))
    assert bench.lab.latest(bench.station, word("odd")) == (number, 1)
