"""What stands in the contracts and again in Python says the same."""

import re

from checks import duties
from tests.contracts.suite import DUTIES, FOLDERS, ROOT, word

MODULES = ROOT / "contracts" / "modules"


def test_names_are_the_ascii_of_the_contracts():
    text = (MODULES / "names.vy").read_text(encoding="utf-8")
    held = dict(re.findall(r"^(\w+): constant\(bytes32\) = 0x([0-9a-f]{64})$", text, re.M))

    snake = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper(): name for name in FOLDERS}
    assert {key: bytes.fromhex(value) for key, value in held.items()} == {
        key: word(name) for key, name in snake.items()
    }


def test_duties_are_single_bits_and_all_is_their_sum():
    bits = {name: int(bit) for name, bit in duties.duty_notes(ROOT).items()}
    text = (MODULES / "duties.vy").read_text(encoding="utf-8")

    assert bits == {name.upper(): bit for name, bit in DUTIES.items()}
    assert sorted(bits.values()) == [1 << i for i in range(len(bits))]
    assert f"ALL: constant(uint256) = {sum(bits.values())}" in text


def test_every_contract_says_what_stops_it():
    for path in duties.deployables(ROOT).values():
        head = path.read_text(encoding="utf-8").split('"""')[1]

        stop = re.search(r"@custom:halt (.+)", head, re.S)
        assert stop and len(stop.group(1).split()) > 3, path.name


def test_every_contract_is_compiled_for_london_by_the_pinned_compiler():
    for path in duties.deployables(ROOT).values():
        head = path.read_text(encoding="utf-8").splitlines()[:2]

        assert head == ["# pragma version 0.4.3", "# pragma evm-version london"], path.name
