# pragma version 0.4.3
# pragma evm-version london
"""
@title Incidents
@license Apache-2.0
@notice From a warning to its end: every department is notified, each acknowledges, the plan's steps
        are taken with evidence; orders go to permit holders and are held against what was measured.
@dev A plan names the posts to notify, how soon each must acknowledge, to whom it escalates and the
     steps to take; its versions stay. A drill runs the same way and says so. Compliance with an
     order is measured: what lies between two states of the permit's registers that were both read
     while the order ran is held against the holder, and nothing that may lie before or after it.
     An order to resume ends what was ordered of the permit before; a drill's ends what drills did.
@custom:halt Withdraw the DISPATCHER posts in Authority.
"""

from contracts.interfaces import IAuthority
from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IIncidents
from contracts.interfaces import IMeters
from contracts.interfaces import IPermitRegistry
from contracts.interfaces import IStandards
from contracts.interfaces import IVolumeBook
from contracts.interfaces import IWaterNetwork
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names

initializes: access

exports: access.AUTHORITY

OPEN: constant(uint256) = 1  # states of an incident
CLOSED: constant(uint256) = 2
WARN: constant(uint256) = 1  # kinds of an order
REDUCE: constant(uint256) = 2
STOP: constant(uint256) = 3
RESUME: constant(uint256) = 4
ABSTRACTION: constant(uint256) = 1
MAX_POSTS: constant(uint256) = 16  # departments of one plan
MAX_STEPS: constant(uint256) = 16
MAX_ACKNOWLEDGE_S: constant(uint256) = 7 * 86_400
LEVELS: constant(uint256) = 4  # IV to I, the last the most severe: Emergency Response Law art. 63
YEAR: constant(uint256) = 4  # calendar of Standards
M32: constant(uint256) = 2**32 - 1

plan_count: public(uint256)
plan_versions: public(HashMap[bytes32, uint256])
plan_of_version: public(HashMap[bytes32, HashMap[uint256, uint256]])
incident: public(HashMap[uint256, IIncidents.Incident])
incident_count: public(uint256)
order: public(HashMap[uint256, IIncidents.Order])
order_count: public(uint256)
_resumed_at: HashMap[uint256, HashMap[bool, HashMap[uint256, uint256]]]  # permit, drill, from 1
_resumes: HashMap[uint256, HashMap[bool, uint256]]
_plan: HashMap[uint256, IIncidents.Plan]


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def set_plan(plan: IIncidents.Plan) -> uint256:
    """
    @notice Set a new version of the plan for a kind of incident; the version given is left aside.
    """
    access._only(duties.SUPERVISOR)
    assert plan.kind != empty(bytes32), "incidents: plan without a kind"
    assert len(plan.posts) > 0, "incidents: plan notifies nobody"
    posts: uint256 = staticcall IAuthority(access.AUTHORITY).post_count()
    for post_id: uint256 in plan.posts:
        assert post_id > 0 and post_id <= posts, "incidents: unknown post"
    for post_id: uint256 in plan.escalates_to:
        assert post_id > 0 and post_id <= posts, "incidents: unknown post to escalate to"
    soon: bool = plan.acknowledge_s > 0 and plan.acknowledge_s <= MAX_ACKNOWLEDGE_S
    assert soon, "incidents: time to acknowledge out of range"
    version: uint256 = self.plan_versions[plan.kind] + 1
    self.plan_versions[plan.kind] = version
    self.plan_count += 1
    plan_id: uint256 = self.plan_count
    self._plan[plan_id] = plan
    self._plan[plan_id].version = version
    self.plan_of_version[plan.kind][version] = plan_id
    log IIncidents.PlanSet(
        plan_id=plan_id,
        kind=plan.kind,
        version=version,
        posts=plan.posts,
        escalates_to=plan.escalates_to,
        acknowledge_s=plan.acknowledge_s,
        steps=plan.steps,
    )
    return plan_id


@external
def open(
    kind: bytes32, station_id: uint256, level: uint256, drill: bool, evidence_hash: bytes32
) -> uint256:
    """
    @notice Open an incident under the latest plan of its kind; every department is notified.
    @param level 1 to 4, 4 the most severe.
    @param evidence_hash What it rests on: a leaf, an event, a document.
    """
    access._only(duties.DISPATCHER)
    plan_id: uint256 = self.plan_of_version[kind][self.plan_versions[kind]]
    assert plan_id != 0, "incidents: no plan for this kind"
    stations: uint256 = staticcall IWaterNetwork(access._at(names.WATER_NETWORK)).station_count()
    assert station_id > 0 and station_id <= stations, "incidents: unknown station"
    assert level > 0 and level <= LEVELS, "incidents: level out of range"
    assert evidence_hash != empty(bytes32), "incidents: opening needs evidence"
    self.incident_count += 1
    incident_id: uint256 = self.incident_count
    due_at: uint256 = block.timestamp + self._plan[plan_id].acknowledge_s
    self.incident[incident_id] = IIncidents.Incident(
        plan_id=plan_id,
        station_id=station_id,
        level=level,
        state=OPEN,
        drill=drill,
        opened_at=block.timestamp,
        due_at=due_at,
        acknowledged=0,
        steps_done=0,
        escalations=0,
        evidence_hash=evidence_hash,
        report_hash=empty(bytes32),
    )
    log IIncidents.IncidentOpened(
        incident_id=incident_id,
        plan_id=plan_id,
        station_id=station_id,
        level=level,
        drill=drill,
        by=msg.sender,
        due_at=due_at,
        evidence_hash=evidence_hash,
    )
    for post_id: uint256 in self._plan[plan_id].posts:
        log IIncidents.PostNotified(incident_id=incident_id, post_id=post_id, due_at=due_at)
    return incident_id


@external
def acknowledge(incident_id: uint256):
    """
    @notice Acknowledge an incident for the post one holds or deputises for.
    """
    plan_id: uint256 = self.incident[incident_id].plan_id
    acknowledged: uint256 = self.incident[incident_id].acknowledged
    posts: DynArray[uint256, MAX_POSTS] = self._plan[plan_id].posts
    post_id: uint256 = 0
    acts: bool = False
    bit: uint256 = 0
    for i: uint256 in range(len(posts), bound=MAX_POSTS):
        if bit == 0 and staticcall IAuthority(access.AUTHORITY).acts_for(msg.sender, posts[i]):
            acts = True
            if acknowledged & (1 << i) == 0:
                bit = 1 << i
                post_id = posts[i]
    assert acts, "incidents: caller holds no post that is notified"
    self._require_open(incident_id)
    assert bit != 0, "incidents: post has acknowledged"
    acknowledged |= bit
    self.incident[incident_id].acknowledged = acknowledged
    log IIncidents.IncidentAcknowledged(
        incident_id=incident_id,
        post_id=post_id,
        by=msg.sender,
        all_have=acknowledged == (1 << len(posts)) - 1,
    )


@external
def escalate(incident_id: uint256):
    """
    @notice Tell the next level that somebody has not acknowledged in time. Open to anyone.
    """
    self._require_open(incident_id)
    assert not self._all_acknowledged(incident_id), "incidents: all have acknowledged"
    due: bool = block.timestamp > self.incident[incident_id].due_at
    assert due, "incidents: time to acknowledge is not over"
    plan_id: uint256 = self.incident[incident_id].plan_id
    due_at: uint256 = block.timestamp + self._plan[plan_id].acknowledge_s
    self.incident[incident_id].due_at = due_at
    self.incident[incident_id].escalations += 1
    log IIncidents.IncidentEscalated(
        incident_id=incident_id,
        by=msg.sender,
        escalations=self.incident[incident_id].escalations,
        due_at=due_at,
    )
    for post_id: uint256 in self._plan[plan_id].escalates_to:
        log IIncidents.PostNotified(incident_id=incident_id, post_id=post_id, due_at=due_at)


@external
def take_step(incident_id: uint256, step: uint256, evidence_hash: bytes32):
    """
    @notice Record that a step of the plan was taken, with its evidence.
    @param step Its place in the plan, from 0.
    """
    access._only(duties.DISPATCHER)
    self._require_open(incident_id)
    steps: DynArray[bytes32, MAX_STEPS] = self._plan[self.incident[incident_id].plan_id].steps
    assert step < len(steps), "incidents: plan has no such step"
    assert evidence_hash != empty(bytes32), "incidents: step needs evidence"
    done: uint256 = self.incident[incident_id].steps_done
    assert done & (1 << step) == 0, "incidents: step was taken"
    done |= 1 << step
    self.incident[incident_id].steps_done = done
    left: uint256 = 0
    for i: uint256 in range(len(steps), bound=MAX_STEPS):
        if done & (1 << i) == 0:
            left += 1
    log IIncidents.StepTaken(
        incident_id=incident_id,
        step=step,
        by=msg.sender,
        name=steps[step],
        evidence_hash=evidence_hash,
        left=left,
    )


@external
def close(incident_id: uint256, report_hash: bytes32):
    """
    @notice Close an incident that all have acknowledged and all steps of which were taken.
    """
    access._only(duties.SUPERVISOR)
    self._require_open(incident_id)
    assert self._all_acknowledged(incident_id), "incidents: not all have acknowledged"
    steps: uint256 = len(self._plan[self.incident[incident_id].plan_id].steps)
    done: bool = self.incident[incident_id].steps_done == (1 << steps) - 1
    assert done, "incidents: steps are left"
    assert report_hash != empty(bytes32), "incidents: closing needs a report"
    self.incident[incident_id].state = CLOSED
    self.incident[incident_id].report_hash = report_hash
    log IIncidents.IncidentClosed(
        incident_id=incident_id, by=msg.sender, report_hash=report_hash
    )


@external
def give_order(
    incident_id: uint256, permit_id: uint256, kind: uint256, allowed_l: uint256, until_at: uint256
) -> uint256:
    """
    @notice Order a permit holder to take heed, use less, stop or resume, in an open incident.
    @param kind 1 warn, 2 reduce, 3 stop, 4 resume.
    @param allowed_l What may be used until the order ends; for reduce only.
    """
    access._only(duties.SUPERVISOR)
    self._require_open(incident_id)
    permit: IPermitRegistry.Permit = staticcall IPermitRegistry(
        access._at(names.PERMIT_REGISTRY)
    ).permit(permit_id)
    assert permit.state != 0, "incidents: unknown permit"
    assert kind >= WARN and kind <= RESUME, "incidents: unknown order"
    assert (kind == REDUCE) == (allowed_l > 0), "incidents: only a reduction allows a volume"
    assert until_at > block.timestamp and until_at <= M32, "incidents: order must end later"
    drill: bool = self.incident[incident_id].drill
    if kind == RESUME:
        self._resumes[permit_id][drill] += 1
        self._resumed_at[permit_id][drill][self._resumes[permit_id][drill]] = block.timestamp
    self.order_count += 1
    order_id: uint256 = self.order_count
    self.order[order_id] = IIncidents.Order(
        incident_id=incident_id,
        permit_id=permit_id,
        kind=kind,
        allowed_l=allowed_l,
        from_at=block.timestamp,
        until_at=until_at,
        used_before_l=self._register_l(permit_id),
        accepted_at=0,
        resumes=self._resumes[permit_id][drill],
        meters=0,
        read_l=0,
        proven_l=0,
        used_l=0,
        checked=False,
        complied=False,
        provable=False,
    )
    log IIncidents.OrderGiven(
        order_id=order_id,
        incident_id=incident_id,
        permit_id=permit_id,
        kind=kind,
        allowed_l=allowed_l,
        from_at=block.timestamp,
        until_at=until_at,
        by=msg.sender,
    )
    return order_id


@external
def accept_order(order_id: uint256):
    """
    @notice Accept an order, as the permit's holder.
    """
    permit_id: uint256 = self.order[order_id].permit_id
    org_id: uint256 = staticcall IAuthority(access.AUTHORITY).org_of(msg.sender)
    holder: uint256 = (
        staticcall IPermitRegistry(access._at(names.PERMIT_REGISTRY)).permit(permit_id)
    ).holder
    assert org_id != 0 and org_id == holder, "incidents: caller does not hold the permit"
    assert self.order[order_id].accepted_at == 0, "incidents: order is accepted"
    self.order[order_id].accepted_at = block.timestamp
    log IIncidents.OrderAccepted(order_id=order_id, permit_id=permit_id, by=msg.sender)


@external
def measure_order(order_id: uint256):
    """
    @notice Take down where a permit's registers stand while an order runs; what they moved since
            this was last done lies within the order for certain. Open to anyone.
    @dev Each meter must be read after the order was given, and none beyond its end.
    """
    order: IIncidents.Order = self._measurable(order_id)
    since: bool = self._read_to(order.permit_id, order.from_at)
    assert since, "incidents: a meter is not read since the order"
    beyond: bool = self._read_beyond(order.permit_id, self._ends_at(order))
    assert not beyond, "incidents: a meter is read beyond the order's end"
    self._measure(order_id)
    log IIncidents.OrderMeasured(
        order_id=order_id,
        permit_id=order.permit_id,
        by=msg.sender,
        proven_l=self.order[order_id].proven_l,
    )


@external
def check_order(order_id: uint256):
    """
    @notice Hold an order that has ended against what was measured. Open to anyone, once.
    @dev `used_l` is all that may lie within the order: what the registers moved from the last
         reading before it until now. `proven_l` is what lies within it for certain, and is held
         against the holder. Where only one of them keeps to the order, nothing is provable.
    """
    order: IIncidents.Order = self._measurable(order_id)
    ends_at: uint256 = self._ends_at(order)
    assert block.timestamp >= ends_at, "incidents: order has not ended"
    read: bool = self._read_to(order.permit_id, ends_at)
    assert read, "incidents: a meter is not read to the order's end"
    if not self._read_beyond(order.permit_id, ends_at):
        self._measure(order_id)
    used_l: uint256 = self._register_l(order.permit_id) - order.used_before_l
    proven_l: uint256 = self.order[order_id].proven_l
    complied: bool = proven_l <= order.allowed_l
    provable: bool = complied == (used_l <= order.allowed_l)
    self.order[order_id].used_l = used_l
    self.order[order_id].checked = True
    self.order[order_id].complied = complied
    self.order[order_id].provable = provable
    log IIncidents.OrderChecked(
        order_id=order_id,
        permit_id=order.permit_id,
        used_l=used_l,
        proven_l=proven_l,
        allowed_l=order.allowed_l,
        complied=complied,
        provable=provable,
    )


@external
@view
def plan(plan_id: uint256) -> IIncidents.Plan:
    """
    @notice Whom a plan notifies, how soon they acknowledge, and its steps.
    """
    return self._plan[plan_id]


@external
@view
def ends_at(order_id: uint256) -> uint256:
    """
    @notice When an order ends: when it says so, or earlier by an order to resume.
    """
    return self._ends_at(self.order[order_id])


@external
@view
def waits_for(incident_id: uint256) -> DynArray[uint256, MAX_POSTS]:
    """
    @notice The posts that have not acknowledged an incident.
    """
    waiting: DynArray[uint256, MAX_POSTS] = []
    posts: DynArray[uint256, MAX_POSTS] = self._plan[self.incident[incident_id].plan_id].posts
    for i: uint256 in range(len(posts), bound=MAX_POSTS):
        if self.incident[incident_id].acknowledged & (1 << i) == 0:
            waiting.append(posts[i])
    return waiting


@internal
@view
def _require_open(incident_id: uint256):
    state: uint256 = self.incident[incident_id].state
    assert state != CLOSED, "incidents: must be OPEN, is CLOSED"
    assert state == OPEN, "incidents: unknown incident"


@internal
@view
def _all_acknowledged(incident_id: uint256) -> bool:
    posts: uint256 = len(self._plan[self.incident[incident_id].plan_id].posts)
    return self.incident[incident_id].acknowledged == (1 << posts) - 1


@internal
@view
def _measurable(order_id: uint256) -> IIncidents.Order:
    order: IIncidents.Order = self.order[order_id]
    measurable: bool = order.kind == REDUCE or order.kind == STOP
    assert measurable, "incidents: nothing to measure"
    assert not order.checked, "incidents: order was checked"
    return order


@internal
@view
def _ends_at(order: IIncidents.Order) -> uint256:
    drill: bool = self.incident[order.incident_id].drill
    resumed_at: uint256 = self._resumed_at[order.permit_id][drill][order.resumes + 1]
    return order.until_at if resumed_at == 0 else min(order.until_at, resumed_at)


@internal
@view
def _read_to(permit_id: uint256, at: uint256) -> bool:
    """
    @dev Whether every meter is read to a moment, those apart that gave way to another.
    """
    book: IVolumeBook = self._book(permit_id)
    devices: IDeviceRegistry = IDeviceRegistry(access._at(names.DEVICE_REGISTRY))
    for channel: uint256 in staticcall book.meters_of(permit_id):
        meter: IMeters.Meter = staticcall book.meter(channel)
        if meter.last_at < at and not staticcall devices.is_replaced(channel):
            return False
    return True


@internal
@view
def _read_beyond(permit_id: uint256, at: uint256) -> bool:
    book: IVolumeBook = self._book(permit_id)
    for channel: uint256 in staticcall book.meters_of(permit_id):
        meter: IMeters.Meter = staticcall book.meter(channel)
        if meter.last_at > at:
            return True
    return False


@internal
def _measure(order_id: uint256):
    """
    @dev Where a meter was bound since the last time, its volume may have begun before the order: the
         registers are only taken down.
    """
    permit_id: uint256 = self.order[order_id].permit_id
    now_l: uint256 = self._register_l(permit_id)
    meters: uint256 = len(staticcall self._book(permit_id).meters_of(permit_id))
    if meters == self.order[order_id].meters:
        self.order[order_id].proven_l += now_l - self.order[order_id].read_l
    self.order[order_id].meters = meters
    self.order[order_id].read_l = now_l


@internal
@view
def _book(permit_id: uint256) -> IVolumeBook:
    kind: uint256 = (
        staticcall IPermitRegistry(access._at(names.PERMIT_REGISTRY)).permit(permit_id)
    ).kind
    if kind == ABSTRACTION:
        return IVolumeBook(access._at(names.QUOTA_TRACKER))
    return IVolumeBook(access._at(names.DISCHARGE_VOLUMES))


@internal
@view
def _register_l(permit_id: uint256) -> uint256:
    """
    @dev All that was ever counted against a permit, year by year.
    """
    book: IVolumeBook = self._book(permit_id)
    now: uint256 = staticcall IStandards(access._at(names.STANDARDS)).period_at(
        YEAR, block.timestamp
    )
    total_l: uint256 = 0
    for back: uint256 in range(min(now + 1, 64), bound=64):
        total_l += staticcall book.used_l(permit_id, now - back)
    return total_l
