"""What is compared across channels: silence, sequences, balances; and what is refused in a file."""

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from oracle.config import Config
from oracle.warnings.checks import Amount, disagree, is_silent, missing, permille
from oracle.warnings.config import Balance, Checks, Ladder, Mail, Recipient, Warnings
from oracle.warnings.desk import CHAIN, DELIVERY, LOOP, PATIENCE_S, Jobs
from scripts._shared import PROJECT

RUNG = {"to": ["duty"]}
DUTY = {"duty": {"command": ["true"]}}


def test_a_channel_is_silent_only_behind_its_last_cadence():
    assert not is_silent(1_000, 300, 3, 1_900)
    assert is_silent(1_000, 300, 3, 1_901)


@pytest.mark.parametrize(
    ("numbers", "last", "gone", "ends"),
    [
        ([1, 2, 3], None, 0, 3),
        ([5], 2, 2, 5),
        ([7, 9, 12], 6, 3, 12),
        ([15, 0, 1], 14, 0, 1),
        ([2], 14, 3, 2),
        ([3, 3, 4], 3, 0, 4),
        ([2, 4], 3, 0, 4),
        ([], None, 0, None),
    ],
)
def test_numbers_that_lack_are_counted_round_the_modulus_and_doubles_are_none(
    numbers, last, gone, ends
):
    assert missing(numbers, last, 16) == (gone, ends)


@given(lost=st.sets(st.integers(1, 98)), first=st.integers(0, 65_535))
def test_every_number_that_was_lost_on_the_way_is_counted_once(lost, first):
    sent = [(first + place) % 65_536 for place in range(100)]
    came = [number for place, number in enumerate(sent) if place not in lost]

    assert missing(came, None, 65_536) == (len(lost), sent[-1])


@pytest.mark.parametrize(
    ("left", "right", "tolerance", "differ"),
    [
        (Amount(1_000, 1), Amount(951, 1), 49, False),
        (Amount(1_000, 1), Amount(950, 1), 49, True),
        (Amount(951, 1), Amount(1_000, 1), 49, False),
        (Amount(0, 1), Amount(0, 1), 0, False),
        (Amount(1, 1), Amount(0, 1), 999, True),
        (Amount(10, 3), Amount(20, 6), 0, False),
        (Amount(10, 3), Amount(21, 6), 0, True),
    ],
)
def test_two_sides_disagree_beyond_a_share_of_the_larger(left, right, tolerance, differ):
    assert disagree(left, right, tolerance) is differ


@given(*[st.integers(0, 2**48)] * 2, st.integers(1, 10**6), st.integers(0, 1_000))
def test_sides_change_places_without_changing_the_finding(one, other, count, tolerance):
    left, right = Amount(one, count), Amount(other, 1)

    assert disagree(left, right, tolerance) == disagree(right, left, tolerance)
    assert 0 <= permille(left, right) <= 1_000
    assert not disagree(left, left, tolerance)


SIDE = {"device": "DEV-1", "parameter": "volume"}


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (Recipient, {}),
        (Recipient, {"mail": "a@b", "command": ["x"]}),
        (Recipient, {"mail": "nobody"}),
        (Recipient, {"mail": "a@b\nBcc: c@d"}),
        (Recipient, {"mail": "a@b,c@d"}),
        (Recipient, {"url": "https://room.test/hook"}),
        (Recipient, {"url": "http://room.test/hook", "key_file": "k"}),
        (Recipient, {"url": "https://u@room.test/hook", "key_file": "k"}),
        (Recipient, {"url": "ftp://127.0.0.1/hook", "key_file": "k"}),
        (Recipient, {"url_file": "hook.url"}),
        (Recipient, {"url": "https://room.test/hook", "url_file": "hook.url", "key_file": "k"}),
        (Recipient, {"command": "send-sms +86"}),
        (Recipient, {"command": []}),
        (Recipient, {"mail": "a@b", "most_an_hour": 0}),
        (Mail, {"host": "mail.test", "sender": "a@b", "tls": "none"}),
        (Mail, {"host": "mail.test", "sender": "a@b", "username": "w"}),
        (Ladder, {"rungs": []}),
        (Balance, {"title": "x", "left": [SIDE], "right": [], "window": "1 h"}),
        (Checks, {"clock": {}}),
        (Checks, {"silence": {"cadences": 0}}),
        (Checks, {"colour": 1}),
        (Warnings, {"recipients": DUTY, "ladders": [{"rungs": [{"to": ["other"]}]}]}),
        (Warnings, {"recipients": {"duty": {"mail": "a@b"}}, "ladders": [{"rungs": [RUNG]}]}),
        (Warnings, {"recipients": DUTY, "ladders": [{"kinds": ["alert"], "rungs": [RUNG]}]}),
        (Warnings, {"recipients": DUTY, "ladders": [{"rungs": [RUNG]}], "timezone": "Mars"}),
        (
            Warnings,
            {"recipients": DUTY, "ladders": [{"rungs": [RUNG]}], "synthetic": {"at": "24:00"}},
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_when_the_file_is_read(kind, raw):
    with pytest.raises(ValidationError):
        kind.model_validate(raw)


def test_a_balance_is_read_with_its_window_in_any_unit():
    raw = {"title": "t", "left": [SIDE], "right": [SIDE], "window": "1 d"}

    assert Balance.model_validate(raw | {"tolerance_permille": 50}).window == 86_400


def test_the_example_of_the_documentation_is_read_as_it_stands():
    page = (PROJECT / "docs" / "warnings.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.S)

    wanted = Config.model_validate(tomllib.loads(example))

    assert wanted.warnings.ladder("alert", "OUT-1 cod").receipt == "acknowledged"
    assert wanted.warnings.ladder("silence", "OUT-1 cod").receipt == "accepted"
    assert wanted.checks.balances[0].window == 86_400


def test_checks_without_anybody_to_tell_are_refused():
    raw = {"sources": [{"file": "f", "mapping": "m"}], "checks": {"silence": {"cadences": 3}}}

    with pytest.raises(ValidationError, match="checks need warnings"):
        Config.model_validate(raw)


@pytest.mark.parametrize("job", [LOOP, DELIVERY, CHAIN])
def test_a_job_is_silent_behind_its_patience_and_not_before(job):
    now = [1_000.0]
    jobs = Jobs(lambda: now[0])
    now[0] += PATIENCE_S[job]
    assert job not in jobs.silent()

    now[0] += 1
    assert job in jobs.silent()
    jobs.beat(job)

    assert job not in jobs.silent()


def test_a_loop_that_polls_seldom_is_silent_later():
    now = [1_000.0]
    jobs = Jobs(lambda: now[0], poll_s=600)

    now[0] += 1_800

    assert set(jobs.silent()) == {DELIVERY}
