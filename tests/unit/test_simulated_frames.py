"""What simulated stations write is what the parsers read: each encoder undoes its parser."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import UsageError
from oracle.simulation import hj212_encoding, sl651_encoding
from oracle.simulation.sl651_encoding import Report
from oracle.sources import hj212, sl651
from oracle.sources.hj212 import LONGEST_SEGMENT, Assembler, Item, Verdict
from oracle.sources.sl651_elements import FIRST_MARK, ITEMS, STATUS
from tests.unit.test_hj212 import SAMPLES
from tests.unit.test_sl651 import REPORT

MN = "010000A8900016F000169DC0"
numbers = st.decimals(0, 10**9, places=3).map("{:f}".format)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31))
seconds = moments.map(lambda moment: moment.isoformat(timespec="seconds"))
minutes = moments.map(lambda moment: moment.isoformat(timespec="minutes"))
codes = st.from_regex("[a-z][0-9]{5}", fullmatch=True)


@st.composite
def messages(draw, most=30):
    at = draw(seconds)
    items = [
        Item(code, "Rtd", draw(numbers), draw(st.sampled_from(["", *"NFMSDCTB"])), draw(times))
        for times in [st.just(at) | seconds]
        for code in draw(st.lists(codes, min_size=1, max_size=most, unique=True))
    ]
    about = (MN, "2011", items, draw(moments).strftime("%Y%m%d%H%M%S%f")[:17], "32", 5)
    return Verdict(1, True, None, *about, None, None, at, {}, "100000")


@given(messages(most=8))
def test_a_packet_of_hj212_is_read_as_what_was_written(message):
    assert hj212.decode(hj212_encoding.encode(message)) == message


@pytest.mark.parametrize("sample", SAMPLES)
def test_what_is_read_of_a_sample_is_written_so_that_it_is_read_again(sample):
    verdict = hj212.decode(sample)

    assert hj212.decode(hj212_encoding.encode(verdict)) == verdict


@given(messages(), st.integers(1, 5))
def test_a_message_in_packets_is_joined_to_what_was_written(message, count):
    packets = hj212_encoding.packets(message, count)

    assembler = Assembler()
    told = [one for packet in packets for one in assembler.add(hj212.decode(packet))]

    assert len(packets) >= min(count, len(message.items))
    assert all(len(packet) <= LONGEST_SEGMENT + 12 for packet in packets)
    assert [one.ok for one in told] == [True]
    assert told[0].items == message.items


def test_a_message_that_no_packet_holds_is_refused():
    long = Item("w01018", "Rtd", "1" * 950, "", "2026-04-01T08:00:00")
    about = (MN, "2011", [long], "20260401080000123", "32", 5, None, None, long.at, {}, "100000")

    with pytest.raises(UsageError, match="over 950"):
        hj212_encoding.packets(Verdict(1, True, None, *about), 1)


@st.composite
def reports(draw):
    observed = draw(minutes)
    written = st.integers(0, 10**9).flatmap(
        lambda whole: st.sampled_from([f"{whole}", f"{whole}.50", f"0.{whole:09d}"[:9]])
    )
    kinds = st.integers(1, FIRST_MARK - 1).filter(lambda code: code != STATUS)
    items = [
        Item(f"{code:02X}", ITEMS.get(code, ""), value, mark, observed)
        for code in draw(st.lists(kinds, max_size=12, unique=True))
        for value, mark in [draw(written.map(lambda text: (text, "")) | st.just(("", "FFFF")))]
    ]
    station = draw(st.from_regex("[0-9]{10}", fullmatch=True))
    return Report(station, "32", draw(st.integers(0, 65_535)), draw(seconds), observed, items)


@given(reports())
def test_a_report_of_sl651_is_read_as_what_was_written(report):
    verdict = sl651.decode(sl651_encoding.encode(report))

    assert (verdict.ok, verdict.error) == (True, None)
    assert (verdict.station, verdict.function) == (report.station, report.function)
    assert (verdict.serial, verdict.items) == (report.serial, report.items)


def test_the_drafts_own_report_is_written_byte_for_byte_up_to_its_items():
    [*_, battery] = sl651.decode(REPORT).items
    times = ("2014-12-05T11:00:02", battery.at)

    written = sl651_encoding.encode(Report("0012345678", "32", 18, *times, [battery]))

    before_the_items = slice(13, 37)  # the draft pads values with zeros, which say nothing
    assert written[:11] == REPORT[:11]
    assert written[before_the_items] == REPORT[before_the_items]
    assert written[37:41] == REPORT[53:57]


@pytest.mark.parametrize(
    ("value", "words"), [("-0.2", "no plain decimal"), ("0.12345678", "too long")]
)
def test_a_value_that_sl651_cannot_hold_is_refused(value, words):
    item = Item("39", "level", value, "", "2026-04-01T08:00")

    with pytest.raises(UsageError, match=words):
        sl651_encoding.encode(Report("0012345678", "32", 1, "2026-04-01T08:00:02", item.at, [item]))


def test_a_year_that_two_digits_cannot_say_is_refused():
    with pytest.raises(UsageError, match="outside 2000 to 2099"):
        sl651_encoding.encode(
            Report("0012345678", "32", 1, "1999-04-01T08:00:02", "1999-04-01T08:00", [])
        )
