"""Faults on demand: the same seed gives the same acts, and what the oracle must hold is known."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import UsageError
from oracle.simulation.faults import (
    AHEAD_S,
    FAULTS,
    POSSIBLE,
    Act,
    Expected,
    Said,
    acts,
    altered,
    checked,
)

STEP_S = 60
SERIES = [Said(STEP_S * n, {"a": f"{n}.25", "b": "7"}) for n in range(1, 200)]

rates = st.dictionaries(st.sampled_from(list(FAULTS)), st.integers(0, 1_000 // len(FAULTS)))
protocols = st.sampled_from(list(POSSIBLE))


def acted(rates, protocol="hj212", seed=1, series=SERIES):
    return list(acts(series, rates, protocol, Random(seed)))


def received(done):
    """What the oracle's rules make of telegrams in the order in which they come."""
    last_at, known, expected = 0, {}, Expected()
    for act in done:
        at, values, count = act.said.at, act.said.values, len(act.said.values)
        if act.fault == "gap":
            continue
        for _ in range(2 if act.fault == "duplicate" else 1):
            if at > SERIES[-1].at:
                expected.held["future"] += count
            elif at > last_at:
                last_at, known[at] = at, values
                expected.accepted += count
            elif at not in known:
                expected.held["backward_time"] += count
            elif known[at] == values:
                expected.repeated += count
            else:
                expected.held["other_content"] += count
        expected.held["broken_telegram"] += act.fault in ("garbage", "cut")
    return expected


@given(rates, protocols, st.integers())
def test_what_is_expected_is_what_the_rules_of_the_oracle_make_of_the_acts(rates, protocol, seed):
    done = acted(rates, protocol, seed)

    expected = Expected()
    for act in done:
        expected.add(act, "hj212")

    assert expected == received(done)


@given(rates, protocols, st.integers())
def test_the_same_seed_gives_the_same_acts(rates, protocol, seed):
    assert acted(rates, protocol, seed) == acted(dict(reversed(rates.items())), protocol, seed)


def test_another_seed_gives_other_acts():
    assert acted({"gap": 300}, seed=1) != acted({"gap": 300}, seed=2)


@given(rates, protocols, st.integers())
def test_only_faults_that_a_protocol_can_have_befall_its_stations(rates, protocol, seed):
    found = {act.fault for act in acted(rates, protocol, seed)} - {""}

    assert found <= POSSIBLE[protocol] & {fault for fault, rate in rates.items() if rate}


@given(rates, st.integers())
def test_every_moment_is_said_once_but_for_contradictions(rates, seed):
    moments = Counter(
        act.said.at - (AHEAD_S if act.fault == "skew" else 0)
        for act in acted(rates, seed=seed)
        if act.fault != "other"
    )

    assert moments == Counter(said.at for said in SERIES)


@given(rates, st.integers())
def test_acts_are_due_in_order(rates, seed):
    due = [act.due_at for act in acted(rates, seed=seed) if act.fault]

    assert all(a <= b for a, b in pairwise(due))


def test_without_rates_everything_is_said_as_it_is():
    assert [(act.fault, act.said) for act in acted({})] == [("", said) for said in SERIES]


class SecondOnly(Random):
    """Chance that befalls the second reading, and no other."""

    drawn = 0

    def randrange(self, stop):
        self.drawn += 1
        return 0 if self.drawn == 2 else stop - 1


def test_a_stuck_sensor_says_the_same_for_eight_readings():
    told = list(acts(SERIES[:11], {"stuck": 1}, "hj212", SecondOnly()))

    assert [act.said.values["a"] for act in told] == ["1.25"] * 9 + ["10.25", "11.25"]
    assert [act.said.at for act in told] == [said.at for said in SERIES[:11]]


def test_what_is_held_back_at_the_end_is_in_time():
    told = acted({"late": 1_000}, series=SERIES[:3])

    assert [(act.fault, act.said) for act in told] == [("", said) for said in SERIES[:3]]


def test_a_line_of_a_file_that_is_none_is_a_malformed_row():
    expected = Expected()

    expected.add(Act(1, "garbage", SERIES[0], 0), "file")

    assert expected.held == {"malformed_row": 1}


@given(st.decimals(0, 10**6, places=2).map("{:f}".format) | st.integers(0, 99).map(str))
def test_an_altered_number_is_another_of_as_many_digits(text):
    changed = altered(text)

    assert changed != text
    assert len(changed) == len(text)
    assert float(changed) != float(text)


@pytest.mark.parametrize(
    ("rates", "protocols", "words"),
    [
        ({"storm": 1}, ["hj212"], "'storm' is no fault"),
        ({"gap": -1}, ["hj212"], "gap=-1 is not 0 to 1000"),
        ({"gap": 1_001}, ["hj212"], "gap=1001 is not 0 to 1000"),
        ({"gap": 600, "late": 401}, ["hj212"], "add up to 1001"),
        ({"cut": 1}, ["mqtt", "file"], "cut cannot happen over file or mqtt"),
    ],
)
def test_rates_that_cannot_be_are_refused(rates, protocols, words):
    with pytest.raises(UsageError, match=words):
        checked(rates, protocols)


def test_a_fault_that_one_of_several_protocols_can_have_is_taken():
    assert checked({"cut": 1_000}, ["mqtt", "sl651"]) == {"cut": 1_000}
