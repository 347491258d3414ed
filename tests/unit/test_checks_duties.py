"""The table of duties: what it lacks, what is gone, and a page that is no longer current."""

import copy

import pytest

from checks import duties
from tests.conftest import PROJECT


def abis() -> dict[str, list[dict[str, str]]]:
    """ABIs that fit the table: every function it lists, and a view."""
    found = {}
    for name in duties.GATES:
        listed = {**duties.GATES[name], **duties.OPEN_TO_ANYONE.get(name, {})}
        found[name] = [
            {"type": "function", "name": function, "stateMutability": "nonpayable"}
            for function in listed
        ]
        found[name].append({"type": "function", "name": "total", "stateMutability": "view"})
    return found


def written(name: str, mutability: str = "nonpayable") -> dict[str, str]:
    return {"type": "function", "name": name, "stateMutability": mutability}


def test_a_table_that_fits_has_no_strays():
    assert duties.strays(abis()) == []


@pytest.mark.parametrize("mutability", ["nonpayable", "payable"])
def test_a_new_function_that_nobody_listed_is_found(mutability):
    found = abis()
    found["QuotaTracker"].append(written("drain", mutability))

    assert duties.strays(found) == ["QuotaTracker.drain: not in checks/duties.py"]


def test_a_view_needs_no_duty():
    found = abis()
    found["QuotaTracker"].append(written("used_l", "view"))

    assert duties.strays(found) == []


def test_a_listed_function_that_is_gone_is_found():
    found = abis()
    found["QuotaTracker"] = [e for e in found["QuotaTracker"] if e["name"] != "halt_lane"]

    assert duties.strays(found) == ["QuotaTracker.halt_lane: listed, but in no contract"]


def test_a_whole_contract_that_nobody_listed_is_found():
    assert duties.strays(abis() | {"Pump": [written("charge")]}) == [
        "Pump.charge: not in checks/duties.py"
    ]


def test_every_duty_opens_something_and_every_gate_names_a_duty_there_is():
    used = {
        name for gates in duties.GATES.values() for gate in gates.values() for name in gate.duties
    }

    assert used == set(duties.duty_notes(PROJECT))


def test_every_gate_says_who_passes_and_what_others_are_told():
    for gates in duties.GATES.values():
        for gate in gates.values():
            assert gate.who
            assert ": " in gate.reason


def test_the_page_names_every_function_of_the_table():
    text = (PROJECT / duties.PAGE).read_text(encoding="utf-8")

    for name, gates in duties.GATES.items():
        for function, gate in gates.items():
            assert f"| `{function}` | {gate.who} |" in text, f"{name}.{function}"


@pytest.fixture
def current(tmp_path, monkeypatch):
    """A project whose page was just written, without compiling anything."""
    (tmp_path / "contracts").symlink_to(PROJECT / "contracts")
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(duties, "PROJECT", tmp_path)
    monkeypatch.setattr(duties, "compiled", lambda _: abis())
    assert duties.main(["--write"]) == 0
    return tmp_path


def test_a_page_that_was_just_written_is_current(current, capsys):
    assert duties.main([]) == 0
    assert "docs/duties.md: current" in capsys.readouterr().out


def test_a_page_that_was_changed_by_hand_is_found(current, capsys):
    page = current / duties.PAGE
    page.write_text(page.read_text(encoding="utf-8") + "\n", encoding="utf-8")

    assert duties.main([]) == 1
    assert "not current; run python -m checks.duties --write" in capsys.readouterr().out


def test_a_gate_that_was_changed_makes_the_page_stale(current, monkeypatch):
    gates = copy.deepcopy(duties.GATES)
    gates["QuotaTracker"]["halt_lane"] = duties.duty("CLERK")
    monkeypatch.setattr(duties, "GATES", gates)

    assert duties.main([]) == 1


def test_strays_are_told_and_nothing_is_written_over_them(current, monkeypatch, capsys):
    before = (current / duties.PAGE).read_text(encoding="utf-8")
    found = abis() | {"Pump": [written("charge")]}
    monkeypatch.setattr(duties, "compiled", lambda _: found)

    assert duties.main(["--write"]) == 1

    assert "Pump.charge: not in checks/duties.py" in capsys.readouterr().out
    assert (current / duties.PAGE).read_text(encoding="utf-8") == before
