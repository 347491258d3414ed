"""A Mosquitto of this machine, or one unpacked from Debian's packages, on a port of loopback."""

import functools
import os
import secrets
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import PROJECT

UNPACKED = PROJECT / ".build" / "mosquitto"
PACKAGES = (
    *("mosquitto", "mosquitto-clients", "libmosquitto1"),
    *("libcjson1", "libdlt2", "libwrap0"),
)
USER = "oracle"
PASSWORD = secrets.token_hex(8)
SOON_S = 10


@functools.cache
def _programs() -> Path | None:
    """The folder that Mosquitto was unpacked into, None where it is installed."""
    if shutil.which("mosquitto") and shutil.which("mosquitto_pub"):
        return None
    if not (UNPACKED / "usr" / "sbin" / "mosquitto").is_file():
        UNPACKED.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run(
                ["apt-get", "download", "-q", *PACKAGES],
                cwd=UNPACKED,
                check=True,
                capture_output=True,
                timeout=120,
            )
            for package in UNPACKED.glob("*.deb"):
                subprocess.run(["dpkg-deb", "-x", package, UNPACKED], check=True, timeout=60)
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"no Mosquitto here (apt-get install mosquitto mosquitto-clients): {error}")
    return UNPACKED


def _run(program: str) -> tuple[str, dict[str, str]]:
    """Where a program lies, and the environment it needs."""
    root = _programs()
    if root is None:
        return str(shutil.which(program)), dict(os.environ)
    [found] = [one for one in root.glob(f"usr/*bin/{program}")]
    libraries = ":".join(str(one) for one in root.glob("usr/lib/*-linux-gnu"))
    return str(found), {**os.environ, "LD_LIBRARY_PATH": libraries}


def paths() -> dict[str, str]:
    """The environment in which Mosquitto's programs are found by their names."""
    root = _programs()
    if root is None:
        return {}
    folders = ":".join(str(root / "usr" / one) for one in ("sbin", "bin"))
    libraries = ":".join(str(one) for one in root.glob("usr/lib/*-linux-gnu"))
    return {"PATH": f"{folders}:{os.environ['PATH']}", "LD_LIBRARY_PATH": libraries}


@dataclass
class Mosquitto:
    """A broker with a password and, with a certificate, TLS; it keeps sessions on the disk.

    `devices` have the same password and write below their own names alone (docs/sources.md).
    """

    folder: Path
    port: int = 0
    tls: bool = False
    user: str = USER
    password: str = field(default=PASSWORD, repr=False)
    devices: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again on the same port with what it kept."""
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
            program, environment = _run("mosquitto_passwd")
            passwords = self.folder / "passwords"
            passwords.touch()
            for user in (self.user, *self.devices):
                words = [program, "-b", passwords, user, self.password]
                subprocess.run(words, env=environment, check=True, capture_output=True)
            passwords.chmod(0o600)
            (self.folder / "kept").mkdir(exist_ok=True)
            self._configure(passwords)
        program, environment = _run("mosquitto")
        self.process = subprocess.Popen(
            [program, "-c", self.folder / "broker.conf"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + SOON_S
        while time.monotonic() < until:
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the broker does not listen")

    def _configure(self, passwords: Path) -> None:
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous false",
            f"password_file {passwords}",
            "persistence true",
            "autosave_interval 1",
            "autosave_on_changes true",
            f"persistence_location {self.folder / 'kept'}/",
            f"user {os.environ.get('USER', 'root')}",
        ]
        if self.devices:
            rights = ["pattern write city/%u/#", f"user {self.user}", "topic read city/#"]
            (self.folder / "acl").write_text("\n".join(rights) + "\n", encoding="ascii")
            lines.append(f"acl_file {self.folder / 'acl'}")
        if self.tls:
            lines += [f"certfile {self.certificate}", f"keyfile {self.folder / 'key.pem'}"]
            subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
            files = ["-keyout", self.folder / "key.pem", "-out", self.certificate]
            subprocess.run(
                [
                    "openssl",
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-nodes",
                    "-days",
                    "1",
                    *subject,
                    *files,
                ],
                check=True,
                capture_output=True,
            )
        (self.folder / "broker.conf").write_text("\n".join(lines) + "\n", encoding="ascii")

    @property
    def certificate(self) -> Path:
        """Its own, which a client trusts by name."""
        return self.folder / "certificate.pem"

    def publish(self, topic: str, payload: bytes, user: str = "") -> None:
        """A message of QoS 1 by mosquitto_pub, as a station sends one."""
        done = self.sent(topic, payload, user)
        assert done.returncode == 0, done.stderr

    def sent(
        self, topic: str, payload: bytes, user: str = ""
    ) -> "subprocess.CompletedProcess[bytes]":
        """The same, and how it ended."""
        program, environment = _run("mosquitto_pub")
        words = [program, "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-t", topic, "-s"]
        words += ["-u", user or self.user, "-P", self.password]
        if self.tls:
            words += ["--cafile", str(self.certificate)]
        return subprocess.run(
            words, input=payload, env=environment, capture_output=True, timeout=SOON_S
        )

    def stop(self) -> None:
        """End it as a machine that is shut down does."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(SOON_S)
            self.process = None
