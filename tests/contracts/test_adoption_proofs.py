"""Readings from before a replacement are proved by the book that took them, whoever asks."""

import boa
import pytest

from tests.contracts.answers import reason
from tests.contracts.signing import SETTLED, Meter
from tests.contracts.suite import HASH, NOW, deployer, word
from tests.contracts.test_evidence import QUALITY, batch, file

__all__ = ["file"]


def replaced(suite, name, monkeypatch):
    """Another book in the place of one, with all that it had; the old one."""
    old, adoption, keeper = suite.contracts[name], suite.adoption, suite.device_keeper
    names = word(name), word(f"{name}.{suite.next_number(f'former {name}')}")
    for lane in range(1, old.lane_count() + 1):
        if not old.lane(lane).halted:  # as adopted
            old.halt_lane(lane, sender=suite.supervisor)
    new = deployer(name).deploy(suite.authority.address)
    suite.by_both("list_contract", names[1], old.address)
    suite.by_both("list_contract", names[0], new.address)
    adoption.begin(*names, sender=keeper)
    while (now := adoption.replacement(names[0])).next_channel <= now.channels:
        adoption.take_page(names[0], now.next_channel, 200, sender=keeper)
    while (now := adoption.replacement(names[0])).next_permit <= now.permits:
        adoption.take_page(names[0], now.next_permit, 200, sender=keeper)
    adoption.finish(names[0], sender=keeper)
    monkeypatch.setitem(suite.contracts, name, new)
    return old


@pytest.fixture
def meter(suite):
    """A meter whose batch is settled an hour after its key began."""
    made = Meter(suite)
    boa.env.evm.patch.timestamp = NOW + 3_600
    yield made.settle()
    boa.env.evm.patch.timestamp = NOW


def test_a_dispute_of_an_old_reading_is_opened_after_the_replacement(suite, meter, monkeypatch):
    replaced(suite, "QuotaTracker", monkeypatch)
    call = meter.call(meter.telegram(SETTLED + 5, before=2))

    number = suite.disputes.open_dispute(*call, sender=suite.holder)

    assert suite.disputes.dispute(number).channel == meter.channel


def test_an_old_reading_becomes_evidence_after_two_replacements(suite, file, monkeypatch):
    told = batch(suite)
    first = replaced(suite, "QualityProvenance", monkeypatch)
    replaced(suite, "QualityProvenance", monkeypatch)
    add = suite.evidence.add_reading

    add(file, QUALITY, *told, HASH, sender=suite.dispatcher)

    assert suite.adoption.holder(QUALITY, told[0], told[1]) == first.address
    other = (told[0], 1, *told[2:])  # a batch that no book has
    refused = reason(add, file, QUALITY, *other, HASH, sender=suite.dispatcher)
    assert refused == "evidence: leaf is not of this batch"


def test_a_batch_from_after_a_replacement_is_held_by_the_new_book(suite, monkeypatch):
    lane, *_ = batch(suite)
    replaced(suite, "QualityProvenance", monkeypatch)

    held = suite.adoption.holder(QUALITY, lane, 1)

    assert held == suite.quality_provenance.address
