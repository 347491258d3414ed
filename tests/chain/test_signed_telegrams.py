"""Signed telegrams over a real Mosquitto: graded, held where they fail, disputed."""

import json
import time
from dataclasses import replace
from types import SimpleNamespace

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger import device_keys
from ledger.grades import DEVICE, GATEWAY, OPERATOR
from ledger.keys import ED25519, P256
from ledger.settlement import SettlementPolicy
from ledger.structs import read
from ledger.telegrams import Reading, Signed, Telegram
from oracle.comparison import compare
from oracle.disputing import contradictions
from oracle.proofs import check, prove
from oracle.quarantine import held
from oracle.sources.mqtt import Broker
from oracle.sources.sockets import Ears
from tests.chain.broker import PASSWORD, SOON_S, USER
from tests.chain.town import CONFIRMATIONS
from tests.contracts.signing import DEVICE_KEY, GATEWAY_KEY, LATEST, account_of, sign

TOPIC = "city/meters/7"


class Signing:
    """A town with a meter whose device signs, behind a broker."""

    def __init__(self, town, mosquitto):
        self.town, self.mosquitto = town, mosquitto
        self.code = town.meter()
        town.lane()
        self.channel = town.suite.device_registry.channel_count()
        self.device = town.suite.device_registry.channel(self.channel)[0]
        self.domain = device_keys.domain(town.ledger)
        self.at = 0
        self.key = self.add(account_of(DEVICE_KEY))
        secret = town.folder / "secret"
        secret.write_text(PASSWORD, encoding="ascii")
        secret.chmod(0o600)
        told = []
        about = ("127.0.0.1", mosquitto.port, "oracle-1", ("city/#",))
        self.broker = Broker(*about, USER, secret)
        self.oracle = town.oracle()
        self.oracle.prepare_signed()
        self.ears = Ears([], [self.broker], lambda event, **keys: told.append(event))
        self.ears.open()
        until = time.monotonic() + SOON_S
        while "broker is there" not in told:
            assert time.monotonic() < until, told
            time.sleep(0.02)

    def add(self, public_key, kind=1, gateway=False):
        """A key, which signs from the block it is registered in."""
        keys = self.town.suite.device_keys
        keeper = self.town.suite.device_keeper
        keys.add_key(kind, public_key, gateway, [self.device], 0, LATEST, sender=keeper)
        number = keys.key_count()
        self.at = max(self.at, keys.key(number)[3]) + 2
        return number

    def telegram(self, *values, sequence=1):
        """A register each second from the key's first moment on."""
        readings = [Reading(self.channel, self.at + n, value) for n, value in enumerate(values)]
        return Telegram(self.device, sequence, tuple(readings))

    def signed(self, telegram, key=DEVICE_KEY, number=None):
        signature = sign(telegram, self.domain, key)
        return Signed(telegram, number or self.key, "0x" + signature.hex())

    def hears(self, *messages):
        for message in messages:
            raw = message.as_json() if isinstance(message, Signed) else message
            payload = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
            self.mosquitto.publish(TOPIC, payload)
        count, until = 0, time.monotonic() + SOON_S
        while count < len(messages):
            assert time.monotonic() < until
            found = self.ears.hear(100, 0.1)
            self.oracle.hear(found, {"mqtt": []})
            count += len(found)

    def reasons(self):
        return [entry["reason"] for entry in held(self.oracle.journal)]

    def settle(self):
        while self.town.ledger.chain.head().at < self.at + 60:
            self.town.mine(10)
        self.town.settle(self.oracle)

    def proof(self, at):
        channel = next(c for c in self.oracle.channels.values() if c.id == self.channel)
        return prove(self.town.ledger, self.oracle.journal, channel, at)

    def verified(self, at):
        return check(self.town.ledger, self.proof(at), SettlementPolicy(CONFIRMATIONS))


@pytest.fixture
def signing(town, mosquitto):
    made = Signing(town, mosquitto)
    yield made
    made.ears.close()


def test_what_a_device_signed_is_settled_under_its_grade(signing):
    telegram = signing.telegram(140, 180, 220)

    signing.hears(signing.signed(telegram))
    signing.settle()

    assert signing.town.registers() == [(one.at, one.value) for one in telegram.readings]
    assert signing.proof(signing.at).grade == DEVICE
    found = signing.verified(signing.at + 1)
    assert found["a key of its device signed the telegram"]
    assert all(found.values())


def test_a_gateway_s_readings_have_its_grade(signing):
    number = signing.add(account_of(GATEWAY_KEY), gateway=True)
    signing.oracle.pump(flush=False)  # where it hears of the key

    signing.hears(signing.signed(signing.telegram(140), GATEWAY_KEY, number))
    signing.settle()

    assert signing.proof(signing.at).grade == GATEWAY
    assert all(signing.verified(signing.at).values())


def test_p_256_and_ed25519_are_checked_off_chain(signing):
    point, edwards = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    compressed = point.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    numbers = [
        signing.add(compressed, P256),
        signing.add(edwards.public_key().public_bytes_raw(), ED25519),
    ]
    signing.oracle.pump(flush=False)
    first, second = signing.telegram(140), signing.telegram(140, 180)
    second = replace(second, readings=second.readings[1:])
    digests = [signing.domain.digest(one) for one in (first, second)]
    signatures = [
        point.sign(digests[0], ec.ECDSA(Prehashed(SHA256()))),
        edwards.sign(digests[1]),
    ]

    for telegram, number, signature in zip((first, second), numbers, signatures, strict=True):
        signing.hears(Signed(telegram, number, "0x" + signature.hex()))
    signing.settle()

    assert signing.reasons() == []
    assert [signing.proof(signing.at + n).grade for n in (0, 1)] == [DEVICE, DEVICE]
    assert all(signing.verified(signing.at).values())


def test_cbor_carries_a_signed_telegram_too(signing):
    one = signing.signed(signing.telegram(140)).as_json()
    one["signature"] = bytes.fromhex(one["signature"][2:])

    signing.hears(cbor2.dumps(one))
    signing.settle()

    assert all(signing.verified(signing.at).values())


def test_what_fails_its_check_is_held_with_its_reason_and_kept(signing):
    good = signing.signed(signing.telegram(140))
    early = replace(signing.telegram(140), readings=(Reading(signing.channel, signing.at - 60, 1),))
    strange = replace(signing.telegram(140), device=signing.device + 1)
    elsewhere = replace(signing.telegram(140), readings=(Reading(9_999, signing.at, 1),))
    messages = [
        replace(good, telegram=signing.telegram(141)),
        replace(good, signature="0x" + "00" * 65),
        replace(good, key=99),
        signing.signed(early),
        signing.signed(strange),
        signing.signed(elsewhere),
        {**good.as_json(), "key": "1"},
        {"telegram": None, "signature": None},
    ]

    signing.hears(*messages)

    assert signing.reasons() == [
        *["bad_signature"] * 2,
        *("unknown_key", "key_not_valid", "key_not_valid", "no_lane"),
        *["broken_telegram"] * 2,
    ]
    journal = signing.oracle.journal
    entry = held(journal)[0]
    kept = journal.telegram(entry["segment"], entry["row"])
    assert kept == json.dumps(messages[0].as_json()).encode()


def test_a_telegram_holds_readings_of_its_own_device_only(signing):
    signing.town.meter()
    other = signing.town.suite.device_registry.channel_count()
    device = signing.town.suite.device_registry.channel(other)[0]
    keeper = signing.town.suite.device_keeper
    keys = signing.town.suite.device_keys
    keys.add_key(1, account_of(GATEWAY_KEY), True, [device], 0, LATEST, sender=keeper)
    signing.oracle.pump(flush=False)

    foreign = Telegram(signing.device, 1, (Reading(other, signing.at + 5, 140),))
    signing.hears(signing.signed(foreign))

    assert signing.reasons() == ["other_device"]


def test_a_sequence_rises_and_stands_for_one_content(signing):
    first = signing.signed(signing.telegram(140, 180, sequence=5))
    signing.hears(first)

    signing.hears(first)
    signing.hears(signing.signed(signing.telegram(140, 181, sequence=5)))
    signing.hears(signing.signed(signing.telegram(140, sequence=4)))

    assert signing.reasons() == ["sequence_again", "sequence_falls"]
    row = signing.oracle.journal.db.execute("SELECT accepted, repeated FROM channel").fetchone()
    assert tuple(row) == (2, 2)


def test_sequences_of_one_hearing_are_looked_at_in_their_order(signing):
    messages = [signing.signed(signing.telegram(v, sequence=n)) for n, v in ((3, 140), (2, 140))]
    heard = [
        SimpleNamespace(
            protocol="mqtt",
            telegram=SimpleNamespace(
                **{"station": TOPIC, "raw": json.dumps(one.as_json()).encode()},
                **{"error": "", "signed": True, "aside": ""},
            ),
            done=lambda: None,
        )
        for one in (*messages, messages[0])
    ]

    signing.oracle.hear(heard, {"mqtt": []})

    assert signing.reasons() == ["sequence_falls"]
    row = signing.oracle.journal.db.execute("SELECT accepted, repeated FROM channel").fetchone()
    assert tuple(row) == (1, 1)


def test_a_revoked_key_is_not_believed_any_more(signing):
    keys = signing.town.suite.device_keys
    keys.revoke_key(signing.key, sender=signing.town.suite.supervisor)
    signing.oracle.pump(flush=False)

    signing.hears(signing.signed(replace(signing.telegram(140))))

    assert signing.reasons() == ["key_not_valid"]


def test_a_settled_reading_that_is_not_what_the_device_signed_is_disputed(signing):
    suite, town, telegram = signing.town.suite, signing.town, signing.telegram(140, 180)
    forged = town.file("forged", signing.code, [(signing.at, 140), (signing.at + 1, 170)])
    for _ in signing.oracle.read(forged, growing=False):
        pass
    signing.settle()
    signed = signing.signed(telegram)

    signing.hears(signed)
    compared = compare(town.ledger, [signed])
    [one] = contradictions([signed], lambda _, at: signing.proof(at))
    suite.disputes.open_dispute(*one.arguments(), sender=suite.holder)

    assert signing.reasons() == ["other_content"]
    assert [each.verdict for each in compared] == ["same", "different"]
    assert signing.proof(signing.at).grade == OPERATOR  # an unsigned row claims no more
    record = read(town.ledger, "Disputes", "dispute", 1)
    assert (record["settled_value"], record["said_value"]) == (170, 180)
    assert (record["key_id"], record["at"]) == (signing.key, signing.at + 1)


def test_what_never_settled_or_is_signed_by_nobody_is_told(signing):
    signing.hears(signing.signed(signing.telegram(140)))
    signing.settle()
    ahead = replace(signing.telegram(1), readings=(Reading(signing.channel, signing.at + 9, 150),))
    behind = replace(signing.telegram(1), readings=(Reading(signing.channel, signing.at - 1, 120),))

    found = [
        compare(signing.town.ledger, [one])[0].verdict
        for one in (
            signing.signed(ahead),
            signing.signed(behind),
            signing.signed(ahead, key=GATEWAY_KEY),
        )
    ]

    assert found == ["not settled yet", "missing", "not signed"]
