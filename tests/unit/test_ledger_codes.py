"""Supply codes off the chain: digests, codes as people type them, shares, evidence."""

import json

import pytest

from ledger import codes
from ledger.errors import UsageError
from tests.conftest import PROJECT

VECTORS = json.loads((PROJECT / "tests" / "vectors" / "codes.json").read_text(encoding="utf-8"))
CODES = [vector["code"] for vector in (*VECTORS["codes"], *VECTORS["records"])]


@pytest.mark.parametrize("vector", VECTORS["records"], ids=lambda vector: vector["code"])
def test_records_have_the_digests_of_the_vectors(vector):
    record = vector["record"] | {"evidence_hash": bytes.fromhex(vector["record"]["evidence_hash"])}

    hashed = codes.digest(record)

    assert (hashed.hex(), codes.code_for(hashed)) == (vector["digest"], vector["code"])


@pytest.mark.parametrize("vector", VECTORS["codes"], ids=lambda vector: vector["code"])
def test_digests_have_the_codes_of_the_vectors(vector):
    assert codes.code_for(bytes.fromhex(vector["digest"])) == vector["code"]


@pytest.mark.parametrize("vector", VECTORS["shares"])
def test_volumes_have_the_shares_of_the_vectors(vector):
    volumes = vector["delivered_l"], vector["given_l"], vector["feeds"]

    assert codes.shares(*volumes) == vector["shares_bps"]


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_read_as_it_was_printed(code):
    assert codes.read_code(code) == code


def test_what_people_mistake_for_another_digit_is_read():
    assert codes.read_code("ooOo-oolo *") == "00000010*"


@pytest.mark.parametrize("text", ["", "0000000", "00000010", "00000010*0", "0000U010*"])
def test_what_can_be_no_code_is_refused(text):
    with pytest.raises(UsageError, match="is no supply code"):
        codes.read_code(text)


@pytest.mark.parametrize("code", CODES[4:])
def test_any_one_wrong_digit_is_found(code):
    for place in range(codes.LENGTH):
        for digit in codes.DIGITS.replace(code[place], ""):
            with pytest.raises(UsageError, match="wrong check symbol"):
                codes.read_code(code[:place] + digit + code[place + 1 :])


@pytest.mark.parametrize("code", CODES)
def test_any_two_digits_that_changed_places_are_found(code):
    for one in range(codes.LENGTH):
        for other in range(one):
            digits = list(code)
            digits[one], digits[other] = digits[other], digits[one]
            if "".join(digits) != code:
                with pytest.raises(UsageError, match="wrong check symbol"):
                    codes.read_code("".join(digits))


def test_evidence_is_the_same_in_any_order_and_differs_by_verdict():
    one = {"channel": 1, "period": 5, "limit_id": 2, "total": 9, "count": 3, "verdict": 1}
    other = one | {"channel": 2}

    assert codes.evidence([one, other]) == codes.evidence([other, one])
    assert codes.evidence([one]) != codes.evidence([one | {"verdict": 2}])
