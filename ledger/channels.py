"""A channel as DeviceRegistry records it: what a reading is a reading of."""

from dataclasses import dataclass

from ledger.quantities import base_of

METER, GAUGE = 1, 2
METER_BOOKS = ("QuotaTracker", "DischargeVolumes")  # the contracts that take readings of each
GAUGE_BOOKS = ("DischargeLimits", "QualityProvenance")
BOOKS = (*METER_BOOKS, *GAUGE_BOOKS)


@dataclass(frozen=True, slots=True)
class Channel:
    """One measured quantity of a device; bounds and resolution in its base unit.

    A meter's register begins again at zero where it would reach `modulus_l`; 0 where it never does.
    """

    id: int
    device_id: int
    device: str
    station_id: int
    parameter: str
    kind: int
    contract: str
    relay_group: int
    resolution: int
    cadence_s: int
    low: int
    high: int
    grade: int
    permit_id: int
    opened_at: int
    modulus_l: int = 0

    @property
    def base(self) -> str:
        """The base unit of its values."""
        return base_of(self.parameter)
