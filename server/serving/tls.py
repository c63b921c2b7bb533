"""TLS: a certificate and its key from files, read anew when they change (SEC-1)."""

import logging
from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from server.clock import TOKYO, Clock

log = logging.getLogger(__name__)


class TlsError(Exception):
    """The certificate, its key or the clients' authority cannot be used; what to do is said."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where they lie, in PEM."""

    certificate: Path
    """The server's, and behind it those that lead to its authority."""
    key: Path
    client_authority: Path | None = None
    """Signs the certificates that clients have to show; None where they show none."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the server shows of itself, and whom it lets in."""

    certificate: bytes
    key: bytes
    client_authority: bytes | None


class Identities:
    """The identity in files as they are now, or the last good one where they are not good."""

    def __init__(self, files: TlsFiles, clock: Clock) -> None:
        """Raise TlsError where the files cannot be used from the start."""
        self._files = files
        self._clock = clock
        self._seen = _stamps(files)
        self._identity = read_identity(files, clock)

    @property
    def asks_clients(self) -> bool:
        """Whether clients have to show a certificate."""
        return self._files.client_authority is not None

    def current(self) -> Identity:
        """Return the identity for the next connection; a renewed certificate counts at once."""
        seen = _stamps(self._files)
        if seen != self._seen:
            self._seen = seen
            try:
                self._identity = read_identity(self._files, self._clock)
            except TlsError as error:
                log.error("the certificate before stays in use: %s", error)
            else:
                log.info("the certificate was read anew from %s", self._files.certificate)
        return self._identity


def read_identity(files: TlsFiles, clock: Clock) -> Identity:
    """Return what is in the files. Raises TlsError where it cannot be used."""
    certificate, key = _read(files.certificate), _read(files.key)
    _check_pair(files, certificate, key, clock)
    authority = None
    if files.client_authority is not None:
        authority = _read(files.client_authority)
        _certificates(files.client_authority, authority)
    return Identity(certificate, key, authority)


def _check_pair(files: TlsFiles, certificate: bytes, key: bytes, clock: Clock) -> None:
    own = _certificates(files.certificate, certificate)[0]
    try:
        public = load_pem_private_key(key, None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TlsError(
            f"{files.key}: not a private key in PEM without a password: {error}"
        ) from None
    _check_private(files.key)
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if own.public_key().public_bytes(*form) != public.public_bytes(*form):
        raise TlsError(f"{files.key}: not the key of {files.certificate}; name the pair")
    now = clock.now()
    if now >= own.not_valid_after_utc:
        raise TlsError(f"{files.certificate}: expired on {_day(own.not_valid_after_utc)}; renew it")
    if now < own.not_valid_before_utc:
        raise TlsError(
            f"{files.certificate}: not valid before {_day(own.not_valid_before_utc)}; "
            "is this clock right?"
        )


def _day(time: datetime) -> str:
    return f"{time.astimezone(TOKYO):%Y-%m-%d}"


def _certificates(path: Path, content: bytes) -> Sequence[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise TlsError(f"{path}: no certificate in PEM") from None


def _check_private(path: Path) -> None:
    try:
        if path.stat().st_mode & 0o077:
            raise TlsError(f"{path}: others can read the key; run chmod 600 on it")
    except OSError as error:
        raise TlsError(f"{path}: cannot be read: {error.strerror}") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes().removeprefix(BOM_UTF8)
    except OSError as error:
        raise TlsError(f"{path}: cannot be read: {error.strerror}") from None


def _stamps(files: TlsFiles) -> tuple[tuple[int, int] | None, ...]:
    """Return what tells whether a file is another one now; None for one that is missing."""
    found: list[tuple[int, int] | None] = []
    for path in (files.certificate, files.key, files.client_authority):
        try:
            status = path.stat() if path else None
        except OSError:
            status = None
        found.append((status.st_mtime_ns, status.st_ino) if status else None)
    return tuple(found)
