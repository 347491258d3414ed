"""What a reading costs: exact gas, held to its targets."""

import pytest

from bench.gas import IRREGULAR, PROOF_TARGET, SHAPES, TARGETS, measure
from scripts._compiled import compile_file, compiled
from scripts.bench import NAIVE

QUICK = {"P1", "P2", "M240", "G1", "G2", "G2r", "GLab"}  # the others take minutes
EVERY = {shape.id for shape in SHAPES}


@pytest.fixture(scope="module", params=[QUICK, pytest.param(EVERY, marks=pytest.mark.soak)])
def report(request):
    shapes = [shape for shape in SHAPES if shape.id in request.param]
    return measure(compiled(), compile_file(NAIVE), lambda _: None, shapes)


def test_no_shape_costs_more_than_its_target(report):
    found = {one.id: one.gas_a_reading for one in report.figures}

    assert found.keys() > QUICK
    assert {i for i, gas in found.items() if i in TARGETS and gas > TARGETS[i]} == set()


def test_a_reading_among_many_costs_635_times_less_than_one_by_one(report):
    first = next(one for one in report.figures if one.id == "P1")

    assert report.naive_gas / first.gas_a_reading >= 635


def test_a_proof_in_a_transaction_of_its_own_costs_no_more_than_its_target(report):
    assert report.proof_gas <= PROOF_TARGET


def test_uneven_times_are_a_form_of_their_own(report):
    assert {one.id for one in report.figures if one.form == IRREGULAR} >= {"P1i", "G1i"}
