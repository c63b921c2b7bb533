import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from counter_tui.printers import device_file
from counter_tui.printers.address import FileAddress
from counter_tui.printers.printer import PrinterError, PrinterState, Trouble
from counter_tui.printers.transports import open_printer
from tests.counter_tui.conftest import Disk

SHORT = 0.3
SLIP = bytes(range(256)) * 20
LONG = SLIP * 200
"""More than a pipe keeps."""

BLIND = PrinterState(None, paper_low=False, can_tell=False)


def failure(path: Path, data: bytes = SLIP) -> tuple[Trouble, bool]:
    with pytest.raises(PrinterError) as raised:
        open_printer(FileAddress(path), timeout=SHORT).print(data)
    return raised.value.trouble, raised.value.sent


def test_a_file_keeps_what_is_printed(tmp_path: Path) -> None:
    path = tmp_path / "printed"
    path.write_bytes(b"before\n")
    printer = open_printer(FileAddress(path))
    printer.print(SLIP)
    printer.print(b"two")
    assert path.read_bytes() == b"before\n" + SLIP + b"two"
    assert printer.state() == BLIND


def test_a_missing_file_is_made_private(tmp_path: Path) -> None:
    path = tmp_path / "printed"
    open_printer(FileAddress(path)).print(SLIP)
    assert path.read_bytes() == SLIP
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "printed"
    path.touch()
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda _descriptor: synced.append(path.read_bytes()))
    open_printer(FileAddress(path)).print(SLIP)
    assert synced == [SLIP]


@pytest.mark.parametrize("path", ["missing/printed", "."])
def test_what_is_no_file(tmp_path: Path, path: str) -> None:
    assert failure(tmp_path / path) == (Trouble.NOT_THERE, False)
    state = open_printer(FileAddress(tmp_path / path)).state()
    assert state == PrinterState(Trouble.NOT_THERE, paper_low=False, can_tell=False)


def test_an_unplugged_device_is_not_replaced_by_a_file() -> None:
    path = Path("/dev/jichipoint-no-such-printer")
    try:
        assert failure(path) == (Trouble.NOT_THERE, False)
        assert not path.exists()
    finally:
        path.unlink(missing_ok=True)


def test_a_file_that_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lp0"
    path.touch()
    path.chmod(0)
    if os.geteuid() == 0:  # whom no mode keeps out
        original = os.open

        def refuse(name: Path, *arguments: int) -> int:
            if name == path:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return original(name, *arguments)

        monkeypatch.setattr(os, "open", refuse)
    assert failure(path) == (Trouble.NOT_ALLOWED, False)
    assert open_printer(FileAddress(path)).state().trouble is Trouble.NOT_ALLOWED


def test_a_full_disk_keeps_no_part_of_a_slip(disk: Disk) -> None:
    path = disk.folder / "printed"
    open_printer(FileAddress(path)).print(b"one\n")
    assert failure(path, b"x" * 100_000) == (Trouble.FULL, False)
    assert path.read_bytes() == b"one\n"
    (disk.folder / "filler").unlink(missing_ok=True)


def test_a_full_device() -> None:
    assert failure(Path("/dev/full")) == (Trouble.FULL, False)


def test_a_printer_whose_driver_has_no_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    major = os.major(Path("/dev/full").stat().st_rdev)
    monkeypatch.setattr(device_file, "_PRINTER_MAJORS", {major})
    assert failure(Path("/dev/full")) == (Trouble.NO_PAPER, False)


def test_a_device_takes_bytes() -> None:
    printer = open_printer(FileAddress(Path("/dev/null")))
    printer.print(SLIP)
    assert printer.state() == BLIND


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "lp0"
    os.mkfifo(path)
    return path


@pytest.fixture
def reader(pipe: Path) -> Iterator[int]:
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    yield descriptor
    try:
        os.close(descriptor)
    except OSError:
        return  # the test did


def test_a_device_that_nobody_serves(pipe: Path) -> None:
    assert failure(pipe) == (Trouble.NOT_THERE, False)
    assert open_printer(FileAddress(pipe), timeout=SHORT).state().trouble is Trouble.NOT_THERE


def test_what_is_no_printer_is_not_written(
    pipe: Path, reader: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Stands for a disk, which no test may write.
    monkeypatch.setattr(stat, "S_ISFIFO", lambda _mode: False)
    assert failure(pipe) == (Trouble.NOT_THERE, False)


def test_a_device_takes_what_a_device_takes(pipe: Path, reader: int) -> None:
    open_printer(FileAddress(pipe)).print(SLIP)
    assert os.read(reader, 2 * len(SLIP)) == SLIP


def test_a_device_that_hangs_in_the_middle(pipe: Path, reader: int) -> None:
    assert failure(pipe, LONG) == (Trouble.SILENT, True)


def test_a_device_that_hangs_from_the_start(pipe: Path, reader: int) -> None:
    writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        assert failure(pipe) == (Trouble.SILENT, False)
    finally:
        os.close(writer)


def test_a_device_that_vanishes_in_the_middle(
    pipe: Path, reader: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    left = 1000

    def vanish(descriptor: int, data: bytes) -> int:
        nonlocal left
        left -= len(data)
        if left < 0 <= left + len(data):
            os.close(reader)
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", vanish)
    assert failure(pipe) == (Trouble.NOT_THERE, True)


def test_printing_into_a_file_loads_no_package_of_printers(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from counter_tui.printers.address import FileAddress
from counter_tui.printers.printing import Printing, is_printed
from counter_tui.slips.document import Line, Rule, Slip
from counter_tui.slips.escpos import Paper
folder = Path(sys.argv[1])
printing = Printing(FileAddress(folder / "lp0"), Paper(), folder / "queue")
printing.start(lambda _state: None)
slip = Slip("領収", (Line("ポイント利用", large=True), Rule()))
assert is_printed(printing.print(slip))
printing.stop()
unwanted = {"escpos", "PIL", "qrcode", "barcode", "yaml", "usb", "serial"} & set(sys.modules)
assert not unwanted, unwanted
"""
    subprocess.run([sys.executable, "-c", script, tmp_path], check=True)
    assert (tmp_path / "lp0").stat().st_size
