"""What carry-over and borrowing can never do, whatever the plans and the use."""

from hypothesis import given
from hypothesis import strategies as st

from tests.contracts import plan_model

YEARS = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=12)
SHARES = st.integers(0, 1_000)


def walk(plans_l, nets_l, carry, borrow):
    """The periods of a year under the same shares throughout."""
    number = len(plans_l)
    return plan_model.walk(plans_l, nets_l, [carry] * number, [borrow] * number)


@given(year=YEARS, carry=SHARES, borrow=SHARES)
def test_no_year_gives_more_than_its_parts(year, carry, borrow):
    plans_l, nets_l = zip(*year, strict=True)

    parts = walk(plans_l, nets_l, carry, borrow)

    assert sum(part.net_l - part.over_l for part in parts) <= sum(plans_l)


@given(year=YEARS, carry=SHARES, borrow=SHARES)
def test_no_period_is_left_with_less_than_nothing(year, carry, borrow):
    parts = walk(*zip(*year, strict=True), carry, borrow)

    assert all(part.plan_l + part.carried_l >= part.lent_l for part in parts)
    assert all(part.left_l == 0 or part.over_l == 0 for part in parts)
    assert parts[0].carried_l == parts[0].lent_l == parts[-1].borrowed_l == 0


@given(year=YEARS)
def test_without_shares_each_period_stands_alone(year):
    for part, (plan_l, net_l) in zip(walk(*zip(*year, strict=True), 0, 0), year, strict=True):
        assert (part.given_l, part.over_l) == (plan_l, max(net_l - plan_l, 0))


@given(year=YEARS, borrow=SHARES)
def test_whole_carry_loses_nothing_of_a_year_within_its_plan(year, borrow):
    plans_l = [plan_l for plan_l, _ in year]
    nets_l = [min(plan_l, net_l) for plan_l, net_l in year]

    parts = walk(plans_l, nets_l, 1_000, borrow)

    assert parts[-1].left_l == sum(plans_l) - sum(nets_l)
