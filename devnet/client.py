"""A program that is written in Go: one on PATH that does, else built here from pinned sources."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devnet import build
from devnet.build import GETH, Program
from devnet.errors import DevnetError

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Client:
    """A program that is there."""

    path: Path
    version: str


def find(program: Program = GETH) -> Client | None:
    """The program that is there already, or None when one has to be built."""
    return _on_path(program) or _built(program)


def find_or_build(progress: Progress, program: Program = GETH) -> Client:
    """The program, built first if need be (about two minutes for the chain's client)."""
    return find(program) or _build(program, progress)


def folder(program: Program = GETH) -> Path:
    """Where what was built is kept: by version and by a checksum of what it is built from."""
    name = f"{program.name}-{program.version}-{build.fingerprint(program)}"
    return Path.home() / ".cache" / "waterline" / name


def checksum(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def version_of(path: Path, program: Program = GETH) -> str | None:
    """The version of a program, or None when it is not of the series that does."""
    try:
        told = subprocess.run(
            [str(path), program.asked],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            stdin=subprocess.DEVNULL,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(program.series, told, re.MULTILINE)
    return found[1] if found else None


def _on_path(program: Program) -> Client | None:
    found = shutil.which(program.name)
    if found is None:
        return None
    version = version_of(Path(found), program)
    return Client(Path(found), version) if version else None


def _built(program: Program) -> Client | None:
    kept = folder(program)
    path, noted = kept / program.name, kept / f"{program.name}.sha256"
    if not path.is_file() or not noted.is_file():
        return None
    if checksum(path) != noted.read_text(encoding="utf-8").split()[0]:
        raise DevnetError(
            f"the built client {path} is not the file that was built",
            f"remove {kept}, then run `waterline devnet build`",
            "client_altered",
        )
    return Client(path, program.version)


def _build(program: Program, progress: Progress) -> Client:
    kept, name = folder(program), program.name
    part = kept.with_name(f"{kept.name}.part-{os.getpid()}")
    try:
        part.mkdir(parents=True, exist_ok=True)
        build.build(program, part / name, progress)
        if version_of(part / name, program) != program.version:
            raise DevnetError(
                f"the build made a program that is not {name} {program.version}",
                f"put a {program.short} on PATH",
                "build_failed",
            )
        noted = f"{checksum(part / name)}  {name}\n"
        (part / f"{name}.sha256").write_text(noted, encoding="utf-8")
        shutil.rmtree(kept, ignore_errors=True)
        os.replace(part, kept)
    except OSError as error:
        raise DevnetError(
            f"the built client cannot be kept in {kept.parent}: {error}",
            "make the folder writable and leave 1 GB free",
            "build_failed",
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Client(kept / name, program.version)
