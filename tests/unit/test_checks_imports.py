"""The import check finds each wrong way in a tree with that fault, and none in the project."""

import pytest

from checks import imports
from tests.conftest import PROJECT


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Writes modules into an empty project; what they are called matters, not what they do."""
    monkeypatch.setattr(imports, "MEETS_THE_WORLD", {"oracle.relay": "signs and sends"})

    def written(**sources: str):
        modules = {"oracle.relay": "import web3\n"} | sources
        for name, source in modules.items():
            path = tmp_path.joinpath(*name.split(".")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        return imports.run(tmp_path)

    return written


def test_the_project_keeps_to_the_directions():
    report = imports.run(PROJECT)

    assert report.findings == []
    assert report.examined > 50


def test_a_tree_without_faults_has_no_findings(project):
    report = project(**{"ledger.units": "import re\n", "oracle.stages": "import ledger.units\n"})

    assert (report.findings, report.examined) == ([], 3)


@pytest.mark.parametrize(
    ("name", "source", "finding"),
    [
        ("ledger.chain", "import oracle.stages\n", "ledger.chain:1: ledger imports oracle"),
        ("ledger.chain", "from scripts import deploy\n", "ledger.chain:1: ledger imports scripts"),
        ("devnet.node", "\nimport ledger.chain\n", "devnet.node:2: devnet imports ledger"),
        (
            "oracle.relay",
            "from scripts._shared import x\n",
            "oracle.relay:1: oracle imports scripts",
        ),
        ("bench.gas", "import devnet\n", "bench.gas:1: bench imports devnet"),
        ("ledger.late", "def f():\n    import scripts\n", "ledger.late:2: ledger imports scripts"),
    ],
)
def test_an_import_against_the_direction_is_found_with_its_line(project, name, source, finding):
    assert finding in project(**{name: source}).findings


def test_a_relative_import_is_found(project):
    report = project(**{"ledger.units": "from . import errors\n"})

    assert report.findings == ["ledger.units:1: relative import; write the whole name"]


@pytest.mark.parametrize("world", sorted(imports.WORLD))
def test_a_stage_that_reaches_the_world_is_found(project, world):
    report = project(**{"oracle.stages": f"import {world}\n"})

    assert report.findings == [f"oracle.stages: a stage reaches {world} (in oracle.stages)"]


@pytest.mark.parametrize(
    "source",
    ["from ledger.chain import connect\n", "from ledger import chain\n", "import ledger.chain\n"],
)
def test_a_stage_that_reaches_the_world_through_our_own_module_is_found(project, source):
    sources = {"ledger.chain": "import web3\n", "oracle.stages": source}

    report = project(**sources)

    assert report.findings == ["oracle.stages: a stage reaches web3 (in ledger.chain)"]


def test_an_import_of_a_part_of_the_world_is_found(project):
    report = project(**{"oracle.stages": "from web3.types import TxReceipt\n"})

    assert report.findings == ["oracle.stages: a stage reaches web3 (in oracle.stages)"]


def test_what_meets_the_world_may_reach_it(project):
    assert project().findings == []


def test_a_listed_module_that_is_gone_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "MEETS_THE_WORLD", {"oracle.relay": "signs and sends"})
    (tmp_path / "ledger").mkdir()

    assert imports.run(tmp_path).findings == [
        "oracle.relay: listed as meeting the world, but not there"
    ]


def test_a_package_is_known_by_its_init_file(project):
    report = project(**{"ledger.__init__": "import oracle\n"})

    assert report.findings == ["ledger:1: ledger imports oracle"]
