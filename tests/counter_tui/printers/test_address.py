import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter_tui.printers.address import (
    BAUDS,
    Address,
    FileAddress,
    SerialAddress,
    TcpAddress,
    UnusableAddressError,
    UsbAddress,
    parse_address,
)
from counter_tui.slips.document import Slip
from counter_tui.slips.escpos import encode


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("usb", UsbAddress()),
        ("usb:04b8:0e15", UsbAddress((0x04B8, 0x0E15))),
        ("usb:04B8:0E15", UsbAddress((0x04B8, 0x0E15))),
        ("tcp://192.168.0.20", TcpAddress("192.168.0.20", 9100)),
        ("tcp://192.168.0.20:9101", TcpAddress("192.168.0.20", 9101)),
        ("tcp://printer-1.example.jp/", TcpAddress("printer-1.example.jp", 9100)),
        ("tcp://[fe80::1]:9100", TcpAddress("fe80::1", 9100)),
        ("serial:/dev/ttyUSB0", SerialAddress(Path("/dev/ttyUSB0"), 9600)),
        ("serial:/dev/ttyUSB0?baud=19200", SerialAddress(Path("/dev/ttyUSB0"), 19200)),
        ("file:/dev/usb/lp0", FileAddress(Path("/dev/usb/lp0"))),
        ("file:/home/窓口/what is it?", FileAddress(Path("/home/窓口/what is it?"))),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must be like usb, "),
        (" usb", "must be like usb, "),
        ("USB", "must be like usb, "),
        ("lpt:1", "must be like usb, "),
        ("/dev/usb/lp0", "must be like usb, "),
        ("usb:", "two numbers"),
        ("usb:04b8", "two numbers"),
        ("usb:04b8:0e1", "two numbers"),
        ("usb:04b8:0e1g", "two numbers"),
        ("usb:04b8:0e15:1", "two numbers"),
        ("tcp:192.168.0.20", "tcp://192"),
        ("tcp://", "tcp://192"),
        ("tcp://:9100", "tcp://192"),
        ("tcp://host:", "tcp://192"),
        ("tcp://host:x", "tcp://192"),
        ("tcp://host:９１００", "tcp://192"),
        ("tcp://me@host", "tcp://192"),
        ("tcp://host/path", "tcp://192"),
        ("tcp://host:0", "from 1 to 65535"),
        ("tcp://host:70000", "from 1 to 65535"),
        ("serial:", "whole path"),
        ("serial:ttyUSB0", "whole path"),
        ("serial:?baud=9600", "whole path"),
        ("serial:/dev/ttyUSB0?", "baud= with one of 1200"),
        ("serial:/dev/ttyUSB0?baud=", "baud= with one of 1200"),
        ("serial:/dev/ttyUSB0?baud=9601", "baud= with one of 1200"),
        ("serial:/dev/ttyUSB0?speed=9600", "baud= with one of 1200"),
        ("file:", "whole path"),
        ("file:receipts", "whole path"),
        ("file:/", "whole path"),
        ("file:/tmp/", "whole path"),
        ("file:/tmp/a\0b", "whole path"),
        ("file:/tmp/a\n", "whole path"),
    ],
)
def test_what_is_none_is_said_clearly(text: str, reason: str) -> None:
    with pytest.raises(UnusableAddressError) as raised:
        parse_address(text)
    assert reason in str(raised.value)
    assert repr(text) in str(raised.value)


@pytest.mark.parametrize("content", [b"SQLite format 3\0", b"\x1b", b"\n", b"a letter"])
def test_a_file_of_something_else_takes_no_slips(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(content)
    (tmp_path / "linked").symlink_to(path)
    for text in (f"file:{path}", f"file:{tmp_path / 'linked'}"):
        with pytest.raises(UnusableAddressError) as raised:
            parse_address(text)
        assert str(raised.value) == (
            f"the printer's address {text!r} cannot be used: "
            "the file holds no slips, and one would spoil it: name a new file"
        )


def test_a_file_that_is_empty_or_has_slips_takes_more(tmp_path: Path) -> None:
    path = tmp_path / "slips"
    for content in (b"", encode(Slip("", ()))):
        path.write_bytes(content)
        assert parse_address(f"file:{path}") == FileAddress(path)


_PATHS = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters="?"), min_size=1
).map(lambda name: Path("/dev") / name.strip("/") / "x")
_HOSTS = st.text(string.ascii_letters + string.digits + ".-", min_size=1)
_ADDRESSES: st.SearchStrategy[Address] = st.one_of(
    st.builds(UsbAddress, st.none() | st.tuples(*[st.integers(0, 0xFFFF)] * 2)),
    st.builds(TcpAddress, _HOSTS | st.ip_addresses().map(str), st.integers(1, 65535)),
    st.builds(SerialAddress, _PATHS, st.sampled_from(BAUDS)),
    st.builds(FileAddress, _PATHS),
)


@given(_ADDRESSES)
def test_an_address_is_read_as_it_is_written(address: Address) -> None:
    assert parse_address(str(address)) == address


@given(
    st.one_of(
        st.text(),
        st.builds(
            str.__add__, st.sampled_from(("usb:", "tcp://", "serial:/", "file:/")), st.text()
        ),
        st.builds("tcp://host:{}".format, st.integers()),
        st.builds("tcp://[{}]:1".format, st.text(string.hexdigits + ":.")),
    )
)
def test_anything_else_is_unusable_and_nothing_worse(text: str) -> None:
    try:
        address = parse_address(text)
    except UnusableAddressError as error:
        assert repr(text) in str(error)
    else:
        assert parse_address(str(address)) == address
