"""What a batch may cost: fewer batches in flight as the base fee nears its cap, none above it.

On a private chain nobody else bids: a base fee that climbs says that blocks are more than half full
(EIP-1559 raises it by an eighth a full block), mostly with our own batches. So holding back is the
remedy, and waiting costs nothing, for a reading's moment is in the reading.
"""

from collections.abc import Callable

from ledger.transactions import MIN_TIP_WEI, Fees

MOST_PRICES = 9  # of a batch: of a further tip, a tenth more than the last is more than MIN_TIP_WEI
BOUND = 3  # times cap and tips: nine prices, each an eighth above the last, are 2.9 times the first
SPARE_TIPS = 12


class Governor:
    """How many batches of a lane may be in flight; without a cap, always all."""

    def __init__(self, most_base_fee_wei: int | None, tell: Callable[..., None]) -> None:
        self.most_base_fee_wei, self._tell = most_base_fee_wei, tell
        self.holds = False

    def room(self, base_fee_wei: int, slots: int) -> int:
        """Slots that may be used at this base fee; told once when it comes to none."""
        cap = self.most_base_fee_wei
        found = slots if cap is None else allowed(base_fee_wei, cap, slots)
        if (found == 0) != self.holds:
            self.holds = found == 0
            event = "base fee is above the cap" if self.holds else "base fee is below the cap"
            self._tell(event, base_fee_wei=base_fee_wei, most_base_fee_wei=cap)
        return found


def allowed(base_fee_wei: int, cap_wei: int, slots: int) -> int:
    """All slots up to half of the cap, then fewer in proportion, one at the cap, none above it."""
    if base_fee_wei > cap_wei:
        return 0
    half = cap_wei // 2
    if base_fee_wei <= half:
        return slots
    return 1 + (slots - 1) * (cap_wei - base_fee_wei) // (cap_wei - half)


def most_fee_wei(cap_wei: int) -> int:
    """The most that any attempt offers for a unit of gas under a cap of the base fee."""
    return BOUND * cap_wei + SPARE_TIPS * MIN_TIP_WEI


def offer(usual: Fees, tries: int, replaced_wei: int, cap_wei: int | None) -> Fees | None:
    """What the next attempt of a batch offers; None where it would be above the bound.

    `tries` attempts were made before; `replaced_wei` was offered under the same nonce, 0 where none
    was. A pool takes another price under a used nonce if both tip and most are a tenth higher.
    """
    most = usual.max_fee_wei
    if cap_wei is not None:
        most = min(most, cap_wei + 2 * MIN_TIP_WEI)
    most = max(most + tries * MIN_TIP_WEI, replaced_wei * 9 // 8 + 1 if replaced_wei else 0)
    if cap_wei is not None and most > most_fee_wei(cap_wei):
        return None
    return Fees(most, (1 + tries) * MIN_TIP_WEI)
