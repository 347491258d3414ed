"""Devices: their identity, what they measure, and the permit a reading counts against."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts import _estimates, _keys, _urgent
from scripts._arguments import Device, DeviceOrFile, ParameterOrFile
from scripts._shared import Noun, Session, session

app = Noun(__doc__)
app.add_typer(_keys.app, name="key")
File = Annotated[Path | None, typer.Option("--file", "-f", help="File with many, as city.yaml.")]


@app.write("enrol")
def enrol(
    code: DeviceOrFile = None,
    station: Annotated[str, typer.Option(help="Code of its station.")] = "",
    file: File = None,
) -> Any:
    """Give a device its identity; from a file also enrol everything it measures.

    For example: waterline device enrol OUT-1-METER --station OUT-1 --account keeper-1
    """
    from ledger.network import station_by_code
    from scripts._enrolment import described_channels
    from scripts._files import section, take
    from scripts._writing import Act, perform

    here, acts = session(), []
    one = {"code": code, "station": station}
    for entry in section(file, "devices") if file else [one]:
        name = str(take(entry, "code", "a device"))
        where = station_by_code(here.ledger, str(take(entry, "station", f"device {name}")))
        call = here.contract("DeviceRegistry").functions.enrol_device(name, where.id)
        acts.append(Act("DeviceRegistry", call, f"enrol {name} at {where.code}"))
    pairs = list(described_channels(file)) if file else []
    first = here.waiting_for("included") if pairs else here
    done = perform(first, acts)
    if not pairs or here.dry_run:
        return _written(here, done)
    return _enrol_channels(here, pairs)


@app.write("channel")
def channel(
    code: Device,
    parameter: Annotated[str, typer.Argument(help="volume, or a key of a limit table.")],
    contract: Annotated[str, typer.Option(help="The contract that takes its readings.")],
    cadence: Annotated[str, typer.Option(help="How often it reads: 1 min.")],
    opened_at: Annotated[str, typer.Option(help="Since when it counts.")],
    resolution: Annotated[str, typer.Option(help="Smallest step: 0.01 mg/L.")] = "1 L",
    low: Annotated[str | None, typer.Option(help="Lowest possible value.")] = None,
    high: Annotated[str | None, typer.Option(help="Highest possible value.")] = None,
    register: Annotated[str, typer.Option(help="Register at the opening.")] = "0 L",
    modulus: Annotated[str | None, typer.Option(help="Where the register rolls over.")] = None,
    grade: Annotated[str, typer.Option(help="Evidence grade.")] = "operator's oracle",
    group: Annotated[int, typer.Option(help="Relay group.")] = 1,
) -> Any:
    """Enrol one thing that a device measures.

    For example: waterline device channel OUT-1-METER volume --contract DischargeVolumes --cadence
    '15 min' --opened-at 2026-01-31T08:00Z --account keeper-1
    """
    entry = {key: value for key, value in locals().items() if value is not None and key != "code"}
    return _enrol_channels(session(), [(code, entry)])


@app.write("bind")
def bind(
    code: DeviceOrFile = None,
    parameter: ParameterOrFile = "",
    permit: Annotated[str, typer.Option(help="Number of the permit.")] = "",
    file: File = None,
) -> Any:
    """Count a channel's readings against a permit, or every channel with `permit` in a file.

    For example: waterline device bind OUT-1-METER volume --permit Q990100P2026-0001 --account
    keeper-1
    """
    from ledger.devices import channel_of
    from scripts._enrolment import described_channels
    from scripts._permits import permit_by_number
    from scripts._writing import Act, perform

    here, acts = session(), []
    one = (code or "", {"parameter": parameter, "permit": permit})
    for name, entry in described_channels(file) if file else [one]:
        if not entry.get("permit"):
            continue
        found = channel_of(here.ledger, name, str(entry["parameter"]))
        permit_id, _ = permit_by_number(here, str(entry["permit"]))
        call = here.contract("DeviceRegistry").functions.bind(found.id, permit_id)
        says = f"count {name} {entry['parameter']} against {entry['permit']}"
        acts.append(Act("DeviceRegistry", call, says))
    return _written(here, perform(here, acts))


@app.write("judge")
def judge(
    code: DeviceOrFile = None,
    parameter: ParameterOrFile = "",
    standard: Annotated[str | None, typer.Option(help="Like 'GB 5749-2022'.")] = None,
    grade: Annotated[str, typer.Option(help="Its grade, where it has one.")] = "",
    basis: Annotated[str, typer.Option(help="Which of its limits.")] = "max",
    dwell_readings: Annotated[int, typer.Option(help="Readings an excess must last.")] = 2,
    dwell: Annotated[str, typer.Option(help="Time an excess must last.")] = "0 s",
    hysteresis: Annotated[str, typer.Option(help="Share below the limit that ends it.")] = "0 %",
    needed: Annotated[int, typer.Option(help="Readings a day needs to be ruled on.")] = 1,
    file: File = None,
) -> Any:
    """Hold a gauge against a standard and its permit, or every gauge with `judge` in a file.

    For example: waterline device judge WTW-1-MS1 turbidity --standard 'GB 5749-2022' --dwell '5
    min' --account keeper-1
    """
    from scripts._enrolment import described_channels, judge_act
    from scripts._writing import perform

    here = session()
    if file:
        acts = [
            judge_act(here, name, str(entry["parameter"]), entry["judge"])
            for name, entry in described_channels(file)
            if entry.get("judge")
        ]
        return _written(here, perform(here, acts))
    entry = {key: value for key, value in locals().items() if key not in ("code", "here", "file")}
    if standard is None:
        entry.pop("standard")
    return _written(here, perform(here, [judge_act(here, code or "", parameter, entry)]))


@app.write("approve-exchange")
def approve_exchange(
    code: Device,
    closing: Annotated[str, typer.Option(help="Register of the old meter: 1250 m3.")],
    opening: Annotated[str, typer.Option(help="Register of the new meter.")] = "0 L",
    reset: Annotated[bool, typer.Option(help="The same meter, its register set anew.")] = False,
) -> Any:
    """Approve that a meter's register is closed at one count and opened at another.

    For example: waterline device approve-exchange INT-1-METER --closing '1250 m3' --account
    keeper-1
    """
    from ledger.devices import channel_of
    from ledger.units import parse
    from scripts._writing import Act, perform

    here, kind = session(), 3 if reset else 2
    registers = parse(closing), parse(opening)
    found = channel_of(here.ledger, code, "volume")
    approve = here.contract("DeviceRegistry").functions.approve_exchange
    call = approve(found.id, kind, *registers)
    says = f"{code}: close the register at {closing}, open it at {opening}"
    return _written(here, perform(here, [Act("DeviceRegistry", call, says)]))


@app.write("deem")
def deem(
    code: Device,
    until: Annotated[str, typer.Option(help="End of the time without a meter: 2026-05-31.")],
    capacity: Annotated[str, typer.Option(help="Daily maximum capacity of the works: 1200 m3.")],
    reason: Annotated[Path, typer.Option(help="The document that says why; its hash only.")],
) -> Any:
    """Approve that a meter that is missing or broken counts the daily maximum capacity.

    Article 53 of Decree 460 asks for it. From the meter's last reading on, exactly or rounded down
    to the litre. One group of the channel's lane uses it up; without this approval a relay's deemed
    use is refused.

    For example: waterline device deem INT-1-METER --until 2026-05-31T00:00+08:00 --capacity '1200
    m3' --reason fault.pdf --account officer-1
    """
    from ledger.devices import channel_of, deemed_l
    from ledger.structs import read
    from ledger.units import parse
    from scripts._files import instant
    from scripts._permits import document_hash
    from scripts._showing import local_zone, m3, utc
    from scripts._writing import Act, perform

    here = session()
    found = channel_of(here.ledger, code, "volume")
    now = read(here.ledger, found.contract, "meter", found.id)
    until_at = instant(until, local_zone())
    volume_l = deemed_l(parse(capacity), until_at - now["last_at"])
    figures = now["register_l"], volume_l, until_at, document_hash(reason)
    call = here.contract("DeviceRegistry").functions.approve_deemed(found.id, *figures)
    says = f"{code}: {m3(volume_l)} deemed from {utc(now['last_at'])} until {utc(until_at)}"
    return _written(here, perform(here, [Act("DeviceRegistry", call, says)]))


@app.read("list")
def list_() -> Any:
    """List every channel of every device."""
    from ledger.devices import channels
    from scripts._showing import table

    here = session()
    document = [_channel(here, one) for one in channels(here.ledger)]
    rows = [(c["device"], c["parameter"], c["kind"], c["station"], c["contract"]) for c in document]
    head = ("device", "measures", "as", "station", "taken by")
    return here.tell(document, lambda: table(rows, head))


@app.read("show")
def show(code: Device) -> Any:
    """Show a device and its channels."""
    from ledger.devices import channel, device_by_code
    from ledger.network import station
    from ledger.replacements import replacements
    from ledger.structs import read
    from scripts._keys import key_documents
    from scripts._provisional import replacement_document
    from scripts._showing import facts, m3, table

    here = session()
    number = device_by_code(here.ledger, code)
    raw = read(here.ledger, "DeviceRegistry", "device", number)
    ids = read(here.ledger, "DeviceRegistry", "channels_of", number)
    document: dict[str, Any] = {
        "id": number,
        "code": code,
        "keys": [key["key"] for key in key_documents(here) if code in key["devices"]],
        "station": station(here.ledger, raw["station_id"]).code,
        "channels": [_channel(here, channel(here.ledger, one)) for one in ids],
        "replacements": [
            replacement_document(here, number, one)
            for number, one in replacements(here.ledger)
            if one["old"] in ids or one["channel"] in ids
        ],
    }

    def lines() -> list[str]:
        rows = [
            (c["parameter"], c["kind"], c["resolution"], c["grade"], c["permit"] or "-")
            for c in document["channels"]
        ]
        keys = ", ".join(map(str, document["keys"])) or "none"
        pairs = [("code", code), ("station", document["station"]), ("keys", keys)]
        pairs += [
            (r["state"], f"{r['new']} in place of {r['old']}, {m3(r['held_l'])}")
            for r in document["replacements"]
        ]
        told = facts(pairs)
        head = ("measures", "as", "resolution", "evidence", "counts against")
        return [*told, "", *table(rows, head)]

    return here.tell(document, lines)


def _enrol_channels(here: Session, pairs: list[tuple[str, dict[str, Any]]]) -> Any:
    from scripts._enrolment import channel_request
    from scripts._writing import Act, perform

    acts = []
    for code, entry in pairs:
        asked = channel_request(here, code, entry)
        call = here.contract("DeviceRegistry").functions.enrol_channel(asked)
        says = f"{code} measures {entry['parameter']}, taken by {entry['contract']}"
        acts.append(Act("DeviceRegistry", call, says))
    return _written(here, perform(here, acts))


def _channel(here: Session, one: Any) -> dict[str, Any]:
    from ledger.grades import GRADES
    from ledger.network import station
    from ledger.structs import read
    from ledger.units import show as shown
    from scripts._showing import CHANNEL_KINDS, utc

    permit = read(here.ledger, "PermitRegistry", "permit", one.permit_id) if one.permit_id else None
    return {
        "channel": one.id,
        "device": one.device,
        "station": station(here.ledger, one.station_id).code,
        "parameter": one.parameter,
        "kind": CHANNEL_KINDS[one.kind],
        "contract": one.contract,
        "relay_group": one.relay_group,
        "resolution": shown(one.resolution, one.base),
        "cadence_s": one.cadence_s,
        "grade": GRADES[one.grade],
        "permit": permit["number"] if permit else None,
        "opened_at": utc(one.opened_at),
    }


def _written(here: Session, done: Any) -> Any:
    return here.tell(done.as_json(), lambda: [])


app.registered_commands += _urgent.app.registered_commands
app.registered_commands += _estimates.app.registered_commands
cli = app.cli()
