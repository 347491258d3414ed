"""Channels, mappings, chunks and rules of a few rows, as the oracle's tests need them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomli_w
import yaml

from ledger.channels import GAUGE, METER, Channel
from oracle.intake import Accepted, take
from oracle.journal import Journal
from oracle.mapping import Mapping, Rule, rules
from oracle.places import Place
from oracle.readings import Refusal, State
from oracle.sources.chunks import Chunk, cut

T0 = 1_700_000_000
NOW = T0 + 10**7
IDENTITY = {"chain_id": "20230", "genesis_hash": "0x" + "ab" * 32}


def channel(kind: int = GAUGE, number: int = 1, **changed: Any) -> Channel:
    """A COD analyser of 0.1 mg/L, or a meter."""
    meter = kind == METER
    about = {
        "id": number,
        "device_id": number,
        "device": f"DEV-{number}",
        "station_id": 1,
        "parameter": "volume" if meter else "cod",
        "kind": kind,
        "contract": "QuotaTracker" if meter else "DischargeLimits",
        "relay_group": 1,
        "resolution": 1 if meter else 100_000,
        "cadence_s": 900,
        "low": 0,
        "high": 2**48 - 1 if meter else 1_000_000_000,
        "grade": 3,
        "permit_id": 0,
        "opened_at": T0,
    }
    return Channel(**(about | changed))


def by_name(*channels: Channel) -> dict[tuple[str, str], Channel]:
    return {(one.device, one.parameter): one for one in channels}


def shape(one: Channel, **changed: Any) -> dict[str, Any]:
    """A mapping of one column as it stands in a file."""
    meter = one.kind == METER
    column = {
        "column": "value",
        "device": one.device,
        "parameter": one.parameter,
        "unit": "m3" if meter else "mg/L",
        **({"of": "register"} if meter else {}),
    }
    return {
        "title": "series",
        "time": {"form": "unix_s", "column": "at"},
        "channels": [column | changed],
    }


def mapping(one: Channel, **changed: Any) -> Mapping:
    return Mapping.model_validate(shape(one, **changed))


def rule(one: Channel, **changed: Any) -> Rule:
    (found,) = rules(mapping(one, **changed), by_name(one))
    return found


def written(path: Path, raw: Any) -> Path:
    """A YAML file, or a TOML one."""
    text = tomli_w.dumps(raw) if path.suffix == ".toml" else yaml.safe_dump(raw)
    path.write_text(text, encoding="utf-8")
    return path


def chunk(*rows: tuple[object, ...], names: str = "at,value", first_row: int = 0) -> Chunk:
    """Rows as a CSV file gives them."""
    lines = [",".join(map(str, row)) for row in rows]
    columns = names.split(",")
    cells = [cut(line) for line in lines]
    texts = {name: [row[place] for row in cells] for place, name in enumerate(columns)}
    return Chunk(first_row, names, [line.encode() for line in lines], texts)


def taken(
    one: Rule,
    rows: Sequence[tuple[object, ...]],
    *,
    state: State | None = None,
    now: int = NOW,
    by_columns: bool = True,
    names: str = "at,value",
) -> Accepted:
    """What rows give for a rule of a channel on which nothing is recorded yet."""
    time = Mapping.model_validate(shape(one.channel)).time
    start = state or State(one.channel.opened_at, 0)
    accepted, _ = take(
        chunk(*rows, names=names),
        time,
        [one],
        {one.channel.id: start},
        now,
        lambda *_: None,
        by_columns=by_columns,
    )
    return accepted[0]


def reasons(refusals: Sequence[Refusal]) -> list[str]:
    return [one.reason for one in refusals]


def journal(place: Place, *channels: Channel) -> Journal:
    """A new journal with its channels entered where they opened."""
    opened = Journal(place, writing=True)
    opened.bind(IDENTITY)
    opened.enter({one: (one.opened_at, 0) for one in channels})
    return opened


def cut_off(opened: Journal, name: str) -> None:
    """Take the last bytes of one of a journal's files away."""
    with opened.files.open(name) as file:
        whole = file.read()
    with opened.files.writing(name) as file:
        file.write(whole[:-3])
