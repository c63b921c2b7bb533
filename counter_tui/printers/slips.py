"""Slips on disk: one file each, whole or not there.

A slip's name says how it stands: NUMBER.slip waits; NUMBER.printing is being printed, or was when
the application ended, so that some of it may be on paper.
"""

import base64
import binascii
import fcntl
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from counter_tui.core import files

FORMAT = "jichipoint-slip"
VERSION = 1
DATA_BYTES_MAX = 8 << 20

_FILE_BYTES_MAX = 2 * DATA_BYTES_MAX
_NAME = re.compile(r"([0-9]{16})\.(slip|printing)")
_KEYS = frozenset(("format", "version", "title", "data"))


@dataclass(frozen=True, slots=True)
class Slip:
    """Something to be printed."""

    id: int
    title: str


@dataclass(frozen=True, slots=True)
class KeptSlip:
    """A slip as a folder keeps it."""

    slip: Slip
    data: bytes
    was_printing: bool


class SlipFolder:
    """A folder of slips, for one application at a time. Its methods raise OSError."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, made where it is missing (0700).

        Raises OSError, BlockingIOError where another application has it.
        """
        files.make_folder(folder)
        self._folder = folder
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        self._lock = os.open(folder, flags)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise

    def close(self) -> None:
        """Let another application have the folder."""
        os.close(self._lock)

    def read(self) -> tuple[list[KeptSlip], list[Path]]:
        """Return the slips, oldest first, and the damaged files, set aside under other names."""
        for part in self._folder.glob(".*.part"):
            part.unlink()
        kept: list[KeptSlip] = []
        damaged = sorted(self._folder.glob("*.damaged"))
        for path in sorted(self._folder.iterdir()):
            match = _NAME.fullmatch(path.name)
            if match is None:
                continue
            try:
                if kept and kept[-1].slip.id == int(match[1]):
                    raise ValueError("the same slip twice")
                title, data = _from_bytes(_content(path))
            except (OSError, ValueError, RecursionError):
                damaged.append(_set_aside(path))
            else:
                slip = Slip(int(match[1]), title)
                kept.append(KeptSlip(slip, data, match[2] == "printing"))
        return kept, damaged

    def write(self, slip: Slip, data: bytes) -> None:
        """Keep a slip that waits; it is on the disk on return, and not there on OSError."""
        files.replace(self._waiting(slip), _to_bytes(slip.title, data))

    def mark_printing(self, slip: Slip) -> None:
        """Make durable that some of the slip may be on paper from now on."""
        self._rename(self._waiting(slip), self._printing(slip))

    def mark_waiting(self, slip: Slip) -> None:
        """Make durable that the slip waits."""
        self._rename(self._printing(slip), self._waiting(slip))

    def remove(self, slip: Slip) -> None:
        """Forget a slip."""
        self._waiting(slip).unlink(missing_ok=True)
        self._printing(slip).unlink(missing_ok=True)
        files.sync_folder(self._folder)

    def _rename(self, old: Path, new: Path) -> None:
        # The new name alone is there where an earlier renaming back was refused.
        if not new.exists():
            os.rename(old, new)  # noqa: PTH104 -- beside os.fsync, by their names
        files.sync_folder(self._folder)

    def _waiting(self, slip: Slip) -> Path:
        return self._folder / f"{slip.id:016d}.slip"

    def _printing(self, slip: Slip) -> Path:
        return self._folder / f"{slip.id:016d}.printing"


def _set_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.name}.damaged")
    if os.path.lexists(aside):
        return path
    try:
        return path.rename(aside)
    except OSError:
        return path


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError("not a file")
    with path.open("rb") as file:
        content = file.read(_FILE_BYTES_MAX + 1)
    if len(content) > _FILE_BYTES_MAX:
        raise ValueError("too large")
    return content


def _to_bytes(title: str, data: bytes) -> bytes:
    fields: dict[str, object] = {
        "format": FORMAT,
        "version": VERSION,
        "title": title,
        "data": base64.b64encode(data).decode("ascii"),
    }
    return json.dumps({**fields, "sha256": _checksum(fields)}, indent=1).encode() + b"\n"


def _from_bytes(content: bytes) -> tuple[str, bytes]:
    document = json.loads(content)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError("another format")
    if document.get("version") != VERSION:
        raise ValueError("another version")
    checksum = document.pop("sha256", None)
    if document.keys() != _KEYS or checksum != _checksum(document):
        raise ValueError("damaged")
    title, data = document["title"], document["data"]
    if not isinstance(title, str) or not isinstance(data, str):
        raise ValueError("a field that is not text")
    try:
        return title, base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ValueError(f"base64: {error}") from error


def _checksum(fields: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
