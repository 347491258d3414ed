"""Unified social credit codes: the published vectors and the arithmetic's traps."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ledger.credit import ALPHABET, WEIGHTS, check, check_character, inner_warning
from ledger.errors import BadCreditCode
from tests.conftest import PROJECT

VALID = [
    "914403001922038216",
    "91330100799655058B",
    "91110000802100433B",
    "91110000710925462X",
    "9144030071526726XG",  # X inside the body
    "910010000000000000",  # the sum is 0 modulo 31: the check character is 0, not 31
    "91000000000000000K",
]


@pytest.mark.parametrize("code", VALID)
def test_a_published_code_passes_with_its_inner_check(code):
    assert check(code) == code
    assert inner_warning(check(code)) is None


@pytest.mark.parametrize("code", ["914403001922038217", "91110108717809965C"])
def test_a_wrong_check_character_is_refused(code):
    with pytest.raises(BadCreditCode, match="check character") as refused:
        check(code)

    assert code in refused.value.message
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "0 characters"),
        ("91440300192203821", "17 characters"),
        ("9144030019220382166", "19 characters"),
        ("I14403001922038216", "'I' at position 1"),
        ("91440300192203821O", "'O' at position 18"),
        ("9144030019220382١6", "position 17"),
    ],
)
def test_a_code_of_another_shape_is_refused_by_name(text, reason):
    with pytest.raises(BadCreditCode, match=reason):
        check(text)


def test_spaces_and_lower_case_are_one_spelling_with_the_code():
    assert check(" 9144 0300 7152 6726 xg\n") == "9144030071526726XG"


def test_a_failing_inner_check_warns_and_does_not_refuse():
    body = "91440300192203822"  # position 17 should be 1
    code = check(body + check_character(body))

    assert "GB 11714" in (inner_warning(code) or "")


def test_letters_in_the_organisation_code_are_not_judged():
    body = "91110108MA01ABCD0"
    code = check(body + check_character(body))

    assert inner_warning(code) is None


@given(
    st.text(ALPHABET, min_size=17, max_size=17),
    st.integers(0, 16),
    st.sampled_from(ALPHABET),
)
def test_every_single_wrong_character_is_caught(body, place, letter):
    code = body + check_character(body)
    changed = code[:place] + letter + code[place + 1 :]

    assert check(code) == code
    if changed != code:
        with pytest.raises(BadCreditCode):
            check(changed)


@pytest.mark.parametrize(
    ("code", "total", "remainder"),
    [
        ("914403001922038216", 831, 25),
        ("91330100799655058B", 1384, 20),
        ("91110000802100433B", 485, 20),
        ("91110000710925462X", 746, 2),
        ("9144030071526726XG", 1782, 15),
        ("914403001922038217", 831, 25),
        ("91110108717809965C", 1284, 13),
        ("910010000000000000", 31, 0),
        ("91000000000000000K", 12, 12),
    ],
)
def test_the_sums_are_those_of_the_published_vectors(code, total, remainder):
    found = sum(ALPHABET.index(c) * w for c, w in zip(code, WEIGHTS, strict=False))

    assert (found, found % 31) == (total, remainder)
    assert check_character(code) == ALPHABET[-remainder % 31]


def test_a_circulating_mock_code_fails_both_checks():
    assert check_character("91110108717809965") == "J"
    assert inner_warning("91110108717809965C") is not None


def test_weights_and_alphabet_are_those_of_the_contract():
    text = (PROJECT / "contracts" / "modules" / "gb32100.vy").read_text(encoding="utf-8")
    weights = re.search(r"WEIGHTS: .*= \[([\d, ]+)\]", text)

    assert weights and tuple(int(w) for w in weights[1].split(",")) == WEIGHTS
    assert tuple(3**i % 31 for i in range(17)) == WEIGHTS
    assert len(ALPHABET) == 31 and not set("IOSVZ") & set(ALPHABET)


def test_the_demo_citys_codes_are_right():
    city = yaml.safe_load((PROJECT / "data" / "city.yaml").read_text(encoding="utf-8"))

    for one in city["organisations"]:
        assert check(str(one["credit_code"])) == str(one["credit_code"])
