"""Acts of two administrators: one proposes, the other confirms, either can do so alone later."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils import keccak
from web3.contract.contract import ContractFunction

from scripts._shared import Session
from scripts._writing import Act, Done, perform

OPEN = 1
# what a confirmation may cost when the acts before it are not done yet, so that none can be tried
UNTRIED_GAS = 900_000


@dataclass(frozen=True)
class Joint:
    """An act of Authority that needs both administrators."""

    call: ContractFunction
    says: str
    follows: bool = False  # succeeds only after the act before it

    @property
    def data(self) -> bytes:
        """Its calldata, which is what is proposed."""
        return bytes.fromhex(str(self.call._encode_transaction_data())[2:])


def jointly(
    session: Session, acts: Sequence[Joint], second: str | None, second_password: Path | None = None
) -> Done | None:
    """Propose what is not proposed yet, and confirm it if the other administrator is here.

    A proposal left open by an interrupted run is found by its digest and not made again. None when
    the confirmation is left to the other administrator.
    """
    authority = session.contract("Authority").functions
    ids = open_proposals(session)
    missing = [act for act in acts if keccak(act.data) not in ids]
    if missing or session.dry_run:
        proposals = [
            Act("Authority", authority.propose(a.data), f"propose: {a.says}") for a in missing
        ]
        done = perform(session.waiting_for("included" if second else session.wait), proposals)
        if session.dry_run:
            return done
        for act, event in zip(missing, done.of("Proposed"), strict=False):
            ids[keccak(act.data)] = int(event.args["proposal_id"])
    numbers = [ids.get(keccak(act.data)) for act in acts]
    if second is None:
        for act, number in zip(acts, numbers, strict=True):
            session.say(f"proposal {number or 'sent'}: {act.says}")
        session.say("The other administrator confirms: waterline proposal confirm NUMBER")
        return None
    confirmations = [
        Act(
            "Authority",
            authority.confirm(number),
            f"confirm: {act.says}",
            gas=UNTRIED_GAS if act.follows else None,
        )
        for act, number in zip(acts, numbers, strict=True)
    ]
    other = session.waiting_for(session.wait)
    other.password_file = second_password or session.password_file
    return perform(other, confirmations, second)


def open_proposals(session: Session) -> dict[bytes, int]:
    """The open proposals by the digest of their act."""
    authority = session.contract("Authority").functions
    found: dict[bytes, int] = {}
    for number in range(1, authority.proposal_count().call() + 1):
        _, state, digest = authority.proposal(number).call()
        if state == OPEN:
            found[bytes(digest)] = number
    return found


def described(data: bytes, abi: Any) -> str:
    """A proposed act in words: its function and arguments."""
    from web3 import Web3

    function, arguments = Web3().eth.contract(abi=abi).decode_function_input("0x" + data.hex())
    return f"{function.fn_name}({', '.join(f'{k}={v}' for k, v in arguments.items())})"
