"""A disk that can be filled and made read-only: a real one where the tests may mount one."""

import errno
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

SIZE_BYTES = 32 * 1024


class Disk(Protocol):
    folder: Path

    def fill(self) -> None:
        """Leave no byte free."""

    def set_read_only(self, read_only: bool) -> None: ...


class RealDisk:
    """A tmpfs of a few pages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mount(self) -> bool:
        options = f"size={SIZE_BYTES}"
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(self.folder)]
        try:
            return subprocess.run(command, check=False, capture_output=True).returncode == 0
        except OSError:
            return False

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True, capture_output=True)

    def fill(self) -> None:
        with (self.folder / "filler").open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                return

    def set_read_only(self, read_only: bool) -> None:
        option = "remount,ro" if read_only else "remount,rw"
        command = ["mount", "-o", option, str(self.folder)]
        subprocess.run(command, check=True, capture_output=True)


class PretendDisk:
    """The system calls of such a disk, for those who may not mount one."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._free_bytes = SIZE_BYTES
        self._is_read_only = False
        self._write = os.write
        self._open = os.open
        patch.setattr(os, "write", self._write_while_free)
        patch.setattr(os, "open", self._open_for_reading)
        for call in ("unlink", "mkdir", "link", "rename"):
            patch.setattr(os, call, self._unless_read_only(getattr(os, call)))

    def fill(self) -> None:
        self._free_bytes = 0

    def set_read_only(self, read_only: bool) -> None:
        self._is_read_only = read_only

    def _write_while_free(self, descriptor: int, data: bytes) -> int:
        if len(data) > self._free_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._free_bytes -= len(data)
        return self._write(descriptor, data)

    def _open_for_reading(self, path: Any, flags: int, *arguments: Any, **named: Any) -> int:
        if self._is_read_only and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return self._open(path, flags, *arguments, **named)

    def _unless_read_only(self, call: Callable[..., None]) -> Callable[..., None]:
        def checked(*arguments: Any, **named: Any) -> None:
            if self._is_read_only:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))
            call(*arguments, **named)

        return checked


def _can_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        disk = RealDisk(Path(folder))
        if not disk.mount():
            return False
        disk.unmount()
        return True


@pytest.fixture(params=["pretend", "real"] if _can_mount() else ["pretend"])
def disk(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param == "pretend":
        yield PretendDisk(folder, monkeypatch)
        monkeypatch.undo()
        return
    real = RealDisk(folder)
    assert real.mount()
    yield real
    real.unmount()
