"""Households' days over a real Mosquitto and a real bus, signed by their gateway or not."""

import gc
import json
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import cbor2
import pytest

from ledger.grades import GATEWAY, OPERATOR
from ledger.hashing import keccak
from ledger.household_telegrams import Home, Households, Sent
from ledger.settlement import SettlementPolicy
from oracle.household_proofs import check, prove
from oracle.household_rows import HouseholdMapping
from oracle.proofs import raw
from oracle.sources.bus import Bus
from oracle.sources.sockets import Ears
from tests.chain.nats import Cluster
from tests.chain.test_signed_telegrams import SOON_S, Signing
from tests.chain.town import CONFIRMATIONS
from tests.contracts.signing import DEVICE_KEY, GATEWAY_KEY, account_of, sign
from tests.contracts.suite import DAY_S

# nats-py leaves the socket of a connection that was refused to the collector
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning", "ignore:loop is closed:ResourceWarning"
)
MAPPING = {
    **{"title": "homes", "files": ["city/homes/*"], "timezone": "UTC", "community": "community"},
    **{"day": "day", "household": "household", "opening": "opening", "unit": "L"},
    "registers": [f"registers.{hour}" for hour in range(24)],
}
TOPIC = "city/homes/1"


class Gateway(Signing):
    """A community's meter and households behind one gateway, whose key signs for them."""

    def __init__(self, town, mosquitto):
        super().__init__(town, mosquitto)
        self.number = self.add(account_of(GATEWAY_KEY), gateway=True)
        self.oracle.pump(flush=False)
        self.mapping = HouseholdMapping.model_validate(MAPPING)
        self.acknowledged = 0

    def home(self, name, opening=100):
        """A household that uses a litre an hour."""
        registers = tuple(range(opening + 1, opening + 25))
        return Home(name, opening, registers, "0x" + keccak(name.encode()).hex())

    def day(self, *homes, sequence=1):
        """The day that ends when the key is valid; the gateway's clock says which."""
        about = (self.device, sequence, self.channel, self.at - DAY_S, self.at)
        return Households(*about, homes)

    def sealed(self, telegram, key=GATEWAY_KEY, number=None):
        signature = sign(telegram.about(), self.domain, key)
        return Sent(telegram, number or self.number, "0x" + signature.hex())

    def hears(self, *messages, topic=TOPIC):
        for one in messages:
            told = one.as_json() if isinstance(one, Sent) else one
            payload = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.mosquitto.publish(topic, payload)
        self.hears_until(len(messages))

    def hears_until(self, count):
        until = time.monotonic() + SOON_S
        while count:
            assert time.monotonic() < until
            found = self.ears.hear(100, 0.1)
            self.oracle.hear(found, {"mqtt": []}, [self.mapping])
            count -= len(found)

    def read(self, register_l=10_000):
        """The community's own register at the end of the day, settled."""
        super().hears(self.signed(self.telegram(register_l, sequence=99)))
        self.settle()

    def proof_of(self, name, ends_at=None):
        channel = next(c for c in self.oracle.channels.values() if c.id == self.channel)
        ends_at = ends_at or self.at
        return prove(self.town.ledger, self.oracle.journal, channel, ends_at, name)

    def checks(self, proof):
        return check(self.town.ledger, proof, SettlementPolicy(CONFIRMATIONS))


@pytest.fixture
def gateway(town, mosquitto):
    made = Gateway(town, mosquitto)
    yield made
    if made.ears is not None:
        made.ears.close()


def test_a_household_s_day_is_proved_from_what_its_gateway_signed(gateway):
    homes = [gateway.home(f"account {n}", 100 * n) for n in range(1, 6)]
    gateway.hears(gateway.sealed(gateway.day(*homes)))
    gateway.read()

    proof = gateway.proof_of("account 3")

    assert (proof.grade, proof.register_l, proof.volume_l) == (GATEWAY, 324, 24)
    found = gateway.checks(proof)
    assert found["a key of its community's device signed the telegram"]
    assert all(found.values())
    assert "account 2" not in proof.telegram


def test_a_part_that_another_household_s_leaf_was_made_of_is_no_evidence(gateway):
    homes = [gateway.home(name) for name in ("account 1", "account 2")]
    gateway.hears(gateway.sealed(gateway.day(*homes)))
    gateway.read()
    one, other = gateway.proof_of("account 1"), gateway.proof_of("account 2")

    swapped = gateway.checks(replace(one, telegram=other.telegram))
    forged = gateway.checks(
        replace(one, telegram=one.telegram.replace('"opening":100', '"opening":99'))
    )

    for found in (swapped, forged):
        assert not found["a key of its community's device signed the telegram"]
        assert not found["row, salt and register give the leaf"]


def test_the_community_s_own_key_is_a_gateway_s_word_and_no_better(gateway):
    telegram = gateway.day(gateway.home("account 1"))
    gateway.hears(gateway.sealed(telegram, DEVICE_KEY, gateway.key))
    gateway.read()

    assert gateway.proof_of("account 1").grade == GATEWAY
    assert all(gateway.checks(gateway.proof_of("account 1")).values())


def test_a_replay_is_not_recorded_and_another_content_is_refused(gateway):
    sent = gateway.sealed(gateway.day(gateway.home("account 1"), sequence=3))
    gateway.hears(sent)

    gateway.hears(
        sent,
        gateway.sealed(gateway.day(gateway.home("account 1", 99), sequence=3)),
        gateway.sealed(gateway.day(gateway.home("account 1"), sequence=2)),
    )

    assert gateway.reasons() == ["sequence_again", "sequence_falls"]
    assert count(gateway) == 1


def test_a_day_without_a_signature_is_the_operator_s_word(gateway):
    day = date.fromtimestamp(gateway.at) - timedelta(days=1)
    ends_at = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) + DAY_S
    one = {"community": gateway.code, "day": str(day)}
    homes = [
        {"household": f"account {n}", "opening": n, "registers": list(range(n, n + 24))}
        for n in (1, 2)
    ]
    gateway.hears(one | {"households": homes}, cbor2.dumps(one | homes[0] | {"household": "a 3"}))
    gateway.read()

    proof = gateway.proof_of("account 2", ends_at)

    assert (proof.grade, proof.register_l) == (OPERATOR, 25)
    assert all(gateway.checks(proof).values())
    assert json.loads(raw(proof.telegram))["household"] == "account 2"
    assert gateway.proof_of("a 3", ends_at).register_l == 24


def test_what_was_not_recorded_is_delivered_again(gateway):
    sent = gateway.sealed(gateway.day(gateway.home("account 1")))
    gateway.mosquitto.publish(TOPIC, json.dumps(sent.as_json()).encode())
    until = time.monotonic() + SOON_S
    while not gateway.ears.hear(10, 0.1):
        assert time.monotonic() < until
    gateway.ears.close()

    gateway.ears = Ears([], [gateway.broker], lambda event, **keys: None)
    gateway.ears.open()
    gateway.hears_until(1)

    assert count(gateway) == 1


def test_a_bus_carries_the_same_telegrams(gateway, tmp_path):
    folder = tmp_path / "nats"
    folder.mkdir()
    cluster = Cluster(folder, size=1)
    cluster.start()
    try:
        bus = Bus(cluster.server, "HOMES", ("city.>",), ("city.>",), "lane-1", 1, 30)
        gateway.ears.close()
        told = []
        gateway.ears = Ears([], [], lambda event, **keys: told.append(event), None, bus)
        gateway.ears.open()
        cluster.until(lambda: "bus is there" in told)
        sent = gateway.sealed(gateway.day(gateway.home("account 1")))
        cluster.publish("city.homes.1", json.dumps(sent.as_json()).encode())
        cluster.publish("city.homes.1", b"nothing")
        gateway.hears_until(2)

        async def waits(stream):
            return (await stream.consumer_info("HOMES", "lane-1")).num_ack_pending

        cluster.until(lambda: cluster.ask(waits) == 0)
    finally:
        gateway.ears.close()
        gateway.ears = None
        cluster.stop()
        gc.collect()

    assert (count(gateway), gateway.reasons()) == (1, ["broken_telegram"])


def test_a_leased_lane_takes_no_households(gateway):
    gateway.oracle.takes_homes = False

    gateway.hears(gateway.sealed(gateway.day(gateway.home("account 1"))))

    assert (count(gateway), gateway.reasons()) == (0, ["no_lane"])


def count(gateway):
    """How many days of households are recorded."""
    query = "SELECT coalesce(sum(count), 0) FROM home"
    return gateway.oracle.journal.db.execute(query).fetchone()[0]
