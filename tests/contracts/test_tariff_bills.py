"""Bills: settled, disputed, reversed and issued again, paid late, lowered by credits."""

import json

import boa
import pytest
from eth_utils import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.answers import events, reason
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import DAY_S, DRAINAGE, HASH, METER, NOW, ROOT, T0, word
from tests.contracts.tariffs import UY_M3, loaded, of_city, resident, terms
from tests.vectors import reference

OPEN, REVERSED, PAID = 1, 2, 3
SOMEBODY = keccak(b"somebody")
VECTORS = json.loads((ROOT / "tests" / "vectors" / "wire.json").read_text(encoding="utf-8"))
YEAR_S = 40 * DAY_S  # of the tests' calendar
PERIOD = 9  # the last year that has ended when it is NOW
BEGINS, ENDS = T0 + PERIOD * YEAR_S, T0 + (PERIOD + 1) * YEAR_S


def read(suite, volume_l, kind=1, until_at=NOW, **changed):
    """A permit whose one meter used a volume in the period."""
    contract = "QuotaTracker" if kind == 1 else "DischargeVolumes"
    permit_id = suite.permit(kind=kind, **changed)
    channel = suite.channel(METER, contract, permit=permit_id, opened_at=BEGINS)
    book = suite.contracts[contract]
    group = meter_group(channel, 100, BEGINS, [(volume_l, until_at - BEGINS)])
    book.record_meters(suite.lane(book), 0, HASH, packed(group), b"", sender=suite.relay)
    return permit_id


def settled(suite, permit_id, tariff, period=PERIOD):
    return suite.tariff.settle(permit_id, tariff, period, sender=suite.biller)


def disputed(suite, permit_id, tariff):
    suite.tariff.dispute(permit_id, tariff, PERIOD, HASH, sender=suite.holder)


@pytest.mark.parametrize("kind", [1, DRAINAGE])
def test_a_bill_is_what_was_measured_under_the_tariff(suite, kind):
    permit_id = read(suite, 1_600_000, kind)
    tariff = loaded(suite, of_city("Zhengzhou"))

    bill = settled(suite, permit_id, tariff)

    total_uy = 10_800 * UY_M3  # 2.7 times the plan of 1,000 m3 at 4 yuan
    about = {"bill_id": bill, "permit_id": permit_id, "tariff_id": tariff, "period": PERIOD}
    figures = {"volume_l": 1_600_000, "plan_l": 1_000_000, "total_uy": total_uy, "held_uy": 0}
    assert events(suite.tariff) == [("BillSettled", about | figures | {"reissues": 0})]
    kept = suite.tariff.bill(bill)
    assert (kept.state, kept.settled_at, kept.lines.total_uy) == (OPEN, NOW, total_uy)
    assert suite.tariff.bill_from(permit_id, word("water price"), BEGINS) == bill
    assert suite.tariff.owed_uy(bill, NOW) == total_uy


def test_a_bill_holds_the_plan_that_stood_at_the_period_s_end(suite):
    permit_id, tariff = read(suite, 1_600_000), loaded(suite, of_city("Zhengzhou"))
    suite.permit_registry.restrict(
        permit_id, 1, "drought", NOW, 0, NOW + 100, sender=suite.supervisor
    )

    assert suite.tariff.bill(settled(suite, permit_id, tariff)).plan_l == 1_000_000


def test_a_year_is_held_against_the_plan_handed_down_where_no_registers_are_kept(suite):
    permit_id, tariff = read(suite, 900_000), loaded(suite, of_city("Zhengzhou"))
    rule = (word("industry"), 0, [1], 0, 0, T0, HASH)
    suite.quota_plans.load_rule(rule, sender=suite.standards_keeper)
    plan = (0, word("industry"), 600_000, [], [], HASH)
    suite.quota_plans.set_plan(1, permit_id, PERIOD, plan, sender=suite.issuer)

    bill = suite.tariff.bill(settled(suite, permit_id, tariff))

    assert (bill.volume_l, bill.plan_l) == (900_000, 600_000)
    # a fifth of the plan at one more price, the rest at two
    assert bill.lines.over_plan_uy == (120 * 1 + 180 * 2) * 4 * UY_M3


def test_a_period_is_billed_when_it_has_ended_and_is_read_to_its_end(suite):
    tariff = loaded(suite, terms())
    unread, unmetered = read(suite, 5, until_at=NOW - 1), suite.permit()
    settle, by = suite.tariff.settle, suite.biller

    assert reason(settle, unread, tariff, PERIOD + 1, sender=by) == "tariff: period has not ended"
    assert reason(settle, unread, tariff, PERIOD, sender=by) == (
        "tariff: a meter is not read to the period's end"
    )
    assert reason(settle, unmetered, tariff, PERIOD, sender=by) == "tariff: permit has no meter"


@pytest.mark.parametrize("kind", [1, DRAINAGE])
def test_a_period_with_held_readings_is_billed_when_they_are_released(suite, kind):
    permit_id = read(suite, 600_000, kind, until_at=BEGINS + DAY_S)
    book = suite.contracts["QuotaTracker" if kind == 1 else "DischargeVolumes"]
    registry, (old,) = suite.device_registry, book.meters_of(permit_id)
    asked = old, "NEW-1", 600_100, 0, BEGINS + DAY_S, HASH, HASH
    number = registry.replace_urgently(*asked, sender=suite.holder)
    new = registry.replacement(number).channel
    group = meter_group(new, 0, BEGINS + DAY_S, [(1_000_000, NOW - BEGINS - DAY_S)])
    book.record_meters(suite.lane(book), 0, HASH, packed(group), b"", sender=suite.relay)
    tariff = loaded(suite, of_city("Zhengzhou"))

    held = reason(suite.tariff.settle, permit_id, tariff, PERIOD, sender=suite.biller)
    registry.release(number, sender=suite.supervisor)

    assert held == "tariff: a meter is not read to the period's end"
    assert suite.tariff.bill(settled(suite, permit_id, tariff)).volume_l == 1_600_000


def test_a_refused_replacement_leaves_a_period_to_deemed_use(suite):
    permit_id = read(suite, 600_000, until_at=BEGINS + DAY_S)
    book, registry = suite.quota_tracker, suite.device_registry
    (old,) = book.meters_of(permit_id)
    asked = old, "NEW-1", 600_100, 0, BEGINS + DAY_S, HASH, HASH
    number = registry.replace_urgently(*asked, sender=suite.holder)
    registry.refuse(number, HASH, sender=suite.supervisor)
    tariff = loaded(suite, of_city("Zhengzhou"))

    unread = reason(suite.tariff.settle, permit_id, tariff, PERIOD, sender=suite.biller)
    registry.approve_deemed(old, 600_100, 900_000, ENDS, HASH, sender=suite.supervisor)
    group = meter_group(old, 600_100, BEGINS + DAY_S, [(900_000, ENDS - BEGINS - DAY_S)], kind=4)
    book.record_meters(suite.lane(book), 0, HASH, packed(group), b"", sender=suite.relay)

    assert unread == "tariff: a meter is not read to the period's end"
    assert suite.tariff.bill(settled(suite, permit_id, tariff)).volume_l == 1_500_000


def test_a_period_is_billed_under_a_tariff_of_its_kind_that_was_in_force(suite):
    settle, by, permit_id = suite.tariff.settle, suite.biller, read(suite, 5)

    def answer(given):
        return reason(settle, permit_id, loaded(suite, given), PERIOD, sender=by)

    assert answer(resident()) == "tariff: a permit is billed as a non-resident"
    late = terms(in_force_at=BEGINS + 1)
    assert answer(late) == "tariff: not in force when the period began"


def test_a_period_is_billed_by_the_version_that_was_in_force_when_it_began(suite):
    permit_id, old = read(suite, 5_000), loaded(suite, terms(in_force_at=BEGINS - 1))
    new = loaded(suite, terms(in_force_at=BEGINS, prices_uy_m3=[5 * UY_M3]))
    next_year = loaded(suite, terms(in_force_at=BEGINS + 1, prices_uy_m3=[6 * UY_M3]))

    for tariff in (old, next_year):
        answer = reason(suite.tariff.settle, permit_id, tariff, PERIOD, sender=suite.biller)
        assert answer == "tariff: not in force when the period began"

    assert suite.tariff.bill(settled(suite, permit_id, new)).lines.total_uy == 25 * UY_M3


def test_versions_of_a_tariff_come_into_force_in_their_order(suite):
    loaded(suite, terms(in_force_at=BEGINS))

    answer = reason(
        suite.tariff.load_tariff, terms(in_force_at=BEGINS - 1), sender=suite.standards_keeper
    )

    assert answer == "tariff: in force before the version it follows"


def test_a_period_is_billed_once_and_again_after_a_reversal(suite):
    permit_id, tariff = read(suite, 5_000), loaded(suite, terms())
    bill = settled(suite, permit_id, tariff)
    twice = reason(suite.tariff.settle, permit_id, tariff, PERIOD, sender=suite.biller)
    assert twice == "tariff: period is billed"

    suite.tariff.reverse(bill, "meter of the neighbour", sender=suite.biller)

    about = {"bill_id": bill, "permit_id": permit_id, "by": suite.biller, "credit_uy": 0}
    assert events(suite.tariff) == [("BillReversed", about | {"reason": "meter of the neighbour"})]
    again = settled(suite, permit_id, tariff)
    assert (suite.tariff.bill(bill).state, suite.tariff.bill(again).reissues) == (REVERSED, bill)
    assert suite.tariff.owed_uy(bill, NOW) == 0


def test_what_was_paid_on_a_reversed_bill_is_credit_for_the_next(suite):
    permit_id, tariff = read(suite, 5_000), loaded(suite, terms())
    bill = settled(suite, permit_id, tariff)
    suite.tariff.mark_paid(bill, NOW, sender=suite.biller)

    suite.tariff.reverse(bill, "meter of the neighbour", sender=suite.biller)

    [(name, about)] = events(suite.tariff)
    assert (name, about["credit_uy"]) == ("BillReversed", 20 * UY_M3)
    kept = suite.tariff.bill(bill)
    assert (kept.state, kept.paid_at, suite.tariff.owed_uy(bill, NOW)) == (REVERSED, NOW, 0)
    again = settled(suite, permit_id, tariff)
    lines = suite.tariff.bill(again).lines
    assert (lines.credit_uy, lines.total_uy) == (20 * UY_M3, 0)
    assert suite.tariff.credit_uy(permit_id) == 0


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(days_late=st.integers(0, 60), saved_l=st.integers(1, 9_000), volume_l=st.integers(0, 7_000))
def test_a_reversal_preserves_the_sum_of_what_was_paid_and_granted(
    suite, days_late, saved_l, volume_l
):
    """Money and credits that came in are on bills that stand, or are credit still."""
    with boa.env.anchor():
        tariff, permit_id = suite.tariff, read(suite, volume_l)
        first = loaded(suite, terms(credit_uy_m3=UY_M3, late_bps_day=20))
        tariff.grant_credit(permit_id, first, saved_l, HASH, sender=suite.supervisor)
        bill = settled(suite, permit_id, first)
        boa.env.evm.patch.timestamp = paid_at = NOW + days_late * DAY_S
        paid_uy = tariff.owed_uy(bill, paid_at)
        tariff.mark_paid(bill, paid_at, sender=suite.biller)

        tariff.reverse(bill, "misread", sender=suite.biller)
        dearer = loaded(suite, terms(credit_uy_m3=UY_M3, prices_uy_m3=[5 * UY_M3]))
        again = settled(suite, permit_id, dearer)

        came_in_uy = paid_uy + saved_l * UY_M3 // 1_000
        lines = tariff.bill(again).lines
        assert lines.credit_uy + tariff.credit_uy(permit_id) == came_in_uy
        assert lines.credit_uy + lines.total_uy == 5 * UY_M3 * volume_l // 1_000


def test_a_reversal_needs_a_bill_that_stands_and_a_reason(suite):
    bill = settled(suite, read(suite, 5), loaded(suite, terms()))
    reverse, by = suite.tariff.reverse, suite.biller

    assert reason(reverse, bill, "", sender=by) == "tariff: reversal needs a reason"
    reverse(bill, "wrong", sender=by)
    for number in (bill, 99):
        assert reason(reverse, number, "x", sender=by) == "tariff: to reverse, must be OPEN or PAID"


@pytest.mark.parametrize("disputed_first", [True, False])
def test_disputed_readings_hold_the_surcharge_over_the_plan(suite, disputed_first):
    permit_id, tariff = read(suite, 1_600_000), loaded(suite, of_city("Zhengzhou"))
    if disputed_first:
        disputed(suite, permit_id, tariff)
        about = {"permit_id": permit_id, "period": PERIOD, "by": suite.holder}
        assert events(suite.tariff) == [("ReadingDisputed", about | {"evidence_hash": HASH})]
    bill = settled(suite, permit_id, tariff)
    if not disputed_first:
        disputed(suite, permit_id, tariff)

    assert suite.tariff.bill(bill).held_uy == 4_400 * UY_M3
    assert suite.tariff.owed_uy(bill, NOW) == 6_400 * UY_M3
    answer = reason(suite.tariff.mark_paid, bill, NOW, sender=suite.biller)
    assert answer == "tariff: a part is held by a dispute"


@pytest.mark.parametrize(("upheld", "owed"), [(False, 10_800), (True, 6_400)])
def test_a_dismissed_dispute_releases_what_was_held_and_an_upheld_one_does_not(suite, upheld, owed):
    permit_id, tariff = read(suite, 1_600_000), loaded(suite, of_city("Zhengzhou"))
    bill = settled(suite, permit_id, tariff)
    disputed(suite, permit_id, tariff)

    suite.tariff.resolve(permit_id, tariff, PERIOD, upheld, sender=suite.supervisor)

    about = {"permit_id": permit_id, "period": PERIOD, "by": suite.supervisor, "upheld": upheld}
    released = {"released_uy": 0 if upheld else 4_400 * UY_M3}
    assert events(suite.tariff) == [("DisputeResolved", about | released)]
    assert suite.tariff.owed_uy(bill, NOW) == owed * UY_M3


def test_a_dispute_holds_and_releases_the_bill_of_its_own_charge_alone(suite):
    permit_id = read(suite, 1_600_000)
    water, resource = (
        loaded(suite, of_city("Zhengzhou", name=name, charge=word(name)))
        for name in ("water price", "resource fee")
    )
    disputed(suite, permit_id, water)
    bills = [settled(suite, permit_id, one) for one in (water, resource)]
    assert [suite.tariff.bill(one).held_uy > 0 for one in bills] == [True, False]
    disputed(suite, permit_id, resource)

    suite.tariff.resolve(permit_id, water, PERIOD, False, sender=suite.supervisor)
    assert [suite.tariff.bill(one).held_uy > 0 for one in bills] == [False, True]
    suite.tariff.resolve(permit_id, resource, PERIOD, False, sender=suite.supervisor)

    assert [suite.tariff.bill(one).held_uy for one in bills] == [0, 0]


def test_a_dispute_is_the_holder_s_has_grounds_and_stands_once(suite):
    permit_id, tariff = read(suite, 5), loaded(suite, terms())
    dispute, resolve = suite.tariff.dispute, suite.tariff.resolve
    none = reason(resolve, permit_id, tariff, PERIOD, True, sender=suite.supervisor)
    silent = reason(dispute, permit_id, tariff, PERIOD, b"\0" * 32, sender=suite.holder)
    disputed(suite, permit_id, tariff)

    assert none == "tariff: nothing is disputed"
    assert silent == "tariff: dispute needs its grounds"
    twice = reason(dispute, permit_id, tariff, PERIOD, HASH, sender=suite.holder)
    assert twice == "tariff: period is disputed"
    beyond = reason(dispute, permit_id, tariff, 10_000, HASH, sender=suite.holder)
    assert beyond == "tariff: period is not in the calendar"


def test_a_late_payment_costs_simple_interest_for_each_whole_day(suite):
    given = terms(late_bps_day=20, due_days=10)
    bill = settled(suite, read(suite, 1_000_000), loaded(suite, given))
    due_at = NOW + 10 * DAY_S
    boa.env.evm.patch.timestamp = due_at + 100 * DAY_S

    owed = [suite.tariff.owed_uy(bill, due_at + at) for at in (0, DAY_S - 1, DAY_S, 30 * DAY_S)]

    assert owed == [4_000 * UY_M3, 4_000 * UY_M3, 4_008 * UY_M3, 4_240 * UY_M3]
    suite.tariff.mark_paid(bill, due_at + 30 * DAY_S, sender=suite.biller)
    told = events(suite.tariff)
    about = {"bill_id": bill, "permit_id": suite.tariff.bill(bill).permit_id, "by": suite.biller}
    paid = {"paid_at": due_at + 30 * DAY_S, "late_uy": 240 * UY_M3}
    assert told == [("BillPaid", about | paid)]
    assert suite.tariff.bill(bill).state == PAID
    assert suite.tariff.owed_uy(bill, NOW) == 0


def test_a_payment_is_of_an_open_bill_between_its_settlement_and_now(suite):
    permit_id, tariff = read(suite, 5), loaded(suite, terms())
    bill, pay, by = settled(suite, permit_id, tariff), suite.tariff.mark_paid, suite.biller

    assert reason(pay, bill, NOW + 1, sender=by) == "tariff: payment lies in the future"
    assert reason(pay, bill, NOW - 1, sender=by) == "tariff: payment before the bill"
    pay(bill, NOW, sender=by)
    assert reason(pay, bill, NOW, sender=by) == "tariff: to be paid, must be OPEN"
    late = reason(suite.tariff.dispute, permit_id, tariff, PERIOD, HASH, sender=suite.holder)
    assert late == "tariff: bill is paid"


def test_verified_savings_lower_the_next_bill_never_below_zero_and_the_rest_waits(suite):
    permit_id = read(suite, 1_000)
    tariff = loaded(suite, terms(credit_uy_m3=UY_M3))

    suite.tariff.grant_credit(permit_id, tariff, 7_000, HASH, sender=suite.supervisor)

    about = {"permit_id": permit_id, "by": suite.supervisor, "evidence_hash": HASH}
    amounts = {"saved_l": 7_000, "amount_uy": 7 * UY_M3, "credit_uy": 7 * UY_M3}
    assert events(suite.tariff) == [("CreditGranted", about | amounts)]
    bill = settled(suite, permit_id, tariff)
    lines = suite.tariff.bill(bill).lines
    assert (lines.water_uy, lines.credit_uy, lines.total_uy) == (4 * UY_M3, 4 * UY_M3, 0)
    assert suite.tariff.credit_uy(permit_id) == 3 * UY_M3
    suite.tariff.reverse(bill, "wrong", sender=suite.biller)
    assert suite.tariff.credit_uy(permit_id) == 7 * UY_M3


def test_a_credit_needs_evidence_a_permit_and_something_saved(suite):
    grant, by = suite.tariff.grant_credit, suite.supervisor
    permit_id, tariff = suite.permit(), loaded(suite, terms(credit_uy_m3=UY_M3))

    no_evidence = reason(grant, permit_id, tariff, 5, b"\0" * 32, sender=by)
    assert no_evidence == "tariff: credit needs evidence"
    assert reason(grant, 99, tariff, 5, HASH, sender=by) == "tariff: no such permit"
    assert reason(grant, permit_id, tariff, 0, HASH, sender=by) == "tariff: nothing to credit"


def as_given(value):
    """A number, or bytes written in hexadecimal."""
    return bytes.fromhex(value[2:]) if isinstance(value, str) else value


class Home:
    """A household: its leaves lie in batches of the community's meter."""

    def __init__(self, suite):
        self.suite = suite
        self.channel = suite.channel(METER, "QuotaTracker", opened_at=BEGINS)
        self.lane, self.register_l, self.at = suite.lane(suite.quota_tracker), 100, BEGINS

    def leaf(self, days, register_l, household=SOMEBODY, channel=None):
        """A leaf and its proof, so many days after the period began; its salt is the day's own."""
        salt = keccak(f"salt {days}".encode())
        where, ends_at = channel or self.channel, BEGINS + days * DAY_S
        fields = (where, household, salt, ends_at, register_l, 5, 3, HASH)
        return self.proved(fields, reference.household_leaf(*fields))

    def proved(self, fields, leaf):
        """A batch with the community's reading and that leaf, and the proof of the fields."""
        sibling = b"\x09" * 32
        root = keccak(b"".join(sorted((leaf, sibling))))
        words = packed(meter_group(self.channel, self.register_l, self.at, [(50, 60)]))
        book = self.suite.quota_tracker
        batch_id = book.lane(self.lane).next_id
        book.record_meters(self.lane, batch_id, root, words, b"", sender=self.suite.relay)
        self.register_l, self.at = self.register_l + 50, self.at + 60
        where = (word("QuotaTracker"), self.lane, batch_id, root, keccak(words))
        return (*where, *fields, [sibling])


def test_a_household_proves_its_own_bill_from_its_own_leaves(suite):
    home, tariff = Home(suite), loaded(suite, resident())
    first, last = home.leaf(0, 70_000), home.leaf(1 + 9, 90_000)

    lines = suite.tariff.household_quote(tariff, first, last)

    assert lines.total_uy == 45 * UY_M3  # 15 m3 at 2 yuan, 5 m3 at 3
    assert lines == suite.tariff.quote(tariff, 20_000, 0, NOW)


def test_a_household_bill_needs_two_leaves_of_its_own_on_the_chain_in_one_period(suite):
    home, tariff = Home(suite), loaded(suite, resident())
    first, last = home.leaf(1, 70_000), home.leaf(1 + 5, 90_000)
    other = home.leaf(1 + 5, 90_000, household=word("neighbour"))
    elsewhere = home.leaf(1 + 5, 90_000, channel=99)
    back = home.leaf(1 + 5, 69_999)
    later = home.leaf(1 + 10, 90_000)
    invented = (*last[:9], 80_000, *last[10:])
    quote = suite.tariff.household_quote

    def answer(tariff_id, one, two):
        return reason(quote, tariff_id, one, two, sender=suite.holder)

    yearly = loaded(suite, terms())
    assert answer(yearly, first, last) == "tariff: a household is billed as a resident"
    assert answer(tariff, first, other) == "tariff: leaves of two households"
    assert answer(tariff, first, elsewhere) == "tariff: leaves of two communities"
    assert answer(tariff, last, first) == "tariff: leaves are not in order"
    assert answer(tariff, first, back) == "tariff: register went back"
    assert answer(tariff, first, invented) == "tariff: last leaf is not on the chain"
    assert answer(tariff, (*first[:9], 0, *first[10:]), last) == (
        "tariff: first leaf is not on the chain"
    )
    assert answer(tariff, (*first[:7], HASH, *first[8:]), last) == (
        "tariff: first leaf is not on the chain"
    )
    assert answer(tariff, first, later) == "tariff: leaves span more than one period"


@pytest.mark.parametrize("vector", VECTORS["households"], ids=lambda one: one["channel"])
def test_the_leaf_of_a_household_is_that_of_the_vectors(suite, vector):
    home, tariff = Home(suite), loaded(suite, resident())
    names = ("household", "salt", "ends_at", "register_l", "volume_l", "grade", "telegram")
    fields = (vector["channel"], *(as_given(vector[name]) for name in names))
    first = home.proved(fields, as_given(vector["leaf"]))
    unproved = (*first[:8], first[8] + 1, *first[9:])

    answer = reason(suite.tariff.household_quote, tariff, first, unproved, sender=suite.holder)

    assert answer == "tariff: last leaf is not on the chain"


def test_the_leaf_of_a_reading_does_not_pass_for_a_household_s(suite):
    home, tariff = Home(suite), loaded(suite, resident())
    last, salt = home.leaf(5, 90_000), keccak(b"salt")
    fields = (home.channel, SOMEBODY, salt, BEGINS, 70_000, 5, 3, HASH)
    at = int.from_bytes(keccak(SOMEBODY + salt), "big")
    first = home.proved(fields, reference.leaf(home.channel, at, BEGINS, 70_000, 5, 3, HASH))

    answer = reason(suite.tariff.household_quote, tariff, first, last, sender=suite.holder)

    assert answer == "tariff: first leaf is not on the chain"


@pytest.mark.parametrize("beyond", [0, 2])
def test_what_names_a_tariff_that_was_not_loaded_is_refused(suite, beyond):
    permit_id, tariff = suite.permit(), suite.tariff
    loaded(suite, terms())
    home = Home(suite)
    leaf, charge = home.leaf(1, 70_000), (word("drought"), 1, 0, NOW, NOW + YEAR_S)

    answers = {
        reason(tariff.add_surcharge, beyond, charge, sender=suite.standards_keeper),
        reason(tariff.settle, permit_id, beyond, PERIOD, sender=suite.biller),
        reason(tariff.dispute, permit_id, beyond, PERIOD, HASH, sender=suite.holder),
        reason(tariff.resolve, permit_id, beyond, PERIOD, True, sender=suite.supervisor),
        reason(tariff.grant_credit, permit_id, beyond, 5, HASH, sender=suite.supervisor),
        reason(tariff.quote, beyond, 5, 0, NOW, sender=suite.holder),
        reason(tariff.household_quote, beyond, leaf, leaf, sender=suite.holder),
    }

    assert answers == {"tariff: unknown tariff"}


def test_a_tariff_bills_the_period_that_begins_when_it_comes_into_force(suite):
    permit_id, tariff = read(suite, 1_000), loaded(suite, terms(in_force_at=BEGINS))

    bill = settled(suite, permit_id, tariff)

    assert suite.tariff.bill(bill).lines.total_uy == 4 * UY_M3


def test_a_period_beyond_the_calendar_has_not_ended(suite):
    permit_id, tariff = read(suite, 5), loaded(suite, terms())

    answer = reason(suite.tariff.settle, permit_id, tariff, 10_000, sender=suite.biller)

    assert answer == "tariff: period has not ended"


def test_the_smallest_saving_that_comes_to_something_is_credited(suite):
    permit_id, tariff = suite.permit(), loaded(suite, terms(credit_uy_m3=1_000))

    suite.tariff.grant_credit(permit_id, tariff, 1, HASH, sender=suite.supervisor)

    assert suite.tariff.credit_uy(permit_id) == 1


def test_a_dismissed_dispute_of_a_reversed_bill_releases_nothing(suite):
    permit_id, tariff = read(suite, 1_600_000), loaded(suite, of_city("Zhengzhou"))
    bill = settled(suite, permit_id, tariff)
    disputed(suite, permit_id, tariff)
    suite.tariff.reverse(bill, "x", sender=suite.biller)

    suite.tariff.resolve(permit_id, tariff, PERIOD, False, sender=suite.supervisor)

    assert events(suite.tariff)[0][1]["released_uy"] == 0
    assert suite.tariff.bill(bill).held_uy == 4_400 * UY_M3


def test_a_household_that_used_nothing_from_one_day_to_the_next_owes_nothing(suite):
    home, tariff = Home(suite), loaded(suite, resident())
    first, last = home.leaf(1, 70_000), home.leaf(1 + 1, 70_000)

    assert suite.tariff.household_quote(tariff, first, last).total_uy == 0
    same_day = reason(suite.tariff.household_quote, tariff, first, first, sender=suite.holder)
    assert same_day == "tariff: leaves are not in order"


def test_a_permit_there_is_not_is_not_disputed_by_somebody_without_organisation(suite):
    tariff, stranger = loaded(suite, terms()), boa.env.generate_address()

    answer = reason(suite.tariff.dispute, 99, tariff, PERIOD, HASH, sender=stranger)

    assert answer == "tariff: caller does not hold the permit"
