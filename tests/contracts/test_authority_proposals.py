"""Dangerous acts: one administrator proposes, the other confirms."""

import boa
from eth_utils import keccak

from tests.contracts.answers import events, reason
from tests.contracts.suite import word

NOBODY = "0x" + "00" * 20


def listing(suite, name="Portal", at=None):
    return suite.authority.list_contract.prepare_calldata(word(name), at or suite.standards.address)


def test_propose_keeps_the_act_and_its_proposer(suite):
    act = listing(suite)

    proposal = suite.authority.propose(act, sender=suite.first)

    assert events(suite.authority) == [
        ("Proposed", {"proposal_id": proposal, "by": suite.first, "digest": keccak(act)})
    ]
    assert tuple(suite.authority.proposal(proposal)) == (suite.first, 1, keccak(act))
    assert suite.authority.proposal_count() == proposal
    assert suite.authority.contract_at(word("Portal")) == NOBODY


def test_confirm_by_the_other_administrator_does_the_act_at_once(suite):
    proposal = suite.authority.propose(listing(suite), sender=suite.second)

    suite.authority.confirm(proposal, sender=suite.first)

    assert [name for name, _ in events(suite.authority)] == ["Confirmed", "ContractListed"]
    assert events(suite.authority, "Confirmed") == [
        ("Confirmed", {"proposal_id": proposal, "by": suite.first})
    ]
    assert suite.authority.proposal(proposal).state == 2
    assert suite.authority.contract_at(word("Portal")) == suite.standards.address


def test_the_proposer_cannot_confirm_alone(suite):
    proposal = suite.authority.propose(listing(suite), sender=suite.first)

    refused = reason(suite.authority.confirm, proposal, sender=suite.first)

    assert refused == "authority: proposer cannot confirm"


def test_a_proposal_is_confirmed_once(suite):
    proposal = suite.authority.propose(listing(suite), sender=suite.first)
    suite.authority.confirm(proposal, sender=suite.second)

    refused = reason(suite.authority.confirm, proposal, sender=suite.second)

    assert refused == "authority: to confirm, must be OPEN" + ", is DONE"


def test_confirm_passes_on_why_the_act_fails_and_leaves_the_proposal_open(suite):
    act = listing(suite, at=suite.first)
    proposal = suite.authority.propose(act, sender=suite.first)

    refused = reason(suite.authority.confirm, proposal, sender=suite.second)

    assert refused == "authority: no code at the address"
    assert suite.authority.proposal(proposal).state == 1


def test_cancel_takes_a_proposal_back_for_good(suite):
    proposal = suite.authority.propose(listing(suite), sender=suite.first)

    suite.authority.cancel(proposal, sender=suite.second)

    assert events(suite.authority) == [("Cancelled", {"proposal_id": proposal, "by": suite.second})]
    assert suite.authority.proposal(proposal).state == 3
    refused = reason(suite.authority.confirm, proposal, sender=suite.second)
    assert refused == "authority: to confirm, must be OPEN" + ", is CANCELLED"


def test_what_is_not_open_cannot_be_cancelled(suite):
    proposal = suite.authority.propose(listing(suite), sender=suite.first)
    suite.authority.confirm(proposal, sender=suite.second)

    refused = reason(suite.authority.cancel, proposal, sender=suite.first)

    assert refused == "authority: to cancel, must be OPEN" + ", is DONE"


def test_two_administrators_cannot_act_as_one_through_the_contract_itself(suite):
    inner = suite.authority.propose.prepare_calldata(listing(suite))
    proposal = suite.authority.propose(inner, sender=suite.first)

    refused = reason(suite.authority.confirm, proposal, sender=suite.second)

    assert refused == "authority: caller is no administrator"


def test_list_contract_makes_an_address_current_and_names_the_one_before(suite):
    before = suite.authority.contract_count()

    suite.by_both("list_contract", word("Standards"), suite.water_network.address)

    assert events(suite.authority, "ContractListed") == [
        (
            "ContractListed",
            {
                "name": word("Standards"),
                "at": suite.water_network.address,
                "replaced": suite.standards.address,
            },
        )
    ]
    assert suite.authority.contract_at(word("Standards")) == suite.water_network.address
    assert suite.authority.contract_count() == before


def test_list_contract_counts_a_new_name(suite):
    before = suite.authority.contract_count()

    suite.by_both("list_contract", word("Portal"), suite.standards.address)

    assert suite.authority.contract_count() == before + 1
    assert suite.authority.contract_name(before) == word("Portal")


def test_replace_administrator_hands_the_place_over(suite):
    new = boa.env.generate_address()

    suite.by_both("replace_administrator", suite.first, new)

    assert events(suite.authority, "AdministratorReplaced") == [
        ("AdministratorReplaced", {"old": suite.first, "new": new})
    ]
    assert [suite.authority.administrator(i) for i in (0, 1)] == [new, suite.second]
    refused = reason(suite.authority.propose, b"", sender=suite.first)
    assert refused == "authority: caller is no administrator"


def test_a_proposal_lapses_with_its_proposer_who_may_have_come_back_under_another_key(suite):
    new_key = boa.env.generate_address()
    proposal = suite.authority.propose(listing(suite), sender=suite.first)
    suite.by_both("replace_administrator", suite.first, new_key)

    refused = {
        reason(suite.authority.confirm, proposal, sender=sender)
        for sender in (new_key, suite.second)
    }

    assert refused == {"authority: proposer is no administrator any more"}
    suite.authority.cancel(proposal, sender=new_key)
    assert suite.authority.proposal(proposal).state == 3


def test_replace_administrator_reaches_the_second_place_too(suite):
    new = boa.env.generate_address()

    suite.by_both("replace_administrator", suite.second, new)

    assert [suite.authority.administrator(i) for i in (0, 1)] == [suite.first, new]


def replacement_refused(suite, old, new):
    act = suite.authority.replace_administrator.prepare_calldata(old, new)
    proposal = suite.authority.propose(act, sender=suite.first)
    return reason(suite.authority.confirm, proposal, sender=suite.second)


def test_replace_administrator_refuses_what_would_leave_fewer_than_two(suite):
    other = boa.env.generate_address()

    empty = replacement_refused(suite, suite.first, NOBODY)
    same = replacement_refused(suite, suite.first, suite.second)
    stranger = replacement_refused(suite, other, boa.env.generate_address())

    assert empty == "authority: new administrator is empty"
    assert same == "authority: new administrator is one already"
    assert stranger == "authority: old administrator is none"


def test_the_constructor_needs_two_administrators(suite):
    with boa.reverts("authority: empty administrator"):
        suite.authority.deployer.deploy(suite.first, NOBODY)
    with boa.reverts("authority: two administrators are needed"):
        suite.authority.deployer.deploy(suite.first, suite.first)


def test_a_contract_needs_the_authority_it_asks(suite):
    with boa.reverts("access: empty authority"):
        suite.standards.deployer.deploy(NOBODY)


def test_a_contract_that_is_not_listed_is_not_called(suite):
    channel = suite.request(contract_name=word("Portal"))

    refused = reason(suite.device_registry.enrol_channel, channel, sender=suite.device_keeper)

    assert refused == "access: contract not listed"
