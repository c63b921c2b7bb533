"""Printers at USB, without a driver of the system.

The tests play the system's USB library; with a device it was never tried.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from counter_tui.printers.address import UsbAddress
from counter_tui.printers.escpos_package import escpos_printers

_PRINTER_CLASS = 7
_BULK = 2


class UsbConnection:
    """A USB printer's interface.

    It is opened here: python-escpos resets the device on opening, which loses what it is still
    printing, and needs to be told its end points.
    """

    def __init__(self, address: UsbAddress, timeout: float) -> None:
        """Take the interface. Raises OSError."""
        self.sent = False
        printers = escpos_printers()
        import usb.core  # type: ignore[import-untyped]  # noqa: PLC0415 -- with python-escpos
        import usb.util  # type: ignore[import-untyped]  # noqa: PLC0415

        self._usb = usb
        with self._plain_errors():
            device, interface = self._find(address)
            into = self._end_point(interface, usb.util.ENDPOINT_OUT)
            back = self._end_point(interface, usb.util.ENDPOINT_IN)
            if into is None:
                raise OSError(errno.ENODEV, "the device has no way in for bytes")
            self.answers = back is not None
            self._device = device
            try:
                self._take(interface.bInterfaceNumber)
            except OSError:
                usb.util.dispose_resources(device)
                raise
        self._printer = printers.Usb(timeout=round(timeout * 1000), in_ep=back, out_ep=into)
        self._printer.device = device

    def send(self, data: bytes) -> None:
        """Send a part of a slip. Raises OSError."""
        self.sent = True
        self.ask(data)

    def ask(self, request: bytes) -> None:
        """Send a question. Raises OSError."""
        with self._plain_errors():
            self._printer._raw(request)

    def receive(self, seconds: float) -> bytes:
        """Return what the printer says. Raises OSError."""
        self._device.default_timeout = max(1, round(seconds * 1000))
        try:
            return bytes(self._printer._read())
        except self._usb.core.USBTimeoutError:
            return b""

    def drain(self) -> None:
        """Do nothing: the device has taken what was sent."""

    def close(self) -> None:
        """Let go."""
        with suppress(OSError):
            self._printer.close()

    def _find(self, address: UsbAddress) -> tuple[Any, Any]:
        if address.numbers is None:
            wanted: dict[str, Any] = {"custom_match": self._printer_interface}
        else:
            wanted = {"idVendor": address.numbers[0], "idProduct": address.numbers[1]}
        device = self._usb.core.find(**wanted)
        if device is None:
            raise OSError(errno.ENODEV, f"there is no {address} here")
        # Some printers are of no class, and have one interface.
        return device, self._printer_interface(device) or device[0][(0, 0)]

    def _printer_interface(self, device: Any) -> Any:
        interfaces = (interface for configuration in device for interface in configuration)
        # There may be devices that do not say what they are.
        with suppress(OSError):
            return next((one for one in interfaces if one.bInterfaceClass == _PRINTER_CLASS), None)
        return None

    def _end_point(self, interface: Any, direction: int) -> int | None:
        for point in interface:
            address = int(point.bEndpointAddress)
            kind = self._usb.util.endpoint_type(point.bmAttributes)
            if kind == _BULK and self._usb.util.endpoint_direction(address) == direction:
                return address
        return None

    def _take(self, number: int) -> None:
        # Other systems than Linux have no such driver.
        with suppress(NotImplementedError):
            if self._device.is_kernel_driver_active(number):
                self._device.detach_kernel_driver(number)
        self._usb.util.claim_interface(self._device, number)

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except self._usb.core.USBTimeoutError as error:
            raise TimeoutError("the device takes no bytes") from error
        except self._usb.core.NoBackendError as error:
            raise OSError(errno.ENODEV, "the library libusb is not installed") from error
