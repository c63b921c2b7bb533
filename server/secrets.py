"""Secrets in the database: sealed with the master key (SEC-4)."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.chance import Chance

MASTER_KEY_VARIABLE = "JICHIPOINT_MASTER_KEY"
KEY_BYTES = 32
_NONCE_BYTES, _TAG_BYTES = 12, 16
_SEALED_BYTES_MIN = _NONCE_BYTES + _TAG_BYTES


class MasterKeyError(Exception):
    """The master key is missing or unfit; the message says what to do."""


class Vault:
    """Seals and opens secrets with AES-256-GCM under a key of 32 bytes.

    What is sealed is bound to its use, so that rows cannot be exchanged.
    """

    def __init__(self, key: bytes, chance: Chance) -> None:
        self._key = key
        self._cipher = AESGCM(key)
        self._chance = chance

    @property
    def key(self) -> bytes:
        """The key, for another process of the same server."""
        return self._key

    def seal(self, secret: bytes, use: str) -> bytes:
        """Return the secret, encrypted; `use` names the row and column it is for."""
        nonce = self._chance.bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, use.encode())

    def derive(self, use: str) -> bytes:
        """Return a key of 32 bytes for one use, which tells nothing of the vault's.

        HKDF with SHA-256 (RFC 5869).
        """
        return HKDF(SHA256(), 32, None, use.encode()).derive(self._key)

    def fits(self, sealed: bytes, use: str) -> bool:
        """Whether this key sealed it, for this use."""
        try:
            self.open(sealed, use)
        except MasterKeyError:
            return False
        return True

    def open(self, sealed: bytes, use: str) -> bytes:
        """Return what was sealed. Raises MasterKeyError where another key or use sealed it."""
        if len(sealed) < _SEALED_BYTES_MIN:
            raise MasterKeyError(
                f"the secret of {use} is cut: {len(sealed)} bytes are no sealed secret; "
                "restore the database from a backup"
            )
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], use.encode())
        except InvalidTag as error:
            raise MasterKeyError(
                f"the secret of {use} was sealed with another master key: "
                "start the server with the key this database was made with"
            ) from error


def read_master_key(path: Path | None) -> bytes:
    """Return the 32 bytes of the master key from a file or the environment.

    Raises MasterKeyError where there is none, it is not 64 hex digits, or others can read it.
    """
    if path is None:
        text = os.environ.get(MASTER_KEY_VARIABLE)
        if text is None:
            raise MasterKeyError(f"give --master-key-file, or set {MASTER_KEY_VARIABLE}")
        return _parse(text, MASTER_KEY_VARIABLE)
    try:
        key = _parse(path.read_text("utf-8-sig"), str(path))
        if path.stat().st_mode & 0o077:
            raise MasterKeyError(f"others can read the master key in {path}: chmod 600 it")
        return key
    except UnicodeDecodeError:
        raise _no_key(str(path)) from None
    except OSError as error:
        raise MasterKeyError(
            f"the master key cannot be read from {path}: {error.strerror or error}"
        ) from error


def _parse(text: str, source: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise _no_key(source)
    return key


def _no_key(source: str) -> MasterKeyError:
    return MasterKeyError(f"the master key in {source} is not 64 hexadecimal digits")
