"""Incidents: every department notified, each acknowledges, escalation, steps, orders, the end."""

import boa
import pytest

from tests.contracts.answers import events, reason
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import DAY_S, DRAINAGE, HASH, METER, NOW, word

KIND = word("turbidity at the works")
STEPS = [word("close the inlet"), word("flush")]
ACKNOWLEDGE_S = 1_800
CLOSED = 2
WARN, REDUCE, STOP, RESUME = range(1, 5)
EVIDENCE = b"\x07" * 32


@pytest.fixture
def departments(suite):
    """Two departments and the desk it escalates to, by post number."""
    found = {}
    for title in ("water bureau", "health bureau", "mayor's desk"):
        account = boa.env.generate_address(title)
        suite.by_both("open_post", 1, title, 0, account, 0, NOW + 30 * DAY_S)
        found[suite.authority.post_count()] = account
    return found


def planned(suite, departments, **changed):
    first, second, desk = departments
    plan = {
        "kind": KIND,
        "version": 0,
        "posts": [first, second],
        "escalates_to": [desk],
        "acknowledge_s": ACKNOWLEDGE_S,
        "steps": STEPS,
    }
    assert changed.keys() <= plan.keys()
    return tuple((plan | changed).values())


def opened(suite, departments, drill=False, **changed):
    suite.incidents.set_plan(planned(suite, departments, **changed), sender=suite.supervisor)
    return suite.incidents.open(KIND, 1, 3, drill, EVIDENCE, sender=suite.dispatcher)


def test_a_plan_names_posts_time_and_steps_and_its_versions_stay(suite, departments):
    first = suite.incidents.set_plan(planned(suite, departments), sender=suite.supervisor)

    second = suite.incidents.set_plan(
        planned(suite, departments, steps=[]), sender=suite.supervisor
    )

    [(name, about)] = events(suite.incidents)
    assert (name, about["plan_id"], about["version"], about["steps"]) == ("PlanSet", second, 2, [])
    assert suite.incidents.plan(first).steps == STEPS
    assert suite.incidents.plan_of_version(KIND, 2) == second


WRONG_PLANS = [
    ({"kind": b"\0" * 32}, "incidents: plan without a kind"),
    ({"posts": []}, "incidents: plan notifies nobody"),
    ({"posts": [99]}, "incidents: unknown post"),
    ({"posts": [0]}, "incidents: unknown post"),
    ({"escalates_to": [99]}, "incidents: unknown post to escalate to"),
    ({"acknowledge_s": 0}, "incidents: time to acknowledge out of range"),
    ({"acknowledge_s": 7 * DAY_S + 1}, "incidents: time to acknowledge out of range"),
]


@pytest.mark.parametrize(("changed", "why"), WRONG_PLANS)
def test_a_plan_that_could_not_work_is_refused(suite, departments, changed, why):
    plan = planned(suite, departments, **changed)

    assert reason(suite.incidents.set_plan, plan, sender=suite.supervisor) == why


@pytest.mark.parametrize("drill", [False, True])
def test_opening_notifies_every_department_at_once(suite, departments, drill):
    first, second, _ = departments

    incident = opened(suite, departments, drill)

    due = {"incident_id": incident, "due_at": NOW + ACKNOWLEDGE_S}
    about = {"plan_id": 1, "station_id": 1, "level": 3, "drill": drill, "by": suite.dispatcher}
    assert events(suite.incidents) == [
        ("IncidentOpened", due | about | {"evidence_hash": EVIDENCE}),
        ("PostNotified", due | {"post_id": first}),
        ("PostNotified", due | {"post_id": second}),
    ]
    assert suite.incidents.waits_for(incident) == [first, second]


def test_opening_needs_a_plan_a_station_a_level_and_evidence(suite, departments):
    open_, by = suite.incidents.open, suite.dispatcher
    no_plan = reason(open_, word("other"), 1, 1, False, EVIDENCE, sender=by)
    opened(suite, departments)

    assert no_plan == "incidents: no plan for this kind"
    for station in (0, 99):
        answer = reason(open_, KIND, station, 1, False, EVIDENCE, sender=by)
        assert answer == "incidents: unknown station"
    for level in (0, 5):
        answer = reason(open_, KIND, 1, level, False, EVIDENCE, sender=by)
        assert answer == "incidents: level out of range"
    silent = reason(open_, KIND, 1, 1, False, b"\0" * 32, sender=by)
    assert silent == "incidents: opening needs evidence"


def test_each_department_acknowledges_for_its_own_post_and_once(suite, departments):
    (first, bureau), (_, health), (_, desk) = departments.items()
    incident = opened(suite, departments)

    suite.incidents.acknowledge(incident, sender=bureau)

    about = {"incident_id": incident, "post_id": first, "by": bureau, "all_have": False}
    assert events(suite.incidents) == [("IncidentAcknowledged", about)]
    twice = reason(suite.incidents.acknowledge, incident, sender=bureau)
    assert twice == "incidents: post has acknowledged"
    other = reason(suite.incidents.acknowledge, incident, sender=desk)
    assert other == "incidents: caller holds no post that is notified"
    suite.incidents.acknowledge(incident, sender=health)
    assert events(suite.incidents)[0][1]["all_have"]
    assert suite.incidents.waits_for(incident) == []


def test_a_holder_whose_term_is_over_does_not_acknowledge(suite, departments):
    (_, bureau), *_ = departments.items()
    incident = opened(suite, departments)
    boa.env.evm.patch.timestamp = NOW + 30 * DAY_S

    answer = reason(suite.incidents.acknowledge, incident, sender=bureau)

    assert answer == "incidents: caller holds no post that is notified"


def test_silence_escalates_by_time_and_again(suite, departments):
    *_, desk = departments
    incident, stranger = opened(suite, departments), boa.env.generate_address()
    escalate = suite.incidents.escalate
    boa.env.evm.patch.timestamp = NOW + ACKNOWLEDGE_S
    early = reason(escalate, incident, sender=stranger)
    assert early == "incidents: time to acknowledge is not over"
    boa.env.evm.patch.timestamp += 1

    escalate(incident, sender=stranger)

    due_at = NOW + 2 * ACKNOWLEDGE_S + 1
    about = {"incident_id": incident, "due_at": due_at}
    assert events(suite.incidents) == [
        ("IncidentEscalated", about | {"by": stranger, "escalations": 1}),
        ("PostNotified", about | {"post_id": desk}),
    ]
    boa.env.evm.patch.timestamp = due_at + 1
    escalate(incident, sender=stranger)
    assert suite.incidents.incident(incident).escalations == 2


def test_what_all_have_acknowledged_does_not_escalate(suite, departments):
    (_, bureau), (_, health), _ = departments.items()
    incident = opened(suite, departments)
    for account in (bureau, health):
        suite.incidents.acknowledge(incident, sender=account)
    boa.env.evm.patch.timestamp = NOW + DAY_S

    answer = reason(suite.incidents.escalate, incident, sender=bureau)

    assert answer == "incidents: all have acknowledged"


def test_steps_are_taken_once_each_with_evidence(suite, departments):
    incident, by = opened(suite, departments), suite.dispatcher
    take = suite.incidents.take_step

    take(incident, 1, EVIDENCE, sender=by)

    about = {"incident_id": incident, "step": 1, "by": by, "name": STEPS[1]}
    assert events(suite.incidents) == [
        ("StepTaken", about | {"evidence_hash": EVIDENCE, "left": 1})
    ]
    assert reason(take, incident, 1, EVIDENCE, sender=by) == "incidents: step was taken"
    assert reason(take, incident, 2, EVIDENCE, sender=by) == "incidents: plan has no such step"
    assert reason(take, incident, 0, b"\0" * 32, sender=by) == "incidents: step needs evidence"


def test_an_incident_is_closed_when_all_have_acknowledged_and_all_is_done(suite, departments):
    (_, bureau), (_, health), _ = departments.items()
    incident, close, by = opened(suite, departments), suite.incidents.close, suite.supervisor
    assert reason(close, incident, HASH, sender=by) == "incidents: not all have acknowledged"
    for account in (bureau, health):
        suite.incidents.acknowledge(incident, sender=account)
    assert reason(close, incident, HASH, sender=by) == "incidents: steps are left"
    for step in (0, 1):
        suite.incidents.take_step(incident, step, EVIDENCE, sender=suite.dispatcher)
    assert reason(close, incident, b"\0" * 32, sender=by) == "incidents: closing needs a report"

    close(incident, HASH, sender=by)

    about = {"incident_id": incident, "by": by, "report_hash": HASH}
    assert events(suite.incidents) == [("IncidentClosed", about)]
    again = reason(close, incident, HASH, sender=by)
    assert again == "incidents: must be OPEN, is CLOSED"
    unknown = reason(close, 99, HASH, sender=by)
    assert unknown == "incidents: unknown incident"


class Tap:
    """One meter, under a permit of its own unless one is given."""

    def __init__(self, suite, kind=1, permit=0):
        self.suite = suite
        name = "QuotaTracker" if kind == 1 else "DischargeVolumes"
        self.book, self.permit = suite.contracts[name], permit or suite.permit(kind=kind)
        self.channel = suite.channel(METER, name, permit=self.permit, opened_at=NOW - DAY_S)
        self.lane, self.register_l, self.at = suite.lane(self.book), 100, NOW - DAY_S

    def uses(self, volume_l, until_at):
        group = meter_group(
            self.channel, self.register_l, self.at, [(volume_l, until_at - self.at)]
        )
        batch_id = self.book.lane(self.lane).next_id
        self.book.record_meters(
            self.lane, batch_id, HASH, packed(group), b"", sender=self.suite.relay
        )
        self.register_l, self.at = self.register_l + volume_l, until_at


def stopped(suite, departments, tap, until_at=NOW + 3_600, drill=False):
    incident = opened(suite, departments, drill)
    order = (incident, tap.permit, STOP, 0, until_at)
    return suite.incidents.give_order(*order, sender=suite.supervisor)


def resumed(suite, departments, tap, drill=False):
    incident = opened(suite, departments, drill)
    order = (incident, tap.permit, RESUME, 0, NOW + DAY_S)
    suite.incidents.give_order(*order, sender=suite.supervisor)


def checked(suite, order):
    """Used at most, proven, complied, and whether that is provable."""
    suite.incidents.check_order(order, sender=boa.env.generate_address())
    [(_, about)] = events(suite.incidents, "OrderChecked")
    return about["used_l"], about["proven_l"], about["complied"], about["provable"]


def measured(suite, order):
    suite.incidents.measure_order(order, sender=boa.env.generate_address())
    return suite.incidents.order(order).proven_l


def replaced(suite, tap, at, held_l):
    """The tap's meter gives way to another, which used `held_l` before it was released."""
    registry, old_l = suite.device_registry, tap.register_l
    asked = tap.channel, "NEW-1", old_l, 0, at, HASH, HASH
    number = registry.replace_urgently(*asked, sender=suite.holder)
    tap.channel, tap.register_l, tap.at = registry.replacement(number).channel, 0, at
    tap.uses(held_l, boa.env.evm.patch.timestamp)
    return number


def test_water_before_an_order_is_not_held_against_the_holder(suite, departments):
    tap = Tap(suite)
    tap.uses(9_000, NOW - 3_600)
    order = stopped(suite, departments, tap)
    boa.env.evm.patch.timestamp = NOW + 3_600
    tap.uses(5_000, NOW + 1)  # all of it until the order, which no register says

    measured(suite, order)
    tap.uses(0, NOW + 3_600)

    assert checked(suite, order) == (5_000, 0, True, False)


def test_water_after_an_order_is_not_held_against_the_holder(suite, departments):
    tap = Tap(suite)
    tap.uses(9_000, NOW)
    order = stopped(suite, departments, tap)
    measured(suite, order)
    boa.env.evm.patch.timestamp = NOW + 7_200
    tap.uses(0, NOW + 3_599)
    measured(suite, order)

    tap.uses(5_000, NOW + 7_200)

    assert checked(suite, order) == (5_000, 0, True, False)


def test_use_between_two_readings_within_an_order_breaks_it(suite, departments):
    tap = Tap(suite)
    tap.uses(9_000, NOW - 3_600)
    order = stopped(suite, departments, tap)
    boa.env.evm.patch.timestamp = NOW + 7_200
    tap.uses(5_000, NOW + 60)
    measured(suite, order)
    tap.uses(30, NOW + 1_800)
    tap.uses(4, NOW + 3_599)
    proven_l = measured(suite, order)
    tap.uses(7_000, NOW + 7_200)

    assert proven_l == 34
    assert checked(suite, order) == (12_034, 34, False, True)


def test_an_order_that_nobody_measured_is_kept_where_no_water_was_used_at_all(suite, departments):
    tap = Tap(suite)
    tap.uses(9_000, NOW - 3_600)
    order = stopped(suite, departments, tap)
    boa.env.evm.patch.timestamp = NOW + 7_200

    tap.uses(0, NOW + 7_200)

    assert checked(suite, order) == (0, 0, True, True)


def test_an_order_is_measured_between_its_beginning_and_its_end(suite, departments):
    tap, measure = Tap(suite), suite.incidents.measure_order
    order = stopped(suite, departments, tap)
    tap.uses(5, NOW - 1)
    early = reason(measure, order, sender=suite.holder)
    boa.env.evm.patch.timestamp = NOW + 7_200
    tap.uses(5, NOW)
    measured(suite, order)
    tap.uses(6, NOW + 3_600)
    proven_l = measured(suite, order)
    tap.uses(7, NOW + 3_601)

    late = reason(measure, order, sender=suite.holder)

    assert early == "incidents: a meter is not read since the order"
    assert late == "incidents: a meter is read beyond the order's end"
    assert proven_l == 6
    assert checked(suite, order) == (23, 6, False, True)
    again = reason(measure, order, sender=suite.holder)
    assert again == "incidents: order was checked"


def test_an_order_to_resume_ends_the_orders_before_it(suite, departments):
    tap = Tap(suite)
    tap.uses(9_000, NOW)
    order = stopped(suite, departments, tap, NOW + DAY_S)
    measured(suite, order)
    boa.env.evm.patch.timestamp = NOW + 3_600
    tap.uses(0, NOW + 3_600)
    assert suite.incidents.ends_at(order) == NOW + DAY_S

    resumed(suite, departments, tap)
    measured(suite, order)
    boa.env.evm.patch.timestamp = NOW + 7_200
    tap.uses(500, NOW + 7_200)

    assert suite.incidents.ends_at(order) == NOW + 3_600
    assert checked(suite, order) == (500, 0, True, False)


def test_the_first_order_to_resume_ends_an_order_and_none_before_it(suite, departments):
    tap = Tap(suite)
    resumed(suite, departments, tap)
    boa.env.evm.patch.timestamp = NOW + 10
    order = stopped(suite, departments, tap, NOW + DAY_S)
    boa.env.evm.patch.timestamp = NOW + 20
    resumed(suite, departments, tap)
    after = stopped(suite, departments, tap, NOW + DAY_S)
    boa.env.evm.patch.timestamp = NOW + 30

    resumed(suite, departments, tap)

    ends = [suite.incidents.ends_at(one) for one in (order, after)]
    assert ends == [NOW + 20, NOW + 30]


def test_an_order_to_resume_lengthens_none(suite, departments):
    tap = Tap(suite)
    order = stopped(suite, departments, tap, NOW + 10)
    boa.env.evm.patch.timestamp = NOW + 20

    resumed(suite, departments, tap)

    assert suite.incidents.ends_at(order) == NOW + 10


def test_a_drill_s_order_to_resume_ends_no_order_given_in_earnest(suite, departments):
    tap = Tap(suite)
    order, drilled = (
        stopped(suite, departments, tap, NOW + DAY_S, drill) for drill in (False, True)
    )
    boa.env.evm.patch.timestamp = NOW + 10

    resumed(suite, departments, tap, drill=True)

    ends = [suite.incidents.ends_at(one) for one in (order, drilled)]
    assert ends == [NOW + DAY_S, NOW + 10]


@pytest.mark.parametrize("kind", [1, DRAINAGE])
def test_a_meter_that_gave_way_to_another_is_not_awaited(suite, departments, kind):
    tap = Tap(suite, kind)
    tap.uses(9_000, NOW - 7_200)
    number = replaced(suite, tap, NOW - 7_200, 40)
    order = stopped(suite, departments, tap)
    boa.env.evm.patch.timestamp = NOW + 3_600
    held = reason(suite.incidents.check_order, order, sender=suite.holder)
    suite.device_registry.release(number, sender=suite.supervisor)
    measured(suite, order)

    tap.uses(6, NOW + 3_600)

    assert held == "incidents: a meter is not read to the order's end"
    assert checked(suite, order) == (46, 6, False, True)


def test_what_a_meter_bound_later_counted_before_an_order_is_not_held_against_the_holder(
    suite, departments
):
    tap = Tap(suite)
    tap.uses(9_000, NOW)
    order = stopped(suite, departments, tap)
    measured(suite, order)
    boa.env.evm.patch.timestamp = NOW + 3_600
    other = Tap(suite, permit=tap.permit)
    other.uses(40, NOW + 600)

    measured(suite, order)
    for one in (tap, other):
        one.uses(0, NOW + 3_600)

    assert checked(suite, order) == (40, 0, True, False)


@pytest.mark.parametrize("kind", [1, DRAINAGE])
@pytest.mark.parametrize(("used_l", "complied"), [(500, True), (501, False)])
def test_an_order_to_reduce_is_accepted_and_held_against_what_was_measured(
    suite, departments, kind, used_l, complied
):
    incident, tap, incidents = opened(suite, departments), Tap(suite, kind), suite.incidents
    tap.uses(9_000, NOW)

    order = incidents.give_order(
        incident, tap.permit, REDUCE, 500, NOW + 3_600, sender=suite.supervisor
    )

    about = {"order_id": order, "incident_id": incident, "permit_id": tap.permit, "kind": REDUCE}
    about |= {"allowed_l": 500, "from_at": NOW, "until_at": NOW + 3_600, "by": suite.supervisor}
    assert events(incidents) == [("OrderGiven", about)]
    incidents.accept_order(order, sender=suite.holder)
    about = {"order_id": order, "permit_id": tap.permit, "by": suite.holder}
    assert events(incidents) == [("OrderAccepted", about)]
    twice = reason(incidents.accept_order, order, sender=suite.holder)
    assert twice == "incidents: order is accepted"
    stranger = boa.env.generate_address()
    early = reason(incidents.check_order, order, sender=stranger)
    assert early == "incidents: order has not ended"
    incidents.measure_order(order, sender=stranger)
    about = {"order_id": order, "permit_id": tap.permit, "by": stranger, "proven_l": 0}
    assert events(incidents) == [("OrderMeasured", about)]
    boa.env.evm.patch.timestamp = NOW + 3_600
    unread = reason(incidents.check_order, order, sender=stranger)
    assert unread == "incidents: a meter is not read to the order's end"
    tap.uses(used_l, NOW + 3_600)
    incidents.check_order(order, sender=stranger)
    about = {"order_id": order, "permit_id": tap.permit, "used_l": used_l, "proven_l": used_l}
    about |= {"allowed_l": 500, "complied": complied, "provable": True}
    assert events(incidents) == [("OrderChecked", about)]
    stands = incidents.order(order)
    assert (stands.used_l, stands.complied, stands.provable) == (used_l, complied, True)
    again = reason(incidents.check_order, order, sender=stranger)
    assert again == "incidents: order was checked"


def test_an_order_is_of_a_known_kind_to_a_known_permit_and_ends(suite, departments):
    incident, permit = opened(suite, departments), suite.permit()
    give, by = suite.incidents.give_order, suite.supervisor

    def answer(number, kind, allowed_l, until_at=NOW + 9):
        return reason(give, incident, number, kind, allowed_l, until_at, sender=by)

    assert answer(99, WARN, 0) == "incidents: unknown permit"
    assert answer(permit, 0, 0) == answer(permit, 5, 0) == "incidents: unknown order"
    only = "incidents: only a reduction allows a volume"
    assert answer(permit, STOP, 5) == answer(permit, REDUCE, 0) == only
    assert answer(permit, STOP, 0, NOW) == "incidents: order must end later"
    assert answer(permit, STOP, 0, 2**32) == "incidents: order must end later"
    warned = give(incident, permit, WARN, 0, NOW + 9, sender=by)
    told = reason(suite.incidents.check_order, warned, sender=by)
    assert told == "incidents: nothing to measure"


def test_a_plan_names_the_last_post_there_is_and_none_after_it(suite, departments):
    *_, last = departments
    set_plan, by = suite.incidents.set_plan, suite.supervisor

    set_plan(planned(suite, departments, posts=[1, last], escalates_to=[1, last]), sender=by)

    beyond = planned(suite, departments, posts=[last + 1])
    assert reason(set_plan, beyond, sender=by) == "incidents: unknown post"
    for post in (0, last + 1):
        nobody = planned(suite, departments, escalates_to=[post])
        assert reason(set_plan, nobody, sender=by) == "incidents: unknown post to escalate to"


@pytest.mark.parametrize("acknowledge_s", [1, 7 * DAY_S])
def test_the_time_to_acknowledge_is_from_a_second_to_a_week(suite, departments, acknowledge_s):
    incident = opened(suite, departments, acknowledge_s=acknowledge_s)

    assert suite.incidents.incident(incident).due_at == NOW + acknowledge_s


@pytest.mark.parametrize("level", [1, 4])
def test_an_incident_has_a_level_from_one_to_four_and_a_station_there_is(suite, departments, level):
    opened(suite, departments)
    open_, by = suite.incidents.open, suite.dispatcher
    last = suite.water_network.station_count()

    incident = open_(KIND, last, level, False, EVIDENCE, sender=by)

    assert suite.incidents.incident(incident).level == level
    beyond = reason(open_, KIND, last + 1, level, False, EVIDENCE, sender=by)
    assert beyond == "incidents: unknown station"


def test_a_closed_incident_takes_no_acknowledgement_step_or_order(suite, departments):
    (_, bureau), (_, health), _ = departments.items()
    incident, incidents, permit = opened(suite, departments), suite.incidents, suite.permit()
    for account in (bureau, health):
        incidents.acknowledge(incident, sender=account)
    for step in (0, 1):
        incidents.take_step(incident, step, EVIDENCE, sender=suite.dispatcher)
    incidents.close(incident, HASH, sender=suite.supervisor)
    closed = "incidents: must be OPEN, is CLOSED"

    step = reason(incidents.take_step, incident, 0, EVIDENCE, sender=suite.dispatcher)
    order = (incident, permit, WARN, 0, NOW + 9)
    assert step == closed
    assert reason(incidents.acknowledge, incident, sender=bureau) == closed
    assert reason(incidents.escalate, incident, sender=bureau) == closed
    assert reason(incidents.give_order, *order, sender=suite.supervisor) == closed
    assert incidents.incident(incident).state == CLOSED
    assert incidents.incident(incident).report_hash == HASH


def test_an_order_to_stop_is_held_against_no_use_at_all(suite, departments):
    incident, tap, incidents = opened(suite, departments), Tap(suite), suite.incidents
    tap.uses(9_000, NOW)
    order = incidents.give_order(
        incident, tap.permit, STOP, 0, NOW + 3_600, sender=suite.supervisor
    )
    incidents.measure_order(order, sender=suite.holder)
    boa.env.evm.patch.timestamp = NOW + 3_600
    tap.uses(1, NOW + 3_600)

    assert checked(suite, order) == (1, 1, False, True)


def test_an_order_is_given_from_the_next_second_to_the_last_one_there_is(suite, departments):
    incident, permit = opened(suite, departments), suite.permit()
    give, by = suite.incidents.give_order, suite.supervisor

    soon = give(incident, permit, REDUCE, 1, NOW + 1, sender=by)
    last = give(incident, permit, RESUME, 0, 2**32 - 1, sender=by)

    assert suite.incidents.order(soon).allowed_l == 1
    assert suite.incidents.order(last).kind == RESUME


def test_an_order_that_nobody_gave_is_not_accepted_by_somebody_without_organisation(suite):
    answer = reason(suite.incidents.accept_order, 99, sender=boa.env.generate_address())

    assert answer == "incidents: caller does not hold the permit"
