"""Key files: what the server hands to a street once, and how the street reads them."""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from merge_driver.codec import IdKind, Profile, StreetKey
from merge_driver.errors import KeyFileError
from merge_driver.files import open_regular, write_new

__all__ = [
    "KeyFile",
    "KeyFileError",
    "dump_key_file",
    "import_key_file",
    "load_key_file",
    "load_key_files",
    "load_keys",
    "newest",
]

KEY_FILE_FORMAT: Final = "jichipoint-merge-key"
KEY_FILE_VERSION: Final = 1
_KEY_FILE_BYTES_MAX: Final = 64 * 1024

_FIELDS: Final = frozenset(
    (
        "format",
        "version",
        "issuer_id",
        "profile",
        "key_id",
        "key",
        "secret",
        "id_kind",
        "id_pattern",
        "server",
        "client_secret",
        "valid_from",
        "valid_until",
    )
)
Given = TypeVar("Given")
Kind = TypeVar("Kind")

_KEY_HEX: Final = re.compile(r"[0-9A-Fa-f]{32}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key, and how the street's system signs in to the server that made it."""

    key: StreetKey
    server: str
    """HOST:PORT."""
    client_secret: str = field(repr=False)


def dump_key_file(key: StreetKey, server: str, client_secret: str) -> str:
    """Return the text of a key file; it is to be written with mode 0600."""
    fields: dict[str, str | int | None] = {
        "format": KEY_FILE_FORMAT,
        "version": KEY_FILE_VERSION,
        "issuer_id": key.issuer_id,
        "profile": int(key.profile),
        "key_id": key.key_id,
        "key": key.key.hex(),
        "secret": key.secret,
        "id_kind": str(key.id_kind),
        "id_pattern": key.id_pattern,
        "server": server,
        "client_secret": client_secret,
        "valid_from": key.valid_from.isoformat(),
        "valid_until": key.valid_until.isoformat() if key.valid_until else None,
    }
    return json.dumps(fields, ensure_ascii=False, indent=2) + "\n"


def load_key_file(path: Path) -> KeyFile:
    """Return what a key file holds, or raise KeyFileError with one message that says what to do."""
    try:
        content, is_private = _read(path)
        file = _key_file(_parse_object(content))
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise KeyFileError(
            f"{path}: {error}; put the key file back as the server handed it over"
        ) from None
    if not is_private:
        raise KeyFileError(f"{path}: others can read the key; run chmod 600 on it")
    return file


def load_key_files(folder: Path) -> dict[Path, KeyFile]:
    """Return all key files (`*.json`) of the folder, by name, or raise KeyFileError.

    Names that begin with a dot are left alone. All keys belong to one issuer.
    """
    found = {path: load_key_file(path) for path in _paths(folder)}
    if not found:
        raise KeyFileError(f"{folder}: no key file (*.json); put the street's key file there")
    _check_together({path: file.key for path, file in found.items()})
    return found


def load_keys(folder: Path) -> list[StreetKey]:
    """Return the keys in a folder's key files, or raise KeyFileError."""
    return [file.key for file in load_key_files(folder).values()]


def newest(files: Iterable[KeyFile]) -> KeyFile:
    """Return the key file that was handed over last."""
    return max(files, key=lambda file: (file.key.valid_from, file.key.key_id))


def import_key_file(source: Path, folder: Path) -> tuple[Path, bool]:
    """Put a key file into the keys folder; return where it is, and whether it is new there.

    It appears there whole and synced, for its owner alone, under a name made of issuer and key
    ID. Raises KeyFileError where it does not belong to those that are there; nothing is replaced.
    """
    file = load_key_file(source)
    target = folder / f"{file.key.issuer_id}-{file.key.key_id}.json"
    try:
        found = {path: load_key_file(path) for path in _paths(folder)}
        for path, one in found.items():
            if one == file:
                return path, False
        _check_together({**{path: one.key for path, one in found.items()}, source: file.key})
        text = dump_key_file(file.key, file.server, file.client_secret)
        write_new(target, text.encode("utf-8"), 0o600)
    except FileExistsError:
        raise KeyFileError(f"{target}: there is another file of this name; remove it") from None
    except OSError as error:
        raise KeyFileError(f"{target}: cannot be written: {error.strerror}") from None
    return target, True


def _paths(folder: Path) -> list[Path]:
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise KeyFileError(f"{folder}: the keys folder cannot be read: {error.strerror}") from None
    return [folder / name for name in names if name.lower().endswith(".json") and name[0] != "."]


def _check_together(keys: Mapping[Path, StreetKey]) -> None:
    first_path, first = next(iter(keys.items()))
    path_of: dict[int, Path] = {}
    for path, key in keys.items():
        if key.issuer_id != first.issuer_id:
            raise KeyFileError(
                f"{path}: issuer {key.issuer_id}, but {first_path} has {first.issuer_id}; "
                "keep one keys folder for each issuer"
            )
        if key.key_id in path_of:
            raise KeyFileError(
                f"{path}: key ID {key.key_id} is in {path_of[key.key_id]} too; remove one of them"
            )
        path_of[key.key_id] = path


def _read(path: Path) -> tuple[str, bool]:
    """Return the text of a regular file, and whether only its owner can read it."""
    file = open_regular(path)
    if file is None:
        raise KeyFileError(f"{path}: not a file; put the street's key file there")
    with file:
        is_private = os.fstat(file.fileno()).st_mode & 0o077 == 0
        content = file.read(_KEY_FILE_BYTES_MAX + 1)
    if len(content) > _KEY_FILE_BYTES_MAX:
        raise ValueError("too large for a key file")
    return content.decode("utf-8-sig"), is_private


def _parse_object(text: str) -> Mapping[str, object]:
    """Return the fields of a key file of our format and version, or raise ValueError."""
    try:
        fields: object = json.loads(text, object_pairs_hook=_unique)
    except (json.JSONDecodeError, RecursionError):
        raise ValueError("not JSON") from None
    if not isinstance(fields, dict) or fields.get("format") != KEY_FILE_FORMAT:
        raise ValueError("not a merge key file")
    if _integer(fields.get("version"), "version") != KEY_FILE_VERSION:
        raise ValueError(f"version {fields['version']} of the format is not known to this driver")
    for name in sorted(fields.keys() - _FIELDS):
        raise ValueError(f"unknown field {name!a}")
    for name in sorted(_FIELDS - fields.keys()):
        raise ValueError(f"{name} is missing")
    return fields


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field is there twice")
    return fields


def _key_file(fields: Mapping[str, object]) -> KeyFile:
    """Return what the fields say, every one checked, or raise ValueError."""
    profile = _one_of(Profile, _integer(fields["profile"], "profile"), "profile")
    id_pattern = _text(fields["id_pattern"], "id_pattern")
    if profile is Profile.CBC_MD5 and not id_pattern:
        raise ValueError("profile 1 needs an id_pattern")
    key_hex = _text(fields["key"], "key")
    if not _KEY_HEX.fullmatch(key_hex):
        raise ValueError("key is not 32 hex digits")
    until = fields["valid_until"]
    key = StreetKey(
        issuer_id=_text(fields["issuer_id"], "issuer_id"),
        profile=profile,
        key_id=_integer(fields["key_id"], "key_id"),
        key=bytes.fromhex(key_hex),
        secret=_text(fields["secret"], "secret"),
        id_kind=_one_of(IdKind, _text(fields["id_kind"], "id_kind"), "id_kind"),
        id_pattern=id_pattern,
        valid_from=_day(fields["valid_from"], "valid_from"),
        valid_until=None if until is None else _day(until, "valid_until"),
    )
    return KeyFile(
        key,
        server=_text(fields["server"], "server"),
        client_secret=_text(fields["client_secret"], "client_secret"),
    )


def _one_of(kind: Callable[[Given], Kind], value: Given, name: str) -> Kind:
    try:
        return kind(value)
    except ValueError:
        raise ValueError(f"{name} {value!a} is not known") from None


def _integer(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} is not a whole number")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a text")
    return value


def _day(value: object, name: str) -> date:
    text = _text(value, name)
    if not _DAY.fullmatch(text):
        raise ValueError(f"{name} is not a day like 2017-08-01")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name} {text} is no day of the calendar") from None
