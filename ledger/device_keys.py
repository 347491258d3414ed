"""The keys that sign telegrams, read from the chain, and what an account signs."""

from eth_account.messages import SignableMessage

from ledger.deployment import Ledger
from ledger.events import logs
from ledger.keys import Key
from ledger.structs import every, read
from ledger.telegrams import Domain, Signable


def domain(ledger: Ledger) -> Domain:
    """What telegrams of this chain are signed for."""
    return Domain(ledger.deployment.chain_id, ledger.deployed("DeviceKeys").address)


def change_count(ledger: Ledger) -> int:
    """How often keys were changed: whoever keeps a copy sees whether it is old."""
    return int(read(ledger, "DeviceKeys", "change_count"))


def keys(ledger: Ledger) -> dict[int, Key]:
    """Every key by its number."""
    devices: dict[int, dict[int, int]] = {}
    for event in logs(ledger, "DeviceKeys", "SigningAllowed"):
        devices.setdefault(event.args["key_id"], {})[event.args["device_id"]] = event.args[
            "from_at"
        ]
    return {
        number: Key(
            id=number,
            kind=raw["kind"],
            public_key=bytes(raw["public_key"]),
            gateway=raw["gateway"],
            from_at=raw["from_at"],
            until_at=raw["until_at"],
            revoked_at=raw["revoked_at"],
            devices=devices.get(number, {}),
        )
        for number, raw in every(ledger, "DeviceKeys", "key", "key_count")
    }


def message(of: Domain, telegram: Signable) -> SignableMessage:
    """What a secp256k1 key signs, as eth_account takes it."""
    return SignableMessage(b"\x01", of.separator, telegram.hash)
