import os
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from counter_tui.printers.address import TcpAddress
from counter_tui.printers.printer import PrinterError, PrinterState, Trouble
from counter_tui.printers.transports import open_printer
from tests.counter_tui.printers import tcp_printer as played
from tests.counter_tui.printers.tcp_printer import PATIENCE, TcpPrinter

SHORT = 0.3
SLIP = bytes(range(0x20, 0x100)) * 20
LONG = SLIP * 2000
"""More than the kernel keeps on both sides."""

MakePrinter = Callable[..., TcpPrinter]


def failure(address: TcpAddress, data: bytes = SLIP, timeout: float = SHORT) -> PrinterError:
    with pytest.raises(PrinterError) as raised:
        open_printer(address, timeout=timeout).print(data)
    return raised.value


def test_a_slip_arrives_whole_and_as_it_is(tcp_printer: MakePrinter) -> None:
    there = tcp_printer(played.GOOD)
    open_printer(there.address).print(SLIP * 50)
    assert there.paper.printed == SLIP * 50


def test_slips_follow_one_another(tcp_printer: MakePrinter) -> None:
    there = tcp_printer(played.GOOD)
    printer = open_printer(there.address)
    printer.print(b"one\n")
    printer.print(b"two\n")
    assert there.paper.printed == b"one\ntwo\n"
    assert there.connections == 2


@pytest.mark.parametrize(
    ("answers", "trouble"),
    [
        (played.NO_PAPER, Trouble.NO_PAPER),
        (played.COVER_OPEN, Trouble.COVER_OPEN),
        (played.OFFLINE, Trouble.OFFLINE),
        (played.CUTTER, Trouble.MECHANICAL),
        (played.OVERHEATED, Trouble.MECHANICAL),
        ({**played.GOOD, 2: 0x32}, Trouble.NO_PAPER),
        ({**played.GOOD, 2: 0x52}, Trouble.MECHANICAL),
        ({**played.GOOD, 3: 0x32}, Trouble.MECHANICAL),
        ({1: 0x12, 4: 0x72}, Trouble.NO_PAPER),
    ],
)
def test_nothing_is_sent_to_a_printer_in_trouble(
    tcp_printer: MakePrinter, answers: dict[int, int], trouble: Trouble
) -> None:
    there = tcp_printer(answers)
    error = failure(there.address)
    assert (error.trouble, error.sent) == (trouble, False)
    state = open_printer(there.address).state()
    assert (state.trouble, state.can_tell) == (trouble, True)
    assert state.shown == trouble
    assert there.paper.printed == b""


def test_it_prints_again_when_the_trouble_is_over(tcp_printer: MakePrinter) -> None:
    there = tcp_printer(played.NO_PAPER)
    printer = open_printer(there.address)
    with pytest.raises(PrinterError):
        printer.print(SLIP)
    there.paper.answers = played.GOOD
    printer.print(SLIP)
    assert there.paper.printed == SLIP


def test_low_paper_is_a_warning(tcp_printer: MakePrinter) -> None:
    there = tcp_printer(played.PAPER_LOW)
    printer = open_printer(there.address)
    printer.print(SLIP)
    state = printer.state()
    assert state == PrinterState(None, paper_low=True, can_tell=True)
    assert state.shown is Trouble.PAPER_LOW
    assert there.paper.printed == SLIP


def test_a_good_state(tcp_printer: MakePrinter) -> None:
    state = open_printer(tcp_printer(played.GOOD).address).state()
    assert state == PrinterState(None, paper_low=False, can_tell=True)
    assert state.shown is None


def test_what_a_printer_says_unasked_is_no_answer(tcp_printer: MakePrinter) -> None:
    # Automatic status: "no paper", and XON.
    there = tcp_printer(played.GOOD, greeting=b"\x18\x00\x0c\x0f\x11")
    printer = open_printer(there.address)
    printer.print(SLIP)
    assert printer.state() == PrinterState(None, paper_low=False, can_tell=True)
    there = tcp_printer(played.MUTE, greeting=b"\x18\x00\x0c\x0f\x11")
    assert not open_printer(there.address).state().can_tell


def test_a_printer_that_never_answers_prints(tcp_printer: MakePrinter) -> None:
    there = tcp_printer(played.MUTE)
    printer = open_printer(there.address)
    printer.print(b"one")
    there.paper.wait_for(b"one")
    printer.print(b"two")
    there.paper.wait_for(b"onetwo")
    assert printer.state() == PrinterState(None, paper_low=False, can_tell=False)
    assert there.paper.asked == [1], "asked once, and then no more"


def test_a_mute_printer_is_asked_again_after_it_was_away(tcp_printer: MakePrinter) -> None:
    there = tcp_printer(played.MUTE)
    printer = open_printer(there.address)
    printer.print(b"one")
    there.paper.wait_for(b"one")
    there.switch_off()
    assert printer.state() == PrinterState(Trouble.NOT_THERE, paper_low=False, can_tell=False)
    better = tcp_printer(played.GOOD, port=there.address.port)
    assert printer.state().can_tell
    printer.print(b"two")
    assert better.paper.printed == b"two"


def test_a_printer_that_answered_is_expected_to(tcp_printer: MakePrinter) -> None:
    there = tcp_printer(played.GOOD)
    printer = open_printer(there.address, timeout=SHORT)
    printer.print(b"one")
    there.paper.answers = played.MUTE
    with pytest.raises(PrinterError) as raised:
        printer.print(b"two")
    assert (raised.value.trouble, raised.value.sent) == (Trouble.SILENT, False)
    assert printer.state() == PrinterState(Trouble.SILENT, paper_low=False, can_tell=True)
    assert there.paper.printed == b"one"


def test_a_printer_switched_off_and_on(tcp_printer: MakePrinter) -> None:
    there = tcp_printer(played.GOOD)
    printer = open_printer(there.address)
    printer.print(b"one")
    there.switch_off()
    with pytest.raises(PrinterError) as raised:
        printer.print(b"two")
    assert (raised.value.trouble, raised.value.sent) == (Trouble.NOT_THERE, False)
    again = tcp_printer(played.GOOD, port=there.address.port)
    printer.print(b"two")
    assert again.paper.printed == b"two"


@pytest.mark.parametrize("copies", [20, 50, 100, 2000])
def test_a_printer_that_takes_nothing(tcp_printer: MakePrinter, copies: int) -> None:
    there = tcp_printer(played.MUTE, reads=False)
    error = failure(there.address, SLIP * copies)
    assert (error.trouble, error.sent) == (Trouble.SILENT, True)


def test_what_a_printer_did_not_take_is_dropped(tcp_printer: MakePrinter) -> None:
    there = tcp_printer(played.MUTE, reads=False)
    failure(there.address, SLIP * 100)
    received = b""
    with pytest.raises(ConnectionResetError):
        while data := there.receive():
            received += data
    assert len(received) < len(SLIP * 100)


@pytest.mark.parametrize("answers", [played.GOOD, played.MUTE])
def test_a_connection_reset_in_the_middle(
    tcp_printer: MakePrinter, answers: dict[int, int]
) -> None:
    there = tcp_printer(answers, reset_after=1000)
    error = failure(there.address, LONG)
    assert (error.trouble, error.sent) == (Trouble.NOT_THERE, True)
    assert LONG.startswith(there.paper.printed)


@pytest.mark.parametrize("answers", [played.GOOD, played.MUTE])
def test_a_connection_reset_behind_the_slip(
    tcp_printer: MakePrinter, answers: dict[int, int]
) -> None:
    there = tcp_printer(answers, reset_after=len(SLIP))
    error = failure(there.address)
    assert (error.trouble, error.sent) == (Trouble.NOT_THERE, True)


def test_a_mute_printer_may_end_the_connection_behind_the_slip(tcp_printer: MakePrinter) -> None:
    there = tcp_printer(played.MUTE, close_after=len(SLIP))
    open_printer(there.address).print(SLIP)
    there.paper.wait_for(SLIP)


def test_a_connection_reset_before_the_slip(tcp_printer: MakePrinter) -> None:
    there = tcp_printer(played.GOOD, reset_after=0)
    error = failure(there.address)
    assert (error.trouble, error.sent) == (Trouble.NOT_THERE, False)


def test_a_printer_that_dies_while_it_prints(tcp_printer: MakePrinter) -> None:
    there = tcp_printer(played.GOOD, silent_after=len(SLIP))
    error = failure(there.address)
    assert (error.trouble, error.sent) == (Trouble.SILENT, True)


@pytest.mark.parametrize(
    ("answers", "trouble"),
    [
        (played.NO_PAPER, Trouble.NO_PAPER),
        ({**played.GOOD, 4: 0x7E}, Trouble.NO_PAPER),
        (played.COVER_OPEN, Trouble.COVER_OPEN),
        (played.OFFLINE, Trouble.OFFLINE),
        (played.CUTTER, Trouble.MECHANICAL),
    ],
)
def test_a_printer_that_stops_in_the_slip(
    tcp_printer: MakePrinter, answers: dict[int, int], trouble: Trouble
) -> None:
    there = tcp_printer(played.GOOD, trouble_after=(len(SLIP) // 2, answers))
    error = failure(there.address)
    assert (error.trouble, error.sent) == (trouble, True)


def test_paper_that_runs_low_in_the_slip_is_a_warning(tcp_printer: MakePrinter) -> None:
    there = tcp_printer(played.GOOD, trouble_after=(len(SLIP), played.PAPER_LOW))
    open_printer(there.address).print(SLIP)
    assert there.paper.printed == SLIP


def test_a_host_that_refuses() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = TcpAddress("127.0.0.1", bound.getsockname()[1])
        error = failure(address)
        assert (error.trouble, error.sent) == (Trouble.NOT_THERE, False)
        state = open_printer(address).state()
        assert state == PrinterState(Trouble.NOT_THERE, paper_low=False, can_tell=False)


def test_a_host_that_is_not_there() -> None:
    # A server whose queue of connections is full takes no more: as a printer without power.
    waiting: list[socket.socket] = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        try:
            while True:
                waiting.append(socket.socket())
                waiting[-1].settimeout(SHORT)
                try:
                    waiting[-1].connect(server.getsockname())
                except TimeoutError:
                    break
            error = failure(TcpAddress(*server.getsockname()))
            assert (error.trouble, error.sent) == (Trouble.NOT_THERE, False)
        finally:
            for each in waiting:
                each.close()


def test_a_name_that_nobody_knows() -> None:
    error = failure(TcpAddress("printer.invalid"), timeout=PATIENCE)
    assert (error.trouble, error.sent) == (Trouble.NOT_THERE, False)
    assert failure(TcpAddress("a" * 64)).trouble is Trouble.NOT_THERE


def test_a_name_server_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    over = Event()
    ended = Event()

    def look_up(*_arguments: Any, **_named: Any) -> list[Any]:
        over.wait(PATIENCE)
        ended.set()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    error = failure(TcpAddress("printer.example.jp"))
    assert not ended.is_set()
    over.set()
    assert (error.trouble, error.sent) == (Trouble.NOT_THERE, False)


def test_a_host_of_two_addresses(tcp_printer: MakePrinter, monkeypatch: pytest.MonkeyPatch) -> None:
    there = tcp_printer(played.GOOD)
    look_up = socket.getaddrinfo

    def both(_host: str, port: int, **named: Any) -> list[Any]:
        return look_up("::1", port, **named) + look_up("127.0.0.1", port, **named)

    monkeypatch.setattr(socket, "getaddrinfo", both)
    open_printer(TcpAddress("localhost", there.address.port)).print(SLIP)
    assert there.paper.printed == SLIP


def test_state_does_not_wait_for_a_long_slip(tcp_printer: MakePrinter) -> None:
    printer = open_printer(tcp_printer(played.GOOD).address, timeout=SHORT)
    with printer._lock:  # as print() holds it
        assert printer.state() == PrinterState(None, paper_low=False, can_tell=False)
    assert printer.state().can_tell


def test_no_socket_is_left_open(tcp_printer: MakePrinter) -> None:
    there = tcp_printer(played.GOOD)
    printer = open_printer(there.address)
    printer.print(SLIP)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for answers in (played.NO_PAPER, played.GOOD) * 10:
        there.paper.answers = answers
        with suppress(PrinterError):
            printer.print(SLIP)
    there.switch_off()
    for _ in range(10):
        printer.state()
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 5
    assert there.paper.printed == SLIP * 11


def test_python_escpos_leaves_no_trace(tmp_path: Path) -> None:
    script = """
import logging, sys
from counter_tui.printers import queue, transports
from counter_tui.printers.escpos_package import escpos_printers
late = {"escpos", "PIL", "usb", "serial"}
assert not late & {name.split(".")[0] for name in sys.modules}
assert escpos_printers().Network
assert logging.getLogger().handlers == []
"""
    environment = {**os.environ, "PYTHONWARNINGS": "error", "TMPDIR": str(tmp_path)}
    environment.pop("ESCPOS_CAPABILITIES_PICKLE_DIR", None)
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
