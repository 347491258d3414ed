"""The whole contract suite on one in-memory chain, with an account for each duty."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boa
from boa.contracts.vyper.vyper_contract import VyperContract
from eth_account import Account
from eth_account.messages import encode_typed_data

from scripts._compiled import CONTRACTS
from tests.contracts.machine import Revm

ROOT = Path(__file__).parents[2]
T0 = 1_700_000_000  # the first boundary of every calendar of these tests
DAY_S = 86_400
NOW = T0 + 400 * DAY_S

FOLDERS = CONTRACTS
DUTIES = {
    "registrar": 1,
    "verifier": 2,
    "standards_keeper": 4,
    "network_keeper": 8,
    "device_keeper": 16,
    "clerk": 32,
    "reviewer": 64,
    "decider": 128,
    "issuer": 256,
    "supervisor": 512,
    "relay": 1024,
    "biller": 2048,
    "dispatcher": 4096,
    "analyst": 8192,
}
SETTINGS = {
    "accept_days": (5, "working days"),
    "forward_days": (20, "working days"),
    "decide_days": (45, "working days"),
    "works_months": (36, "months"),
    "trial_days": (30, "days"),
    "permit_max_months": (120, "months"),
    "extension_days": (45, "days"),
    "drainage_max_months": (60, "months"),
    "drainage_extension_days": (30, "days"),
    "unused_years": (2, "years"),
    "urgent_replacement_days": (15, "days"),
    "violation_answer_days": (15, "days"),
    "works_cold_mc": (12_000, "mc"),
    "works_removal_cod_bps": (6_000, "bps"),
    "works_removal_bod5_bps": (5_000, "bps"),
    "leak_household_ppm": (80_000, "ppm"),
    "leak_pipe_slope_ppm": (990_000, "ppm"),
    "leak_pipe_base": (693, "m per 10,000 m3"),
    "leak_pipe_clamp_ppm": (30_000, "ppm"),
    "leak_pressure1_pa": (350_000, "Pa"),
    "leak_pressure2_pa": (550_000, "Pa"),
    "leak_pressure3_pa": (750_000, "Pa"),
    "leak_pressure1_ppm": (5_000, "ppm"),
    "leak_pressure2_ppm": (10_000, "ppm"),
    "leak_pressure3_ppm": (20_000, "ppm"),
    "leak_frost_mm": (1_400, "mm"),
    "leak_frost_ppm": (10_000, "ppm"),
    "leak_grade1_ppm": (100_000, "ppm"),
    "leak_grade2_ppm": (120_000, "ppm"),
    "leak_target_a_ppm": (90_000, "ppm"),
    "leak_target_b_ppm": (90_000, "ppm"),
    "low_inflow_blue_bps": (4_000, "bps"),
    "low_inflow_yellow_bps": (6_000, "bps"),
    "low_inflow_orange_bps": (7_500, "bps"),
    "low_inflow_red_bps": (9_000, "bps"),
    "secondary_clean_months": (6, "months"),
    "secondary_test_months": (1, "months"),
    "lab_below_gb5749_bps": (5_000, "bps"),
    "lab_below_gb3838_bps": (5_000, "bps"),
    "lab_below_gbt31962_bps": (5_000, "bps"),
    "lab_below_gb18918_bps": (5_000, "bps"),
}
ABSTRACTION, DRAINAGE = 1, 2
METER, GAUGE = 1, 2
RELAY_GROUP = 7
CUTS = (0, 1000, 3000, 8000, 9500)
COD = b"cod".ljust(32, b"\0")
VOLUME = b"volume".ljust(32, b"\0")
HASH = b"\x01" * 32


def word(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


# at every refusal titanoboa writes down a contract's whole storage: half the time of a test run
VyperContract.__repr__ = object.__repr__
boa.env.evm = Revm()  # on py-evm, titanoboa's own, they take forty times as long


@cache
def deployer(name: str) -> Any:
    """A contract compiled from its source, or from the cache if nothing in it has changed."""
    boa.interpret.set_cache_dir(str(ROOT / ".cache" / "titanoboa"))
    boa.interpret.set_search_paths([str(ROOT)])
    return boa.load_partial(str(ROOT / "contracts" / FOLDERS[name] / f"{name}.vy"))


CREDIT_CODES = ("914403001922038216", "91330100799655058B", "91110000802100433B")
HOLDER = Account.from_key(b"\x02" * 32)
CITY = Account.from_key(b"\x03" * 32)


@dataclass
class Suite:
    """Contracts by name and accounts by duty; `holder` applies for permits."""

    contracts: dict[str, Any]
    first: str
    second: str
    accounts: dict[str, str]
    holder: str
    numbers: dict[str, int] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        contracts = self.__dict__["contracts"]
        named = "".join(part.title() for part in name.split("_"))
        if named in contracts:
            return contracts[named]
        if name in self.__dict__["accounts"]:
            return self.__dict__["accounts"][name]
        raise AttributeError(name)

    def by_both(self, function: str, *arguments: Any) -> None:
        """Two administrators: one proposes, the other confirms."""
        act = getattr(self.authority, function).prepare_calldata(*arguments)
        proposal = self.authority.propose(act, sender=self.first)
        self.authority.confirm(proposal, sender=self.second)

    def next_number(self, kind: str) -> int:
        self.numbers[kind] = self.numbers.get(kind, 0) + 1
        return self.numbers[kind]

    def station(self, kind: int = 2) -> int:
        code = f"ST-{self.next_number('station')}"
        return self.water_network.add_station(code, code, kind, 1, sender=self.network_keeper)

    def face(self, **changed: Any) -> tuple[Any, ...]:
        face = {
            "kind": ABSTRACTION,
            "purpose": word("public supply"),
            "source": word("surface"),
            "station_id": 1,
            "annual_l": 1_000_000,
            "monthly_l": 0,
            "daily_l": 0,
            "peak_l_h": 2**32 - 1,
            "season_from": 0,
            "season_until": 0,
            "return_station_id": 0,
            "return_l": 0,
            "from_at": T0,
            # "months" have ten days here, and a drainage permit runs for sixty of them
            "until_at": T0 + (600 if changed.get("kind") == DRAINAGE else 700) * DAY_S,
            "document_hash": HASH,
            "amends": 0,
            "needs_works": False,
            "level": 0,
        }
        return tuple((face | changed).values())

    def approved(self, **changed: Any) -> int:
        """An application that was accepted, reviewed and approved."""
        applications = self.applications
        application = applications.apply(self.face(**changed), 0, sender=self.holder)
        applications.accept(application, 0, sender=self.clerk)
        applications.review(application, True, HASH, 0, sender=self.reviewer)
        applications.decide(application, True, 0, 0, sender=self.decider)
        return application

    def permit(self, limits: tuple[Any, ...] = (), **changed: Any) -> int:
        application = self.approved(**changed)
        number = f"C440114S2020-{self.next_number('permit'):04d}"
        return self.permit_registry.issue(
            application, number, 1, list(limits), 0, sender=self.issuer
        )

    def device(self) -> int:
        code = f"DEV-{self.next_number('device')}"
        return self.device_registry.enrol_device(code, 1, sender=self.device_keeper)

    def request(self, kind: int = METER, **changed: Any) -> tuple[Any, ...]:
        """What is asked of DeviceRegistry to enrol a channel, on a device of its own."""
        request = {
            "device": changed.get("device") or self.device(),
            "parameter": VOLUME,
            "kind": kind,
            "contract_name": word("QuotaTracker"),
            "relay_group": RELAY_GROUP,
            "resolution": 1,
            "cadence_s": 300,
            "low": -(10**15),
            "high": 10**15,
            "modulus_l": 0,
            "grade": 3,
            "register_l": 100 if kind == METER else 0,
            "opened_at": T0,
        }
        return tuple((request | changed).values())

    def channel(
        self,
        kind: int,
        contract: str,
        parameter: bytes = VOLUME,
        permit: int = 0,
        **changed: Any,
    ) -> int:
        """A channel on a device of its own, bound to `permit` if there is one."""
        named = {"contract_name": word(contract), "parameter": parameter}
        channel = self.device_registry.enrol_channel(
            self.request(kind, **(named | changed)), sender=self.device_keeper
        )
        if permit:
            self.device_registry.bind(channel, permit, sender=self.device_keeper)
        return channel

    def lane(self, contract: Any, group: int = RELAY_GROUP) -> int:
        return contract.open_lane(self.relay, group, sender=self.device_keeper)

    def limit(self, parameter: bytes = COD, lo: int | None = None, hi: int | None = None) -> int:
        """A limit of a sealed set of its own, verified and ruled by the daily mean."""
        bounds = (lo or 0, hi or 0, lo is not None, hi is not None)
        limit = (parameter, word("daily_mean_max"), word("ng/L"), *bounds, True, True)
        return self.sealed(f"STD {self.next_number('set')}", [limit])

    def sealed(
        self,
        standard: str,
        limits: Sequence[tuple[Any, ...]],
        grade: str = "",
        in_force_at: int = T0,
    ) -> int:
        """A set that one officer loads and another seals; limits without its number, the last's."""
        standards, keeper = self.standards, self.standards_keeper
        set_id = standards.open_set(standard, grade, HASH, in_force_at, sender=keeper)
        standards.add_limits(set_id, [(set_id, *one) for one in limits], sender=keeper)
        standards.seal_set(set_id, len(limits), HASH, sender=self.second_keeper)
        return int(standards.limit_count())


def request_signature(
    suite_authority: Any, name: str, code: str, key: Any, chain_id: int | None = None
) -> bytes:
    """What an organisation's account signs to be registered."""
    message = encode_typed_data(
        domain_data={
            "name": "Waterline",
            "version": "1",
            "chainId": chain_id or boa.env.evm.patch.chain_id,
            "verifyingContract": suite_authority.address,
        },
        message_types={
            "Registration": [
                {"name": "name", "type": "string"},
                {"name": "creditCode", "type": "string"},
                {"name": "account", "type": "address"},
            ]
        },
        message_data={"name": name, "creditCode": code, "account": key.address},
    )
    return key.sign_message(message).signature


def rotation_signature(
    authority: Any, old: str, key: Any, chain_id: int | None = None, new: str = ""
) -> bytes:
    """What a new account signs to take an old one's place."""
    message = encode_typed_data(
        domain_data={
            "name": "Waterline",
            "version": "1",
            "chainId": chain_id or boa.env.evm.patch.chain_id,
            "verifyingContract": authority.address,
        },
        message_types={
            "Rotation": [{"name": "old", "type": "address"}, {"name": "new", "type": "address"}]
        },
        message_data={"old": old, "new": new or key.address},
    )
    return bytes(key.sign_message(message).signature)


@cache
def deploy() -> Suite:
    """Deploy everything once, list it, verify two organisations, open a post for each duty."""
    gc.disable()  # millions of objects come from the compiler's cache, and all of them stay
    suite = _deployed()
    gc.freeze()
    gc.enable()
    return suite


def _deployed() -> Suite:
    boa.env.evm.patch.timestamp = NOW
    first, second = boa.env.generate_address("first"), boa.env.generate_address("second")
    authority = deployer("Authority").deploy(first, second)
    contracts = {"Authority": authority}
    for name in list(FOLDERS)[1:]:
        contracts[name] = deployer(name).deploy(authority.address)
    accounts = {one: boa.env.generate_address(one) for one in (*DUTIES, "second_keeper")}
    suite = Suite(contracts, first, second, accounts, HOLDER.address)
    found(suite)
    return suite


def found(suite: Suite, chain_id: int | None = None) -> None:
    """List every contract and set the city up, with what two administrators may do together."""
    for name, contract in suite.contracts.items():
        suite.by_both("list_contract", word(name), contract.address)
    for org_id, (name, code, key) in enumerate(
        (("Water authority", CREDIT_CODES[0], CITY), ("Works", CREDIT_CODES[1], HOLDER)), 1
    ):
        signature = request_signature(suite.authority, name, code, key, chain_id)
        suite.by_both("register", name, code, key.address, signature)
        suite.by_both("verify", org_id)
    for duty, bit in DUTIES.items():
        suite.by_both("open_post", 1, duty, bit, suite.accounts[duty], T0, 2**32 - 1)
    keepers = "second keeper", DUTIES["standards_keeper"], suite.second_keeper
    suite.by_both("open_post", 1, *keepers, T0, 2**32 - 1)
    _load_standards(suite)
    suite.station()


def _load_standards(suite: Suite) -> None:
    standards, keeper = suite.standards, suite.standards_keeper
    days = [T0 + DAY_S * day for day in range(800)]
    for page in (days[:400], days[400:]):
        standards.extend_calendar(1, page, sender=keeper)
    # "months" of ten days, loaded far ahead as terms of years ask for
    standards.extend_calendar(2, [T0 + DAY_S * 10 * n for n in range(240)], sender=keeper)
    standards.extend_calendar(3, days[::20], sender=keeper)
    standards.extend_calendar(4, days[::40], sender=keeper)  # "years" of forty days
    working = [day for n, day in enumerate(days[1:]) if n % 7 < 5]
    for page in (working[:400], working[400:]):
        standards.extend_calendar(5, page, sender=keeper)
    standards.load_scheme("default", *CUTS, sender=keeper)
    settings = [
        (word(name), 0, amount, word(unit), "Decree 460", True, T0)
        for name, (amount, unit) in SETTINGS.items()
    ]
    standards.load_settings(settings, sender=keeper)
