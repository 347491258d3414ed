# pragma version 0.4.3
"""
@title Access
@license Apache-2.0
@notice Who may call: an account with a duty, or a contract that Authority lists.
"""

from contracts.interfaces import IAuthority

AUTHORITY: public(immutable(address))


@deploy
def __init__(authority: address):
    assert authority != empty(address), "access: empty authority"
    AUTHORITY = authority


@internal
@view
def _only(duty: uint256):
    assert staticcall IAuthority(AUTHORITY).can(msg.sender, duty), "access: caller lacks duty"


@internal
@view
def _only_contract(name: bytes32):
    listed: address = staticcall IAuthority(AUTHORITY).contract_at(name)
    assert msg.sender == listed, "access: caller is not the listed contract"


@internal
@view
def _is_caller(account: address) -> bool:
    """
    @dev Whether the caller is an account, or took its place by rotation: for acts of two hands.
    """
    return staticcall IAuthority(AUTHORITY).same_hand(account, msg.sender)


@internal
@view
def _at(name: bytes32) -> address:
    """
    @dev The current address of a contract.
    """
    listed: address = staticcall IAuthority(AUTHORITY).contract_at(name)
    assert listed != empty(address), "access: contract not listed"
    return listed
