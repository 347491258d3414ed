"""What a witness finds: the same readings, others, none, or that it cannot tell yet."""

from dataclasses import replace

import pytest

from ledger import merkle
from ledger.errors import BadRecord
from oracle.cosigning import Request, Said, compare, parse
from tests.unit.oracle_rows import T0, journal
from tests.unit.test_oracle_journal import ROWS, WELL, fed, kept

HASH = b"\x07" * 32


def root_of(said):
    return merkle.root([one.leaf for one in said])


@pytest.fixture
def opened(tmp_path):
    own = journal(tmp_path / "journal", WELL)
    fed(own, ROWS)
    yield own
    own.close()


@pytest.fixture
def said(opened):
    """Its readings as another's batch has them."""
    kind = next(opened.kept(WELL.id, 0, 1)).kind
    return [Said(WELL.id, at, value, kind, 3, 0, HASH) for at, value in kept(opened)]


def test_the_same_readings_give_the_same_root_and_nothing_differs(opened, said):
    found = compare(opened, said)

    assert (found.differs, found.waits, found.root) == ((), "", root_of(said))


@pytest.mark.parametrize("changed", [{"value": 1}, {"kind": 5}, {"mark": 3}])
def test_another_value_kind_or_mark_differs_and_the_root_is_of_its_own(opened, said, changed):
    other = [*said[:2], replace(said[2], **changed), *said[3:]]

    found = compare(opened, other)

    assert len(found.differs) == 1
    assert str(said[2].at) in found.differs[0]
    assert found.root == root_of(said) != root_of(other)


def test_a_reading_between_its_own_that_it_lacks_differs(opened, said):
    found = compare(opened, [said[0], replace(said[0], at=said[0].at + 1), said[1]])

    assert found.differs[0].endswith("nothing here")
    assert found.root == merkle.root([said[0].leaf, said[1].leaf])


def test_before_its_first_and_behind_its_last_reading_it_cannot_tell(opened, said):
    for at in (T0, said[-1].at + 1):
        found = compare(opened, [replace(said[0], at=at)])
        assert (found.differs, found.root) == ((), bytes(32))
        assert found.waits.endswith(f"has nothing of {at} here")
    assert compare(opened, [replace(said[0], channel=99)]).waits


def test_grade_and_telegram_are_the_relay_s(opened, said):
    assert (
        compare(opened, [replace(one, grade=1, telegram=b"\x08" * 32) for one in said]).differs
        == ()
    )


def test_a_request_names_its_fault():
    for raw in (b"\xff", b"[]", b"{}", b"[" * 100_000):
        with pytest.raises(BadRecord, match="no request for a signature"):
            parse(raw, ["QuotaTracker"])


def test_telegrams_fit_the_readings_or_are_refused():
    with pytest.raises(BadRecord, match="more telegrams"):
        _ = Request("QuotaTracker", 1, 0, b"", HASH, {7: HASH}).readings(int)
