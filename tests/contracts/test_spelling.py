"""One identifier, one spelling: what looks like the same number or code is not a second one."""

import pytest

from tests.contracts.answers import reason

ALIKE = {
    "space": "R-07 ",
    "tab": "\tR-07",
    "line end": "R-07\n",
    "delete": "R-07\x7f",
    "zero byte": "R-07\0",
    "no-break space": "R-07\u00a0",
    "soft hyphen": "R\u00ad-07",
    "thin space": "R-07\u2009",
    "zero-width space": "R\u200b-07",
    "en dash": "R\u201307",
    "word joiner": "R\u2060-07",
    "ideographic space": "\u3000R-07",
    "full-width letter": "\uff32-07",
    "full-width minus": "R\uff0d07",
    "byte order mark": "\ufeffR-07",
}
PROPER = ["R-07", "\u53d6\u6c34(\u5b81)\u5b57[2007]1", "\u3014A\u3015"]


def station(suite, code):
    network = suite.water_network
    return (network.add_station, code, "name", 2, 1), suite.network_keeper


def device(suite, code):
    return (suite.device_registry.enrol_device, code, 1), suite.device_keeper


def permit(suite, number):
    return (suite.permit_registry.issue, suite.approved(), number, 1, [], 0), suite.issuer


IDENTIFIERS = {
    station: "network: code has spaces",
    device: "devices: code has spaces",
    permit: "permits: number has spaces or lower case",
}


@pytest.mark.parametrize("look", ALIKE)
@pytest.mark.parametrize("identifier", IDENTIFIERS, ids=lambda identifier: identifier.__name__)
def test_an_identifier_has_no_second_form_that_looks_the_same(suite, identifier, look):
    (function, *arguments), sender = identifier(suite, ALIKE[look])

    assert reason(function, *arguments, sender=sender) == IDENTIFIERS[identifier]


@pytest.mark.parametrize("text", PROPER)
@pytest.mark.parametrize("identifier", IDENTIFIERS, ids=lambda identifier: identifier.__name__)
def test_letters_digits_and_chinese_characters_make_an_identifier(suite, identifier, text):
    (function, *arguments), sender = identifier(suite, text)

    assert function(*arguments, sender=sender) > 0
