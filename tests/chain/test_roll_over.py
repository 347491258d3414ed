"""A meter whose register begins again at zero, from a file to its use on the chain."""

import pytest

from ledger.leaves import ROLL_OVER
from ledger.structs import read
from oracle.comparison import compare_journal
from oracle.proofs import check, prove
from tests.chain.test_oracle_proofs import POLICY
from tests.contracts.suite import METER, T0

MODULUS_L = 10_000
ROWS = [(T0 + 300 * n, r) for n, r in enumerate((9_900, 9_990, 5, 20, 900), 1)]


@pytest.fixture
def fed(town):
    """A town with one meter of four digits, whose readings are final."""
    permit = town.suite.permit()
    about = {"register_l": 9_890, "modulus_l": MODULUS_L, "relay_group": 1}
    town.channel = town.suite.channel(METER, "QuotaTracker", permit=permit, **about)
    device = f"DEV-{town.suite.numbers['device']}"
    town.lane()
    town.input = town.file("well", device, ROWS)
    town.chain.tester.disable_auto_mine_transactions()
    town.fed = town.oracle()
    town.settle(town.fed, [town.input])
    return town


def test_use_goes_on_over_the_end_of_the_register(fed):
    tracker = fed.suite.quota_tracker

    assert tracker.meter(fed.channel)[0] == 900
    assert read(fed.ledger, "QuotaTracker", "count_of", fed.channel)["count_l"] == 10_900
    assert fed.fed.journal.db.execute("SELECT COUNT(*) FROM held").fetchone()[0] == 0


def test_every_reading_is_proved_with_the_register_as_its_row_has_it(fed):
    (channel,) = fed.fed.channels.values()
    proofs = [prove(fed.ledger, fed.fed.journal, channel, at) for at, _ in ROWS]

    assert [one.value for one in proofs] == [register for _, register in ROWS]
    assert [one.kind for one in proofs] == [0, 0, ROLL_OVER, 0, 0]
    assert all(all(check(fed.ledger, one, POLICY).values()) for one in proofs)


def test_what_settled_is_what_the_journal_holds(fed):
    assert compare_journal(fed.ledger, fed.fed.journal) == []
