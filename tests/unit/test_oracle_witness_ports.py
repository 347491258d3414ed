"""The two ends of asking a witness: whoever hangs, trickles or floods is cut off in time."""

import json
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from oracle import cosigners, witnessing
from oracle.cosigners import post
from oracle.witnesses_config import Address
from oracle.witnessing import MOST_A_SECOND, MOST_OF_ONE, Witness, WitnessServer

SHORT_S, SOON_S = 0.5, 10
POST = b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def port(behaves):
    """A port where each connection is given to `behaves`, in a thread."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve_one, args=(line,), daemon=True).start()

    def serve_one(line):
        with line:
            behaves(line)

    accepting = threading.Thread(target=serve, daemon=True)
    accepting.start()
    try:
        yield Address(f"http://127.0.0.1:{server.getsockname()[1]}")
    finally:
        server.shutdown(socket.SHUT_RDWR)
        accepting.join()
        server.close()


def hangs(line):
    with suppress(OSError):
        while line.recv(65_536):
            pass


def trickles(line):
    line.sendall(b"HTTP/1.0 200 OK\r\n")
    for _ in range(10 * SOON_S):
        try:
            line.sendall(b"A")
        except OSError:
            return
        time.sleep(0.1)


@pytest.mark.parametrize("behaves", [hangs, trickles])
def test_a_witness_that_hangs_or_trickles_is_left_in_time(behaves, monkeypatch):
    monkeypatch.setattr(cosigners, "ANSWER_S", SHORT_S)
    began = time.monotonic()

    with port(behaves) as address, pytest.raises((OSError, ValueError, cosigners.HTTPException)):
        post(address, b"{}")

    assert time.monotonic() - began < SOON_S / 2


@pytest.fixture
def served(tmp_path):
    """A real witness that no request reaches the chain of."""
    witness = Witness(None, tmp_path, None, dissents=False, tell=lambda *_, **__: None)
    server = WitnessServer(witness, "127.0.0.1", 0)
    yield witness, server.open()
    server.close()


def connected(number):
    return socket.create_connection(("127.0.0.1", number), SOON_S)


def answer(number):
    with connected(number) as line:
        line.sendall(POST)
        return line.makefile("rb").read()


def test_one_machine_has_a_few_connections_at_once_and_a_thread_each(served):
    _, number = served
    before = threading.active_count()
    idle = [connected(number) for _ in range(40)]
    until = time.monotonic() + SOON_S
    closed = 0
    for line in reversed(idle):
        line.settimeout(0.2)
        try:
            closed += line.recv(1) == b""
        except ConnectionResetError:
            closed += 1
        except TimeoutError:
            break

    assert closed == 40 - MOST_OF_ONE
    assert threading.active_count() - before <= 2 * MOST_OF_ONE  # each has its watch
    for line in idle:
        line.close()
    while not (told := _tried(number)):
        assert time.monotonic() < until
    assert b" 400 " in told.splitlines()[0]


def _tried(number):
    try:
        return answer(number)
    except OSError:
        return b""


def test_a_request_that_trickles_is_cut_off(served, monkeypatch):
    monkeypatch.setattr(witnessing, "READ_S", SHORT_S)
    began = time.monotonic()

    with connected(served[1]) as line:
        line.sendall(POST[:-2])
        with pytest.raises(OSError):
            while time.monotonic() - began < SOON_S:
                line.sendall(b"{")
                time.sleep(0.1)
                line.settimeout(0.01)
                try:
                    if line.recv(1) == b"":
                        raise ConnectionError("cut off")
                except TimeoutError:
                    continue

    assert time.monotonic() - began < SOON_S / 2


def test_one_machine_that_floods_takes_nothing_from_another(served):
    witness, _ = served

    codes = [witness.answer(b"{}", 1.0, "10.0.0.1")[0] for _ in range(MOST_A_SECOND + 1)]

    assert codes[-1] == 429
    assert witness.answer(b"{}", 1.0, "10.0.0.2")[0] == 400


def test_machines_are_forgotten_when_there_are_many(served):
    witness, _ = served
    for one in range(witnessing.MOST_MACHINES + 5):
        witness.answer(b"{}", 1.0, str(one))

    assert len(witness._lately) == witnessing.MOST_MACHINES


def test_what_is_no_request_has_an_answer_in_json(served):
    assert json.loads(answer(served[1]).partition(b"\r\n\r\n")[2])["error"]
