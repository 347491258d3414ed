"""A lane's witnesses go on with the book that adopts it, and sign for its address."""

import boa
import pytest

from tests.contracts.answers import events, reason
from tests.contracts.suite import HASH, word
from tests.contracts.test_adoption import Replacing as Meters
from tests.contracts.test_adoption_gauges import Replacing as Gauges
from tests.contracts.witnessing import KEYS, signed_by, witness

NEEDED = 2


def meters(suite):
    made = Meters(suite, meters=4)
    return made, "QuotaTracker"


def gauges(suite):
    return Gauges(suite, "QualityProvenance"), "QualityProvenance"


@pytest.fixture(params=[meters, gauges], ids=["meters", "gauges"])
def adopted(suite, request):
    made, name = request.param(suite)
    witness(suite, name, made.lane, KEYS[:3], NEEDED, chain_id=boa.env.evm.patch.chain_id)
    made.adopted()
    return made


def test_witnesses_and_their_threshold_go_over_and_are_told(adopted):
    witnesses, lane = adopted.suite.witnesses, adopted.lane

    assert witnesses.witnesses(adopted.new.address, lane) == [key.address for key in KEYS[:3]]
    assert witnesses.threshold(adopted.new.address, lane) == NEEDED
    witnesses._computation = adopted.adoption._computation  # the call that told it
    [(name, told)] = events(witnesses)
    assert (name, told["book"], told["lane"]) == ("WitnessesSet", adopted.new.address, lane)
    assert (told["by"], told["threshold"]) == (adopted.adoption.address, NEEDED)


def test_the_new_book_takes_no_batch_without_them(adopted):
    adopted.new.resume_lane(adopted.lane, sender=adopted.suite.supervisor)
    record = getattr(adopted.new, f"record_{kind(adopted)}")
    batch = adopted.new.lane(adopted.lane).next_id
    words = bytes(32)

    def sent(evidence):
        call = (adopted.lane, batch, HASH, words, evidence)
        return reason(record, *call, sender=adopted.suite.relay)

    about = (adopted.lane, batch, HASH, words, KEYS[:2])
    assert sent(b"") == "witnesses: too few or too many signatures"
    assert sent(signed_by(adopted.old, *about)) == "witnesses: not signed by a witness"
    record(*about[:4], signed_by(adopted.new, *about), sender=adopted.suite.relay)
    assert adopted.new.lane(adopted.lane).next_id == batch + 1


def test_a_witness_may_still_dissent_from_a_batch_of_the_old_book(adopted):
    witnesses, reason_hash = adopted.suite.witnesses, word("another value")

    number = witnesses.dissent_from(
        adopted.old.address, adopted.lane, 0, HASH, reason_hash, sender=KEYS[0].address
    )

    assert witnesses.dissent(number).book == adopted.old.address


def test_a_single_witness_goes_over_too(suite):
    made, name = gauges(suite)
    witness(suite, name, made.lane, KEYS[:1], 1, chain_id=boa.env.evm.patch.chain_id)

    made.adopted()

    assert suite.witnesses.is_witness(made.new.address, made.lane, KEYS[0].address)
    assert suite.witnesses.threshold(made.new.address, made.lane) == 1


def test_a_lane_without_witnesses_tells_nothing(suite):
    made = Meters(suite, meters=4)
    made.adopted()

    suite.witnesses._computation = made.adoption._computation
    assert events(suite.witnesses) == []
    assert suite.witnesses.witnesses(made.new.address, made.lane) == []


def kind(one):
    return "gauges" if isinstance(one, Gauges) else "meters"
