# pragma version 0.4.3
"""
@title Loads
@license Apache-2.0
@notice What passed meters with a gauge beside each on a local day: volume, and load as the sum of
        volume times concentration, HJ 212-2017 annex D.
@dev A meter's concentration of the day is the mean its gauge was ruled by. That mean is arithmetic
     over the day's readings, so a load is mean times volume and not the sum over each reading's
     flow. A gauge that no limit rules has no mean.
"""

from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IGaugeBook
from contracts.interfaces import IGauges
from contracts.modules import access
from contracts.modules import gauge_words
from contracts.modules import names
from contracts.modules import spans

uses: access
uses: spans

MAX_ENDS: constant(uint256) = 4  # meters with a gauge beside each: their exact sum must fit a word
DAY: constant(uint256) = 1  # calendar of Standards
ZERO: constant(uint256) = 2**31  # the stored word of the value zero


# a load as a fraction, exact; silent: a meter was not read at the day's ends; unmeasured: a gauge
# has no mean, though something passed its meter; doubtful: of few readings or an estimated volume
struct Load:
    ng: uint256
    per: uint256
    volume_l: uint256
    silent: bool
    unmeasured: bool
    doubtful: bool


@internal
@view
def _about(channel: uint256) -> IDeviceRegistry.Channel:
    return staticcall IDeviceRegistry(access._at(names.DEVICE_REGISTRY)).channel(channel)


@internal
@view
def _held(channel: uint256, day: uint256) -> IGauges.Ruled:
    """
    @dev What the day of a gauge was ruled by; the day must be over for it.
    """
    book: IGaugeBook = IGaugeBook(access._at(self._about(channel).contract_name))
    closed: bool = (staticcall book.ruling(channel)).period > day
    assert closed, "loads: the day of a gauge is not closed"
    return gauge_words._ruled(staticcall book.ruled(channel, day))


@internal
@view
def _of_day(
    meters: DynArray[uint256, MAX_ENDS], gauges: DynArray[uint256, MAX_ENDS], day: uint256
) -> Load:
    """
    @dev The sum of volume times mean over the meters. A mean below zero is zero, and where nothing
         passed no mean is needed.
    """
    load: Load = empty(Load)
    load.per = 1
    for i: uint256 in range(len(meters), bound=MAX_ENDS):
        passed: spans.Volume = spans._with(empty(spans.Volume), meters[i], DAY, day, day)
        if passed.silent:
            load.silent = True
            continue
        held: IGauges.Ruled = self._held(gauges[i], day)
        load.volume_l += passed.volume_l
        load.doubtful = load.doubtful or passed.estimated_l > 0
        if passed.volume_l == 0:
            continue
        if held.count == 0:
            load.unmeasured = True
            continue
        steps: uint256 = held.total - min(held.total, ZERO * held.count)
        ng: uint256 = passed.volume_l * steps * self._about(gauges[i]).resolution
        load.ng = load.ng * held.count + ng * load.per
        load.per *= held.count
        load.doubtful = load.doubtful or held.count < held.needed
    return load
