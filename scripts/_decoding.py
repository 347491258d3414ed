"""What stations send, read and checked without recording anything."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._shared import Local, Noun

app = Noun("Read telegrams of a protocol from a file, and say what is wrong with each.")

FINDINGS = 6
CONTROLS = {*range(0x20), 0x7F} - set(b"\t\n\r")
Captured = Annotated[Path, typer.Argument(help="A raw capture, or a frame a line; ; is a comment.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


@app.command("hj212", cls=Local)
def hj212(
    file: Captured,
    version: Annotated[int, typer.Option(help="Edition of HJ 212, told by Flag.")] = 2017,
    as_json: Json = False,
) -> Any:
    """Read HJ 212 packets, one verdict a frame. Exit code 6 when one of them is refused.

    For example: waterline oracle decode hj212 capture.txt --json
    """
    from oracle.sources.hj212 import decode_file

    verdicts = decode_file(_read(file), version)
    told = [(one.mn, one.cn) for one in verdicts]
    return _tell([one.as_json() for one in verdicts], told, as_json=as_json)


@app.command("sl651", cls=Local)
def sl651(file: Captured, as_json: Json = False) -> Any:
    """Read SL 651 frames (HEX/BCD), one verdict a frame. Exit code 6 when one is refused.

    A text file holds a frame a line in hexadecimal. For example: waterline oracle decode sl651
    capture.txt --json
    """
    from oracle.sources.sl651 import decode_capture, decode_text

    data = _read(file)
    verdicts = list(decode_text(_text(data)) if _is_text(data) else decode_capture(data))
    told = [(one.station, one.function) for one in verdicts]
    return _tell([one.as_json() for one in verdicts], told, as_json=as_json)


def _is_text(data: bytes) -> bool:
    """Whether there is no control character in it but white space: every frame has some."""
    return not set(data) & CONTROLS


def _text(data: bytes) -> str:
    """The text, whatever its comments are written in: digits are ASCII."""
    return data.decode("utf-8-sig", errors="replace")


def _read(file: Path) -> bytes:
    from ledger.errors import NotFound

    try:
        return file.read_bytes()
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}", "check the name") from error


def _tell(document: Sequence[Any], told: Sequence[tuple[str, str]], *, as_json: bool) -> Any:
    """The verdicts, a line each; findings have an exit code of their own."""
    if as_json:
        lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in document)
        typer.echo(f"[{lines}]")
    elif not document:
        typer.echo("No frame in it.", err=True)
    else:
        for one, (station, command) in zip(document, told, strict=True):
            typer.echo(f"{one['line']}: {station} {command} {one['error'] or 'accepted'}".strip())
            for item in one["items"]:
                mark = f" ({item['mark']})" if item["mark"] else ""
                name = "-".join(part for part in (item["code"], item["field"]) if part)
                typer.echo(f"    {name} = {item['value']}{mark} at {item['at']}")
    if not all(one["ok"] for one in document):
        raise SystemExit(FINDINGS)
    return document
