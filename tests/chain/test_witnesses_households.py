"""A batch with households' days: signed by who has the same ones, dissented from by who has not."""

import pytest

from ledger.witnesses import dissents
from oracle.household_proofs import check_offline, prove
from oracle.household_rows import HouseholdMapping, Households
from tests.chain.test_oracle_households import FIRST, HEAD, MAPPING, ends_at

DAY = [("account 1", 0, 3), ("account 2", 5, 9)]
REVERSED = DAY[::-1]
DIFFERING = [DAY[0], ("account 2", 5, 8)]


class Communities:
    """A relay and witnesses, each with a file of the same community's households."""

    def __init__(self, witnessed):
        self.witnessed, self.town = witnessed, witnessed.town
        self.rows = [(ends_at(0), 7_000)]
        witnessed.input = self.town.file("well", self.town.code, self.rows)

    def homes(self, name, rows):
        path = self.town.folder / f"homes-{name}.csv"
        told = "".join(f"{self.town.code},{FIRST},{who},{a},{b}\n" for who, a, b in rows)
        path.write_text(HEAD + told, encoding="utf-8")
        return Households(path, HouseholdMapping.model_validate(MAPPING))

    def stand(self, *homes):
        self.witnessed.stands(*(self.rows for _ in homes))
        for side, rows in zip(self.witnessed.sides, homes, strict=True):
            side.read_homes(self.homes(side.journal.place.name, rows))

    def settle(self):
        self.town.chain.tester.disable_auto_mine_transactions()
        oracle = self.witnessed.oracle()
        self.witnessed.settle(oracle, [self.homes("relay", DAY), self.witnessed.input])
        return oracle


@pytest.fixture
def communities(witnessed):
    return Communities(witnessed)


def test_who_has_the_same_days_signs_and_a_household_proves_its_own(communities):
    communities.stand(DAY, REVERSED)

    oracle = communities.settle()

    assert communities.town.registers() == communities.rows
    (channel,) = (c for c in oracle.channels.values() if c.device == communities.town.code)
    proof = prove(communities.town.ledger, oracle.journal, channel, ends_at(0), "account 2")
    assert all(check_offline(proof).values())


def test_who_has_another_register_dissents_and_names_nobody(communities):
    communities.stand(DAY, DIFFERING, DAY)

    communities.settle()

    assert communities.town.registers() == communities.rows
    other = communities.witnessed.sides[1]
    ((reason,),) = other.journal.db.execute("SELECT reason FROM dissent").fetchall()
    assert reason.endswith("1 of 2 households have another register or volume here")
    assert "account" not in reason
    communities.town.chain.tester.enable_auto_mine_transactions()
    other.witness.dissent(other.journal, 0.0)
    (found,) = dissents(communities.town.ledger)
    assert found["by"] == other.signer.address
