# pragma version 0.4.3
"""
@title Dates
@license Apache-2.0
@notice Acts carry the date they state beside the block they are recorded in; legal clocks run on
        stated dates. A holder's or applicant's own deadline runs on the block: only a clerk, who
        records paper, states another date for it.
"""


@internal
@view
def _stated(at: uint256, not_before: uint256) -> uint256:
    """
    @dev The moment an act states, or the block's where it states none. Never later than the block,
         never before the act that it follows.
    """
    stated_at: uint256 = at if at > 0 else block.timestamp
    assert stated_at <= block.timestamp, "dates: stated date lies in the future"
    assert stated_at >= not_before, "dates: stated date before the act that it follows"
    return stated_at


@internal
@pure
def _is_day(day: uint256) -> bool:
    """
    @dev A day of any year as month * 100 + day: 401 is April 1.
    """
    return day // 100 >= 1 and day // 100 <= 12 and day % 100 >= 1 and day % 100 <= 31
