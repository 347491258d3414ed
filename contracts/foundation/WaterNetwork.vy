# pragma version 0.4.3
# pragma evm-version london
"""
@title Water network
@license Apache-2.0
@notice The stations of the water cycle, how water flows between them, who answers for each.
@custom:halt Nothing to halt: stations and links are never removed.
"""

from contracts.interfaces import IAuthority
from contracts.interfaces import IWaterNetwork
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import spelling

implements: IWaterNetwork

initializes: access

exports: access.AUTHORITY

KINDS: constant(uint256) = 9  # source, intake, works, network, user, outfall, sewer, sewage works, river
MAX_LINKS: constant(uint256) = 32  # links into one station
MAX_TRAVEL_S: constant(uint256) = 366 * 86_400
M32: constant(uint256) = 2**32 - 1

station: public(HashMap[uint256, IWaterNetwork.Station])
station_count: public(uint256)
station_by_code: public(HashMap[String[32], uint256])
station_purpose: public(HashMap[uint256, bytes32])  # what an intake point is classed for
region: public(HashMap[uint256, bytes32])  # of a station, for the red lines
link: public(HashMap[uint256, IWaterNetwork.Link])
link_count: public(uint256)
_links_into: HashMap[uint256, DynArray[uint256, MAX_LINKS]]
assignment: public(HashMap[uint256, HashMap[uint256, IWaterNetwork.Assignment]])
assignment_count: public(HashMap[uint256, uint256])


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def add_station(code: String[32], name: String[64], kind: uint256, org_id: uint256) -> uint256:
    """
    @notice Add a station that an organisation runs.
    @param kind 1 source, 2 intake, 3 works, 4 network, 5 user, 6 outfall, 7 sewer, 8 sewage works,
           9 river.
    """
    access._only(duties.NETWORK_KEEPER)
    assert len(code) > 0, "network: empty code"
    proper: bool = spelling._has_no_spaces(convert(code, Bytes[48]))
    assert proper, "network: code has spaces"
    assert self.station_by_code[code] == 0, "network: code is taken"
    assert kind > 0 and kind <= KINDS, "network: unknown kind"
    verified: bool = staticcall IAuthority(access.AUTHORITY).is_verified(org_id)
    assert verified, "network: organisation is not verified"
    self.station_count += 1
    station_id: uint256 = self.station_count
    self.station[station_id] = IWaterNetwork.Station(
        code=code, name=name, kind=kind, org_id=org_id
    )
    self.station_by_code[code] = station_id
    log IWaterNetwork.StationAdded(
        station_id=station_id, kind=kind, org_id=org_id, code=code, name=name
    )
    return station_id


@external
def classify(station_id: uint256, purpose: bytes32):
    """
    @notice Say what a station's water is for; empty for not classed.
    """
    access._only(duties.NETWORK_KEEPER)
    known: bool = station_id > 0 and station_id <= self.station_count
    assert known, "network: no such station"
    self.station_purpose[station_id] = purpose
    log IWaterNetwork.StationClassed(station_id=station_id, purpose=purpose)


@external
def set_region(station_id: uint256, region: bytes32):
    """
    @notice Say to which region a station belongs; permits are counted there when they next change.
    """
    access._only(duties.NETWORK_KEEPER)
    known: bool = station_id > 0 and station_id <= self.station_count
    assert known, "network: no station of this number"
    self.region[station_id] = region
    log IWaterNetwork.RegionSet(station_id=station_id, region=region)


@external
def add_link(upstream: uint256, downstream: uint256, travel_s: uint256) -> uint256:
    """
    @notice Say that water flows from one station to another, and how long it takes.
    """
    access._only(duties.NETWORK_KEEPER)
    assert upstream > 0 and upstream <= self.station_count, "network: unknown upstream station"
    assert downstream > 0 and downstream <= self.station_count, "network: unknown downstream station"
    assert upstream != downstream, "network: link to itself"
    assert travel_s <= MAX_TRAVEL_S, "network: travel time over a year"
    assert len(self._links_into[downstream]) < MAX_LINKS, "network: station has 32 links"
    self.link_count += 1
    link_id: uint256 = self.link_count
    self.link[link_id] = IWaterNetwork.Link(
        upstream=upstream, downstream=downstream, travel_s=travel_s
    )
    self._links_into[downstream].append(link_id)
    log IWaterNetwork.LinkAdded(
        link_id=link_id, upstream=upstream, downstream=downstream, travel_s=travel_s
    )
    return link_id


@external
def assign(station_id: uint256, post_id: uint256, from_at: uint256):
    """
    @notice Name the post that answers for a station from a moment on.
    """
    access._only(duties.NETWORK_KEEPER)
    assert station_id > 0 and station_id <= self.station_count, "network: unknown station"
    posts: uint256 = staticcall IAuthority(access.AUTHORITY).post_count()
    assert post_id > 0 and post_id <= posts, "network: unknown post"
    # a moment beyond all others could never be followed by another
    assert from_at <= M32, "network: moment out of range"
    count: uint256 = self.assignment_count[station_id]
    if count > 0:
        last_at: uint256 = self.assignment[station_id][count - 1].from_at
        assert from_at > last_at, "network: assignment before the last one"
    self.assignment[station_id][count] = IWaterNetwork.Assignment(
        post_id=post_id, from_at=from_at
    )
    self.assignment_count[station_id] = count + 1
    log IWaterNetwork.ResponsibleAssigned(
        station_id=station_id, post_id=post_id, from_at=from_at
    )


@external
@view
def links_into(station_id: uint256) -> DynArray[uint256, MAX_LINKS]:
    """
    @notice The links that end at a station.
    """
    return self._links_into[station_id]


@external
@view
def responsible(station_id: uint256, at: uint256) -> uint256:
    """
    @notice The post that answered for a station at a moment, 0 for none.
    """
    low: uint256 = 0
    high: uint256 = self.assignment_count[station_id]
    for _: uint256 in range(256):
        if low == high:
            break
        middle: uint256 = (low + high) // 2
        if self.assignment[station_id][middle].from_at <= at:
            low = middle + 1
        else:
            high = middle
    if low == 0:
        return 0
    return self.assignment[station_id][low - 1].post_id
