"""Stations behind a real Mosquitto: nothing published is lost, nothing is recorded twice."""

import gc
import time
from dataclasses import replace

import cbor2
import pytest

from oracle.quarantine import held
from oracle.sources.mqtt import Broker
from oracle.sources.sockets import Ears
from tests.chain.broker import PASSWORD, USER, Mosquitto
from tests.chain.subscriber import SOON_S, TOPIC, Subscriber, expected, message
from tests.contracts.suite import T0


class Follower(Subscriber):
    """An oracle that follows a broker."""

    def __init__(self, town, mosquitto):
        super().__init__(town, "broker is there")
        self.mosquitto, secret = mosquitto, town.folder / "secret"
        secret.write_text(PASSWORD, encoding="ascii")
        self.broker = Broker(*("127.0.0.1", mosquitto.port, "oracle-1", ("city/#",)), USER, secret)
        self.listen = lambda tell: Ears([], [self.broker], tell)


@pytest.fixture
def subscriber(town, mosquitto):
    made = Follower(town, mosquitto)
    yield made
    made.close()


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


def test_what_waited_in_the_session_is_not_acknowledged_before_it_is_recorded(subscriber):
    subscriber.connected().dies()
    subscriber.mosquitto.publish(TOPIC, message(1))
    [lost] = subscriber.lives_again().ears.hear(10, SOON_S)
    time.sleep(0.2)  # an acknowledgement would be on its way
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

    subscriber.broker = replace(subscriber.broker, password_file=wrong)
    subscriber.connect()

    subscriber.until(lambda: "broker is away" in subscriber.told)
    assert "broker is there" not in subscriber.told


def test_a_broker_is_followed_over_tls_by_whoever_trusts_its_certificate(town, tmp_path):
    sealed = Mosquitto(tmp_path, tls=True)
    sealed.start()
    made = Follower(town, sealed)
    made.broker = replace(made.broker, ca_file=sealed.certificate)
    try:
        made.connect()
        made.until(lambda: "broker is there" in made.told)
        sealed.publish(TOPIC, message(1))
        made.hears_until(1)
    finally:
        made.close()
        sealed.stop()

    assert made.accepted() == 1


def test_a_device_that_publishes_on_anothers_topic_is_refused_by_the_broker(town, tmp_path):
    strict = Mosquitto(tmp_path, devices=("works", "other"))
    strict.start()
    made = Follower(town, strict)
    try:
        made.connected()
        strict.publish(TOPIC, message(1), user="other")
        strict.publish(TOPIC, message(2), user="works")
        made.hears_until(1)
    finally:
        made.close()
        strict.stop()
    made.town.settle(made.oracle)

    assert made.town.registers() == expected([2])
    assert held(made.oracle.journal) == []


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_broker_whose_certificate_another_authority_signed_is_told_and_not_followed(
    town, tmp_path
):
    sealed, other = Mosquitto(tmp_path, tls=True), Mosquitto(tmp_path / "other", tls=True)
    other.folder.mkdir()
    for one in (sealed, other):
        one.start()
    reasons = []
    broker = Follower(town, sealed).broker
    ears = Ears(
        *([], [replace(broker, ca_file=other.certificate)]),
        lambda event, **keys: reasons.append((event, keys.get("why", ""))),
    )
    ears.open()
    try:
        until = time.monotonic() + SOON_S
        while not reasons and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        ears.close()
        for one in (sealed, other):
            one.stop()
        gc.collect()  # the client leaves the socket of a refused handshake to the collector

    [(event, why)] = reasons
    assert event == "broker is away"
    assert "certificate verify failed" in why
