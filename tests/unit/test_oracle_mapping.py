"""A mapping file says everything about a column, or is refused with what is wrong in it."""

import pytest

from ledger.channels import METER
from ledger.errors import BadRecord, NotFound, UnknownUnit, UsageError, WaterlineError
from oracle.config import load as load_config
from oracle.mapping import chosen, load, rules
from tests.unit.oracle_rows import by_name, channel, mapping, rule, shape, written

WORD = "sesame"
WITH_WORD = "https://me:" + WORD + "@a.test"


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


@pytest.mark.parametrize(("enrolled", "given"), [(1, 3), (2, 3), (3, 3), (4, 4)])
def test_what_is_not_signed_is_no_better_than_the_operator_s_word(enrolled, given):
    assert rule(channel(grade=enrolled)).grade == given


def test_a_device_that_signs_gives_an_unsigned_row_no_better_grade():
    with pytest.raises(UsageError, match='without a signature is "operator\'s oracle" at best'):
        rule(channel(grade=1), grade="gateway")
    assert rule(channel(grade=1), grade="manual").grade == 5


def test_a_meter_takes_no_plain_value():
    with pytest.raises(BadRecord, match="register, volume or rate"):
        rule(channel(METER), of="value")


def test_a_register_is_marked_as_estimated_and_as_nothing_else():
    meter, values = channel(METER), {"read": "N", "guess": "estimated"}

    assert rule(meter, mark={"column": "m", "values": values}).estimates
    assert not rule(meter).estimates
    with pytest.raises(BadRecord, match="a register is not marked 'C'"):
        rule(meter, mark={"column": "m", "values": {"cal": "C"}})


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


def station(**changed):
    return {"protocol": "hj212", "port": 1, "mappings": ["m.yaml"]} | changed


def broker(**changed):
    return {"client_id": "one", "topics": ["city/#"], "mappings": ["m.yaml"]} | changed


def observed(**changed):
    raw = {"url": "https://sta.example/v1.1", "datastreams": [12, "abc"], "mappings": ["m.yaml"]}
    return raw | {"from": "2026-01-01T00:00:00Z"} | changed


def register(**changed):
    return {"name": "flow", "number": 40_001, "type": "uint32"} | changed


def unplaced():
    return {key: value for key, value in register().items() if key != "number"}


def polled(*registers, **changed):
    raw = {"host": "10.0.0.9", "station": "works-1", "mappings": ["m.yaml"]}
    return raw | {"registers": list(registers) or [register()]} | changed


def config(tmp_path, **changed):
    written(tmp_path / "m.yaml", shape(channel()))
    raw = {"sources": [{"mapping": "m.yaml", "folder": "in", "pattern": "*.csv"}]} | changed
    return load_config(written(tmp_path / "waterline.toml", raw))


def test_a_configuration_finds_the_files_of_a_folder_in_their_order(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / "in" / name).touch()

    assert [one.path.name for one in config(tmp_path).inputs()] == ["a.csv", "b.csv"]


def test_a_folder_whose_disk_does_not_answer_hides_no_other_source(tmp_path, monkeypatch):
    (tmp_path / "well.csv").touch()
    folder, file = {"mapping": "m.yaml", "folder": "in"}, {"mapping": "m.yaml", "file": "well.csv"}

    def away(path, pattern):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(type(tmp_path), "glob", away)

    assert [one.path.name for one in config(tmp_path, sources=[folder, file]).inputs()] == [
        "well.csv"
    ]


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
        ({"listen": [station(version=2025)]}, "version"),
        ({"listen": [station(protocol="sl651", version=2017)]}, "are of hj212, not of sl651"),
        ({"listen": [station(first_pno=2)]}, "first_pno"),
        ({"listen": [station(reports=["33"])]}, "are of sl651, not of hj212"),
        ({"listen": [station(protocol="sl651", reports=["34"])]}, "reports"),
        ({"brokers": [broker(host="10.0.0.1")]}, "name ca_file, for TLS"),
        ({"brokers": [broker(username="oracle")]}, "password_file"),
        ({"brokers": [broker(cert_file="a.pem")]}, "cert_file and key_file"),
        ({"brokers": [broker(topics=[])]}, "topics"),
        ({"sensorthings": [observed(url="http://sta.example/v1.1")]}, "ask it over https"),
        ({"sensorthings": [observed(url="ftp://sta.example")]}, "no address of https"),
        ({"sensorthings": [observed(url="https://me@sta.example")]}, "password_file"),
        ({"sensorthings": [observed(datastreams=[])]}, "datastreams"),
        ({"sensorthings": [observed(datastreams=[1, 1])]}, "named twice"),
        ({"sensorthings": [observed(datastreams=[1.5])]}, "datastreams"),
        ({"sensorthings": [observed() | {"from": "2026-01-01T00:00:00"}]}, "from"),
        ({"sensorthings": [observed(username="oracle")]}, "username and password_file"),
        ({"sensorthings": [observed(poll_s=0)]}, "poll_s"),
        ({"modbus": [polled(register(address=0))]}, "either address, from 0, or number"),
        ({"modbus": [polled(unplaced())]}, "either address, from 0, or number"),
        ({"modbus": [polled(register(number=20_001))]}, "30001 or 40001 on"),
        ({"modbus": [polled(register(number=40_000))]}, "30001 or 40001 on"),
        ({"modbus": [polled(register(number=465_537))]}, "30001 or 40001 on"),
        ({"modbus": [polled(register(number=465_536))]}, "ends behind the last register"),
        ({"modbus": [polled(register(table="input"))]}, "no register of table input"),
        ({"modbus": [polled(register(type="float16"))]}, "type"),
        ({"modbus": [polled(register(word_order="middle"))]}, "word_order"),
        ({"modbus": [polled(register(scale=0.01))]}, "decimal in quotes"),
        ({"modbus": [polled(register(scale="NaN"))]}, "decimal in quotes"),
        ({"modbus": [polled(register(scale="0"))]}, "decimal in quotes"),
        ({"modbus": [polled(register(scale="1E-99"))]}, "more than 30 digits"),
        ({"modbus": [polled(register(name="at"))]}, "moment of reading"),
        ({"modbus": [polled(register(), register())]}, "given twice"),
        ({"modbus": [polled(unit=256)]}, "unit"),
        ({"endpoints": ["http://a.test", "http://a.test"]}, "two endpoints are the same"),
        ({"endpoints": ["http://a.test"], "quorum": 2}, "quorum 2 of 1 endpoints"),
        ({"endpoints": [WITH_WORD]}, "name that as endpoints_file"),
        ({"endpoints": ["https://a.test/v3?key=12"]}, "name that as endpoints_file"),
        ({"endpoints": ["http://a.test"], "endpoints_file": "nodes"}, "not both"),
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


def listening(**changed):
    return [{"protocol": "hj212", "port": 9212, "mappings": ["m.yaml"]} | changed]


def secret(tmp_path, text, mode=0o600):
    path = tmp_path / "secret"
    path.touch(mode=mode)
    path.write_text(text, encoding="ascii")
    return path.name


def test_a_refused_endpoint_is_named_without_its_password(tmp_path):
    with pytest.raises(BadRecord) as failure:
        config(tmp_path, endpoints=[WITH_WORD])

    assert "a.test" in str(failure.value)
    assert WORD not in str(failure.value)


def test_endpoints_whose_addresses_are_secret_stand_in_a_file_one_a_line(tmp_path):
    name = secret(tmp_path, f"{WITH_WORD}\nhttps://b.test/v3?key=12\n")

    wanted = config(tmp_path, endpoints_file=name, quorum=2)

    assert wanted.endpoints == [WITH_WORD, "https://b.test/v3?key=12"]


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("http://a.test", 0o644, "can be read by others"),
        ("http://a.test http://a.test", 0o600, "two endpoints are the same"),
        ("http://a.test", 0o600, "quorum 2 of 1 endpoints"),
    ],
)
def test_a_file_of_endpoints_is_refused_as_the_list_is(tmp_path, text, mode, words):
    name = secret(tmp_path, text, mode)

    with pytest.raises(BadRecord, match=words):
        config(tmp_path, endpoints_file=name, quorum=2)


def test_the_passwords_of_stations_are_read_by_mn_and_never_shown(tmp_path):
    name = secret(tmp_path, "81733553213013 abc123\n\n31010600000042 654321\n")

    [port] = config(tmp_path, sources=[], listen=listening(password_file=name)).ports

    assert port.dialect["passwords"] == {"81733553213013": "abc123", "31010600000042": "654321"}
    assert "abc123" not in repr(port)


@pytest.mark.parametrize("line", ["81733553213013", "MN2 12345", "MN2 123456 7", "MN1 654321"])
def test_a_line_that_is_no_password_is_named_by_its_number_alone(tmp_path, line):
    name = secret(tmp_path, f"MN1 123456\n{line}\n")

    with pytest.raises(BadRecord, match="line 2 of") as refused:
        config(tmp_path, sources=[], listen=listening(password_file=name))

    assert not set(line.split()[1:]) & set(refused.value.message.split())


def test_passwords_of_stations_that_others_can_read_are_refused(tmp_path):
    name = secret(tmp_path, "MN1 123456\n", mode=0o644)

    with pytest.raises(BadRecord, match="can be read by others"):
        config(tmp_path, sources=[], listen=listening(password_file=name))


def test_only_hj212_has_passwords_that_are_checked(tmp_path):
    name = secret(tmp_path, "MN1 123456\n")

    with pytest.raises(BadRecord, match="sl651 is not checked"):
        config(tmp_path, sources=[], listen=listening(protocol="sl651", password_file=name))


def test_what_is_asked_has_its_stations_and_its_mappings(tmp_path):
    feeds = config(tmp_path, sources=[], sensorthings=[observed()], modbus=[polled()])

    service, device = feeds.asked
    assert service.stations == ["Datastreams(12)", "Datastreams('abc')"]
    assert device.stations == ["works-1"]
    assert {name: len(mappings) for name, mappings in feeds.spoken.items()} == {
        "sensorthings": 1,
        "modbus": 1,
    }


def test_a_registers_number_in_its_makers_table_is_one_more_than_its_address(tmp_path):
    wanted = [
        register(),
        register(name="low", number=30_011),
        register(name="far", number=465_535),
        unplaced() | {"name": "raw", "address": 40_001},
    ]

    [device] = config(tmp_path, modbus=[polled(*wanted)]).asked

    assert [(one.table, one.address) for one in device.registers] == [
        ("holding", 0),
        ("input", 10),
        ("holding", 65_534),
        ("holding", 40_001),
    ]


def test_a_service_on_this_machine_may_do_without_tls(tmp_path):
    local = observed(url="http://localhost:8080/FROST-Server/v1.1/")

    [service] = config(tmp_path, sensorthings=[local]).asked

    assert service.url == "http://localhost:8080/FROST-Server/v1.1"


def test_a_services_password_is_refused_where_others_can_read_it(tmp_path):
    secret = tmp_path / "secret"
    wanted = [observed(username="oracle", password_file=secret.name)]

    with pytest.raises(NotFound, match="no file at"):
        config(tmp_path, sensorthings=wanted)
    secret.touch(mode=0o644)
    with pytest.raises(BadRecord, match="can be read by others"):
        config(tmp_path, sensorthings=wanted)
