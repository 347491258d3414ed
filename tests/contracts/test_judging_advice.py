"""A ruling is advice while a bound of it rests on a limit that is unverified or not averaged."""

import pytest

from tests.contracts.intake_words import OFFSET
from tests.contracts.suite import COD, DRAINAGE, GAUGE, word

UNVERIFIED, NOT_AVERAGED, SURE = (True, False), (False, True), (True, True)


def judged(suite, own, standard, soundness):
    """The ruling of a gauge under a permit's condition and a limit; (lo, hi), None for none."""
    keeper = suite.standards_keeper
    bounds = [((lo or 0), (hi or 0), lo is not None, hi is not None) for lo, hi in (own, standard)]
    limit_id = suite.sealed("GRADE", [(COD, word("max"), word("ng/L"), *bounds[1], *soundness)])
    permit = suite.permit([(COD, 1, *bounds[0])], kind=DRAINAGE)
    channel = suite.channel(GAUGE, "DischargeLimits", COD, permit)
    suite.discharge_limits.judge(channel, limit_id, 1, 0, 0, 1, sender=keeper)
    return suite.discharge_limits.ruling(channel)


@pytest.mark.parametrize("soundness", [UNVERIFIED, NOT_AVERAGED])
def test_a_stricter_condition_on_one_side_does_not_harden_the_other(suite, soundness):
    low = judged(suite, (200, None), (None, 500), soundness)
    high = judged(suite, (None, 400), (100, 500), soundness)

    assert (low.mean_lo, low.mean_hi) == (OFFSET + 200, OFFSET + 500)
    assert (low.by_permit, low.advisory) == (True, True)
    assert (high.mean_lo, high.mean_hi) == (OFFSET + 100, OFFSET + 400)
    assert (high.by_permit, high.advisory) == (True, True)


@pytest.mark.parametrize("soundness", [UNVERIFIED, NOT_AVERAGED])
def test_a_permit_that_rules_every_side_is_no_advice(suite, soundness):
    stricter = judged(suite, (None, 400), (None, 500), soundness)
    both = judged(suite, (200, 400), (100, 500), soundness)

    assert [(r.by_permit, r.advisory) for r in (stricter, both)] == [(True, False)] * 2


@pytest.mark.parametrize("soundness", [UNVERIFIED, NOT_AVERAGED])
def test_a_condition_copied_from_an_unsure_limit_binds_as_the_permits_own(suite, soundness):
    ruling = judged(suite, (100, 500), (100, 500), soundness)

    assert (ruling.by_permit, ruling.advisory) == (True, False)


def test_a_sure_limit_is_cited_before_an_equal_condition(suite):
    ruling = judged(suite, (100, 500), (100, 500), SURE)

    assert (ruling.by_permit, ruling.advisory) == (False, False)
