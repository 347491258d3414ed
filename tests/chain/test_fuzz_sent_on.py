"""What the intake lets through reaches the contracts; what they would not take is counted."""

from collections import Counter

import pytest

from bench import fuzz
from bench.city import NOW
from bench.second_machine import SecondMachine
from bench.sent_on import METERS, START, Failed, Town
from oracle.mapping import Mapping
from oracle.sources.chunks import Chunk
from scripts._compiled import compiled

ROWS = 4_000
MAPPING = Mapping.model_validate(fuzz.MAPPING)


@pytest.fixture
def town(tmp_path):
    made, found = Town(SecondMachine, compiled(), tmp_path / "journal"), Counter(START)
    cells = {"at": [str(NOW + 60)], "a": ["200"], "b": ["1.5"], "c": ["0.1"]}
    made.take(Chunk(0, "at,a,b,c", [b"a row"], cells), MAPPING, NOW + 60, found)
    yield made
    made.journal.close()


def test_rows_that_were_spoilt_all_end_somewhere_and_the_contracts_take_what_was_accepted():
    found = fuzz.rows(ROWS, 7, SecondMachine, compiled(), lambda _: None)

    assert found["rows"] >= ROWS
    assert found["refused"] > 0 < found["refused_rows"]
    assert fuzz.sound(found)


def test_readings_in_a_journal_are_on_the_machine_after_they_were_sent(town):
    found = Counter(START)

    town.send(NOW + 60, found)
    town.close(found)

    assert (found["on_chain"], found["batches"], found["differs"]) == (3, 2, 0)


def test_readings_that_were_never_sent_make_the_chain_differ(town):
    found = Counter(START)

    town.close(found)

    assert found["differs"] == 3


def test_a_batch_out_of_order_is_reverted_and_ends_the_fuzz(town):
    found, outbox = Counter(START), town._outboxes[METERS]
    number, batch = town._cut(METERS, outbox, NOW + 60)

    with pytest.raises(Failed, match="reverted batch 1"):
        town._send(METERS, number + 1, batch, found)

    assert (found["reverted"], found["on_chain"]) == (1, 0)


def test_groups_that_the_contract_refuses_are_counted(town):
    found, outbox = Counter(START), town._outboxes[METERS]
    number, batch = town._cut(METERS, outbox, NOW + 60)

    for later in range(2):
        town._city.machine.advance(NOW + 60)
        town._send(METERS, number + later, batch, found)

    assert found["refused_groups"] == 2
