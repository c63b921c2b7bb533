"""Where a printer is, as the settings say it."""

import re
from dataclasses import dataclass
from pathlib import Path

PORT = 9100
BAUD = 9600
BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400)


class UnusableAddressError(ValueError):
    """A printer's address cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class UsbAddress:
    """A USB device by its two numbers, as lsusb shows them; without: the first printer."""

    numbers: tuple[int, int] | None = None

    def __str__(self) -> str:
        return "usb" if self.numbers is None else "usb:{:04x}:{:04x}".format(*self.numbers)


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A printer in the network."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SerialAddress:
    """A printer at a serial line: 8 bits, no parity, one stop bit."""

    device: Path
    baud: int = BAUD

    def __str__(self) -> str:
        return f"serial:{self.device}?baud={self.baud}"


@dataclass(frozen=True, slots=True)
class FileAddress:
    """A device file that takes a printer's bytes, or a regular file that keeps them."""

    path: Path

    def __str__(self) -> str:
        return f"file:{self.path}"


Address = UsbAddress | TcpAddress | SerialAddress | FileAddress

_USB = re.compile(r"usb:([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})")
_TCP = re.compile(r"tcp://(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.-]+))(?::([0-9]{1,9}))?/?")
_SLIP = b"\x1b@"
"""ESC @, with which every slip begins."""
_BAUD = re.compile(r"baud=([0-9]{1,9})")
_FORMS = (
    "usb, usb:04b8:0e15, tcp://192.168.0.20:9100, serial:/dev/ttyUSB0?baud=19200 "
    "or file:/dev/usb/lp0"
)


def parse_address(text: str) -> Address:
    """Read a printer's address. Raises UnusableAddressError."""
    scheme, colon, rest = text.partition(":")
    if text == "usb":
        return UsbAddress()
    if colon and scheme == "usb":
        return _usb(text)
    if colon and scheme == "tcp":
        return _tcp(text)
    if colon and scheme == "serial":
        return _serial(text, rest)
    if colon and scheme == "file":
        return _file(text, rest)
    raise _unusable(text, f"it must be like {_FORMS}")


def _usb(text: str) -> UsbAddress:
    match = _USB.fullmatch(text)
    if match is None:
        raise _unusable(text, "after usb: come two numbers as lsusb shows them, like 04b8:0e15")
    return UsbAddress((int(match[1], 16), int(match[2], 16)))


def _tcp(text: str) -> TcpAddress:
    match = _TCP.fullmatch(text)
    if match is None:
        raise _unusable(text, "it must be like tcp://192.168.0.20:9100")
    port = PORT if match[3] is None else int(match[3])
    if not 1 <= port <= 65535:
        raise _unusable(text, "the port must be from 1 to 65535")
    return TcpAddress(match[1] or match[2], port)


def _serial(text: str, rest: str) -> SerialAddress:
    device, mark, options = rest.partition("?")
    path = _path(text, device)
    if not mark:
        return SerialAddress(path)
    match = _BAUD.fullmatch(options)
    if match is None or int(match[1]) not in BAUDS:
        raise _unusable(text, f"after ? comes baud= with one of {', '.join(map(str, BAUDS))}")
    return SerialAddress(path, int(match[1]))


def _file(text: str, rest: str) -> FileAddress:
    path = _path(text, rest)
    if _holds_something_else(path):
        raise _unusable(text, "the file holds no slips, and one would spoil it: name a new file")
    return FileAddress(path)


def _holds_something_else(path: Path) -> bool:
    try:
        if not path.is_file():  # a device is not read: that may wait
            return False
        with path.open("rb") as file:
            return file.read(len(_SLIP)) not in (b"", _SLIP)
    except OSError:  # printing tells what is the matter
        return False


def _path(text: str, path: str) -> Path:
    if not path.startswith("/") or path.endswith("/") or not path.isprintable():
        raise _unusable(text, "the file's whole path is needed, like file:/dev/usb/lp0")
    return Path(path)


def _unusable(text: str, reason: str) -> UnusableAddressError:
    return UnusableAddressError(f"the printer's address {text!r} cannot be used: {reason}")
