"""A newcomer's way: a made-up city enrolled, an oracle that hears it, and every reading settled."""

import json
import signal
import socket
import subprocess
import time
import tomllib

import pytest
import tomli_w

from scripts._shared import PROJECT
from tests.chain.broker import PASSWORD, USER, Mosquitto
from tests.system.small_city import BIN, environment

pytestmark = [pytest.mark.chain, pytest.mark.timeout(1_500)]
SHARE, STEPS = "0.0001", 12
FAULTS = ("gap=40", "duplicate=40", "late=40", "garbage=40", "skew=20", "other=20")
WITHIN_S = 400
OF_BROKER = "mqtt-file"


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Newcomer:
    """A state folder, a broker, and the commands of docs/sources.md."""

    def __init__(self, folder, mosquitto):
        self.folder, self.mosquitto, self.oracle = folder, mosquitto, None
        self.environment = {**environment(), "WATERLINE_HOME": str(folder / "state")}
        self.sim = folder / "sim"

    def says(self, *words):
        done = subprocess.run(
            (BIN, *words, "--json"),
            env=self.environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=1_200,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def simulates(self, *words):
        return self.says("oracle", "simulate", *words)

    def enrols(self):
        port = str(self.mosquitto.port)
        words = ("--city", "--share", SHARE, "--enrol", "--mqtt-port", port)
        done = self.simulates(*words, "--write-config", str(self.sim))
        self.environment["WATERLINE_PASSWORD_FILE"] = done["password_file"]
        path = self.sim / "waterline.toml"
        config = tomllib.loads(path.read_text())
        for heard in config["listen"]:
            heard["port"] = free_port()
        secret = self.sim / OF_BROKER
        secret.touch(mode=0o600)
        secret.write_text(PASSWORD)
        config["brokers"][0] |= {"username": USER, "password_file": OF_BROKER}
        path.write_text(tomli_w.dumps(config))
        return done

    def runs(self):
        self.log = self.folder / "oracle.log"
        with self.log.open("wb") as log:
            self.oracle = subprocess.Popen(
                (BIN, "oracle", "run", "-c", self.sim / "waterline.toml"),
                env=self.environment,
                cwd=PROJECT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.until(lambda: "broker is there" in self.log.read_text())

    def until(self, reached):
        until = time.monotonic() + WITHIN_S
        while not reached():
            assert self.oracle.poll() is None and time.monotonic() < until, self.log.read_text()
            time.sleep(0.5)

    def status(self):
        return self.says("oracle", "status")

    def leaves(self):
        if self.oracle is not None:
            self.oracle.send_signal(signal.SIGTERM)
            self.oracle.wait(60)
        done = (BIN, "devnet", "reset")
        subprocess.run(done, env=self.environment, cwd=PROJECT, check=True, timeout=60)


@pytest.fixture
def newcomer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    mosquitto = Mosquitto(folder)
    mosquitto.start()
    made = Newcomer(folder, mosquitto)
    yield made
    made.leaves()
    mosquitto.stop()


def test_what_the_city_sent_is_settled_but_for_the_faults_that_were_put_in(newcomer):
    enrolled = newcomer.enrols()
    newcomer.runs()
    faults = [word for fault in FAULTS for word in ("--fault", fault)]
    stations = str(newcomer.sim / "stations.yaml")

    told = newcomer.simulates(
        *("-c", stations, "--count", str(STEPS), "--seed", "3", "--answer-s", "120", *faults)
    )
    expected, homes = told["expected"], told["expected_households"]
    held = expected["held"] + homes["held"]
    newcomer.until(lambda: newcomer.status()["settled"] == expected["accepted"])
    now = newcomer.status()

    assert enrolled["channels"] > enrolled["devices"] > 14
    assert set(told["by_kind"]) == {"hj212", "sl651", "mqtt", "homes"}
    assert set(told["faults"]) == {fault.partition("=")[0] for fault in FAULTS}
    assert (told["refused"], told["sent_again"]) == (0, 0)
    assert now["accepted"] == now["settled"] == expected["accepted"] > 500
    assert (now["repeated"], now["quarantined"]) == (expected["repeated"], held)
    assert homes["accepted"] == 500  # the day that has ended
