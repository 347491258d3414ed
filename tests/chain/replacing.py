"""A book of the town is replaced by another one, and the oracle's ledger follows the record."""

from collections.abc import Sequence
from typing import Any

import yaml

from ledger.deployment import Deployed
from ledger.events import logs
from ledger.settlement import SettlementPolicy
from oracle.inputs import Input
from oracle.journal import Journal
from oracle.mapping import load
from oracle.rebinding import rebind
from tests.chain.town import CONFIRMATIONS, Town
from tests.contracts.suite import COD, GAUGE, T0, word

POLICY = SettlementPolicy(CONFIRMATIONS)
STEP_S = 300
UNIT_NG_L = 1_000_000  # a milligram a litre


class Replaced:
    """What two administrators, a supervisor and a keeper do to a book of a town."""

    def __init__(self, town: Town, name: str) -> None:
        self.town, self.name = town, name
        self.old = town.suite.contracts[name]

    def by_hand(self) -> None:
        """Blocks are sealed by hand from here on, as an oracle's tests want it."""
        self.town.chain.tester.disable_auto_mine_transactions()

    def at_once(self) -> None:
        """Each transaction has a block of its own from here on."""
        self.town.chain.tester.enable_auto_mine_transactions()

    def halt(self, *lanes: int) -> None:
        """Halt lanes of the old book; all of them where none is named."""
        every = range(1, self.old.lane_count() + 1)
        for lane in lanes or every:
            self.old.halt_lane(lane, sender=self.town.suite.supervisor)

    def listed(self) -> None:
        """Deploy the new book and list both, on the chain and in the record."""
        suite, ledger, name = self.town.suite, self.town.ledger, self.name
        self.new = self.town.chain.deploy(name, suite.authority.address)
        record = ledger.deployment
        former = record.next_former(name)
        suite.by_both("list_contract", word(former), self.old.address)
        suite.by_both("list_contract", word(name), self.new.address)
        block = ledger.chain.head().number
        deployed = Deployed(self.new.address, list(self.new.abi), "0x", "0x", block)
        record = record.with_contract(former, record.contracts[name]).with_contract(name, deployed)
        self.town.ledger, self.former = record.open(ledger.chain), former

    def adopted(self) -> None:
        """All pages and the lanes."""
        suite, keeper = self.town.suite, self.town.suite.device_keeper
        adoption, names = suite.adoption, (word(self.name), word(self.former))
        adoption.begin(*names, sender=keeper)
        for first in range(1, suite.device_registry.channel_count() + 1, 50):
            adoption.take_page(names[0], first, 50, sender=keeper)
        permits = suite.permit_registry.permit_count()
        if permits and self.name != "QualityProvenance":
            adoption.take_page(names[0], 1, 200, sender=keeper)
        adoption.finish(names[0], sender=keeper)

    def replaced(self) -> "Replaced":
        """From the first halted lane to the end, and final."""
        self.at_once()
        self.halt()
        self.listed()
        self.adopted()
        self.town.mine(CONFIRMATIONS + 1)
        return self

    def rebound(self, journal: str = "journal") -> list[str]:
        """What `waterline oracle rebind` does to a journal that nobody has open."""
        opened = Journal(self.town.folder / journal, writing=True)
        try:
            return rebind(self.town.ledger, opened, POLICY)
        finally:
            opened.close()

    def resume(self) -> None:
        """Resume every lane of the new book; blocks are sealed by hand again."""
        self.at_once()
        for lane in range(1, self.new.lane_count() + 1):
            self.new.resume_lane(lane, sender=self.town.suite.supervisor)
        self.by_hand()


def gauge(town: Town, book: str, permit: int = 0) -> tuple[int, str]:
    """A gauge of a book, judged; its channel and its device's code."""
    suite = town.suite
    about = {"parameter": COD, "permit": permit, "relay_group": 1, "resolution": UNIT_NG_L}
    channel = suite.channel(GAUGE, book, **about)
    limit_id = suite.limit(COD, None, 50 * UNIT_NG_L)
    keeper = suite.standards_keeper
    suite.contracts[book].judge(channel, limit_id, 1, 0, 0, 1, sender=keeper)
    return channel, f"DEV-{suite.numbers['device']}"


def file(town: Town, name: str, device: str, rows: Sequence[tuple[int, int]]) -> Input:
    """A file of moments and values in mg/L, with its mapping."""
    path, mapping = town.folder / f"{name}.csv", town.folder / f"{name}.yaml"
    path.write_text("at,cod\n" + "".join(f"{at},{v}\n" for at, v in rows), encoding="utf-8")
    column = {"column": "cod", "device": device, "parameter": "cod", "unit": "mg/L"}
    shape = {"title": name, "time": {"form": "unix_s", "column": "at"}, "channels": [column]}
    mapping.write_text(yaml.safe_dump(shape), encoding="utf-8")
    return Input(path, load(mapping))


def rows_of(count: int, value: int = 40, first: int = 1) -> list[tuple[int, int]]:
    """Values of a gauge every five minutes."""
    return [(T0 + STEP_S * n, value + n % 3) for n in range(first, first + count)]


def recorded(town: Town, name: str) -> list[Any]:
    """Every batch that either book has taken."""
    return logs(town.ledger, name, "Recorded")
