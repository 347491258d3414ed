"""A higher ceiling waits for another officer; a first one and a stricter one act at once."""

import boa
import pytest
from eth_account import Account

from tests.contracts.answers import events, reason
from tests.contracts.suite import COD, DAY_S, HASH, NOW, rotation_signature, word

QINGLAN, OTHER, TN = word("Qinglan"), word("Other"), word("tn")
NONE = b"\0" * 32
NOBODY = "0x" + "00" * 20
LATER = b"\2" * 32
NO_PROPOSAL = (0, NONE, NOBODY, 0)
KINDS = ("volume", "load")


class Ceiling:
    """The ceiling of a region's volume or of its load of a parameter, by the same words."""

    def __init__(self, suite, kind, parameter=COD):
        self.suite, self.lines = suite, suite.red_lines
        self.of = () if kind == "volume" else (parameter,)
        self.first, self.second = suite.standards_keeper, suite.second_keeper
        self.put = self.lines.set_load_ceiling if self.of else self.lines.set_ceiling
        self.confirm = self.lines.confirm_load_ceiling if self.of else self.lines.confirm_ceiling

    def set(self, amount, source=HASH, by=None):
        self.put(QINGLAN, *self.of, amount, source, sender=by or self.first)

    def confirmed(self, amount, by=None):
        self.confirm(QINGLAN, *self.of, amount, sender=by or self.second)

    def refusal(self, amount, by=None):
        return reason(self.confirm, QINGLAN, *self.of, amount, sender=by or self.second)

    def stands(self):
        if not self.of:
            return self.lines.ceiling_l(QINGLAN)
        version = self.lines.load_ceilings(QINGLAN, *self.of)
        return self.lines.load_ceiling(QINGLAN, *self.of, version).load_ng

    def waits(self):
        return tuple(self.lines.proposed(QINGLAN, *(self.of or (NONE,))))


@pytest.fixture(params=KINDS)
def ceiling(suite, request):
    one = Ceiling(suite, request.param)
    one.set(100)
    return one


def test_a_first_ceiling_acts_at_once(ceiling):
    assert ceiling.stands() == 100
    assert ceiling.waits() == NO_PROPOSAL


@pytest.mark.parametrize("amount", [100, 99, 0])
def test_a_ceiling_that_is_not_higher_acts_at_once(ceiling, amount):
    ceiling.set(amount)

    assert ceiling.stands() == amount
    assert ceiling.waits() == NO_PROPOSAL


def test_a_higher_ceiling_is_only_proposed(ceiling):
    ceiling.set(101, LATER)

    assert ceiling.stands() == 100
    assert ceiling.waits() == (101, LATER, ceiling.first, NOW + 30 * DAY_S)


def test_a_proposed_ceiling_of_volume_is_told(suite):
    ceiling = Ceiling(suite, "volume")
    ceiling.set(100)
    ceiling.set(101, LATER)

    about = {"region": QINGLAN, "by": ceiling.first, "ceiling_l": 101}
    about |= {"source_hash": LATER, "until_at": NOW + 30 * DAY_S}
    assert events(suite.red_lines) == [("CeilingProposed", about)]


def test_a_proposed_ceiling_of_load_is_told(suite):
    ceiling = Ceiling(suite, "load")
    ceiling.set(100)
    ceiling.set(101, LATER)

    about = {"region": QINGLAN, "parameter": COD, "by": ceiling.first, "load_ng": 101}
    about |= {"source_hash": LATER, "until_at": NOW + 30 * DAY_S}
    assert events(suite.red_lines) == [("LoadCeilingProposed", about)]


def test_a_confirmed_ceiling_of_volume_acts_with_the_source_that_was_proposed(suite):
    ceiling = Ceiling(suite, "volume")
    ceiling.set(100)
    ceiling.set(101, LATER)

    ceiling.confirmed(101)

    about = {"region": QINGLAN, "ceiling_l": 101, "permitted_l": 0, "source_hash": LATER}
    assert events(suite.red_lines) == [("CeilingSet", about)]
    assert (ceiling.stands(), ceiling.waits()) == (101, NO_PROPOSAL)


def test_a_confirmed_ceiling_of_load_is_a_version_from_when_it_was_confirmed(suite):
    ceiling = Ceiling(suite, "load")
    ceiling.set(100)
    ceiling.set(101, LATER)
    boa.env.evm.patch.timestamp = NOW + DAY_S
    try:
        ceiling.confirmed(101)
    finally:
        boa.env.evm.patch.timestamp = NOW

    about = {"region": QINGLAN, "parameter": COD, "version": 2, "load_ng": 101}
    about |= {"permitted_ng": 0, "source_hash": LATER}
    assert events(suite.red_lines) == [("LoadCeilingSet", about)]
    kept = tuple(suite.red_lines.load_ceiling(QINGLAN, COD, 2))
    assert kept == (101, LATER, NOW + DAY_S)
    assert ceiling.waits() == NO_PROPOSAL


def test_the_proposer_cannot_confirm(ceiling):
    ceiling.set(101)

    assert ceiling.refusal(101, ceiling.first) == "redlines: proposer cannot confirm"
    assert ceiling.stands() == 100


def test_only_another_officer_of_the_duty_confirms(ceiling, suite):
    ceiling.set(101)

    for stranger in (suite.holder, suite.supervisor, suite.first):
        assert ceiling.refusal(101, stranger) == "access: caller lacks duty"


def test_nobody_confirms_another_ceiling_than_they_read(ceiling):
    ceiling.set(101)

    for other in (100, 102):
        assert ceiling.refusal(other) == "redlines: another ceiling is proposed"


def test_what_is_not_proposed_is_not_confirmed(ceiling):
    assert ceiling.refusal(100) == "redlines: no higher ceiling is proposed"
    ceiling.set(101)
    ceiling.confirmed(101)
    assert ceiling.refusal(101) == "redlines: no higher ceiling is proposed"


def test_a_proposal_waits_thirty_days(ceiling):
    ceiling.set(101)
    try:
        boa.env.evm.patch.timestamp = NOW + 30 * DAY_S
        assert ceiling.refusal(101) == "redlines: proposal of the ceiling is over"
        boa.env.evm.patch.timestamp = NOW + 30 * DAY_S - 1
        ceiling.confirmed(101)
    finally:
        boa.env.evm.patch.timestamp = NOW

    assert ceiling.stands() == 101


def test_a_newer_proposal_takes_the_place_of_the_one_that_waits(ceiling):
    ceiling.set(101)
    ceiling.set(150, LATER, ceiling.second)

    assert ceiling.waits()[:3] == (150, LATER, ceiling.second)
    assert ceiling.refusal(150) == "redlines: proposer cannot confirm"
    ceiling.confirmed(150, ceiling.first)
    assert ceiling.stands() == 150


@pytest.mark.parametrize("amount", [100, 50])
def test_a_ceiling_that_acts_at_once_takes_the_place_of_the_one_that_waits(ceiling, amount):
    ceiling.set(101)
    ceiling.set(amount)

    assert ceiling.refusal(101) == "redlines: no higher ceiling is proposed"
    assert ceiling.stands() == amount


def test_a_ceiling_of_volume_is_not_confirmed_as_one_of_load(suite):
    ceiling = Ceiling(suite, "volume")
    ceiling.set(100)
    ceiling.set(101)

    confirm = suite.red_lines.confirm_load_ceiling
    refused = reason(confirm, QINGLAN, NONE, 101, sender=ceiling.second)

    assert refused == "redlines: load to confirm without a parameter"


def test_each_region_and_parameter_waits_by_itself(suite):
    volume, cod, tn = (
        Ceiling(suite, k, p) for k, p in (("volume", COD), ("load", COD), ("load", TN))
    )
    for one in (volume, cod, tn):
        one.set(100)
    cod.set(101)

    for other in (volume, tn):
        assert other.refusal(101) == "redlines: no higher ceiling is proposed"
    elsewhere = reason(cod.confirm, OTHER, COD, 101, sender=cod.second)
    assert elsewhere == "redlines: no higher ceiling is proposed"


def test_room_under_a_higher_ceiling_is_there_once_it_is_confirmed(suite):
    suite.water_network.set_region(1, QINGLAN, sender=suite.network_keeper)
    ceiling = Ceiling(suite, "volume")
    ceiling.set(999_999)
    ceiling.set(1_000_000)
    issue = (suite.approved(annual_l=1_000_000), "N-1", 1, [], 0)
    early = reason(suite.permit_registry.issue, *issue, sender=suite.issuer)
    assert early == "redlines: region is at its ceiling"

    ceiling.confirmed(1_000_000)
    suite.permit_registry.issue(*issue, sender=suite.issuer)

    assert suite.red_lines.headroom_l(QINGLAN) == 0


def test_a_proposer_who_goes_on_under_another_key_cannot_confirm(ceiling, suite):
    ceiling.set(101, by=ceiling.second)
    key = Account.from_key(b"\x21" * 32)
    consent = rotation_signature(suite.authority, ceiling.second, key)
    suite.authority.rotate(key.address, consent, sender=ceiling.second)

    assert ceiling.refusal(101, key.address) == "redlines: proposer cannot confirm"
    ceiling.confirmed(101, ceiling.first)
