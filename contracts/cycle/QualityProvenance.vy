# pragma version 0.4.3
# pragma evm-version london
# pragma optimize codesize
"""
@title Quality provenance
@license Apache-2.0
@notice Water quality along the cycle against the standard that applies, and the way back upstream
        to the post that was responsible.
@dev Values are alerted on arrival and ruled by the local day's mean. Where the text at hand names
     no averaging, or a limit is unverified, the ruling is advisory.
@custom:halt Halt its lanes, or withdraw the relay accounts in Authority.
"""

from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IStandards
from contracts.interfaces import IWaterNetwork
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import gauge_words
from contracts.modules import gauges
from contracts.modules import lanes
from contracts.modules import names

initializes: access
initializes: lanes[access := access]
initializes: gauges[access := access, lanes := lanes]

exports: (
    access.AUTHORITY,
    lanes.open_lane,
    lanes.halt_lane,
    lanes.resume_lane,
    lanes.need_witnesses,
    lanes.lane,
    lanes.lane_count,
    lanes.running,
    lanes.digest,
    lanes.prove,
    gauges.record_gauges,
    gauges.close,
    gauges.set_grace,
    gauges.grace_s,
    gauges.track_range,
    gauges.gauge,
    gauges.limits,
    gauges.ruling,
    gauges.limit_of,
    gauges.ruled,
    gauges.former,
)

GAUGE: constant(uint256) = 2  # kind of a channel in DeviceRegistry
UNLIMITED: constant(uint256) = 2**32 - 1
MAX_HOPS: constant(uint256) = 32  # a city's water passes fewer stations from source to tap


@deploy
def __init__(authority: address):
    access.__init__(authority)
    gauges.__init__()


@external
def enrol(
    channel: uint256, kind: uint256, relay_group: uint256, register_l: uint256, opened_at: uint256
):
    """
    @notice Reserve the word of a new gauge.
    """
    access._only_contract(names.DEVICE_REGISTRY)
    assert kind == GAUGE, "quality: takes gauges only"
    gauges._enrol_gauge(channel, relay_group, opened_at)


@external
def adopt():
    """
    @notice Take over from the book that this one replaces, before its first lane.
    @dev Adoption tells the reason where a lane is open; here is no room for one.
    """
    access._only_contract(names.GAUGE_ADOPTION)
    assert lanes.lane_count == 0
    raw_call(msg.sender, msg.data, is_delegate_call=True)


@external
def judge(
    channel: uint256,
    limit_id: uint256,
    dwell_readings: uint256,
    dwell_s: uint256,
    hysteresis_bps: uint256,
    needed: uint256,
):
    """
    @notice Hold a gauge against a limit of a standard.
    @param needed Readings a day must hold to be ruled on.
    """
    access._only(duties.STANDARDS_KEEPER)
    about: IDeviceRegistry.Channel = staticcall IDeviceRegistry(
        access._at(names.DEVICE_REGISTRY)
    ).channel(channel)
    limit: IStandards.Limit = staticcall IStandards(access._at(names.STANDARDS)).sealed_limit(
        limit_id
    )
    assert limit.parameter == about.parameter, "quality: limit is of another parameter"
    lo: uint256 = 0
    hi: uint256 = UNLIMITED
    lo = gauge_words._ceiling_word(limit.lo, about.resolution) if limit.has_lo else lo
    hi = gauge_words._floor_word(limit.hi, about.resolution) if limit.has_hi else hi
    gauges._judge(
        channel,
        limit_id,
        lo,
        hi,
        dwell_readings,
        dwell_s,
        hysteresis_bps,
        needed,
        not (limit.daily_mean and limit.verified),
        False,
    )


@external
@view
def verify_path(
    links: DynArray[uint256, MAX_HOPS], times: DynArray[uint256, MAX_HOPS + 1]
) -> DynArray[uint256, MAX_HOPS + 1]:
    """
    @notice Check a way upstream that was traced elsewhere.
    @param links Links of WaterNetwork, each ending where the one before begins.
    @param times When the water was at each station, downstream first; each differs from the next
           by the link's travel time.
    @return The post responsible for each station at its time, downstream first.
    """
    assert len(links) > 0, "quality: empty path"
    assert len(times) == len(links) + 1, "quality: path needs one more time than links"
    network: IWaterNetwork = IWaterNetwork(access._at(names.WATER_NETWORK))
    posts: DynArray[uint256, MAX_HOPS + 1] = []
    station_id: uint256 = (staticcall network.link(links[0])).downstream
    assert station_id != 0, "quality: unknown link"
    posts.append(staticcall network.responsible(station_id, times[0]))
    for i: uint256 in range(len(links), bound=MAX_HOPS):
        link: IWaterNetwork.Link = staticcall network.link(links[i])
        assert link.downstream == station_id, "quality: links do not meet"
        assert times[i] == times[i + 1] + link.travel_s, "quality: times differ from travel"
        station_id = link.upstream
        posts.append(staticcall network.responsible(station_id, times[i + 1]))
    return posts
