"""Which client is taken, when one is built, and what is told when none can be had."""

import os
import sys
from pathlib import Path

import pytest

from devnet import DevnetError, build, client


def program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def test_a_client_that_was_altered_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", os.defpath)
    program(client.folder() / "geth", "echo Version: 1.13.15")
    (client.folder() / "geth.sha256").write_text("0" * 64 + "  geth\n", encoding="utf-8")

    with pytest.raises(DevnetError, match="is not the file that was built") as failure:
        client.find()

    assert failure.value.code == "client_altered"


@pytest.mark.parametrize(("version", "taken"), [("1.13.14-stable", "1.13.14"), ("1.14.0", None)])
def test_a_geth_on_path_is_taken_only_while_it_knows_clique(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, taken: str | None
) -> None:
    program(tmp_path / "bin" / "geth", f"echo Geth; echo 'Version: {version}'")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.defpath}")

    found = client.find()

    assert (found and found.version) == taken


def test_a_failed_build_shows_its_last_lines_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = '[ "$1" = version ] && echo go version go1.26.1 linux/amd64 || { echo no route; exit 1; }'
    program(tmp_path / "bin" / "go", go)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.defpath}")

    with pytest.raises(DevnetError, match=r"building geth 1\.13\.15 failed: no route") as failure:
        client.find_or_build(lambda _: None)

    assert "put a geth 1.13 on PATH" in failure.value.remedy
    assert not list(client.folder().parent.iterdir())


def test_without_go_and_uv_the_missing_client_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    with pytest.raises(DevnetError, match=r"no geth 1\.13, no Go 1\.20") as failure:
        client.find_or_build(lambda _: None)

    assert failure.value.code == "no_client"


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ("go version go1.22.10 linux/amd64", (1, 22)),
        ("go version go1.26rc1 darwin/arm64", (1, 26)),
        ("go version devel linux/amd64", None),
    ],
)
def test_the_version_of_go_is_read_from_what_it_tells(
    told: str, version: tuple[int, int] | None
) -> None:
    assert build.parse_go_version(told) == version
