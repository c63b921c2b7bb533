import os
from pathlib import Path

import pytest

from counter_tui.core.printing import PrinterError, ReceiptPrinter
from counter_tui.virtual.printer import VirtualPrinter


def test_receipts_follow_one_another(tmp_path: Path) -> None:
    path = tmp_path / "printed"
    printer: ReceiptPrinter = VirtualPrinter(path)
    printer.print(b"\x1b@one")
    printer.print(b"\x1b@two")
    assert path.read_bytes() == b"\x1b@one\x1b@two"


def test_it_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    VirtualPrinter(tmp_path / "printed").print(b"one")
    assert len(synced) == 1


def test_a_write_may_take_a_few_bytes_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    VirtualPrinter(tmp_path / "printed").print(b"0123456789")
    assert (tmp_path / "printed").read_bytes() == b"0123456789"


@pytest.mark.parametrize("path", ["missing/printed", "."])
def test_trouble_is_said_in_words(tmp_path: Path, path: str) -> None:
    with pytest.raises(PrinterError, match="cannot be written") as raised:
        VirtualPrinter(tmp_path / path).print(b"one")
    assert raised.value.message == str(raised.value)


def test_no_paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(PrinterError, match="No space left"):
        VirtualPrinter(tmp_path / "printed").print(b"one")
