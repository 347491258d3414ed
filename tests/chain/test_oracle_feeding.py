"""The oracle feeds a chain: killed anywhere and started again, every reading is there once."""

import pytest

from tests.chain.town import Relay
from tests.contracts.suite import T0

ROWS = [(T0 + 300 * n, 100 + 40 * n) for n in range(1, 25)]


class Killed(Exception):
    """The process ends here."""


class DyingRelay(Relay):
    """A key at whose use the process is killed."""

    def sign(self, tx):
        raise Killed


@pytest.fixture
def fed(town):
    """A town with one meter and its lane; blocks are sealed by hand from here on."""
    town.input = town.file("well", town.meter(), ROWS)
    town.lane()
    town.chain.tester.disable_auto_mine_transactions()
    return town


def test_every_row_is_on_the_chain_in_its_order(fed):
    oracle = fed.oracle()

    fed.settle(oracle, [fed.input])

    assert fed.registers() == ROWS
    assert fed.suite.quota_tracker.meter(1)[0] == ROWS[-1][1]


def test_killed_before_it_signs_it_goes_on(fed):
    dying = fed.oracle(signer=DyingRelay())
    with pytest.raises(Killed):
        fed.settle(dying, [fed.input])
    fed.kill(dying)

    again = fed.oracle()
    fed.settle(again, [fed.input])

    assert fed.registers() == ROWS


def test_killed_between_signing_and_sending_it_sends_the_same_bytes(fed):
    def killed(raw):
        raise Killed

    dying = fed.oracle()
    fed.node.answers["eth_sendRawTransaction"] = killed
    with pytest.raises(Killed):
        fed.settle(dying, [fed.input])
    (signed,) = [row["hash"] for row in dying.journal.db.execute("SELECT hash FROM attempt")]
    fed.kill(dying)
    del fed.node.answers["eth_sendRawTransaction"]

    again = fed.oracle()
    fed.settle(again, [fed.input])

    hashes = [row["hash"] for row in again.journal.db.execute("SELECT hash FROM attempt")]
    assert hashes == [signed]
    assert fed.registers() == ROWS


@pytest.mark.parametrize("blocks", range(5))
def test_killed_any_number_of_blocks_after_sending_it_sends_nothing_twice(fed, blocks):
    dying = fed.oracle()
    for _ in dying.read(fed.input, growing=False):
        pass
    dying.pump(flush=True)
    for _ in range(blocks):
        fed.mine()
    fed.kill(dying)

    again = fed.oracle()
    fed.settle(again, [fed.input])

    assert fed.registers() == ROWS


def test_more_rows_of_the_same_file_follow_the_first(fed):
    oracle = fed.oracle()
    fed.settle(oracle, [fed.input])
    more = [(ROWS[-1][0] + 300, ROWS[-1][1] + 7)]
    with fed.input.path.open("a", encoding="utf-8") as file:
        file.writelines(f"{at},{register}\n" for at, register in more)

    fed.settle(oracle, [fed.input])

    assert fed.registers() == ROWS + more


def test_a_lane_that_took_nothing_in_is_looked_through_when_it_is_flushed_alone(fed, monkeypatch):
    oracle, asked = fed.oracle(), []
    waiting = oracle.journal.waiting
    monkeypatch.setattr(oracle.journal, "waiting", lambda *of: asked.append(of) or waiting(*of))
    for _ in oracle.read(fed.input, growing=False):
        pass

    for times, flush in ((1, False), (1, False), (3, True)):
        oracle.pump(flush=flush)
        assert len(asked) == times
