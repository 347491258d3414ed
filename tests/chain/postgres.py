"""A PostgreSQL of this machine on a port of loopback, with a password and, with openssl, TLS."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from oracle.places import Server

PASSWORD = "a password of this test"
PROGRAMS = ("postgres", "initdb", "psql")
ACCOUNTS = ("postgres", "nobody")  # the server refuses to run as root
SOON_S = 30


class Postgres:
    """A server with a folder of its own; its one role is `works`."""

    def __init__(self) -> None:
        missing = [program for program in PROGRAMS if not shutil.which(program)]
        if missing:
            pytest.skip(f"no PostgreSQL here (apt-get install postgresql): {', '.join(missing)}")
        self.account = _account()
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))  # its account cannot enter pytest's
        self.certificate: Path | None = None
        self.process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._make()

    def _make(self) -> None:
        password = self._own("password", PASSWORD)
        about = ["-U", "works", "-A", "scram-sha-256", f"--pwfile={password}", "-E", "UTF8"]
        self._own("")
        self._run("initdb", "-D", str(self.folder / "data"), "--no-locale", "--no-sync", *about)
        if shutil.which("openssl"):
            self._certify()

    def _certify(self) -> None:
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        about = ["-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
        self._run("openssl", "req", *kind, *about, "-keyout", str(key), "-out", str(certificate))
        key.chmod(0o600)
        self.certificate = certificate

    def _own(self, name: str, text: str | None = None) -> Path:
        path = self.folder / name
        if text is not None:
            path.write_text(text, encoding="utf-8")
        if self.account:
            shutil.chown(path, self.account)
        return path

    def _run(self, *words: str) -> None:
        subprocess.run(words, check=True, capture_output=True, timeout=60, **self._as())

    def _as(self) -> dict[str, Any]:
        about: dict[str, Any] = {"cwd": self.folder}
        if self.account:
            about |= {"user": self.account, "group": pwd.getpwnam(self.account).pw_gid}
            about["extra_groups"] = []
        return about

    def start(self) -> None:
        """Start it, or start it again with what it has."""
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "fsync": "off"}
        settings["unix_socket_directories"] = str(self.folder)
        if self.certificate:
            settings |= {"ssl": "on", "ssl_cert_file": str(self.certificate)}
            settings["ssl_key_file"] = str(self.folder / "key.pem")
        told = [f"--{name}={value}" for name, value in settings.items()]
        self.process = subprocess.Popen(
            [str(shutil.which("postgres")), "-D", str(self.folder / "data"), *told],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as(),
        )
        until = time.monotonic() + SOON_S
        while self._psql("SELECT 1").returncode:
            assert time.monotonic() < until, "PostgreSQL does not answer"
            time.sleep(0.1)

    def stop(self) -> None:
        """End it; whoever is connected is cut off."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(SOON_S)
            self.process = None

    def remove(self) -> None:
        """End it for good."""
        self.stop()
        shutil.rmtree(self.folder)

    def url(self) -> str:
        """Where it is, and as whom."""
        return f"postgresql://works:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}/postgres"

    def passfile(self) -> Path:
        """The role's password as libpq reads it, in a file of ours alone."""
        path = self.folder / "pgpass"
        path.touch(mode=0o600)
        path.write_text(f"127.0.0.1:{self.port}:*:works:{PASSWORD}\n", encoding="utf-8")
        return path

    def journal(self, schema: str) -> Server:
        """A place for a journal."""
        return Server("works", "127.0.0.1", self.port, "postgres", schema, self.passfile())

    def journal_url(self, schema: str) -> str:
        """The same as an operator writes it."""
        return f"{self.journal(schema)}&passfile={self.passfile()}"

    def __call__(self, statement: str) -> str:
        """Execute by psql, as another program would."""
        done = self._psql(statement)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _psql(self, statement: str) -> "subprocess.CompletedProcess[str]":
        words = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement]
        words += ["-h", "127.0.0.1", "-p", str(self.port), "-U", "works", "postgres"]
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        return subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=SOON_S
        )


def _account() -> str | None:
    """Whom the server runs as where we are root; None for ourselves."""
    if os.geteuid() != 0:
        return None
    known = {one.pw_name for one in pwd.getpwall()}
    found = next((name for name in ACCOUNTS if name in known), None)
    if found is None:
        pytest.skip("PostgreSQL refuses to run as root, and there is no account nobody")
    return found
