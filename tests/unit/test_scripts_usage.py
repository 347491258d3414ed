"""What cannot be used as given is told at once, before any chain is asked."""

import pytest

from ledger.deployment import Deployment
from tests.unit.commands import NOWHERE, apply, called, typed

CODE = "914403001922038216"
CHANNEL = ["device", "channel", "M-1", "cod", "--contract", "DischargeLimits"]
CHANNEL += ["--opened-at", "2026-01-01", "--low", "0 mg/L", "--high", "1 g/L"]


def told(error: dict[str, str]) -> str:
    """A failure as people read it."""
    remedy = f"  {error['remedy']}\n" if error["remedy"] else ""
    return f"Error: {error['message']}\n{remedy}"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (apply(annual="5 furlongs"), "unknown_unit"),
        (apply(annual="300000"), "unknown_unit"),
        (apply(annual="1.2345 m3"), "fraction"),
        (apply(annual="nan m3"), "not_a_number"),
        (apply(peak="inf m3/h"), "not_a_number"),
        (apply(kind="swimming"), "usage"),
        (apply(**{"from": "soon"}), "usage"),
        (["org", "verify", CODE, "--fund", "nan"], "not_a_number"),
        (["org", "verify", CODE, "--fund", "ten"], "not_a_number"),
        (["org", "request", "Huawei", "914403001922038217"], "bad_credit_code"),
        (["org", "request", "Huawei", "9144"], "bad_credit_code"),
        (["lane", "show", "Tariff", "1"], "usage"),
        (["station", "link", "A", "B", "--travel", "5 m3"], "unknown_unit"),
        (["station", "assign", "A", "--post", "1", "--from", "soon"], "usage"),
        (["device", "approve-exchange", "M-1", "--closing", "1.00001 m3"], "fraction"),
        ([*CHANNEL, "--cadence", "1 minute"], "unknown_unit"),
        ([*CHANNEL, "--cadence", "1 min", "--resolution", "0.01 pH"], "unknown_unit"),
        (["lane", "open", "Tariff", "--relay", "relay-1"], "usage"),
        (["trace", "up", "A", "--at", "soon"], "usage"),
        (["upkeep", "--only", "cleaning"], "usage"),
    ],
)
def test_a_value_that_cannot_be_used_is_exit_code_2(tmp_path, arguments, code):
    Deployment(1, "0x", 0).save(tmp_path / "deployment.json")

    said = called(*arguments, "--network", NOWHERE, "--json", home=tmp_path)

    assert (said.exit_code, said.error["code"]) == (2, code)
    assert said.error["message"] and said.err == told(said.error)


def test_a_mistake_in_the_arguments_is_json_as_well(tmp_path):
    said = typed("permit", "show", "--json", home=tmp_path)

    assert (said.exit_code, said.error["code"]) == (2, "usage")
    assert "Missing argument" in said.error["message"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["permit"],
        ["permit", "show"],
        ["permit", "show", "X", "--nonsense"],
        ["permit", "review", "first"],
        ["permit", "decide", "1", "--refuse-on", "9"],
        ["account", "list", "--wait", "settled"],
    ],
)
def test_a_mistake_in_the_arguments_is_exit_code_2_with_the_usage(tmp_path, arguments):
    said = called(*arguments, home=tmp_path)

    assert said.exit_code == (0 if arguments == ["permit"] else 2)
    assert "Usage: waterline" in said.out + said.err


@pytest.mark.parametrize("content", ["devices: [{code: M-1, channels: volume}]", "devices: M-1"])
def test_a_file_of_another_form_is_exit_code_2(tmp_path, content):
    path = tmp_path / "city.yaml"
    path.write_text(content, encoding="utf-8")

    said = called("device", "judge", "-f", path, "--json", home=tmp_path)

    assert (said.exit_code, said.error["code"]) == (2, "bad_record")
    assert "city.yaml" in said.error["message"]
