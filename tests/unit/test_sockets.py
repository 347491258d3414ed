"""Stations call in over real sockets; nothing is acknowledged before somebody took it."""

import contextlib
import socket
import time

import pytest

from ledger.errors import UsageError
from oracle.sources import hj212, sockets
from oracle.sources.sockets import Ears, Port
from tests.unit.test_telegrams import HOUR, MN

SOON_S = 5.0


@pytest.fixture
def ears():
    opened = Ears([Port("hj212", "127.0.0.1", 0, 60)])
    opened.numbers = opened.open()
    yield opened
    opened.close()


def called(ears, timeout_s=SOON_S):
    return socket.create_connection(("127.0.0.1", ears.numbers[0]), timeout_s)


def test_a_telegram_is_heard_and_answered_only_when_it_is_done(ears):
    with called(ears, 0.3) as line:
        line.sendall(hj212.frame(HOUR))
        [heard] = ears.hear(10, SOON_S)
        with pytest.raises(TimeoutError):
            line.recv(1024)

        heard.done()
        line.settimeout(SOON_S)

        assert b"CN=9014" in line.recv(1024)
    assert heard.telegram.raw == hj212.frame(HOUR)


@pytest.mark.parametrize(("pw", "heard_as"), [("123456", ""), ("654321", "PW is not that of MN")])
def test_a_port_with_passwords_takes_a_telegram_with_the_right_one_alone(pw, heard_as):
    checking = Ears([Port("hj212", "127.0.0.1", 0, 60, {"passwords": {MN: pw}})])
    checking.numbers = checking.open()
    with called(checking) as line:
        line.sendall(hj212.frame(HOUR))
        [heard] = checking.hear(10, SOON_S)
    checking.close()

    assert heard.telegram.error.startswith(heard_as)
    assert bool(heard.telegram.error) == bool(heard_as)


def test_telegrams_in_single_bytes_behind_garbage_are_heard(ears):
    with called(ears) as line:
        for byte in b"garbage" + hj212.frame(HOUR):
            line.sendall(bytes([byte]))

        heard = [*ears.hear(1, SOON_S), *ears.hear(1, SOON_S)]

    assert [bool(one.telegram.error) for one in heard] == [True, False]


def test_a_station_that_hangs_up_at_once_is_heard_all_the_same(ears):
    with called(ears) as line:
        line.sendall(hj212.frame(HOUR))
    [heard] = ears.hear(10, SOON_S)

    heard.done()

    assert heard.telegram.error == ""


def test_a_connection_that_sends_nothing_but_garbage_is_ended(ears):
    with called(ears) as line:
        with contextlib.suppress(ConnectionError):
            line.sendall(b"##0004abcd0000\r\n" * (sockets.MOST_BROKEN + 50))
        heard = []
        until = time.monotonic() + SOON_S
        while len(heard) <= sockets.MOST_BROKEN and time.monotonic() < until:
            heard += ears.hear(1_000, 0.1)
        line.settimeout(SOON_S)

        with contextlib.suppress(ConnectionError):
            assert line.recv(1) == b""
    assert all(one.telegram.error for one in heard)


def test_when_too_many_wait_the_station_is_no_longer_read_from(monkeypatch):
    monkeypatch.setattr(sockets, "MOST_WAITING", 3)
    full = Ears([Port("hj212", "127.0.0.1", 0, 60)])
    full.numbers = full.open()
    try:
        with called(full) as line:
            line.sendall(hj212.frame(HOUR) * 10)
            time.sleep(0.3)
            found = []
            until = time.monotonic() + SOON_S
            while len(found) < 10 and time.monotonic() < until:
                now = full.hear(100, 0.5)
                assert len(now) <= 3 + 1
                found += now
    finally:
        full.close()

    assert len(found) == 10


def test_when_too_many_bytes_wait_the_station_is_no_longer_read_from(monkeypatch):
    monkeypatch.setattr(sockets, "MOST_WAITING_BYTES", 3 * len(hj212.frame(HOUR)) - 1)
    full = Ears([Port("hj212", "127.0.0.1", 0, 60)])
    full.numbers = full.open()
    counts = []
    try:
        with called(full) as line:
            line.sendall(hj212.frame(HOUR) * 10)
            time.sleep(0.3)
            until = time.monotonic() + SOON_S
            while sum(counts) < 10 and time.monotonic() < until:
                counts.append(len(full.hear(100, 0.5)))
    finally:
        full.close()

    assert max(counts) <= 3
    assert sum(counts) == 10


def test_an_idle_connection_is_ended():
    short = Ears([Port("hj212", "127.0.0.1", 0, 0.1)])
    short.numbers = short.open()
    try:
        with called(short) as line:
            assert line.recv(1) == b""
    finally:
        short.close()


def test_a_port_that_is_taken_is_named(ears):
    other = Ears([Port("sl651", "127.0.0.1", ears.numbers[0], 60)])

    with pytest.raises(UsageError, match=f"127.0.0.1:{ears.numbers[0]} cannot be listened on"):
        other.open()
    other.close()


def test_closing_ends_every_connection(ears):
    closing = Ears([Port("hj212", "127.0.0.1", 0, 60)])
    closing.numbers = closing.open()
    with called(closing) as line:
        time.sleep(0.1)
        closing.close()

        assert line.recv(1) == b""
