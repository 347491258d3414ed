"""Warnings reach people: by mail, web-hook and command, rung after rung, and not too often."""

import contextlib
import json
import os
import socket
import sys
import threading

import pytest

from ledger.errors import NotFound, WaterlineError
from oracle.warnings.config import Recipient
from oracle.warnings.postman import MOST_TRIES, Post, Postman
from oracle.warnings.sending import Ways, sign
from tests.unit.mailing import KEY, REFUSING, Hook, MailServer, Office, secret


@pytest.fixture
def server():
    made = MailServer()
    made.port = made.open()
    yield made
    made.close()


@pytest.fixture
def hook():
    made = Hook()
    made.port = made.open()
    yield made
    made.close()


@pytest.fixture
def dripping():
    """The port of a receiver that sends a letter of an endless header every tenth of a second."""
    listening, over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def drip():
        line, _ = listening.accept()
        with line, contextlib.suppress(OSError):
            line.sendall(b"HTTP/1.1 204 No Content\r\nA: ")
            while not over.wait(0.1):
                line.sendall(b"a")

    thread = threading.Thread(target=drip)
    thread.start()
    yield listening.getsockname()[1]
    over.set()
    thread.join()
    listening.close()


@pytest.fixture
def opened(tmp_path, where, server):
    """An office with recipients as a test names them; mail goes to the real server."""
    made = []

    def open_office(recipients, rungs, **changed):
        ladder = {"rungs": [{"to": to, "wait": "5 min"} for to in rungs]} | changed
        mail = {"host": "127.0.0.1", "port": server.port, "tls": "none", "sender": "w@city.test"}
        wanted = {"recipients": recipients, "mail": mail, "ladders": [ladder]}
        made.append(Office(tmp_path, wanted, where))
        return made[-1]

    yield open_office
    for office in made:
        office.close()


def mailed(name, **changed):
    return {"mail": f"{name}@city.test", **changed}


# the three ways


def test_a_warning_arrives_as_mail_with_what_it_says_and_its_id(opened, server):
    office = opened({"duty": mailed("duty")}, [["duty"]])
    number = office.warn("62 mg/L, above 50 mg/L", chain_rules=True)

    office.after()

    (text,) = server.texts
    assert server.to == ["duty@city.test"]
    assert "Subject: [Waterline] DEV-1 cod: 62 mg/L, above 50 mg/L" in text
    assert f"Waterline-Id: abcd1234-{number}-raised" in text
    assert "Provisional: the chain has not ruled on it yet." in text
    assert "not a public warning" in text
    assert office.letters() == [(number, "duty@city.test", "accepted")]


def test_a_web_hook_gets_json_signed_over_timestamp_and_body(opened, hook, tmp_path):
    secret(tmp_path / "hook.key")
    url = f"http://127.0.0.1:{hook.port}/hook?room=1"
    office = opened({"room": {"url": url, "key_file": "hook.key"}}, [["room"]])
    number = office.warn()

    office.after()

    ((headers, body),) = hook.posted
    assert headers["Waterline-Timestamp"] == str(office.now)
    signature = sign(KEY.encode(), office.now, body)
    assert headers["Waterline-Signature"] == f"sha256={signature}"
    assert sign(KEY.encode(), office.now + 1, body) != signature
    document = json.loads(body)
    assert (document["id"], document["warning"]["id"]) == (f"abcd1234-{number}-raised", number)


def test_the_address_of_a_web_hook_may_stand_in_a_file_and_is_told_nowhere(opened, hook, tmp_path):
    secret(tmp_path / "hook.key")
    place = secret(tmp_path / "hook.url", f"http://127.0.0.1:{hook.port}/hook?of-one-room\n")
    office = opened({"room": {"url_file": place.name, "key_file": "hook.key"}}, [["room"]])
    number = office.warn()

    office.after()

    assert office.letters() == [(number, "url in hook.url", "accepted")]
    assert len(hook.posted) == 1


@pytest.mark.parametrize(
    ("mode", "text"), [(0o644, "https://room.test/hook"), (0o600, "http://room.test")]
)
def test_a_file_with_an_address_that_is_not_fit_is_refused_before_it_is_needed(
    tmp_path, mode, text
):
    secret(tmp_path / "hook.key")
    secret(tmp_path / "hook.url", text).chmod(mode)
    hook = Recipient(url_file="hook.url", key_file="hook.key")

    with pytest.raises(WaterlineError, match=r"can be read by others|post over https"):
        Ways(None, tmp_path).check(hook)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_web_hook_that_does_not_accept_is_no_receipt(opened, hook, tmp_path, status):
    secret(tmp_path / "hook.key")
    hook.status = status
    url = f"http://127.0.0.1:{hook.port}/hook"
    office = opened({"room": {"url": url, "key_file": "hook.key"}}, [["room"]])
    number = office.warn()

    office.after()

    assert office.letters() == [(number, url, "due")]
    assert office.book.one(number)["heard_at"] is None


def test_a_receiver_that_answers_letter_by_letter_is_left_and_keeps_nobody_waiting(
    opened, server, dripping, tmp_path
):
    secret(tmp_path / "hook.key")
    url = f"http://127.0.0.1:{dripping}/hook"
    slow = {"url": url, "key_file": "hook.key", "timeout_s": 0.5}
    office = opened({"slow": slow, "duty": mailed("duty")}, [["slow", "duty"]])
    office.warn()

    office.postman.round(office.now)

    assert server.to == ["duty@city.test"]
    why = [keys["why"] for event, keys in office.told if event == "warning not delivered"]
    assert why == [f"{url} took longer than 0.5 s"]
    # while it still hangs on to the first message, it gets no second one
    office.postman.round(office.now + 60)
    assert office.told[-1][1]["why"] == f"{url} is still busy with another message"


@pytest.mark.parametrize(("mode", "text"), [(0o644, KEY), (0o600, "short")])
def test_a_key_that_others_can_read_or_that_is_short_signs_nothing(
    opened, hook, tmp_path, mode, text
):
    secret(tmp_path / "hook.key", text).chmod(mode)
    url = f"http://127.0.0.1:{hook.port}/hook"
    office = opened({"room": {"url": url, "key_file": "hook.key"}}, [["room"]])
    office.warn()

    office.after()

    assert hook.posted == []


def script(path, body):
    path.write_text(f"import sys\n{body}\n", encoding="utf-8")
    return [sys.executable, str(path)]


def test_a_command_gets_the_text_on_its_standard_input_and_no_shell(opened, tmp_path):
    out = tmp_path / "sms"
    body = f"open({str(out)!r}, 'w').write(sys.argv[1] + chr(10) + sys.stdin.read())"
    words = [*script(tmp_path / "sms.py", body), "+86 $(id) `id`"]
    office = opened({"sms": {"command": words}}, [["sms"]])
    number = office.warn("'; rm -rf /")

    office.after()

    said = out.read_text(encoding="utf-8")
    assert said.startswith("+86 $(id) `id`\n")
    assert f"Warning {number}: DEV-1 cod: '; rm -rf /" in said


@pytest.mark.parametrize("body", ["sys.exit(3)", "import time; time.sleep(30)"])
def test_a_command_that_fails_or_hangs_falls_to_the_next_rung(opened, server, tmp_path, body):
    words = script(tmp_path / "sms.py", body)
    recipients = {"sms": {"command": words, "timeout_s": 0.5}, "duty": mailed("duty")}
    office = opened(recipients, [["sms"], ["duty"]])
    office.warn()

    office.after()
    office.after()

    assert server.to == ["duty@city.test"]


# the ladder


def test_a_first_rung_that_fails_falls_to_the_next_at_once(opened, server):
    recipients = {"first": mailed(REFUSING), "second": mailed("second")}
    office = opened(recipients, [["first"], ["second"]])
    office.warn()

    office.after()
    office.after()

    assert server.to == ["second@city.test"]
    assert any(event == "warning not delivered" for event, _ in office.told)


def test_a_receipt_ends_the_climb(opened, server):
    office = opened({"one": mailed("one"), "two": mailed("two")}, [["one"], ["two"]])
    office.warn()

    office.after()
    office.after(86_400)

    assert server.to == ["one@city.test"]


def test_a_ladder_that_waits_for_a_person_goes_on_until_somebody_takes_note(opened, server):
    recipients = {name: mailed(name) for name in ("one", "two", "three")}
    office = opened(recipients, [["one"], ["two"], ["three"]], receipt="acknowledged")
    number = office.warn()

    office.after()
    office.after(299)
    assert server.to == ["one@city.test"]
    office.after(1)
    office.after()
    assert server.to == ["one@city.test", "two@city.test"]
    office.book.acknowledge(number, "on my way", office.now)
    office.after(86_400)

    assert server.to == ["one@city.test", "two@city.test"]
    assert office.book.one(number)["note"] == "on my way"


def test_a_message_that_never_reached_anybody_falls_to_the_next_rung_at_once(opened, server):
    office = opened({"one": mailed("one"), "two": mailed("two")}, [["one"], ["two"]])
    number = office.warn()
    office.after(60)

    one = office.book.undelivered(number, "one@city.test", "phone is off")
    office.after()
    office.after()

    assert one["heard_at"] is None
    assert server.to == ["one@city.test", "two@city.test"]
    assert office.letters() == [
        (number, "one@city.test", "failed"),
        (number, "two@city.test", "accepted"),
    ]
    assert office.book.one(number)["heard_at"] == office.now


def test_it_changes_nothing_for_who_was_reached_or_has_taken_note(opened, server):
    recipients = {name: mailed(name) for name in ("one", "two", "three")}
    office = opened(recipients, [["one", "two"], ["three"]])
    reached, noted = office.warn("reached"), office.warn("noted")
    office.after()
    office.book.acknowledge(noted, "on my way", office.now)

    office.book.undelivered(reached, "one@city.test", "phone is off")
    office.book.undelivered(noted, "one@city.test", "phone is off")
    office.book.undelivered(noted, "two@city.test", "phone is off")
    office.after(86_400)

    assert "three@city.test" not in server.to


def test_only_what_was_accepted_can_turn_out_undelivered(opened):
    office = opened({"one": mailed("one"), "two": mailed("two")}, [["one"], ["two"]])
    number = office.warn()
    office.after()

    with pytest.raises(NotFound, match="accepted no message of warning") as refused:
        office.book.undelivered(number, "two@city.test", "phone is off")

    assert refused.value.remedy == "it reached one@city.test"


def test_a_warning_that_nobody_answers_is_counted(opened):
    office = opened({"one": mailed(REFUSING)}, [["one"]])
    office.warn()

    office.after()
    assert office.book.counts()[1] == 0
    office.after(300)

    assert office.book.counts()[1] == 1
    assert ("nobody has answered a warning", {"warning": 1}) in office.told


def test_a_failed_delivery_is_tried_again_later_and_then_arrives(opened, hook, tmp_path):
    secret(tmp_path / "hook.key")
    hook.status = 500
    url = f"http://127.0.0.1:{hook.port}/hook"
    office = opened({"room": {"url": url, "key_file": "hook.key"}}, [["room"]])
    number = office.warn()
    office.after()
    office.after(29)
    assert len(hook.posted) == 1

    hook.status = 200
    office.after(1)

    first, second = (json.loads(body)["id"] for _, body in hook.posted)
    assert first == second
    assert office.letters() == [(number, url, "accepted")]


def test_a_recipient_that_never_accepts_is_given_up(opened):
    office = opened({"one": mailed(REFUSING)}, [["one"]])
    number = office.warn()

    for _ in range(MOST_TRIES + 2):
        office.after(3_600)

    assert office.letters() == [(number, f"{REFUSING}@city.test", "failed")]
    tries = [keys for event, keys in office.told if event == "warning not delivered"]
    assert len(tries) == MOST_TRIES


def test_one_address_under_two_names_gets_one_message(opened, server):
    recipients = {"duty": mailed("duty"), "chief": {"mail": " duty@City.Test "}}
    office = opened(recipients, [["duty", "chief"], ["chief"]], receipt="acknowledged")
    office.warn()

    office.after()
    office.after(300)

    assert server.to == ["duty@city.test"]


def test_the_same_occurrence_is_one_warning(opened, server):
    office = opened({"duty": mailed("duty")}, [["duty"]])
    office.warn("one")
    with pytest.raises(AssertionError):
        office.warn("one")

    office.after()

    assert len(server.taken) == 1


def test_kinds_and_devices_choose_their_ladder(tmp_path, opened, server):
    recipients = {"ops": mailed("ops"), "duty": mailed("duty")}
    office = opened(recipients, [["duty"]])
    ladders = [{"kinds": ["job"], "rungs": [{"to": ["ops"]}]}, *office.wanted.ladders]
    wanted = office.wanted.model_dump() | {"ladders": ladders}
    office.wanted = type(office.wanted).model_validate(wanted)
    office.reopen()
    office.warn("a", kind="job")
    office.warn("b", kind="alert")

    office.after()

    assert sorted(server.to) == ["duty@city.test", "ops@city.test"]


# not too often


def test_beyond_the_hours_messages_the_rest_comes_as_one(opened, server):
    office = opened({"duty": mailed("duty", most_an_hour=3)}, [["duty"]])
    for number in range(10):
        office.warn(f"n{number}")

    office.after()

    assert len(server.taken) == 3
    assert "8 warnings that were held back" in server.texts[2]
    for number in range(2, 10):
        assert f"DEV-1 cod: n{number}" in server.texts[2]
    assert {state for _, _, state in office.letters()} == {"accepted"}


def test_what_comes_after_the_hours_last_message_waits_for_the_next_hour(opened, server):
    office = opened({"duty": mailed("duty", most_an_hour=1)}, [["duty"]])
    office.warn("first")
    office.after()
    for name in ("second", "third"):
        office.warn(name)

    office.after(3_599)
    assert len(server.taken) == 1
    office.after(1)

    assert len(server.taken) == 2
    assert "DEV-1 cod: second" in server.texts[1]
    assert "DEV-1 cod: third" in server.texts[1]


# nobody is told


def test_messages_sent_while_the_clock_was_ahead_do_not_use_up_later_hours(opened, server):
    office = opened({"duty": mailed("duty", most_an_hour=1)}, [["duty"]])
    office.now += 365 * 86_400
    office.warn("sent in the wrong year")
    office.after()
    office.now -= 365 * 86_400

    office.warn("sent in the right one")
    office.after()

    assert len(server.texts) == 2


def test_a_warning_that_is_not_to_be_sent_is_kept_and_not_sent(opened, server):
    office = opened({"duty": mailed("duty")}, [["duty"]])
    number = office.warn(unsent="the permit is expired")

    office.after(86_400)

    assert server.taken == []
    assert office.book.one(number)["unsent"] == "the permit is expired"


def test_a_withdrawn_warning_is_taken_back_where_it_was_told_only(opened, server):
    office = opened({"one": mailed("one"), "two": mailed(REFUSING)}, [["one", "two"]])
    number = office.warn(chain_rules=True)
    office.after()

    with office.book.commit():
        office.book.withdraw(number, "no such alert", ("QuotaTracker", 1, 0), office.now)
    office.after(3_600)

    assert server.to == ["one@city.test"] * 2
    assert "Subject: [Waterline] WITHDRAWN:" in server.texts[1]
    assert "Reason: no such alert" in server.texts[1]


# nothing is lost


def test_what_was_due_when_the_process_was_killed_is_sent_by_the_next(opened, server):
    office = opened({"duty": mailed("duty")}, [["duty"]])
    office.warn()
    office.book.close()

    office.reopen()
    office.after()

    assert server.to == ["duty@city.test"]


def test_killed_between_the_delivery_and_its_note_it_is_sent_again_under_the_same_id(
    opened, hook, tmp_path, monkeypatch
):
    secret(tmp_path / "hook.key")
    url = f"http://127.0.0.1:{hook.port}/hook"
    office = opened({"room": {"url": url, "key_file": "hook.key"}}, [["room"]])
    office.warn()

    class Killed(BaseException):
        """The process ends here."""

    def killed(*_):
        raise Killed

    monkeypatch.setattr(office.postman, "_note", killed)
    with pytest.raises(Killed):
        office.after()
    office.book.close()
    office.reopen()
    office.after()

    first, second = (headers["Waterline-Id"] for headers, _ in hook.posted)
    assert first == second


def test_a_recipient_that_was_taken_out_of_the_configuration_gets_nothing(opened, server):
    office = opened({"duty": mailed("duty"), "old": mailed("old")}, [["old"], ["duty"]])
    office.warn()
    wanted = office.wanted.model_dump()
    wanted["recipients"].pop("old")
    wanted["ladders"] = [{"rungs": [{"to": ["duty"]}, {"to": ["duty"]}]}]
    office.wanted = type(office.wanted).model_validate(wanted)
    office.reopen()

    office.after()
    office.after()

    assert server.to == ["duty@city.test"]


def test_no_password_stands_in_what_is_logged(opened, tmp_path):
    secret(tmp_path / "hook.key")
    url = "http://127.0.0.1:9/hook"
    office = opened({"room": {"url": url, "key_file": "hook.key"}}, [["room"]])
    office.warn()

    office.after()

    assert office.told
    assert KEY not in repr(office.told)
    assert KEY not in os.environ.values()


# a journal that is shared


def test_messages_leave_again_when_their_own_session_was_ended(tmp_path, shared, postgres, server):
    mail = {"host": "127.0.0.1", "port": server.port, "tls": "none", "sender": "w@city.test"}
    ladder = {"rungs": [{"to": ["ops"], "wait": "5 min"}]}
    wanted = {"recipients": {"ops": mailed("ops")}, "mail": mail, "ladders": [ladder]}
    office, told = Office(tmp_path, wanted, shared), []
    ways = Ways(office.wanted.mail, tmp_path)
    tell = lambda event, **_: told.append(event)  # noqa: E731
    made = lambda book: Postman(book, office.wanted, ways, "abcd1234", tell)  # noqa: E731
    turns = iter("abcd")

    def until(_):
        turn = next(turns)
        if turn == "a":  # every session but the writer's
            postgres(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ="
                " 'waterline' AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"
            )
            office.reopen()
            office.warn("two")
        return turn == "d"

    office.warn("one")
    Post(shared, made, lambda book: None, lambda: office.now, tell).rounds(until)
    office.close()

    assert told == ["warning sent", "warnings cannot be sent", "warning sent"]
    assert len(server.taken) == 2
