"""The check of compiled code finds code that is too large, too new, or not compiled at all."""

import json

import cbor2
import pytest

from checks import bytecode
from tests.conftest import PROJECT

STOP, PUSH0, TLOAD, MCOPY = b"\x00", b"\x5f", b"\x5c", b"\x5e"
INIT = b"\x60\x00\x50"  # PUSH1 0, POP


def deployment(runtime: bytes, data: tuple[int, ...] = (), immutables: int = 0, init=INIT) -> bytes:
    """Deployment code as Vyper lays it out: init, runtime, trailer, the trailer's length."""
    fields = [b"\x01" * 32, len(runtime), list(data), immutables, {"vyper": [0, 4, 3]}]
    trailer = cbor2.dumps(fields)
    return init + runtime + trailer + (len(trailer) + 2).to_bytes(2, "big")


@pytest.fixture
def project(tmp_path):
    """Writes a project of one contract, compiled to the given code."""
    source = tmp_path / "contracts" / "cycle" / "Tracker.vy"
    source.parent.mkdir(parents=True)
    source.touch()
    (tmp_path / "contracts" / "modules").mkdir()
    (tmp_path / "contracts" / "modules" / "shared.vy").touch()

    def written(runtime: bytes, **layout):
        kinds = {
            "Tracker": {
                "deploymentBytecode": {"bytecode": "0x" + deployment(runtime, **layout).hex()},
                "runtimeBytecode": {"bytecode": "0x" + runtime.hex()},
            }
        }
        (tmp_path / ".build").mkdir()
        (tmp_path / ".build" / "__local__.json").write_text(json.dumps({"contractTypes": kinds}))
        return bytecode.run(tmp_path)

    return written


def test_code_of_london_passes(project):
    report = project(b"\x60\x01\x60\x02\x01\x48" + STOP)

    assert (report.findings, report.examined) == ([], 1)


@pytest.mark.parametrize("later", [PUSH0, TLOAD, b"\x5d", MCOPY, b"\x49", b"\x4a", b"\xef"])
def test_an_opcode_later_than_london_is_found_with_its_position(project, later):
    report = project(b"\x60\x01" + later)

    assert report.findings == [
        f"contracts/cycle/Tracker.vy: runtime code, later than London: ['0x{later.hex()} at 2']"
    ]


def test_an_opcode_later_than_london_is_found_in_init_code_too(project):
    report = project(STOP, init=PUSH0 + INIT)

    assert report.findings == [
        "contracts/cycle/Tracker.vy: init code, later than London: ['0x5f at 0']"
    ]


def test_what_a_push_carries_is_no_opcode(project):
    assert project(b"\x7f" + PUSH0 * 32 + b"\x60" + MCOPY).findings == []


def test_data_behind_the_code_is_no_opcode(project):
    assert project(STOP + PUSH0 * 8, data=(5, 3)).findings == []
    assert bytecode.cut(deployment(STOP + PUSH0 * 8, (5, 3)), STOP + PUSH0 * 8).runtime == STOP


@pytest.mark.parametrize(("size", "immutables"), [(24_577, 0), (24_545, 32)])
def test_code_that_is_too_large_with_its_immutables_is_found(project, size, immutables):
    report = project(STOP * size, immutables=immutables)

    assert report.findings == ["contracts/cycle/Tracker.vy: 24577 bytes of code, at most 24576"]


def test_the_largest_code_that_fits_passes(project):
    assert project(STOP * 24_544, immutables=32).findings == []


def test_a_trailer_that_points_elsewhere_is_refused():
    with pytest.raises(ValueError, match="not where the trailer says"):
        bytecode.cut(deployment(STOP * 5), b"\x01" * 5)


def test_a_contract_that_is_not_compiled_is_found(tmp_path):
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "Tracker.vy").touch()

    report = bytecode.run(tmp_path)

    assert report.examined == 0
    assert report.findings == ["contracts/Tracker.vy: not compiled; run `ape compile --force`"]


def test_modules_are_never_deployed_and_not_looked_for():
    found = bytecode.deployables(PROJECT)

    assert "QuotaTracker" in found
    assert not any("modules" in path.parts for path in found.values())


def test_the_opcodes_are_those_that_the_machine_of_london_knows():
    from eth.vm.forks.london.opcodes import LONDON_OPCODES

    assert set(LONDON_OPCODES) | {0xFE} == bytecode.LONDON
