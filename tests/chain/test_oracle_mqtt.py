"""Stations behind a real Mosquitto: nothing published is lost, nothing is recorded twice."""

import time
from dataclasses import replace

import cbor2
import pytest
import yaml

from oracle.mapping import load
from oracle.quarantine import held
from oracle.sources.mqtt import Broker
from oracle.sources.sockets import Ears
from tests.chain.broker import PASSWORD, SOON_S, USER, Mosquitto
from tests.contracts.suite import T0

TOPIC = "city/works/outlet"


def message(hour):
    return f'{{"at": {T0 + 3_600 * hour}, "register": {{"m3": {hour}.25}}}}'.encode()


def expected(hours):
    return [(T0 + 3_600 * hour, 1_000 * hour + 250) for hour in hours]


class Subscriber:
    """An oracle that follows a broker."""

    def __init__(self, town, mosquitto):
        self.town, self.mosquitto = town, mosquitto
        device = town.meter()
        town.lane()
        path, secret = town.folder / "outlet.yaml", town.folder / "secret"
        secret.write_text(PASSWORD, encoding="ascii")
        column = {"column": "register.m3", "device": device, "parameter": "volume"}
        shape = {
            "title": "outlet",
            "files": [TOPIC],
            "time": {"form": "unix_s", "column": "at"},
            "channels": [column | {"of": "register", "unit": "m3"}],
        }
        path.write_text(yaml.safe_dump(shape), encoding="utf-8")
        self.mapping = load(path)
        self.broker = Broker(*("127.0.0.1", mosquitto.port, "oracle-1", ("city/#",)), USER, secret)
        self.told = []
        self.oracle = town.oracle()
        self.oracle.prepare(self.mapping)
        self.ears = None

    def connect(self, **changed):
        broker = replace(self.broker, **changed)
        self.ears = Ears([], [broker], lambda event, **keys: self.told.append(event))
        self.ears.open()

    def connected(self):
        self.connect()
        self.until(lambda: "broker is there" in self.told)
        return self

    def until(self, reached):
        until = time.monotonic() + SOON_S
        while not reached():
            assert time.monotonic() < until, self.told
            time.sleep(0.02)

    def hears(self, most=100):
        found = self.ears.hear(most, SOON_S)
        self.oracle.hear(found, {"mqtt": [self.mapping]})
        return len(found)

    def hears_until(self, count):
        until = time.monotonic() + SOON_S
        while self.accepted() < count:
            assert time.monotonic() < until
            self.oracle.hear(self.ears.hear(100, 0.1), {"mqtt": [self.mapping]})

    def accepted(self):
        row = self.oracle.journal.db.execute("SELECT sum(accepted), sum(repeated) FROM channel")
        self.repeated = (row := row.fetchone())[1]
        return row[0]

    def dies(self):
        """Killed: what was heard but not recorded is gone, and was not acknowledged."""
        self.ears.close()
        self.ears = None
        self.town.kill(self.oracle)

    def lives_again(self):
        self.told.clear()
        self.oracle = self.town.oracle()
        return self.connected()


@pytest.fixture
def mosquitto(tmp_path):
    started = Mosquitto(tmp_path)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def subscriber(town, mosquitto):
    made = Subscriber(town, mosquitto)
    yield made
    if made.ears is not None:
        made.ears.close()


def test_what_is_published_reaches_the_chain(subscriber):
    subscriber.connected()
    for hour in (1, 2, 3):
        subscriber.mosquitto.publish(TOPIC, message(hour))

    subscriber.hears_until(3)
    subscriber.town.settle(subscriber.oracle)

    assert subscriber.town.registers() == expected([1, 2, 3])


def test_what_is_published_while_the_oracle_is_away_waits_for_it(subscriber):
    subscriber.connected().dies()
    for hour in (1, 2):
        subscriber.mosquitto.publish(TOPIC, message(hour))

    subscriber.lives_again().hears_until(2)
    subscriber.town.settle(subscriber.oracle)

    assert subscriber.town.registers() == expected([1, 2])


def test_what_was_heard_but_not_recorded_is_delivered_again(subscriber):
    subscriber.connected()
    subscriber.mosquitto.publish(TOPIC, message(1))
    [lost] = subscriber.ears.hear(10, SOON_S)
    subscriber.dies()

    subscriber.lives_again().hears_until(1)
    subscriber.town.settle(subscriber.oracle)

    assert lost.telegram.raw == message(1)
    assert subscriber.town.registers() == expected([1])


def test_what_was_recorded_but_not_acknowledged_is_recorded_once(subscriber):
    subscriber.connected()
    subscriber.mosquitto.publish(TOPIC, message(1))
    [heard] = subscriber.ears.hear(10, SOON_S)
    subscriber.oracle.hear([replace(heard, done=lambda: None)], {"mqtt": [subscriber.mapping]})
    subscriber.dies()

    subscriber.lives_again().hears()

    assert (subscriber.accepted(), subscriber.repeated) == (1, 1)


def test_what_was_acknowledged_is_not_delivered_again(subscriber):
    subscriber.connected()
    subscriber.mosquitto.publish(TOPIC, message(1))
    subscriber.hears_until(1)
    time.sleep(0.2)  # the acknowledgement is on its way
    subscriber.dies()

    subscriber.lives_again()

    assert subscriber.ears.hear(10, 1.0) == []


def test_a_broker_that_goes_away_and_comes_back_is_followed(subscriber):
    subscriber.connected()
    subscriber.mosquitto.stop()
    subscriber.until(lambda: "broker is away" in subscriber.told)
    subscriber.told.clear()
    subscriber.mosquitto.start()
    subscriber.until(lambda: "broker is there" in subscriber.told)

    subscriber.mosquitto.publish(TOPIC, message(1))
    subscriber.hears_until(1)

    assert subscriber.accepted() == 1


def test_a_message_in_cbor_is_read_like_one_in_json(subscriber):
    subscriber.connected()
    told = {"at": T0 + 3_600, "register": {"m3": 1.25}}

    subscriber.mosquitto.publish(TOPIC, cbor2.dumps(told))
    subscriber.hears_until(1)
    subscriber.town.settle(subscriber.oracle)

    assert subscriber.town.registers() == expected([1])


def test_a_message_that_is_no_object_and_a_topic_without_a_mapping_are_held(subscriber):
    subscriber.connected()
    subscriber.mosquitto.publish(TOPIC, b"25.3")
    subscriber.mosquitto.publish("city/elsewhere", message(1))
    heard = 0
    while heard < 2:
        heard += subscriber.hears()

    reasons = [entry["reason"] for entry in held(subscriber.oracle.journal)]

    assert reasons == ["broken_telegram", "unmapped"]


def test_a_wrong_password_is_told(subscriber):
    wrong = subscriber.town.folder / "wrong"
    wrong.write_text("no", encoding="ascii")

    subscriber.connect(password_file=wrong)

    subscriber.until(lambda: "broker is away" in subscriber.told)
    assert "broker is there" not in subscriber.told


def test_a_broker_is_followed_over_tls_by_whoever_trusts_its_certificate(town, tmp_path):
    sealed = Mosquitto(tmp_path, tls=True)
    sealed.start()
    made = Subscriber(town, sealed)
    try:
        made.connect(ca_file=sealed.certificate)
        made.until(lambda: "broker is there" in made.told)
        sealed.publish(TOPIC, message(1))
        made.hears_until(1)
    finally:
        if made.ears is not None:
            made.ears.close()
        sealed.stop()

    assert made.accepted() == 1
