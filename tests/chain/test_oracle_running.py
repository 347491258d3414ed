"""The oracle that runs: files grow, the chain goes away and comes back, and nothing is lost."""

import pytest

from ledger.errors import ChainUnreachable
from oracle import feed
from oracle.household_rows import HouseholdMapping, Households
from oracle.inputs import Input
from tests.contracts.suite import T0

ROWS = [(T0 + 300 * n, 100 + 40 * n) for n in range(1, 7)]


@pytest.fixture
def fed(town):
    """A town with one meter and its lane; blocks are sealed by hand from here on."""
    town.input = town.file("well", town.meter(), ROWS[:3])
    town.inputs = [town.input]
    town.lane()
    town.chain.tester.disable_auto_mine_transactions()
    return town


def watched(town, oracle, acts, most_waiting=0):
    """Run the oracle; after each round one of the acts, then it is told to leave."""
    left = iter(acts)

    def wait(_):
        town.mine()
        act = next(left, None)
        if act is None:
            return True
        act()
        return False

    tell = lambda event, **keys: town.told.append((event, keys))  # noqa: E731
    feed.watch(oracle, lambda: town.inputs, wait, 0, tell, most_waiting)


def grown(town, text):
    def grow():
        with town.input.path.open("a", encoding="utf-8") as file:
            file.write(text)

    return grow


def rows(some):
    return "".join(f"{at},{register}\n" for at, register in some)


def test_a_growing_file_is_followed_line_by_complete_line(fed):
    text = rows(ROWS[3:])
    nothing = [lambda: None] * 4

    watched(fed, fed.oracle(), [grown(fed, text[:20]), *nothing, grown(fed, text[20:]), *nothing])

    assert fed.registers() == ROWS


def test_rows_are_taken_in_while_the_chain_is_away_and_sent_when_it_is_back(fed):
    oracle = fed.oracle()

    def away(*_):
        raise ChainUnreachable("nothing listens there", "")

    def leave():
        fed.node.answers["eth_getBlockByNumber"] = away

    def come_back():
        assert oracle.journal.db.execute("SELECT sum(accepted) FROM channel").fetchone()[0] == 6
        del fed.node.answers["eth_getBlockByNumber"]

    grow, nothing = grown(fed, rows(ROWS[3:])), [lambda: None] * 4

    watched(fed, oracle, [*nothing, leave, grow, lambda: None, come_back, *nothing])

    assert fed.registers() == ROWS
    assert [event for event, _ in fed.told if event.startswith("chain")] == [
        "chain is away",
        "chain is back",
    ]


def test_told_to_leave_it_leaves_everything_for_the_next_run(fed):
    first = fed.oracle()
    watched(fed, first, [])
    fed.kill(first)

    again = fed.oracle()
    fed.settle(again)

    assert fed.registers() == ROWS[:3]


def test_files_are_left_as_they_are_while_too_much_waits_and_nothing_of_them_is_lost(fed):
    oracle = fed.oracle()
    accepted = []

    def away(*_):
        raise ChainUnreachable("nothing listens there", "")

    def leave():
        fed.node.answers["eth_getBlockByNumber"] = away

    def look():
        query = "SELECT sum(accepted) FROM channel"
        accepted.append(oracle.journal.db.execute(query).fetchone()[0])

    def come_back():
        del fed.node.answers["eth_getBlockByNumber"]

    grow, nothing = grown(fed, rows(ROWS[3:])), [lambda: None] * 6
    oracle.prepare(fed.input.mapping)
    leave()

    watched(fed, oracle, [look, grow, look, come_back, *nothing], most_waiting=3)

    assert accepted == [3, 3]
    assert fed.registers() == ROWS
    told = [event for event, _ in fed.told if event.startswith("files")]
    assert told[:2] == ["files are held back", "files are read again"]


def about_files(town):
    return [keys["why"] for event, keys in town.told if event == "file cannot be read"]


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.csv", b"", "header"),
        ("a.csv", b"at,va", "no column register"),
        ("a.parquet", b"PAR1\x15\x04", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_once_and_the_others_go_on(fed, name, data, why):
    spoilt = fed.folder / name
    spoilt.write_bytes(data)
    fed.inputs = [Input(spoilt, fed.input.mapping), fed.input]

    watched(fed, fed.oracle(), [grown(fed, rows(ROWS[3:])), *[lambda: None] * 5])

    assert fed.registers() == ROWS
    [told] = about_files(fed)
    assert why in told


def test_a_file_that_could_not_be_read_is_read_when_it_has_changed(fed):
    late = fed.folder / "late.csv"
    late.write_bytes(b"at,re")
    fed.inputs = [Input(late, fed.input.mapping)]

    def end():
        late.write_text(f"at,register\n{rows(ROWS)}", encoding="utf-8")

    watched(fed, fed.oracle(), [lambda: None, end, *[lambda: None] * 5])

    assert fed.registers() == ROWS
    assert [event for event, _ in fed.told if event.startswith("file")] == [
        "file cannot be read",
        "file is read",
    ]


def test_a_file_that_the_system_does_not_give_is_asked_for_again(fed, monkeypatch):
    open_, left = type(fed.input.path).open, [2]

    def refused(path, *args, **keys):
        if path == fed.input.path and left[0]:
            left[0] -= 1
            raise PermissionError(13, "Permission denied")
        return open_(path, *args, **keys)

    monkeypatch.setattr(type(fed.input.path), "open", refused)

    watched(fed, fed.oracle(), [lambda: None] * 6)

    assert fed.registers() == ROWS[:3]
    assert len(about_files(fed)) == 1


def test_a_file_that_goes_away_once_it_was_listed_is_left_out(fed):
    gone = Input(fed.folder / "gone.csv", fed.input.mapping)
    fed.inputs = [gone, fed.input]

    watched(fed, fed.oracle(), [lambda: None] * 4)

    assert fed.registers() == ROWS[:3]
    assert about_files(fed) == []


def test_a_file_of_households_that_cannot_be_read_stops_no_other(fed):
    homes = fed.folder / "homes.csv"
    homes.write_bytes(b"community,da")
    names = {"community": "community", "day": "day", "household": "household"}
    more = {"title": "homes", "timezone": "Asia/Shanghai", "registers": ["closing"], "unit": "m3"}
    fed.inputs = [Households(homes, HouseholdMapping(**names, **more)), fed.input]

    watched(fed, fed.oracle(), [lambda: None] * 4)

    assert fed.registers() == ROWS[:3]
    assert len(about_files(fed)) == 1


def test_a_node_that_contradicts_itself_ends_no_oracle(fed):
    oracle = fed.oracle()
    oracle.prepare(fed.input.mapping)

    def lie():
        fed.node.answers["eth_call"] = lambda *_: "0x"

    def be_honest():
        del fed.node.answers["eth_call"]

    watched(fed, oracle, [lie, lambda: None, lambda: None, be_honest, *[lambda: None] * 6])

    assert fed.registers() == ROWS[:3]


def test_above_the_cap_of_the_base_fee_nothing_is_sent_and_it_goes_on_by_itself(fed):
    oracle = fed.oracle(most_base_fee_wei=1)

    def sent():
        return oracle.journal.db.execute("SELECT count(*) FROM attempt").fetchone()[0]

    def look():
        assert sent() == 0
        oracle.relays.governor.most_base_fee_wei = 10**12

    watched(fed, oracle, [lambda: None, look, *[lambda: None] * 6])

    assert fed.registers() == ROWS[:3]
    told = [event for event, _ in fed.told if event.startswith("base fee")]
    assert told == ["base fee is above the cap", "base fee is below the cap"]
