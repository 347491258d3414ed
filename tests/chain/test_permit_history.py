"""What became of a permit's right, as the command tells it from the chain."""

from scripts._history import history
from tests.contracts.suite import HASH


def told(here, permit):
    """The events of a permit since it was issued."""
    return [(one["event"], one["reason"]) for one in history(here, permit) if one["transfer"]]


def test_a_transfer_is_told_with_both_its_permits_from_offer_to_decision(here, town):
    suite, changes = town.suite, town.suite.permit_changes
    giver, taker, other = (suite.permit() for _ in range(3))
    numbers = [suite.permit_registry.permit(one)[0] for one in (giver, taker)]
    for answer in ("accept", "decline", "withdraw"):
        changes.offer_transfer(giver, taker, 9_000, 0, 0, HASH, sender=suite.holder)
        one = changes.transfer_count()
        getattr(changes, f"{answer}_transfer")(one, sender=suite.holder)
        if answer == "accept":
            changes.decide_transfer(one, True, sender=suite.decider)

    offered = f": 9 m3 a year from {numbers[0]} to {numbers[1]}"
    assert told(here, giver) == told(here, taker)
    assert told(here, giver) == [
        ("TransferOffered", f"transfer 1{offered}"),
        ("TransferAnswered", "transfer 1 accepted"),
        ("TransferDecided", "transfer 1 approved"),
        ("TransferOffered", f"transfer 2{offered}"),
        ("TransferAnswered", "transfer 2 declined"),
        ("TransferOffered", f"transfer 3{offered}"),
        ("TransferWithdrawn", "transfer 3"),
    ]
    assert told(here, other) == []
    (decided,) = [one for one in history(here, taker) if one["event"] == "TransferDecided"]
    assert decided["by"] == suite.decider
