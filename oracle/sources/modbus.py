"""Devices that speak Modbus TCP, asked for their registers; one poll is one telegram."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from oracle.sources.pulled import Away, Put, Tell, ask, taken
from oracle.sources.registers import Register, Span, faults, spans, telegram
from oracle.sources.telegrams import MODBUS, whole

ANSWER_S = 3.0
RETRIES = 1
Words = dict[str, Sequence[int] | None]

# pymodbus logs what it raises too, and it is told once, as ours
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Modbus:
    """A device or a gateway's unit, and what is read there."""

    host: str
    port: int
    unit: int
    poll_s: float
    registers: tuple[Register, ...]
    station: str

    protocol = MODBUS

    @property
    def stations(self) -> list[str]:
        """The station, as mappings name it."""
        return [self.station]

    def after(self, known: Mapping[str, int]) -> "Modbus":
        """The device again: it tells what is now, whatever is recorded."""
        return self

    @property
    def where(self) -> str:
        """Host, port and unit."""
        return f"{self.host}:{self.port}/{self.unit}"

    async def follow(self, put: Put, tell: Tell, clock: Callable[[], float]) -> None:
        """Ask the device for ever; it is told when it goes away and when it is back."""
        device = Device(self, put, tell, clock)
        try:
            await ask(self.where, device.poll, self.poll_s, tell)
        finally:
            device.close()


class Device:
    """A connection to a device, and which of its registers give no value."""

    def __init__(self, about: Modbus, put: Put, tell: Tell, clock: Callable[[], float]) -> None:
        self._about, self._put, self._tell, self._clock = about, put, tell, clock
        self._spans = spans(about.registers)
        self._silent: set[str] = set()
        self._client = AsyncModbusTcpClient(
            about.host, port=about.port, timeout=ANSWER_S, retries=RETRIES, reconnect_delay=0
        )

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    async def poll(self) -> None:
        """Read every register once; Away where the device does not answer."""
        try:
            await self._connect()
            words, why = await self._read(self._spans)
        except (ModbusException, OSError, TimeoutError) as error:
            self.close()
            raise Away(str(error) or "no answer") from error
        raw = telegram(int(self._clock()), self._about.registers, words)
        self._tell_of(why | faults(raw))
        await self._put(whole(MODBUS, self._about.station, raw), taken)

    async def _connect(self) -> None:
        if not self._client.connected and not await self._client.connect():
            raise Away(f"{self._about.where} cannot be reached")

    async def _read(self, wanted: Sequence[Span]) -> tuple[Words, dict[str, str]]:
        """Every value's words, and of those that the device refuses why."""
        words: Words = {}
        why: dict[str, str] = {}
        for span in wanted:
            answered, refusal = await self._request(span)
            if refusal and len(span.registers) > 1:
                more, reasons = await self._read(span.alone())
                words |= more
                why |= reasons
            elif refusal:
                name = span.registers[0].name
                words[name], why[name] = None, refusal
            else:
                words |= span.cut(answered)
        return words, why

    async def _request(self, span: Span) -> tuple[Sequence[int], str]:
        client = self._client
        read = (
            client.read_holding_registers
            if span.table == "holding"
            else client.read_input_registers
        )
        answer = await read(span.address, count=span.words, device_id=self._about.unit)
        if answer.isError():
            return [], f"the device answers exception {answer.exception_code}"
        if len(answer.registers) != span.words:
            return [], f"{len(answer.registers)} words came, not {span.words}"
        return answer.registers, ""

    def _tell_of(self, why: dict[str, str]) -> None:
        """Tell once of every value that is missing, and once when it is back."""
        where = self._about.where
        for name in sorted(why.keys() - self._silent):
            self._tell("register gives no value", source=where, register=name, why=why[name])
        for name in sorted(self._silent - why.keys()):
            self._tell("register gives values again", source=where, register=name)
        self._silent = set(why)
