"""A SensorThings service is asked for what came since; each observation is one telegram."""

import base64
import contextlib
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from oracle.sources import sensorthings, sockets
from oracle.sources.sensorthings import SensorThings, station
from oracle.sources.sockets import Asking, Ears
from oracle.sources.telegrams import cells_of
from tests.unit.observing import Service, certificate, observation

SOON_S = 10.0
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 2, 1, tzinfo=UTC).timestamp()
TWELVE = "Datastreams(12)"


def hour(number):
    return f"2026-01-02T{number:02}:00:00Z"


@pytest.fixture
def service():
    made = Service()
    yield made
    made.close()


class Asker:
    """Ears that ask one service, and what is told meanwhile."""

    def __init__(self, service, *datastreams, **changed):
        self.told = []
        about = SensorThings(service.url, datastreams or (12,), JANUARY, 0.05)
        self.ears = Ears([], (), self.tell, Asking([replace(about, **changed)], lambda: NOW))

    def tell(self, event, **keys):
        self.told.append((event, keys))

    def events(self, event):
        return [keys for name, keys in self.told if name == event]

    def hears(self, count, wait_s=SOON_S):
        found, until = [], time.monotonic() + wait_s
        while len(found) < count and time.monotonic() < until:
            found += self.ears.hear(100, 0.05)
        for one in found:
            one.done()
        return found

    def hears_nothing_more(self):
        return self.hears(1, 0.3) == []

    def is_told(self, event):
        until = time.monotonic() + SOON_S
        while not self.events(event):
            assert time.monotonic() < until, self.told
            time.sleep(0.02)
        return self.events(event)[0]


@contextlib.contextmanager
def asking(service, *datastreams, **changed):
    made = Asker(service, *datastreams, **changed)
    made.ears.open()
    try:
        yield made
    finally:
        made.ears.close()


def results(heard):
    return [one.telegram.cells["result"] for one in heard]


def test_every_page_is_read_to_the_end_and_each_byte_kept(service):
    sent = [observation(n, hour(n), f"{n}.50") for n in range(5)]
    service.streams[TWELVE] = sent

    with asking(service) as one:
        heard = one.hears(5)

        assert one.hears_nothing_more()
    assert results(heard) == ["0.50", "1.50", "2.50", "3.50", "4.50"]
    assert [each.telegram.raw.decode() for each in heard] == sent
    assert {(each.protocol, each.telegram.station) for each in heard} == {("sensorthings", TWELVE)}
    for each in heard:
        assert cells_of("sensorthings", each.telegram.raw) == each.telegram.cells


def test_it_is_asked_in_the_order_of_time_and_after_the_last_that_came(service):
    service.streams[TWELVE] = [observation(1, hour(1))]
    with asking(service) as one:
        one.hears(1)
        service.streams[TWELVE].append(observation(2, hour(2), "71"))

        assert results(one.hears(1)) == ["71"]
    first = f"/v1.1/{TWELVE}/Observations?$orderby=phenomenonTime asc&$filter=phenomenonTime gt "
    assert service.asked[0] == f"{first}2026-01-01T00:00:00Z&$top=1000"
    assert f"{first}{hour(1)}&$top=1000" in service.asked


def test_what_is_recorded_is_asked_for_again_from_a_day_before(service):
    known = int(datetime(2026, 1, 20, tzinfo=UTC).timestamp())

    about = SensorThings(service.url, (12,), JANUARY, 60).after({TWELVE: known})

    assert about.first(TWELVE) == datetime(2026, 1, 19, tzinfo=UTC)
    assert about.first("Datastreams(13)") == JANUARY
    assert replace(about, known={TWELVE: 1}).first(TWELVE) == JANUARY


def test_two_of_one_moment_are_both_heard_where_the_page_between_them_fails(service):
    service.streams[TWELVE] = [observation(n, hour(n // 2), str(n)) for n in (2, 4, 5)]
    answer, failed = service.answer, []

    def answer_or_fail(path):
        if "$skip" in path and not failed:
            failed.append(path)
            return 500, b""
        return answer(path)

    service.answer = answer_or_fail
    with asking(service) as one:
        heard = one.hears(3)

        assert one.hears_nothing_more()
    assert results(heard) == ["2", "4", "5"]
    assert len(failed) == 1


def test_an_observation_from_the_future_hides_none_that_come_before_it(service):
    service.streams[TWELVE] = [observation(1, "2030-01-01T00:00:00Z", "1")]
    with asking(service) as one:
        one.hears(1)
        service.streams[TWELVE].append(observation(2, hour(2), "2"))

        assert results(one.hears(1)) == ["2"]
        assert one.hears_nothing_more()


def test_periods_that_follow_each_other_are_all_heard(service):
    first, second = (f"{hour(n)}/{hour(n + 1)}" for n in (1, 2))
    service.streams[TWELVE] = [observation(1, first, "1")]
    with asking(service) as one:
        one.hears(1)
        service.streams[TWELVE].append(observation(2, second, "2"))

        assert results(one.hears(1)) == ["2"]
        assert one.hears_nothing_more()


def test_a_text_names_its_datastream_within_single_quotes(service):
    name = "Datastreams('it''s one')"
    service.streams[name] = [observation(1, hour(1))]

    with asking(service, "it's one") as one:
        [heard] = one.hears(1)

    assert heard.telegram.station == station("it's one") == name


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((500, b"oops"), "it answers 500"),
        ((302, b"", ("Location", "http://example.org/")), "it answers 302"),
        ((200, b'{"value": ['), "no JSON object"),
        ((200, b"\xff"), "no JSON object"),
        ((200, b"[]"), "no JSON object"),
        ((200, b'{"value": [] "more": 1}'), "no JSON object"),
        ((200, b'{"value": []} more'), "no JSON object"),
        ((200, b'{"val": []}'), "no list named value"),
        ((200, b'{"value": [], "@iot.nextLink": [3]}'), "no text"),
        ((200, b"x" * 3_000), "more than 2000 bytes"),
        (
            (200, b'{"value": [], "@iot.nextLink": "http://127.0.0.1:9/v1.1/x"}'),
            "links to http://127.0.0.1:9/v1.1/x, another origin",
        ),
        (
            (200, b'{"value": [], "@iot.nextLink": "https://127.0.0.1/v1.1/x"}'),
            "another origin",
        ),
    ],
)
def test_what_is_no_page_is_told_once_and_asked_for_again(monkeypatch, service, answer, why):
    monkeypatch.setattr(sensorthings, "MOST_BYTES", 2_000)
    service.instead[TWELVE] = answer
    with asking(service) as one:
        told = one.is_told("source is away")
        time.sleep(0.2)
        service.streams[TWELVE] = [observation(1, hour(1))]
        del service.instead[TWELVE]

        assert len(one.hears(1)) == 1
        back = one.is_told("source is back")
        assert len(one.events("source is away")) == 1
    assert why in told["why"]
    assert told["source"] == back["source"] == f"{service.url}/{TWELVE}"


def test_a_link_that_leads_to_itself_ends(monkeypatch, service):
    monkeypatch.setattr(sensorthings, "MOST_PAGES", 3)
    service.instead[TWELVE] = (
        200,
        b'{"value": [], "@iot.nextLink": "/v1.1/Datastreams(12)/Observations"}',
    )

    with asking(service, poll_s=60):
        until = time.monotonic() + SOON_S
        while len(service.asked) < 3 and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.2)

    assert len(service.asked) == 3


def test_a_service_that_cannot_be_reached_is_told(service):
    with asking(service, url="http://127.0.0.1:1/v1.1") as one:
        assert "127.0.0.1:1" in one.is_told("source is away")["why"]


def test_a_datastream_that_answers_late_keeps_no_other_waiting(monkeypatch, service):
    monkeypatch.setattr(sensorthings, "PAGE_S", 0.5)
    answer = service.answer

    def late(path):
        if "13" in path:
            time.sleep(1)
        return answer(path)

    service.answer = late
    service.streams[TWELVE] = [observation(1, hour(1))]
    with asking(service, 13, 12) as one:
        started = time.monotonic()

        assert len(one.hears(1)) == 1
        assert time.monotonic() - started < 0.5
        assert one.is_told("source is away")["why"] == "no answer within 0 s"


def test_an_observation_that_is_none_is_handed_over_once_with_its_reason(service):
    service.instead[TWELVE] = (200, b'{"value": [{"result": 1}, 7, [[]]]}')

    with asking(service) as one:
        heard = one.hears(3)

        assert one.hears_nothing_more()
    assert [each.telegram.error.split(";")[0] for each in heard] == [
        "no phenomenonTime",
        "no object",
        "no object",
    ]
    assert [each.telegram.raw for each in heard] == [b'{"result": 1}', b"7", b"[[]]"]


def test_a_password_comes_from_its_file(tmp_path, service):
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n", encoding="ascii")
    service.streams[TWELVE] = [observation(1, hour(1))]

    with asking(service, username="oracle", password_file=secret) as one:
        one.hears(1)

    sent = service.headers[0]["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == b"oracle:s3cret"


def test_a_password_that_is_gone_is_told(tmp_path, service):
    with asking(service, username="oracle", password_file=tmp_path / "gone") as one:
        assert "gone" in one.is_told("source is given up")["why"]


def test_a_source_that_was_given_up_is_taken_up_again_when_its_password_is_there(
    tmp_path, service, monkeypatch
):
    monkeypatch.setattr(sockets, "AGAIN_S", 0.2)
    secret = tmp_path / "secret"
    service.streams[TWELVE] = [observation(1, hour(1))]

    with asking(service, username="oracle", password_file=secret) as one:
        one.is_told("source is given up")
        secret.write_text("s3cret\n", encoding="ascii")

        one.hears(1)
        one.is_told("source is taken up again")


def test_a_service_is_asked_over_tls_by_whoever_trusts_its_certificate(tmp_path):
    signed = certificate(tmp_path / "service.pem")
    sealed = Service(signed)
    sealed.streams[TWELVE] = [observation(n, hour(n)) for n in range(3)]
    try:
        with asking(sealed) as stranger:
            assert "certificate" in stranger.is_told("source is away")["why"]
        with asking(sealed, ca_file=signed) as one:
            assert len(one.hears(3)) == 3
    finally:
        sealed.close()
