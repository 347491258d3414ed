"""An oracle that waits for its lane or its journal is healthy, and says that it stands by."""

from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from oracle.health import HealthServer, StandingBy
from oracle.places import JournalBusy, Server
from scripts import _running

PLACE = Server("waterline", "127.0.0.1", 5432, "water", "waterline")


class Voice:
    """What is told, and who hears it."""

    def __init__(self):
        self.told, self.listeners = {}, []

    def __call__(self, event, **keys):
        self.told[event] = keys
        for one in self.listeners:
            one(event, **keys)


def page(port, name):
    try:
        with urlopen(f"http://127.0.0.1:{port}/{name}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_a_stand_in_serves_its_pages_while_another_has_the_journal(monkeypatch):
    def busy(*_):
        raise JournalBusy("oracle 7 of works-2 writes it", "nothing: it is the stand-in")

    seen = {}

    def leaving():
        if "waits for its journal" in voice.told and not seen:
            port = voice.told["metrics"]["port"]
            seen.update({name: page(port, name) for name in ("healthz", "readyz", "metrics")})
        return bool(seen)

    monkeypatch.setattr(_running, "_fed", busy)
    voice = Voice()
    wanted = SimpleNamespace(
        journal=PLACE, lease=None, bus=None, metrics_port=0, metrics_host="127.0.0.1"
    )

    assert _running.run(_running.Work(None, wanted, None, voice, leaving)) is None

    assert seen["healthz"] == (200, "ok\n")
    why = "waits for its journal: oracle 7 of works-2 writes it"
    assert seen["readyz"] == (503, f"standing by: {why}\n")
    assert "waterline_standing_by 1.0" in seen["metrics"][1]
    with pytest.raises(OSError):
        page(voice.told["metrics"]["port"], "healthz")
    assert voice.listeners == []


def test_what_the_pages_are_about_may_change_while_they_are_served():
    first, second = StandingBy(), StandingBy()
    second.hear("waits for its lane", lane="QuotaTracker.1")
    server = HealthServer(first, "127.0.0.1", 0)
    port = server.open()
    try:
        assert page(port, "readyz")[1] == "standing by: it starts\n"
        server.shown = second
        assert page(port, "readyz")[1] == "standing by: waits for its lane\n"
        assert page(port, "warnings") == (200, "")
    finally:
        server.close()
