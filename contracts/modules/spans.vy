# pragma version 0.4.3
"""
@title Spans
@license Apache-2.0
@notice What passed meters from the turn at which one period begins to the turn at which another
        ends, by the registers that RegisterTurns keeps.
@dev Counts run on over exchanges and roll-overs, so volumes are whole over them too.
"""

from contracts.interfaces import IRegisterTurns
from contracts.interfaces import IStandards
from contracts.modules import access
from contracts.modules import names

uses: access

DAY: constant(uint256) = 1  # calendars of Standards
YEAR: constant(uint256) = 4
MAX_PERIODS: constant(uint256) = 1_000  # days of a span, and more than enough of the others


struct Volume:
    volume_l: uint256
    estimated_l: uint256
    silent: bool


@internal
@view
def _ends(calendar: uint256, first: uint256, last: uint256) -> (uint256, uint256):
    """
    @dev When a period begins and another, or the same, ends.
    """
    assert calendar >= DAY and calendar <= YEAR, "spans: registers are kept by no such calendar"
    assert first <= last and last - first < MAX_PERIODS, "spans: periods are not in order"
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    until_at: uint256 = staticcall standards.boundary(calendar, last + 1)
    assert until_at != 0, "spans: calendar does not reach the period"
    return staticcall standards.boundary(calendar, first), until_at


@internal
@view
def _with(
    sum: Volume, channel: uint256, calendar: uint256, first: uint256, last: uint256
) -> Volume:
    """
    @dev A sum with what passed one more meter.
    """
    passed: IRegisterTurns.Passed = staticcall IRegisterTurns(
        access._at(names.REGISTER_TURNS)
    ).passed(channel, calendar, first, last)
    return Volume(
        volume_l=sum.volume_l + passed.volume_l,
        estimated_l=sum.estimated_l + passed.estimated_l,
        silent=sum.silent or passed.silent,
    )
