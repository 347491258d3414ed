"""What results are ruled as: limits, ratios, sums of ratios, classes, values below detection."""

from fractions import Fraction

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.answers import events
from tests.contracts.samples import (
    ABSENT,
    BELOW,
    MEASURED,
    NOT_DETECTED,
    PRESENT,
    TAKEN,
    Bench,
    limit,
    ratio_pm,
    result,
    sum_of,
)
from tests.contracts.suite import NOW, T0, word

THM = ("chcl3", "chclbr2", "chcl2br", "chbr3")
THM_NG_L = (60_000, 100_000, 60_000, 100_000)  # GB 5749-2022 table 1
MEMBERS = dict(zip(THM, THM_NG_L, strict=True))
GROUPS = [(word("thm_sum"), [word(name) for name in THM])]
CLASSES = ["I", "II", "III", "IV", "V"]
BELOW_SHARE = 5_000  # as the suite loads it: half of the detection limit


def ruled_once(suite, one, *limits, **profile):
    """What a single result is ruled as under limits."""
    sample = profile.pop("sample", {})
    bench = Bench(suite, {"": list(limits)}, **profile)
    return bench.lab.ruled(bench.confirmed(one, **sample), 1)


def set_below(suite, amount, verified):
    setting = (word("lab_below_gb5749_bps"), 0, amount, word("bps"), "a test", verified, T0)
    suite.standards.load_settings([setting], sender=suite.standards_keeper)


@pytest.mark.parametrize(
    ("value", "bounds", "exceeded", "ratio"),
    [
        (1_000, {"hi": 1_000}, False, 1_000),
        (1_001, {"hi": 1_000}, True, 1_001),
        (999, {"hi": 1_000}, False, 999),
        (3_000_001, {"hi": 3_000_000}, True, 1_001),
        (2_999_999, {"hi": 3_000_000}, False, 999),
        (5, {"lo": 5}, False, 1_000),
        (4, {"lo": 5}, True, 1_250),
        (6, {"lo": 5}, False, 833),
        (0, {"lo": 5}, True, 0),
        (-1, {"lo": 5}, True, 0),
        (6_000, {"lo": 6_000, "hi": 9_000}, False, 0),
        (9_000, {"lo": 6_000, "hi": 9_000}, False, 0),
        (5_999, {"lo": 6_000, "hi": 9_000}, True, 1_001),
        (9_001, {"lo": 6_000, "hi": 9_000}, True, 1_001),
        (-1, {"hi": 5}, False, 0),
        (-3, {"hi": -5}, True, 0),
        (-5, {"lo": -5}, False, 0),
        (-6, {"lo": -5}, True, 0),
        (1, {"hi": 0}, True, 0),
        (0, {"hi": 0}, False, 0),
    ],
)
def test_a_result_is_held_against_its_limit_both_ends_included(
    suite, value, bounds, exceeded, ratio
):
    ruled = ruled_once(suite, result("cod", value), limit("cod", **bounds))

    assert (ruled.exceeded, ruled.ratio_pm, ruled.advisory) == (exceeded, ratio, False)


@settings(max_examples=40, deadline=None)
@given(
    value=st.integers(0, 2**64),
    hi=st.integers(1, 2**40),
    lower=st.booleans(),
)
def test_a_ratio_is_exact_and_above_one_only_where_the_limit_is_broken(deployed, value, hi, lower):
    with boa.env.anchor():
        bounds = {"lo": hi} if lower else {"hi": hi}
        ruled = ruled_once(deployed, result("cod", value), limit("cod", **bounds))

        part, whole = (hi, value) if lower else (value, hi)
        assert ruled.exceeded == (part > whole)
        assert ruled.ratio_pm == (ratio_pm(part, whole) if whole else 0)
        assert not whole or (ruled.ratio_pm > 1_000) == ruled.exceeded


@pytest.mark.parametrize(
    ("share", "state", "detection", "exceeded"),
    [
        (0, BELOW, 3_000, False),
        (5_000, BELOW, 2_000, False),
        (5_000, BELOW, 2_001, True),
        (10_000, BELOW, 1_000, False),
        (10_000, BELOW, 1_001, True),
        (10_000, NOT_DETECTED, 1_001, True),
        (10_000, NOT_DETECTED, 0, False),
    ],
)
def test_a_value_below_detection_counts_as_the_setting_says(
    suite, share, state, detection, exceeded
):
    set_below(suite, share, True)

    ruled = ruled_once(suite, result("cod", 0, state, detection=detection), limit("cod", 1_000))

    assert (ruled.exceeded, ruled.advisory) == (exceeded, False)


@pytest.mark.parametrize(("detection", "advisory"), [(1_000, False), (1_001, True)])
def test_a_ruling_that_hangs_on_an_unverified_share_is_advisory(suite, detection, advisory):
    set_below(suite, 5_000, False)

    ruled = ruled_once(suite, result("cod", 0, BELOW, detection=detection), limit("cod", 1_000))

    assert (ruled.exceeded, ruled.advisory) == (False, advisory)


@pytest.mark.parametrize(
    ("state", "value", "exceeded"),
    [
        (NOT_DETECTED, 0, False),
        (BELOW, 0, False),
        (ABSENT, 0, False),
        (PRESENT, 0, True),
        (MEASURED, 0, False),
        (MEASURED, 1, True),
    ],
)
def test_not_detected_and_none_meet_a_limit_of_zero(suite, state, value, exceeded):
    one = result("e_coli", value, state, detection=10 if state == BELOW else 0)

    ruled = ruled_once(suite, one, limit("e_coli", 0))

    assert (ruled.exceeded, ruled.ratio_pm, ruled.advisory) == (exceeded, 0, False)


def test_below_detection_breaks_a_lower_limit_above_what_it_counts_as(suite):
    one = result("free_cl", 0, BELOW, detection=20)

    assert ruled_once(suite, one, limit("free_cl", lo=11)).exceeded
    assert not ruled_once(suite, one, limit("free_cl", lo=10)).exceeded


@pytest.mark.parametrize(
    ("about", "composite", "advisory"),
    [
        ({"verified": False}, True, True),
        ({"daily_mean": True}, False, True),
        ({"daily_mean": True}, True, False),
        ({"daily_mean": False}, False, False),
    ],
)
def test_an_unverified_limit_or_a_daily_mean_of_one_sample_is_advisory(
    suite, about, composite, advisory
):
    ruled = ruled_once(
        suite, result("cod", 1), limit("cod", 1, **about), sample={"composite": composite}
    )

    assert ruled.advisory == advisory


def test_the_first_basis_of_the_profile_that_the_set_has_is_the_limit(suite):
    exit_, small, end = word("plant_exit"), word("small_supply_max"), word("network_end")
    bench = Bench(
        suite,
        {
            "": [
                limit("free_cl", lo=300, basis=exit_),
                limit("free_cl", lo=50, basis=end),
                limit("ntu", 1),
                limit("ntu", 3, basis=small),
            ]
        },
        bases=[small, word("max"), end],
        unsure=[small],
    )

    number = bench.confirmed(result("free_cl", 60), result("ntu", 2))

    assert not bench.lab.ruled(number, 1).exceeded
    assert tuple(bench.lab.ruled(number, 2))[3:] == (False, True)
    basis = suite.standards.limit(bench.lab.ruled(number, 1).limit_id).basis
    assert basis == end


def test_a_grade_that_stands_beside_the_first_is_asked_where_that_has_no_limit(suite):
    bench = Bench(suite, {"1A": [limit("cod", 50)]})
    bench.load("all", [limit("cod", 1), limit("hg", 1)])
    terms = bench.terms(grades=["1A", "all"])
    profile = bench.lab.load_profile(terms, sender=suite.standards_keeper)
    bench.lab.bind_station(bench.station, profile, sender=suite.standards_keeper)

    number = bench.confirmed(result("cod", 50), result("hg", 2))

    exceeded = [bench.lab.ruled(number, place).exceeded for place in (1, 2)]
    assert exceeded == [False, True]


def test_the_limits_are_those_in_force_when_the_sample_was_taken(suite):
    bench = Bench(suite, {"": [limit("cod", 100)]})
    bench.load("", [limit("cod", 50)], in_force_at=TAKEN + 1)

    before = bench.confirmed(result("cod", 80), taken_at=TAKEN)
    after = bench.confirmed(result("cod", 80), taken_at=TAKEN + 1)
    long_ago = bench.confirmed(result("cod", 80), taken_at=T0 - 1, analysed_at=NOW)

    assert [bench.lab.ruled(n, 1).exceeded for n in (before, after)] == [False, True]
    assert bench.lab.ruling(long_ago).unruled == 1


def thm(suite, **profile):
    limits = [limit(name, hi) for name, hi in MEMBERS.items()]
    return Bench(suite, {"": limits}, groups=GROUPS, **profile)


SHARES = st.tuples(st.sampled_from([MEASURED, BELOW]), st.integers(1, 130_000))


@settings(max_examples=60, deadline=None)
@given(
    items=st.lists(SHARES, min_size=4, max_size=4),
    share=st.sampled_from([0, 5_000, 10_000]),
    verified=st.booleans(),
    missing=st.integers(0, 4),
)
def test_a_sum_of_ratios_is_that_of_exact_fractions(deployed, items, share, verified, missing):
    with boa.env.anchor():
        set_below(deployed, share, verified)
        bench = thm(deployed)
        kept = [
            (name, hi, *item)
            for n, (name, hi, item) in enumerate(zip(THM, THM_NG_L, items, strict=True))
            if n != missing
        ]
        results = [
            result(name, amount) if state == MEASURED else result(name, 0, BELOW, detection=amount)
            for name, _, state, amount in kept
        ]

        found = bench.lab.sum_of(bench.confirmed(*results), 1)

        def summed(below):
            parts = [
                Fraction(amount) * (1 if state == MEASURED else Fraction(below, 10_000))
                for _, _, state, amount in kept
            ]
            return sum_of(parts, [hi for _, hi, _, _ in kept])

        total, least, most = summed(share), summed(0), summed(10_000)
        hangs = not verified and (least > 1) != (most > 1)
        assert tuple(found) == (
            *(word("thm_sum"), ratio_pm(total, 1), len(kept), missing == 4),
            *(total > 1, hangs),
        )


def test_a_sum_is_exceeded_while_each_member_keeps_its_limit_and_is_told(suite):
    bench = thm(suite)
    number = bench.confirmed(
        *(result(name, hi // 2) for name, hi in zip(THM, THM_NG_L, strict=True))
    )

    [(name, told)] = events(bench.lab, "SumExceeded")
    ruling = bench.lab.ruling(number)
    assert (name, told["sum"]) == ("SumExceeded", bench.lab.sum_of(number, 1))
    assert (told["parameter"], told["taken_at"]) == (word("thm_sum"), TAKEN)
    assert (ruling.exceedances, ruling.worst_parameter) == (1, word("thm_sum"))
    assert ruling.ratio_pm == 2_000


def test_a_sum_of_exactly_one_is_kept(suite):
    bench = thm(suite)
    values = (60_000 // 3, 100_000 // 4, 60_000 // 6, 100_000 // 4)

    found = bench.lab.sum_of(bench.confirmed(*map(result, THM, values)), 1)

    assert (found.ratio_pm, found.exceeded, found.complete) == (1_000, False, True)


def pair(suite, a=None, b=None, verified=True):
    """A sum of two parameters, each with an upper limit of 1 unless told otherwise."""
    set_below(suite, BELOW_SHARE, verified)
    limits = [limit(name, **(about or {"hi": 1})) for name, about in (("a", a), ("b", b))]
    return Bench(suite, {"": limits}, groups=[(word("sum"), [word("a"), word("b")])])


def test_a_sum_above_one_by_the_least_there_is_is_exceeded(suite):
    bench = pair(suite)

    found = bench.lab.sum_of(bench.confirmed(result("a", 1), result("b", 1)), 1)

    assert (found.found, found.exceeded, found.complete) == (2, True, True)


@pytest.mark.parametrize("about", [{"lo": 1}, {"hi": 0}, {"hi": -1}])
def test_a_member_without_an_upper_limit_above_zero_is_missing_in_the_sum(suite, about):
    bench = pair(suite, b=about)

    found = bench.lab.sum_of(bench.confirmed(result("a", 1), result("b", 1)), 1)

    assert (found.found, found.ratio_pm, found.complete) == (1, 1_000, False)


def test_one_member_counts_as_a_sum_of_its_own(suite):
    bench = pair(suite)

    ruling = bench.lab.ruling(bench.confirmed(result("a", 2)))

    assert ruling.exceedances == 2  # the result and the sum


@pytest.mark.parametrize(
    ("a", "advisory"),
    [
        (1, True),  # kept if b is nothing, exceeded if b is all of its detection limit
        (2, False),  # exceeded either way
        (0, False),  # kept either way
    ],
)
def test_a_sum_hangs_on_an_unverified_share_where_that_decides(suite, a, advisory):
    bench = pair(suite, verified=False)

    number = bench.confirmed(result("a", a), result("b", 0, BELOW, detection=1))

    assert bench.lab.sum_of(number, 1).advisory == advisory


def test_a_sum_that_says_nothing_is_not_the_worst(suite):
    bench = pair(suite)

    ruling = bench.lab.ruling(bench.confirmed(result("odd", 1)))

    assert ruling.worst_parameter == word("odd")


def test_a_sum_with_no_member_reported_says_nothing(suite):
    bench = thm(suite)
    bench.load(
        "", [*(limit(n, hi) for n, hi in zip(THM, THM_NG_L, strict=True)), limit("ss", 5)], TAKEN
    )

    number = bench.confirmed(result("ss", 5))

    assert tuple(bench.lab.sum_of(number, 1)) == (word("thm_sum"), 0, 0, False, False, False)
    assert bench.lab.ruling(number).worst_parameter == word("ss")


def test_a_sum_over_an_unverified_limit_is_advisory(suite):
    limits = [limit(name, 10, verified=name != "chbr3") for name in THM]
    bench = Bench(suite, {"": limits}, groups=GROUPS)

    found = [
        bench.lab.sum_of(bench.confirmed(*(result(name, 1) for name in names)), 1).advisory
        for names in (THM, THM[:3])
    ]

    assert found == [True, False]


ITEMS = {"cod": (15, 15, 20, 30, 40), "nh3_n": (150, 500, 1_000, 1_500, 2_000)}
OXYGEN = (7_500, 6_000, 5_000, 3_000, 2_000)


def surface(suite, **profile):
    sets = {
        title: [
            *(limit(name, limits[n]) for name, limits in ITEMS.items()),
            limit("do", lo=OXYGEN[n]),
        ]
        for n, title in enumerate(CLASSES)
    }
    ordered = {"III": sets["III"], **sets}
    return Bench(suite, ordered, classes=CLASSES, **profile)


def class_of(name, value):
    """The first class that a value keeps, 6 for worse than V."""
    keeps = [value >= lo for lo in OXYGEN] if name == "do" else [value <= m for m in ITEMS[name]]
    return keeps.index(True) + 1 if True in keeps else 6


@settings(max_examples=40, deadline=None)
@given(cod=st.integers(0, 50), ammonia=st.integers(0, 2_500), oxygen=st.integers(1, 9_000))
def test_the_class_is_that_of_the_worst_parameter_gb_3838(deployed, cod, ammonia, oxygen):
    with boa.env.anchor():
        bench = surface(deployed)
        values = {"cod": cod, "nh3_n": ammonia, "do": oxygen}

        number = bench.confirmed(*(result(name, value) for name, value in values.items()))

        classes = {name: class_of(name, value) for name, value in values.items()}
        ruled = [bench.lab.ruled(number, place) for place in (1, 2, 3)]
        assert [one.class_no for one in ruled] == list(classes.values())
        ratios = {
            "cod": ratio_pm(cod, 20),
            "nh3_n": ratio_pm(ammonia, 1_000),
            "do": ratio_pm(5_000, oxygen),
        }
        worst = max(classes.values())
        item = max((n for n in values if classes[n] == worst), key=lambda n: ratios[n])
        found = bench.lab.ruling(number)
        assert (found.class_no, found.worst_parameter) == (worst, word(item))
        assert found.ratio_pm == ratios[item]
        assert found.exceedances == sum(n > 3 for n in classes.values())


def test_a_parameter_left_out_of_the_class_is_still_held_against_its_limit(suite):
    bench = surface(suite, unclassed=[word("cod")])

    number = bench.confirmed(result("cod", 99), result("do", 7_500))

    assert (bench.lab.ruled(number, 1).class_no, bench.lab.ruled(number, 1).exceeded) == (0, True)
    assert tuple(bench.lab.ruling(number))[:2] == (1, word("do"))


def test_a_parameter_that_no_class_limits_has_none(suite):
    bench = surface(suite)

    number = bench.confirmed(result("odd", 1))

    assert bench.lab.ruled(number, 1).class_no == 0


def test_an_excess_without_a_ratio_weighs_as_one_just_above_the_limit(suite):
    bench = Bench(suite, {"": [limit("e_coli", 0), limit("cod", 1_000), limit("ss", 1_000)]})

    kept = bench.confirmed(result("cod", 1_000), result("e_coli", 1))
    broken = bench.confirmed(result("cod", 1_002), result("e_coli", 1))
    doubtful = bench.confirmed(result("ss", 3), result("odd", 1), result("cod", 2))

    worst = [bench.lab.ruling(n).worst_parameter for n in (kept, broken, doubtful)]
    assert worst == [word("e_coli"), word("cod"), word("ss")]
    assert [bench.lab.ruling(n).ratio_pm for n in (kept, broken, doubtful)] == [1_001, 1_002, 3]
    assert [bench.lab.ruling(n).exceedances for n in (kept, broken)] == [1, 2]


def test_the_advisory_ones_of_a_report_are_counted(suite):
    bench = Bench(suite, {"": [limit("a", 1, verified=False), limit("b", 1)]})

    number = bench.confirmed(result("a", 2), result("b", 2))

    assert (bench.lab.ruling(number).advisory, bench.lab.ruling(number).exceedances) == (1, 2)
