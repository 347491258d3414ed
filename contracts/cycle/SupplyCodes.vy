# pragma version 0.4.3
# pragma evm-version london
"""
@title Supply codes
@license Apache-2.0
@notice Where a zone's water of a day came from, under a short code that anybody can check; when
        the tanks of secondary supply are to be cleaned and tested.
@dev It takes no measurements: a day's volumes are of the registers that RegisterTurns keeps at its
     two turns; while one of them was closed and not read, a record is provisional. A source's
     share is its part of what its works took in times that works' part of what the zone was
     delivered; shares are rounded down and the basis points left go to the largest remainders,
     the source drawn first where two are equal. A day's verdict is told by QualityProvenance:
     of an open day by what it holds so far, of a closed one by what it was ruled by. Of a day
     without a value nothing is kept there: then the last verdict seen over all of the day's
     readings counts, or the evidence of the rulings is stated by its hash.
@custom:halt Withdraw the NETWORK_KEEPER posts in Authority; what is published stays a record.
"""

from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IGaugeBook
from contracts.interfaces import IGauges
from contracts.interfaces import IStandards
from contracts.interfaces import ISupplyCodes
from contracts.interfaces import IWaterNetwork
from contracts.modules import access
from contracts.modules import crockford
from contracts.modules import duties
from contracts.modules import gauge_words
from contracts.modules import names
from contracts.modules import shares
from contracts.modules import spans
from contracts.modules import tanks

initializes: access
initializes: spans[access := access]
initializes: tanks[access := access]

exports: (
    access.AUTHORITY,
    tanks.set_tank,
    tanks.record_cleaning,
    tanks.record_test,
    tanks.report_abnormal,
    tanks.note_overdue,
    tanks.tank,
    tanks.tank_count,
    tanks.clocks,
)

MAX_WORKS: constant(uint256) = 4  # a zone is fed by few
MAX_SOURCES: constant(uint256) = 8  # of all works of a zone
MAX_METERS: constant(uint256) = 48  # four of each works and of each source
METER: constant(uint256) = 1  # kind of a channel
DAY: constant(uint256) = 1  # calendar of Standards
MET: constant(uint256) = 1  # verdicts as in gauges; 0 is not known here
EXCEEDED: constant(uint256) = 2
INSUFFICIENT: constant(uint256) = 3
MISSING: constant(uint256) = 4

zone_count: public(uint256)
version_count: public(HashMap[uint256, HashMap[uint256, uint256]])  # zone, day
evidence_hash: public(HashMap[uint256, HashMap[uint256, bytes32]])  # zone, day
_zone: HashMap[uint256, HashMap[uint256, ISupplyCodes.Zone]]  # zone, version
_zone_versions: HashMap[uint256, uint256]
_record: HashMap[uint256, HashMap[uint256, HashMap[uint256, ISupplyCodes.Record]]]
_contents: HashMap[uint256, HashMap[uint256, bytes32]]  # digest of the last as version 0
_code: HashMap[uint256, HashMap[uint256, String[9]]]
_version_by_code: HashMap[uint256, HashMap[uint256, HashMap[String[9], uint256]]]
_seen: HashMap[uint256, HashMap[uint256, uint256]]  # channel, day: verdict over all its readings


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def set_zone(zone_id: uint256, zone: ISupplyCodes.Zone) -> uint256:
    """
    @notice Draw a zone: the station at its network's end, the works that deliver to it with their
            outlet meters, the sources of each with their intake meters, the gauges judged there.
    @param zone_id 0 for a new one; a redrawn one is a new version.
    """
    access._only(duties.NETWORK_KEEPER)
    assert zone_id <= self.zone_count, "codes: unknown zone"
    assert len(zone.name) > 0, "codes: zone without a name"
    assert len(zone.works) > 0 and len(zone.sources) > 0, "codes: zone without works or source"
    self._require_station(zone.station_id)
    for works: ISupplyCodes.Works in zone.works:
        self._require_station(works.station_id)
    for source: ISupplyCodes.Source in zone.sources:
        self._require_station(source.station_id)
        assert source.works < len(zone.works), "codes: source of no works"
    drawn: DynArray[uint256, MAX_METERS] = []
    meters: DynArray[uint256, MAX_METERS] = self._meters(zone)
    for channel: uint256 in meters:
        assert channel not in drawn, "codes: meter is drawn twice"
        assert self._channel(channel).kind == METER, "codes: channel is no meter"
        drawn.append(channel)
    book: IGaugeBook = IGaugeBook(access._at(names.QUALITY_PROVENANCE))
    for channel: uint256 in zone.quality:
        assert staticcall book.limit_of(channel) != 0, "codes: gauge is not judged"
    number: uint256 = zone_id
    if number == 0:
        self.zone_count += 1
        number = self.zone_count
    version: uint256 = self._zone_versions[number] + 1
    self._zone_versions[number] = version
    as_drawn: ISupplyCodes.Zone = zone
    as_drawn.version = version
    self._zone[number][version] = as_drawn
    log ISupplyCodes.ZoneSet(zone_id=number, zone=as_drawn)
    return number


@external
def state_rulings(zone_id: uint256, day: uint256, evidence_hash: bytes32):
    """
    @notice State the hash of a day's rulings at a zone, once they stand in QualityProvenance's log.
    """
    access._only(duties.NETWORK_KEEPER)
    zone: ISupplyCodes.Zone = self._drawn(zone_id)
    assert evidence_hash != empty(bytes32), "codes: rulings without evidence"
    book: IGaugeBook = IGaugeBook(access._at(names.QUALITY_PROVENANCE))
    for channel: uint256 in zone.quality:
        closed: bool = (staticcall book.ruling(channel)).period > day
        assert closed, "codes: day is open at a gauge"
    self.evidence_hash[zone_id][day] = evidence_hash
    log ISupplyCodes.RulingsStated(zone_id=zone_id, day=day, evidence_hash=evidence_hash)


@external
def publish(zone_id: uint256, day: uint256) -> String[9]:
    """
    @notice Put on record where a zone's water of a day came from, and what was ruled of it; again
            when more is known. Open to anyone.
    @return The record's code.
    """
    zone: ISupplyCodes.Zone = self._drawn(zone_id)
    record: ISupplyCodes.Record = empty(ISupplyCodes.Record)
    record.zone_id = zone_id
    record.zone_version = zone.version
    record.day = day
    record.station_id = zone.station_id
    record.final = True
    for works: ISupplyCodes.Works in zone.works:
        delivered: spans.Volume = self._passed(works.outlets, day)
        record.works.append(works.station_id)
        record.delivered_l.append(delivered.volume_l)
        record.final = record.final and not delivered.silent
    feeds: DynArray[uint256, MAX_SOURCES] = []
    for source: ISupplyCodes.Source in zone.sources:
        given: spans.Volume = self._passed(source.intakes, day)
        record.sources.append(source.station_id)
        record.given_l.append(given.volume_l)
        record.final = record.final and not given.silent
        feeds.append(source.works)
    record.shares_bps = shares._shares(record.delivered_l, record.given_l, feeds)
    record.evidence_hash = self.evidence_hash[zone_id][day]
    record.quality = zone.quality
    for channel: uint256 in zone.quality:
        closed: bool = False
        verdict: uint256 = 0
        closed, verdict = self._ruled(channel, day)
        record.verdicts.append(verdict)
        known: bool = verdict != 0 or record.evidence_hash != empty(bytes32)
        record.final = record.final and closed and known
    contents: bytes32 = self._digest(record)
    changed: bool = contents != self._contents[zone_id][day]
    assert changed, "codes: nothing has changed since the last version"
    self._contents[zone_id][day] = contents
    record.version = self.version_count[zone_id][day] + 1
    code: String[9] = crockford._code(self._digest(record))
    self.version_count[zone_id][day] = record.version
    self._code[zone_id][day] = code
    self._record[zone_id][day][record.version] = record
    self._version_by_code[zone_id][day][code] = record.version
    log ISupplyCodes.DayPublished(
        zone_id=zone_id, day=day, version=record.version, code=code, record=record
    )
    return code


@external
@view
def zone(zone_id: uint256, version: uint256) -> ISupplyCodes.Zone:
    """
    @notice A zone as a version drew it, the last one for 0.
    """
    return self._zone[zone_id][version if version > 0 else self._zone_versions[zone_id]]


@external
@view
def record_of(zone_id: uint256, day: uint256, version: uint256) -> ISupplyCodes.Record:
    """
    @notice What was published of a zone's day in a version.
    """
    return self._record[zone_id][day][version]


@external
@view
def code_of(zone_id: uint256, day: uint256) -> String[9]:
    """
    @notice The code of a zone's day, by the last version published.
    """
    assert self.version_count[zone_id][day] > 0, "codes: day is not published"
    return self._code[zone_id][day]


@external
@view
def version_by_code(code: String[9], zone_id: uint256, day: uint256) -> uint256:
    """
    @notice The version of a zone's day that a code belongs to, 0 for none.
    """
    return self._version_by_code[zone_id][day][code]


@external
@view
def check(code: String[9], zone_id: uint256, day: uint256) -> bool:
    """
    @notice Whether a code is that of a zone's day, in any of its versions.
    """
    return self._version_by_code[zone_id][day][code] != 0


@external
@pure
def digest(record: ISupplyCodes.Record) -> bytes32:
    """
    @notice keccak256(abi.encode(record)), whose first 40 bits the code tells.
    """
    return self._digest(record)


@external
@pure
def code_for(digest: bytes32) -> String[9]:
    """
    @notice The code of a record's digest: its first 40 bits as eight digits of Crockford's base 32
            and his check symbol, the rest of their number by 37.
    """
    return crockford._code(digest)


@external
@pure
def shares_of(
    delivered_l: DynArray[uint256, MAX_WORKS],
    given_l: DynArray[uint256, MAX_SOURCES],
    feeds: DynArray[uint256, MAX_SOURCES],
) -> DynArray[uint256, MAX_SOURCES]:
    """
    @notice Shares of sources in basis points, 10,000 together.
    @param feeds Of each source the works it gives to, counted from 0.
    """
    return shares._shares(delivered_l, given_l, feeds)


@internal
@view
def _drawn(zone_id: uint256) -> ISupplyCodes.Zone:
    assert zone_id > 0 and zone_id <= self.zone_count, "codes: no such zone"
    return self._zone[zone_id][self._zone_versions[zone_id]]


@internal
@view
def _require_station(station_id: uint256):
    stations: uint256 = staticcall IWaterNetwork(access._at(names.WATER_NETWORK)).station_count()
    assert station_id > 0 and station_id <= stations, "codes: unknown station"


@internal
@view
def _channel(channel: uint256) -> IDeviceRegistry.Channel:
    return staticcall IDeviceRegistry(access._at(names.DEVICE_REGISTRY)).channel(channel)


@internal
@pure
def _meters(zone: ISupplyCodes.Zone) -> DynArray[uint256, MAX_METERS]:
    channels: DynArray[uint256, MAX_METERS] = []
    for works: ISupplyCodes.Works in zone.works:
        for channel: uint256 in works.outlets:
            channels.append(channel)
    for source: ISupplyCodes.Source in zone.sources:
        for channel: uint256 in source.intakes:
            channels.append(channel)
    return channels


@internal
@view
def _passed(channels: DynArray[uint256, 4], day: uint256) -> spans.Volume:
    sum: spans.Volume = empty(spans.Volume)
    for channel: uint256 in channels:
        sum = spans._with(sum, channel, DAY, day, day)
    return sum


@internal
def _ruled(channel: uint256, day: uint256) -> (bool, uint256):
    """
    @dev Whether a day is closed at a gauge, and its verdict as gauges rule it, 0 where nothing tells
         it any more. A verdict over readings up to the day's end is kept: none can follow them.
    """
    book: IGaugeBook = IGaugeBook(access._at(names.QUALITY_PROVENANCE))
    ruling: IGauges.Ruling = staticcall book.ruling(channel)
    if ruling.period > day:
        ruled: IGauges.Ruled = gauge_words._ruled(staticcall book.ruled(channel, day))
        if ruled.count > 0:
            return True, self._verdict(ruled)
        return True, self._seen[channel][day]
    if ruling.period < day:
        return False, MISSING
    gauge: IGauges.Gauge = staticcall book.gauge(channel)
    verdict: uint256 = self._verdict(
        IGauges.Ruled(
            total=gauge.total,
            count=gauge.count,
            mean_lo=ruling.mean_lo,
            mean_hi=ruling.mean_hi,
            needed=ruling.needed,
            advisory=ruling.advisory,
            by_permit=ruling.by_permit,
        )
    )
    ended_at: uint256 = staticcall IStandards(access._at(names.STANDARDS)).boundary(DAY, day + 1)
    if gauge.last_at == ended_at:
        self._seen[channel][day] = verdict
    return False, verdict


@internal
@pure
def _verdict(ruled: IGauges.Ruled) -> uint256:
    """
    @dev The mean is compared exactly, as gauges do.
    """
    if ruled.count == 0:
        return MISSING
    if ruled.count < ruled.needed:
        return INSUFFICIENT
    if (
        ruled.total > ruled.mean_hi * ruled.count or ruled.total < ruled.mean_lo * ruled.count
    ):
        return EXCEEDED
    return MET


@internal
@pure
def _digest(record: ISupplyCodes.Record) -> bytes32:
    return keccak256(abi_encode(record))
