"""Daily telegrams of households become leaves, and a resident proves a bill from two of them."""

import stat
from dataclasses import replace
from datetime import date, timedelta

import pytest

from ledger.errors import BadRecord, NotFound, NotSettled, UsageError, WaterlineError
from ledger.structs import read
from oracle import households
from oracle.household_proofs import check_offline, load, prove
from oracle.household_rows import HouseholdMapping, Households
from oracle.proofs import batch_tree, from_hex
from oracle.retention import Retention, archive
from scripts._billing import household_bill
from scripts._households import write
from scripts._shared import Session
from tests.contracts.suite import DAY_S
from tests.contracts.tariffs import UY_M3, loaded, resident

FIRST = date(2023, 11, 15)  # in UTC, the first whole day after T0
BEGINS_AT = 1_700_006_400
HEAD = "community,day,household,opening,closing\n"
MAPPING = {
    "title": "homes",
    "timezone": "UTC",
    "community": "community",
    "day": "day",
    "household": "household",
    "opening": "opening",
    "registers": ["closing"],
    "unit": "m3",
}


class Homes:
    """A community with a meter and a file of its households' days."""

    def __init__(self, town):
        self.town, self.device = town, town.meter()
        town.lane()
        self.path = town.folder / "homes.csv"
        self.path.write_text(HEAD, encoding="utf-8")
        self.input = Households(self.path, HouseholdMapping.model_validate(MAPPING))
        self.rows, self.oracle = [], None

    def tell(self, day, household, opening, closing, community=None):
        told = FIRST + timedelta(days=day)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{community or self.device},{told},{household},{opening},{closing}\n")

    def feed(self, register_l):
        """The community's register at the end of the next day, after what the households told."""
        if self.oracle is None:
            self.town.chain.tester.disable_auto_mine_transactions()
        else:
            self.town.kill(self.oracle)
        self.rows.append((ends_at(len(self.rows)), register_l))
        main = self.town.file("main", self.device, self.rows)
        oracle = self.town.oracle()
        self.town.settle(oracle, [main, self.input])
        (self.channel,) = (c for c in oracle.channels.values() if c.device == self.device)
        self.journal, self.oracle = oracle.journal, oracle
        return oracle

    def proof(self, day, household):
        return prove(self.town.ledger, self.journal, self.channel, ends_at(day), household)

    def shown(self, *proofs):
        """A session on the chain, and the proofs as files."""
        session = Session()
        session.chain, session.ledger = self.town.ledger.chain, self.town.ledger
        paths = [self.town.folder / f"proof-{one.ends_at}.json" for one in proofs]
        for path, proof in zip(paths, proofs, strict=True):
            write(path, proof.as_json())
        return session, *paths


def ends_at(day):
    return BEGINS_AT + (day + 1) * DAY_S


@pytest.fixture
def homes(town):
    return Homes(town)


def held(journal):
    return [row[0] for row in journal.db.execute("SELECT reason FROM held ORDER BY id")]


def test_a_resident_proves_the_bill_of_a_period_from_two_own_leaves(homes):
    tariff = loaded(homes.town.suite, resident())
    for day, (ours, theirs) in enumerate([(50, 30), (52, 31), (70, 33)]):
        homes.tell(day, "account 1", ours - 1, ours)
        homes.tell(day, "account 2", theirs - 1, theirs)
        homes.feed(1_000 * (ours + theirs))

    first, last = homes.proof(0, "account 1"), homes.proof(2, "account 1")

    assert all(check_offline(first).values()) and all(check_offline(last).values())
    bill = household_bill(*homes.shown(first, last), "resident")
    lines = read(homes.town.ledger, "Tariff", "quote", tariff, 20_000, 0, last.ends_at - 1)
    assert {name: bill[name] for name in lines} == lines
    assert bill["total_uy"] == 45 * UY_M3  # 15 m3 at 2 yuan, 5 m3 at 3
    assert (first.volume_l, last.volume_l) == (1_000, 18_000)
    assert first.salt != last.salt


def told_of(homes, *events):
    return [keys for event, keys in homes.town.told if event in events]


def test_a_neighbour_s_leaf_does_not_pass_for_a_household_s_own(homes):
    loaded(homes.town.suite, resident())
    homes.tell(0, "account 1", 0, 3)
    homes.feed(3_000)
    homes.tell(1, "account 2", 3, 9)
    homes.feed(9_000)

    proofs = homes.shown(homes.proof(0, "account 1"), homes.proof(1, "account 2"))

    with pytest.raises(WaterlineError, match="leaves of two households"):
        household_bill(*proofs, "resident")


def test_a_leaf_hangs_once_in_the_batch_that_carries_its_community_s_day(homes):
    homes.tell(0, "account 1", 0, 3)
    homes.feed(3_000)
    homes.tell(0, "account 1", 0, 3)
    homes.tell(1, "account 1", 3, 4)

    homes.feed(4_000)

    batches = homes.journal.db.execute("SELECT ends_at, batch, count FROM home ORDER BY 1")
    assert [tuple(row) for row in batches] == [(ends_at(0), 0, 1), (ends_at(1), 1, 1)]
    assert held(homes.journal) == []


def test_a_day_that_comes_late_hangs_in_the_next_batch_of_its_community(homes):
    homes.feed(5_000)
    homes.tell(0, "account 1", 0, 3)
    homes.town.kill(homes.oracle)
    waiting = homes.town.oracle()
    homes.oracle, homes.journal = waiting, waiting.journal
    (homes.channel,) = (c for c in waiting.channels.values() if c.device == homes.device)
    list(waiting.read(homes.input, growing=False))
    with pytest.raises(NotSettled, match="waits for a batch"):
        homes.proof(0, "account 1")

    homes.feed(6_000)

    assert all(check_offline(homes.proof(0, "account 1")).values())
    assert homes.proof(0, "account 1").batch == 1


def test_who_is_missing_and_a_sum_that_is_far_from_the_community_s_are_told(homes):
    homes.tell(0, "account 1", 0, 3)
    homes.tell(0, "account 2", 0, 3)
    homes.feed(6_000)
    homes.tell(1, "account 1", 3, 8)
    homes.feed(11_000)
    homes.tell(2, "account 1", 8, 9)
    homes.tell(2, "account 2", 3, 4)

    homes.feed(20_000)

    about = {"channel": homes.channel.id, "missing": 1, "told": 1}
    (missing,) = told_of(homes, "households missing")
    assert missing == about | {"ends_at": ends_at(1), "homes_l": 5_000, "community_l": 5_000}
    (apart,) = told_of(homes, "households differ")
    assert (apart["ends_at"], apart["homes_l"], apart["community_l"]) == (ends_at(2), 2_000, 9_000)


def test_what_cannot_be_a_household_s_day_is_held_with_its_reason(homes):
    homes.tell(0, "account 1", 5, 6)
    homes.tell(0, "account 1", 5, 7)
    homes.tell(0, "account 2", 5, 4)
    homes.tell(0, "account 3", 5, "6.0001")
    homes.tell(0, "account 4", 5, "six")
    homes.tell(0, "", 5, 6)
    homes.tell(0, "account 5", 5, 6, community="nobody's")
    homes.tell(99_999, "account 6", 5, 6)

    homes.feed(1_000)

    assert sorted(held(homes.journal)) == sorted(
        [
            *("other_content", "falling_register", "fraction", "not_a_number", "no_household"),
            *("unknown_community", "future"),
        ]
    )
    assert homes.journal.db.execute("SELECT sum(count) FROM home").fetchone()[0] == 1
    channels = homes.journal.db.execute("SELECT DISTINCT channel FROM held").fetchall()
    assert [row[0] for row in channels] == [None]  # nothing that could be released as a reading


def test_an_earlier_day_and_a_register_that_fell_since_are_held(homes):
    homes.tell(1, "account 1", 5, 6)
    homes.tell(0, "account 1", 4, 5)
    homes.tell(2, "account 1", 5, 9)

    homes.feed(1_000)

    assert held(homes.journal) == ["backward_time", "falling_register"]


def test_the_secret_is_for_its_owner_alone_and_asked_for_when_it_is_gone(homes):
    homes.tell(0, "account 1", 0, 3)
    homes.feed(3_000)
    path = homes.journal.place / households.KEPT_IN
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    path.chmod(0o644)
    with pytest.raises(BadRecord, match="can be read by others"):
        homes.proof(0, "account 1")
    path.unlink()
    with pytest.raises(NotFound, match="no file at"):
        homes.proof(0, "account 1")


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.chmod(0o644)])
def test_a_secret_that_is_gone_keeps_its_lane_back_and_is_not_made_anew(homes, harm):
    homes.tell(0, "account 1", 0, 3)
    oracle, path = homes.feed(3_000), homes.journal.place / households.KEPT_IN
    kept = path.read_bytes()
    harm(path)
    homes.tell(1, "account 1", 3, 5)
    homes.rows.append((ends_at(1), 5_000))
    inputs = [homes.input, homes.town.file("main", homes.device, homes.rows)]

    homes.town.run(oracle, inputs)

    (waits,) = [keys for event, keys in homes.town.told if event == "lane waits"]
    assert households.KEPT_IN in waits["reason"]
    assert homes.town.registers() == homes.rows[:1]

    path.write_bytes(kept)
    path.chmod(0o600)
    homes.town.run(oracle, inputs)

    assert homes.town.registers() == homes.rows
    assert all(check_offline(homes.proof(1, "account 1")).values())


def test_no_salt_and_no_number_of_a_household_is_told(homes):
    homes.tell(0, "account 1", 0, 3)
    homes.tell(0, "account 2", 5, 4)
    homes.feed(9_000)

    salt = homes.proof(0, "account 1").salt.removeprefix("0x")
    told = str(homes.town.told) + str(
        list(map(tuple, homes.journal.db.execute("SELECT * FROM held")))
    )

    assert salt not in told
    assert "account" not in told


def test_a_household_that_told_nothing_has_no_proof(homes):
    homes.tell(0, "account 1", 0, 3)
    homes.feed(3_000)

    with pytest.raises(NotFound, match="no telegram of that household"):
        homes.proof(0, "account 2")


def test_a_changed_part_of_a_proof_is_noticed(homes):
    homes.tell(0, "account 1", 0, 3)
    homes.feed(3_000)
    proof = homes.proof(0, "account 1")

    changed = [
        replace(proof, register_l=proof.register_l + 1),
        replace(proof, volume_l=proof.volume_l + 1),
        replace(proof, salt="0x" + "11" * 32),
        replace(proof, household="0x" + "11" * 32),
        replace(proof, telegram=proof.telegram + " "),
        replace(proof, siblings=["0x" + "11" * 32]),
    ]

    assert not any(all(check_offline(one).values()) for one in changed)


def test_a_proof_is_written_for_its_owner_alone_and_read_back_as_it_was(homes, tmp_path):
    homes.tell(0, "account 1", 0, 3)
    homes.feed(3_000)
    proof, path = homes.proof(0, "account 1"), tmp_path / "proof.json"

    write(path, proof.as_json())

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(path) == proof
    with pytest.raises(UsageError, match="is there already"):
        write(path, proof.as_json())
    path.write_text(path.read_text().replace('"volume_l": 3000', '"volume_l": 3001'))
    with pytest.raises(BadRecord, match="does not hold"):
        load(path)


def test_a_day_whose_batch_is_put_away_is_proved_as_before(homes):
    homes.tell(0, "account 1", 0, 3)
    homes.feed(3_000)
    homes.tell(1, "account 1", 3, 4)
    homes.feed(4_000)
    before = homes.proof(0, "account 1")

    done = [one for one in archive(homes.journal, Retention(keep_days=1), ends_at(9)) if one]

    assert [one.first_batch for one in done] == [0]
    assert homes.proof(0, "account 1") == before
    assert waiting(homes.journal) == [1]
    with pytest.raises(NotFound, match="no telegram of that household and day"):
        homes.proof(0, "account 2")


def test_a_batch_gives_its_root_when_the_telegrams_of_its_households_are_removed(homes):
    for account in ("account 1", "account 2"):
        homes.tell(0, account, 0, 3)
    homes.feed(6_000)
    for day in (1, 2):
        homes.tell(day, "account 1", 2 + day, 3 + day)
        homes.feed(6_000 + 1_000 * day)
    before = homes.proof(0, "account 1")

    wanted = Retention(keep_days=1, keep_telegrams_days=1)
    assert [one for one in archive(homes.journal, wanted, ends_at(9)) if one]

    nodes, _ = batch_tree(homes.journal, before.contract, before.lane, before.batch)
    assert from_hex(before.leaf) in nodes
    with pytest.raises(NotFound, match="removed"):
        homes.proof(0, "account 1")


def test_a_file_of_households_that_was_changed_is_noticed(homes):
    homes.tell(0, "account 1", 0, 3)
    homes.feed(3_000)
    homes.tell(1, "account 1", 3, 4)
    homes.feed(4_000)
    assert [one for one in archive(homes.journal, Retention(keep_days=1), ends_at(9)) if one]
    (path,) = (homes.journal.place / "settled").rglob("homes/*.parquet")

    path.write_bytes(path.read_bytes() + b"\0")

    with pytest.raises(BadRecord, match="not what the journal says"):
        homes.proof(0, "account 1")


def waiting(journal):
    """The batches whose households still lie in the journal itself."""
    return [row[0] for row in journal.db.execute("SELECT batch FROM home ORDER BY batch")]
