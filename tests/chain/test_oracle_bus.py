"""Stations behind a real cluster of NATS: whatever is killed, each telegram is recorded once."""

import gc
import time
from dataclasses import replace
from functools import partial

import pytest

from oracle.quarantine import held
from oracle.sources.bus import Bus
from oracle.sources.sockets import Ears
from tests.chain.broker import Mosquitto
from tests.chain.nats import PASSWORD, USER, Cluster, open_port
from tests.chain.subscriber import SOON_S, Subscriber, expected, message

# nats-py leaves the socket of a connection that was refused to the collector
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning", "ignore:loop is closed:ResourceWarning"
)
SUBJECT = "city.works.outlet"
STREAM = "WORKS"


class Reader(Subscriber):
    """An oracle that reads a lane of a bus."""

    def __init__(self, town, cluster):
        super().__init__(town, "bus is there")
        self.cluster = cluster
        self.bus = Bus(cluster.server, STREAM, ("city.>",), ("city.>",), "lane-1", cluster.size, 30)
        self.listen = lambda tell: Ears([], [], tell, None, self.bus)

    def unacknowledged(self):
        async def asked(stream):
            return (await stream.consumer_info(STREAM, "lane-1")).num_ack_pending

        return self.cluster.ask(asked)


@pytest.fixture(autouse=True)
def _collected():
    yield
    gc.collect()


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Three servers, which a test leaves as it found them: all running, no stream."""
    started = Cluster(tmp_path_factory.mktemp("nats"))
    started.start()
    yield started
    started.stop()


@pytest.fixture
def cluster(servers):
    yield servers
    for number, process in enumerate(servers.processes):
        if process is None:
            servers.begin(number)
    servers.until(servers.ready)

    async def emptied(stream):
        for one in await stream.streams_info():
            if one.config.name == STREAM:
                await stream.delete_stream(STREAM)

    servers.ask(emptied)


@pytest.fixture
def reader(town, cluster):
    made = Reader(town, cluster)
    yield made
    made.close()


def publish(reader, *hours):
    for hour in hours:
        reader.cluster.publish(SUBJECT, message(hour))


def test_what_is_published_reaches_the_chain(reader):
    reader.connected()
    publish(reader, 1, 2, 3)

    reader.hears_until(3)
    reader.town.settle(reader.oracle)

    assert reader.town.registers() == expected([1, 2, 3])


def test_the_stream_is_kept_by_three_servers(reader):
    reader.connected()

    async def asked(stream):
        return (await stream.stream_info(STREAM)).cluster.replicas

    assert len(reader.cluster.ask(asked)) == 2  # beside its leader


def test_what_is_published_while_the_oracle_is_away_waits_for_it(reader):
    reader.connected().dies()
    publish(reader, 1, 2)

    reader.lives_again().hears_until(2)

    assert reader.accepted() == 2


def test_a_telegram_is_acknowledged_only_when_it_is_recorded(reader):
    reader.connected()
    publish(reader, 1)

    found = reader.ears.hear(10, SOON_S)
    assert reader.unacknowledged() == 1
    reader.oracle.hear(found, {"mqtt": [reader.mapping]})

    reader.until(lambda: reader.unacknowledged() == 0)


def test_what_was_heard_and_not_recorded_comes_again_before_what_is_later(reader):
    reader.connected()
    publish(reader, 1, 2)
    assert reader.ears.hear(10, SOON_S)
    reader.dies()
    publish(reader, 3)

    reader.lives_again().hears_until(3)
    reader.town.settle(reader.oracle)

    assert reader.town.registers() == expected([1, 2, 3])
    assert held(reader.oracle.journal) == []


def test_killed_between_the_commit_and_the_acknowledgement_it_records_once(reader):
    reader.connected()
    publish(reader, 1)
    [heard] = reader.ears.hear(10, SOON_S)
    reader.oracle.hear([replace(heard, done=lambda: None)], {"mqtt": [reader.mapping]})
    reader.dies()

    reader.lives_again().hears()

    assert (reader.accepted(), reader.repeated) == (1, 1)


def test_what_was_acknowledged_does_not_come_again(reader):
    reader.connected()
    publish(reader, 1)
    reader.hears_until(1)
    reader.until(lambda: reader.unacknowledged() == 0)
    reader.dies()

    reader.lives_again()

    assert reader.ears.hear(10, 1.0) == []


@pytest.mark.parametrize("which", ["the leader", "the one that it reads from"])
def test_a_server_that_is_killed_while_feeding_loses_and_doubles_nothing(reader, which):
    reader.connected()
    publish(reader, 1, 2)
    reader.hears_until(1)
    publish(reader, 3)

    reader.cluster.kill(reader.cluster.leader(STREAM) if which == "the leader" else 0)
    publish(reader, 4, 5)
    reader.hears_until(5)
    reader.town.settle(reader.oracle)

    assert reader.town.registers() == expected([1, 2, 3, 4, 5])
    assert held(reader.oracle.journal) == []


def test_without_most_of_its_servers_the_bus_is_away_and_then_goes_on(reader):
    reader.connected()
    publish(reader, 1)
    reader.hears_until(1)
    for number in (0, 1):
        reader.cluster.kill(number)
    reader.until(lambda: "bus is away" in reader.told)
    reader.told.clear()
    for number in (0, 1):
        reader.cluster.begin(number)

    reader.until(lambda: "bus is there" in reader.told)
    publish(reader, 2)
    reader.hears_until(2)

    assert reader.accepted() == 2


def test_what_mosquitto_pub_sends_to_the_bus_is_on_the_stream(reader):
    reader.connected()
    gateway = Mosquitto(reader.town.folder, reader.cluster.mqtt, user=USER, password=PASSWORD)
    reader.cluster.until(lambda: open_port(reader.cluster.mqtt))
    for hour in (1, 2):  # a gateway sends again until it is acknowledged
        sent = partial(gateway.sent, "city/works/outlet", message(hour))
        reader.cluster.until(lambda sent=sent: sent().returncode == 0)

    reader.hears_until(2)
    reader.town.settle(reader.oracle)

    assert reader.town.registers() == expected([1, 2])


def test_a_telegram_that_is_none_and_a_subject_without_a_mapping_are_held(reader):
    reader.connected()
    reader.cluster.publish(SUBJECT, b"25.3")
    reader.cluster.publish("city.elsewhere", message(1))
    heard = 0
    while heard < 2:
        heard += reader.hears()

    reasons = [entry["reason"] for entry in held(reader.oracle.journal)]

    assert reasons == ["broken_telegram", "unmapped"]


@pytest.mark.parametrize("changed", [{"replicas": 5}, {"keep_days": 31}])
def test_a_stream_that_keeps_less_than_asked_for_is_told(reader, changed):
    reader.connected()
    reader.close()
    reader.told.clear()
    reader.bus = replace(reader.bus, **changed)

    reader.connect()

    reader.until(lambda: "bus is away" in reader.told)


def test_a_wrong_password_is_told(reader):
    wrong = reader.town.folder / "wrong"
    wrong.write_text("no", encoding="ascii")
    reader.bus = replace(reader.bus, server=replace(reader.bus.server, password_file=wrong))

    reader.connect()

    reader.until(lambda: "bus is away" in reader.told)
    assert "bus is there" not in reader.told


def test_a_bus_is_read_over_tls_by_whoever_trusts_its_certificate(town, tmp_path):
    sealed = Cluster(tmp_path, size=1, tls=True)
    sealed.start()
    made = Reader(town, sealed)
    try:
        made.connected()
        publish(made, 1)
        made.hears_until(1)
    finally:
        made.close()
        sealed.stop()

    assert made.accepted() == 1


def test_a_bus_whose_certificate_is_not_trusted_is_not_read(town, tmp_path):
    (theirs := tmp_path / "theirs").mkdir()
    (another := tmp_path / "another").mkdir()
    sealed, other = Cluster(theirs, size=1, tls=True), Cluster(another, size=1, tls=True)
    sealed.start()
    made = Reader(town, sealed)
    server = replace(made.bus.server, ca_file=other.certificate)
    made.bus = replace(made.bus, server=server)
    try:
        made.connect()
        made.until(lambda: "bus is away" in made.told)
        time.sleep(0.1)
    finally:
        made.close()
        sealed.stop()

    assert "bus is there" not in made.told
