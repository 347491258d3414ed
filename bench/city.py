"""A small city on the London machine: every contract of ours, permits, meters and gauges."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data

from bench.machine import Code, Deployed, Machine
from ledger.duties import DUTIES
from ledger.labels import label

T0 = 1_700_000_000  # where the only day, month and year begin
PERIOD_S = 1_000 * 86_400  # so long that no measured batch meets its end
NOW = T0 + 900 * 86_400
FIRST, SECOND, OFFICE, DECIDER, RELAY, HOLDER = range(6)
ABSTRACTION, METER, GAUGE = 1, 1, 2
DAY, MONTH = 1, 2  # calendars of Standards
RELAY_GROUP = 1
PLAN_L = 10**12
PEAK_L_H = 2_400_000  # of the bound meters, twice the highest rate that is measured
MOST_CHANNELS_OF_DEVICE = 64
CREDIT_CODE = "914403001922038216"
HASH = b"\1" * 32
PARAMETER = label("cod")
OPENING_L = 123_456
LIMIT = 10**6  # of the judged gauges, in stored steps above zero
DEPENDENTS = (
    "Standards",
    "WaterNetwork",
    "DeviceRegistry",
    "Applications",
    "PermitRegistry",
    "PermitChanges",
    "Tariff",
    "QuotaTracker",
    "QualityProvenance",
    "RedLines",
    "Adoption",
)


class City:
    """Contracts, deployed and furnished; channels are enrolled as they are asked for."""

    def __init__(
        self,
        code: Mapping[str, Code],
        say: Callable[[str], None],
        turns: Mapping[int, Sequence[int]] = MappingProxyType({}),
        machine: Callable[[int], Machine] = Machine,
    ) -> None:
        """`turns` are further instants of calendars, by their number, within the one period."""
        self.machine, self.say, self._turns = machine(NOW), say, turns
        administrators = [self.machine.address(one) for one in (FIRST, SECOND)]
        authority = self.machine.deploy(code["Authority"], administrators, FIRST)
        self.contracts: dict[str, Deployed] = {"Authority": authority}
        for name in DEPENDENTS:
            self.contracts[name] = self.machine.deploy(code[name], [authority.address], FIRST)
        self.proposals = self.permits = self.devices = self.room = self.channels = 0
        self.lanes: dict[str, int] = {}
        self._found()

    def send(self, contract: str, function: str, *arguments: Any, account: int = OFFICE) -> None:
        """One act of the city's offices."""
        self.contracts[contract].send(function, *arguments, account=account)

    def channel(self, kind: int, contract: str) -> int:
        """One more channel, enrolled with the contract that writes it."""
        if self.room == 0:
            self._device()
            self.room = MOST_CHANNELS_OF_DEVICE
        self.room -= 1
        return self._enrolled(kind, contract, label(f"parameter {self.room}"))

    def open_lane(self, contract: str) -> None:
        """One more lane of a contract, for the relay."""
        self.send(contract, "open_lane", self.machine.address(RELAY), RELAY_GROUP)
        self.lanes[contract] = self.lanes.get(contract, 0) + 1

    def bound_meter(self) -> int:
        """One more meter of QuotaTracker, counted against a permit of its own."""
        channel = self.channel(METER, "QuotaTracker")
        self.send("DeviceRegistry", "bind", channel, self._permit())
        return channel

    def judged_gauge(self, resolution: int = 1) -> int:
        """One more gauge of QualityProvenance, held against the one limit."""
        self._device()
        self.room = 0
        channel = self._enrolled(GAUGE, "QualityProvenance", PARAMETER, resolution)
        self.send("QualityProvenance", "judge", channel, 1, 2, 600, 500, 10)
        return channel

    def _device(self) -> None:
        self.devices += 1
        self.send("DeviceRegistry", "enrol_device", f"DEV-{self.devices}", 1)

    def _enrolled(self, kind: int, contract: str, parameter: bytes, resolution: int = 1) -> int:
        request = {
            "device": self.devices,
            "parameter": parameter,
            "kind": kind,
            "contract_name": label(contract),
            "relay_group": RELAY_GROUP,
            "resolution": resolution,
            "cadence_s": 300,
            "low": 0,
            "high": 10**15,
            "modulus_l": 0,
            "grade": 3,
            "register_l": OPENING_L if kind == METER else 0,
            "opened_at": T0,
        }
        self.send("DeviceRegistry", "enrol_channel", tuple(request.values()))
        self.channels += 1
        return self.channels

    def _permit(self) -> int:
        """An abstraction permit, from application to issue."""
        number = self.permits = self.permits + 1
        words = (label("public supply"), label("surface"))
        volumes, term = (PLAN_L, 0, 0, PEAK_L_H), (T0, T0 + PERIOD_S, HASH)
        face = (ABSTRACTION, *words, 1, *volumes, 0, 0, 0, 0, *term, 0, False, 0)
        self.send("Applications", "apply", face, 0, account=HOLDER)
        self.send("Applications", "accept", number, 0)
        self.send("Applications", "review", number, True, HASH, 0)
        self.send("Applications", "decide", number, True, 0, 0, account=DECIDER)
        self.send("PermitRegistry", "issue", number, f"C440114S2020-{number:04d}", 1, [], 0)
        return number

    def _found(self) -> None:
        self.say("deploying")
        for name, contract in self.contracts.items():
            self._by_both("list_contract", label(name), contract.address)
        name, account = "Water authority", self.machine.address(HOLDER)
        self._by_both("register", name, CREDIT_CODE, account, self._request(name, account))
        self._by_both("verify", 1)
        every = sum(DUTIES.values()) - DUTIES["DECIDER"] - DUTIES["RELAY"]
        deciding = DUTIES["DECIDER"] + DUTIES["STANDARDS_KEEPER"]  # seals what the office loads
        posts = {OFFICE: every, DECIDER: deciding, RELAY: DUTIES["RELAY"]}
        for holder, duties in posts.items():
            whom = self.machine.address(holder)
            self._by_both("open_post", 1, f"post {holder}", duties, whom, T0, 2**32 - 1)
        for calendar in range(1, 5):
            instants = [T0, *self._turns.get(calendar, ()), T0 + PERIOD_S]
            self.send("Standards", "extend_calendar", calendar, instants)
        # one period ahead, as the longest term of a permit asks for
        self.send("Standards", "extend_calendar", 2, [T0 + 2 * PERIOD_S, T0 + 3 * PERIOD_S])
        months = 1 + len(self._turns.get(MONTH, ()))
        longest = (label("permit_max_months"), 0, months, label("months"), "", True, T0)
        self.send("Standards", "load_settings", [longest])
        self.send("Standards", "load_scheme", "default", 0, 1_000, 3_000, 8_000, 9_500)
        self.send("WaterNetwork", "add_station", "ST-1", "Works", 3, 1)
        self.send("Standards", "open_set", "STD 1", "", HASH, T0)
        limit = (1, PARAMETER, label("daily_mean_max"), label("ng/L"), 0, LIMIT, True, True)
        self.send("Standards", "add_limits", 1, [(*limit, True, True)])
        self.send("Standards", "seal_set", 1, 1, HASH, account=DECIDER)

    def _by_both(self, function: str, *arguments: Any) -> None:
        """Two administrators: one proposes, the other confirms."""
        self.proposals += 1
        act = self.contracts["Authority"].encoded(function, *arguments)
        self.send("Authority", "propose", act, account=FIRST)
        self.send("Authority", "confirm", self.proposals, account=SECOND)

    def _request(self, name: str, account: str) -> bytes:
        """What an organisation's account signs to be registered."""
        message = encode_typed_data(
            domain_data={
                "name": "Waterline",
                "version": "1",
                "chainId": self.machine.chain_id,
                "verifyingContract": self.contracts["Authority"].address,
            },
            message_types={
                "Registration": [
                    {"name": "name", "type": "string"},
                    {"name": "creditCode", "type": "string"},
                    {"name": "account", "type": "address"},
                ]
            },
            message_data={"name": name, "creditCode": CREDIT_CODE, "account": account},
        )
        key = self.machine.keys[HOLDER].to_bytes()
        return bytes(Account.sign_message(message, key).signature)
