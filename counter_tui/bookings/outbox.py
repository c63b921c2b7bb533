"""Booking requests on disk, from before they are sent until their end is known (USE-5).

A folder with one JSON file a request. A file that cannot be read as such is kept and reported:
points may hang on it.
"""

import base64
import binascii
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from counter_tui.core import files

FORMAT = "jichipoint-outbox"
VERSION = 1
FILE_BYTES_MAX = 1 << 20

_REQUEST_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_METHOD = re.compile("[A-Za-z]{1,40}")
_KEYS = frozenset(
    ("format", "version", "request_id", "method", "request", "created_at", "abandoned", "answer")
)


class OutboxError(Exception):
    """The outbox cannot be written or listed; nothing may be sent."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A booking request whose end is not settled yet.

    The method is the service's, such as "Spend"; request and answer are serialized messages.
    """

    request_id: str
    method: str
    request: bytes
    created_at: datetime
    abandoned: bool
    """The operator wants to give it up: settle it, do not send it again."""
    answer: bytes | None
    """Known where something is left to do, such as delivering a merge file."""

    def __post_init__(self) -> None:
        if not _REQUEST_ID.fullmatch(self.request_id):
            raise ValueError(f"not a request ID: {self.request_id!r}")
        if not _METHOD.fullmatch(self.method):
            raise ValueError(f"not a method: {self.method!r}")
        if self.created_at.tzinfo is None:
            raise ValueError("created_at has no time zone")


@dataclass(frozen=True, slots=True)
class OutboxFault:
    """A file in the outbox that cannot be read; it is left as it is."""

    path: Path
    message: str


class Outbox:
    """A folder of entries, for one application at a time."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, made where it is missing (0700). Raises OutboxError."""
        self._folder = folder
        with _plain_errors("cannot be opened", folder):
            files.make_folder(folder)
            # Never renamed, so never sent: what a crash left of them is of no use.
            for part in folder.glob(".*.json.part"):
                part.unlink()

    def put(self, entry: Entry) -> None:
        """Keep an entry; it is on the disk on return. Only then may it be sent.

        Raises OutboxError, also for a request ID that is kept already; entries() shows what is.
        """
        path = self._path(entry.request_id)
        if os.path.lexists(path):
            raise OutboxError(f"the outbox has a request {entry.request_id} already")
        with _plain_errors("cannot be written", path):
            files.replace(path, _to_bytes(entry))

    def replace(self, entry: Entry) -> None:
        """Keep an entry in the place of the one with its request ID.

        Raises OutboxError; then one of the two is kept, whole.
        """
        path = self._path(entry.request_id)
        self._check_readable(path)
        with _plain_errors("cannot be written", path):
            files.replace(path, _to_bytes(entry))

    def remove(self, request_id: str) -> None:
        """Forget an entry whose end is known; one that is not there is done. Raises OutboxError."""
        path = self._path(request_id)
        if os.path.lexists(path):
            self._check_readable(path)
        with _plain_errors("cannot be removed", path):
            path.unlink(missing_ok=True)
            files.sync_folder(self._folder)

    def entries(self) -> list[Entry]:
        """Return the entries, oldest first. Raises OutboxError where the folder cannot be read."""
        entries = [item for item in self._read_all() if isinstance(item, Entry)]
        return sorted(entries, key=lambda entry: (entry.created_at, entry.request_id))

    def faults(self) -> list[OutboxFault]:
        """Return the files that cannot be read, by name. Raises OutboxError as entries() does."""
        return [item for item in self._read_all() if isinstance(item, OutboxFault)]

    def _path(self, request_id: str) -> Path:
        if not _REQUEST_ID.fullmatch(request_id):
            raise ValueError(f"not a request ID: {request_id!r}")
        return self._folder / f"{request_id}.json"

    def _check_readable(self, path: Path) -> None:
        kept = _read(path)
        if isinstance(kept, OutboxFault):
            raise OutboxError(f"{kept.path}: {kept.message}")

    def _read_all(self) -> list[Entry | OutboxFault]:
        with _plain_errors("cannot be read", self._folder):
            paths = sorted(path for path in self._folder.iterdir() if path.name[0] != ".")
        return [_read(path) for path in paths]


@contextmanager
def _plain_errors(what: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutboxError(f"{path} {what}: {error.strerror or error}") from error


def _read(path: Path) -> Entry | OutboxFault:
    try:
        return _from_bytes(_content(path), path.name)
    except OSError as error:
        return OutboxFault(path, f"cannot be read: {error.strerror or error}")
    except (ValueError, RecursionError) as error:
        return OutboxFault(path, f"is not an entry of this outbox: {error}")


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError("not a file")
    with path.open("rb") as file:
        content = file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise ValueError("too large")
    return content


def _to_bytes(entry: Entry) -> bytes:
    fields: dict[str, object] = {
        "format": FORMAT,
        "version": VERSION,
        "request_id": entry.request_id,
        "method": entry.method,
        "request": _base64(entry.request),
        "created_at": entry.created_at.isoformat(),
        "abandoned": entry.abandoned,
        "answer": None if entry.answer is None else _base64(entry.answer),
    }
    return json.dumps({**fields, "sha256": _checksum(fields)}, indent=1).encode() + b"\n"


def _from_bytes(content: bytes, name: str) -> Entry:
    document = json.loads(content)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError("another format")
    if document.get("version") != VERSION:
        raise ValueError(f"version {document.get('version')!r}")
    checksum = document.pop("sha256", None)
    if document.keys() != _KEYS or checksum != _checksum(document):
        raise ValueError("damaged")
    entry = _entry(document)
    if name != f"{entry.request_id}.json":
        raise ValueError("the name is another request's")
    return entry


def _entry(document: dict[str, object]) -> Entry:
    answer = document["answer"]
    return Entry(
        request_id=_text(document["request_id"]),
        method=_text(document["method"]),
        request=_bytes(document["request"]),
        created_at=datetime.fromisoformat(_text(document["created_at"])),
        abandoned=_flag(document["abandoned"]),
        answer=None if answer is None else _bytes(answer),
    )


def _checksum(fields: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a field that is not text")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("a field that is neither true nor false")
    return value


def _bytes(value: object) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except binascii.Error as error:
        raise ValueError(f"base64: {error}") from error
