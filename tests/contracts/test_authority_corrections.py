"""A registration that nobody verified gives way, so that a wrong one keeps nothing for good."""

from eth_account import Account

from tests.contracts.answers import reason
from tests.contracts.suite import CREDIT_CODES, request_signature

OWNER, STRANGER = Account.from_key(b"\x04" * 32), Account.from_key(b"\x05" * 32)
CODE, OTHER_CODE = CREDIT_CODES[2], "91110000710925462X"
GAVE_WAY = "authority: registration gave way to a later one"


def registered(suite, key, code=CODE, name="Laundry"):
    signature = request_signature(suite.authority, name, code, key)
    return suite.authority.register(name, code, key.address, signature, sender=suite.registrar)


def verified(suite, org_id):
    suite.authority.verify(org_id, sender=suite.verifier)
    return suite.authority.is_verified(org_id)


def test_a_credit_code_claimed_by_a_stranger_is_not_lost_to_its_owner(suite):
    claimed = registered(suite, STRANGER)

    owned = registered(suite, OWNER)

    assert suite.authority.org_by_code(CODE) == owned
    assert reason(suite.authority.verify, claimed, sender=suite.verifier) == GAVE_WAY
    assert verified(suite, owned)
    assert suite.authority.org(claimed).account == STRANGER.address


def test_an_account_that_asked_with_a_wrong_code_can_ask_again(suite):
    wrong = registered(suite, OWNER, OTHER_CODE)

    right = registered(suite, OWNER)

    assert suite.authority.org_of(OWNER.address) == right
    assert reason(suite.authority.verify, wrong, sender=suite.verifier) == GAVE_WAY
    assert verified(suite, right)


def test_a_verified_organisation_gives_way_to_nobody(suite):
    assert verified(suite, registered(suite, OWNER))

    by_code = request_signature(suite.authority, "Laundry", CODE, STRANGER)
    by_account = request_signature(suite.authority, "Laundry", OTHER_CODE, OWNER)
    register, by = suite.authority.register, suite.registrar
    claimed = reason(register, "Laundry", CODE, STRANGER.address, by_code, sender=by)
    again = reason(register, "Laundry", OTHER_CODE, OWNER.address, by_account, sender=by)

    assert claimed == "authority: credit code is registered"
    assert again == "authority: account has an organisation"
