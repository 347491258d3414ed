"""SL 651 telegrams: frames found in any stream, checked, and read into exact decimals."""

from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import UsageError
from oracle.sources.sl651 import (
    Garbage,
    Item,
    Splitter,
    acknowledge,
    crc,
    decode,
    decode_capture,
    decode_text,
    sealed,
)
from oracle.sources.sl651_elements import LONGEST, UNVERIFIED_REPORTS

SPACED = """
7E7E 02 0012345678 04D2 32 002B 02 0012 141205110002 F1F1 0012345678 48 F0F0 1412051100
2019000100 2619000100 392300014420 38121220 03 9FE1
"""
REPORT = bytes.fromhex(SPACED)
ACK = bytes.fromhex("7E7E00123456780204D23280080200121412051100021BBD6C")
FRONT = "0012 141205110002 F1F1 0012345678 48 F0F0 1412051100"
AT = "2014-12-05T11:00"


def up(body, function="32", first="02", last="03", direction=0, station="0012345678"):
    inside = bytes.fromhex(body)
    head = bytes.fromhex(f"7E7E 02 {station} 04D2 {function} {direction:X}{len(inside):03X}")
    return sealed(head + bytes.fromhex(first) + inside + bytes.fromhex(last))


def damaged(frame, place=-3):
    return frame[:place] + bytes([frame[place] ^ 1]) + frame[place:][1:]


def pieces(*fed):
    splitter = Splitter()
    found = [piece for data in fed for piece in splitter.feed(data)]
    return found + splitter.finish()


def one_by_one(data):
    return pieces(*(bytes([byte]) for byte in data))


def bytes_of(found):
    return b"".join(p.data if isinstance(p, Garbage) else p for p in found)


def item(written):
    (found,) = decode(up(f"{FRONT} {written}")).items
    return found


def test_the_check_is_crc_16_modbus():
    assert crc(b"123456789") == 0x4B37


def test_the_drafts_timed_report_is_read():
    verdict = decode(REPORT)

    assert (verdict.ok, verdict.error) == (True, None)
    assert (verdict.station, verdict.function, verdict.serial) == ("0012345678", "32", 18)
    assert verdict.items == [
        Item("20", "current rain", "10.0", "", AT),
        Item("26", "cumulative rain", "10.0", "", AT),
        Item("39", "level", "14.420", "", AT),
        Item("38", "battery", "12.20", "", AT),
    ]


def test_the_drafts_confirmation_is_read_with_the_station_before_the_centre():
    verdict = decode(ACK)

    assert (verdict.ok, verdict.station, verdict.serial) == (True, "0012345678", 18)
    assert verdict.items == []


def test_the_drafts_report_is_confirmed_as_the_draft_does():
    assert acknowledge(REPORT) == ACK


def test_a_confirmation_may_carry_the_centres_own_time():
    frame = acknowledge(REPORT, datetime(2014, 12, 5, 11, 0, 7))

    assert frame[16:22].hex() == "141205110007"
    assert decode(frame).ok


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (ACK, "carries none"),
        (up("", "2F"), "carries none"),
        (up(FRONT, "33"), "layout"),
        (damaged(REPORT), "wrong CRC"),
        (b"", "do not begin"),
    ],
)
def test_only_a_report_that_is_read_is_confirmed(frame, words):
    with pytest.raises(UsageError, match=words):
        acknowledge(frame)


def test_a_verdict_is_shown_as_json():
    shown = decode(up(f"{FRONT} 38121220"), line=4).as_json()

    assert shown == {
        "line": 4,
        "ok": True,
        "error": None,
        "station": "0012345678",
        "function": "32",
        "serial": 18,
        "items": [{"code": "38", "field": "battery", "value": "12.20", "mark": "", "at": AT}],
    }


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("19 000100", "10.0"),
        ("23 00014420", "14.420"),
        ("12 1220", "12.20"),
        ("08 07", "7"),
        ("08 00", "0"),
        ("0D 12", "0.00012"),
        ("FF" + "99" * 31, "9" * 55 + "." + "9" * 7),
        ("00", ""),
    ],
)
def test_a_value_keeps_every_digit_and_decimal_it_was_sent_with(written, value):
    assert (item(f"39 {written}").value, item(f"39 {written}").mark) == (value, "")


def test_bytes_that_are_no_number_are_kept_as_a_mark_beside_the_other_items():
    level, battery = decode(up(f"{FRONT} 3923FFFFFFFF 38121220")).items

    assert (level.value, level.mark) == ("", "FFFFFFFF")
    assert battery.value == "12.20"


def test_a_status_word_is_a_mark_and_no_quantity():
    assert item("45 20 00000010") == Item("45", "status", "", "00000010", AT)


def test_an_item_that_is_not_in_the_table_has_no_name():
    assert item("05 12 1220") == Item("05", "", "12.20", "", AT)


def test_numbered_items_count_from_one():
    names = [item(f"{code} 08 01").field for code in ("28", "43", "58", "67", "6F")]

    assert names == [
        "intake or outfall flow 1",
        "intake or outfall level 8",
        "pressure 1",
        "meter remaining volume 8",
        "meter hourly volume 8",
    ]


def test_a_report_without_items_is_read():
    assert decode(up(FRONT)).ok


def test_a_keep_alive_is_read_whatever_its_body_holds():
    verdict = decode(up("0003 591011155111", "2F"))

    assert (verdict.ok, verdict.function, verdict.serial) == (True, "2F", None)


def test_another_function_is_read_like_the_timed_report_where_the_caller_says_so():
    frame = up(f"{FRONT} 38121220", "33")

    assert "33, event report: the layout" in decode(frame).error
    assert decode(frame, reports=UNVERIFIED_REPORTS).items[0].value == "12.20"


def test_a_wrong_crc_is_refused_and_nothing_of_the_frame_counts():
    verdict = decode(damaged(REPORT, place=5))

    assert verdict.error.startswith("wrong CRC: 9FE1, computed ")
    assert (verdict.ok, verdict.station, verdict.items) == (False, "", [])


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (b"", "0 bytes that do not begin with 7E 7E"),
        (REPORT[1:], "59 bytes that do not begin"),
        (REPORT[:16], "16 bytes; the shortest frame has 17"),
        (REPORT[:-1], "59 bytes; the length it states makes 60"),
        (REPORT + b"\0", "61 bytes; the length it states makes 60"),
        (up(FRONT, direction=5), "direction 0101 is neither up nor down"),
    ],
)
def test_a_wrong_length_or_direction_is_refused(frame, words):
    assert decode(frame).error.startswith(words)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (up(FRONT, station="00123456A8"), "station 00123456A8 is not BCD"),
        (up(FRONT, first="16"), "a packet of a long message"),
        (up(FRONT, first="05"), "begins with 05, not 02"),
        (up(FRONT, last="1B"), "ends with 1B, not 03"),
        (up(FRONT, "36"), "function 36, not in the table"),
        (up(FRONT, "34"), "hourly report: the layout"),
        (up(""), "ends within serial"),
        (up("0012 1412051100"), "ends within send time"),
        (up(FRONT.replace("141205110002", "14120511000A")), "14120511000A is not BCD"),
        (up(FRONT.replace("141205110002", "141305110002")), "141305110002 is no date and time"),
        (up(FRONT.replace("1412051100", "1402301100")), "no date and time"),
        (up(FRONT.replace("F1F1", "F1F2")), "F1F2 stands for the mark of station"),
        (up(FRONT.replace("F0F0", "F0F1")), "F0F1 stands for the mark of observation time"),
        (up(FRONT, station="0012345679"), "in the body, 0012345679 in the head"),
        (up(f"{FRONT} 39"), "ends within item 39"),
        (up(f"{FRONT} 3923000144"), "ends within item 39"),
        (up(f"{FRONT} F460" + "00" * 12), "F4 among the items"),
        (sealed(ACK[:11] + b"\x80\x09" + ACK[13:22] + b"\0\x1b"), "1 bytes follow"),
    ],
)
def test_what_the_draft_does_not_allow_or_explain_is_refused(frame, words):
    verdict = decode(frame)

    assert words in verdict.error
    assert (verdict.ok, verdict.serial, verdict.items) == (False, None, [])


def test_a_refused_frame_with_a_right_crc_names_its_station_and_function():
    verdict = decode(up("", "34"))

    assert (verdict.station, verdict.function) == ("0012345678", "34")


def test_a_text_has_a_frame_a_line_and_comments():
    text = f"\ufeff; taken at the weir\r\n\r\n{REPORT.hex()} ; report\r\n{ACK.hex(' ')}\r\n7E7Z\n"

    first, second, third = decode_text(text)

    assert [(v.line, v.ok) for v in (first, second, third)] == [(3, True), (4, True), (5, False)]
    assert third.error == "the line is not hexadecimal"


def test_a_capture_gives_a_verdict_for_each_frame_and_each_stretch_of_garbage():
    verdicts = list(decode_capture(b"noise" + REPORT + damaged(REPORT) + ACK + REPORT[:20]))

    assert [(v.line, v.ok) for v in verdicts] == [
        (1, False),
        (2, True),
        (3, False),
        (4, True),
        (5, False),
    ]
    assert verdicts[0].error == "5 bytes that do not begin with 7E 7E"
    assert "wrong CRC" in verdicts[2].error
    assert "the length it states makes 60" in verdicts[4].error


def test_garbage_before_between_and_after_frames_is_set_apart():
    found = pieces(b"ab" + REPORT + b"\x7e" + ACK + REPORT + b"\x7e\x7e")

    garbage = [Garbage(data) for data in (b"ab", b"\x7e", b"\x7e\x7e")]
    assert found == [garbage[0], REPORT, garbage[1], ACK, REPORT, garbage[2]]


def test_a_frame_is_found_when_its_last_byte_comes():
    splitter = Splitter()

    assert splitter.feed(REPORT[:-1]) == []
    assert splitter.feed(REPORT[-1:]) == [REPORT]


def test_frames_cut_into_single_bytes_are_whole_again():
    assert one_by_one(REPORT + ACK) == [REPORT, ACK]


def test_a_false_start_with_a_large_length_neither_hides_nor_delays_a_frame():
    false_start = bytes.fromhex("7E7E 02 0012345678 04D2 32 0FFF 02")
    splitter = Splitter()

    assert splitter.feed(false_start + REPORT) == [Garbage(false_start), REPORT]


def test_a_cut_frame_takes_nothing_from_the_frames_behind_it():
    for kept in range(1, len(REPORT)):
        assert pieces(REPORT[:kept] + ACK + REPORT) == [Garbage(REPORT[:kept]), ACK, REPORT]


def test_a_damaged_frame_that_ends_in_half_a_start_leaves_it_to_the_next():
    cut = up(FRONT)[:-1]

    assert one_by_one(cut + REPORT) == [Garbage(cut), REPORT]


def test_damaged_frames_in_a_row_are_told_one_by_one():
    assert pieces(damaged(REPORT) * 2) == [Garbage(damaged(REPORT))] * 2


def test_the_longest_body_is_a_frame():
    frame = up("00" * 4095, "2F")

    assert len(frame) == LONGEST
    assert pieces(frame) == [frame]


@pytest.mark.parametrize("noise", [b"\0", b"\x7e", REPORT[:13], b"\x7e\x7e" + b"\x0f" * 9])
def test_endless_noise_is_given_back_and_not_held(noise):
    splitter = Splitter()
    fed = noise * (5 * LONGEST // len(noise))

    given_back = splitter.feed(fed)

    assert len(fed) - len(bytes_of(given_back)) <= 2 * LONGEST
    assert bytes_of(given_back + splitter.finish()) == fed


def test_a_run_of_start_bytes_is_one_stretch_of_garbage():
    noise = b"\x7e" * 40 + b"\xff" * 13

    assert pieces(noise + REPORT) == [Garbage(noise), REPORT]


starts = st.sampled_from([b"\x7e", b"\x7e\x7e", REPORT[:13], REPORT[:30], ACK[:14], damaged(ACK)])
noises = st.lists(st.one_of(st.binary(max_size=40), starts), max_size=6).map(b"".join)
bodies = st.lists(st.one_of(st.binary(max_size=8), st.sampled_from([b"\xf0\xf0", b"\x39\x23"])))


@given(st.one_of(st.binary(), noises))
def test_any_bytes_get_a_verdict(data):
    assert decode(data).ok == (decode(data).error is None)
    assert all(v.ok == (v.error is None) for v in decode_capture(data))


@given(bodies.map(b"".join), st.sampled_from(["2F", "32", "33", "34", "FF"]), st.booleans())
def test_any_body_behind_a_right_crc_gets_a_verdict(body, function, is_report):
    written = (FRONT if is_report else "") + body.hex()

    verdict = decode(up(written, function))

    assert verdict.ok == (verdict.error is None)


@given(st.text())
def test_any_text_gets_verdicts(text):
    assert all(not verdict.ok for verdict in decode_text(text))


@given(noises, noises, noises)
def test_a_frame_amid_any_noise_is_found_and_no_byte_is_lost(before, between, after):
    stream = before + REPORT + between + ACK + after

    found = pieces(stream)

    assert [piece for piece in found if piece in (REPORT, ACK)] == [REPORT, ACK]
    assert bytes_of(found) == stream


@given(noises, st.lists(st.integers(0, 200)))
def test_how_the_bytes_are_fed_changes_nothing(noise, cuts):
    stream = noise + REPORT + noise
    edges = [0, *sorted(cuts), len(stream)]

    fed = [stream[a:b] for a, b in pairwise(edges)]

    assert pieces(*fed) == pieces(stream) == one_by_one(stream)
