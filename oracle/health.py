"""How a running oracle is, for whoever watches it: /metrics, /healthz, /readyz, /warnings.

Prometheus' text format. What is counted is read from the journal's file at each request, so a
number shown is a number recorded; only the beat of the loop and the chain's absence are told.
"""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ledger.errors import UsageError
from oracle.places import Place
from oracle.report import report
from oracle.store import Store
from oracle.warnings.book import Book
from oracle.warnings.desk import DELIVERY, Jobs

MOST_DIGITS = 18  # of a warning's number
# what is told when something begins, what when it ends, and as which metric it shows meanwhile
SPELLS = {
    "chain_away": ("chain is away", "chain is back", "1: no node answers"),
    "chain_stalled": ("chain stands still", "chain goes on", "1: no new block"),
    "quorum_missing": (
        *("too few endpoints agree", "endpoints agree again"),
        "1: too few endpoints agree on what is final",
    ),
    "base_fee_above_cap": (
        *("base fee is above the cap", "base fee is below the cap"),
        "1: nothing is sent, as the base fee is above most_base_fee_wei",
    ),
    "files_held_back": (
        "files are held back",
        "files are read again",
        "1: most_waiting is reached",
    ),
}
OF_ENDPOINTS = {
    "endpoint_away": ("endpoint is away", "endpoint is back", "1: it does not answer"),
    "endpoint_disagrees": (
        *("endpoint disagrees", "endpoint agrees again"),
        "1: it contradicts the others on a final block",
    ),
}
# what is told when an oracle begins to wait, or to make ready
WAITS = (
    *("oracle runs", "waits for its lane", "lane is another's", "lease cannot be asked for"),
    *("waits for its journal", "journal is away"),
)
STALE_S = 60  # a loop that has not come round for so long hangs
NOT_FOUND = b"/metrics, /healthz, /readyz, /warnings\n"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
LAST_SETTLED = """
SELECT lane.contract, lane.lane, max(coalesce(
    (SELECT next.opening_at FROM part AS next
     WHERE next.channel = part.channel AND next.first = part.first + part.count),
    channel.opening_at)) AS at
FROM lane JOIN part ON part.contract = lane.contract AND part.lane = lane.lane
JOIN batch ON batch.contract = part.contract AND batch.lane = part.lane AND batch.id = part.batch
JOIN channel ON channel.id = part.channel
WHERE batch.state = 'settled' AND batch.id = (
    SELECT max(id) FROM batch AS last WHERE last.contract = lane.contract
    AND last.lane = lane.lane AND last.state = 'settled')
GROUP BY lane.contract, lane.lane
"""


class Shown(Protocol):
    """What the pages are about."""

    def hangs(self) -> str:
        """Why the process should be started again, "" while it works."""

    def stands(self) -> str:
        """Why readings do not become final, "" while they do."""

    def collect(self) -> Iterator[Metric]:
        """Every metric."""

    def warnings(self, after: int) -> list[dict[str, Any]]:
        """The warnings behind a number."""


class StandingBy:
    """An oracle that feeds nothing yet, or no more: it waits for its lane or its journal."""

    def __init__(self) -> None:
        self._why = "it starts"

    def hear(self, event: str, **keys: object) -> None:
        """An event was told: note what is waited for."""
        if event in WAITS:
            self._why = f"{event}: {keys['why']}" if "why" in keys else event

    def hangs(self) -> str:
        """It works."""
        return ""

    def stands(self) -> str:
        """What is waited for."""
        return f"standing by: {self._why}"

    def collect(self) -> Iterator[Metric]:
        """That it stands by."""
        yield _standing_by(1)

    def warnings(self, after: int) -> list[dict[str, Any]]:
        """None: the journal is another's."""
        return []


def _standing_by(value: float) -> Metric:
    about = "1: it waits for its lane or its journal"
    return GaugeMetricFamily("waterline_standing_by", about, value)


class Health(Collector):
    """What is known of one oracle; `beat` is called whenever its loop comes round."""

    def __init__(
        self, journal: Place, clock: Callable[[], float], jobs: Jobs | None = None
    ) -> None:
        """`jobs` are those of an oracle that warns."""
        self._journal, self._clock, self._jobs = journal, clock, jobs
        self._beat_at = clock()
        self._lasting: dict[tuple[str, str], bool] = {(name, ""): False for name in SPELLS}

    def hear(self, event: str, **keys: object) -> None:
        """An event was told: note what begins or ends with it."""
        for name, (begins, ends, _) in (SPELLS | OF_ENDPOINTS).items():
            if event in (begins, ends):
                self._lasting[name, str(keys.get("endpoint", ""))] = event == begins

    def beat(self) -> None:
        """The loop has come round."""
        self._beat_at = self._clock()

    def hangs(self) -> str:
        """Why the process should be started again, "" while it works."""
        age_s = self._clock() - self._beat_at
        if age_s > STALE_S:
            return f"the loop has not come round for {age_s:.0f} s"
        silent = self._jobs.silent() if self._jobs else {}
        return silent.get(DELIVERY, "")

    def stands(self) -> str:
        """Why readings do not become final, "" while they do."""
        for name, (begins, _, _) in SPELLS.items():
            if self._lasting[name, ""] and name != "files_held_back":
                return f"the {begins}" if begins.startswith(("chain", "base")) else begins
        store = Store(self._journal, writing=False)
        try:
            lanes = report(store).lanes
        finally:
            store.close()
        told = [f"{one['contract']} lane {one['lane']}: {one['stopped']}" for one in lanes]
        return "; ".join(line for line, one in zip(told, lanes, strict=True) if one["stopped"])

    def collect(self) -> Iterator[Metric]:
        """Every metric; ages are those of the moment that a reading is of."""
        store = Store(self._journal, writing=False)
        try:
            now, lasts = report(store), store.db.execute(LAST_SETTLED).fetchall()
        finally:
            store.close()
        lane = ["contract", "lane"]
        age = GaugeMetricFamily(
            "waterline_lane_settled_age_seconds", "Age of a lane's last final reading", labels=lane
        )
        for row in lasts:
            age.add_metric([row["contract"], str(row["lane"])], self._clock() - row["at"])
        yield age
        stopped = GaugeMetricFamily("waterline_lane_stopped", "1: a person must look", labels=lane)
        flying = GaugeMetricFamily("waterline_lane_in_flight", "Batches sent", labels=lane)
        for one in now.lanes:
            labels = [one["contract"], str(one["lane"])]
            stopped.add_metric(labels, float(one["stopped"] is not None))
            flying.add_metric(labels, one["in_flight"])
        yield from (stopped, flying)
        for name, about, value in (
            ("readings_accepted", "Readings received", now.accepted),
            ("readings_settled", "Readings that are final", now.settled),
            ("readings_held", "Held with a reason", now.quarantined),
            ("readings_repeated", "Received again", now.repeated),
        ):
            yield CounterMetricFamily(f"waterline_{name}", about, value)
        for name, about, amount in (
            ("readings_waiting", "Readings that are in no batch yet", float(now.waiting)),
            ("loop_age_seconds", "Since the loop came round", self._clock() - self._beat_at),
        ):
            yield GaugeMetricFamily(f"waterline_{name}", about, amount)
        yield _standing_by(0)
        yield from self._spells()
        if self._jobs is not None:
            yield from self._warned(self._jobs)

    def _warned(self, jobs: Jobs) -> Iterator[Metric]:
        """What people are warned of, and whether anybody hears it."""
        book = Book.open(self._journal)
        try:
            states, unheard, due, heard_at = book.counts()
        finally:
            book.close()
        made = GaugeMetricFamily("waterline_warnings", "Warnings by state", labels=["state"])
        for state, count in states.items():
            made.add_metric([state], count)
        ages = GaugeMetricFamily(
            "waterline_job_age_seconds", "Since a job came round", labels=["job"]
        )
        for job, age_s in jobs.ages_s().items():
            ages.add_metric([job], age_s)
        yield from (made, ages)
        yield GaugeMetricFamily("waterline_warnings_unheard", "Nobody has answered", unheard)
        yield GaugeMetricFamily("waterline_letters_due", "Messages not accepted yet", due)
        if heard_at is not None:
            age_s = self._clock() - heard_at
            name = "waterline_synthetic_heard_age_seconds"
            yield GaugeMetricFamily(name, "Since a test alarm arrived", age_s)

    def warnings(self, after: int) -> list[dict[str, Any]]:
        """The warnings behind a number, for whoever missed some."""
        book = Book.open(self._journal)
        try:
            return book.after(after)
        finally:
            book.close()

    def _spells(self) -> Iterator[Metric]:
        """What lasts now, 1 or 0."""
        lasting = dict(self._lasting)
        for name, (_, _, about) in SPELLS.items():
            yield GaugeMetricFamily(f"waterline_{name}", about, float(lasting[name, ""]))
        for name, (_, _, about) in OF_ENDPOINTS.items():
            family = GaugeMetricFamily(f"waterline_{name}", about, labels=["endpoint"])
            for (spell, endpoint), lasts in lasting.items():
                if spell == name:
                    family.add_metric([endpoint], float(lasts))
            yield family


class HealthServer(Collector):
    """The pages on a port, from `open` to `close`; port 0 takes any that is free.

    `shown` is what they are about, and may change meanwhile.
    """

    def __init__(self, shown: Shown, host: str, port: int) -> None:
        self.shown, self._where = shown, (host, port)
        self._server: ThreadingHTTPServer | None = None

    def open(self) -> int:
        """Begin to serve; the port. UsageError where it cannot be had."""
        try:
            self._server = ThreadingHTTPServer(self._where, _pages(self))
        except OSError as error:
            where = f"{self._where[0]}:{self._where[1]}"
            raise UsageError(f"{where} cannot be served on: {error}", "choose a port") from error
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return int(self._server.server_address[1])

    def collect(self) -> Iterator[Metric]:
        """The metrics of what is shown now."""
        yield from self.shown.collect()

    def close(self) -> None:
        """Serve no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


def _pages(server: HealthServer) -> type[BaseHTTPRequestHandler]:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(server)

    class Pages(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            health = server.shown
            answers: dict[str, Callable[[], tuple[int, bytes]]] = {
                "/metrics": lambda: (200, generate_latest(registry)),
                "/healthz": lambda: _verdict(health.hangs()),
                "/readyz": lambda: _verdict(health.hangs() or health.stands()),
                "/warnings": lambda: _warnings(health, query),
            }
            path, _, query = self.path.partition("?")
            found = answers.get(path)
            try:
                code, text = found() if found else (404, NOT_FOUND)
            except Exception as error:  # a journal that is gone must not end the page
                code, text = 503, f"{error}\n".encode()
            self.send_response(code)
            self.send_header("Content-Type", TEXT)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Say nothing: a page is asked for every few seconds."""

    return Pages


def _warnings(health: Shown, query: str) -> tuple[int, bytes]:
    """The warnings behind `after`, a JSON document a line."""
    after = parse_qs(query).get("after", ["0"])[0]
    if not (after.isascii() and after.isdigit() and len(after) < MOST_DIGITS):
        return 400, b"after is the number of a warning\n"
    lines = [json.dumps(one, ensure_ascii=False) + "\n" for one in health.warnings(int(after))]
    return 200, "".join(lines).encode()


def _verdict(why: str) -> tuple[int, bytes]:
    return (503, f"{why}\n".encode()) if why else (200, b"ok\n")
