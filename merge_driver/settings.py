"""The driver's configuration: a TOML file, checked as a whole before anything is done."""

import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from merge_driver.address import is_address
from merge_driver.errors import SettingsError

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_TIMEOUT_SECONDS: Final = 10.0
_TIMEOUT_SECONDS_MAX: Final = 600.0
_ATTEMPTS: Final = 4
_ATTEMPTS_MAX: Final = 20


class OutputKind(StrEnum):
    """Where records are handed on to (DRV-4)."""

    JSONL = "jsonl"
    CSV = "csv"
    HTTP = "http"
    COMMAND = "command"
    PYTHON = "python"


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """The table `output`. What its kind does not need is left at its default."""

    kind: OutputKind
    path: Path = Path()
    encoding: str = "utf-8"
    url: str = ""
    token_file: Path | None = None
    attempts: int = _ATTEMPTS
    command: tuple[str, ...] = ()
    timeout_seconds: float = _TIMEOUT_SECONDS


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """A certificate that the server knows the street by, and its key, in PEM (SEC-1)."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Settings:
    """What a driver works with. Paths are as they are in the file, from its folder."""

    spool: Path
    keys: Path
    journal: Path
    output: OutputSettings
    acknowledge: bool
    """Whether the server is told what was taken (MRG-8)."""
    server: str
    """Its HOST:PORT; '' for that in the newest key file."""
    certificate_authority: Path | None
    """Signs the server's certificate; None for the system's authorities."""
    client_identity: ClientIdentity | None = None
    """What the driver shows of itself; None for nothing."""


_OUTPUT_FIELDS: Final = {
    OutputKind.JSONL: {"path"},
    OutputKind.CSV: {"path", "encoding"},
    OutputKind.HTTP: {"url", "token_file", "timeout_seconds", "attempts"},
    OutputKind.COMMAND: {"command", "timeout_seconds"},
    OutputKind.PYTHON: set[str](),
}


def load_settings(path: Path) -> Settings:
    """Return the settings in a TOML file, or raise SettingsError with everything wrong in it."""
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not UTF-8: save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from None
    reader = _Reader(path.parent, content)
    settings = _settings(reader)
    if reader.faults or settings is None:
        raise SettingsError("\n".join(f"{path}: {fault}" for fault in reader.faults))
    return settings


def _settings(reader: "_Reader") -> Settings | None:
    spool = reader.folder("spool")
    keys = reader.folder("keys")
    journal = reader.file("journal")
    acknowledge = reader.flag("acknowledge")
    server = reader.text("server", default="")
    if server and not is_address(server):
        reader.fault(f"server {server!r} is not HOST:PORT")
    authority = reader.existing_file("certificate_authority")
    if not acknowledge and (server or authority is not None):
        reader.fault("server and certificate_authority go with acknowledge = true")
    identity = _client_identity(reader, acknowledge=acknowledge)
    output = _output(reader)
    reader.refuse_others()
    if spool and keys and journal and output:
        to_server = (acknowledge, server or "", authority, identity)
        return Settings(spool, keys, journal, output, *to_server)
    return None


def _client_identity(reader: "_Reader", *, acknowledge: bool) -> ClientIdentity | None:
    certificate = reader.existing_file("client_certificate")
    key = reader.existing_file("client_key")
    if key is not None and key.stat().st_mode & 0o077:
        reader.fault(f"client_key {key}: others can read it; run chmod 600 on it")
    if certificate is not None and key is not None:
        if not acknowledge:
            reader.fault("client_certificate goes with acknowledge = true")
        return ClientIdentity(certificate, key)
    if certificate is not None or key is not None:
        reader.fault("client_certificate and client_key go together")
    return None


def _output(outer: "_Reader") -> OutputSettings | None:
    reader = outer.table("output")
    if reader is None:
        return None
    name = reader.text("kind")
    try:
        kind = OutputKind(name or "")
    except ValueError:
        if name is not None:
            reader.fault(f"kind {name!r} is none of {', '.join(OutputKind)}")
        return None
    reader.allow(_OUTPUT_FIELDS[kind])
    settings = _OF_KIND[kind](reader, kind)
    reader.refuse_others()
    return settings


def _to_file(reader: "_Reader", kind: OutputKind) -> OutputSettings | None:
    path = reader.file("path")
    encoding = reader.text("encoding", default="utf-8") or ""
    if encoding not in ("utf-8", "shift_jis"):
        reader.fault(f"encoding {encoding!r} is neither utf-8 nor shift_jis")
    return OutputSettings(kind, path=path, encoding=encoding) if path else None


def _to_http(reader: "_Reader", kind: OutputKind) -> OutputSettings | None:
    url = reader.text("url")
    if url is not None and (why := _why_no_url(url)):
        reader.fault(f"url {url!r}: {why}")
    token_file = reader.existing_file("token_file")
    if token_file is not None and token_file.stat().st_mode & 0o077:
        reader.fault(f"token_file {token_file}: others can read it; run chmod 600 on it")
    return OutputSettings(
        kind,
        url=url or "",
        token_file=token_file,
        timeout_seconds=reader.seconds("timeout_seconds", _TIMEOUT_SECONDS),
        attempts=reader.count("attempts", _ATTEMPTS, _ATTEMPTS_MAX),
    )


def _to_command(reader: "_Reader", kind: OutputKind) -> OutputSettings | None:
    command = reader.texts("command")
    if command and shutil.which(command[0]) is None:
        reader.fault(f"command {command[0]!r} is no program that can be run here")
    timeout_seconds = reader.seconds("timeout_seconds", _TIMEOUT_SECONDS)
    return OutputSettings(kind, command=command, timeout_seconds=timeout_seconds)


def _to_python(_reader: "_Reader", kind: OutputKind) -> OutputSettings | None:
    return OutputSettings(kind)


_OF_KIND: Final = {
    OutputKind.JSONL: _to_file,
    OutputKind.CSV: _to_file,
    OutputKind.HTTP: _to_http,
    OutputKind.COMMAND: _to_command,
    OutputKind.PYTHON: _to_python,
}


def _why_no_url(url: str) -> str:
    """Say why points cannot be sent there; '' where they can."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme not in ("http", "https") or not host:
        return "not the address of a web server"
    if parts.username is not None or parts.password is not None:
        return "a password does not belong into the address; use token_file"
    if parts.scheme == "http" and host not in _LOOPBACK:
        return "points go to other machines by https only"
    return ""


class _Reader:
    """Reads the fields of a table, and keeps what is wrong with them."""

    def __init__(
        self,
        folder: Path,
        table: Mapping[str, object],
        name: str = "",
        faults: list[str] | None = None,
    ) -> None:
        self.faults: list[str] = [] if faults is None else faults
        self._folder = folder
        self._table = table
        self._prefix = f"{name}." if name else ""
        self._asked: set[str] = set()

    def fault(self, text: str) -> None:
        """Note something that is wrong."""
        self.faults.append(self._prefix + text)

    def allow(self, names: set[str]) -> None:
        """Refuse all fields but these and those that were asked for."""
        for name in sorted(self._table.keys() - names - self._asked):
            self.fault(f"{name} is not a field of this kind of output")
        self._asked |= self._table.keys()

    def refuse_others(self) -> None:
        """Refuse the fields that nobody asked for."""
        for name in sorted(self._table.keys() - self._asked):
            self.fault(f"{name} is not known")

    def table(self, name: str) -> "_Reader | None":
        """Return the reader of a table in this one."""
        value = self._required(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fault(f"{name} is not a table")
            return None
        return _Reader(self._folder, value, self._prefix + name, self.faults)

    def text(self, name: str, default: str | None = None) -> str | None:
        """Return a text that is not empty, unless that is what it is by default."""
        value = self._required(name) if default is None else self._get(name, default)
        if value is None or (isinstance(value, str) and (value or value == default)):
            return value
        self.fault(f"{name} is not a text")
        return None

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of at least one text."""
        value = self._required(name)
        if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            return tuple(value)
        if value is not None:
            self.fault(f"{name} is not a list of texts")
        return ()

    def flag(self, name: str) -> bool:
        """Return true or false; false where nothing is said."""
        value = self._get(name, default=False)
        if isinstance(value, bool):
            return value
        self.fault(f"{name} is neither true nor false")
        return False

    def count(self, name: str, default: int, most: int) -> int:
        """Return a whole number from 1 on."""
        value = self._get(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
            return value
        self.fault(f"{name} is not a whole number from 1 to {most}")
        return default

    def seconds(self, name: str, default: float) -> float:
        """Return a time."""
        value = self._get(name, default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and 0 < value <= _TIMEOUT_SECONDS_MAX:  # type: ignore[operator]
            return float(value)  # type: ignore[arg-type]
        self.fault(f"{name} is not a number of seconds up to {_TIMEOUT_SECONDS_MAX:g}")
        return default

    def folder(self, name: str) -> Path | None:
        """Return a folder that is there."""
        path = self._path(name)
        if path is not None and not path.is_dir():
            self.fault(f"{name} {path}: there is no such folder")
            return None
        return path

    def file(self, name: str) -> Path | None:
        """Return a file whose folder is there."""
        path = self._path(name)
        if path is not None and not path.parent.is_dir():
            self.fault(f"{name} {path}: there is no such folder")
            return None
        return path

    def existing_file(self, name: str) -> Path | None:
        """Return a file that is there; None where none is named."""
        if name not in self._table:
            return None
        path = self._path(name)
        if path is not None and not path.is_file():
            self.fault(f"{name} {path}: there is no such file")
            return None
        return path

    def _path(self, name: str) -> Path | None:
        text = self.text(name)
        return self._folder / text if text else None

    def _get(self, name: str, default: object) -> object:
        self._asked.add(name)
        return self._table.get(name, default)

    def _required(self, name: str) -> object:
        value = self._get(name, None)
        if value is None:
            self.fault(f"{name} is missing")
        return value
