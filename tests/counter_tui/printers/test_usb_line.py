"""With a library for USB that is played: pyusb and python-escpos above it are real."""

import errno
from array import array
from collections.abc import Callable
from typing import Any

import pytest
import usb.core  # type: ignore[import-untyped]
from usb.backend import IBackend  # type: ignore[import-untyped]

from counter_tui.printers.address import UsbAddress
from counter_tui.printers.printer import PrinterError, PrinterState, Trouble
from counter_tui.printers.transports import open_printer
from tests.counter_tui.printers import tcp_printer as played
from tests.counter_tui.printers.tcp_printer import Paper

SLIP = bytes(range(256)).replace(b"\x10\x04", b"") * 20
HUB, PRINTER, DUMB = "hub", "printer", "dumb printer"
NUMBERS = {HUB: (0x1D6B, 2), PRINTER: (0x04B8, 0x0E15), DUMB: (0x0416, 0x5011)}
CLASSES = {HUB: 9, PRINTER: 7, DUMB: 255}
POINTS = {HUB: [(0x81, 3)], PRINTER: [(0x81, 3), (0x83, 2), (0x02, 2)], DUMB: [(0x01, 2)]}
"""Addresses and kinds; 2 is bulk."""


class Descriptor:
    def __init__(self, **fields: int) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, _name: str) -> int:
        return 0


class UsbLibrary(IBackend):  # type: ignore[misc]
    def __init__(self, *devices: str, answers: dict[int, int] | None = None) -> None:
        self.devices = devices
        self.paper = Paper(played.GOOD if answers is None else answers)
        self.said = b""
        self.done: list[str] = []
        self.fail: Callable[[str], None] = lambda _call: None

    def _do(self, call: str) -> None:
        self.done.append(call)
        self.fail(call)

    def enumerate_devices(self) -> list[str]:
        return list(self.devices)

    def get_device_descriptor(self, dev: str) -> Descriptor:
        vendor, product = NUMBERS[dev]
        return Descriptor(idVendor=vendor, idProduct=product, bNumConfigurations=1)

    def get_configuration_descriptor(self, dev: str, config: int) -> Descriptor:
        if dev == HUB:
            raise usb.core.USBError("Input/output error", None, errno.EIO)
        if config:
            raise IndexError
        return Descriptor(bNumInterfaces=1, bConfigurationValue=1)

    def get_interface_descriptor(self, dev: str, intf: int, alt: int, config: int) -> Descriptor:
        if intf or alt:
            raise IndexError
        return Descriptor(bInterfaceClass=CLASSES[dev], bNumEndpoints=len(POINTS[dev]))

    def get_endpoint_descriptor(self, dev: str, ep: int, *_where: int) -> Descriptor:
        address, kind = POINTS[dev][ep]
        return Descriptor(bEndpointAddress=address, bmAttributes=kind)

    def open_device(self, dev: str) -> str:
        self._do("open")
        return dev

    def close_device(self, dev_handle: str) -> None:
        self._do("close")

    def get_configuration(self, dev_handle: str) -> int:
        return 1

    def is_kernel_driver_active(self, dev_handle: str, intf: int) -> bool:
        return True

    def detach_kernel_driver(self, dev_handle: str, intf: int) -> None:
        self._do("detach")

    def claim_interface(self, dev_handle: str, intf: int) -> None:
        self._do("claim")

    def release_interface(self, dev_handle: str, intf: int) -> None:
        self._do("release")

    def bulk_write(
        self, dev_handle: str, ep: int, intf: int, data: "array[int]", timeout: int
    ) -> int:
        assert (ep, timeout) == (POINTS[dev_handle][-1][0], 5000)
        self._do("write")
        self.said += self.paper.take(data.tobytes())
        return len(data)

    def bulk_read(
        self, dev_handle: str, ep: int, intf: int, buff: "array[int]", timeout: int
    ) -> int:
        assert ep == 0x83
        assert 0 < timeout <= 5000
        if not self.said:
            raise usb.core.USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
        count = min(len(buff), len(self.said))
        buff[:count] = array("B", self.said[:count])
        self.said = self.said[count:]
        return count


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[UsbLibrary], UsbLibrary]:
    find = usb.core.find

    def plug_in(library: UsbLibrary) -> UsbLibrary:
        monkeypatch.setattr(usb.core, "find", lambda **wanted: find(backend=library, **wanted))
        return library

    return plug_in


Plug = Callable[[UsbLibrary], UsbLibrary]


@pytest.mark.parametrize("numbers", [None, NUMBERS[PRINTER]])
def test_a_slip_arrives_whole(plug_in: Plug, numbers: tuple[int, int] | None) -> None:
    library = plug_in(UsbLibrary(HUB, DUMB, PRINTER))
    printer = open_printer(UsbAddress(numbers))
    printer.print(SLIP)
    printer.print(b"two")
    assert library.paper.printed == SLIP + b"two"
    assert library.done.count("open") == library.done.count("close") == 2
    assert library.done.count("claim") == library.done.count("release")


def test_states(plug_in: Plug) -> None:
    library = plug_in(UsbLibrary(PRINTER, answers=played.COVER_OPEN))
    printer = open_printer(UsbAddress())
    assert printer.state().trouble is Trouble.COVER_OPEN
    with pytest.raises(PrinterError) as raised:
        printer.print(SLIP)
    assert (raised.value.trouble, raised.value.sent) == (Trouble.COVER_OPEN, False)
    library.paper.answers = played.PAPER_LOW
    assert printer.state() == PrinterState(None, paper_low=True, can_tell=True)
    assert library.paper.printed == b""


def test_a_printer_without_a_way_back(plug_in: Plug) -> None:
    library = plug_in(UsbLibrary(DUMB))
    printer = open_printer(UsbAddress(NUMBERS[DUMB]))
    printer.print(SLIP)
    assert printer.state() == PrinterState(None, paper_low=False, can_tell=False)
    assert library.paper.printed == SLIP
    assert library.paper.asked == []


def test_a_printer_that_never_answers(plug_in: Plug) -> None:
    library = plug_in(UsbLibrary(PRINTER, answers=played.MUTE))
    printer = open_printer(UsbAddress())
    printer.print(SLIP)
    assert library.paper.printed == SLIP
    assert not printer.state().can_tell


@pytest.mark.parametrize(
    ("call", "error", "trouble", "sent"),
    [
        ("open", errno.EACCES, Trouble.NOT_ALLOWED, False),
        ("claim", errno.EBUSY, Trouble.NOT_THERE, False),
        ("detach", errno.ENODEV, Trouble.NOT_THERE, False),
        ("write", errno.ENODEV, Trouble.NOT_THERE, True),
        ("write", errno.ETIMEDOUT, Trouble.SILENT, True),
    ],
)
def test_what_the_system_says(
    plug_in: Plug, call: str, error: int, trouble: Trouble, sent: bool
) -> None:
    library = plug_in(UsbLibrary(DUMB))
    kind = usb.core.USBTimeoutError if error == errno.ETIMEDOUT else usb.core.USBError

    def fail(done: str) -> None:
        if done == call:
            raise kind("failed", None, error)

    library.fail = fail
    with pytest.raises(PrinterError) as raised:
        open_printer(UsbAddress(NUMBERS[DUMB])).print(SLIP)
    assert (raised.value.trouble, raised.value.sent) == (trouble, sent)
    assert library.done.count("close") == (call != "open")


def test_a_system_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(**_wanted: Any) -> None:
        raise usb.core.NoBackendError("No backend available")

    monkeypatch.setattr(usb.core, "find", find)
    state = open_printer(UsbAddress()).state()
    assert state == PrinterState(Trouble.NOT_THERE, paper_low=False, can_tell=False)


@pytest.mark.parametrize("numbers", [None, NUMBERS[PRINTER]])
def test_a_device_that_is_not_there(plug_in: Plug, numbers: tuple[int, int] | None) -> None:
    plug_in(UsbLibrary(HUB, DUMB))
    printer = open_printer(UsbAddress(numbers))
    with pytest.raises(PrinterError) as raised:
        printer.print(b"slip")
    assert (raised.value.trouble, raised.value.sent) == (Trouble.NOT_THERE, False)
    assert printer.state() == PrinterState(Trouble.NOT_THERE, paper_low=False, can_tell=False)


def test_no_such_device_at_this_machine() -> None:
    assert open_printer(UsbAddress((0xFFFF, 0xFFFE))).state().trouble is Trouble.NOT_THERE
