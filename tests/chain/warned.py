"""A town with a judged gauge, an oracle that warns of it, and a mail server."""

import yaml

from oracle.inputs import Input
from oracle.mapping import load
from oracle.warnings.config import Checks, Warnings
from oracle.warnings.desk import Jobs
from oracle.warnings.running import Running
from oracle.warnings.troubles import Troubles
from tests.chain.town import Town
from tests.contracts.suite import COD, GAUGE, NOW
from tests.unit.mailing import MailServer

LIMIT_NG_L = 50_000_000
STEP_S = 300
STARTS = NOW - 40 * STEP_S
QUIET, HIGH = "40", "62"


class Place:
    """A town with a judged gauge, an oracle that warns, and a mail server."""

    def __init__(self, town: Town, server: MailServer) -> None:
        self.town, self.server, self.now = town, server, float(NOW)
        suite = town.suite
        self.permit = suite.permit(kind=2)
        about = {"parameter": COD, "permit": self.permit, "relay_group": 1, "resolution": 100_000}
        self.channel = suite.channel(
            GAUGE, "DischargeLimits", opened_at=STARTS, **about, cadence_s=STEP_S
        )
        self.device = f"DEV-{suite.numbers['device']}"
        limit = suite.limit(COD, None, LIMIT_NG_L)
        keeper = suite.standards_keeper
        suite.discharge_limits.judge(self.channel, limit, 2, 0, 500, 1, sender=keeper)
        suite.discharge_limits.open_lane(suite.relay, 1, sender=suite.device_keeper)
        town.chain.tester.disable_auto_mine_transactions()
        self.path, self.rows = town.folder / "outfall.csv", 0
        self.path.write_text("at,cod\n", encoding="utf-8")
        shape = {
            "title": "outfall",
            "time": {"form": "unix_s", "column": "at"},
            "channels": [
                {"column": "cod", "device": self.device, "parameter": "cod", "unit": "mg/L"}
            ],
        }
        (town.folder / "outfall.yaml").write_text(yaml.safe_dump(shape), encoding="utf-8")
        self.input = Input(self.path, load(town.folder / "outfall.yaml"))

    def start(self, checks=None, **changed) -> None:
        """An oracle on the journal; whoever had it before has been killed."""
        mail = {"host": "127.0.0.1", "port": self.server.port, "tls": "none", "sender": "w@c.test"}
        wanted = {
            "recipients": {"duty": {"mail": "duty@city.test"}},
            "mail": mail,
            "ladders": [{"rungs": [{"to": ["duty"]}]}],
        }
        if self.town.journals:
            self.town.kill(self.oracle)
        oracle = self.oracle = self.town.oracle()
        oracle._clock = lambda: self.now
        self.jobs = Jobs(lambda: self.now)
        troubles = Troubles(lambda: self.now)
        self.town.listeners = [troubles.hear]
        self.running = Running(
            oracle.ledger,
            oracle.journal,
            oracle.channels,
            Checks.model_validate(checks or {}),
            Warnings.model_validate(wanted | changed),
            self.town.folder,
            self.jobs,
            lambda: self.now,
            self.town.tell,
            troubles,
        )
        oracle.watching = self.running

    def reads(self, *values: str) -> None:
        """Rows that come to the file, one each five minutes, and are taken in."""
        with self.path.open("a", encoding="utf-8") as file:
            for value in values:
                self.rows += 1
                file.write(f"{STARTS + self.rows * STEP_S},{value}\n")
        for _ in self.oracle.read(self.input, growing=True):
            pass

    def sends(self) -> None:
        """The postman's thread makes its rounds until nothing more leaves."""
        self.running.post.rounds(lambda busy: not busy)

    def settles(self) -> None:
        """Everything becomes final, and the chain is asked."""
        self.town.settle(self.oracle)
        self.running.look()

    @property
    def warnings(self):
        return self.running.book.after(0)
