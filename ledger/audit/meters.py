"""A book of meters derived again: registers, counts, use of the years, tiers, peaks, rights.

Every reading is ruled by itself. A group that crosses no tripwire is added up at once, since
nothing could have been told of it; that the tripwires stand right is part of what is derived.
"""

from ledger.audit import calendars as cal
from ledger.audit.accounts import BPS, M64, Account, City, Meter, MeterBook, kept_entry, leave_l_h
from ledger.audit.calendars import DAY, MONTH, YEAR
from ledger.audit.groups import M32, M48, Group
from ledger.audit.told import (
    BAD_KIND,
    BROKEN,
    FUTURE,
    NO_APPROVAL,
    NO_CALENDAR,
    OTHER_GROUP,
    OVERFLOW,
    UNKNOWN,
    Replay,
)
from ledger.leaves import DEEMED, ESTIMATE, MEASURED, ROLL_OVER

HOUR_S = 3_600


class MeterReplay(Replay):
    """One batch of a book of meters."""

    def __init__(self, book: MeterBook, city: City, lane: int, batch: int, block_at: int) -> None:
        super().__init__(book.book, lane, batch, block_at)
        self.book, self.city, self.lane = book, city, book.lanes[lane]

    def _taken(self, group: Group) -> int:
        """Take a group; 0, or why it is refused."""
        meter, volume_l = self.book.meters.get(group.channel), sum(group.amounts)
        if meter is None:
            return UNKNOWN
        at = meter.last_at + sum(group.steps)
        reason = self._refusal(meter, group, volume_l, at)
        if reason:
            return reason
        if self._is_quiet(meter, group, volume_l, at):
            meter.register_l, meter.last_at = meter.register_l + volume_l, at
        elif group.kind in (MEASURED, ESTIMATE):
            self._replayed(meter, group)
        else:
            reason = self._moved(meter, group, volume_l, at)
        if not reason:
            self.counted_l += volume_l
        return reason

    def _refusal(self, meter: Meter, group: Group, volume_l: int, at: int) -> int:
        """The reasons of docs/wire-format.md, in their order, up to the kind."""
        if meter.relay_group != self.lane.relay_group:
            return OTHER_GROUP
        if (group.opening_l, group.opening_at) != (meter.register_l, meter.last_at):
            return BROKEN
        if at > self.block_at:
            return FUTURE
        if group.header >> 248:
            return BAD_KIND
        if meter.register_l + volume_l > M48:
            return OVERFLOW
        if at > meter.trip_at and self._is_beyond_calendar(meter, at):
            return NO_CALENDAR
        if group.kind > ESTIMATE:
            return BAD_KIND
        alone = group.kind in (MEASURED, ESTIMATE) or len(group.amounts) == 1
        return 0 if alone else BAD_KIND

    def _is_beyond_calendar(self, meter: Meter, at: int) -> bool:
        needed = (MONTH, DAY, YEAR) if meter.turn_at else (MONTH, YEAR)
        return any(at > cal.end(self.city.calendars, one) for one in needed)

    def _is_quiet(self, meter: Meter, group: Group, volume_l: int, at: int) -> bool:
        """Whether no rule can have changed within the group."""
        return (
            group.kind == MEASURED
            and not (meter.over or meter.paused)
            and meter.register_l + volume_l <= meter.trip_l
            and at <= meter.trip_at
            and all(
                amount * HOUR_S <= meter.peak_l_h * step
                for amount, step in zip(group.amounts, group.steps, strict=True)
            )
        )

    def _replayed(self, meter: Meter, group: Group) -> None:
        unlawful_l, from_at, until_at = 0, meter.last_at, 0
        estimated = group.kind == ESTIMATE
        for amount, step in zip(group.amounts, group.steps, strict=True):
            if unlawful_l == 0:
                from_at = meter.last_at
            beyond_right_l = self._step(meter, group.channel, amount, step, estimated)
            if beyond_right_l:
                unlawful_l, until_at = unlawful_l + beyond_right_l, meter.last_at
        self._tell_unlawful(meter, group.channel, from_at, until_at, unlawful_l)

    def _tell_unlawful(self, meter: Meter, channel: int, start: int, end: int, litres: int) -> None:
        if litres:
            self._tell(
                "UseWithoutRight",
                channel,
                permit_id=meter.permit_id,
                from_at=start,
                until_at=end,
                volume_l=litres,
            )

    def _step(self, meter: Meter, channel: int, amount: int, step: int, estimated: bool) -> int:
        """One measured or estimated reading; the litres of it used without right."""
        before_l, at = meter.register_l, meter.last_at + step
        if meter.turn_at and at > meter.turn_at:
            self._turned(meter, channel, at)
        meter.register_l, meter.last_at = before_l + amount, at
        if estimated:
            meter.estimated_l += amount
        if at > meter.rules_at:
            self._renewed(meter, channel)
        self._peak(meter, channel, amount, step)
        if meter.register_l > meter.trip_l or at > meter.rules_at:
            return self._rule(meter, channel, before_l, amount, False)
        return self._asked(meter, amount)

    def _moved(self, meter: Meter, group: Group, volume_l: int, at: int) -> int:
        """Roll-over, exchange, reset and deemed use: the volume counts, the register differs."""
        channel, kind, before_l = group.channel, group.kind, meter.register_l
        if kind == ROLL_OVER:
            modulus_l = self.city.moduli[channel]
            register_l = before_l + volume_l - modulus_l
            if modulus_l == 0 or not 0 <= register_l < modulus_l:
                return BAD_KIND
        else:
            approval = self.city.approvals.get(channel)
            wanted = (kind, before_l + volume_l)
            if approval is None or (approval.kind, approval.closing_l) != wanted:
                return NO_APPROVAL
            if approval.until_at not in (0, at):
                return NO_APPROVAL
            register_l = approval.opening_l
            del self.city.approvals[channel]
            keys = {"channel": channel, "kind": kind, "closing_l": approval.closing_l}
            taken = {**keys, "opening_l": register_l}
            self.told.append(("DeviceRegistry", "ApprovalTaken", taken))
        moved = {"volume_l": volume_l, "register_l": register_l}
        self._tell("RegisterMoved", channel, kind=kind, at=at, **moved)
        from_at = meter.last_at
        if meter.turn_at and at > meter.turn_at:
            self._turned(meter, channel, at)
        if kind == DEEMED:
            meter.estimated_l += volume_l
        meter.beyond_l = (meter.beyond_l + before_l + volume_l - register_l) & M64
        meter.register_l, meter.last_at = register_l, at
        if at > meter.rules_at:
            self._renewed(meter, channel)
        unlawful_l = self._rule(meter, channel, before_l, volume_l, True)
        self._tell_unlawful(meter, channel, from_at, at, unlawful_l)
        return 0

    def _turned(self, meter: Meter, channel: int, at: int) -> None:
        """The register as it stood before a reading that ends beyond a turn."""
        turns = self.city.turns[channel]
        entry = kept_entry(turns.turn_at, meter, closed=False)
        period = cal.period_at(self.city.calendars, turns.calendar, at)
        turns.turn_at = cal.boundary(self.city.calendars, turns.calendar, period + 1)
        turns.count, turns.closed_until_at, turns.last = turns.count + 1, 0, entry
        meter.turn_at = turns.turn_at
        keys = {"channel": channel, "number": turns.count, "turn": entry, "closed_until_at": 0}
        self.told.append(("RegisterTurns", "RegisterKept", keys))

    def _given(self, permit_id: int, at: int) -> tuple[int, int, int]:
        """What the permit gave while the water of a step ending then flowed."""
        return self.city.permits[permit_id].volume_at(at - 1)

    def _renewed(self, meter: Meter, channel: int) -> None:
        """The volume and the rate that the permit gives by now."""
        if not meter.permit_id:
            return
        account, at = self.book.accounts[meter.permit_id], meter.last_at
        if at < account.as_of_at:
            return
        annual_l, peak_l_h, until_at = self._given(meter.permit_id, at)
        changed = (annual_l, peak_l_h) != (account.plan_l, account.peak_l_h)
        account.plan_l, account.peak_l_h, account.until_at = annual_l, peak_l_h, until_at
        account.as_of_at = at
        if changed:
            self._tell(
                "PlanChanged",
                channel,
                permit_id=meter.permit_id,
                at=at,
                plan_l=annual_l,
                peak_l_h=peak_l_h,
            )
        if meter.peak_l_h != peak_l_h:
            meter.peak_l_h = peak_l_h
            meter.peak_return_l_h = leave_l_h(peak_l_h, self.city.schemes[account.scheme_id])

    def _peak(self, meter: Meter, channel: int, amount: int, step: int) -> None:
        """An excess begins above the peak, and ends at or below the rate of return."""
        bound = meter.peak_return_l_h if meter.over else meter.peak_l_h
        if (amount * HOUR_S > bound * step) == meter.over:
            return
        meter.over = not meter.over
        event = "PeakExceeded" if meter.over else "PeakReturned"
        keys = {"volume_l": amount, "duration_s": step, "peak_l_h": meter.peak_l_h}
        self._tell(event, channel, at=meter.last_at, **keys)

    def _rule(self, meter: Meter, channel: int, before_l: int, volume_l: int, moved: bool) -> int:
        """A tripwire was crossed, or the register went elsewhere: count, tell, set tripwires."""
        permit_id, at, calendars = meter.permit_id, meter.last_at, self.city.calendars
        if not permit_id:
            return 0
        account = self.book.accounts[permit_id]
        month_end_at = cal.boundary(calendars, MONTH, meter.month + 1)
        if at > month_end_at:
            self._month_passed(meter, channel, before_l, month_end_at)
            month_end_at = cal.boundary(calendars, MONTH, meter.month + 1)
        if moved:
            moved_l = before_l + volume_l - meter.base_l
            account.closed_l[meter.period] = account.closed_l.get(meter.period, 0) + moved_l
            meter.base_l = meter.register_l
        if at > meter.rules_at:
            meter.rules_at, meter.paused, meter.barred = min(month_end_at, M32), True, False
        left_l = self._tier(account, meter, channel)
        share_l = left_l // len(account.meters)
        for number in account.meters:
            other = self.book.meters[number]
            if number == channel or other.period == meter.period:
                other.trip_l, other.tier = min(other.register_l + share_l, M48), account.tier
        return self._asked(meter, volume_l)

    def _used_before(self, meter: Meter, before_l: int) -> int:
        """Use of the meter's year up to the reading before."""
        used_l = self.book.used_l(meter.permit_id, meter.period)
        return used_l - (meter.register_l - before_l)

    def _month_passed(self, meter: Meter, channel: int, before_l: int, month_end_at: int) -> None:
        """A step's volume belongs to the period in which it ends: the month closed before it."""
        calendars, permit_id, at = self.city.calendars, meter.permit_id, meter.last_at
        account, used_l = self.book.accounts[permit_id], self._used_before(meter, before_l)
        self._pace(account, meter, channel, used_l, month_end_at)
        year_end_at = cal.boundary(calendars, YEAR, meter.period + 1)
        if at > year_end_at:
            plan_l = self._given(permit_id, year_end_at)[0]
            closed = {"period": meter.period, "used_l": used_l, "plan_l": plan_l}
            self._tell("PeriodClosed", channel, permit_id=permit_id, **closed)
            closed_l = account.closed_l.get(meter.period, 0) + before_l - meter.base_l
            account.closed_l[meter.period] = closed_l
            meter.period, meter.base_l = cal.period_at(calendars, YEAR, at), before_l
        meter.month = cal.period_at(calendars, MONTH, at)

    def _pace(
        self, account: Account, meter: Meter, channel: int, used_l: int, month_end_at: int
    ) -> None:
        """Use ahead of the plan at a month's end, once for each account and month."""
        if account.month >= meter.month + 1:
            return
        calendars = self.city.calendars
        begun_at = max(cal.boundary(calendars, YEAR, meter.period), account.from_at)
        ends_at = min(cal.boundary(calendars, YEAR, meter.period + 1), account.until_at)
        ends_at = max(ends_at, begun_at + 1)
        plan_l = self._given(meter.permit_id, month_end_at)[0]
        elapsed_s = min(month_end_at, ends_at) - begun_at
        if month_end_at <= begun_at or used_l * (ends_at - begun_at) <= plan_l * elapsed_s:
            return
        account.month = meter.month + 1
        spent = {"used_l": used_l, "plan_l": plan_l}
        self._tell(
            "PaceExceeded", channel, permit_id=meter.permit_id, month_end_at=month_end_at, **spent
        )

    def _tier(self, account: Account, meter: Meter, channel: int) -> int:
        """Tell a changed tier and the first approach of the plan; litres left until either."""
        scheme, told = self.city.schemes[account.scheme_id], account.tier
        used_l, plan_l = self.book.used_l(meter.permit_id, meter.period), account.plan_l
        about = {"permit_id": meter.permit_id, "at": meter.last_at}
        stand = {**about, "used_l": used_l, "plan_l": plan_l, "scheme_id": account.scheme_id}
        if meter.period > account.period:
            account.period, account.tier, account.approached = meter.period, 0, False
        if meter.period == account.period:
            account.tier = scheme.tier(used_l, plan_l)
            if used_l > plan_l * scheme.approaching_bps // BPS and not account.approached:
                account.approached = True
                self._tell("PlanApproached", channel, **stand)
            if account.tier != told:
                self._tell("TierChanged", channel, tier=account.tier, **stand)
        return scheme.left_l(used_l, plan_l)

    def _asked(self, meter: Meter, volume_l: int) -> int:
        """The litres used without right, where the right is in question or missing."""
        if not meter.paused:
            return 0
        if meter.barred:
            return volume_l
        permit = self.city.permits[meter.permit_id]
        lawful, changes_at = permit.right_at(meter.last_at - 1, self.city.calendars)
        meter.rules_at = min(meter.rules_at, changes_at)
        meter.paused, meter.barred = not lawful, not lawful
        return 0 if lawful else volume_l
