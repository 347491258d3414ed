"""The constructed series of the demo city are what their script says."""

import importlib.util

import pytest

from scripts._shared import PROJECT

SPEC = importlib.util.spec_from_file_location("construct", PROJECT / "data" / "construct.py")
construct = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(construct)


@pytest.mark.parametrize("name", construct.FILES)
def test_a_constructed_file_is_what_its_script_writes(name):
    held = (PROJECT / "data" / name).read_text(encoding="utf-8").splitlines()

    assert held == construct.FILES[name]()
