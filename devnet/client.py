"""The chain client: a geth 1.13 on PATH, else the one built here from pinned sources."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devnet import build
from devnet.errors import DevnetError

Progress = Callable[[str], None]

# the last line that still seals Clique blocks
SERIES = re.compile(r"^Version:\s*(1\.13\.\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Client:
    """A program that runs a node."""

    path: Path
    version: str


def find() -> Client | None:
    """The client that is there already, or None when one has to be built."""
    return _on_path() or _built()


def find_or_build(progress: Progress) -> Client:
    """The client, built first if need be (about two minutes)."""
    return find() or _build(progress)


def folder() -> Path:
    """Where the built client is kept: by version and by a checksum of what it is built from."""
    name = f"geth-{build.VERSION}-{build.fingerprint()}"
    return Path.home() / ".cache" / "waterline" / name


def checksum(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def version_of(path: Path) -> str | None:
    """The version of a geth, or None when it is not of the series that knows Clique."""
    try:
        told = subprocess.run(
            [str(path), "version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            stdin=subprocess.DEVNULL,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = SERIES.search(told)
    return found[1] if found else None


def _on_path() -> Client | None:
    found = shutil.which("geth")
    if found is None:
        return None
    version = version_of(Path(found))
    return Client(Path(found), version) if version else None


def _built() -> Client | None:
    path, noted = folder() / "geth", folder() / "geth.sha256"
    if not path.is_file() or not noted.is_file():
        return None
    if checksum(path) != noted.read_text(encoding="utf-8").split()[0]:
        raise DevnetError(
            f"the built client {path} is not the file that was built",
            f"remove {folder()}, then run `waterline devnet build`",
            "client_altered",
        )
    return Client(path, build.VERSION)


def _build(progress: Progress) -> Client:
    part = folder().with_name(f"{folder().name}.part-{os.getpid()}")
    try:
        part.mkdir(parents=True, exist_ok=True)
        build.build(part / "geth", progress)
        if version_of(part / "geth") != build.VERSION:
            raise DevnetError(
                f"the build made a program that is not geth {build.VERSION}",
                "put a geth 1.13 on PATH",
                "build_failed",
            )
        (part / "geth.sha256").write_text(f"{checksum(part / 'geth')}  geth\n", encoding="utf-8")
        shutil.rmtree(folder(), ignore_errors=True)
        os.replace(part, folder())
    except OSError as error:
        raise DevnetError(
            f"the built client cannot be kept in {folder().parent}: {error}",
            "make the folder writable and leave 1 GB free",
            "build_failed",
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Client(folder() / "geth", build.VERSION)
