"""Contract code fits the chain: at most 24,576 bytes, and no opcode later than London."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cbor2

from checks.report import Report

MOST_BYTES = 24_576  # EIP-170
FIRST_PUSH, LAST_PUSH = 0x60, 0x7F

# every opcode defined at London; PUSH0, TLOAD, TSTORE, MCOPY, BLOBHASH and BLOBBASEFEE came later
LONDON = frozenset(
    [
        *range(0x00, 0x0C),  # STOP to SIGNEXTEND
        *range(0x10, 0x1E),  # comparison, bits, shifts
        0x20,  # KECCAK256
        *range(0x30, 0x49),  # environment and block, BASEFEE last
        *range(0x50, 0x5C),  # stack, memory, storage, jumps
        *range(0x60, 0xA5),  # PUSH1 to PUSH32, DUP, SWAP, LOG
        *range(0xF0, 0xF6),  # CREATE to CREATE2
        0xFA,  # STATICCALL
        0xFD,  # REVERT
        0xFE,  # INVALID
        0xFF,  # SELFDESTRUCT
    ]
)


@dataclass(frozen=True)
class Code:
    """A contract's code as compiled, cut into what runs and what is data."""

    init: bytes
    runtime: bytes
    size: int


def cut(deployment: bytes, runtime: bytes) -> Code:
    """Leave out the data sections and the trailer that Vyper appends to the deployment code.

    The trailer is CBOR: a checksum, the runtime's length, the lengths of its data sections, the
    length of the immutables that are appended on chain, the compiler; then its length, two bytes.
    """
    trailer = int.from_bytes(deployment[-2:], "big")
    fields = cbor2.loads(deployment[-trailer:-2])
    _, runtime_length, data_lengths, immutables_length, _ = fields
    start = len(deployment) - trailer - runtime_length
    if deployment[start : start + runtime_length] != runtime:
        raise ValueError("the runtime code is not where the trailer says")
    runs = runtime[: runtime_length - sum(data_lengths)]
    return Code(deployment[:start], runs, runtime_length + immutables_length)


def opcodes(code: bytes) -> Iterator[tuple[int, int]]:
    """Each opcode with its position; what a PUSH carries is skipped."""
    position = 0
    while position < len(code):
        opcode = code[position]
        yield position, opcode
        position += 1
        if FIRST_PUSH <= opcode <= LAST_PUSH:
            position += opcode - FIRST_PUSH + 1


def later_than_london(code: bytes) -> list[str]:
    """The opcodes that the chain does not know, with their positions."""
    return [f"0x{op:02x} at {position}" for position, op in opcodes(code) if op not in LONDON]


def deployables(project: Path) -> dict[str, Path]:
    """The contracts that are deployed, by name: every .vy but modules."""
    sources = (project / "contracts").rglob("*.vy")
    return {path.stem: path for path in sources if "modules" not in path.parts}


def built(project: Path) -> dict[str, Any]:
    """What `ape compile` wrote, by contract name."""
    path = project / ".build" / "__local__.json"
    types = (
        json.loads(path.read_text(encoding="utf-8")).get("contractTypes") if path.exists() else {}
    )
    return dict(types or {})


def run(project: Path) -> Report:
    """Check every deployable contract's runtime and init code."""
    report, types = Report("contracts"), built(project)
    for name, source in sorted(deployables(project).items()):
        where = source.relative_to(project)
        if name not in types:
            report.findings.append(f"{where}: not compiled; run `ape compile --force`")
            continue
        report.examined += 1
        deployment, runtime = (
            bytes.fromhex(types[name][key]["bytecode"].removeprefix("0x"))
            for key in ("deploymentBytecode", "runtimeBytecode")
        )
        code = cut(deployment, runtime)
        if code.size > MOST_BYTES:
            report.findings.append(f"{where}: {code.size} bytes of code, at most {MOST_BYTES}")
        for part, content in (("init", code.init), ("runtime", code.runtime)):
            later = later_than_london(content)
            if later:
                report.findings.append(f"{where}: {part} code, later than London: {later[:5]}")
    return report
