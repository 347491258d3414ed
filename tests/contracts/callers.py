"""Every kind of caller that must be refused somewhere, and arguments for every function."""

from collections.abc import Mapping
from typing import Any

import boa

from checks.duties import (
    ANSWERS_FOR_TANK,
    ANY_ORGANISATION,
    ANY_STANDING,
    APPLICANT,
    BOTH,
    CUSTODIAN,
    EITHER,
    HOLDER_OF_PERMIT,
    MEMBER,
    OFFERED,
    VERIFIED,
    WITNESS,
    Gate,
)
from tests.contracts.outlets import Outlet
from tests.contracts.suite import DUTIES, FOLDERS, METER, NOW, Suite, word

ALL = sum(DUTIES.values())
LATEST = 2**32 - 1
# functions whose gate looks at what their first argument names
NUMBERED = {
    *("resubmit", "begin_works", "take_approval"),
    *("request_extension", "offer_transfer", "surrender", "dispute", "grant_sight"),
    *("acknowledge", "accept_order", "answer", "appeal", "record_cleaning"),
    *("offer_custody", "accept_custody"),
    *("accept_transfer", "decline_transfer", "withdraw_transfer"),
    "keep",
}
LANED = {"record_meters", "record_gauges"}  # their first argument is a lane


def zero(entry: Mapping[str, Any]) -> Any:
    """The zero value of an ABI input."""
    kind = entry["type"]
    if kind.endswith("]"):
        return []
    if kind == "tuple":
        return tuple(zero(part) for part in entry["components"])
    if kind == "address":
        return "0x" + "00" * 20
    if kind == "bool":
        return False
    if kind == "string":
        return ""
    if kind == "bytes":
        return b""
    return b"\0" * 32 if kind == "bytes32" else 0


class Callers:
    """The accounts and contracts that try every function, by what they are."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.single = {duty.upper(): suite.accounts[duty] for duty in DUTIES}
        self.others = {
            duty.upper(): self._post(f"all but {duty}", ALL ^ bit) for duty, bit in DUTIES.items()
        }
        withdrawn = self._post("withdrawn", ALL)
        suite.authority.withdraw(withdrawn, sender=suite.first)
        self.powerless = {
            "stranger": boa.env.generate_address("stranger"),
            "term over": self._post("term over", ALL, until_at=NOW),
            "term not begun": self._post("term not begun", ALL, from_at=NOW + 1),
            "withdrawn": withdrawn,
        }
        self.administrators = {"first": suite.first, "second": suite.second}
        self.members = [boa.env.generate_address(f"member {n}") for n in range(2)]
        suite.council.seat(self.members, 2, 0, 86_400, sender=suite.authority.address)
        self.notified = self._post("department", 0)
        plan = (b"\1" * 32, 0, [suite.authority.post_count()], [], 60, [])
        suite.incidents.set_plan(plan, sender=suite.supervisor)
        self.holders = {"applicant": suite.holder, "city": suite.authority.org(1).account}
        self.contracts = {name: suite.contracts[name].address for name in FOLDERS}
        self.lanes = {
            name: suite.lane(suite.contracts[name])
            for name in FOLDERS
            if hasattr(suite.contracts[name], "open_lane")
        }
        watched = (word("QuotaTracker"), self.lanes["QuotaTracker"], [suite.holder], 0)
        suite.witnesses.set_witnesses(*watched, sender=suite.supervisor)
        self.channel = suite.channel(METER, "QuotaTracker")
        suite.register_turns.set_turns([self.channel], 1, sender=suite.device_keeper)
        suite.applications.apply(suite.face(), 0, sender=suite.holder)
        permit = suite.permit()
        self.bound = suite.channel(METER, "QuotaTracker", permit=permit)
        terms = (1, 0, 0, b"\1" * 32)
        suite.permit_changes.offer_transfer(suite.permit(), permit, *terms, sender=suite.holder)
        evidence = b"\1" * 32
        suite.incidents.open(evidence, 1, 1, False, evidence, sender=suite.dispatcher)
        suite.supply_codes.set_tank(0, "Tower", 1, 1, 0, sender=suite.network_keeper)
        suite.incidents.give_order(1, permit, 1, 0, LATEST, sender=suite.supervisor)
        suite.evidence.open_file(1, 1, sender=suite.dispatcher)
        suite.evidence.offer_custody(1, self.notified, sender=suite.dispatcher)
        outlet = Outlet(suite)
        outlet.day(0, [outlet.limit + 1])
        suite.violations.detect(outlet.channel, 0, sender=suite.holder)

    def _post(self, title: str, duties: int, from_at: int = 0, until_at: int = LATEST) -> str:
        account: str = boa.env.generate_address(title)
        self.suite.by_both("open_post", 1, title, duties, account, from_at, until_at)
        return account

    def everybody(self) -> dict[str, str]:
        """All callers by what they are."""
        alone = {f"{duty} alone": account for duty, account in self.single.items()}
        others = {f"all but {duty}": account for duty, account in self.others.items()}
        named = {f"{name} administrator": who for name, who in self.administrators.items()}
        named |= {"council member": self.members[0], "notified": self.notified}
        return alone | others | named | self.powerless | self.holders | self.contracts

    def passing(self, contract: str, gate: Gate) -> dict[str, str]:
        """The callers that a gate lets through."""
        let: dict[str, str] = {}
        for duty in gate.duties:
            let[f"{duty} alone"] = self.single[duty]
            let |= {f"all but {name}": a for name, a in self.others.items() if name != duty}
        if EITHER in gate.who:
            let |= {f"{name} administrator": who for name, who in self.administrators.items()}
        if BOTH in gate.who:
            let["Authority"] = self.contracts["Authority"]
        if gate.who == MEMBER:
            let["council member"] = self.members[0]
        if "is notified" in gate.who:
            let = {"notified": self.notified}
        if gate.who == CUSTODIAN:
            let = {"DISPATCHER alone": self.single["DISPATCHER"]}
        if gate.who == OFFERED:
            let = {"notified": self.notified}
        for name in gate.contracts:
            let[name] = self.contracts[name]
        if gate.who in (VERIFIED, ANY_ORGANISATION):
            let |= self.holders
        if gate.who == ANY_STANDING:
            let = {f"{duty} alone": account for duty, account in self.single.items()}
            let |= {f"all but {duty}": account for duty, account in self.others.items()}
            let |= {who: a for who, a in self.powerless.items() if who.startswith("term")}
            let |= self.holders | {"notified": self.notified}
        if gate.who == ANSWERS_FOR_TANK:
            let["city"] = self.holders["city"]
        if gate.who == APPLICANT or HOLDER_OF_PERMIT.who in gate.who:
            let["applicant"] = self.suite.holder
        if gate.who == WITNESS:
            let = {"applicant": self.suite.holder}
        elif "lane" in gate.who:  # the lanes belong to one of those who hold RELAY
            let = {"RELAY alone": self.single["RELAY"]}
        return let

    def calldata(self, contract: str, function: str) -> bytes:
        """A call with zeros, but where the gate looks at something: a lane, an application."""
        method = getattr(self.suite.contracts[contract], function)
        inputs = next(e for e in method.contract.abi if e.get("name") == function)["inputs"]
        arguments = [zero(entry) for entry in inputs]
        if function in LANED:
            arguments[0] = self.lanes[contract]
        if function in NUMBERED:
            arguments[0] = 1
        if function == "replace_urgently":
            arguments[0] = self.bound
        if function == "dissent_from":
            arguments[:2] = [self.contracts["QuotaTracker"], self.lanes["QuotaTracker"]]
        encoded: bytes = method.prepare_calldata(*arguments)
        return encoded
