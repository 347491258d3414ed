"""What plans, carry-over and borrowing say, in plain numbers: what QuotaPlans must agree with."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One period of a year against its plan, in litres."""

    plan_l: int
    carried_l: int
    lent_l: int
    borrowed_l: int
    net_l: int

    @property
    def given_l(self) -> int:
        return self.plan_l + self.carried_l - self.lent_l + self.borrowed_l

    @property
    def left_l(self) -> int:
        return max(self.given_l - self.borrowed_l - self.net_l, 0)

    @property
    def over_l(self) -> int:
        return max(self.net_l - self.given_l, 0)

    def tier(self, cuts_bps: Sequence[int]) -> int:
        return sum((self.net_l - self.given_l) * 10_000 > cut * self.given_l for cut in cuts_bps)


def walk(
    plans_l: Sequence[int], nets_l: Sequence[int], carry: Sequence[int], borrow: Sequence[int]
) -> list[Part]:
    """The periods of a year one after another; each one's shares are per mille, rounded down."""
    parts: list[Part] = []
    for i, (plan_l, net_l) in enumerate(zip(plans_l, nets_l, strict=True)):
        carried_l = parts[-1].left_l * carry[i - 1] // 1_000 if parts else 0
        lent_l = parts[-1].borrowed_l if parts else 0
        missing_l = max(net_l - (plan_l + carried_l - lent_l), 0)
        most_l = plans_l[i + 1] * borrow[i] // 1_000 if i + 1 < len(plans_l) else 0
        parts.append(Part(plan_l, carried_l, lent_l, min(missing_l, most_l), net_l))
    return parts
