"""Files that people write, as models: a fault is told with its line, its key and what is wrong.

The oracle's own configuration is TOML; mapping files and what else says which column is which are
YAML. Both refuse keys that they do not know.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ledger.errors import BadRecord, NotFound

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]  # keys and, in lists, numbers from 0
Lines = Mapping[Place, int]

MOST_SHOWN = 60  # characters of a value that is told back
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")


def read_yaml(kind: type[Model], path: Path, what: str) -> Model:
    """A YAML file as a model; NotFound or BadRecord name the file, the line, the key, the fault."""
    return _read(kind, path, what, yaml.safe_load, yaml_lines)


def read_toml(kind: type[Model], path: Path, what: str) -> Model:
    """A TOML file as a model, with the same errors."""
    return _read(kind, path, what, tomllib.loads, toml_lines)


def _read(
    kind: type[Model],
    path: Path,
    what: str,
    parse: Callable[[str], Any],
    lines: Callable[[str], Lines],
) -> Model:
    remedy = f"docs/sources.md shows a {what}"
    try:
        text = path.read_text(encoding="utf-8")
        return kind.model_validate(parse(text))
    except FileNotFoundError as error:
        raise NotFound(f"no {what} at {path}", remedy) from error
    except ValidationError as error:
        place = error.errors()[0]["loc"]
        line = line_of(lines(text), place)
        where = f"{path}, line {line}" if line else f"{path}"
        if error.errors()[0]["type"] in UNKNOWN:
            remedy = f"correct its spelling or leave it out; {remedy}"
        raise BadRecord(f"{where}: {first_fault(error)}", remedy) from error
    except (OSError, ValueError, yaml.YAMLError) as error:  # those of TOML are ValueErrors
        raise BadRecord(f"{path} cannot be read: {error}", remedy) from error


def first_fault(error: ValidationError) -> str:
    """Where the first fault of a document lies, and what it is."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    if first["type"] in UNKNOWN:
        return f"{where}: there is no such key"
    given = first.get("input")
    if isinstance(given, str | int | float):
        return f"{where}: {first['msg']}, not {str(given)[:MOST_SHOWN]!r}"
    return f"{where}: {first['msg']}"


def line_of(lines: Lines, place: Place) -> int | None:
    """The line of a key, else of the nearest table or list around it; None of the file itself."""
    for length in range(len(place), 0, -1):
        if place[:length] in lines:
            return lines[place[:length]]
    return None


def yaml_lines(text: str) -> dict[Place, int]:
    """The line of every key and list item of a YAML document."""
    found: dict[Place, int] = {}

    def walk(node: yaml.Node, place: Place) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                found[(*place, key.value)] = key.start_mark.line + 1
                walk(value, (*place, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                found[(*place, number)] = item.start_mark.line + 1
                walk(item, (*place, number))

    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is not None:
        walk(node, ())
    return found


def toml_lines(text: str) -> dict[Place, int]:
    """The line of every table and key of a TOML document; in a value, that where it begins."""
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}  # of each list of tables, the number of its last one
    table: Place = ()
    for line, statement in _statements(text):
        told = tomllib.loads(statement)
        if not statement.lstrip().startswith("["):
            for place in _places(told):
                found.setdefault((*table, *place), line)
            continue
        names, table = _names(told), ()
        for depth, name in enumerate(names, 1):
            table = (*table, name)
            if depth == len(names) and statement.lstrip().startswith("[["):
                counts[table] = counts.get(table, -1) + 1
            found.setdefault(table, line)
            if table in counts:
                table = (*table, counts[table])
                found.setdefault(table, line)
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each header or key of a TOML document, with its line: one is whole when it can be read."""
    held: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        held.append(line)
        statement = "\n".join(held)
        try:
            told = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        if told:
            yield number - len(held) + 1, statement
        held = []


def _names(told: Any) -> list[str]:
    """The names of a header: [a.b] is read as {a: {b: {}}}, [[a.b]] as {a: {b: [{}]}}."""
    names = []
    while isinstance(told, dict) and told:
        ((name, told),) = told.items()
        names.append(name)
    return names


def _places(told: Any) -> Iterator[Place]:
    """The place of everything in a value."""
    entries: Any = ()
    if isinstance(told, dict):
        entries = told.items()
    elif isinstance(told, list):
        entries = enumerate(told)
    for key, value in entries:
        yield (key,)
        for place in _places(value):
            yield (key, *place)
