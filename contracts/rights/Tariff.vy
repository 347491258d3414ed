# pragma version 0.4.3
# pragma evm-version london
"""
@title Tariff
@license Apache-2.0
@notice What is owed: blocks, surcharges over the plan and others, minimum, credits, late charge.
@dev Tariffs are data with versions; nothing of a country is written here. A bill is a view of what
     was measured under one tariff, settled by an act; its lines are rounded once each, half a
     micro-yuan up, and add up to its total. A surcharge over the plan is a total multiple m or an
     added one s, and s = m - 1. While a reading of the period is disputed, the surcharge over the
     plan is held: stored, not owed. A wrong bill is reversed and issued again, never rewritten;
     what was paid on it becomes credit. A surcharge for a time holds for whole periods.
@custom:halt Withdraw the BILLER posts in Authority.
"""

from contracts.interfaces import IAuthority
from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IMeters
from contracts.interfaces import IPermitRegistry
from contracts.interfaces import IProver
from contracts.interfaces import IQuotaPlans
from contracts.interfaces import IStandards
from contracts.interfaces import ITariff
from contracts.interfaces import IVolumeBook
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names
from contracts.modules import prices

initializes: access

exports: access.AUTHORITY

ABSTRACTION: constant(uint256) = 1
RESIDENT: constant(uint256) = 1  # kinds of a tariff
NON_RESIDENT: constant(uint256) = 2
TOTAL: constant(uint256) = 1  # conventions of a surcharge over the plan
ADDED: constant(uint256) = 2
WATER_PRICE: constant(uint256) = 1  # what it is a multiple of
FULL_PRICE: constant(uint256) = 2  # with sewage fee and resource tax
OPEN: constant(uint256) = 1  # states of a bill
REVERSED: constant(uint256) = 2
PAID: constant(uint256) = 3
MONTH: constant(uint256) = 2  # calendars of Standards
YEAR: constant(uint256) = 4
HOUSEHOLD: constant(uint256) = 32  # the kind of a household's leaf
MAX_SURCHARGES: constant(uint256) = 8  # of one tariff
BPS: constant(uint256) = 10_000
DAY_S: constant(uint256) = 86_400
MAX_PRICE: constant(uint256) = 2**48 - 1  # 281 million yuan a cubic metre
MAX_MULTIPLE: constant(uint256) = 100 * BPS

tariff_count: public(uint256)
tariff_versions: public(HashMap[String[32], uint256])
tariff_of_version: public(HashMap[String[32], HashMap[uint256, uint256]])
bill: public(HashMap[uint256, ITariff.Bill])
bill_count: public(uint256)
bill_from: public(
    HashMap[uint256, HashMap[bytes32, HashMap[uint256, uint256]]]
)  # permit, charge, start of its period
disputed: public(
    HashMap[uint256, HashMap[bytes32, HashMap[uint256, HashMap[uint256, bool]]]]
)  # permit, charge, calendar, period
billed_until_at: public(HashMap[uint256, HashMap[bytes32, uint256]])  # permit, charge
credit_uy: public(HashMap[uint256, uint256])  # permit
_terms: HashMap[uint256, ITariff.Terms]
_following: HashMap[uint256, uint256]  # tariff: the next version under its name
_surcharges: HashMap[uint256, DynArray[ITariff.Surcharge, MAX_SURCHARGES]]


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def load_tariff(terms: ITariff.Terms) -> uint256:
    """
    @notice Load a new version of a tariff; the version given is left aside.
    """
    access._only(duties.STANDARDS_KEEPER)
    self._check(terms)
    version: uint256 = self.tariff_versions[terms.name] + 1
    before: uint256 = self.tariff_of_version[terms.name][version - 1]
    rises: bool = terms.in_force_at >= self._terms[before].in_force_at
    assert rises, "tariff: in force before the version it follows"
    self.tariff_versions[terms.name] = version
    self.tariff_count += 1
    tariff_id: uint256 = self.tariff_count
    self._following[before] = tariff_id
    self._terms[tariff_id] = terms
    self._terms[tariff_id].version = version
    self.tariff_of_version[terms.name][version] = tariff_id
    log ITariff.TariffLoaded(
        tariff_id=tariff_id,
        name=terms.name,
        version=version,
        kind=terms.kind,
        source_hash=terms.source_hash,
        verified=terms.verified,
        in_force_at=terms.in_force_at,
    )
    return tariff_id


@external
def add_surcharge(tariff_id: uint256, surcharge: ITariff.Surcharge):
    """
    @notice Add a surcharge for a time, like one for drought, to a tariff; it begins and ends with
            periods of the tariff's calendar.
    """
    access._only(duties.STANDARDS_KEEPER)
    self._require_tariff(tariff_id)
    assert surcharge.name != empty(bytes32), "tariff: surcharge without a name"
    assert surcharge.from_at >= block.timestamp, "tariff: surcharge would begin in the past"
    assert surcharge.from_at < surcharge.until_at, "tariff: surcharge must end after it begins"
    charges: bool = surcharge.of_water_bps > 0 or surcharge.uy_m3 > 0
    fits: bool = surcharge.of_water_bps <= MAX_MULTIPLE and surcharge.uy_m3 <= MAX_PRICE
    assert charges and fits, "tariff: surcharge out of range"
    calendar: uint256 = self._terms[tariff_id].calendar
    self._require_boundary(calendar, surcharge.from_at)
    self._require_boundary(calendar, surcharge.until_at)
    assert len(self._surcharges[tariff_id]) < MAX_SURCHARGES, "tariff: eight surcharges stand"
    self._surcharges[tariff_id].append(surcharge)
    log ITariff.SurchargeAdded(
        tariff_id=tariff_id,
        name=surcharge.name,
        of_water_bps=surcharge.of_water_bps,
        uy_m3=surcharge.uy_m3,
        from_at=surcharge.from_at,
        until_at=surcharge.until_at,
    )


@external
def settle(permit_id: uint256, tariff_id: uint256, period: uint256) -> uint256:
    """
    @notice Settle the bill of a permit for a period that has ended and is read to its end.
    @param period An index into the tariff's calendar.
    """
    access._only(duties.BILLER)
    self._require_tariff(tariff_id)
    terms: ITariff.Terms = self._terms[tariff_id]
    assert terms.kind == NON_RESIDENT, "tariff: a permit is billed as a non-resident"
    standards: IStandards = self._standards()
    begins_at: uint256 = staticcall standards.boundary(terms.calendar, period)
    ends_at: uint256 = staticcall standards.boundary(terms.calendar, period + 1)
    assert ends_at > 0 and ends_at <= block.timestamp, "tariff: period has not ended"
    later: uint256 = self._following[tariff_id]
    current: bool = later == 0 or self._terms[later].in_force_at > begins_at
    in_force: bool = current and terms.in_force_at <= begins_at
    assert in_force, "tariff: not in force when the period began"
    before: uint256 = self.bill_from[permit_id][terms.charge][begins_at]
    if before != 0:
        assert self.bill[before].state == REVERSED, "tariff: period is billed"
        alike: bool = self._terms[self.bill[before].tariff_id].calendar == terms.calendar
        assert alike, "tariff: issued again for the same period only"
    else:
        until_at: uint256 = self.billed_until_at[permit_id][terms.charge]
        follows: bool = until_at == 0 or until_at == begins_at
        assert follows, "tariff: must follow the last bill of its charge"
        self.billed_until_at[permit_id][terms.charge] = ends_at
    self._require_read(permit_id, ends_at)
    volume_l: uint256 = 0
    plan_l: uint256 = 0
    if terms.calendar == YEAR:
        volume_l, plan_l = self._of_year(permit_id, period, ends_at)
    else:
        volume_l, plan_l = staticcall IQuotaPlans(access._at(names.QUOTA_PLANS)).measured(
            permit_id, terms.calendar, period, terms.convention > 0
        )
    lines: ITariff.Lines = self._quoted(
        tariff_id, volume_l, plan_l, ends_at - 1, self.credit_uy[permit_id]
    )
    self.credit_uy[permit_id] -= lines.credit_uy
    held_uy: uint256 = 0
    if self.disputed[permit_id][terms.charge][terms.calendar][period]:
        held_uy = min(lines.over_plan_uy, lines.total_uy)
    self.bill_count += 1
    bill_id: uint256 = self.bill_count
    self.bill[bill_id] = ITariff.Bill(
        permit_id=permit_id,
        tariff_id=tariff_id,
        period=period,
        volume_l=volume_l,
        plan_l=plan_l,
        lines=lines,
        held_uy=held_uy,
        state=OPEN,
        reissues=before,
        settled_at=block.timestamp,
        paid_at=0,
    )
    self.bill_from[permit_id][terms.charge][begins_at] = bill_id
    log ITariff.BillSettled(
        bill_id=bill_id,
        permit_id=permit_id,
        tariff_id=tariff_id,
        period=period,
        volume_l=volume_l,
        plan_l=plan_l,
        total_uy=lines.total_uy,
        held_uy=held_uy,
        reissues=before,
    )
    return bill_id


@external
def reverse(bill_id: uint256, reason: String[128]):
    """
    @notice Take back a bill; it stays on record, and the period can be billed again. What was paid
            on it, a late charge included, becomes credit.
    """
    access._only(duties.BILLER)
    state: uint256 = self.bill[bill_id].state
    assert state == OPEN or state == PAID, "tariff: to reverse, must be OPEN or PAID"
    assert len(reason) > 0, "tariff: reversal needs a reason"
    permit_id: uint256 = self.bill[bill_id].permit_id
    back_uy: uint256 = self.bill[bill_id].lines.credit_uy
    if state == PAID:
        back_uy += self.bill[bill_id].lines.total_uy
        back_uy += self._late_uy(bill_id, self.bill[bill_id].paid_at)
    self.bill[bill_id].state = REVERSED
    self.credit_uy[permit_id] += back_uy
    log ITariff.BillReversed(
        bill_id=bill_id,
        permit_id=permit_id,
        by=msg.sender,
        reason=reason,
        credit_uy=self.credit_uy[permit_id],
    )


@external
def mark_paid(bill_id: uint256, paid_at: uint256):
    """
    @notice Record that a bill was paid, and the late charge due by then.
    @param paid_at When the money came, not later than now.
    """
    access._only(duties.BILLER)
    assert self.bill[bill_id].state == OPEN, "tariff: to be paid, must be OPEN"
    assert self.bill[bill_id].held_uy == 0, "tariff: a part is held by a dispute"
    assert paid_at <= block.timestamp, "tariff: payment lies in the future"
    assert paid_at >= self.bill[bill_id].settled_at, "tariff: payment before the bill"
    late_uy: uint256 = self._late_uy(bill_id, paid_at)
    self.bill[bill_id].state = PAID
    self.bill[bill_id].paid_at = paid_at
    log ITariff.BillPaid(
        bill_id=bill_id,
        permit_id=self.bill[bill_id].permit_id,
        by=msg.sender,
        paid_at=paid_at,
        late_uy=late_uy,
    )


@external
def dispute(permit_id: uint256, tariff_id: uint256, period: uint256, evidence_hash: bytes32):
    """
    @notice Dispute the readings of a period, as the permit's holder; the surcharge is held.
    @param tariff_id Whose charge is held: where a period is billed for several, each is disputed.
    """
    org_id: uint256 = staticcall IAuthority(access.AUTHORITY).org_of(msg.sender)
    holds: bool = org_id != 0 and org_id == self._permit(permit_id).holder
    assert holds, "tariff: caller does not hold the permit"
    self._require_tariff(tariff_id)
    charge: bytes32 = self._terms[tariff_id].charge
    calendar: uint256 = self._terms[tariff_id].calendar
    bill_id: uint256 = self._bill_id(permit_id, tariff_id, period)
    assert not self.disputed[permit_id][charge][calendar][period], "tariff: period is disputed"
    assert evidence_hash != empty(bytes32), "tariff: dispute needs its grounds"
    assert self.bill[bill_id].state != PAID, "tariff: bill is paid"
    self.disputed[permit_id][charge][calendar][period] = True
    if self.bill[bill_id].state == OPEN:
        lines: ITariff.Lines = self.bill[bill_id].lines
        self.bill[bill_id].held_uy = min(lines.over_plan_uy, lines.total_uy)
    log ITariff.ReadingDisputed(
        permit_id=permit_id, period=period, by=msg.sender, evidence_hash=evidence_hash
    )


@external
def resolve(permit_id: uint256, tariff_id: uint256, period: uint256, upheld: bool):
    """
    @notice Decide a dispute: dismissed, what was held is owed; upheld, the bill is to be reversed.
    @param tariff_id The charge that was disputed; another's bill is not touched.
    """
    access._only(duties.SUPERVISOR)
    self._require_tariff(tariff_id)
    charge: bytes32 = self._terms[tariff_id].charge
    calendar: uint256 = self._terms[tariff_id].calendar
    assert self.disputed[permit_id][charge][calendar][period], "tariff: nothing is disputed"
    self.disputed[permit_id][charge][calendar][period] = False
    bill_id: uint256 = self._bill_id(permit_id, tariff_id, period)
    released_uy: uint256 = 0
    if not upheld and self.bill[bill_id].state == OPEN:
        released_uy = self.bill[bill_id].held_uy
        self.bill[bill_id].held_uy = 0
    log ITariff.DisputeResolved(
        permit_id=permit_id,
        period=period,
        by=msg.sender,
        upheld=upheld,
        released_uy=released_uy,
    )


@external
def grant_credit(permit_id: uint256, tariff_id: uint256, saved_l: uint256, evidence_hash: bytes32):
    """
    @notice Credit verified savings; the next bill is lower by it, never below zero.
    """
    access._only(duties.SUPERVISOR)
    self._require_tariff(tariff_id)
    assert evidence_hash != empty(bytes32), "tariff: credit needs evidence"
    assert self._permit(permit_id).state != 0, "tariff: no such permit"
    amount_uy: uint256 = prices._flat_uy(saved_l, self._terms[tariff_id].credit_uy_m3)
    assert amount_uy > 0, "tariff: nothing to credit"
    self.credit_uy[permit_id] += amount_uy
    log ITariff.CreditGranted(
        permit_id=permit_id,
        by=msg.sender,
        saved_l=saved_l,
        amount_uy=amount_uy,
        credit_uy=self.credit_uy[permit_id],
        evidence_hash=evidence_hash,
    )


@external
@view
def terms(tariff_id: uint256) -> ITariff.Terms:
    """
    @notice A tariff as it was loaded.
    """
    return self._terms[tariff_id]


@external
@view
def surcharges(tariff_id: uint256) -> DynArray[ITariff.Surcharge, MAX_SURCHARGES]:
    """
    @notice The further surcharges of a tariff.
    """
    return self._surcharges[tariff_id]


@external
@view
def quote(tariff_id: uint256, volume_l: uint256, plan_l: uint256, at: uint256) -> ITariff.Lines:
    """
    @notice What a volume of one period costs; without a plan there is no surcharge over it.
    @param at A moment of the period, for the surcharges that hold for a time.
    """
    self._require_tariff(tariff_id)
    return self._quoted(tariff_id, volume_l, plan_l, at, 0)


@external
@view
def owed_uy(bill_id: uint256, at: uint256) -> uint256:
    """
    @notice What is owed on a bill at a moment: without what is held, with the late charge.
    """
    if self.bill[bill_id].state != OPEN:
        return 0
    return self.bill[bill_id].lines.total_uy - self.bill[bill_id].held_uy + self._late_uy(
        bill_id, at
    )


@external
@view
def household_quote(tariff_id: uint256, first: ITariff.Proof, last: ITariff.Proof) -> ITariff.Lines:
    """
    @notice What a household owes between two of its own readings, proved from its own leaves.
    @dev A leaf holds a salted commitment to the household, another one each day; whoever holds the
         salts opens it here. The period between the ends of the two days is that of the tariff's
         calendar, or a shorter one.
    """
    self._require_tariff(tariff_id)
    assert self._terms[tariff_id].kind == RESIDENT, "tariff: a household is billed as a resident"
    assert first.household == last.household, "tariff: leaves of two households"
    assert first.channel == last.channel, "tariff: leaves of two communities"
    assert first.ends_at < last.ends_at, "tariff: leaves are not in order"
    assert first.register_l <= last.register_l, "tariff: register went back"
    assert self._is_proved(first), "tariff: first leaf is not on the chain"
    assert self._is_proved(last), "tariff: last leaf is not on the chain"
    standards: IStandards = self._standards()
    calendar: uint256 = self._terms[tariff_id].calendar
    period: uint256 = staticcall standards.period_at(calendar, first.ends_at + 1)
    within: bool = last.ends_at <= staticcall standards.boundary(calendar, period + 1)
    assert within, "tariff: leaves span more than one period"
    volume_l: uint256 = last.register_l - first.register_l
    return self._quoted(tariff_id, volume_l, 0, last.ends_at - 1, 0)


@internal
@view
def _is_proved(leaf: ITariff.Proof) -> bool:
    """
    @dev Eight words, so that no leaf of a reading, which has seven, is ever a household's.
    """
    hashed: bytes32 = keccak256(
        keccak256(
            abi_encode(
                leaf.channel,
                keccak256(abi_encode(leaf.household, leaf.salt)),
                leaf.ends_at,
                leaf.register_l,
                leaf.volume_l,
                HOUSEHOLD,
                leaf.grade,
                leaf.telegram_hash,
            )
        )
    )
    return staticcall IProver(access._at(leaf.contract_name)).prove(
        leaf.lane, leaf.batch_id, leaf.root, leaf.words_hash, hashed, leaf.proof
    )


@internal
@view
def _require_tariff(tariff_id: uint256):
    assert tariff_id > 0 and tariff_id <= self.tariff_count, "tariff: unknown tariff"


@internal
@view
def _bill_id(permit_id: uint256, tariff_id: uint256, period: uint256) -> uint256:
    """
    @dev The bill of a period under the tariff's charge, 0 for none.
    """
    calendar: uint256 = self._terms[tariff_id].calendar
    begins_at: uint256 = staticcall self._standards().boundary(calendar, period)
    assert begins_at > 0, "tariff: period is not in the calendar"
    bill_id: uint256 = self.bill_from[permit_id][self._terms[tariff_id].charge][begins_at]
    if self._terms[self.bill[bill_id].tariff_id].calendar != calendar:
        return 0
    return bill_id


@internal
@view
def _registry() -> IPermitRegistry:
    return IPermitRegistry(access._at(names.PERMIT_REGISTRY))


@internal
@view
def _permit(permit_id: uint256) -> IPermitRegistry.Permit:
    return staticcall self._registry().permit(permit_id)


@internal
@view
def _standards() -> IStandards:
    return IStandards(access._at(names.STANDARDS))


@internal
@view
def _book(permit_id: uint256) -> IVolumeBook:
    if self._permit(permit_id).kind == ABSTRACTION:
        return IVolumeBook(access._at(names.QUOTA_TRACKER))
    return IVolumeBook(access._at(names.DISCHARGE_VOLUMES))


@internal
@view
def _of_year(permit_id: uint256, year: uint256, ends_at: uint256) -> (uint256, uint256):
    """
    @dev The net use of a year, and the plan that was handed down for it; without one, what the
         permit gave at its end.
    """
    volume_l: uint256 = 0
    plan_l: uint256 = 0
    counted_l: uint256 = staticcall self._book(permit_id).used_l(permit_id, year)
    volume_l, plan_l = staticcall IQuotaPlans(access._at(names.QUOTA_PLANS)).measured_year(
        permit_id, year, counted_l
    )
    if plan_l == 0:
        plan_l = (staticcall self._registry().volume_at(permit_id, ends_at - 1)).annual_l
    return volume_l, plan_l


@internal
@view
def _require_boundary(calendar: uint256, at: uint256):
    """
    @dev A bill is of a whole period, so a surcharge that held for a part of one would be charged
         for all of it or for nothing.
    """
    nearest_at: uint256 = staticcall self._standards().nearest_boundary(calendar, at)
    rule: String[72] = "tariff: surcharge begins and ends with a period, the nearest at "
    assert at == nearest_at, concat(rule, uint2str(nearest_at))


@internal
@view
def _require_read(permit_id: uint256, ends_at: uint256):
    """
    @dev Every meter of the permit must have reported to the end of the period, unless another took
         its place; while the other's readings are held, nothing is billed beyond its last reading.
    """
    book: IVolumeBook = self._book(permit_id)
    meters: DynArray[uint256, 16] = staticcall book.meters_of(permit_id)
    assert len(meters) > 0, "tariff: permit has no meter"
    for channel: uint256 in meters:
        meter: IMeters.Meter = staticcall book.meter(channel)
        if meter.last_at < ends_at:
            replaced: bool = staticcall IDeviceRegistry(
                access._at(names.DEVICE_REGISTRY)
            ).is_replaced(channel)
            assert replaced, "tariff: a meter is not read to the period's end"


@internal
@view
def _check(terms: ITariff.Terms):
    assert len(terms.name) > 0, "tariff: empty name"
    assert terms.kind == RESIDENT or terms.kind == NON_RESIDENT, "tariff: unknown kind"
    known: bool = terms.calendar >= MONTH and terms.calendar <= YEAR
    assert known, "tariff: period is no month, quarter or year"
    blocks: uint256 = len(terms.prices_uy_m3)
    assert blocks == len(terms.cuts_l) + 1, "tariff: needs one price more than cuts"
    if terms.kind == NON_RESIDENT:
        assert blocks == 1, "tariff: a non-resident has one price"
    else:
        assert blocks >= 3, "tariff: a resident has three to five blocks"
        assert terms.convention == 0, "tariff: a resident has no plan"
    below_l: uint256 = 0
    for cut_l: uint256 in terms.cuts_l:
        assert cut_l > below_l, "tariff: cuts must rise"
        below_l = cut_l
    dearest: uint256 = 0
    for price_uy_m3: uint256 in terms.prices_uy_m3:
        assert price_uy_m3 >= dearest, "tariff: prices must not fall"
        dearest = price_uy_m3
    for price_uy_m3: uint256 in [dearest, terms.sewage_uy_m3, terms.tax_uy_m3, terms.credit_uy_m3]:
        assert price_uy_m3 <= MAX_PRICE, "tariff: price out of range"
    assert terms.late_bps_day <= BPS, "tariff: late charge over the whole a day"
    assert terms.minimum_uy <= MAX_PRICE, "tariff: minimum out of range"
    self._check_over_plan(terms)


@internal
@pure
def _check_over_plan(terms: ITariff.Terms):
    if terms.convention == 0:
        assert len(terms.multiples_bps) == 0, "tariff: multiples need a convention"
        return
    assert terms.convention <= ADDED, "tariff: convention is neither total nor added"
    stated: bool = terms.base == WATER_PRICE or terms.base == FULL_PRICE
    assert stated, "tariff: base is neither water price nor full price"
    bands: uint256 = len(terms.multiples_bps)
    assert bands == len(terms.cuts_bps) + 1, "tariff: needs one multiple more than cuts"
    below_bps: uint256 = terms.free_bps
    for cut_bps: uint256 in terms.cuts_bps:
        assert cut_bps > below_bps, "tariff: bands must rise"
        below_bps = cut_bps
    for multiple_bps: uint256 in terms.multiples_bps:
        assert multiple_bps <= MAX_MULTIPLE, "tariff: multiple over a hundred"
        if terms.convention == TOTAL:
            assert multiple_bps >= BPS, "tariff: a total multiple is at least one"


@internal
@view
def _quoted(
    tariff_id: uint256, volume_l: uint256, plan_l: uint256, at: uint256, credit_uy: uint256
) -> ITariff.Lines:
    """
    @dev The lines of a bill; each is rounded once.
    """
    terms: ITariff.Terms = self._terms[tariff_id]
    lines: ITariff.Lines = empty(ITariff.Lines)
    lines.water_uy = prices._blocks_uy(volume_l, terms.cuts_l, terms.prices_uy_m3)
    lines.sewage_uy = prices._flat_uy(volume_l, terms.sewage_uy_m3)
    lines.tax_uy = prices._flat_uy(volume_l, terms.tax_uy_m3)
    if terms.convention > 0 and plan_l > 0:
        price_uy_m3: uint256 = terms.prices_uy_m3[0]
        if terms.base == FULL_PRICE:
            price_uy_m3 += terms.sewage_uy_m3 + terms.tax_uy_m3
        added_bps: DynArray[uint256, 5] = []
        for multiple_bps: uint256 in terms.multiples_bps:
            if terms.convention == TOTAL:
                added_bps.append(multiple_bps - BPS)
            else:
                added_bps.append(multiple_bps)
        lines.over_plan_uy = prices._over_plan_uy(
            volume_l, plan_l, terms.free_bps, terms.cuts_bps, added_bps, price_uy_m3
        )
    for surcharge: ITariff.Surcharge in self._surcharges[tariff_id]:
        if at >= surcharge.from_at and at < surcharge.until_at:
            lines.surcharges_uy += prices._rounded(lines.water_uy * surcharge.of_water_bps, BPS)
            lines.surcharges_uy += prices._flat_uy(volume_l, surcharge.uy_m3)
    charged_uy: uint256 = (
        lines.water_uy
        + lines.sewage_uy
        + lines.tax_uy
        + lines.over_plan_uy
        + lines.surcharges_uy
    )
    if charged_uy < terms.minimum_uy:
        lines.minimum_uy = terms.minimum_uy - charged_uy
    lines.credit_uy = min(credit_uy, charged_uy + lines.minimum_uy)
    lines.total_uy = charged_uy + lines.minimum_uy - lines.credit_uy
    return lines


@internal
@view
def _late_uy(bill_id: uint256, at: uint256) -> uint256:
    """
    @dev Simple interest for each whole day after the bill was due, on what is not held.
    """
    bill: ITariff.Bill = self.bill[bill_id]
    terms: ITariff.Terms = self._terms[bill.tariff_id]
    due_at: uint256 = bill.settled_at + terms.due_days * DAY_S
    if at <= due_at:
        return 0
    days: uint256 = (at - due_at) // DAY_S
    return prices._rounded((bill.lines.total_uy - bill.held_uy) * terms.late_bps_day * days, BPS)
