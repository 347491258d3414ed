"""Laboratory reports and evidence as the commands enter and show them."""

import pytest

from ledger.errors import BadRecord, NotFound
from ledger.laboratory import read_form
from scripts import _evidence as evidence
from scripts import _forms as forms
from scripts import _laboratory as laboratory
from tests.chain.test_london import handles_an_incident, keeps_evidence, reports_samples
from tests.contracts.samples import MAX, Bench, limit, result
from tests.contracts.suite import HASH, word

COLI = word("MPN/100mL or CFU/100mL")
THM = ("chcl3", "chbr3")


@pytest.fixture
def bench(town):
    limits = [
        limit("cod", 20_000_000),
        limit("free_cl", lo=300_000, hi=2_000_000, basis=word("plant_exit_range")),
        limit("e_coli", 0, basis=word("not_detected"), unit=COLI),
        limit("odour_taste", 0, basis=word("qualitative"), unit=word("qualitative")),
        *(limit(name, 60_000) for name in THM),
    ]
    bases = [MAX, *(word(one) for one in ("plant_exit_range", "not_detected", "qualitative"))]
    groups = [(word("thm_sum"), [word(name) for name in THM])]
    return Bench(town.suite, {"": limits}, bases=bases, groups=groups)


def written(folder, bench, results, **changed):
    code = bench.suite.water_network.station(bench.station)[0]
    (folder / "paper.txt").write_text("paper", encoding="utf-8")
    fields = {
        "station": code,
        "code": "FORM-1",
        "taken": "2024-01-01T08:00",
        "analysed": "2024-01-02",
        "laboratory": "Water authority",
        "method": "paper.txt",
        "document": "paper.txt",
        "grade": "manual",
    } | changed
    path = folder / "form.yaml"
    sample = "".join(f"  {key}: {value}\n" for key, value in fields.items())
    path.write_text(f"sample:\n{sample}results:\n{results}", encoding="utf-8")
    return read_form(path)


RESULTS = """  cod: 25 mg/L
  free_cl: 0.8 mg/L
  e_coli: ND
  odour_taste: none
  chcl3: 0.02 mg/L
  chbr3: < 0.002 mg/L
  ni: 3 ug/L
"""


def entered(here, bench, form):
    sample, results = forms.submission(here, form)
    lab, suite = bench.lab, bench.suite
    lab.submit(sample, results, 0, b"\0" * 32, sender=suite.analyst)
    return bench.confirm(lab.report_count())


def test_a_form_becomes_a_report_that_is_told_beside_its_limits(here, bench, tmp_path):
    number = entered(here, bench, written(tmp_path, bench, RESULTS))

    one = laboratory.document(here, number)
    lines = laboratory.lines(one)

    told = {r["parameter"]: (r["shown"], laboratory.verdict(r)) for r in one["results"]}
    assert told == {
        "cod": ("25 mg/L", "exceeded"),
        "free_cl": ("0.8 mg/L", "met"),
        "e_coli": ("not detected", "met"),
        "odour_taste": ("none", "met"),
        "chcl3": ("0.02 mg/L", "met"),
        "chbr3": ("< 0.002 mg/L", "met"),
        "ni": ("0.003 mg/L", "no limit"),
    }
    assert (one["state"], one["worst"], one["ratio_pm"]) == ("confirmed", "cod", 1_250)
    assert (one["exceedances"], one["not_ruled_on"], one["taken_at"]) == (
        *(1, 1, "2024-01-01T08:00:00Z"),
    )
    # 0.02 / 0.06 and half of 0.002 / 0.06
    [total] = one["sums"]
    assert (total["parameter"], total["ratio_pm"], total["complete"]) == ("thm_sum", 350, True)
    assert any("1.25" in line and "exceeded" in line for line in lines)
    assert any(line.startswith("thm_sum") for line in lines)


def test_the_latest_report_and_result_of_a_station_are_found(here, bench, tmp_path):
    assert laboratory.latest_report(here, bench.station) is None
    number = entered(here, bench, written(tmp_path, bench, RESULTS))
    bench.enter(result("cod", 1))

    found = laboratory.latest_report(here, bench.station)

    assert found["report"] == number
    assert laboratory.outcome(found) == "1 exceeded"
    assert list(laboratory.numbers(here, bench.station)) == [number, number + 1]


@pytest.mark.parametrize(
    ("results", "changed", "words"),
    [
        ("  cod: 25\n", {}, "line 11, cod: '25' has no unit"),
        ("  cod: 25 NTU\n", {}, "line 11, cod: NTU is a unit of turbidity"),
        ("  e_coli: 2 CFU/mL\n", {}, "line 11, e_coli: '2 CFU/mL' is not in MPN"),
        ("  ni: many\n", {}, "line 11, ni: 'many' is not a quantity"),
        ("  cod: 1 mg/L\n", {"station": "MOON"}, "line 2, station: no station 'MOON'"),
        ("  cod: 1 mg/L\n", {"station": "ST-1"}, "line 2, station: ST-1 is bound to no profile"),
        ("  cod: 1 mg/L\n", {"taken": "yesterday"}, "line 4, taken: 'yesterday' is no moment"),
        ("  cod: 1 mg/L\n", {"analysed": "2023-12-31"}, "line 5, analysed: lies before"),
        ("  cod: 1 mg/L\n", {"laboratory": "Nobody"}, "line 6, laboratory: "),
        ("  cod: 1 mg/L\n", {"document": "none.pdf"}, "line 8, document: no document at"),
        ("  cod: 1 mg/L\n", {"grade": "good"}, "line 9, grade: unknown grade 'good'"),
        ("  cod: 1 mg/L\n", {"composite": "maybe"}, "composite: 'maybe' is neither"),
    ],
)
def test_what_a_form_says_wrong_is_told_by_its_line(here, bench, tmp_path, results, changed, words):
    form = written(tmp_path, bench, results, **changed)

    with pytest.raises(BadRecord, match=words):
        forms.submission(here, form)


def test_an_empty_form_asks_for_what_the_standard_limits(here, bench):
    code = bench.suite.water_network.station(bench.station)[0]
    _, profile = forms.profile_of(here, code)

    told = forms.empty_form(code, forms.limits_of(here, profile, here.chain.head().at))

    assert f"  station: {code}" in told
    assert "  cod:  # in mg/L; at most 20 mg/L" in told
    assert "  free_cl:  # in mg/L; at least 0.3 mg/L, at most 2 mg/L" in told
    assert "  e_coli:  # in MPN/100mL or CFU/100mL; not detected" in told
    assert "  odour_taste:  # none or present" in told


def test_the_class_of_a_surface_water_is_told_by_its_name(here, town):
    sets = {title: [limit("cod", hi)] for title, hi in (("II", 15), ("I", 10))}
    bench = Bench(town.suite, sets, classes=["I", "II"])

    told = []
    for value in (10, 11, 16):
        report = bench.confirmed(result("cod", value))
        told.append(laboratory.document(here, report)["class"])

    assert told == ["I", "II", "worse than II"]


def test_a_file_of_evidence_is_told_with_items_and_custody(here, town):
    suite = town.suite
    handles_an_incident(town.chain, suite, suite.permit())
    keeps_evidence(suite)
    suite.evidence.add_document(1, b"\7" * 32, HASH, sender=suite.dispatcher)

    one = evidence.document(here, 1)
    lines = evidence.lines(one)

    assert [item["kind"] for item in one["items"]] == ["reading", "document", "report", "document"]
    assert [item["supplement"] for item in one["items"]] == [False, False, False, True]
    assert (one["subject"], one["frozen_items"], one["custodian"]) == ("incident 1", 3, suite.clerk)
    [passed] = one["custody"]
    assert (passed["giver"], passed["receiver"]) == (suite.dispatcher, suite.clerk)
    assert passed["receiver_post"] == "clerk, Water authority"
    assert any("supplement" in line for line in lines)


def test_what_is_not_there_is_not_found(here):
    with pytest.raises(NotFound):
        laboratory.document(here, 99)
    with pytest.raises(NotFound):
        evidence.document(here, 99)


def test_a_report_that_nobody_confirmed_is_told_without_a_ruling(here, town):
    reports_samples(town.suite)

    one = laboratory.document(here, 1)

    assert (one["state"], laboratory.outcome(one)) == ("refused", "-")
