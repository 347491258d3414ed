"""What can go wrong, as exceptions that carry a stable code, an exit code and a remedy."""

import re
from typing import ClassVar


class WaterlineError(Exception):
    """A failure to be told to a person: what happened, and what to do about it."""

    code: ClassVar[str] = "failure"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def as_json(self) -> dict[str, str]:
        """The error as `--json` shows it."""
        return {"code": self.code, "message": self.message, "remedy": self.remedy}


class UsageError(WaterlineError):
    """A value that cannot be used as given."""

    code = "usage"
    exit_code = 2


class UnknownUnit(UsageError):
    """A unit that is not in the table."""

    code = "unknown_unit"


class FractionError(UsageError):
    """A value that is not a whole number of base units."""

    code = "fraction"


class NotANumber(UsageError):
    """Text, NaN or infinity where a decimal number is needed."""

    code = "not_a_number"


class BadCreditCode(UsageError):
    """A unified social credit code that fails GB 32100-2015."""

    code = "bad_credit_code"


class BadRecord(UsageError):
    """A file of ours that does not hold what it should."""

    code = "bad_record"


class NotFound(WaterlineError):
    """Nothing is recorded under the name or number asked for."""

    code = "not_found"
    exit_code = 3


class NotAuthorised(WaterlineError):
    """The account may not do this, or cannot be unlocked."""

    code = "not_authorised"
    exit_code = 4


class AccountLocked(NotAuthorised):
    """A keystore that the given passphrase does not open."""

    code = "account_locked"


class ChainUnreachable(WaterlineError):
    """No answer, or no usable answer, from the node."""

    code = "chain_unreachable"
    exit_code = 5


class Findings(WaterlineError):
    """A check ran to its end and found something."""

    code = "findings"
    exit_code = 6


class WrongChain(WaterlineError):
    """A record, journal or account of one chain was pointed at another."""

    code = "wrong_chain"


class Reverted(WaterlineError):
    """A contract refused the call; `reason` is its own words, "module: reason"."""

    code = "reverted"

    def __init__(self, reason: str, transaction: str = "") -> None:
        where = f" (transaction {transaction})" if transaction else ""
        about = reason.partition(":")[0]
        super().__init__(f"the contract refused: {reason}{where}", _LOOK_AT.get(about, ""))
        self.reason = reason
        self.transaction = transaction


class WrongCaller(Reverted):
    """A contract refused the call because of who made it."""

    code = "wrong_caller"
    exit_code = 4


def refused(reason: str, transaction: str = "") -> Reverted:
    """A contract's refusal by its reason: WrongCaller where the reason names who called."""
    kind = WrongCaller if _CALLER.search(reason) else Reverted
    return kind(reason, transaction)


_CALLER = re.compile(r": (caller|reviewer|proposer|notifier|opener|recorder|only a member) ")
# where a person sees why, by the contract or module that refused
_LOOK_AT = {
    "access": "docs/duties.md says which duty the act needs, `waterline account list` who has it",
    "applications": "`waterline permit inbox` shows the applications and their states",
    "authority": "`waterline org list`, `waterline account list` and `waterline proposal list`",
    "changes": "`waterline permit show NUMBER`, `permit history NUMBER`, `permit transfers`",
    "codes": "`waterline supply zone show ZONE`",
    "council": "`waterline council show`",
    "dates": "an act states a date with --stated; without it, now",
    "devices": "`waterline device list` and `waterline device show CODE`",
    "decisions": "`waterline decision list`",
    "discharge": "`waterline discharge show`",
    "disputes": "`waterline dispute list` and `dispute show NUMBER`",
    "evidence": "`waterline incident evidence list` and `evidence show FILE`",
    "gauges": "`waterline device list`",
    "incidents": "`waterline incident list` and `incident show NUMBER`",
    "laboratory": "`waterline lab list` and `waterline lab show NUMBER`",
    "keys": "`waterline device key list`",
    "lanes": "`waterline lane list`",
    "loads": "`waterline discharge rulings`: a day is closed before its load is ruled on",
    "meters": "`waterline device list`",
    "network": "`waterline station list`",
    "outlets": "`waterline discharge load show NUMBER`",
    "permits": "`waterline permit show NUMBER` and `waterline permit history NUMBER`",
    "quality": "`waterline quality rulings`",
    "adoption": "halt the old lanes, list both books, then go on with the next page",
    "plans": "`waterline plan show NUMBER --year YEAR`",
    "quota": "`waterline quota list`",
    "redlines": "`waterline redline show REGION --year YEAR`",
    "samples": "`waterline lab show NUMBER` and `waterline standard show STANDARD`",
    "seals": "`waterline permit show NUMBER` and `permit export NUMBER`",
    "shares": "`waterline supply zone show ZONE`: its works and their sources",
    "source": "`waterline source show STATION`",
    "standards": "`waterline standard list`",
    "supply": "`waterline supply show DISTRICT`",
    "tanks": "`waterline supply tank list`",
    "tariff": "`waterline bill list` and `waterline standard tariffs`",
    "turns": "`waterline device list`",
    "violations": "`waterline discharge violation list` and `violation show NUMBER`",
    "witnesses": "`waterline lane witnesses show CONTRACT LANE`",
    "works": "`waterline works show NUMBER`",
}


class NotIncluded(WaterlineError):
    """A transaction that no block has taken up in the time given."""

    code = "not_included"


class NotSettled(WaterlineError):
    """A transaction that is included, but not yet deep enough to count on."""

    code = "not_settled"


class CannotPay(WaterlineError):
    """An account whose balance does not cover the fee and the value."""

    code = "cannot_pay"
