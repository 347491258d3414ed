"""What a configuration may say of a bus, and what it may not."""

import pytest
import tomli_w

from ledger.errors import BadRecord
from oracle.config import load

BUS = {
    "servers": ["nats://127.0.0.1:4222"],
    "subjects": ["city.>"],
    "lane_subjects": ["city.lane1.>"],
    "durable": "lane-1",
}
ELSEWHERE = {"servers": ["nats://bus.works.example:4222"]}
LEASE = {"lease": {"contract": "QuotaTracker", "relay_group": 1}}


def loaded(folder, bus, **others):
    path = folder / "waterline.toml"
    path.write_text(tomli_w.dumps({"bus": bus, **others}), encoding="utf-8")
    return load(path)


def test_a_bus_of_this_machine_needs_no_tls(tmp_path):
    found = loaded(tmp_path, BUS)

    assert found.bus.server.urls == ("nats://127.0.0.1:4222",)
    assert found.bus.lane == ("city.lane1.>",)


def test_a_bus_of_another_machine_is_read_over_tls(tmp_path):
    found = loaded(tmp_path, BUS | ELSEWHERE | {"ca_file": "ca.pem"})

    assert found.bus.server.ca_file == tmp_path / "ca.pem"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (ELSEWHERE, "bus.works.example:4222 is another machine: name ca_file"),
        ({"servers": ["nats://oracle@127.0.0.1:4222"]}, "a password lies in a file"),
        ({"servers": ["http://127.0.0.1:4222"]}, "no address such as nats://"),
        ({"servers": ["nats://127.0.0.1"]}, "no address such as nats://"),
        ({"username": "oracle"}, "username and password_file"),
        ({"cert_file": "own.pem"}, "cert_file and key_file"),
        ({"durable": "lane 1"}, "durable"),
        ({"replicas": 6}, "replicas"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(tmp_path, changed, told):
    with pytest.raises(BadRecord, match=told):
        loaded(tmp_path, BUS | changed)


def test_a_password_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "kept"
    path.write_text("x", encoding="ascii")
    path.chmod(0o644)
    named = {"username": "oracle", "password_file": path.name}

    with pytest.raises(BadRecord, match="can be read by others"):
        loaded(tmp_path, BUS | named)


def test_a_leased_lane_has_no_source_but_its_bus(tmp_path):
    stations = [{"protocol": "sl651", "port": 9651, "mappings": ["works.yaml"]}]

    with pytest.raises(BadRecord, match="fed from its bus alone"):
        loaded(tmp_path, BUS | LEASE, listen=stations)
