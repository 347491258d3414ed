"""A set of limits: loaded by one keeper, compared and sealed by another, on the chain."""

import pytest
from eth_account import Account

from ledger.errors import BadRecord, NotFound, Reverted, UsageError
from scripts import _limit_sets as limit_sets
from scripts import _signing
from tests.chain.london import KEYS, SECOND_KEEPER
from tests.unit.small_chain import LocalSigner

HEAD = "standard,item_key,unit,grade,basis,min,max,verified,note"
ROWS = [
    "GB 1-2020,cod,mg/L,B,max,,500,yes,",
    "GB 1-2020,ph,-,B,range,6.5,9.5,no,",
    "GB 1-2020,cod,mg/L,A,max,,300,yes,",
]
INDEX = """tables:
  small: {file: small.csv, title: small, in_force: 2020-01-01}
schemes: {}
"""


def begins(day):
    """The first second of a day in UTC."""
    return (day.toordinal() - 719_163) * 86_400


class Keepers:
    """Two keepers with a table each, which is the same until one of them edits theirs."""

    def __init__(self, here, suite, folder):
        self.here, self.standards, self.folder = here, suite.standards, folder
        (folder / "index.yaml").write_text(INDEX, encoding="utf-8")
        self.write(ROWS)

    def write(self, rows):
        text = "\n".join([HEAD, *rows, ""])
        (self.folder / "small.csv").write_text(text, encoding="utf-8")

    def tables(self, *grades):
        return limit_sets.tables(["small"], self.folder, grades)

    def load(self, seal_as=""):
        self.here.account = "keeper-1"
        limit_sets.load(self.here, self.tables(), begins, seal_as)
        last = self.standards.set_count()
        return [last - 1, last]

    def seal(self, numbers, by="keeper-2", compared=None):
        self.here.account = by
        tables = self.tables() if compared is None else compared
        return limit_sets.seal(self.here, numbers, tables, begins)

    def current(self):
        now = self.here.chain.head().at
        return [self.standards.current_set("GB 1-2020", grade, now) for grade in "AB"]


@pytest.fixture
def keepers(town, here, monkeypatch, tmp_path):
    monkeypatch.setenv("WATERLINE_HOME", str(tmp_path))
    signers = {}
    for alias, key in (("keeper-1", KEYS["standards_keeper"]), ("keeper-2", SECOND_KEEPER)):
        signers[alias] = LocalSigner(Account.from_key(key.key))
        signers[alias].alias = alias
        path = tmp_path / "ape" / "accounts" / f"{alias}.json"
        monkeypatch.setitem(_signing._unlocked, path, signers[alias])
    monkeypatch.setattr(
        _signing, "aliases", lambda: {alias: one.address for alias, one in signers.items()}
    )
    here.wait = "included"
    return Keepers(here, town.suite, tmp_path)


def test_what_one_keeper_loads_waits_for_another_and_holds_nobody_meanwhile(keepers, capsys):
    numbers = keepers.load()

    assert f"waterline standard seal {numbers[0]} {numbers[1]}" in capsys.readouterr().err
    assert [keepers.standards.limit_set(n)[6] for n in numbers] == [False, False]
    assert keepers.current() == [0, 0]


def test_the_other_keeper_sees_the_sets_and_seals_what_their_own_table_holds(keepers, capsys):
    numbers = keepers.load()

    keepers.seal(numbers)

    shown = capsys.readouterr().err
    assert "9.5 pH" in shown
    assert "unverified default" in shown
    assert f"set {numbers[1]} holds what its table holds" in shown
    assert keepers.current() == numbers


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("GB 1-2020,cod,mg/L,B,max,,400,yes,", "at most 500 mg/L, where the table has at most 400"),
        ("GB 1-2020,cod,mg/L,B,daily_mean_max,,500,yes,", "cod max: at most 500 mg/L, where the"),
    ],
)
def test_a_set_that_is_not_as_one_s_own_table_is_not_sealed_nor_is_one_beside_it(
    keepers, row, told
):
    numbers = keepers.load()
    keepers.write([row, *ROWS[1:]])

    with pytest.raises(BadRecord, match=told):
        keepers.seal(numbers[::-1])

    assert keepers.current() == [0, 0]


def test_a_set_of_no_table_given_is_not_sealed(keepers):
    numbers = keepers.load()

    with pytest.raises(NotFound, match="no table given holds GB 1-2020 B"):
        keepers.seal(numbers, compared=keepers.tables("A"))

    assert keepers.current() == [0, 0]


def test_who_loaded_a_set_is_refused(keepers):
    numbers = keepers.load()

    with pytest.raises(Reverted, match="opener cannot seal the set"):
        keepers.seal(numbers, by="keeper-1")

    assert keepers.current() == [0, 0]


def test_both_keys_of_one_machine_load_and_seal_in_one_command(keepers):
    assert keepers.load(seal_as="keeper-2") == keepers.current()


def test_a_set_that_is_sealed_or_not_there_is_named(keepers):
    numbers = keepers.load(seal_as="keeper-2")

    with pytest.raises(UsageError, match="is sealed already"):
        keepers.seal(numbers)
    with pytest.raises(NotFound, match="no set 99"):
        keepers.seal([99])


def test_a_dry_run_shows_and_compares_and_seals_nothing(keepers, capsys):
    numbers = keepers.load()
    keepers.here.dry_run = True

    keepers.seal(numbers)

    assert "would sign Standards: seal GB 1-2020 A, 1 limits" in capsys.readouterr().err
    assert keepers.current() == [0, 0]
