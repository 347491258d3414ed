"""The numbers of SL 651-2014: frame, functions, items.

Checked against the approval draft of the standard, not against its published edition; the CRC and
the frame also against the draft's two sample frames. Where each comes from:

- START, BODY, END, LONG_BODY, HEAD, EXTRA, UP, DOWN, LENGTH_BITS: the draft's frame of the link
  from station to centre, HEX/BCD. That LONG_BODY stands where BODY does, and how it goes
  on, is unverified: such a frame is told, not read.
- LONGEST follows from LENGTH_BITS: the longest body that a head can state.
- ACK_END: the draft's sample confirmation; what else the byte means is unverified.
- CRC_START, CRC_POLYNOMIAL: the draft's check, which is CRC-16/MODBUS over the whole frame.
- SERIAL, SENT, STATION_MARK, STATION, CLASS, TIME_MARK, OBSERVED: the draft's body of the timed
  report, 32H. That the serial is binary, not BCD, is unverified.
- FIRST_MARK: the draft uses F0 and F1 as marks and F4 and F5 for series of five minutes. That no
  identifier from F0 on is a plain item is unverified; such a body is refused, never guessed at.
- CENTURY: the draft writes years with two digits; 2000 is this project's reading, unverified.
- FUNCTIONS: the draft's function codes. ITEMS, STATUS: the draft's item identifiers.
- REPORTS: functions whose body is that of the timed report; the draft's text shows it for 32H.
- UNVERIFIED_REPORTS: frames published by others show the same body for test and event reports.
"""

START = b"\x7e\x7e"
BODY, LONG_BODY = 0x02, 0x16
END, ACK_END = 0x03, 0x1B
HEAD = 13  # bytes before the start of the body
EXTRA = HEAD + 4  # bytes of a frame around its body: head, start, end, two of CRC
UP, DOWN = 0b0000, 0b1000
LENGTH_BITS = 12
LONGEST = EXTRA + (1 << LENGTH_BITS) - 1  # bytes

CRC_START, CRC_POLYNOMIAL = 0xFFFF, 0xA001

SERIAL, SENT, STATION, CLASS, OBSERVED = 2, 6, 5, 1, 5  # bytes
STATION_MARK, TIME_MARK = b"\xf1\xf1", b"\xf0\xf0"
FIRST_MARK = 0xF0
CENTURY = 2000

KEEP_ALIVE = 0x2F
FUNCTIONS = {
    KEEP_ALIVE: "keep-alive",
    0x30: "test",
    0x31: "uniform series",
    0x32: "timed report",
    0x33: "event report",
    0x34: "hourly report",
    0x35: "manual report",
    0x37: "query",
    0x38: "query",
    0x39: "query",
    0x3A: "query",
    0x49: "password",
    0x4A: "clock",
    0x4C: "pump",
    0x4D: "valve",
    0x4E: "gate",
    0x4F: "quota control",
}
REPORTS = frozenset({0x32})
UNVERIFIED_REPORTS = frozenset({0x30, 0x33})

STATUS = 0x45  # four bytes of states and alarms, no quantity


def _numbered(first: int, name: str) -> dict[int, str]:
    return {first + n: f"{name} {n + 1}" for n in range(8)}


ITEMS = {
    0x0E: "ground-water depth",
    0x1A: "rain in 1 h",
    0x1F: "day rain",
    0x20: "current rain",
    0x26: "cumulative rain",
    0x27: "flow",
    **_numbered(0x28, "intake or outfall flow"),
    0x30: "total outflow",
    0x38: "battery",
    0x39: "level",
    0x3A: "level below dam",
    0x3B: "level above dam",
    **_numbered(0x3C, "intake or outfall level"),
    STATUS: "status",
    0x46: "pH",
    0x47: "DO",
    0x48: "conductivity",
    0x49: "turbidity",
    0x4A: "CODMn",
    0x4C: "NH3-N",
    0x4D: "total P",
    0x4E: "total N",
    0x50: "Cu",
    0x51: "Zn",
    0x52: "Se",
    0x53: "As",
    0x54: "Hg",
    0x55: "Cd",
    0x56: "Pb",
    0x57: "chlorophyll a",
    **_numbered(0x58, "pressure"),
    **_numbered(0x60, "meter remaining volume"),
    **_numbered(0x68, "meter hourly volume"),
}
