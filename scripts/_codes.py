"""Supply codes of a zone's days, and the tanks of secondary supply."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act
from scripts._shared import Noun, session

app = Noun(__doc__)
zone = Noun("Zones whose water is followed back to its sources, day by day.")
tank = Noun("Tanks of secondary supply: when they are cleaned and tested.")
CONTRACT = "SupplyCodes"
Zone = Annotated[int, typer.Argument(help="Number of the zone.")]
Tank = Annotated[int, typer.Argument(help="Number of the tank.")]
Day = Annotated[str, typer.Option(help="The local day, like 2026-11-30.")]
Report = Annotated[Path, typer.Option(help="The report on it; its hash only.")]
Stated = Annotated[str, typer.Option(help="When it was done; now if left out.")]


@zone.write("set")
def set_zone(
    file: Annotated[Path, typer.Option("--file", "-f", help="File with the zone.")],
    number: Annotated[int, typer.Option(help="Redraw this one; 0 for a new one.")] = 0,
) -> Any:
    """Draw a zone: its network end, the works that deliver to it, their sources, its gauges.

    The file names `name`, `station`, `works` and `quality`. Each of the works has a `station`,
    its `outlets` and its `sources`, each of these a `station` and its `intakes`; meters are
    devices. `quality` lists gauges by `device` and `parameter`. The registers of its meters are
    kept at each turn of a day from then on, where they are not yet; that asks for the duty of a
    device keeper too (`waterline plan keep-turns` does it apart).

    For example: waterline supply zone set --file north.yaml --account keeper-1
    """
    from scripts._balancing import keeping
    from scripts._files import whole
    from scripts._zones import drawn, meters_of

    here = session()
    zone = drawn(here, whole(file))
    says = f"zone {zone[0]}: {len(zone[3])} works, {len(zone[4])} sources"
    first = keeping(here, meters_of(zone))
    return act(CONTRACT, "set_zone", says, number, zone, numbered="zone_id", first=first)


@zone.read("show")
def show_zone(zone: Zone) -> Any:
    """Show a zone as it is drawn, and the days published of it.

    For example: waterline supply zone show 1
    """
    from scripts._zones import zone_document, zone_lines

    here = session()
    found = zone_document(here, zone)
    return here.tell(found, lambda: zone_lines(found))


@app.write("state-rulings")
def state_rulings(zone: Zone, day: Day) -> Any:
    """State the hash of a day's rulings at a zone's gauges, made from QualityProvenance's log.

    For example: waterline supply state-rulings 1 --day 2026-11-30 --account keeper-1
    """
    from scripts._days import day_index
    from scripts._zones import evidence_of

    here = session()
    index = day_index(here, day)
    says = f"state the rulings of zone {zone} on {day}"
    return act(CONTRACT, "state_rulings", says, zone, index, evidence_of(here, zone, index))


@app.write("publish")
def publish(zone: Zone, day: Day) -> Any:
    """Publish where a zone's water of a day came from; anyone may, again when more is known.

    For example: waterline supply publish 1 --day 2026-11-30 --account officer-1
    """
    from scripts._days import day_index

    says = f"publish {day} of zone {zone}"
    return act(CONTRACT, "publish", says, zone, day_index(session(), day), numbered="code")


@app.read("code")
def code(
    zone: Zone,
    day: Day,
    version: Annotated[int, typer.Option(help="Which version; the last if left out.")] = 0,
) -> Any:
    """Show the code of a zone's day and what it stands for: shares, works, verdicts.

    For example: waterline supply code 1 --day 2026-11-30
    """
    from scripts._zones import day_document, day_lines

    here = session()
    found = day_document(here, zone, day, version)
    return here.tell(found, lambda: day_lines(found))


@app.read("check")
def check(
    code: Annotated[str, typer.Argument(help="The code, as it was printed or read out.")],
    zone: Zone,
    day: Day,
) -> Any:
    """Say whether a code is that of a zone's day, and of its last version.

    For example: waterline supply check YY28Z3J5M 1 --day 2026-11-30
    """
    from ledger.codes import read_code
    from ledger.errors import Findings
    from scripts._days import day_index

    here = session()
    spelled, index = read_code(code), day_index(here, day)
    version = here.view(CONTRACT, "version_by_code", spelled, zone, index)
    last = here.view(CONTRACT, "version_count", zone, index)
    document = {"code": spelled, "genuine": version > 0, "version": version, "last": last}
    says = f"version {version} of {last}" if version else f"no code of zone {zone} on {day}"
    here.tell(document, lambda: [f"{spelled}: {says}"])
    if not version:
        raise Findings(f"{spelled} is no code of zone {zone} on {day}", "check zone and day")
    return document


@tank.write("set")
def set_tank(
    name: Annotated[str, typer.Argument(help="Name of the tank.")],
    station: Annotated[str, typer.Option(help="Code of the station that supplies it.")],
    org: Annotated[str, typer.Option(help="Who answers for it: credit code or name.")],
    in_use: Annotated[str, typer.Option(help="Since when; now if left out.")] = "",
    number: Annotated[int, typer.Option(help="Change this one; 0 for a new one.")] = 0,
) -> Any:
    """Put a tank on record, or change its name, station or who answers for it.

    For example: waterline supply tank set 'Tower 3' --station NET-1 --org 914403001922038216
    --account keeper-1
    """
    from ledger.network import station_by_code
    from scripts._permits import date_of
    from scripts._requests import org_by_code

    here = session()
    place, (org_id, _) = station_by_code(here.ledger, station), org_by_code(here, org)
    arguments = number, name, place.id, org_id, date_of(in_use)
    return act(CONTRACT, "set_tank", f"tank {name}", *arguments, numbered="tank_id")


@tank.write("clean")
def clean(tank: Tank, report: Report, stated: Stated = "") -> Any:
    """Record that a tank was cleaned, as who answers for it; it then waits for its test.

    For example: waterline supply tank clean 1 --report cleaning.pdf --account holder-1
    """
    from scripts._permits import date_of, document_hash

    arguments = tank, date_of(stated), document_hash(report)
    return act(CONTRACT, "record_cleaning", f"tank {tank} was cleaned", *arguments)


@tank.write("test")
def test(
    tank: Tank,
    report: Report,
    passed: Annotated[bool, typer.Option("--passed/--failed", help="What was found.")],
    stated: Stated = "",
) -> Any:
    """Record a test; a passed one restarts the testing clock, after a cleaning both clocks.

    For example: waterline supply tank test 1 --passed --report laboratory.pdf --account officer-1
    """
    from scripts._permits import date_of, document_hash

    says = f"tank {tank} {'passed' if passed else 'failed'} its test"
    arguments = tank, date_of(stated), passed, document_hash(report)
    return act(CONTRACT, "record_test", says, *arguments)


@tank.write("report-abnormal")
def report_abnormal(tank: Tank, report: Report, stated: Stated = "") -> Any:
    """Report abnormal quality of a tank's water: it is to be cleaned at once.

    For example: waterline supply tank report-abnormal 1 --report complaint.pdf --account officer-1
    """
    from scripts._permits import date_of, document_hash

    arguments = tank, date_of(stated), document_hash(report)
    return act(CONTRACT, "report_abnormal", f"tank {tank}: abnormal quality", *arguments)


@tank.write("note-overdue")
def note_overdue(tank: Tank) -> Any:
    """Put on record that a tank's cleaning or test is overdue; anyone may, once each time.

    For example: waterline supply tank note-overdue 1 --account officer-1
    """
    return act(CONTRACT, "note_overdue", f"tank {tank} is overdue", tank)


@tank.read("list")
def list_tanks() -> Any:
    """List the tanks and when each is to be cleaned and tested.

    For example: waterline supply tank list
    """
    from scripts._zones import tank_lines, tanks

    here = session()
    found = tanks(here)
    return here.tell(found, lambda: tank_lines(found))


@tank.read("overdue")
def overdue() -> Any:
    """List the tanks whose cleaning or test is overdue.

    For example: waterline supply tank overdue
    """
    from scripts._zones import tank_lines, tanks

    here = session()
    found = [one for one in tanks(here) if one["overdue"]]
    return here.tell(found, lambda: tank_lines(found))


app.add_typer(zone, name="zone")
app.add_typer(tank, name="tank")
