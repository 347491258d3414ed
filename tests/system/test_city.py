"""A city on a real chain: a signer and the oracle are killed, and nothing is lost or doubled."""

import csv
import json
import subprocess
from collections import Counter
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest

from ledger.batches import as_batch, gauge_groups, meter_groups
from ledger.events import logs
from scripts._compiled import CONTRACTS
from scripts._shared import PROJECT
from tests.system.small_city import BIN, founded

pytestmark = pytest.mark.chain
DAY_S = 86_400
ZERO = 2**31
METERS = ("QuotaTracker", "DischargeVolumes")


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """The city when everything is final: the oracle was killed twice, a signer once."""
    made = founded(tmp_path_factory.mktemp("city"))
    try:
        made.kill_feeding_when(lambda now: now.accepted > 0)
        made.kill_signer("signer-2")
        made.kill_feeding_when(lambda now: now.batches > 0)
        made.with_a_dead_signer = made.answer("devnet", "status")
        made.run("devnet", "up")
        assert made.begin_feeding().wait() == 0
        yield made
    finally:
        made.run("devnet", "reset")


def rows(name):
    with (PROJECT / "data" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def rounded(text, places):
    return Decimal(text).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)


def registers(rates, litres_a_unit):
    """The floor of the running sum."""
    total, found = Fraction(0), []
    for rate in rates:
        total += Fraction(rounded(rate, 2)) * litres_a_unit
        found.append(int(total))
    return found


def expected(city):
    """Every reading that the files hold, worked out from their rows: channel, moment, value."""
    channels = {(c["device"], c["parameter"]): c["channel"] for c in city.answer("device", "list")}
    shift_s = {s["series"]: s["redated_days"] * DAY_S for s in city.report().sources}
    main, outfall = rows("pipe_flow.csv"), rows("sewage_works_influent.csv")
    stamps = [int(datetime.fromisoformat(row["time_utc"]).timestamp()) for row in main]
    begins = int(datetime.fromisoformat("2000-01-01T00:00:00Z").timestamp())
    moments = [begins + (n + 1) * 900 + shift_s["outfall"] for n in range(len(outfall))]
    found = Counter(
        (channels["INT-1-METER", "volume"], stamp + shift_s["water main"], register)
        for stamp, register in zip(
            stamps, registers([row["flow_l_s"] for row in main], Fraction(3600)), strict=True
        )
    )
    volumes = registers([row["flow_m3_d"] for row in outfall], Fraction(1_000 * 900, DAY_S))
    found.update(
        (channels["OUT-1-METER", "volume"], *one) for one in zip(moments, volumes, strict=True)
    )
    for column, parameter in (("cod_mg_l", "cod"), ("nh3_n_mg_l", "nh3_n"), ("tss_mg_l", "ss")):
        words = [ZERO + int(rounded(row[column], 1) * 10) for row in outfall]
        channel = channels["OUT-1-ANALYSER", parameter]
        found.update((channel, *one) for one in zip(moments, words, strict=True))
    return found


def on_chain(ledger):
    """Every reading in the calldata of every recorded batch."""
    found = Counter()
    for contract in (*METERS, "DischargeLimits"):
        for recorded in logs(ledger, contract, "Recorded"):
            words = as_batch(ledger, recorded).words
            for group in meter_groups(words) if contract in METERS else gauge_groups(words):
                register = group.opening_l
                for at, amount in group.readings:
                    register += amount
                    value = register if contract in METERS else amount
                    found[group.channel, at, value] += 1
    return found


def test_a_deployment_that_was_killed_is_finished_by_the_next_and_is_the_source(city):
    compared = city.answer("deploy", "verify")

    assert compared["findings"] == []
    assert list(city.answer("deploy", "show")["contracts"]) == list(CONTRACTS)


def test_a_killed_signer_is_named_and_the_chain_goes_on(city):
    status = city.with_a_dead_signer

    assert [one["name"] for one in status["signers"] if not one["alive"]] == ["signer-2"]
    assert not status["stalled"]


def test_a_signer_that_was_killed_catches_up(city):
    status = city.answer("devnet", "status")

    assert all(one["alive"] for one in status["signers"])
    assert max(one["head"] for one in status["signers"]) - status["signers"][1]["head"] <= 1


def test_every_reading_of_the_files_is_on_the_chain_exactly_once(city):
    assert on_chain(city.ledger()) == expected(city)


def test_the_journal_counts_what_the_chain_holds(city):
    now = city.report()

    assert now.accepted == now.settled == sum(expected(city).values())
    assert (now.quarantined, now.waiting) == (0, 0)


def test_the_account_passes_every_tier_once(city):
    changes = logs(city.ledger(), "QuotaTracker", "TierChanged")

    assert [event.args["tier"] for event in changes] == [1, 2, 3]


def test_the_days_over_the_permits_limit_are_ruled_exceeded(city):
    exceeded = city.answer("discharge", "rulings", "--exceeded")

    assert exceeded
    assert {(one["parameter"], one["limit_of"]) for one in exceeded} == {("cod", "permit")}


def test_what_was_redated_says_so_wherever_it_is_shown(city):
    days = {one["series"]: one["redated_days"] for one in city.report().sources}
    meters = [m for account in city.answer("quota", "list") for m in account["meters"]]
    rulings = city.answer("discharge", "rulings")

    assert {one["redated_days"] for one in meters} == {days["water main"]} != {0}
    assert {one["redated_days"] for one in rulings} == {days["outfall"]} != {0}


def test_a_reading_is_followed_from_its_row_to_its_block(city):
    raised = city.answer("discharge", "alerts")[0]

    proof = city.answer(
        *("verify", "reading", raised["device"], raised["parameter"]),
        *("--at", raised["raised_at"]),
    )

    assert proof["verified"]
    assert set(proof["checks"].values()) == {True}


def test_an_auditor_derives_what_the_chain_holds_and_makes_every_root_again(city):
    audited = city.answer("verify", "chain", "--prove", "--journal", str(city.home / "oracle"))

    now = city.report()
    assert audited["first_findings"] == []
    assert (audited["readings"], audited["batches"]) == (now.settled, now.settled_batches)
    assert audited["roots"] == now.settled_batches


def test_code_that_is_not_what_was_recorded_is_found_with_exit_code_6(city):
    record = json.loads((city.home / "deployment.json").read_text(encoding="utf-8"))
    record["contracts"]["Standards"]["code_hash"] = "0x" + "11" * 32
    other = city.home / "another.json"
    other.write_text(json.dumps(record), encoding="utf-8")

    command = [BIN, "verify", "chain", "--deployment", other, "--json"]
    done = subprocess.run(command, env=city.environment, capture_output=True, text=True)

    (found,) = json.loads(done.stdout)["first_findings"]
    assert (done.returncode, found["what"], found["contract"]) == (6, "code", "Standards")
