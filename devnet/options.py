"""What a chain is asked to be: defaults, bounds, and what cannot change once it is made."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from devnet.errors import DevnetError
from devnet.record import Record

WEI_PER_ETHER = 10**18
FUNDED_WEI = 10**9 * WEI_PER_ETHER  # never runs out, whatever the base fee does

# plain names: the chain knows nothing of what its accounts do; `:0` starts with nothing
DEFAULT_ACCOUNTS = (
    *("admin-1", "admin-2"),
    *("officer-1", "officer-2", "officer-3"),
    *("keeper-1", "keeper-2"),
    *("relay-1", "relay-2", "relay-3", "relay-4"),
    *("holder-1:0", "holder-2:0"),
)
_DEFAULT_SIGNERS = 3
_DEFAULT_PERIOD_S = 2
_DEFAULT_GAS_LIMIT = 60_000_000

_SMALLEST_GAS_LIMIT = 8_000_000  # a contract of the largest size still deploys
# a block of 120 M gas of calldata is about 7 MB; one over 10 MB cannot be passed on to peers
_LARGEST_GAS_LIMIT = 120_000_000
_MOST_SIGNERS = 15  # processes on one machine
_LARGEST_CHAIN_ID = 2**53 - 1  # the largest whole number that every JSON reader keeps


@dataclass(frozen=True, slots=True)
class Wanted:
    """Options as given; None means as recorded, or the default of a new chain."""

    signers: int | None = None
    period_s: int | None = None
    gas_limit: int | None = None
    chain_id: int | None = None
    accounts: Sequence[str] | None = None
    rpc_port: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What a new chain is made from."""

    signers: int
    period_s: int
    gas_limit: int
    chain_id: int
    balances_wei: dict[str, int]


def settle(wanted: Wanted) -> Settings:
    """The settings of a new chain, each within its bounds."""
    chain_id = _random_chain_id() if wanted.chain_id is None else wanted.chain_id
    return Settings(
        signers=_within("signers", _or(wanted.signers, _DEFAULT_SIGNERS), 1, _MOST_SIGNERS),
        period_s=_within("period", _or(wanted.period_s, _DEFAULT_PERIOD_S), 1, 3600),
        gas_limit=_within(
            "gas-limit",
            _or(wanted.gas_limit, _DEFAULT_GAS_LIMIT),
            _SMALLEST_GAS_LIMIT,
            _LARGEST_GAS_LIMIT,
        ),
        chain_id=_within("chain-id", chain_id, 1, _LARGEST_CHAIN_ID),
        balances_wei=balances(DEFAULT_ACCOUNTS if wanted.accounts is None else wanted.accounts),
    )


def refuse_change(found: Record, wanted: Wanted) -> None:
    """Refuse options that contradict the chain that is there."""
    for option, asked, there in (
        ("signers", wanted.signers, len(found.signers)),
        ("period", wanted.period_s, found.period_s),
        ("gas-limit", wanted.gas_limit, found.gas_limit),
        ("chain-id", wanted.chain_id, found.chain_id),
    ):
        if asked is not None and asked != there:
            raise _fixed(f"--{option} {there}, not {asked}")
    unknown = sorted(set(balances(wanted.accounts or ())) - set(found.accounts))
    if unknown:
        raise _fixed(f"other accounts than {', '.join(unknown)}")


def balances(accounts: Sequence[str]) -> dict[str, int]:
    """Wei of each account: plenty for `name`, N ether for `name:N`."""
    found: dict[str, int] = {}
    for told in accounts:
        name, colon, ether = told.partition(":")
        plain = name.replace("-", "").replace("_", "")
        if not plain.isalnum() or not plain.isascii() or (colon and not ether.isdecimal()):
            raise DevnetError(
                f"{told!r} is no account", "write name or name:ETHER, such as keeper-1:0", "usage"
            )
        if name in found:
            raise DevnetError(f"account {name} is named twice", "name it once", "usage")
        found[name] = int(ether) * WEI_PER_ETHER if colon else FUNDED_WEI
    return found


def _random_chain_id() -> int:
    """A chain id that no public chain and hardly another private one has."""
    return 1_000_000_000 + secrets.randbelow(1_000_000_000)


def _fixed(how: str) -> DevnetError:
    return DevnetError(
        f"this chain was made with {how}",
        "leave the option out, choose another --data-dir, or run `waterline devnet reset`",
        "usage",
    )


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _within(option: str, value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        raise DevnetError(f"--{option} {value} is out of range", f"give {least} to {most}", "usage")
    return value
