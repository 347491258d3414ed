"""A stand-in goes on with what another oracle began, from the journal that both share."""

import pytest

from ledger.settlement import SettlementPolicy
from oracle.household_proofs import check_offline, prove
from oracle.places import JournalAway, JournalBusy
from oracle.postgres import evict
from oracle.proofs import check
from oracle.proofs import prove as prove_reading
from oracle.report import report
from oracle.retention import Retention, archive
from tests.chain.test_oracle_feeding import ROWS, Killed
from tests.chain.test_oracle_households import Homes, ends_at
from tests.chain.town import CONFIRMATIONS
from tests.contracts.suite import DAY_S


@pytest.fixture
def fed(town, shared):
    """A town with one meter and its lane, its journals on a server."""
    town.server = shared
    town.input = town.file("well", town.meter(), ROWS)
    town.lane()
    town.chain.tester.disable_auto_mine_transactions()
    return town


def hashes(oracle):
    return [row["hash"] for row in oracle.journal.db.execute("SELECT hash FROM attempt")]


def test_a_stand_in_sends_the_bytes_that_the_first_one_had_signed(fed):
    def killed(raw):
        raise Killed

    dying = fed.oracle()
    fed.node.answers["eth_sendRawTransaction"] = killed
    with pytest.raises(Killed):
        fed.settle(dying, [fed.input])
    (signed,) = hashes(dying)
    fed.kill(dying)
    del fed.node.answers["eth_sendRawTransaction"]

    stand_in = fed.oracle()
    fed.settle(stand_in, [fed.input])

    assert hashes(stand_in) == [signed]
    assert fed.registers() == ROWS


def test_a_writer_that_was_put_out_sends_nothing_more_and_the_next_one_finishes(fed):
    first = fed.oracle()
    for _ in first.read(fed.input, growing=False):
        pass
    with pytest.raises(JournalBusy):
        fed.oracle()
    evict(fed.server)
    stand_in = fed.oracle()

    with pytest.raises(JournalAway):
        first.pump(flush=True)
    fed.mine(CONFIRMATIONS)
    assert fed.registers() == []
    fed.settle(stand_in, [fed.input])

    assert fed.registers() == ROWS
    assert (report(stand_in.journal).accepted, report(stand_in.journal).repeated) == (len(ROWS), 0)


def test_a_stand_in_proves_what_the_first_one_settled_and_put_away(fed):
    first = fed.oracle()
    fed.settle(first, [fed.input])
    fed.input = fed.file("well", fed.input.mapping.channels[0].device, [*ROWS, LATER])
    fed.settle(first, [fed.input])
    moved = [one for one in archive(first.journal, Retention(keep_days=1), LATER[0] * 2) if one]
    fed.kill(first)

    stand_in = fed.oracle()
    (channel,) = stand_in.channels.values()
    proof = prove_reading(fed.ledger, stand_in.journal, channel, ROWS[3][0])

    assert sum(one.readings for one in moved) == len(ROWS)
    assert all(check(fed.ledger, proof, SettlementPolicy(CONFIRMATIONS)).values())


LATER = (ROWS[-1][0] + 9 * DAY_S, ROWS[-1][1] + 5)


def test_a_stand_in_proves_a_household_s_day_with_the_same_secret(town, shared):
    town.server = shared
    homes = Homes(town)
    homes.tell(0, "account 1", 0, 3)
    homes.feed(3_000)
    first = homes.proof(0, "account 1")
    homes.tell(1, "account 1", 3, 4)
    homes.feed(4_000)

    again = prove(town.ledger, homes.journal, homes.channel, ends_at(0), "account 1")

    assert again == first
    assert all(check_offline(again).values())
    assert not (town.folder / "journal").exists()
