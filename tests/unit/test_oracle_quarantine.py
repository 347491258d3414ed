"""What is held stays so until somebody says that it is true, and then only if it can be."""

import pytest
from eth_account import Account

from ledger.errors import NotFound, UsageError
from oracle import verdicts
from oracle.intake import take
from oracle.quarantine import StaysHeld, held, one_of, reject
from oracle.quarantine import release as released
from oracle.report import report
from tests.unit.oracle_rows import NOW, T0, by_name, channel, chunk, journal, mapping, rule
from tests.unit.small_chain import LocalSigner

ANALYSER = channel(high=500_000_000)
CHANNELS = by_name(ANALYSER)
KEEPER = LocalSigner(Account.from_key(b"\x07" * 32))


@pytest.fixture
def opened(where):
    with_an_analyser = journal(where, ANALYSER)
    yield with_an_analyser
    with_an_analyser.close()


def fed(opened, *rows, first_row=0):
    source = opened.source("outfall/f.csv", mapping(ANALYSER), 0)
    cut = chunk(*rows, first_row=first_row)
    states = opened.states([ANALYSER.id])
    accepted, spoilt = take(
        cut, mapping(ANALYSER).time, [rule(ANALYSER)], states, NOW, opened.known
    )
    opened.take(source, cut, accepted, spoilt)


def release(opened, number, note, used=None):
    return released(opened, number, CHANNELS, NOW, note, used, KEEPER)


def test_an_entry_shows_its_row_its_reason_and_the_way_out(opened):
    fed(opened, (T0 + 900, 900))

    entry = one_of(opened, 1)

    assert (entry["reason"], entry["text"], entry["state"]) == ("impossible", "900", "held")
    assert "bounds 0 to 500000000 ng/L" in entry["detail"]
    assert entry["source"] == "outfall/f.csv"
    assert "bounds enrolled" in entry["remedy"]


def test_a_value_beyond_the_bounds_is_taken_in_on_somebodys_word(opened):
    fed(opened, (T0 + 900, 900))

    entry = release(opened, 1, "keeper: the plant was flooded")

    assert (entry["state"], entry["note"]) == ("released", "keeper: the plant was flooded")
    assert report(opened).accepted == 1
    assert held(opened) == []
    assert [one["id"] for one in held(opened, every=True)] == [1]


def test_nothing_is_released_behind_a_later_reading(opened):
    fed(opened, (T0 + 900, 900), (T0 + 1_800, 300))

    with pytest.raises(StaysHeld, match="backward_time"):
        release(opened, 1, "late")

    assert one_of(opened, 1)["state"] == "held"
    assert report(opened).accepted == 1


def test_a_fraction_is_released_under_a_mapping_that_says_the_decimals(opened):
    fed(opened, (T0 + 900, "350.04"))
    with pytest.raises(StaysHeld, match="fraction"):
        release(opened, 1, "rounded")

    release(opened, 1, "rounded", mapping(ANALYSER, decimals=1))

    assert report(opened).accepted == 1


def test_an_entry_is_released_once(opened):
    fed(opened, (T0 + 900, 900))
    release(opened, 1, "true")

    with pytest.raises(UsageError, match="released already"):
        release(opened, 1, "true")


def test_an_entry_that_is_not_there_is_not_found(opened):
    with pytest.raises(NotFound):
        one_of(opened, 7)


def test_a_verdict_is_signed_over_the_row_that_it_is_about(opened):
    fed(opened, (T0 + 900, 900))

    told = verdicts.of(opened, release(opened, 1, "the plant was flooded"))

    assert (told["decided_by"], told["signature_holds"]) == (KEEPER.address, True)


@pytest.mark.parametrize("changed", [{"note": "it was not"}, {"state": "rejected"}, {"at": T0}])
def test_a_verdict_whose_words_were_changed_does_not_hold(opened, changed):
    fed(opened, (T0 + 900, 900))
    entry = release(opened, 1, "the plant was flooded")

    assert verdicts.of(opened, entry | changed)["signature_holds"] is False


def test_what_is_rejected_waits_no_more_and_stays_as_it_came(opened):
    fed(opened, (T0 + 900, 900))

    entry = reject(opened, 1, NOW, "a test of the probe", KEEPER)

    assert (entry["state"], entry["note"], entry["text"]) == (
        *("rejected", "a test of the probe"),
        "900",
    )
    assert held(opened) == []
    assert report(opened).accepted == 0
    assert verdicts.of(opened, entry)["signature_holds"] is True


def test_what_is_decided_is_not_decided_again(opened):
    fed(opened, (T0 + 900, 900))
    reject(opened, 1, NOW, "a test of the probe", KEEPER)

    for again in (lambda: release(opened, 1, "true"), lambda: reject(opened, 1, NOW, "", KEEPER)):
        with pytest.raises(UsageError, match="rejected already"):
            again()


def test_on_an_entry_that_waits_nobody_has_decided(opened):
    fed(opened, (T0 + 900, 900))

    assert verdicts.of(opened, one_of(opened, 1)) == {}
