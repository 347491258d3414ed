"""Rotation: an account's post, deputy's term and organisation go to another account, at once."""

import boa
import pytest
from eth_account import Account

from tests.contracts.answers import events, reason
from tests.contracts.suite import (
    CREDIT_CODES,
    DAY_S,
    HASH,
    HOLDER,
    NOW,
    T0,
    request_signature,
    rotation_signature,
)
from tests.contracts.test_authority_posts import CLERK, END, NOBODY, REVIEWER, opened, refused

NEW = Account.from_key(b"\x21" * 32)
OTHER = Account.from_key(b"\x22" * 32)
EMPTY = "0x" + "00" * 20


def consent(suite, old, key=NEW, new=""):
    return rotation_signature(suite.authority, old, key, new=new)


def rotated(suite, old, key=NEW):
    suite.authority.rotate(key.address, consent(suite, old, key), sender=old)


@pytest.fixture
def old():
    return boa.env.generate_address("old key")


def test_the_old_key_ends_at_once_and_the_new_one_begins_with_what_was_left(suite, old):
    authority, post = suite.authority, opened(suite, old)
    boa.env.evm.patch.timestamp = NOW + 7

    rotated(suite, old)

    about = {"old": old, "new": NEW.address, "by": old, "post_id": post, "org_id": 0}
    assert events(authority, "AccountRotated") == [("AccountRotated", about)]
    assert not authority.can(old, CLERK)
    assert authority.can(NEW.address, CLERK)
    assert tuple(authority.post(post))[3:] == (NEW.address, NOW + 7, END)
    held = [authority.holder(post, NOW + s) for s in (6, 7)]
    assert held == [old, NEW.address]
    assert authority.post_of(old) == 0


def test_a_term_that_has_not_begun_keeps_its_beginning(suite, old):
    post = opened(suite, old, from_at=NOW + DAY_S)

    rotated(suite, old)

    assert suite.authority.post(post).from_at == NOW + DAY_S
    assert suite.authority.holder(post, NOW + DAY_S) == NEW.address


def test_a_term_that_is_over_is_not_begun_again(suite, old):
    post = opened(suite, old, until_at=NOW)

    rotated(suite, old)

    assert suite.authority.post_of(NEW.address) == 0
    assert suite.authority.post(post).holder == NOBODY


@pytest.mark.parametrize("starts_in", [-DAY_S, DAY_S])
def test_a_deputys_term_goes_along(suite, old, starts_in):
    authority, post = suite.authority, opened(suite, boa.env.generate_address())
    suite.by_both("deputise", post, old, NOW + starts_in, END)
    boa.env.evm.patch.timestamp = NOW + 7

    rotated(suite, old)

    begins = max(NOW + 7, NOW + starts_in)
    assert tuple(authority.deputyship(NEW.address)) == (post, CLERK, begins, END)
    assert tuple(authority.deputyship(old)) == (0, 0, 0, 0)
    assert authority.deputy(post, begins) == NEW.address
    boa.env.evm.patch.timestamp = begins
    assert authority.can(NEW.address, CLERK)
    assert not authority.can(old, CLERK)


def test_an_organisations_account_is_replaced_and_its_permits_stay_held(suite):
    permit = suite.permit()

    rotated(suite, HOLDER.address)

    authority = suite.authority
    assert authority.org(2).account == NEW.address
    assert (authority.org_of(NEW.address), authority.org_of(HOLDER.address)) == (2, 0)
    assert suite.permit_registry.permit(permit).holder == 2
    suite.permit_seals.grant_sight(permit, suite.relay, END, sender=NEW.address)
    answer = reason(suite.permit_seals.grant_sight, permit, suite.relay, END, sender=HOLDER.address)
    assert answer == "seals: caller does not hold the permit"


def test_of_a_lost_key_one_officer_asks_and_another_confirms(suite):
    authority = suite.authority
    signature = consent(suite, HOLDER.address)

    authority.ask_rotation(HOLDER.address, NEW.address, signature, sender=suite.registrar)

    about = {"old": HOLDER.address, "new": NEW.address, "by": suite.registrar}
    assert events(authority) == [("RotationAsked", about | {"until_at": NOW + 7 * DAY_S})]
    assert authority.org_of(HOLDER.address) == 2
    authority.confirm_rotation(HOLDER.address, NEW.address, sender=suite.verifier)
    about = {"old": HOLDER.address, "new": NEW.address, "by": suite.verifier}
    assert events(authority) == [("AccountRotated", about | {"post_id": 0, "org_id": 2})]
    assert authority.org_of(NEW.address) == 2
    again = reason(authority.confirm_rotation, HOLDER.address, NEW.address, sender=suite.verifier)
    assert again == "authority: no rotation was asked for"


def test_a_request_that_nobody_confirms_in_seven_days_is_to_be_asked_for_again(suite):
    authority, signature = suite.authority, consent(suite, HOLDER.address)
    ends = HOLDER.address, NEW.address
    authority.ask_rotation(*ends, signature, sender=suite.registrar)
    boa.env.evm.patch.timestamp = NOW + 7 * DAY_S

    late = reason(authority.confirm_rotation, *ends, sender=suite.verifier)
    authority.ask_rotation(*ends, signature, sender=suite.registrar)
    boa.env.evm.patch.timestamp += 7 * DAY_S - 1
    authority.confirm_rotation(*ends, sender=suite.verifier)

    assert late == "authority: request for a rotation is over"
    assert authority.org_of(NEW.address) == 2


@pytest.mark.parametrize("deputises", [False, True])
def test_however_often_an_account_is_rotated_its_post_can_be_given_on(suite, old, deputises):
    authority, post = suite.authority, opened(suite, boa.env.generate_address())
    if deputises:
        suite.by_both("deputise", post, old, NOW, END)
    else:
        suite.by_both("appoint", post, old, NOW, END)
    keys = [Account.from_key(n.to_bytes(32, "big")) for n in range(1_000, 1_260)]
    for n, (before, key) in enumerate(zip([old, *(k.address for k in keys)], keys, strict=False)):
        boa.env.evm.patch.timestamp = NOW + n + 1
        rotated(suite, before, key)
    boa.env.evm.patch.timestamp = NOW + 300
    if deputises:
        suite.by_both("relieve", post)
        suite.by_both("deputise", post, NEW.address, NOW, END)
    else:
        suite.by_both("appoint", post, NEW.address, NOW, END)

    held = authority.deputy if deputises else authority.holder
    assert [held(post, NOW + s) for s in (0, 1, 200, 260, 299, 300)] == [
        *(old, keys[0].address, keys[199].address, keys[259].address, keys[259].address),
        NEW.address,
    ]
    assert authority.can(NEW.address, CLERK)
    assert not authority.can(keys[259].address, CLERK)


def test_whoever_asked_does_not_confirm_nor_under_a_rotated_key(suite, old):
    authority = suite.authority
    opened(suite, old, 1 | 2)
    signature = consent(suite, HOLDER.address)
    authority.ask_rotation(HOLDER.address, NEW.address, signature, sender=old)

    same = reason(authority.confirm_rotation, HOLDER.address, NEW.address, sender=old)
    rotated(suite, old, OTHER)
    turned = reason(authority.confirm_rotation, HOLDER.address, NEW.address, sender=OTHER.address)

    assert same == turned == "authority: whoever asked cannot confirm"


def test_a_confirmation_is_of_the_account_that_was_read(suite):
    authority, signature = suite.authority, consent(suite, HOLDER.address)
    authority.ask_rotation(HOLDER.address, NEW.address, signature, sender=suite.registrar)

    answer = reason(
        authority.confirm_rotation, HOLDER.address, OTHER.address, sender=suite.verifier
    )

    assert answer == "authority: another account was asked for"


def test_what_was_taken_in_the_meantime_is_not_rotated_onto(suite):
    authority, signature = suite.authority, consent(suite, HOLDER.address)
    authority.ask_rotation(HOLDER.address, NEW.address, signature, sender=suite.registrar)
    opened(suite, NEW.address)

    answer = reason(authority.confirm_rotation, HOLDER.address, NEW.address, sender=suite.verifier)

    assert answer == "authority: new account is in use"


def test_an_act_of_two_hands_is_not_done_by_one_under_two_keys(suite, old):
    applications = suite.applications
    opened(suite, old, REVIEWER | 128)
    number = applications.apply(suite.face(), 0, sender=suite.holder)
    applications.accept(number, 0, sender=suite.clerk)
    applications.review(number, True, HASH, 0, sender=old)

    rotated(suite, old)

    answer = reason(applications.decide, number, True, 0, 0, sender=NEW.address)
    assert answer == "applications: reviewer cannot decide"
    applications.decide(number, True, 0, 0, sender=suite.decider)


def test_a_line_of_rotations_is_one_hand_and_a_stranger_another(suite, old):
    authority = suite.authority
    opened(suite, old)
    rotated(suite, old)
    authority.rotate(OTHER.address, consent(suite, NEW.address, OTHER), sender=NEW.address)

    assert authority.same_hand(old, OTHER.address)
    assert authority.same_hand(NEW.address, OTHER.address)
    assert not authority.same_hand(old, suite.clerk)


def test_registering_and_verifying_take_two_hands_too(suite, old):
    authority = suite.authority
    opened(suite, old, 1 | 2)
    signature = request_signature(authority, "Inn", CREDIT_CODES[2], OTHER)
    number = authority.register("Inn", CREDIT_CODES[2], OTHER.address, signature, sender=old)
    rotated(suite, old)

    answer = reason(authority.verify, number, sender=NEW.address)

    assert answer == "authority: registrar cannot verify"


def test_rotate_refuses_what_the_new_account_did_not_sign(suite, old):
    opened(suite, old)
    unsigned = "authority: new account did not sign"
    rotate = suite.authority.rotate

    by_another = consent(suite, old, OTHER, NEW.address)
    assert reason(rotate, NEW.address, by_another, sender=old) == unsigned
    for_another = consent(suite, suite.clerk)
    assert reason(rotate, NEW.address, for_another, sender=old) == unsigned
    assert reason(rotate, NEW.address, b"\1" * 64, sender=old) == unsigned
    assert reason(rotate, NEW.address, b"\1" * 65, sender=old) == unsigned


def test_rotate_refuses_an_empty_or_a_used_new_account(suite, old):
    authority, other = suite.authority, opened(suite, boa.env.generate_address())
    opened(suite, old)
    used = "authority: new account is in use"

    assert reason(authority.rotate, EMPTY, b"", sender=old) == "authority: new account is empty"
    for taken in (old, suite.clerk, HOLDER.address):
        assert reason(authority.rotate, taken, b"", sender=old) == used
    deputy = boa.env.generate_address()
    suite.by_both("deputise", other, deputy, NOW, END)
    assert reason(authority.rotate, deputy, b"", sender=old) == used
    rotated(suite, old)
    assert reason(authority.rotate, old, b"", sender=NEW.address) == used


def test_who_has_nothing_hands_nothing_on(suite, old):
    authority = suite.authority
    signature = request_signature(authority, "Inn", CREDIT_CODES[2], OTHER)
    authority.register("Inn", CREDIT_CODES[2], OTHER.address, signature, sender=suite.registrar)

    for nobody in (old, OTHER.address):
        answer = reason(authority.rotate, NEW.address, consent(suite, nobody), sender=nobody)
        assert answer == "authority: old account has nothing to hand on"


def test_a_registration_that_nobody_verified_does_not_keep_an_account_from_rotating(suite, old):
    authority = suite.authority
    signature = request_signature(authority, "Inn", CREDIT_CODES[2], NEW)
    number = authority.register(
        "Inn", CREDIT_CODES[2], NEW.address, signature, sender=suite.registrar
    )

    rotated(suite, HOLDER.address)

    answer = reason(authority.verify, number, sender=suite.verifier)
    assert answer == "authority: registration gave way to a later one"


def test_a_rotated_account_can_be_given_a_post_again(suite, old):
    opened(suite, old)
    rotated(suite, old)

    opened(suite, old, REVIEWER)

    assert suite.authority.can(old, REVIEWER)
    assert refused(suite, "appoint", 1, old, T0, END) == "authority: holder has a post"
