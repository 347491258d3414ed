"""HJ 212 telegrams: cut from streams, checked, read exactly, and refused with a reason."""

import json
import re
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import UsageError
from oracle.sources.hj212 import (
    LONGEST_CP,
    LONGEST_SEGMENT,
    Assembler,
    Splitter,
    acknowledgement,
    crc,
    decode,
    decode_file,
    frame,
    modbus,
)
from oracle.sources.hj212_packets import LONGEST_PIECE

MN = "010000A8900016F000169DC0"
SETTING = (
    b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;"
    b"Flag=5;CP=&&RtdInterval=30&&1C80\r\n"
)
REAL_TIME = (
    b"##0456QN=20260212103012345;ST=32;CN=2011;PW=123456;MN=31010600000042;Flag=4;"
    b"CP=&&DataTime=20260212091500;w00000-Rtd=96.404,w00000-Flag=N;"
    b"w21001-SampleTime=20260212083500,w21001-Rtd=38.250,w21001-Flag=N;"
    b"w21011-SampleTime=20260212091500,w21011-Rtd=2.310,w21011-Flag=N;"
    b"w21003-SampleTime=20260212091500,w21003-Rtd=40.917,w21003-Flag=N;"
    b"w01018-SampleTime=20260212091500,w01018-Rtd=151.700,w01018-Flag=N;"
    b"w01001-SampleTime=20260212091506,w01001-Rtd=7.208,w01001-Flag=N&&C301\r\n"
)
HOUR = (
    b"##0273QN=20260401090000001;ST=32;CN=2061;PW=123456;MN=010000A8900016F000169DC0;Flag=5;"
    b"CP=&&DataTime=20260401080000;w00000-Cou=654.0,w00000-Min=170.40,w00000-Avg=181.67,"
    b"w00000-Max=195.10,w00000-Flag=N;w01018-Cou=15.9,w01018-Min=22.1,w01018-Avg=24.3,"
    b"w01018-Max=27.0,w01018-Flag=N&&F6C1\r\n"
)
ACK = (
    b"##0087QN=20260401080000123;ST=91;CN=9014;PW=123456;MN=010000A8900016F000169DC0;"
    b"Flag=4;CP=&&&&2700\r\n"
)
SAMPLES = (SETTING, REAL_TIME, HOUR, ACK)


def segment(cp="DataTime=20260401080000;w01018-Rtd=24.3,w01018-Flag=N", **others):
    """A real-time segment, with fields replaced, or left out where None is given."""
    fields = {"QN": "20260401080000123", "ST": "32", "CN": "2011", "PW": "123456"}
    fields |= {"MN": MN, "Flag": "4"} | others
    before = ";".join(f"{name}={value}" for name, value in fields.items() if value is not None)
    return f"{before};CP=&&{cp}&&"


def said(cp, **others):
    return decode(frame(segment(cp, **others)))


def raw(inner, length=None, check=None):
    """A frame whose length and CRC may be wrong, of a segment of any length."""
    length = len(inner) if length is None else length
    return b"##%04d%b%04X\r\n" % (length, inner, crc(inner) if check is None else check)


def packet(pno, cp, pnum=3, **others):
    return said(cp, Flag="7", PNUM=str(pnum), PNO=str(pno), **others)


def fed(*pieces):
    splitter = Splitter()
    return [cut for piece in pieces for cut in splitter.feed(piece)] + splitter.rest()


def in_pieces(data, size):
    return fed(*(data[i : i + size] for i in range(0, len(data), size)))


def without_line_ends(data):
    return data.translate(None, b"\r\n")


@pytest.mark.parametrize(
    ("sample", "right", "trap"),
    zip(SAMPLES, (0x1C80, 0xC301, 0xF6C1, 0x2700), (0x0759, 0x8E04, 0x9856, 0x726E), strict=True),
)
def test_the_crc_of_annex_a_and_of_modbus_differ_as_tabled(sample, right, trap):
    assert crc(sample[6:-6]) == right
    assert modbus(sample[6:-6]) == trap


def test_modbus_has_its_catalogued_check_value():
    assert modbus(b"123456789") == 0x4B37


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_is_accepted(sample):
    verdict = decode(sample)

    assert (verdict.ok, verdict.error) == (True, None)


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_is_built_again_from_its_segment(sample):
    assert frame(sample[6:-6]) == sample
    assert frame(sample[6:-6].decode()) == sample


def test_values_are_kept_exactly_as_written():
    assert [item.value for item in decode(HOUR).items] == [
        *("654.0", "170.40", "181.67", "195.10"),
        *("15.9", "22.1", "24.3", "27.0"),
    ]


def test_the_three_times_of_a_telegram_stay_apart():
    verdict = decode(REAL_TIME)

    assert verdict.qn == "20260212103012345"
    assert verdict.data_time == "2026-02-12T09:15:00"
    assert verdict.items[0].at == "2026-02-12T09:15:00"
    assert verdict.items[1].at == "2026-02-12T08:35:00"
    assert verdict.items[-1].at == "2026-02-12T09:15:06"


def test_flag_and_sample_time_go_into_the_items_they_speak_of():
    verdict = said(
        "DataTime=20260401080000;w1-Flag=D,w1-Min=1,w1-Max=2;w2-Rtd=3,w2-SampleTime=20260401075900"
    )

    assert [(i.code, i.field, i.mark, i.at) for i in verdict.items] == [
        ("w1", "Min", "D", "2026-04-01T08:00:00"),
        ("w1", "Max", "D", "2026-04-01T08:00:00"),
        ("w2", "Rtd", "", "2026-04-01T07:59:00"),
    ]


def test_json_begins_with_the_agreed_keys_and_holds_no_password():
    told = decode(REAL_TIME, line=3).as_json()

    assert list(told)[:6] == ["line", "ok", "error", "mn", "cn", "items"]
    assert told["line"] == 3
    assert told["items"][0] == {
        "code": "w00000",
        "field": "Rtd",
        "value": "96.404",
        "mark": "N",
        "at": "2026-02-12T09:15:00",
    }
    assert "123456" not in json.dumps(told) and "123456" not in repr(decode(REAL_TIME))


def test_a_parameter_without_a_code_is_no_item():
    verdict = decode(SETTING)

    assert (verdict.items, verdict.parameters) == ([], {"RtdInterval": "30"})


def test_a_14_character_device_number_is_accepted():
    assert decode(REAL_TIME).mn == "31010600000042"


def test_an_empty_cp_is_accepted():
    verdict = decode(ACK)

    assert (verdict.ok, verdict.items, verdict.st, verdict.flag) == (True, [], "91", 4)


@pytest.mark.parametrize("value", ["7", "7.5", "-7.50", "0.000000000000000000000000000001", "+1"])
def test_a_number_of_any_precision_is_accepted(value):
    verdict = said(f"DataTime=20260401080000;w01001-Rtd={value}")

    assert verdict.items[0].value == value
    assert Decimal(verdict.items[0].value) == Decimal(value)


@pytest.mark.parametrize("value", ["", "NaN", "1e3", "1,5", "0x1", "1.", ".5", " 1", "--", "1_0"])
def test_a_value_that_is_no_decimal_number_is_refused(value):
    assert not said(f"DataTime=20260401080000;w01001-Rtd={value}").ok


def test_a_new_instruments_number_is_kept_as_text():
    verdict = said("PolId=w01018,w01018-SN=A1-7", CN="3019")

    assert (verdict.ok, verdict.items[0].value, verdict.items[0].at) == (True, "A1-7", "")


def test_a_segment_of_the_greatest_length_is_accepted():
    room = LONGEST_SEGMENT - len(segment("DataTime=20260401080000;w1-Rtd="))

    assert said("DataTime=20260401080000;w1-Rtd=" + "9" * room).ok


def test_a_cp_of_the_greatest_length_is_accepted():
    cp = "DataTime=20260401080000;w1-Rtd="

    assert said(cp + "9" * (LONGEST_CP - len(cp)), MN="7").ok


def test_a_small_letter_in_the_crc_is_accepted():
    assert decode(SETTING.replace(b"1C80", b"1c80")).ok


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "does not begin with ##"),
        (b"abc", "b'abc' does not begin with ##"),
        (SETTING[1:], "does not begin with ##"),
        (SETTING.replace(b"0101", b"01x1"), "four digits"),
        (SETTING.replace(b"0101", b"0100"), "length 0100 is not that .* 101 bytes; count"),
        (SETTING.replace(b"0101", b"0102"), "length 0102 is not that .* 101 bytes; count"),
        (b"##0000\r\n", "which has 0 bytes|CRC"),
        (SETTING[:-2], r"ends in b'80', not in CR LF; send"),
        (SETTING[:-2] + b"\n\n", "not in CR LF"),
        (SETTING.replace(b"1C80", b"1C08"), "CRC 1C08 is not 1C80, .*; send it again"),
        (SETTING.replace(b"1C80", b"1C8G"), "not four hexadecimal digits"),
        (SETTING.replace(b"1C80", b"0759"), "this is CRC-16/MODBUS, annex A gives 1C80; shift"),
        (SETTING.replace(b"=30", b"=31"), "CRC 1C80 is not"),
        (raw(segment("x=" + "9" * 1024).encode()), "is over 1024.*split into packets"),
        (raw(segment("x=" + "9" * 949, MN="7").encode()), "CP of 951 .* 950; split into packets"),
        (raw(b"QN=\xff"), "not all printable ASCII"),
        (raw(b"QN=\r\n"), "not all printable ASCII"),
        (raw(b""), "no field"),
    ],
)
def test_a_frame_that_breaks_a_rule_names_value_rule_and_remedy(data, words):
    verdict = decode(data)

    assert not verdict.ok and verdict.items == []
    assert re.search(words, verdict.error), verdict.error


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("CP=&&", "CP=&", "no CP between && and &&"),
        (",w01018-Flag=N&&", ",w01018-Flag=N&", "no CP between && and &&"),
        ("CP=&&", "CP=", "no CP between && and &&"),
        (";CP=", ";", "is no field"),
        ("24.3", "24&&3", "no CP between && and &&"),
        ("QN=20260401080000123;", "", "has no QN; send"),
        ("MN=" + MN + ";", "", "has no MN; send"),
        ("20260401080000123", "2026040108000012", "QN='2026040108000012' is not 17 digits"),
        ("20260401080000123", "20260230080000123", "QN=20260230080000123 is no time.*clock"),
        ("ST=32", "ST=3x", "ST='3x' is not two digits"),
        ("ST=32", "ST=32;ST=32", "ST is given twice"),
        ("CN=2011", "CN=real", "CN='real' is not four digits"),
        ("PW=123456", "PW=1234567", "PW='1234567' is not six characters"),
        ("MN=" + MN, "MN=", "MN='' is not letters and digits"),
        ("MN=" + MN, "MN=a-b", "MN='a-b' is not letters and digits"),
        ("Flag=4", "Flag=0x4", "Flag='0x4' is not a decimal"),
        ("Flag=4", "Flag=0", "Flag=0 has version bits 000000, not 000001 of HJ 212-2017"),
        ("Flag=4", "Flag=8", "Flag=8 has version bits 000010, not 000001"),
        ("Flag=4", "Flag=999", "version bits"),
        ("Flag=4", "Flag=6", "bit D 1 without PNUM and PNO"),
        ("Flag=4", "Flag=6;PNUM=2", "bit D 1 without PNUM and PNO"),
        ("Flag=4", "Flag=4;PNUM=2;PNO=1", "bit D 0 but PNUM and PNO stands"),
        ("Flag=4", "Flag=6;PNUM=2;PNO=3", "PNO=3 is not one of PNUM=2"),
        ("Flag=4", "Flag=6;PNUM=0;PNO=0", "PNO=0 is not one of PNUM=0"),
        ("DataTime=20260401080000", "DataTime=20260401240000", "DataTime=20260401240000 is no"),
        ("DataTime=20260401080000", "DataTime=202604010800", "send 14 digits"),
        ("DataTime=20260401080000", "a=b", "w01018-Rtd has no time; send DataTime"),
        ("DataTime=20260401080000", "DataTime=20260401080000;DataTime=20260401080000", "twice"),
        ("Flag=N", "Flag=N,w01018-SampleTime=20260431080000", "SampleTime=20260431080000 is no"),
        (",w01018-Flag=N", ";w01018-Flag=D", "w01018-Flag stands without a value"),
        ("w01018-Flag=N", "w01018-Flag=*", "no mark"),
        ("w01018-Flag=N", "w01018-Rtd=5", "w01018-Rtd is given twice"),
        ("w01018-Flag=N", "w01018-Flag=N;w01018-Rtd=5", "of 2026-04-01T08:00:00 is given twice"),
        ("w01018-Flag=N", "w01018-Flag=N;", "'' in CP is no name=value"),
        ("24.3", "fault", "w01018-Rtd='fault' is no decimal number; write digits"),
    ],
)
def test_a_segment_that_breaks_a_rule_names_value_rule_and_remedy(old, new, words):
    broken = segment().replace(old, new, 1)
    if old.startswith((",w01018", "w01018")):
        broken = new.join(segment().rsplit(old, 1))
    assert broken != segment()

    verdict = decode(frame(broken))

    assert not verdict.ok and verdict.items == []
    assert re.search(words, verdict.error), verdict.error


def test_a_refused_telegram_still_names_its_device_and_command():
    verdict = said("DataTime=20260401080000;w1-Rtd=x")

    assert (verdict.ok, verdict.mn, verdict.cn) == (False, MN, "2011")


def test_another_version_is_taken_by_its_bits():
    assert decode(frame(segment(Flag="1")), version=2005).ok
    assert not decode(SETTING, version=2005).ok


def test_a_version_whose_bits_are_unknown_is_a_wrong_use():
    with pytest.raises(UsageError, match="212-2025 are not known"):
        decode(SETTING, version=2025)


def test_a_segment_too_long_for_a_packet_is_not_framed():
    with pytest.raises(UsageError, match="1025 bytes"):
        frame("9" * 1025)


def test_an_acknowledgement_has_the_shape_of_the_sample():
    assert acknowledgement(decode(HOUR), qn="20260401080000123") == ACK


def test_an_acknowledgement_repeats_the_number_of_its_request():
    answer = decode(acknowledgement(decode(HOUR)))

    assert (answer.qn, answer.cn, answer.st) == ("20260401090000001", "9014", "91")
    assert not answer.asks_ack and decode(HOUR).asks_ack


def test_a_refused_telegram_is_not_acknowledged():
    with pytest.raises(UsageError, match="was refused"):
        acknowledgement(decode(b"##"))


def test_frames_in_single_bytes_come_out_whole():
    assert in_pieces(b"".join(SAMPLES), 1) == list(SAMPLES)


def test_frames_come_out_as_soon_as_their_last_byte_is_there():
    splitter = Splitter()

    assert splitter.feed(SETTING[:-1]) == []
    assert splitter.feed(SETTING[-1:] + HOUR[:9]) == [SETTING]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff",
        b"#",
        b"##",
        b"##01",
        b"##0101",
        b"##9999",
        b"##0x12abc",
        b"noise\r\n",
        SETTING[:50],
        SETTING[:-2],
        SETTING[:-1],
        SETTING[2:],
        SETTING.replace(b"0101", b"0001"),
        SETTING.replace(b"0101", b"0900"),
        b"x" * (LONGEST_PIECE + 40),
        b"##9999" + b"x" * (LONGEST_PIECE + 40),
    ],
    ids=range(16),
)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_frame_is_found_before_between_and_after_garbage(garbage, size):
    data = garbage + HOUR + garbage + ACK + garbage

    pieces = in_pieces(data, size)

    assert [piece for piece in pieces if decode(piece).ok] == [HOUR, ACK]
    assert without_line_ends(b"".join(pieces)) == without_line_ends(data)


def test_a_cut_off_frame_whose_length_ends_with_the_next_one_hides_nothing():
    stump = b"##%04dQN=2026" % (len(b"QN=2026") + len(HOUR) - 6)

    assert [decode(piece).ok for piece in fed(stump + HOUR)] == [False, True]


def test_a_stream_without_frames_is_not_held_without_bound():
    splitter = Splitter()

    for _ in range(200):
        splitter.feed(b"##9999 and no line end " * 20)
        assert len(splitter._held) <= LONGEST_PIECE


def test_the_rest_of_a_stream_is_told_once():
    splitter = Splitter()
    splitter.feed(SETTING[:20])

    assert splitter.rest() == [SETTING[:20]]
    assert splitter.rest() == []


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_text_file_is_read_by_lines_whatever_their_ends(end):
    lines = [b"; comment \xe6\xb0\xb4", SETTING.strip(), b"", HOUR.strip(), b"; end", ACK.strip()]

    verdicts = decode_file(end.join(lines))

    assert [(v.line, v.ok) for v in verdicts] == [(2, True), (4, True), (6, True)]


def test_a_broken_line_of_a_text_file_keeps_its_number():
    verdicts = decode_file(b"; c\n" + SETTING.strip() + b"\nhello\n" + HOUR.strip()[:-1] + b"\n")

    assert [(v.line, v.ok) for v in verdicts] == [(2, True), (3, False), (4, False)]


def test_a_raw_capture_counts_its_pieces():
    verdicts = decode_file(b"\x00\x01" + SETTING + b"noise" + HOUR + ACK + b"##0101QN=")

    assert [(v.line, v.ok) for v in verdicts] == [
        *((1, False), (2, True), (3, False), (4, True), (5, True), (6, False)),
    ]


def test_a_byte_order_mark_and_an_empty_file_are_passed_over():
    assert decode_file(b"\xef\xbb\xbf" + SETTING)[0].ok
    assert decode_file(b"") == decode_file(b"\r\n\n") == []


def test_packets_are_joined_in_the_order_of_their_numbers():
    assembler = Assembler()
    third = packet(3, "w3-Rtd=3,w3-Flag=N")
    first = packet(1, "DataTime=20260401080000;w1-Rtd=1")
    second = packet(2, "w2-Rtd=2,w2-SampleTime=20260401075900")

    assert assembler.add(third) == assembler.add(first) == []
    (whole,) = assembler.add(second)

    assert (whole.ok, whole.pnum, whole.pno) == (True, 3, None)
    assert [(i.code, i.at) for i in whole.items] == [
        ("w1", "2026-04-01T08:00:00"),
        ("w2", "2026-04-01T07:59:00"),
        ("w3", "2026-04-01T08:00:00"),
    ]


def test_whole_and_refused_telegrams_pass_the_assembler_unchanged():
    refused = decode(b"##")

    assert Assembler().add(decode(HOUR)) == [decode(HOUR)]
    assert Assembler().add(refused) == [refused]


def test_a_joined_message_passes_the_assembler_again_unchanged():
    (whole,) = Assembler().add(packet(1, "DataTime=20260401080000;w1-Rtd=1", pnum=1))

    assert Assembler().add(whole) == [whole]


def test_messages_of_other_devices_numbers_and_commands_are_kept_apart():
    assembler = Assembler()
    cp = "DataTime=20260401080000;w1-Rtd=1"

    assert assembler.add(packet(1, cp, pnum=2)) == []
    assert assembler.add(packet(2, cp, pnum=2, MN="7")) == []
    assert assembler.add(packet(2, cp, pnum=2, QN="20260401080000124")) == []
    assert assembler.add(packet(2, cp, pnum=2, CN="2061")) == []


def test_a_packet_that_comes_again_changes_nothing():
    assembler = Assembler()
    first = packet(1, "DataTime=20260401080000;w1-Rtd=1", pnum=2)

    assert assembler.add(first) == assembler.add(first) == []
    assert assembler.add(packet(2, "w2-Rtd=2", pnum=2))[0].ok


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"pno": 1, "cp": "w1-Rtd=2"}, "PNO=1 came before with other content"),
        ({"pno": 2, "cp": "w1-Rtd=2", "pnum": 4}, "PNUM=4 is not that"),
        ({"pno": 0, "cp": "w1-Rtd=2"}, "PNO=0 is outside 1 to 3"),
    ],
)
def test_a_packet_that_contradicts_its_message_is_refused(others, words):
    assembler = Assembler()
    assembler.add(packet(1, "DataTime=20260401080000;w1-Rtd=1"))

    (refused,) = assembler.add(packet(**others))

    assert not refused.ok and words in refused.error


@pytest.mark.parametrize(
    ("second", "words"),
    [("w1-Rtd=2", "given twice"), ("w2-Rtd=2,w2-Flag=N", "")],
)
def test_a_value_told_in_two_packets_of_a_message_refuses_it(second, words):
    assembler = Assembler()
    assembler.add(packet(1, "DataTime=20260401080000;w1-Rtd=1", pnum=2))

    (whole,) = assembler.add(packet(2, second, pnum=2))

    assert whole.ok is not bool(words)
    assert words in (whole.error or "")


def test_a_message_without_any_time_is_refused():
    (whole,) = Assembler().add(packet(1, "w1-Rtd=1", pnum=1))

    assert not whole.ok and "has no time" in whole.error


def test_packets_may_be_numbered_from_nought():
    assembler = Assembler(first_pno=0)
    assembler.add(packet(0, "DataTime=20260401080000;w1-Rtd=1", pnum=2))

    assert assembler.add(packet(1, "w2-Rtd=2", pnum=2))[0].ok


def test_the_oldest_message_is_given_up_when_too_many_packets_wait():
    assembler = Assembler(most_packets=2)
    numbers = [f"2026040108000012{n}" for n in range(3)]

    told = [v for qn in numbers for v in assembler.add(packet(1, "w1-Rtd=1", QN=qn))]

    assert [(v.ok, v.qn) for v in told] == [(False, numbers[0])]
    assert "only 1 of PNUM=3 packets came" in told[0].error
    assert [v.qn for v in assembler.rest()] == numbers[1:]
    assert assembler.rest() == []


@given(st.binary(max_size=300))
def test_any_bytes_give_a_verdict_and_no_exception(data):
    assert not decode(data).ok
    assert all(not v.ok and v.error for v in decode_file(data))


@given(st.text(st.sampled_from("&=;,-#QNCPMSTFlag0123456789w."), max_size=200))
def test_any_segment_gives_a_verdict_and_no_exception(inner):
    for data in (frame(inner), frame(segment(inner)), frame(segment(inner, CN="2061"))):
        verdict = decode(data)
        assert verdict.ok is (verdict.error is None)


numbers = st.decimals(allow_nan=False, allow_infinity=False, places=6).map(lambda d: f"{d:f}")
moments = st.datetimes().map(lambda at: at.replace(microsecond=0))
codes = st.from_regex(r"[aw][0-9]{5}", fullmatch=True)
values = st.dictionaries(st.sampled_from(["Rtd", "Min", "Avg", "Max", "Cou"]), numbers, min_size=1)
groups = st.dictionaries(codes, st.tuples(values, st.sampled_from("NFMSDCTB")), max_size=5)


def stamp(at):
    return at.isoformat().translate({ord(sign): None for sign in "-:T"})


@given(groups, moments)
def test_a_valid_frame_gives_back_what_was_written(told, at):
    items = [
        ",".join(f"{code}-{name}={value}" for name, value in fields.items())
        + f",{code}-Flag={mark}"
        for code, (fields, mark) in told.items()
    ]
    verdict = said(";".join([f"DataTime={stamp(at)}", *items]), QN=stamp(at) + "000")

    assert verdict.error is None
    assert [(i.code, i.field, i.value, i.mark, i.at) for i in verdict.items] == [
        (code, name, value, mark, at.isoformat())
        for code, (fields, mark) in told.items()
        for name, value in fields.items()
    ]


noise = st.one_of(
    st.binary(max_size=40),
    st.lists(
        st.sampled_from(
            [b"#", b"##", b"##00", b"##0273", b"##0012", b"\r", b"\n", HOUR[:80], b"&&"]
        )
    ).map(b"".join),
)


@given(noise, noise, st.lists(st.integers(0, 700), max_size=8))
def test_a_valid_frame_amid_garbage_is_found_however_it_is_fed(before, after, cuts):
    data = before + HOUR + after + ACK
    places = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]

    pieces = fed(*(data[a:b] for a, b in pairwise(places)))

    assert [piece for piece in pieces if decode(piece).ok] == [HOUR, ACK]
