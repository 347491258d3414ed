"""A real Modbus TCP server is asked for its registers; what it does not give is told."""

import asyncio
import contextlib
import socket
import time

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from oracle.sources.modbus import Modbus
from oracle.sources.registers import Register, cells
from oracle.sources.sockets import Asking, Ears
from tests.unit.test_registers import NOW, words_of

SOON_S = 10.0


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Works:
    """A Modbus server of a thread of the test's own, and an oracle's ears that ask it."""

    def __init__(self, *registers):
        self.port, self.told, self.registers = free_port(), [], registers
        self.server = None
        self.words = {
            0: [0, 1234],
            2: words_of("float32", 7.25),
            4: words_of("float32", float("nan")),
        }
        about = ("127.0.0.1", self.port, 1, 0.05, registers, "works-1")
        self.device = Modbus(*about)
        self.ears = Ears([], (), self.tell, Asking([self.device], lambda: NOW))

    def tell(self, event, **keys):
        self.told.append((event, keys))

    def events(self, event):
        return [keys for name, keys in self.told if name == event]

    def start(self):
        async def begin():
            data = [
                SimData(address, values=words, datatype=DataType.REGISTERS)
                for address, words in self.words.items()
            ]
            device = SimDevice(1, simdata=data)
            self.server = ModbusTcpServer(device, address=("127.0.0.1", self.port))
            await self.server.serve_forever(background=True)

        self._in_the_loop(begin())

    def stop(self):
        self._in_the_loop(self.server.shutdown())
        self.server = None

    def _in_the_loop(self, work):
        asyncio.run_coroutine_threadsafe(work, self.ears._loop).result(SOON_S)

    def until(self, reached):
        until = time.monotonic() + SOON_S
        while not reached():
            assert time.monotonic() < until, self.told
            time.sleep(0.02)

    def hears(self):
        [heard] = self.ears.hear(1, SOON_S)
        heard.done()
        return heard


@contextlib.contextmanager
def works(*registers, started=True):
    made = Works(*registers)
    made.ears.open()
    if started:
        made.start()
    try:
        yield made
    finally:
        if made.server is not None:
            made.stop()
        made.ears.close()


FLOW = Register("flow", "holding", 0, "uint32", "big", "0.01")
PH = Register("ph", "holding", 2, "float32")
BROKEN = Register("broken", "holding", 4, "float32")
MISSING = Register("missing", "holding", 6, "uint16")


def test_a_poll_is_one_telegram_with_the_moment_of_reading():
    with works(FLOW, PH) as one:
        heard = one.hears()

    assert (heard.protocol, heard.telegram.station) == ("modbus", "works-1")
    assert heard.telegram.cells == {"at": "2026-01-01T00:00:00Z", "flow": "12.34", "ph": "7.25"}
    assert cells(heard.telegram.raw) == heard.telegram.cells


def test_input_registers_are_read_from_their_table():
    with works(Register("flow", "input", 1, "uint16")) as one:
        assert one.hears().telegram.cells["flow"] == "1234"


def test_a_value_that_is_no_number_is_empty_and_told_once():
    with works(FLOW, PH, BROKEN) as one:
        first, _ = one.hears(), one.hears()

    assert first.telegram.cells["broken"] == ""
    assert first.telegram.cells["ph"] == "7.25"
    [told] = one.events("register gives no value")
    assert (told["register"], told["why"]) == ("broken", "nan is no number")


def test_a_register_that_the_device_refuses_spoils_no_neighbour():
    with works(FLOW, PH, BROKEN, MISSING) as one:
        heard, _ = one.hears(), one.hears()

    assert heard.telegram.cells["missing"] == ""
    assert heard.telegram.cells["flow"] == "12.34"
    told = {keys["register"]: keys["why"] for keys in one.events("register gives no value")}
    assert told["missing"] == f"the device answers exception {ExcCodes.ILLEGAL_ADDRESS}"


def test_a_device_that_is_away_is_told_once_and_again_when_it_is_back():
    with works(FLOW, started=False) as one:
        one.until(lambda: one.events("source is away"))
        time.sleep(0.3)
        one.start()
        one.hears()
        one.until(lambda: one.events("source is back"))

        assert len(one.events("source is away")) == 1
        assert one.events("source is back") == [{"source": f"127.0.0.1:{one.port}/1"}]


def test_a_device_that_ends_in_between_is_asked_again():
    with works(FLOW) as one:
        one.hears()
        one.stop()
        one.until(lambda: one.events("source is away"))
        while one.ears.hear(100, 0.01):
            pass
        one.start()

        assert one.hears().telegram.cells["flow"] == "12.34"


def test_a_device_that_answers_nothing_keeps_no_other_waiting():
    with works(FLOW) as one, socket.create_server(("127.0.0.1", 0)) as deaf:
        about = ("127.0.0.1", deaf.getsockname()[1], 1, 0.05, (FLOW,), "deaf")
        other = Ears([], (), one.tell, Asking([Modbus(*about), one.device], lambda: NOW))
        other.open()
        try:
            assert [heard.telegram.station for heard in other.hear(1, 1.0)] == ["works-1"]
        finally:
            other.close()
