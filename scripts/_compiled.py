"""The contracts' code, compiled from source once and kept by the hash of what it was made from."""

import hashlib
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from ledger.errors import NotFound
from scripts._shared import PROJECT

# in the order in which they are deployed: each but the first is told where Authority stands
CONTRACTS = {
    "Authority": "foundation",
    "Council": "foundation",
    "Standards": "foundation",
    "WaterNetwork": "foundation",
    "DeviceRegistry": "foundation",
    "DeviceKeys": "foundation",
    "Applications": "rights",
    "PermitRegistry": "rights",
    "PermitChanges": "rights",
    "PermitSeals": "rights",
    "Tariff": "rights",
    "RegisterTurns": "cycle",
    "QuotaTracker": "cycle",
    "QuotaPlans": "cycle",
    "Adoption": "cycle",
    "GaugeAdoption": "cycle",
    "DischargeVolumes": "cycle",
    "DischargeLimits": "cycle",
    "QualityProvenance": "cycle",
    "SourceMonitor": "cycle",
    "SupplyMonitor": "cycle",
    "SupplyCodes": "cycle",
    "DischargeLoads": "cycle",
    "SewageWorks": "cycle",
    "Laboratory": "cycle",
    "RedLines": "oversight",
    "Incidents": "oversight",
    "Violations": "oversight",
    "Evidence": "oversight",
    "Disputes": "oversight",
    "Witnesses": "oversight",
    "Decisions": "oversight",
}
LARGEST_FIRST = tuple(reversed(CONTRACTS))

Code = dict[str, Any]


def source_hash(project: Path = PROJECT) -> str:
    """What the code depends on: every source, module and interface, and the compiler."""
    import vyper  # type: ignore[import-untyped]

    digest = hashlib.sha256(vyper.__version__.encode())
    paths = sorted(p for p in (project / "contracts").rglob("*") if p.suffix in (".vy", ".vyi"))
    for path in paths:
        digest.update(path.relative_to(project).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def kept_at(project: Path = PROJECT) -> Path:
    """Where the compiled code is kept."""
    return project / ".cache" / "contracts" / f"{source_hash(project)}.json"


def compiled(project: Path = PROJECT) -> dict[str, Code]:
    """ABI, deployment and runtime code of every contract."""
    kept = kept_at(project)
    if kept.is_file():
        found: dict[str, Code] = json.loads(kept.read_text(encoding="utf-8"))
        return found
    if not (project / "contracts").is_dir():
        raise NotFound(f"no contracts in {project}", "run `waterline` from a clone of the project")
    with ProcessPoolExecutor(max_workers=2) as pool:
        made = dict(zip(LARGEST_FIRST, pool.map(compile_one, LARGEST_FIRST), strict=True))
    ordered = {name: made[name] for name in CONTRACTS}
    kept.parent.mkdir(parents=True, exist_ok=True)
    half = kept.with_suffix(".part")
    half.write_text(json.dumps(ordered), encoding="utf-8")
    half.replace(kept)
    return ordered


def compile_one(name: str) -> Code:
    """Compile one of the contracts."""
    return compile_file(Path("contracts") / CONTRACTS[name] / f"{name}.vy")


def compile_file(path: Path) -> Code:
    """Compile a file of the project with the pinned compiler; its pragma names the London rules."""
    from vyper.compiler import compile_from_file_input  # type: ignore[import-untyped]
    from vyper.compiler.input_bundle import (  # type: ignore[import-untyped]
        FilesystemInputBundle,
    )

    bundle = FilesystemInputBundle([PROJECT])
    source = bundle.load_file(path)
    made = compile_from_file_input(
        source, input_bundle=bundle, output_formats=["abi", "bytecode", "bytecode_runtime"]
    )
    return {
        "abi": made["abi"],
        "bytecode": made["bytecode"],
        "runtime": made["bytecode_runtime"],
    }
