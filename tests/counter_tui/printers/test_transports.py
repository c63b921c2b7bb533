from collections.abc import Callable
from threading import Event, Thread

import pytest

from counter_tui.printers.printer import PrinterError, PrinterState, Trouble
from counter_tui.printers.transports import EscposPrinter
from tests.counter_tui.printers.tcp_printer import PATIENCE


class ScriptedConnection:
    """A mute printer's; it does what a test says when it is reached."""

    answers = True

    def __init__(self) -> None:
        self.sent = False
        self.closed = False
        self.done: list[str] = []
        self.on_drain: Callable[[], object] = lambda: None
        self.after_drain: Callable[[], bytes] = lambda: b""

    def send(self, data: bytes) -> None:
        self.sent = True
        self.done.append(f"send {len(data)}")

    def ask(self, request: bytes) -> None:
        self.done.append(f"ask {request.hex()}")

    def receive(self, seconds: float) -> bytes:
        if "drain" in self.done:
            return self.after_drain()
        Event().wait(seconds)
        return b""

    def drain(self) -> None:
        self.done.append("drain")
        self.on_drain()

    def close(self) -> None:
        self.closed = True


def printer_of(*connections: ScriptedConnection) -> EscposPrinter:
    made = iter(connections)
    return EscposPrinter(lambda: next(made), timeout=PATIENCE, answer_seconds=0.01)


def test_it_is_asked_then_told_then_waited_for() -> None:
    connection = ScriptedConnection()
    printer_of(connection).print(b"x" * 600)
    assert connection.done == ["ask 100401", "send 256", "send 256", "send 88", "drain"]
    assert connection.closed


def test_a_mute_printer_may_refuse_behind_the_slip() -> None:
    connection = ScriptedConnection()

    def refuse() -> bytes:
        raise ConnectionResetError

    connection.after_drain = refuse
    with pytest.raises(PrinterError) as raised:
        printer_of(connection).print(b"slip")
    assert (raised.value.trouble, raised.value.sent) == (Trouble.NOT_THERE, True)
    assert connection.closed


def test_one_slip_at_a_time() -> None:
    one, two = ScriptedConnection(), ScriptedConnection()
    reached, go_on = Event(), Event()
    order: list[str] = []

    def wait() -> None:
        reached.set()
        assert go_on.wait(PATIENCE)
        order.append("one")

    one.on_drain = wait
    two.on_drain = lambda: order.append("two")
    printer = printer_of(one, two)
    threads = [Thread(target=printer.print, args=(b"slip",)) for _ in range(2)]
    threads[0].start()
    assert reached.wait(PATIENCE)
    threads[1].start()
    threads[1].join(0.1)  # it may begin, and must not get far
    assert two.done == []
    go_on.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert order == ["one", "two"]


@pytest.mark.parametrize("defect", [RuntimeError("odd"), ValueError(), AssertionError()])
def test_whatever_the_packages_raise_is_trouble(defect: Exception) -> None:
    def fail() -> ScriptedConnection:
        raise defect

    printer = EscposPrinter(fail)
    with pytest.raises(PrinterError) as raised:
        printer.print(b"slip")
    assert (raised.value.trouble, raised.value.sent) == (Trouble.NOT_THERE, False)
    assert raised.value.detail
    assert printer.state() == PrinterState(Trouble.NOT_THERE, paper_low=False, can_tell=False)
