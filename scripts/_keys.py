"""The keys that sign telegrams of devices, and until when."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act
from scripts._shared import Noun, Session, session

app = Noun(__doc__)
KINDS = {"secp256k1": 1, "p-256": 2, "ed25519": 3}
LATEST = 2**32 - 1
Number = Annotated[int, typer.Argument(help="Number of the key.")]
Devices = Annotated[list[str], typer.Argument(help="Codes of the devices it signs for.")]


@app.write("add")
def add(
    devices: Devices,
    key: Annotated[str, typer.Option(help="Its address, or the public key in hex.")],
    kind: Annotated[str, typer.Option(help=", ".join(KINDS))] = "secp256k1",
    gateway: Annotated[bool, typer.Option("--gateway", help="It is a gateway's key.")] = False,
    starts: Annotated[str, typer.Option(help="First moment of readings; now if left out.")] = "",
    until: Annotated[str, typer.Option(help="It signs none from then on.")] = "",
) -> Any:
    """Register a key that signs telegrams: a device's own, or a gateway's for several devices.

    For example: waterline device key add OUT-1-METER --key
    0x5a0b54d5dc17e0aadc383d2db43b0a0d3e029c4c --account keeper-1
    """
    from ledger.errors import UsageError
    from ledger.keys import public_key
    from scripts._files import instant
    from scripts._showing import local_zone

    if kind.lower() not in KINDS:
        raise UsageError(f"unknown kind of key {kind!r}", f"use one of: {', '.join(KINDS)}")
    number = KINDS[kind.lower()]
    raw, zone = public_key(number, key), local_zone()
    from_at = instant(starts, zone) if starts else 0
    until_at = instant(until, zone) if until else LATEST
    arguments = number, raw, gateway, _numbers(session(), devices), from_at, until_at
    says = f"a key of {kind} signs for {', '.join(devices)}"
    return act("DeviceKeys", "add_key", says, *arguments, numbered="key_id")


@app.write("allow")
def allow(key: Number, devices: Devices) -> Any:
    """Let a gateway's key sign for more devices.

    For example: waterline device key allow 2 OUT-2-METER OUT-3-METER --account keeper-1
    """
    says = f"key {key} signs for {', '.join(devices)}"
    return act("DeviceKeys", "let_sign", says, key, _numbers(session(), devices))


@app.write("end")
def end(
    key: Number,
    until: Annotated[str, typer.Option(help="It signs no reading from then on; now without.")] = "",
) -> Any:
    """Let a key end sooner, as where another takes its place; it cannot end in the past.

    For example: waterline device key end 1 --until 2027-01-31T08:00Z --account keeper-1
    """
    from scripts._files import instant
    from scripts._showing import local_zone

    until_at = instant(until, local_zone()) if until else 0
    return act("DeviceKeys", "end_key", f"key {key} ends {until or 'now'}", key, until_at)


@app.write("revoke")
def revoke(key: Number) -> Any:
    """Revoke a key that others may have, at once and for good.

    For example: waterline device key revoke 1 --account officer-1
    """
    return act("DeviceKeys", "revoke_key", f"key {key} is revoked", key)


@app.read("list")
def list_() -> Any:
    """List every key with the devices it signs for.

    For example: waterline device key list
    """
    from scripts._showing import table

    here = session()
    document = key_documents(here)
    rows = [
        (
            *(one["key"], one["kind"], one["grade"], one["from_at"], one["until_at"] or "-"),
            "revoked" if one["revoked_at"] else "",
            ", ".join(one["devices"]),
        )
        for one in document
    ]
    head = ("no.", "kind", "evidence", "from", "until", "", "signs for")
    return here.tell(document, lambda: table(rows, head) if rows else ["No key."])


@app.read("sign")
def sign(
    file: Annotated[Path, typer.Argument(help="A telegram without its signature, in JSON.")],
    key: Annotated[int, typer.Option(help="Number of the key.")],
    account: Annotated[str, typer.Option(help="The account whose key signs.")],
    password_file: Annotated[Path | None, typer.Option(help="Its passphrase, 0600.")] = None,
) -> Any:
    """Sign a telegram with an account, as a gateway does; it is printed as it is to be sent.

    For example: waterline device key sign telegram.json --key 1 --account gateway-1
    """
    import json

    from ledger import household_telegrams
    from ledger.device_keys import domain, message
    from ledger.telegrams import Signed, read_unsigned
    from scripts._signing import open_account

    here, homes = session(), household_telegrams.read_unsigned(file)
    telegram = None if homes else read_unsigned(file)
    signer = open_account(account, password_file)

    def signature(of: Any) -> str:
        return "0x" + signer.sign_message(message(domain(here.ledger), of)).hex()

    if homes is not None:
        sent = household_telegrams.Sent(homes, key, signature(homes.about()))
        document = sent.as_json()
    else:
        assert telegram is not None
        document = Signed(telegram, key, signature(telegram)).as_json()
    return here.tell(document, lambda: [json.dumps(document)])


def key_documents(here: Session) -> list[dict[str, Any]]:
    """Every key for programs, its devices by their codes."""
    from ledger.device_keys import keys
    from ledger.grades import GRADES
    from ledger.keys import KINDS as WORDS
    from ledger.structs import read
    from scripts._showing import utc

    def code(device: int) -> str:
        return str(read(here.ledger, "DeviceRegistry", "device", device)["code"])

    return [
        {
            "key": one.id,
            "kind": WORDS[one.kind],
            "public_key": "0x" + one.public_key.hex(),
            "grade": GRADES[one.grade],
            "from_at": utc(one.from_at),
            "until_at": utc(one.until_at) if one.until_at < LATEST else None,
            "revoked_at": utc(one.revoked_at),
            "devices": [code(device) for device in sorted(one.devices)],
        }
        for one in keys(here.ledger).values()
    ]


def _numbers(here: Session, codes: list[str]) -> list[int]:
    from ledger.devices import device_by_code

    return [device_by_code(here.ledger, code) for code in codes]
