"""Failures as programs see them: a code and an exit code that stay as they are."""

import inspect

import pytest

from ledger import errors

# what scripts, cron jobs and other programs rely on
CODES = {
    "WaterlineError": ("failure", 1),
    "UsageError": ("usage", 2),
    "UnknownUnit": ("unknown_unit", 2),
    "FractionError": ("fraction", 2),
    "NotANumber": ("not_a_number", 2),
    "BadCreditCode": ("bad_credit_code", 2),
    "BadRecord": ("bad_record", 2),
    "NotFound": ("not_found", 3),
    "NotAuthorised": ("not_authorised", 4),
    "AccountLocked": ("account_locked", 4),
    "ChainUnreachable": ("chain_unreachable", 5),
    "Findings": ("findings", 6),
    "WrongChain": ("wrong_chain", 1),
    "Reverted": ("reverted", 1),
    "WrongCaller": ("wrong_caller", 4),
    "NotIncluded": ("not_included", 1),
    "NotSettled": ("not_settled", 1),
    "CannotPay": ("cannot_pay", 1),
}


def kinds():
    return {
        name: kind
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.WaterlineError)
    }


def test_every_kind_of_failure_keeps_its_code_and_exit_code():
    found = {name: (kind.code, kind.exit_code) for name, kind in kinds().items()}

    assert CODES.items() <= found.items()


def test_no_two_kinds_share_a_code():
    codes = [kind.code for kind in kinds().values()]

    assert len(set(codes)) == len(codes)


def test_a_failure_as_json_has_code_message_and_remedy():
    failure = errors.NotFound("no permit 'X'", "list them")

    assert failure.as_json() == {
        "code": "not_found",
        "message": "no permit 'X'",
        "remedy": "list them",
    }


def test_a_refusal_keeps_the_contracts_own_words_and_its_transaction():
    refusal = errors.Reverted("quota: zero draw", transaction="0xabc")

    assert refusal.reason == "quota: zero draw"
    assert refusal.message == "the contract refused: quota: zero draw (transaction 0xabc)"


@pytest.mark.parametrize(
    ("reason", "exit_code"),
    [
        ("access: caller lacks duty", 4),
        ("lanes: caller is not the owner", 4),
        ("applications: reviewer cannot decide", 4),
        ("permits: proposer cannot revoke", 4),
        ("standards: opener cannot seal the set", 4),
        ("permits: already REVOKED", 1),
    ],
)
def test_a_refusal_of_the_caller_has_the_code_for_who_may_not(reason, exit_code):
    refusal = errors.refused(reason)

    assert refusal.exit_code == exit_code
    assert "waterline" in refusal.remedy
