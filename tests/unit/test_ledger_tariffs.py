"""Tariffs from a file to the fields the contract holds."""

import pytest

from ledger.errors import BadRecord, FractionError, NotFound, UnknownUnit
from ledger.tariffs import BASES, CONVENTIONS, KINDS, below_least_ratio, read_tariffs
from tests.conftest import PROJECT
from tests.unit.test_scripts_words import constants

FILE = PROJECT / "standards" / "tariffs.yaml"
ENTRY = {
    "kind": "non-resident",
    "period": "year",
    "charge": "water price",
    "prices": "[4.00 yuan]",
    "verified": "no",
}


def written(tmp_path, rules="{}", **changed):
    """A file with one tariff."""
    fields = "\n".join(f"    {key}: {value}" for key, value in (ENTRY | changed).items() if value)
    path = tmp_path / "tariffs.yaml"
    path.write_text(f"over_plan: {rules}\ntariffs:\n  t:\n{fields}\n", encoding="utf-8")
    return path


def test_words_are_numbered_as_the_contract_numbers_them():
    held = constants("rights/Tariff.vy")

    assert {word.upper().replace("-", "_"): n for n, word in KINDS.items()}.items() <= held.items()
    assert (CONVENTIONS["total"], CONVENTIONS["added"]) == (held["TOTAL"], held["ADDED"])
    assert (BASES["water price"], BASES["full price"]) == (held["WATER_PRICE"], held["FULL_PRICE"])


def test_the_tariffs_of_the_project_keep_the_least_ratio_and_say_they_are_not_verified():
    tariffs = read_tariffs(FILE)

    assert not below_least_ratio(tariffs["resident"]["prices_uy_m3"])
    assert not any(terms["verified"] for terms in tariffs.values())
    assert tariffs["non-resident"]["multiples_bps"] == [20_000, 30_000, 40_000]
    assert tariffs["resident"]["cuts_l"] == [15_000, 25_000]


def test_a_rule_of_a_surcharge_brings_its_convention_cuts_and_multiples(tmp_path):
    rule = "{r: {convention: added, free: 5 %, cuts: [20 %], multiples: [50 %, 100 %]}}"

    terms = read_tariffs(written(tmp_path, rule, over_plan="r", base="full price"))["t"]

    assert (terms["convention"], terms["base"], terms["free_bps"]) == (2, 2, 500)
    assert (terms["cuts_bps"], terms["multiples_bps"]) == ([2_000], [5_000, 10_000])


@pytest.mark.parametrize(
    ("changed", "failure"),
    [
        ({"kind": "farm"}, BadRecord),
        ({"kind": ""}, BadRecord),
        ({"period": "week"}, BadRecord),
        ({"prices": "[4.00]"}, UnknownUnit),
        ({"prices": "[0.0000001 yuan]"}, FractionError),
        ({"prices": "4 yuan"}, UnknownUnit),
        ({"cuts": "[1 mL]"}, FractionError),
        ({"over_plan": "nowhere"}, BadRecord),
        ({"base": "half"}, BadRecord),
        ({"verified": ""}, BadRecord),
    ],
)
def test_a_tariff_that_is_not_exact_or_not_whole_is_refused(tmp_path, changed, failure):
    with pytest.raises(failure):
        read_tariffs(written(tmp_path, **changed))


@pytest.mark.parametrize("text", ["", "[]", "{", "tariffs: {}"])
def test_a_file_of_another_form_is_refused(tmp_path, text):
    path = tmp_path / "tariffs.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(BadRecord):
        read_tariffs(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(NotFound, match="no tariffs at"):
        read_tariffs(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("prices", "below"),
    [([10, 15, 30], False), ([10, 14, 30], True), ([10, 15, 29], True), ([10, 20, 40, 50], False)],
)
def test_blocks_that_rise_too_little_are_found(prices, below):
    assert below_least_ratio(prices) == below
