"""Every contract deploys and runs on a machine that ends at London."""

from typing import Any

import pytest
from eth._utils import headers
from eth_account import Account
from eth_utils import keccak

from checks import duties
from tests.chain.london import KEYS, London
from tests.contracts.callers import zero
from tests.contracts.intake_words import OFFSET, gauge_group, meter_group, packed
from tests.contracts.outfalls import MONTH_LOAD, YEAR_LOAD, Outfall, at_most
from tests.contracts.outlets import Outlet
from tests.contracts.samples import BELOW, Bench, limit, result
from tests.contracts.signing import LATEST, Meter
from tests.contracts.suite import (
    COD,
    CREDIT_CODES,
    DAY_S,
    FOLDERS,
    GAUGE,
    HASH,
    HOLDER,
    METER,
    NOW,
    T0,
    Suite,
    request_signature,
    rotation_signature,
    word,
)
from tests.contracts.tariffs import UY_M3, of_city
from tests.contracts.test_sewage_works import Works

MOST_BYTES = 24_576
# run by another contract's call: their effects are asserted below
PASSED_ON = {
    "open_version",
    "count",
    "count_load",
    "add_load",
    "end",
    "enrol",
    "bind",
    "open_account",
    "right_changed",
    "set_turn",
    "keep",
    "keep_like",
    "take",
    "take_approval",
    "need_witnesses",
    "follow",
    "adopt",
}
LISTS: set[str] = set()  # views whose index beyond the end has no words
SELF_ACTS = {
    "open_post",
    "appoint",
    "deputise",
    "relieve",
    "list_contract",
    "replace_administrator",
    "hand_over",
    "seat",
}


@pytest.fixture(scope="module")
def london(furnished):
    return furnished


def test_the_machine_knows_no_later_opcode(london):
    chain, _ = london
    push0, push1 = "0x5f5f", "0x60006000"

    answers = [chain.status_of_creation(code) for code in (push0, push1)]

    assert answers == [0, 1]


@pytest.mark.parametrize("name", FOLDERS)
def test_code_on_chain_fits_the_limit(london, name):
    chain, suite = london

    code = chain.w3.eth.get_code(suite.contracts[name].address)

    assert 0 < len(code) <= MOST_BYTES


@pytest.mark.parametrize("name", FOLDERS)
def test_every_view_answers_or_refuses_in_words(london, name):
    _, suite = london
    contract = suite.contracts[name]
    views = [e for e in contract.abi if e.get("stateMutability") in ("view", "pure")]

    refusals = {
        view["name"]: contract.refusal(view["name"], *map(zero, view["inputs"])) for view in views
    }

    answered = {view for view, words in refusals.items() if words is None}
    in_words = {view for view, words in refusals.items() if words and ": " in words}
    assert len(answered) > 1
    assert set(refusals) - answered - in_words <= LISTS


def registers_an_organisation(chain: London, suite: Suite) -> None:
    key = Account.from_key(b"\x07" * 32)
    code = CREDIT_CODES[2]
    signature = request_signature(suite.authority, "Inn", code, key, chain.w3.eth.chain_id)
    org_id = suite.authority.register("Inn", code, key.address, signature, sender=suite.registrar)
    suite.authority.verify(org_id, sender=suite.verifier)
    assert suite.authority.is_verified(org_id)


def changes_posts(suite: Suite) -> None:
    holder, other = (Account.from_key(bytes([n] * 32)).address for n in (10, 11))
    suite.by_both("open_post", 1, "desk", 32, holder, T0, 2**32 - 1)
    post = suite.authority.post_count()
    suite.by_both("appoint", post, other, T0, 2**32 - 1)
    assert suite.authority.can(other, 32)
    suite.authority.withdraw(other, sender=suite.supervisor)
    assert not suite.authority.can(other, 32)
    rotates_accounts(suite, post)
    proposal = suite.authority.propose(b"", sender=suite.first)
    suite.authority.cancel(proposal, sender=suite.first)


def rotates_accounts(suite: Suite, post: int) -> None:
    authority, deputy = suite.authority, Account.from_key(bytes([30] * 32)).address
    biller, clerk = (Account.from_key(bytes([n] * 32)) for n in (31, 32))
    suite.by_both("deputise", post, deputy, T0, 2**32 - 1)
    lost = rotation_signature(authority, deputy, clerk, authority.chain.w3.eth.chain_id)
    authority.ask_rotation(deputy, clerk.address, lost, sender=suite.registrar)
    authority.confirm_rotation(deputy, clerk.address, sender=suite.verifier)
    assert (authority.can(deputy, 32), authority.can(clerk.address, 32)) == (False, True)
    suite.by_both("relieve", post)
    assert not authority.can(clerk.address, 32)
    signed = rotation_signature(authority, suite.biller, biller, authority.chain.w3.eth.chain_id)
    authority.rotate(biller.address, signed, sender=suite.biller)
    assert authority.can(biller.address, 2048)


def furnishes_the_network(suite: Suite) -> None:
    other = suite.station()
    suite.water_network.add_link(1, other, 3_600, sender=suite.network_keeper)
    suite.water_network.assign(1, 1, T0, sender=suite.network_keeper)
    posts = suite.quality_provenance.verify_path([1], [T0 + 3_600, T0])
    assert posts == [0, 1]


def decides_on_applications(suite: Suite) -> None:
    applications, reviewer, long_ago = suite.applications, suite.reviewer, NOW - 380 * DAY_S
    above = applications.apply(suite.face(level=1), 0, sender=suite.holder)
    applications.forward(above, HASH, 0, sender=suite.clerk)
    applications.refer(above, "Basin", 0, sender=suite.clerk)
    for applied_at, lapses in ((long_ago, True), (NOW - 40 * DAY_S, False)):
        face = suite.face(needs_works=True)
        number = applications.apply(face, applied_at, sender=suite.holder)
        applications.accept(number, applied_at, sender=suite.clerk)
        applications.suspend_review(number, 1, "neighbours", applied_at, sender=reviewer)
        assert tuple(applications.due(number)) == (2, 0)
        applications.resume_review(number, applied_at, sender=reviewer)
        applications.review(number, True, HASH, applied_at, sender=reviewer)
        applications.decide(number, True, 0, applied_at, sender=suite.decider)
        if lapses:
            applications.lapse(number, sender=suite.clerk)
        else:
            begun_at = applied_at + DAY_S
            applications.begin_works(number, begun_at, sender=suite.holder)
            applications.accept_works(number, begun_at, HASH, 0, sender=reviewer)
            suite.permit_registry.issue(number, "WORKS-1", 1, [], 0, sender=suite.issuer)


def changes_permits(suite: Suite) -> None:
    registry, changes, holder = suite.permit_registry, suite.permit_changes, suite.holder
    giver, taker = suite.permit(), suite.permit()
    suite.water_network.classify(1, word("industry"), sender=suite.network_keeper)
    registry.tell_purpose(giver, sender=holder)
    registry.restrict(giver, 5, "drought", NOW, 0, 2**32 - 1, sender=suite.supervisor)
    registry.lift_restriction(giver, sender=suite.supervisor)
    until_at = T0 + 701 * DAY_S
    changes.request_extension(giver, until_at, HASH, 0, sender=holder)
    changes.decide_extension(giver, True, 0, sender=suite.decider)
    altered = (1, 0, 0, 77, 401, 1031, 0, HASH)
    changes.alter(giver, altered, 0, sender=suite.issuer)
    changes.amend(suite.approved(amends=giver), 0, 0, sender=suite.issuer)
    transfer = changes.transfer_count() + 1
    changes.offer_transfer(giver, taker, 9, 0, 0, HASH, sender=holder)
    changes.accept_transfer(transfer, sender=holder)
    changes.decide_transfer(transfer, True, sender=suite.decider)
    for answer in (changes.decline_transfer, changes.withdraw_transfer):
        changes.offer_transfer(giver, taker, 9, 0, 0, HASH, sender=holder)
        answer(changes.transfer_count(), sender=holder)
    assert registry.latest(taker)[3] == 1_000_009
    changes.surrender(giver, "moved", sender=holder)


def seals_a_permit(suite: Suite) -> None:
    sealing, permit = suite.permit_seals, suite.permit()
    digest = sealing.digest(permit, 1)
    signed = Account.unsafe_sign_hash(digest, KEYS["issuer"].key)
    sealing.seal(permit, 1, signed.signature, sender=suite.issuer)
    sealing.anchor(permit, 2, HASH, "national platform", [], sender=suite.issuer)
    sealing.set_key(HASH, sender=suite.holder)
    sealing.grant_sight(permit, suite.relay, 2**32 - 1, sender=suite.holder)
    assert sealing.may_see(permit, suite.relay)


def disputes_a_reading(suite: Suite) -> Meter:
    device, keys, by = suite.device(), suite.device_keys, suite.device_keeper
    chain = suite.contracts["Disputes"].chain
    meter = Meter(suite, later=0, at=chain.now() + 10)
    while chain.now() < meter.at:
        chain.tester.mine_blocks(1)
    meter.settle()
    keys.add_key(2, b"\x02" * 33, True, [device], 0, LATEST, sender=by)
    keys.let_sign(keys.key_count(), [meter.device], sender=by)
    keys.end_key(keys.key_count(), 0, sender=by)
    keys.revoke_key(keys.key_count(), sender=suite.supervisor)
    suite.disputes.open_dispute(*meter.call(meter.telegram()), sender=suite.holder)
    suite.disputes.resolve(1, True, HASH, sender=suite.supervisor)
    assert suite.disputes.page(1, 5)[0][15] == 2
    return meter


def witnesses_a_lane(suite: Suite) -> None:
    book, witnesses = suite.quota_tracker, suite.witnesses
    lane = book.lane_count() + 1
    suite.lane(book)
    call = (word("QuotaTracker"), lane, [HOLDER.address], 1)
    witnesses.set_witnesses(*call, sender=suite.supervisor)
    by = HOLDER.address
    witnesses.dissent_from(book.address, lane, 0, HASH, HASH, sender=by)
    assert witnesses.threshold(book.address, lane) == witnesses.dissent_count() == 1


def bills_a_permit(suite: Suite) -> None:
    tariff, biller = suite.tariff, suite.biller
    given = of_city("Zhengzhou", credit_uy_m3=UY_M3)
    tariff.load_tariff(given, sender=suite.standards_keeper)
    surcharge = (word("drought"), 1, 0, T0 + 440 * DAY_S, T0 + 480 * DAY_S)  # a "year"
    tariff.add_surcharge(1, surcharge, sender=suite.standards_keeper)
    permit = suite.permit()
    channel, book = suite.channel(METER, "QuotaTracker", permit=permit), suite.quota_tracker
    words = meter_group(channel, 100, T0, [(1_600_000, 60), (0, 41 * DAY_S)])
    book.record_meters(suite.lane(book), 0, HASH, packed(words), b"", sender=suite.relay)
    tariff.grant_credit(permit, 1, 5_000, HASH, sender=suite.supervisor)
    tariff.settle(permit, 1, 0, sender=biller)
    tariff.dispute(permit, 1, 0, HASH, sender=suite.holder)
    tariff.resolve(permit, 1, 0, True, sender=suite.supervisor)
    tariff.reverse(1, "wrong", sender=biller)
    tariff.settle(permit, 1, 0, sender=biller)
    tariff.mark_paid(2, suite.contracts["Tariff"].chain.now(), sender=biller)
    assert tariff.owed_uy(2, NOW) == 0


def watches_a_reservoir(suite: Suite) -> None:
    monitor, keeper = suite.source_monitor, suite.standards_keeper
    channel = suite.channel(GAUGE, "QualityProvenance", word("level"))
    monitor.set_reservoir(1, channel, sender=keeper)
    monitor.add_marks(1, (0, 60, 70, 80, 20, 10, 1), HASH, sender=keeper)
    monitor.add_levels(1, (0, 0, 0, 10, 20, 30, 40, 50, 60, 70), HASH, sender=keeper)
    monitor.set_curve(1, [0, 100], [0, 1_000], HASH, sender=keeper)
    words = packed(gauge_group(channel, T0, [(OFFSET + 25, 60)]))
    book = suite.quality_provenance
    lane = suite.lane(book)
    book.record_gauges(lane, 0, HASH, words, b"", sender=suite.relay)
    monitor.rule_level(1, sender=suite.holder)
    assert monitor.storage_l(1, 25) == 250
    monitor.set_flood_table(1, [(2, 150, 2, 1), (5, 60, 2, 1)], HASH, sender=keeper)
    monitor.classify_flood(1, (0, 200, 0, 0, 60, 0), HASH, sender=suite.dispatcher)
    _in_low_water(suite, channel, lane)


def _in_low_water(suite: Suite, gauge: int, lane: int) -> None:
    """A month without inflow, and a level on the day after it."""
    monitor, book = suite.source_monitor, suite.quota_tracker
    meter = suite.channel(METER, "QuotaTracker")
    suite.register_turns.set_turns([meter], 1, sender=suite.device_keeper)  # of days
    monitor.add_normal(1, (0, 0, 0, meter, 1_000), HASH, sender=suite.standards_keeper)
    words = packed(meter_group(meter, 100, T0, [(0, 30 * DAY_S + 60)]))
    book.record_meters(suite.lane(book), 0, HASH, words, b"", sender=suite.relay)
    words = packed(gauge_group(gauge, T0 + 60, [(OFFSET + 25, 30 * DAY_S)]))
    suite.quality_provenance.record_gauges(lane, 1, HASH, words, b"", sender=suite.relay)
    monitor.rule_low_water(1, sender=suite.holder)


UNREAD = "turns: a meter is not read beyond the turn yet"
# volumes and seconds of steps: until two, three and four at night, and beyond the day
NIGHT = [(10, 7_200), (36, 3_600), (36, 3_600), (8, DAY_S - 4 * 3_600), (0, 60)]


def balances_a_district(suite: Suite) -> None:
    monitor, keeper, book = suite.supply_monitor, suite.network_keeper, suite.quota_tracker
    inlet, user = (suite.channel(METER, "QuotaTracker") for _ in range(2))
    district = monitor.district_count() + 1
    monitor.set_district(0, ("North", 0, [inlet], [], [user]), sender=keeper)
    corrections = (0, 5, 5, 5, 5, HASH)
    monitor.set_corrections(district, 0, corrections, sender=suite.standards_keeper)
    lane, day = suite.lane(book), (NOW - T0) // DAY_S + 1
    monitor.set_scheme(district, day, 5, 0, sender=keeper)
    suite.register_turns.set_turns([inlet, user], 1, sender=suite.device_keeper)
    words = meter_group(inlet, 100, T0, NIGHT) + meter_group(user, 100, T0, NIGHT)
    book.record_meters(lane, 0, HASH, packed(words), b"", sender=suite.relay)
    monitor.rule_leakage(district, 1, 0, 0, sender=suite.holder)


def publishes_a_day(suite: Suite) -> None:
    codes, keeper, book = suite.supply_codes, suite.network_keeper, suite.quota_tracker
    outlet, intake = (suite.channel(METER, "QuotaTracker") for _ in range(2))
    gauge, quality = suite.channel(GAUGE, "QualityProvenance", COD), suite.quality_provenance
    limit = suite.limit(COD, None, 500)
    quality.judge(gauge, limit, 1, 0, 500, 1, sender=suite.standards_keeper)
    zone = ("North", 0, 1, [(1, [outlet])], [(1, 0, [intake])], [gauge])
    codes.set_zone(0, zone, sender=keeper)
    suite.register_turns.set_turns([outlet, intake], 1, sender=suite.device_keeper)
    words = packed(meter_group(outlet, 100, T0, [(7, DAY_S), (0, 60)]))
    words += packed(meter_group(intake, 100, T0, [(9, DAY_S), (0, 60)]))
    book.record_meters(suite.lane(book), 0, HASH, words, b"", sender=suite.relay)
    words = packed(gauge_group(gauge, T0, [(OFFSET + 25, DAY_S + 60)]))
    quality.record_gauges(suite.lane(quality), 0, HASH, words, b"", sender=suite.relay)
    codes.state_rulings(1, 0, HASH, sender=keeper)
    codes.publish(1, 0, sender=suite.holder)
    assert codes.check(codes.code_of(1, 0), 1, 0)


def keeps_a_tank(suite: Suite) -> None:
    codes = suite.supply_codes
    codes.set_tank(0, "Tower 3", 1, 2, T0, sender=suite.network_keeper)
    codes.note_overdue(1, sender=suite.holder)
    codes.report_abnormal(1, NOW - 3, HASH, sender=suite.supervisor)
    codes.record_cleaning(1, NOW - 2, HASH, sender=suite.holder)
    codes.record_test(1, NOW - 1, True, HASH, sender=suite.analyst)
    assert list(codes.clocks(1)[2:]) == [False, False]


def oversees(chain: London, suite: Suite) -> None:
    lines, keeper, now = suite.red_lines, suite.standards_keeper, chain.now()
    suite.water_network.set_region(1, word("Qinglan"), sender=suite.network_keeper)
    lines.set_ceiling(word("Qinglan"), 10**9 - 1, HASH, sender=keeper)
    lines.set_ceiling(word("Qinglan"), 10**9, HASH, sender=keeper)
    lines.confirm_ceiling(word("Qinglan"), 10**9, sender=suite.second_keeper)
    permit = suite.permit(until_at=now + 20)
    lane = suite.lane(suite.quota_tracker)
    lines.assign_lane(word("Qinglan"), word("QuotaTracker"), lane, 1, sender=keeper)
    lines.open_year(word("Qinglan"), 1, sender=suite.holder)
    lines.set_target(word("Qinglan"), 10, 1, 7, 0, 0, False, HASH, sender=keeper)
    lines.report_indicator(word("Qinglan"), 10, 5, 7, HASH, sender=suite.analyst)
    channel = suite.channel(METER, "QuotaTracker")
    words = packed(meter_group(channel, 100, T0, [(8, 60)]))
    suite.quota_tracker.record_meters(lane, 0, HASH, words, b"", sender=suite.relay)
    lines.tell_use(word("Qinglan"), sender=suite.holder)
    handles_an_incident(chain, suite, permit)
    while chain.now() < now + 25:
        chain.tester.mine_block()
    lines.release(permit, sender=suite.holder)
    decision = suite.decisions.record(HASH, HASH, HASH, HASH, sender=suite.analyst)
    suite.decisions.approve(decision, sender=suite.decider)
    suite.decisions.withdraw(decision, "wrong", sender=suite.decider)


def handles_an_incident(chain: London, suite: Suite, permit: int) -> None:
    incidents, officer = suite.incidents, suite.supervisor
    post = suite.authority.post_of(suite.verifier)
    incidents.set_plan((HASH, 0, [post], [post], 1, [HASH]), sender=officer)
    incident = incidents.open(HASH, 1, 4, True, HASH, sender=suite.dispatcher)
    order = incidents.give_order(incident, permit, 3, 0, chain.now() + 4, sender=officer)
    incidents.accept_order(order, sender=suite.holder)
    incidents.measure_order(order, sender=suite.holder)
    chain.tester.mine_blocks(3)
    incidents.escalate(incident, sender=suite.holder)
    incidents.check_order(order, sender=suite.holder)
    incidents.acknowledge(incident, sender=suite.verifier)
    incidents.take_step(incident, 0, HASH, sender=suite.dispatcher)
    incidents.close(incident, HASH, sender=officer)
    assert incidents.waits_for(incident) == []


def the_council_decides(
    chain: London, suite: Suite, tracker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    council, authority = suite.council, suite.authority
    one, two = suite.clerk, suite.reviewer
    suite.by_both("open_post", 1, "council", 512, council.address, T0, 2**32 - 1)
    suite.by_both("hand_over", [one, two], 2, 0, DAY_S)
    holder = Account.from_key(bytes([10] * 32)).address
    act = authority.replace_administrator.prepare_calldata(suite.second, holder)
    number = council.propose(authority.address, act, sender=one)
    act_hash = council.proposal(number)[1]
    council.approve(number, act_hash, sender=two)
    council.withdraw_approval(number, sender=two)
    council.approve(number, act_hash, sender=two)
    council.execute(number, sender=one)
    assert authority.administrator(1) == holder
    for lane in (1, 2):
        halt = tracker.halt_lane.prepare_calldata(lane)
        urgent = council.act_urgently(tracker.address, halt, sender=one)
        if lane == 1:
            council.ratify(urgent, sender=two)
    monkeypatch.setattr(headers, "eth_now", lambda: NOW + 8 * DAY_S)
    chain.tester.mine_blocks(2)
    council.lift(urgent, sender=suite.holder)
    assert [tracker.lane(lane)[4] for lane in (1, 2)] == [True, False]


def rules_on_a_works(suite: Suite) -> None:
    works, contract = Works(suite), suite.sewage_works
    limits = {f"{n}_limit_id": suite.limit(COD, None, hi) for n, hi in (("warm", 5), ("cold", 8))}
    works.rule(temperature=works.temperature, removal_bps=6_000, **limits)
    works.a_day([1_000, 900], [[50], [6]], temperature=[11_000])
    found = works.on()
    assert tuple(found)[:5] == (1_000, 900, 50_000, 5_400, 8_920)
    assert tuple(contract.balance_of(works.number, 1, 5, 5))[2:7] == (1_000, 900, 0, False, 100)


def rules_on_loads(chain: London, suite: Suite) -> None:
    lines, cause, region = suite.red_lines, suite.violations, word("Qinglan")
    suite.water_network.set_region(1, region, sender=suite.network_keeper)
    lines.set_load_ceiling(region, COD, 9_999, HASH, sender=suite.standards_keeper)
    lines.set_load_ceiling(region, COD, 10_000, HASH, sender=suite.standards_keeper)
    lines.confirm_load_ceiling(region, COD, 10_000, sender=suite.second_keeper)
    soon = chain.now() + 8
    ends = suite.permit([at_most(YEAR_LOAD, 10)], kind=2, until_at=soon)
    outfall = Outfall(suite, at_most(MONTH_LOAD, 100))
    found = outfall.month([(10, [1_001]), (1, [100]), *[(0, ())] * 8])
    assert tuple(found)[1:4] == (11, 10_110, 920)
    detected = outfall.permit, COD, MONTH_LOAD, 4
    cause.detect_load(*detected, sender=suite.holder)
    assert cause.load_violation_of(*detected) == cause.violation_count()
    # the ceiling is set after that year, and the machine's day does not pass
    assert lines.refusal("tell_load", region, COD, 1) == "redlines: no ceiling of this load"
    assert lines.permitted_ng(region, COD) == 1_210
    while chain.now() < soon:
        chain.tester.mine_block()
    lines.release_load(ends, COD, sender=suite.holder)
    assert lines.permitted_ng(region, COD) == 1_200


def pursues_violations(suite: Suite) -> None:
    outlet, violations = Outlet(suite), suite.violations
    officer, holder = suite.supervisor, suite.holder
    for day in (1, 2):
        outlet.day(day, [outlet.limit + 1])
        violations.detect(outlet.channel, day, sender=holder)
        number = violations.violation_count()
        violations.notify(number, HASH, 0, sender=officer)
        violations.answer(number, HASH, 0, sender=holder)
    violations.resolve(number - 1, HASH, 0, sender=officer)
    violations.appeal(number, HASH, 0, sender=holder)
    violations.decide(number, False, HASH, 0, sender=suite.decider)
    assert violations.repeats_of(number) == 1


def reports_samples(suite: Suite) -> int:
    bench, lab = Bench(suite, {"": [limit("cod", 1_000)]}), suite.laboratory
    bench.enter(result("cod", 1), code="REFUSED")
    lab.refuse(lab.report_count(), HASH, sender=suite.reviewer)
    report = bench.confirmed(result("cod", 2_000), result("ss", 0, BELOW, detection=5))
    assert tuple(lab.ruling(report))[1:4] == (COD, 2_000, 1)
    assert tuple(lab.latest(bench.station, COD)) == (report, 1)
    return report


def keeps_evidence(suite: Suite) -> None:
    evidence, officer = suite.evidence, suite.dispatcher
    file = evidence.open_file(1, 1, sender=officer)
    lane, root, words_hash = proved(suite)
    quality = word("QualityProvenance")
    leaves = b"\x0a" * 32, [b"\x0b" * 32]
    arguments = lane, 0, root, words_hash, *leaves, HASH
    evidence.add_reading(file, quality, *arguments, sender=officer)
    evidence.add_document(file, HASH, HASH, sender=officer)
    evidence.add_report(file, reports_samples(suite), HASH, sender=officer)
    evidence.freeze(file, sender=suite.supervisor)
    evidence.offer_custody(file, suite.clerk, sender=officer)
    evidence.accept_custody(file, sender=suite.clerk)
    assert tuple(evidence.file(file))[2:5] == (3, 1, suite.clerk)


def proved(suite: Suite) -> tuple[int, bytes, bytes]:
    """A batch of two leaves, 0x0a... and 0x0b...: its lane, root and words' hash."""
    book = suite.quality_provenance
    channel = suite.channel(GAUGE, "QualityProvenance", COD)
    lane = suite.lane(book)
    words = packed(gauge_group(channel, T0, [(OFFSET + 1, 60)]))
    root = keccak(b"\x0a" * 32 + b"\x0b" * 32)
    book.record_gauges(lane, 0, root, words, b"", sender=suite.relay)
    return lane, root, keccak(words)


def corrects_an_application(suite: Suite) -> None:
    application = suite.applications.apply(suite.face(), 0, sender=suite.holder)
    suite.applications.request_correction(application, "map missing", 0, sender=suite.clerk)
    suite.applications.resubmit(application, suite.face(), 0, sender=suite.holder)


def counts_a_meter(suite: Suite, contract: str, kind: int) -> None:
    book = suite.contracts[contract]
    permit = suite.permit(kind=kind, annual_l=1_000)
    channel = suite.channel(METER, contract, permit=permit)
    suite.device_registry.approve_exchange(channel, 2, 1_600, 5, sender=suite.supervisor)
    suite.register_turns.set_turns([channel], 1, sender=suite.device_keeper)
    lane = suite.lane(book)
    words = meter_group(channel, 100, T0, [(50, 900)] * 20 + [(300, 60), (100, 61)])
    moved_at = T0 + 20 * 900 + 121
    words += meter_group(channel, 1_500, moved_at, [(100, 60)], kind=2)
    book.record_meters(lane, 0, HASH, packed(words), b"", sender=suite.relay)
    assert book.meter(channel)[0] == 5
    suite.register_turns.close_turn(channel, sender=suite.holder)
    assert suite.register_turns.register_at_turn(channel, 1, 1)[:4] == (True, True, T0 + DAY_S, 5)
    assert book.used_l(permit, 0) == 1_500
    halts(suite, book, lane)
    suite.permit_registry.suspend(permit, "drought", sender=suite.supervisor)
    suite.permit_registry.resume(permit, sender=suite.supervisor)
    suite.permit_changes.propose_end(permit, 3, "false data", sender=suite.supervisor)
    suite.permit_changes.decide_end(permit, 3, sender=suite.decider)
    assert not suite.permit_registry.in_right(permit, 2**32 - 1)


def replaces_meters_at_once(suite: Suite) -> None:
    book, registry = suite.quota_tracker, suite.device_registry
    permit = suite.permit()
    old = [suite.channel(METER, "QuotaTracker", permit=permit) for _ in range(2)]
    at_once = (word("urgent_replacement_days"), 0, 0, word("days"), "ours", False, T0)
    suite.standards.load_settings([at_once], sender=suite.standards_keeper)
    first = registry.replacement_count() + 1
    for n, channel in enumerate(old):
        asked = channel, f"URGENT-{n}", 100, 7, T0, HASH, HASH
        registry.replace_urgently(*asked, sender=suite.holder)
    held = registry.replacement(first)[1]
    words = meter_group(held, 7, T0, [(30, 60)])
    book.record_meters(suite.lane(book), 0, HASH, packed(words), b"", sender=suite.relay)
    registry.tell_overdue(first, sender=suite.holder)
    assert book.used_l(permit, 0) == 0
    registry.release(first, sender=suite.supervisor)
    registry.refuse(first + 1, HASH, sender=suite.supervisor)
    assert book.used_l(permit, 0) == 30
    assert (registry.is_replaced(old[0]), registry.is_replaced(old[1])) == (True, False)


def keeps_to_plans(suite: Suite) -> None:
    plans, book, sector = suite.quota_plans, suite.quota_tracker, word("industry")
    permit = suite.permit(daily_l=50)
    channel = suite.channel(METER, "QuotaTracker", permit=permit)
    suite.register_turns.set_turns([channel], 1, sender=suite.device_keeper)
    plans.load_rule((sector, 0, [1], 500, 100, T0, HASH), sender=suite.standards_keeper)
    plans.set_plan(1, permit, 0, (0, sector, 400, [], [100] * 4, HASH), sender=suite.issuer)
    words = meter_group(channel, 100, T0, [(60, DAY_S)] + [(0, DAY_S)] * 10)
    book.record_meters(suite.lane(book), 0, HASH, packed(words), b"", sender=suite.relay)
    plans.rule_cap(permit, 1, 0, sender=suite.holder)
    plans.adjust(channel, 0, -10, HASH, sender=suite.supervisor)
    plans.rule_period(1, permit, 2, 0, sender=suite.holder)
    assert plans.period(1, permit, 2, 1)[3:5] == (100, 25)


def returns_too_little(suite: Suite) -> None:
    year, book, back_book = 40 * DAY_S, suite.quota_tracker, suite.discharge_volumes
    permit = suite.permit(annual_l=1_000, return_station_id=1, return_l=400)
    taken = suite.channel(METER, "QuotaTracker", permit=permit)
    back = suite.channel(METER, "DischargeVolumes")
    suite.register_turns.set_turns([taken, back], 2, sender=suite.device_keeper)
    for channel, of, volume_l in ((taken, book, 500), (back, back_book, 150)):
        words = packed(meter_group(channel, 100, T0, [(volume_l, DAY_S), (0, year)]))
        of.record_meters(suite.lane(of), 0, HASH, words, b"", sender=suite.relay)
    suite.quota_plans.rule_return(permit, 0, [back], sender=suite.supervisor)
    assert suite.quota_plans.shortage(permit, 0)[:3] == (500, 150, 200)


def replaces_a_book(chain: London, suite: Suite) -> Any:
    """The new book, its lanes open."""
    old, adoption, keeper = suite.quota_tracker, suite.adoption, suite.device_keeper
    permit, name, former = suite.permit(), word("QuotaTracker"), word("QuotaTracker.1")
    channels = [suite.channel(METER, "QuotaTracker", permit=permit) for _ in range(2)]
    deemed = channels[0], 100, 400, T0 + 60
    suite.device_registry.approve_deemed(*deemed, HASH, sender=suite.supervisor)
    lane = suite.lane(old)
    words = meter_group(channels[0], 100, T0, [(400, 60)], kind=4)
    words += meter_group(channels[1], 100, T0, [(50, 60)])
    old.record_meters(lane, 0, HASH, packed(words), b"", sender=suite.relay)
    for number in range(1, lane + 1):
        if not old.lane(number)[4]:
            old.halt_lane(number, sender=suite.supervisor)
    new = chain.deploy("QuotaTracker", suite.authority.address)
    suite.by_both("list_contract", former, old.address)
    suite.by_both("list_contract", name, new.address)
    adoption.begin(name, former, sender=keeper)
    for first in range(1, suite.device_registry.channel_count() + 1, 16):
        adoption.take_page(name, first, 16, sender=keeper)
    adoption.take_page(name, 1, 200, sender=keeper)
    adoption.finish(name, sender=keeper)
    assert new.used_l(permit, 0) == 450
    assert new.running(lane) == old.running(lane)
    for number in range(1, lane + 1):
        new.resume_lane(number, sender=suite.supervisor)
    words = meter_group(channels[1], 150, T0 + 60, [(50, 60)])
    new.record_meters(lane, 1, HASH, packed(words), b"", sender=suite.relay)
    assert new.used_l(permit, 0) == 500
    return new


def halts(suite: Suite, book, lane: int) -> None:
    book.halt_lane(lane, sender=suite.supervisor)
    book.resume_lane(lane, sender=suite.supervisor)
    assert book.lane(lane)[2] == 1


def rules_on_a_gauge(suite: Suite, contract: str) -> None:
    book, keeper = suite.contracts[contract], suite.standards_keeper
    permit = suite.permit(kind=2) if contract == "DischargeLimits" else 0
    channel = suite.channel(GAUGE, contract, COD, permit=permit)
    book.set_grace(3_600, sender=keeper)
    book.judge(channel, suite.limit(COD, None, 500), 2, 0, 500, 3, sender=keeper)
    book.track_range(channel, True, sender=keeper)
    lane = suite.lane(book)
    values = [(OFFSET + 400 + 10 * i, 900) for i in range(20)] + [(OFFSET + 1, 60)]
    words = gauge_group(channel, T0, values)
    book.record_gauges(lane, 0, HASH, packed(words), b"", sender=suite.relay)
    assert book.gauge(channel)[1] == len(values)
    book.close(channel, 0, sender=suite.holder)
    assert book.gauge(channel)[1] == 0
    halts(suite, book, lane)


def test_every_state_changing_function_runs(london, monkeypatch):
    chain, suite = london

    registers_an_organisation(chain, suite)
    furnishes_the_network(suite)
    corrects_an_application(suite)
    decides_on_applications(suite)
    changes_permits(suite)
    seals_a_permit(suite)
    disputes_a_reading(suite)
    witnesses_a_lane(suite)
    bills_a_permit(suite)
    counts_a_meter(suite, "QuotaTracker", 1)
    counts_a_meter(suite, "DischargeVolumes", 2)
    replaces_meters_at_once(suite)
    rules_on_a_gauge(suite, "DischargeLimits")
    rules_on_a_gauge(suite, "QualityProvenance")
    keeps_to_plans(suite)
    returns_too_little(suite)
    pursues_violations(suite)
    rules_on_a_works(suite)
    rules_on_loads(chain, suite)
    changes_posts(suite)
    watches_a_reservoir(suite)
    balances_a_district(suite)
    # a scheme is set before its day, and the machine's day does not pass
    day = (NOW - T0) // DAY_S + 1
    assert suite.supply_monitor.refusal("rule_delivery", 1, day) == UNREAD
    publishes_a_day(suite)
    keeps_a_tank(suite)
    oversees(chain, suite)
    keeps_evidence(suite)
    the_council_decides(chain, suite, replaces_a_book(chain, suite), monkeypatch)

    writes = {(n, f) for n, c in suite.contracts.items() for f in duties.writes(c.abi)}
    # a delivery is ruled on the day after its scheme, which does not come on this machine, nor does
    # a day of the year for which a ceiling of load was set
    apart = {("DeviceRegistry", "bind"), ("SupplyMonitor", "rule_delivery")}
    apart |= {("RedLines", "tell_load")}
    left = {f for n, f in writes - chain.written - apart}
    assert ("DeviceRegistry", "bind") in chain.written
    assert left == PASSED_ON | SELF_ACTS
