"""The mutator: which faults it puts into a contract, and where it puts none."""

from collections import Counter
from pathlib import Path

import pytest

from checks import mutants, trials
from checks.mutants import mutants_of
from checks.trials import HEARD_BY, touched
from tests.conftest import PROJECT

SOURCE = '''# pragma version 0.4.3
"""
@notice Never more than MAX: a < b and c == d.
"""

MAX: constant(uint256) = 7 * 86_400  # a <= b or not
NAME: constant(bytes32) = keccak256("a < b")


@external
def draw(volume_l: uint256, by: address):
    """
    @notice assert volume_l > 0 and log nothing
    """
    access._only(duties.RELAY)
    self._require_open(volume_l)
    self._count(volume_l)
    assert (
        volume_l <= MAX  # and no more
        and by != self
    ), "quota: a < b, assert"
    if volume_l >= 2:
        log IQuota.Drawn(
            volume_l=volume_l,
            by=by,
        )
'''


def found(operator, source=SOURCE):
    """What an operator makes of a source: statements before and after."""
    return [(m.before, m.after) for m in mutants_of("Q.vy", source) if m.operator == operator]


def statement(line):
    """What every operator makes of one line of a function."""
    source = f"def f():\n    {line}\n"
    return sorted((m.operator, m.after) for m in mutants_of("Q.vy", source))


@pytest.mark.parametrize(
    ("before", "swapped", "moved"),
    [
        ("a < b", "a <= b", "a + 1 < b"),
        ("a <= b", "a < b", "a <= 1 + b"),
        ("a > b", "a >= b", "a > 1 + b"),
        ("a >= b", "a > b", "a + 1 >= b"),
        ("a < 5", "a <= 5", "a < 4"),
        ("a > 0", "a >= 0", "a > 1"),
        ("a == 0", "a != 0", "a == 1"),
        ("a <= 1_000", "a < 1_000", "a <= 1001"),
        ("a <= 2**32", "a < 2**32", "a <= 1 + 2**32"),
    ],
)
def test_a_comparison_is_swapped_and_its_bound_moved_the_other_way(before, swapped, moved):
    assert statement(f"ok: bool = {before}") == [
        ("comparison", f"ok: bool = {swapped}"),
        ("off by one", f"ok: bool = {moved}"),
    ]


@pytest.mark.parametrize("before", ["a == b", "a != b"])
def test_what_is_compared_for_equality_may_be_no_number_and_is_not_moved(before):
    assert [operator for operator, _ in statement(f"ok: bool = {before}")] == ["comparison"]


def test_a_bound_is_not_moved_below_zero():
    assert statement("ok: bool = a >= 0") == [("comparison", "ok: bool = a > 0")]


def test_a_constant_that_is_a_number_is_moved_both_ways():
    moved = [after for before, after in found("off by one") if before.startswith("MAX")]

    assert moved == [
        "MAX: constant(uint256) = 7 * 86_400 + 1",
        "MAX: constant(uint256) = 7 * 86_400 - 1",
    ]


def test_and_becomes_or_and_or_becomes_and():
    assert statement("ok: bool = a and b or c") == [
        ("and/or", "ok: bool = a and b and c"),
        ("and/or", "ok: bool = a or b or c"),
    ]


def test_an_assert_of_several_lines_is_dropped_whole():
    [(before, after)] = found("assert dropped")

    assert before.startswith("assert ( volume_l <= MAX")
    assert after == "pass"


def test_an_event_of_several_lines_is_dropped_whole():
    assert found("event dropped") == [("log IQuota.Drawn( volume_l=volume_l, by=by, )", "pass")]


def test_a_duty_and_a_check_are_dropped_and_another_call_is_not():
    assert found("duty dropped") == [("access._only(duties.RELAY)", "pass")]
    assert found("check dropped") == [("self._require_open(volume_l)", "pass")]


def test_the_file_is_otherwise_as_it_was():
    for mutant in mutants_of("Q.vy", SOURCE):
        if mutant.after == "pass" and mutant.operator != "assert dropped":
            kept = [line for line in mutant.source.splitlines() if line.strip() != "pass"]
            assert set(kept) < set(SOURCE.splitlines())
    [swapped] = [m for m in mutants_of("Q.vy", SOURCE) if m.after == "if volume_l > 2:"]
    assert swapped.source == SOURCE.replace("volume_l >= 2", "volume_l > 2")
    assert (swapped.line, swapped.within) == (22, "draw")


def test_docstrings_comments_reasons_and_imports_are_never_touched():
    for mutant in mutants_of("Q.vy", SOURCE):
        assert mutant.source.count('"""') == 4
        assert "Never more than MAX: a < b and c == d." in mutant.source
        assert "assert volume_l > 0 and log nothing" in mutant.source
        assert "# a <= b or not" in mutant.source
        assert 'keccak256("a < b")' in mutant.source
        assert "quota: a < b, assert" in mutant.source or mutant.after == "pass"


def test_every_contract_has_mutants_and_each_differs_from_its_file():
    every = mutants.mutants(PROJECT)

    assert len({mutant.file for mutant in every}) > 25
    assert len({mutant.operator for mutant in every}) == 7
    for mutant in every:
        assert mutant.before != mutant.after


def test_a_sample_is_the_same_for_the_same_seed_and_keeps_the_order_of_the_files():
    def sample(seed):
        return mutants.mutants(PROJECT, ["Tariff", "Council"], 20, seed)

    assert sample(3) == sample(3) != sample(4)
    assert len(sample(3)) == 20
    assert {mutant.file.split("/")[-1] for mutant in sample(3)} == {"Council.vy", "Tariff.vy"}
    assert sample(3) == sorted(sample(3), key=lambda mutant: (mutant.file, mutant.line))


def test_so_many_of_every_file_are_drawn_and_all_of_one_that_has_fewer():
    drawn = Counter(mutant.file for mutant in mutants.mutants(PROJECT, each=3))
    there = Counter(mutant.file for mutant in mutants.mutants(PROJECT))

    assert drawn == {file: min(count, 3) for file, count in there.items()}


def test_a_contract_that_is_not_there_is_refused():
    with pytest.raises(SystemExit, match="no such contract: Pump"):
        mutants.mutants(PROJECT, ["Pump"])


def test_a_fault_in_a_module_touches_every_contract_that_is_made_with_it():
    contracts = {"QuotaTracker": "cycle", "Tariff": "rights", "Council": "foundation"}

    assert touched(PROJECT, "contracts/modules/tiers.vy", contracts) == ["QuotaTracker"]
    assert touched(PROJECT, "contracts/modules/access.vy", contracts) == list(contracts)
    assert touched(PROJECT, "contracts/rights/Tariff.vy", contracts) == ["Tariff"]


def test_a_contract_is_heard_of_by_its_own_tests_and_by_those_of_refused_callers():
    heard = trials.tests_of(PROJECT, "contracts/oversight/Evidence.vy")

    assert [Path(path).name for path in heard] == ["test_evidence.py", "test_refused_callers.py"]
    assert trials.tests_of(PROJECT, "contracts/modules/names.vy") == (
        str(PROJECT / "tests/contracts"),
    )


def test_whatever_is_said_to_hear_of_a_contract_is_there():
    folder = PROJECT / "tests" / "contracts"
    named = {pattern for patterns in HEARD_BY.values() for pattern in patterns}

    assert sorted(name for name in named if not list(folder.glob(f"test_{name}.py"))) == []
    assert set(HEARD_BY) <= {path.stem for path in (PROJECT / "contracts").rglob("*.vy")}


def test_every_explanation_is_of_a_mutant_there_is_and_says_why():
    keys = {mutant.key for mutant in mutants.mutants(PROJECT)}

    for key, why in mutants.explained(PROJECT).items():
        assert key in keys
        assert len(why.split()) > 5


@pytest.fixture
def verdicts(monkeypatch, tmp_path):
    """Runs the command on one small contract, each of its mutants ending as told."""

    def given(*told, explains="[]", asked=()):
        class Told:
            def __init__(self, _):
                self.told = list(told)

            def verdict(self, *_):
                return self.told.pop(0)

        (tmp_path / "contracts").mkdir(exist_ok=True)
        (tmp_path / "contracts" / "Q.vy").write_text("def f():\n    assert a > b\n")
        (tmp_path / "checks").mkdir(exist_ok=True)
        (tmp_path / "checks" / "mutants.yaml").write_text(explains)
        monkeypatch.setattr(mutants, "PROJECT", tmp_path)
        monkeypatch.setattr(mutants, "Trials", Told)
        return mutants.main(asked)

    return given


def test_all_killed_passes(verdicts, capsys):
    assert verdicts("killed", "stillborn", "killed") == 0
    last = capsys.readouterr().out.splitlines()[-1].split()
    assert last == ["all", "3", "2", "0", "0", "1", "100.0%"]


def test_a_survivor_is_shown_where_it_stands_and_too_few_killed_is_exit_6(verdicts, capsys):
    assert verdicts("killed", "killed", "survived") == 6
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "contracts/Q.vy:2: off by one in f",
        "  - assert a > b",
        "  + assert a > 1 + b",
    ]


def test_a_survivor_that_is_explained_counts_neither_way(verdicts, capsys):
    explains = (
        '[{file: contracts/Q.vy, within: f, before: "assert a > b", after: "assert a > 1 + b",'
        " why: b is even and a is odd}]"
    )

    assert verdicts("killed", "killed", "survived", explains=explains) == 0
    last = capsys.readouterr().out.splitlines()[-1].split()
    assert last == ["all", "3", "2", "0", "1", "0", "100.0%"]


def test_a_run_goes_on_from_the_verdicts_of_one_that_was_ended(verdicts, capsys, tmp_path):
    kept = ["--kept", str(tmp_path / "kept")]
    with pytest.raises(IndexError):  # nobody is left to judge the last one
        verdicts("killed", "survived", asked=kept)

    assert verdicts("killed", asked=kept) == 6
    last = capsys.readouterr().out.splitlines()[-4].split()
    assert last == ["all", "3", "2", "1", "0", "0", "66.7%"]
