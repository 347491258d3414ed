# pragma version 0.4.3
# pragma evm-version london
"""
@title Quota plans
@license Apache-2.0
@notice Plans of a permit, an organisation or a community by local year, quarter and month; use of
        a period from the kept registers; corrections; daily and monthly caps of permits.
@dev Parts of a plan never give more than the whole. What a period left unused is carried to the
     next one of its year, less a share; a period may borrow a share of the next one's plan, which
     then lacks it. Neither passes the year. Registers are QuotaTracker's and are never rewritten: a
     correction stands beside them and changes the net use only. Warning and acting on a quarter
     apart from the year: Jinan 2020 art. 23; shares and cuts are local settings, not law. Tiers are
     internal alerts of ours, not the legal four-colour warnings.
@custom:halt Withdraw the ISSUER and SUPERVISOR posts in Authority; what is ruled stays.
"""

from contracts.interfaces import IAuthority
from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IMeters
from contracts.interfaces import IPermitRegistry
from contracts.interfaces import IQuotaPlans
from contracts.interfaces import IRegisterTurns
from contracts.interfaces import IStandards
from contracts.interfaces import IVolumeBook
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names
from contracts.modules import tiers

implements: IQuotaPlans

initializes: access

exports: access.AUTHORITY

PERMIT: constant(uint256) = 1  # kinds of subjects
ORGANISATION: constant(uint256) = 2
COMMUNITY: constant(uint256) = 3
DRAINAGE: constant(uint256) = 2  # kind of a permit
DAY: constant(uint256) = 1  # calendars of Standards
MONTH: constant(uint256) = 2
QUARTER: constant(uint256) = 3
YEAR: constant(uint256) = 4
MAX_MONTHS: constant(uint256) = 12
MAX_PERMITS: constant(uint256) = 100  # a page of PermitRegistry
MAX_METERS: constant(uint256) = 64  # of a subject: a year of months asks for each thirteen times
MAX_VERSIONS: constant(uint256) = 256  # looked through from the latest back
PERMILLE: constant(uint256) = 1_000
M48: constant(uint256) = 2**48 - 1
MOST_L: constant(int256) = 2**48

plan_versions: public(HashMap[uint256, HashMap[uint256, HashMap[uint256, uint256]]])
rule_versions: public(HashMap[bytes32, uint256])
corrected_l: public(HashMap[uint256, HashMap[uint256, HashMap[uint256, int256]]])
adjustment: public(HashMap[uint256, IQuotaPlans.Adjustment])
adjustment_count: public(uint256)
ruling: public(
    HashMap[uint256, HashMap[uint256, HashMap[uint256, HashMap[uint256, IQuotaPlans.Ruling]]]]
)  # kind, subject, calendar, period
excess: public(HashMap[uint256, HashMap[uint256, HashMap[uint256, IQuotaPlans.Excess]]])
shortage: public(HashMap[uint256, HashMap[uint256, IQuotaPlans.ReturnFlow]])  # permit, year
_plan: HashMap[
    uint256, HashMap[uint256, HashMap[uint256, HashMap[uint256, IQuotaPlans.Plan]]]
]  # kind, subject, year, version
_rule: HashMap[bytes32, HashMap[uint256, IQuotaPlans.Rule]]


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def load_rule(given: IQuotaPlans.Rule):
    """
    @notice Load a new version of a sector's rule: a threshold scheme for each month of the year, and
            the shares that are carried over and borrowed. The version given is left aside.
    @dev A list shorter than the year goes on with its last scheme.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert given.sector != empty(bytes32), "plans: empty sector"
    assert len(given.schemes) > 0, "plans: rule without a scheme"
    assert given.source_hash != empty(bytes32), "plans: rule without a source"
    sound: bool = given.carry_permille <= PERMILLE and given.borrow_permille <= PERMILLE
    assert sound, "plans: share above the whole"
    schemes: uint256 = staticcall IStandards(access._at(names.STANDARDS)).scheme_count()
    for scheme_id: uint256 in given.schemes:
        assert scheme_id > 0 and scheme_id <= schemes, "plans: unknown scheme"
    rule: IQuotaPlans.Rule = given
    rule.version = self.rule_versions[given.sector] + 1
    self.rule_versions[given.sector] = rule.version
    self._rule[given.sector][rule.version] = rule
    log IQuotaPlans.RuleLoaded(sector=given.sector, by=msg.sender, rule=rule)


@external
def set_plan(kind: uint256, subject: uint256, year: uint256, given: IQuotaPlans.Plan):
    """
    @notice Set a subject's plan for a year, whole and in parts, as the next version of it. Parts
            may be left out; one that has ended keeps what it had.
    @param year An index into the YEAR calendar.
    """
    access._only(duties.ISSUER)
    self._require_subject(kind, subject)
    assert self.rule_versions[given.sector] > 0, "plans: no rule of this sector"
    assert given.cause_hash != empty(bytes32), "plans: a plan needs a cause"
    assert given.annual_l > 0 and given.annual_l <= M48, "plans: plan out of range"
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    ends_at: uint256 = staticcall standards.boundary(YEAR, year + 1)
    assert ends_at != 0, "plans: year is not loaded"
    version: uint256 = self.plan_versions[kind][subject][year]
    plan: IQuotaPlans.Plan = given
    plan.version = version + 1
    self._require_parts(standards, plan, year, ends_at)
    if version > 0:
        self._require_ended_kept(standards, self._plan[kind][subject][year][version], plan, year)
    self.plan_versions[kind][subject][year] = plan.version
    self._plan[kind][subject][year][plan.version] = plan
    log IQuotaPlans.PlanSet(kind=kind, subject=subject, year=year, by=msg.sender, plan=plan)


@external
def adjust(channel: uint256, day: uint256, delta_l: int256, reason_hash: bytes32) -> uint256:
    """
    @notice Correct what a channel's registers say of a day, as an addition to the record.
    @param day An index into the DAY calendar; its month, quarter and year change with it.
    """
    access._only(duties.SUPERVISOR)
    assert delta_l != 0 and abs(delta_l) < MOST_L, "plans: correction out of range"
    assert reason_hash != empty(bytes32), "plans: a correction needs a reason"
    assert self._turns(channel).calendar != 0, "plans: no turns are kept of the channel"
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    begins_at: uint256 = staticcall standards.boundary(DAY, day)
    assert begins_at != 0 and begins_at < block.timestamp, "plans: day has not begun"
    for calendar: uint256 in [DAY, MONTH, QUARTER, YEAR]:
        period: uint256 = staticcall standards.period_at(calendar, begins_at + 1)
        self.corrected_l[channel][calendar][period] += delta_l
    self.adjustment_count += 1
    number: uint256 = self.adjustment_count
    one: IQuotaPlans.Adjustment = IQuotaPlans.Adjustment(
        channel=channel,
        day=day,
        delta_l=delta_l,
        reason_hash=reason_hash,
        by=msg.sender,
        at=block.timestamp,
    )
    self.adjustment[number] = one
    month: uint256 = staticcall standards.period_at(MONTH, begins_at + 1)
    year: uint256 = staticcall standards.period_at(YEAR, begins_at + 1)
    log IQuotaPlans.Adjusted(
        number=number,
        channel=channel,
        adjustment=one,
        day_l=self.corrected_l[channel][DAY][day],
        month_l=self.corrected_l[channel][MONTH][month],
        year_l=self.corrected_l[channel][YEAR][year],
    )
    return number


@external
def rule_period(kind: uint256, subject: uint256, calendar: uint256, period: uint256):
    """
    @notice Put on record how a period that was read to its end stands; again only where the figures
            have changed since. Open to anyone.
    """
    figures: IQuotaPlans.Period = self._period(kind, subject, calendar, period)
    assert figures.final, "plans: period is not read to its end"
    figures_hash: bytes32 = keccak256(abi_encode(figures))
    ruling: IQuotaPlans.Ruling = self.ruling[kind][subject][calendar][period]
    assert ruling.figures_hash != figures_hash, "plans: ruled on already"
    ruling.number += 1
    ruling.figures_hash = figures_hash
    self.ruling[kind][subject][calendar][period] = ruling
    log IQuotaPlans.PeriodRuled(
        kind=kind,
        subject=subject,
        calendar=calendar,
        period=period,
        number=ruling.number,
        figures=figures,
    )


@external
def rule_cap(permit_id: uint256, calendar: uint256, period: uint256):
    """
    @notice Put on record, once, that a permit's cap of a day (1) or month (2) was exceeded. Open to
            anyone.
    @dev The terms are those in force when the period began, the first ones for an earlier period.
    """
    assert calendar == DAY or calendar == MONTH, "plans: caps are of days and months"
    self._require_subject(PERMIT, permit_id)
    assert self.excess[permit_id][calendar][period].at == 0, "plans: excess is on record"
    begins_at: uint256 = staticcall IStandards(access._at(names.STANDARDS)).boundary(
        calendar, period
    )
    cap_l: uint256 = 0
    version: uint256 = 0
    cap_l, version = self._cap(permit_id, calendar, begins_at)
    assert cap_l > 0, "plans: permit has no such cap"
    used_l: uint256 = self._read_through_l(
        self._channels(PERMIT, permit_id), PERMIT, permit_id, calendar, period
    )
    assert used_l > cap_l, "plans: cap is not exceeded"
    self.excess[permit_id][calendar][period] = IQuotaPlans.Excess(
        used_l=used_l, cap_l=cap_l, permit_version=version, at=block.timestamp
    )
    log IQuotaPlans.CapExceeded(
        permit_id=permit_id,
        calendar=calendar,
        period=period,
        used_l=used_l,
        cap_l=cap_l,
        permit_version=version,
    )


@external
def rule_return(permit_id: uint256, year: uint256, meters: DynArray[uint256, MAX_METERS]):
    """
    @notice Put on record, once, that less came back in a year than a permit's conditions ask for.
    @param meters The discharge meters at the return station, all of them, in rising order; the
           officer answers for naming them.
    @dev Place and volume of the return stand in the permit (Decree 460 art. 24). That whoever takes
         less than the permitted volume returns the same share of it is a setting of ours, not law.
    """
    access._only(duties.SUPERVISOR)
    self._require_subject(PERMIT, permit_id)
    assert self.shortage[permit_id][year].at == 0, "plans: short return is on record"
    terms: IPermitRegistry.Terms = empty(IPermitRegistry.Terms)
    flow: IQuotaPlans.ReturnFlow = empty(IQuotaPlans.ReturnFlow)
    terms, flow.permit_version = self._terms_at(
        permit_id, staticcall IStandards(access._at(names.STANDARDS)).boundary(YEAR, year)
    )
    assert terms.return_l > 0, "plans: permit asks for no return"
    devices: IDeviceRegistry = IDeviceRegistry(access._at(names.DEVICE_REGISTRY))
    last: uint256 = 0
    for meter: uint256 in meters:
        at_return: bool = (
            meter > last
            and staticcall devices.station_of(meter) == terms.return_station_id
            and (staticcall devices.channel(meter)).contract_name == names.DISCHARGE_VOLUMES
        )
        assert at_return, "plans: not a discharge meter of the return station"
        last = meter
    flow.abstracted_l = self._read_through_l(
        self._channels(PERMIT, permit_id), PERMIT, permit_id, YEAR, year
    )
    flow.returned_l = self._read_through_l(meters, COMMUNITY, 0, YEAR, year)
    flow.required_l = (
        terms.return_l * min(flow.abstracted_l, terms.annual_l) // terms.annual_l
    )
    assert flow.returned_l < flow.required_l, "plans: return is not short"
    flow.by = msg.sender
    flow.at = block.timestamp
    self.shortage[permit_id][year] = flow
    log IQuotaPlans.ReturnShort(
        permit_id=permit_id, year=year, by=msg.sender, flow=flow, meters=meters
    )


@external
@view
def plan(kind: uint256, subject: uint256, year: uint256, version: uint256) -> IQuotaPlans.Plan:
    """
    @notice A version of a subject's plan for a year, from 1.
    """
    return self._plan[kind][subject][year][version]


@external
@view
def rule(sector: bytes32, version: uint256) -> IQuotaPlans.Rule:
    """
    @notice A version of a sector's rule, from 1.
    """
    return self._rule[sector][version]


@external
@view
def use_of(kind: uint256, subject: uint256, calendar: uint256, period: uint256) -> IQuotaPlans.Use:
    """
    @notice What the registers and the corrections say of a period of any calendar, plan or not.
    """
    self._require_subject(kind, subject)
    return self._use(self._channels(kind, subject), kind, subject, calendar, period)


@external
@view
def period(
    kind: uint256, subject: uint256, calendar: uint256, period: uint256
) -> IQuotaPlans.Period:
    """
    @notice A period against its plan: carried, borrowed, used, corrected, left, tier.
    @param calendar MONTH 2, QUARTER 3 or YEAR 4.
    """
    return self._period(kind, subject, calendar, period)


@external
@view
def measured(
    permit_id: uint256, calendar: uint256, period: uint256, planned: bool
) -> (uint256, uint256):
    """
    @notice For a bill: the net use of a period that is final, and with `planned` what its plan gave
            with what is carried and borrowed, 0 otherwise.
    @dev No share of a year's plan is invented: where the period has no plan, this is refused.
    """
    if planned:
        one: IQuotaPlans.Period = self._period(PERMIT, permit_id, calendar, period)
        assert one.final, "plans: period is not final"
        return one.net_l, one.plan_l + one.carried_l + one.borrowed_l - one.lent_l
    use: IQuotaPlans.Use = self._use(
        self._channels(PERMIT, permit_id), PERMIT, permit_id, calendar, period
    )
    assert use.known and use.ended, "plans: registers of the period are not kept"
    return self._net_l(use), 0


@external
@view
def measured_year(permit_id: uint256, year: uint256, counted_l: uint256) -> (uint256, uint256):
    """
    @notice For a bill: the net use of a year, and the plan that was handed down for it, 0 for none.
    @param counted_l What the book counts; it holds where no registers were kept of the whole year.
    """
    use: IQuotaPlans.Use = self._use(
        self._channels(PERMIT, permit_id), PERMIT, permit_id, YEAR, year
    )
    if use.known:
        assert use.ended, "plans: year is not read to its end"
    else:
        use.counted_l = counted_l
    version: uint256 = self.plan_versions[PERMIT][permit_id][year]
    return self._net_l(use), self._plan[PERMIT][permit_id][year][version].annual_l


@external
@view
def cap_of(permit_id: uint256, calendar: uint256, at: uint256) -> (uint256, uint256):
    """
    @notice The cap of a permit for a day or month that begins at a moment, and the version of the
            permit it stands in; 0 for none.
    """
    return self._cap(permit_id, calendar, at)


@internal
@view
def _require_subject(kind: uint256, subject: uint256):
    known: bool = False
    if kind == PERMIT:
        permits: IPermitRegistry = IPermitRegistry(access._at(names.PERMIT_REGISTRY))
        known = (staticcall permits.permit(subject)).versions > 0
    elif kind == ORGANISATION:
        known = subject > 0 and subject <= staticcall IAuthority(access.AUTHORITY).org_count()
    elif kind == COMMUNITY:
        known = self._turns(subject).calendar != 0
    assert known, "plans: no such subject"


@internal
@view
def _require_parts(
    standards: IStandards, plan: IQuotaPlans.Plan, year: uint256, ends_at: uint256
):
    """
    @dev As many parts as the year has, none at all, and never more in parts than in the whole.
    """
    begins_at: uint256 = staticcall standards.boundary(YEAR, year)
    first_month: uint256 = staticcall standards.period_at(MONTH, begins_at + 1)
    first_quarter: uint256 = staticcall standards.period_at(QUARTER, begins_at + 1)
    months: uint256 = staticcall standards.period_at(MONTH, ends_at) - first_month + 1
    quarters: uint256 = staticcall standards.period_at(QUARTER, ends_at) - first_quarter + 1
    fits: bool = len(plan.months_l) == 0 or len(plan.months_l) == months
    assert fits, "plans: not a plan for each month"
    fits = len(plan.quarters_l) == 0 or len(plan.quarters_l) == quarters
    assert fits, "plans: not a plan for each quarter"
    total_l: uint256 = 0
    for part_l: uint256 in plan.quarters_l:
        total_l += part_l
    assert total_l <= plan.annual_l, "plans: quarters exceed the year"
    total_l = 0
    within_l: uint256[4] = [0, 0, 0, 0]
    for i: uint256 in range(len(plan.months_l), bound=MAX_MONTHS):
        total_l += plan.months_l[i]
        if len(plan.quarters_l) > 0:
            month_ends_at: uint256 = staticcall standards.boundary(MONTH, first_month + i + 1)
            quarter: uint256 = staticcall standards.period_at(QUARTER, month_ends_at)
            within_l[quarter - first_quarter] += plan.months_l[i]
            most_l: uint256 = plan.quarters_l[quarter - first_quarter]
            assert within_l[quarter - first_quarter] <= most_l, "plans: months exceed their quarter"
    assert total_l <= plan.annual_l, "plans: months exceed the year"


@internal
@view
def _require_ended_kept(
    standards: IStandards, before: IQuotaPlans.Plan, plan: IQuotaPlans.Plan, year: uint256
):
    begins_at: uint256 = staticcall standards.boundary(YEAR, year)
    for calendar: uint256 in [MONTH, QUARTER, YEAR]:
        had: DynArray[uint256, MAX_MONTHS] = self._parts(before, calendar)
        has: DynArray[uint256, MAX_MONTHS] = self._parts(plan, calendar)
        first: uint256 = staticcall standards.period_at(calendar, begins_at + 1)
        for i: uint256 in range(len(had), bound=MAX_MONTHS):
            if staticcall standards.boundary(calendar, first + i + 1) > block.timestamp:
                break
            kept: bool = len(has) > i and has[i] == had[i]
            assert kept, "plans: an ended period keeps its plan"


@internal
@pure
def _parts(plan: IQuotaPlans.Plan, calendar: uint256) -> DynArray[uint256, MAX_MONTHS]:
    if calendar == MONTH:
        return plan.months_l
    if calendar == YEAR:
        return [plan.annual_l]
    parts: DynArray[uint256, MAX_MONTHS] = []
    if calendar == QUARTER:
        for part_l: uint256 in plan.quarters_l:
            parts.append(part_l)
    return parts


@internal
@view
def _rule_at(sector: bytes32, at: uint256) -> IQuotaPlans.Rule:
    """
    @dev The latest version in force at a moment.
    """
    versions: uint256 = self.rule_versions[sector]
    for back: uint256 in range(min(versions, MAX_VERSIONS), bound=MAX_VERSIONS):
        if self._rule[sector][versions - back].in_force_at <= at:
            return self._rule[sector][versions - back]
    raise "plans: no rule was in force"


@internal
@view
def _turns(channel: uint256) -> IRegisterTurns.Turns:
    return staticcall IRegisterTurns(access._at(names.REGISTER_TURNS)).turns(channel)


@internal
@view
def _channels(kind: uint256, subject: uint256) -> DynArray[uint256, MAX_METERS]:
    if kind == COMMUNITY:
        return [subject]
    permits: DynArray[uint256, MAX_PERMITS] = [subject]
    registry: IPermitRegistry = IPermitRegistry(access._at(names.PERMIT_REGISTRY))
    book: IVolumeBook = IVolumeBook(access._at(names.QUOTA_TRACKER))
    if kind == ORGANISATION:
        permits = staticcall registry.permits_of(subject, 0, MAX_PERMITS)
    elif (staticcall registry.permit(subject)).kind == DRAINAGE:
        book = IVolumeBook(access._at(names.DISCHARGE_VOLUMES))
    channels: DynArray[uint256, MAX_METERS] = []
    for permit_id: uint256 in permits:
        for channel: uint256 in staticcall book.meters_of(permit_id):
            assert len(channels) < MAX_METERS, "plans: subject has too many meters"
            channels.append(channel)
    return channels


@internal
@view
def _use(
    channels: DynArray[uint256, MAX_METERS],
    kind: uint256,
    subject: uint256,
    calendar: uint256,
    period: uint256,
) -> IQuotaPlans.Use:
    """
    @dev A meter that was bound within the period counts from there; one whose register at the
         beginning was not kept makes the period unknown. One that gave way to another counts up to
         its last reading, and no further one is awaited.
    """
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    turns: IRegisterTurns = IRegisterTurns(access._at(names.REGISTER_TURNS))
    devices: IDeviceRegistry = IDeviceRegistry(access._at(names.DEVICE_REGISTRY))
    begins_at: uint256 = staticcall standards.boundary(calendar, period)
    ends_at: uint256 = staticcall standards.boundary(calendar, period + 1)
    use: IQuotaPlans.Use = IQuotaPlans.Use(
        counted_l=0,
        estimated_l=0,
        corrected_l=0,
        known=ends_at != 0,
        ended=ends_at != 0 and ends_at < block.timestamp,
        closed=False,
    )
    for channel: uint256 in channels:
        use.corrected_l += self.corrected_l[channel][calendar][period]
        book: IVolumeBook = IVolumeBook((staticcall turns.turns(channel)).book)
        if book.address == empty(address):
            use.known = False
            continue
        begun: IRegisterTurns.Turn = staticcall turns.register_at_turn(channel, calendar, period)
        if kind != COMMUNITY:
            bound: IVolumeBook.Base = staticcall book.base(channel)
            if bound.bound_at >= ends_at:
                continue
            if bound.bound_at >= begins_at:
                begun = IRegisterTurns.Turn(
                    known=True,
                    closed=False,
                    turn_at=bound.bound_at,
                    register_l=0,
                    count_l=bound.bound_count_l,
                    estimated_l=begun.estimated_l,
                    read_at=bound.bound_at,
                )
        ended: IRegisterTurns.Turn = staticcall turns.register_at_turn(
            channel, calendar, period + 1
        )
        if not ended.known:
            # the open period: what was read so far
            now: IMeters.Count = staticcall book.count_of(channel)
            if staticcall devices.is_replaced(channel):
                if now.read_at <= begins_at:
                    continue
            else:
                use.ended = False
            ended.count_l = now.count_l
            ended.estimated_l = now.estimated_l
            if now.read_at > ends_at:
                begun.known = False
        if not begun.known:
            use.known = False
            continue
        if ended.count_l > begun.count_l:
            used_l: uint256 = ended.count_l - begun.count_l
            use.counted_l += used_l
            use.estimated_l += min(used_l, ended.estimated_l - begun.estimated_l)
        use.closed = use.closed or ended.closed
    return use


@internal
@pure
def _net_l(use: IQuotaPlans.Use) -> uint256:
    return convert(max(convert(use.counted_l, int256) + use.corrected_l, 0), uint256)


@internal
@view
def _period(
    kind: uint256, subject: uint256, calendar: uint256, period: uint256
) -> IQuotaPlans.Period:
    """
    @dev From the first period of the year on, as each one hands on what it carries and borrows.
    """
    self._require_subject(kind, subject)
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    ends_at: uint256 = staticcall standards.boundary(calendar, period + 1)
    assert ends_at != 0, "plans: period is not loaded"
    year: uint256 = staticcall standards.period_at(YEAR, ends_at)
    year_begins_at: uint256 = staticcall standards.boundary(YEAR, year)
    version: uint256 = self.plan_versions[kind][subject][year]
    assert version > 0, "plans: no plan for the year"
    plan: IQuotaPlans.Plan = self._plan[kind][subject][year][version]
    parts: DynArray[uint256, MAX_MONTHS] = self._parts(plan, calendar)
    assert len(parts) > 0, "plans: plan has no such parts"
    channels: DynArray[uint256, MAX_METERS] = self._channels(kind, subject)
    first: uint256 = staticcall standards.period_at(calendar, year_begins_at + 1)
    one: IQuotaPlans.Period = empty(IQuotaPlans.Period)
    carried_l: uint256 = 0
    lent_l: uint256 = 0
    sound: bool = True
    for i: uint256 in range(period - first + 1, bound=MAX_MONTHS):
        use: IQuotaPlans.Use = self._use(channels, kind, subject, calendar, first + i)
        rule: IQuotaPlans.Rule = self._rule_at(
            plan.sector, staticcall standards.boundary(calendar, first + i)
        )
        sound = sound and use.known
        net_l: uint256 = self._net_l(use)
        own_l: uint256 = parts[i] + carried_l - lent_l
        borrowed_l: uint256 = 0
        if net_l > own_l and i + 1 < len(parts):
            borrowed_l = min(net_l - own_l, parts[i + 1] * rule.borrow_permille // PERMILLE)
        left_l: uint256 = own_l - min(net_l, own_l)
        one = IQuotaPlans.Period(
            plan_version=version,
            rule_version=rule.version,
            scheme_id=0,
            plan_l=parts[i],
            carried_l=carried_l,
            lent_l=lent_l,
            borrowed_l=borrowed_l,
            counted_l=use.counted_l,
            estimated_l=use.estimated_l,
            corrected_l=use.corrected_l,
            net_l=net_l,
            left_l=left_l,
            over_l=net_l - min(net_l, own_l + borrowed_l),
            tier=0,
            approached=False,
            known=sound,
            final=sound and use.ended,
        )
        carried_l = left_l * rule.carry_permille // PERMILLE
        lent_l = borrowed_l
    first_month: uint256 = staticcall standards.period_at(MONTH, year_begins_at + 1)
    season: uint256 = staticcall standards.period_at(MONTH, ends_at) - first_month
    schemes: DynArray[uint256, MAX_MONTHS] = self._rule[plan.sector][one.rule_version].schemes
    one.scheme_id = schemes[min(season, len(schemes) - 1)]
    scheme: IStandards.Scheme = staticcall standards.scheme(one.scheme_id)
    given_l: uint256 = one.plan_l + one.carried_l + one.borrowed_l - one.lent_l
    one.tier = tiers._tier(
        one.net_l, given_l, scheme.blue_bps, scheme.yellow_bps, scheme.red_bps
    )
    one.approached = one.net_l > tiers._approach_l(given_l, scheme.approaching_bps)
    return one


@internal
@view
def _cap(permit_id: uint256, calendar: uint256, at: uint256) -> (uint256, uint256):
    terms: IPermitRegistry.Terms = empty(IPermitRegistry.Terms)
    version: uint256 = 0
    terms, version = self._terms_at(permit_id, at)
    return (terms.daily_l if calendar == DAY else terms.monthly_l), version


@internal
@view
def _terms_at(permit_id: uint256, at: uint256) -> (IPermitRegistry.Terms, uint256):
    """
    @dev The terms in force at a moment and their version; the first ones for an earlier moment.
    """
    registry: IPermitRegistry = IPermitRegistry(access._at(names.PERMIT_REGISTRY))
    version: uint256 = (staticcall registry.permit(permit_id)).versions
    for _: uint256 in range(MAX_VERSIONS):
        terms: IPermitRegistry.Terms = staticcall registry.terms(permit_id, version)
        if terms.in_force_at <= at or version <= 1:
            return terms, version
        version -= 1
    return empty(IPermitRegistry.Terms), 0


@internal
@view
def _read_through_l(
    channels: DynArray[uint256, MAX_METERS],
    kind: uint256,
    subject: uint256,
    calendar: uint256,
    period: uint256,
) -> uint256:
    """
    @dev The net use of a period by meters that were read to its end.
    """
    use: IQuotaPlans.Use = self._use(channels, kind, subject, calendar, period)
    assert use.known and use.ended, "plans: period is not read through"
    return self._net_l(use)
