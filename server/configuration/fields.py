"""Every field of the configuration: where it stands, what it must be, which option it is for."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from server.db.errors import UnusableDatabaseError
from server.db.postgres import without_password
from server.db.sqlite import sqlite_path, sqlite_url
from server.timekeeping.values import QUIET_HOURS_LEAST, QUIET_HOURS_MOST

PROCESSES_MAX = 64
LOG_FORMS = ("text", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")
_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+):[0-9]{1,5}")

Value = str | int | Path | tuple[Path, ...]
Check = Callable[[object, Path], Value]
"""Returns what a field says, paths from a folder on; raises ValueError with what it must be."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field, `name` in `[table]`."""

    table: str
    name: str
    check: Check
    option: str
    """The parameter of the commands that it is a default of."""

    @property
    def variable(self) -> str:
        """The environment variable that says the same, and counts for more than the file."""
        return f"JICHIPOINT_{self.table}_{self.name}".upper()


def database_url(value: object, folder: Path) -> str:
    """Return a database's URL; a relative file is seen from the folder."""
    text = _text(value)
    scheme = text.partition(":")[0]
    if scheme in ("postgresql", "postgres"):
        return text
    try:
        path = sqlite_path(text) if scheme == "sqlite" else None
    except UnusableDatabaseError:
        path = None
    if path is None:
        raise ValueError(
            f"{without_password(text)}: give sqlite:///FILE or postgresql://USER@HOST/NAME"
        )
    return text if path.is_absolute() else sqlite_url(folder / path)


def address(value: object, _folder: Path) -> str:
    """Return HOST:PORT; an IPv6 host stands in brackets."""
    text = _text(value)
    if not _ADDRESS.fullmatch(text) or int(text.rpartition(":")[2]) > 65_535:
        raise ValueError(f"{text!r} is not HOST:PORT")
    return text


def file(value: object, folder: Path) -> Path:
    """Return a file that is there."""
    path = folder / _text(value)
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


def files(value: object, folder: Path) -> tuple[Path, ...]:
    """Return files that are there; in the environment they stand with a colon between them."""
    names = value.split(os.pathsep) if isinstance(value, str) else value
    if not isinstance(names, list):
        raise ValueError("give a list of files")
    return tuple(file(name, folder) for name in names)


def whole_number(least: int, most: int) -> Check:
    """Return the check of a whole number between two."""

    def check(value: object, _folder: Path) -> int:
        text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if not re.fullmatch("[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f"{value!r} is not a whole number from {least} to {most}")
        return int(text)

    return check


def web_address(value: object, _folder: Path) -> str:
    """Return the address of a web server."""
    text = _text(value)
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        known = None
    if not known:
        raise ValueError("it is no address that begins with http:// or https://")
    return text


def one_of(*choices: str) -> Check:
    """Return the check of a field with few values."""

    def check(value: object, _folder: Path) -> str:
        if value not in choices:
            raise ValueError(f"{value!r} is none of {', '.join(choices)}")
        return str(value)

    return check


FIELDS = (
    Field("ledger", "database", database_url, "database"),
    Field("ledger", "training_database", database_url, "training_database"),
    Field("ledger", "master_key_file", file, "master_key_file"),
    Field("server", "listen", address, "listen"),
    Field("server", "processes", whole_number(1, PROCESSES_MAX), "processes"),
    Field("tls", "certificate", file, "tls_certificate"),
    Field("tls", "key", file, "tls_key"),
    Field("tls", "client_authority", file, "tls_client_authority"),
    Field("cards", "authorities", files, "authorities"),
    Field("cards", "test_authorities", files, "test_authorities"),
    Field("cards", "revocation_lists", files, "revocation_lists"),
    Field("cards", "ocsp", web_address, "ocsp"),
    Field(
        "clock",
        "quiet_hours_max",
        whole_number(QUIET_HOURS_LEAST, QUIET_HOURS_MOST),
        "quiet_hours_max",
    ),
    Field("metrics", "listen", address, "metrics_listen"),
    Field("logs", "form", one_of(*LOG_FORMS), "log_form"),
    Field("logs", "level", one_of(*LOG_LEVELS), "log_level"),
    Field("tracing", "endpoint", web_address, "trace_endpoint"),
)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("give a text that is not empty")
    return value
