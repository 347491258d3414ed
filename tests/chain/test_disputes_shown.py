"""Keys, disputes, comparisons and evidence grades as the commands show them."""

import json

import pytest

from ledger.errors import BadRecord
from ledger.telegrams import Signed
from oracle.comparison import compare, load
from scripts import _comparing, _keys, dispute
from scripts._series import say_evidence, vouched
from scripts._showing import exact
from tests.chain.test_london import disputes_a_reading
from tests.contracts.signing import DEVICE_KEY, SETTLED, domain, sign


@pytest.fixture
def meter(town):
    return disputes_a_reading(town.suite)


def test_keys_are_told_with_their_devices_grade_and_end(here, meter):
    own, gateway = _keys.key_documents(here)

    assert (own["kind"], own["grade"], own["revoked_at"]) == ("secp256k1", "device-signed", None)
    assert own["public_key"] == DEVICE_KEY.address.lower()
    assert (own["devices"], own["until_at"]) == ([f"DEV-{meter.device}"], None)
    assert (gateway["kind"], gateway["grade"], len(gateway["devices"])) == ("P-256", "gateway", 2)
    assert gateway["revoked_at"] and gateway["until_at"]


def test_a_dispute_is_told_with_both_values_and_how_it_ended(here, meter):
    [one] = dispute._documents(here)

    assert (one["dispute"], one["state"], one["key"]) == (1, "upheld", meter.key)
    assert (one["settled_value"], one["said_value"]) == (SETTLED, SETTLED + 5)
    assert (one["settled"], one["said"]) == ("register 0.14 m3", "register 0.145 m3")
    assert (one["evidence"], one["key_revoked"]) == ("operator's oracle", False)
    assert one["note_hash"] == "0x" + "01" * 32


def test_telegrams_of_a_file_are_compared_with_what_settled(here, town, meter):
    path = town.folder / "telegrams.jsonl"
    for value in (SETTLED, SETTLED + 5):
        telegram = meter.telegram(value)
        one = Signed(telegram, meter.key, "0x" + sign(telegram, domain(town.suite)).hex())
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(one.as_json()) + "\n")

    told = _comparing.document(here, compare(town.ledger, load(path)))

    assert [one["verdict"] for one in told] == ["same", "different"]
    first, _, _, last = _comparing.lines(told)
    assert first == "1 of 2 signed readings settled as they were signed."
    assert "register 0.145 m3" in last and last.rstrip().endswith("different")


def test_a_reading_s_moment_is_shown_so_that_it_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("WATERLINE_TIMEZONE", "UTC")

    assert exact(1_700_000_000) == "2023-11-14 22:13:20"
    assert exact(1_700_000_040) == "2023-11-14 22:14"


def test_a_line_that_is_no_telegram_is_named(tmp_path):
    path = tmp_path / "telegrams.jsonl"
    for line in ("{}", '{"telegram": 1, "signature": 2}', "not json"):
        path.write_text(f"\n{line}\n", encoding="utf-8")

        with pytest.raises(BadRecord, match="line 2"):
            load(path)


def test_the_grade_of_the_last_reading_is_told_from_the_batches(here, meter):
    told = [
        {"device": "DEV-1", "channel": meter.channel, "last_at": "2026"},
        {"device": "DEV-2", "channel": 999, "last_at": None},
    ]

    say_evidence(here, "QuotaTracker", told)

    assert vouched(told) == "DEV-1 operator's oracle, DEV-2 -"
