"""A mapping file says everything about a column, or is refused with what is wrong in it."""

import pytest

from ledger.channels import METER
from ledger.errors import BadRecord, NotFound, UnknownUnit, UsageError, WaterlineError
from oracle.config import load as load_config
from oracle.mapping import chosen, load, rules
from tests.unit.oracle_rows import by_name, channel, mapping, rule, shape, written


def refusal(tmp_path, raw):
    """What is said of a mapping file."""
    with pytest.raises(BadRecord) as refused:
        load(written(tmp_path / "m.yaml", raw))
    assert "docs/sources.md" in refused.value.remedy
    return refused.value.message


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"colour": "red"}, "colour"),
        ({"title": 3}, "title"),
        ({"channels": []}, "channels"),
        ({"time": {"form": "unix_s"}}, "needs column"),
        ({"time": {"form": "rows", "begins": "2026-01-01T00:00Z"}}, "needs begins and step"),
        ({"time": {"form": "weekly", "column": "at"}}, "time.form"),
        ({"time": {"form": "iso8601", "column": "at", "stamp": "start"}}, "needs step"),
        ({"time": {"form": "iso8601", "column": "at", "timezone": "Mars/Olympus"}}, "Mars/Olympus"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_place(tmp_path, changed, words):
    assert words in refusal(tmp_path, shape(channel()) | changed)


@pytest.mark.parametrize("text", ["a: [1", "- 1\n- 2", "", "\x00"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path, text):
    path = tmp_path / "m.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(BadRecord, match=r"m\.yaml"):
        load(path)


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(NotFound, match="no mapping file at"):
        load(tmp_path / "m.yaml")


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"unit": "furlong"}, UnknownUnit, "furlong"),
        ({"unit": "m3"}, WaterlineError, "m3"),
        ({"device": "DEV-9"}, NotFound, "DEV-9 does not measure"),
        ({"parameter": "ph"}, NotFound, "does not measure 'ph'"),
        ({"of": "register"}, BadRecord, "takes value"),
        ({"grade": "gospel"}, UsageError, "unknown grade 'gospel'"),
        ({"grade": "device-signed"}, UsageError, "cannot raise the evidence grade"),
        ({"mark": {"column": "m", "values": {"x": "Q"}}}, UsageError, "unknown mark 'Q'"),
    ],
)
def test_a_column_that_does_not_fit_its_channel_is_refused(changed, error, words):
    with pytest.raises(error) as refused:
        rule(channel(), **changed) if "device" not in changed else rules(
            mapping(channel(), **changed), by_name(channel())
        )

    assert words in f"{refused.value.message} {refused.value.remedy}"


def test_a_meter_takes_no_plain_value_and_no_marks():
    meter = channel(METER)

    with pytest.raises(BadRecord, match="register, volume or rate"):
        rule(meter, of="value")
    with pytest.raises(BadRecord, match="no marks"):
        rule(meter, mark={"column": "m", "values": {"ok": "N"}})


def test_two_columns_of_one_channel_are_refused():
    twice = mapping(channel())
    doubled = twice.model_copy(update={"channels": [*twice.channels, *twice.channels]})

    with pytest.raises(BadRecord, match="has two columns"):
        rules(doubled, by_name(channel()))


def test_the_one_mapping_that_fits_a_files_name_is_taken(tmp_path):
    raw = shape(channel())
    wells, mains = (
        load(written(tmp_path / f"{name}.yaml", {**raw, "title": name, "files": [f"{name}*.csv"]}))
        for name in ("well", "main")
    )

    assert chosen([wells, mains], tmp_path / "main-2.csv") is mains
    with pytest.raises(NotFound, match="no mapping is for"):
        chosen([wells, mains], tmp_path / "sewer.csv")
    with pytest.raises(BadRecord, match="several mappings"):
        chosen([wells, wells], tmp_path / "well.csv")


def broker(**changed):
    return {"client_id": "one", "topics": ["city/#"], "mappings": ["m.yaml"]} | changed


def config(tmp_path, **changed):
    written(tmp_path / "m.yaml", shape(channel()))
    raw = {"sources": [{"mapping": "m.yaml", "folder": "in", "pattern": "*.csv"}]} | changed
    return load_config(written(tmp_path / "oracle.yaml", raw))


def test_a_configuration_finds_the_files_of_a_folder_in_their_order(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / "in" / name).touch()

    assert [one.path.name for one in config(tmp_path).inputs()] == ["a.csv", "b.csv"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"sources": []}, "sources"),
        ({"sources": [{"mapping": "m.yaml"}]}, "either file or folder"),
        ({"poll_s": 0}, "poll_s"),
        ({"journals": "x"}, "journals"),
        (
            {"listen": [{"protocol": "modem", "port": 1, "mappings": ["m.yaml"]}]},
            "listen.0.protocol",
        ),
        ({"listen": [{"protocol": "hj212", "port": 70_000, "mappings": ["m.yaml"]}]}, "port"),
        ({"listen": [{"protocol": "hj212", "port": 1, "mappings": []}]}, "mappings"),
        ({"brokers": [broker(host="10.0.0.1")]}, "name ca_file, for TLS"),
        ({"brokers": [broker(username="oracle")]}, "password_file"),
        ({"brokers": [broker(cert_file="a.pem")]}, "cert_file and key_file"),
        ({"brokers": [broker(topics=[])]}, "topics"),
    ],
)
def test_a_wrong_configuration_is_refused_by_name(tmp_path, changed, words):
    with pytest.raises(BadRecord, match=words):
        config(tmp_path, **changed)


def test_ports_are_on_loopback_unless_another_host_is_named(tmp_path):
    port = {"protocol": "hj212", "port": 9212, "mappings": ["m.yaml"]}

    feeds = config(tmp_path, sources=[], listen=[port, port | {"host": "10.0.0.1"}])

    assert [one.host for one in feeds.ports] == ["127.0.0.1", "10.0.0.1"]
    assert [len(mappings) for mappings in feeds.spoken.values()] == [2]


def test_a_brokers_password_is_refused_where_others_can_read_it(tmp_path):
    secret = tmp_path / "secret"
    secret.touch(mode=0o644)
    wanted = [broker(username="oracle", password_file=secret.name)]

    with pytest.raises(BadRecord, match="can be read by others"):
        config(tmp_path, brokers=wanted)
    secret.chmod(0o600)

    assert config(tmp_path, brokers=wanted).brokers[0].password_file == secret
