import os
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest
import serial  # type: ignore[import-untyped]

from counter_tui.printers.address import SerialAddress
from counter_tui.printers.drain import LOOK_SECONDS, wait_until_empty
from counter_tui.printers.printer import PrinterError, PrinterState, Trouble
from counter_tui.printers.serial_line import SerialConnection
from counter_tui.printers.transports import open_printer
from tests.counter_tui.printers import tcp_printer as played
from tests.counter_tui.printers.tcp_printer import PATIENCE, Paper

SHORT = 0.3
SLIP = bytes(range(256)).replace(b"\x10\x04", b"") * 20
LONG = SLIP * 200
"""More than the kernel keeps."""


class SerialPrinter:
    """A printer at one end of a pseudo terminal."""

    def __init__(self, answers: dict[int, int], unplugged_after: int | None = None) -> None:
        self.paper = Paper(answers)
        self._unplugged_after = unplugged_after
        self._end, self._line = os.openpty()
        tty.setraw(self._line)
        self.device = Path(os.ttyname(self._line))
        self._thread = Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with suppress(OSError):
            os.close(self._line)
        if self._thread.ident is None:
            os.close(self._end)
        else:
            self._thread.join(PATIENCE)
            assert not self._thread.is_alive()

    def _serve(self) -> None:
        try:
            while True:
                answer = self.paper.take(os.read(self._end, 4096))
                unplugged = self._unplugged_after
                if unplugged is not None and len(self.paper.printed) >= unplugged:
                    os.close(self._line)
                    return
                os.write(self._end, answer)
        except OSError:
            return  # the other end is closed
        finally:
            os.close(self._end)


MakePrinter = Callable[..., SerialPrinter]


@pytest.fixture
def serial_printer() -> Iterator[MakePrinter]:
    made: list[SerialPrinter] = []

    def make(
        answers: dict[int, int], *, starts: bool = True, unplugged_after: int | None = None
    ) -> SerialPrinter:
        printer = SerialPrinter(answers, unplugged_after)
        made.append(printer)
        if starts:
            printer.start()
        return printer

    yield make
    for printer in made:
        printer.stop()


def test_a_slip_arrives_whole_and_as_it_is(serial_printer: MakePrinter) -> None:
    there = serial_printer(played.GOOD)
    printer = open_printer(SerialAddress(there.device))
    printer.print(SLIP)
    printer.print(b"two\n\x11\x13\x03\x04\x1a")
    assert there.paper.printed == SLIP + b"two\n\x11\x13\x03\x04\x1a"


def test_the_speed_is_set(serial_printer: MakePrinter) -> None:
    there = serial_printer(played.GOOD)
    open_printer(SerialAddress(there.device, 19200)).print(SLIP)
    assert termios.tcgetattr(there._line)[4:6] == [termios.B19200, termios.B19200]


def test_states(serial_printer: MakePrinter) -> None:
    there = serial_printer(played.NO_PAPER)
    printer = open_printer(SerialAddress(there.device))
    assert printer.state() == PrinterState(Trouble.NO_PAPER, paper_low=True, can_tell=True)
    with pytest.raises(PrinterError) as raised:
        printer.print(SLIP)
    assert (raised.value.trouble, raised.value.sent) == (Trouble.NO_PAPER, False)
    there.paper.answers = played.PAPER_LOW
    assert printer.state() == PrinterState(None, paper_low=True, can_tell=True)
    assert there.paper.printed == b""


def test_a_printer_that_never_answers_prints(serial_printer: MakePrinter) -> None:
    there = serial_printer(played.MUTE)
    printer = open_printer(SerialAddress(there.device))
    printer.print(SLIP)
    there.paper.wait_for(SLIP)
    assert printer.state() == PrinterState(None, paper_low=False, can_tell=False)


def test_a_line_that_takes_nothing(serial_printer: MakePrinter) -> None:
    there = serial_printer(played.MUTE, starts=False)
    with pytest.raises(PrinterError) as raised:
        open_printer(SerialAddress(there.device), timeout=SHORT).print(LONG)
    assert (raised.value.trouble, raised.value.sent) == (Trouble.SILENT, True)


def test_a_line_that_never_drains(
    serial_printer: MakePrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A pseudo terminal has no queue of its own.
    dropped: list[bool] = []
    monkeypatch.setattr(serial.Serial, "out_waiting", property(lambda _line: 5))
    monkeypatch.setattr(serial.Serial, "reset_output_buffer", lambda _line: dropped.append(True))
    there = serial_printer(played.GOOD)
    with pytest.raises(PrinterError) as raised:
        open_printer(SerialAddress(there.device), timeout=SHORT).print(SLIP)
    assert (raised.value.trouble, raised.value.sent) == (Trouble.SILENT, True)
    assert dropped == [True]


def test_a_slow_line_is_waited_for_while_it_drains() -> None:
    left = iter(range(20, -1, -1))
    wait_until_empty(lambda: next(left), 5 * LOOK_SECONDS)
    assert list(left) == []


def test_a_line_that_ends_in_the_middle(serial_printer: MakePrinter) -> None:
    there = serial_printer(played.GOOD, unplugged_after=1000)
    with pytest.raises(PrinterError) as raised:
        open_printer(SerialAddress(there.device), timeout=SHORT).print(LONG)
    assert raised.value.sent


def test_another_program_on_the_line(serial_printer: MakePrinter) -> None:
    there = serial_printer(played.GOOD)
    held = SerialConnection(SerialAddress(there.device), SHORT)
    state = open_printer(SerialAddress(there.device)).state()
    held.close()
    assert state.trouble is Trouble.NOT_THERE


@pytest.mark.parametrize("path", ["/dev/null", "/dev/ttyNONE7", "/"])
def test_what_is_no_line(path: str) -> None:
    printer = open_printer(SerialAddress(Path(path)))
    with pytest.raises(PrinterError) as raised:
        printer.print(SLIP)
    assert (raised.value.trouble, raised.value.sent) == (Trouble.NOT_THERE, False)
    assert printer.state() == PrinterState(Trouble.NOT_THERE, paper_low=False, can_tell=False)
