# pragma version 0.4.3
"""
@title Shares
@license Apache-2.0
@notice Which part of what several works delivered came from each of their sources.
"""

MAX_WORKS: constant(uint256) = 4  # a zone is fed by few
MAX_SOURCES: constant(uint256) = 8  # of all works of a zone
BPS: constant(uint256) = 10_000


@internal
@pure
def _shares(
    delivered_l: DynArray[uint256, MAX_WORKS],
    given_l: DynArray[uint256, MAX_SOURCES],
    feeds: DynArray[uint256, MAX_SOURCES],
) -> DynArray[uint256, MAX_SOURCES]:
    """
    @dev In basis points: rounded down, then one more to each of the largest remainders until they
         are 10,000 together; of two that are equal the one named first.
    @param feeds Of each source the works it gives to, counted from 0.
    """
    whole_l: uint256 = 0
    for volume_l: uint256 in delivered_l:
        whole_l += volume_l
    assert whole_l > 0, "shares: nothing was delivered"
    taken_l: uint256[MAX_WORKS] = empty(uint256[MAX_WORKS])
    wholes: DynArray[uint256, MAX_SOURCES] = []
    for i: uint256 in range(len(given_l), bound=MAX_SOURCES):
        taken_l[feeds[i]] += given_l[i]
    for i: uint256 in range(len(delivered_l), bound=MAX_WORKS):
        from_somewhere: bool = delivered_l[i] == 0 or taken_l[i] > 0
        assert from_somewhere, "shares: a works delivered what no source gave"
    shares_bps: DynArray[uint256, MAX_SOURCES] = []
    rests: DynArray[uint256, MAX_SOURCES] = []  # of wholes, each
    left_bps: uint256 = BPS
    for i: uint256 in range(len(given_l), bound=MAX_SOURCES):
        part: uint256 = BPS * delivered_l[feeds[i]] * given_l[i]
        wholes.append(max(taken_l[feeds[i]], 1) * whole_l)
        shares_bps.append(part // wholes[i])
        rests.append(part % wholes[i])
        left_bps -= shares_bps[i]
    # remainders are below one each, so fewer points are left than there are remainders
    for _: uint256 in range(left_bps, bound=MAX_SOURCES):
        best: uint256 = 0
        for i: uint256 in range(len(rests), bound=MAX_SOURCES):
            if rests[i] * wholes[best] > rests[best] * wholes[i]:
                best = i
        shares_bps[best] += 1
        rests[best] = 0
    return shares_bps
