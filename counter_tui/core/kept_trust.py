"""What a terminal may believe without network, kept across restarts (VCH-8).

A file of its own for each terminal, sealed with AES-256-GCM under a key that Argon2id makes of
the terminal's password: whoever cannot sign in can neither read it nor write one that is
believed. Terminal and machine are authenticated with it, so that it holds nowhere else.
"""

import base64
import binascii
import json
import os
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from counter_tui.core import files
from counter_tui.core.tokyo import day_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = "jichipoint-voucher-trust"
VERSION = 1
FILE_BYTES_MAX = 1 << 20
SALT_BYTES, NONCE_BYTES, KEY_BYTES = 16, 12, 32
ITERATIONS, LANES, MEMORY_KIB = 2, 1, 19 * 1024
"""Of Argon2id, as OWASP's password storage page has them."""
SET_BACK_MAX = timedelta(minutes=1)
"""A clock further behind the moment of the file than this was set back."""


class KeptTrustError(Exception):
    """It cannot be kept."""


class KeptFault(StrEnum):
    """Why nothing that is kept is believed."""

    NONE = auto()
    """Nothing is kept."""
    NOT_OPENED = auto()
    """It was damaged or changed, or is of another password, terminal or machine."""


@dataclass(frozen=True, slots=True)
class Opener:
    """Who may open it: the terminal, by its password, on its machine."""

    terminal_id: str
    password: str = field(repr=False)
    machine_fingerprint: bytes


@dataclass(frozen=True, slots=True)
class KeptTrust:
    """What the server told at a sign-in; its messages are serialized."""

    terminal: bytes
    told: bytes
    told_at: datetime
    """The server's time."""
    behind: timedelta
    """By how much this machine's clock was behind the server's."""
    last_day: date

    @property
    def counted_in(self) -> timedelta:
        """What is added to this machine's clock, of which nobody knows whether it is right by now.

        Never less than nothing: it is rather taken for too late than for too early.
        """
        return max(self.behind, timedelta())

    def holds(self, now: datetime) -> bool:
        """Whether it may be believed: not past its last day, nor by a clock that was set back."""
        return self.told_at - SET_BACK_MAX <= now and day_of(now) <= self.last_day


def keep(path: Path, trust: KeptTrust, opener: Opener) -> None:
    """Put it in the place of what was kept before, durably. Raises KeptTrustError."""
    salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    sealed = _cipher(opener, salt).encrypt(nonce, _to_bytes(trust), _context(opener))
    parts = {"salt": salt, "nonce": nonce, "sealed": sealed}
    document = {"format": FORMAT, "version": VERSION} | {
        name: base64.b64encode(part).decode("ascii") for name, part in parts.items()
    }
    try:
        files.make_folder(path.parent)
        files.replace(path, json.dumps(document).encode() + b"\n")
    except OSError as error:
        raise KeptTrustError(f"{path} cannot be written: {error.strerror or error}") from error


def forget(path: Path) -> None:
    """Keep nothing any more. Raises KeptTrustError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise KeptTrustError(f"{path} cannot be removed: {error.strerror or error}") from error


def kept(path: Path, opener: Opener) -> KeptTrust | KeptFault:
    """Return what is kept, or why it is not believed. Its days are not looked at here."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return KeptFault.NONE
    except OSError:
        return KeptFault.NOT_OPENED
    try:
        salt, nonce, sealed = _parse(content)
        opened = _cipher(opener, salt).decrypt(nonce, sealed, _context(opener))
        return _from_bytes(opened)
    except (ValueError, KeyError, TypeError, RecursionError, InvalidTag):
        return KeptFault.NOT_OPENED


def _parse(content: bytes) -> tuple[bytes, bytes, bytes]:
    document = json.loads(content)
    if not isinstance(document, dict):
        raise ValueError("not an object")
    if (document.get("format"), document.get("version")) != (FORMAT, VERSION):
        raise ValueError("another format or version")
    salt, nonce, sealed = (_bytes(document[name]) for name in ("salt", "nonce", "sealed"))
    if (len(salt), len(nonce)) != (SALT_BYTES, NONCE_BYTES):
        raise ValueError("salt or nonce of another length")
    return salt, nonce, sealed


def _cipher(opener: Opener, salt: bytes) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id  # noqa: PLC0415

    derivation = Argon2id(
        salt=salt,
        length=KEY_BYTES,
        iterations=ITERATIONS,
        lanes=LANES,
        memory_cost=MEMORY_KIB,
    )
    return AESGCM(derivation.derive(opener.password.encode()))


def _context(opener: Opener) -> bytes:
    """Return what is authenticated beside what is sealed."""
    machine = opener.machine_fingerprint.hex()
    return f"{FORMAT}\n{VERSION}\n{opener.terminal_id}\n{machine}".encode()


def _to_bytes(trust: KeptTrust) -> bytes:
    document = asdict(trust) | {
        "terminal": base64.b64encode(trust.terminal).decode("ascii"),
        "told": base64.b64encode(trust.told).decode("ascii"),
        "told_at": trust.told_at.isoformat(),
        "behind": trust.behind.total_seconds(),
        "last_day": trust.last_day.isoformat(),
    }
    return json.dumps(document).encode()


def _from_bytes(content: bytes) -> KeptTrust:
    document = json.loads(content)
    return KeptTrust(
        terminal=_bytes(document["terminal"]),
        told=_bytes(document["told"]),
        told_at=datetime.fromisoformat(document["told_at"]),
        behind=timedelta(seconds=document["behind"]),
        last_day=date.fromisoformat(document["last_day"]),
    )


def _bytes(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("a field that is not text")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"base64: {error}") from error
