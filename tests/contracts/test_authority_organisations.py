"""Organisations: registered from a request their account signed, verified by another officer."""

import boa
import pytest
from eth_account import Account

from tests.contracts.answers import events, reason
from tests.contracts.suite import CREDIT_CODES, NOW, request_signature

KEY = Account.from_key(b"\x04" * 32)
NAME, CODE = "Hill Street laundry", CREDIT_CODES[2]
NOBODY = "0x" + "00" * 20


def request(suite, name=NAME, code=CODE, key=KEY):
    signature = request_signature(suite.authority, name, code, key)
    return name, code, key.address, signature


def registered(suite, sender=None):
    return suite.authority.register(*request(suite), sender=sender or suite.registrar)


def test_register_keeps_the_organisation_by_code_and_account(suite):
    org_id = registered(suite)

    assert events(suite.authority) == [
        (
            "OrganisationRegistered",
            {
                "org_id": org_id,
                "account": KEY.address,
                "by": suite.registrar,
                "name": NAME,
                "credit_code": CODE,
            },
        )
    ]
    assert tuple(suite.authority.org(org_id)) == (
        NAME,
        CODE,
        KEY.address,
        suite.registrar,
        NOBODY,
        NOW,
        0,
    )
    assert suite.authority.org_count() == org_id
    assert suite.authority.org_of(KEY.address) == org_id
    assert suite.authority.org_by_code(CODE) == org_id
    assert not suite.authority.is_verified(org_id)


def refused(suite, *arguments):
    return reason(suite.authority.register, *arguments, sender=suite.registrar)


def test_register_refuses_an_empty_name(suite):
    assert refused(suite, *request(suite, name="")) == "authority: empty name"


def test_a_credit_code_and_an_account_belong_to_one_organisation(suite):
    other = Account.from_key(b"\x05" * 32)
    taken = request(suite, code=CREDIT_CODES[0])
    suite.authority.verify(registered(suite), sender=suite.verifier)

    assert refused(suite, *taken) == "authority: credit code is registered"
    assert refused(suite, *request(suite, key=other)) == "authority: credit code is registered"
    second_code = request(suite, code="91110000710925462X")
    assert refused(suite, *second_code) == "authority: account has an organisation"


def test_register_refuses_a_request_that_the_account_did_not_sign(suite):
    other = Account.from_key(b"\x05" * 32)
    name, code, account, signature = request(suite)
    elsewhere = request_signature(suite.standards, name, code, KEY)
    unsigned = "authority: request is not signed by the account"

    assert refused(suite, name, code, account, request(suite, key=other)[3]) == unsigned
    assert refused(suite, "Another name", code, account, signature) == unsigned
    assert refused(suite, name, "91110000710925462X", account, signature) == unsigned
    assert refused(suite, name, code, account, signature[:64]) == unsigned
    assert refused(suite, name, code, account, elsewhere) == unsigned


@pytest.mark.parametrize("signature", [b"", b"\0" * 65], ids=["none", "zeros"])
def test_the_zero_account_cannot_be_registered_by_a_broken_signature(suite, signature):
    answer = refused(suite, NAME, CODE, NOBODY, signature)

    assert answer == "authority: request is not signed by the account"


@pytest.mark.parametrize(
    "code",
    [
        "914403001922038216",
        "91330100799655058B",
        "91110000802100433B",
        "91110000710925462X",
        "9144030071526726XG",
        "910010000000000000",  # sum 31: the check is 0, not 31
        "91000000000000000K",
    ],
)
def test_credit_codes_of_gb_32100_are_taken(suite, code):
    known = suite.authority.org_by_code(code) != 0

    if known:
        assert refused(suite, *request(suite, code=code)) == "authority: credit code is registered"
    else:
        assert suite.authority.register(*request(suite, code=code), sender=suite.registrar)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("914403001922038217", "credit: check character is wrong"),
        ("91110108717809965C", "credit: check character is wrong"),
        ("91000000000000000V", "credit: check character is wrong"),
        ("9144030019220382I6", "credit: character outside the alphabet"),
        ("91440300192203821O", "credit: check character is wrong"),
        ("91440300s922038216", "credit: character outside the alphabet"),
        ("9144030019220382 6", "credit: character outside the alphabet"),
        ("91440300192203821", "credit: code needs 18 characters"),
        ("", "credit: code needs 18 characters"),
    ],
)
def test_a_bad_credit_code_is_refused_with_what_is_wrong(suite, code, why):
    assert refused(suite, *request(suite, code=code)) == why


def test_verify_by_another_officer_funds_the_account(suite):
    org_id = registered(suite)
    boa.env.set_balance(suite.verifier, 10**18)

    suite.authority.verify(org_id, sender=suite.verifier, value=10**17)

    assert events(suite.authority) == [
        (
            "OrganisationVerified",
            {
                "org_id": org_id,
                "account": KEY.address,
                "by": suite.verifier,
                "funded_wei": 10**17,
            },
        )
    ]
    assert suite.authority.is_verified(org_id)
    assert suite.authority.org(org_id).verified_by == suite.verifier
    assert suite.authority.org(org_id).verified_at == NOW
    assert boa.env.get_balance(KEY.address) == 10**17
    assert boa.env.get_balance(suite.authority.address) == 0


def test_verify_without_funds_sends_nothing(suite):
    org_id = registered(suite)

    suite.authority.verify(org_id, sender=suite.verifier)

    assert suite.authority.is_verified(org_id)
    assert boa.env.get_balance(KEY.address) == 0


def test_the_registering_officer_cannot_verify(suite):
    both = boa.env.generate_address()
    suite.by_both("open_post", 1, "front desk", 3, both, 0, NOW + 1)
    org_id = registered(suite, sender=both)

    answer = reason(suite.authority.verify, org_id, sender=both)

    assert answer == "authority: registrar cannot verify"


def test_verify_refuses_what_is_unknown_or_verified(suite):
    unknown = reason(suite.authority.verify, 99, sender=suite.verifier)
    again = reason(suite.authority.verify, 1, sender=suite.verifier)

    assert unknown == "authority: unknown organisation"
    assert again == "authority: organisation is verified"
