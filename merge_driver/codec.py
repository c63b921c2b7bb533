"""Both profiles of the merge file, without I/O and without randomness of their own.

The layout is that of docs "Formats", "Merge file". The server writes with `encode`, the street
reads with `decode`; whatever `encode` writes, `decode` reads with the same key.
"""

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from merge_driver.errors import MergeFileError, Reason
from merge_driver.record import (
    ID_FORMS,
    POINTS_FORM,
    TRANSACTION_NUMBER_FORM,
    IdKind,
    Record,
    check_record,
    parse_points,
    transaction_day,
)

__all__ = [
    "FILE_BYTES_MAX",
    "RECORDS_MAX",
    "Decoded",
    "IdKind",
    "MergeFileError",
    "Profile",
    "Reason",
    "Record",
    "StreetKey",
    "check_record",
    "decode",
    "encode",
    "encode_profile_1",
    "encode_profile_2",
    "file_name",
    "parse_file_name",
    "transaction_day",
]

FILE_BYTES_MAX: Final = 64 * 1024 * 1024
RECORDS_MAX: Final = 200_000

_BLOCK_BYTES: Final = 16
_MAGIC: Final = b"JPM2"
_HEADER_BYTES: Final = 42
_TAG_BYTES: Final = 16
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

_TOLD_EVERY: Final = 1000

_FILE_NAME: Final = re.compile(r"([0-9]{6})-([0-9]{13,20})\.(?i:mrg)")
"""FAT sticks and Windows shares may give a name back in capitals."""
_ISSUER_ID: Final = re.compile(r"[0-9]{6}")
_SECRET: Final = re.compile(r"[ -~]{16,64}")
_REASON_ORDER: Final = {reason: place for place, reason in enumerate(Reason)}


Tell = Callable[[int, int], None]
"""Is told how many records of how many are checked."""


def tell_nobody(_checked: int, _of: int) -> None:
    """Tell nobody."""


class Profile(IntEnum):
    """The two ways to encrypt a merge file and to hash a record."""

    CBC_MD5 = 1
    GCM_HMAC = 2


_HASH_FORMS: Final = {Profile.CBC_MD5: r"[0-9A-Fa-f]{32}", Profile.GCM_HMAC: r"[0-9a-f]{64}"}
_HASH: Final = {profile: re.compile(form) for profile, form in _HASH_FORMS.items()}
_LINE: Final = {
    (profile, id_kind): re.compile(
        f"(({id_form}),({POINTS_FORM}),({TRANSACTION_NUMBER_FORM})),({hash_form})"
    )
    for profile, hash_form in _HASH_FORMS.items()
    for id_kind, id_form in ID_FORMS.items()
}
"""A line with all its fields in their form: what is hashed, ID, points, number, hash."""


@dataclass(frozen=True, slots=True)
class StreetKey:
    """A street's key with what a reader must know to use it. Raises ValueError on a bad field.

    `key` is 16 bytes, `secret` 16 to 64 printable ASCII characters. `id_pattern` is a regular
    expression for the whole ID, '' for none. Both days are inclusive, in Asia/Tokyo.
    """

    issuer_id: str
    profile: Profile
    key_id: int
    key: bytes = field(repr=False)
    secret: str = field(repr=False)
    id_kind: IdKind
    id_pattern: str
    valid_from: date
    valid_until: date | None

    def __post_init__(self) -> None:
        if not _ISSUER_ID.fullmatch(self.issuer_id):
            raise ValueError("issuer_id is not 6 digits")
        if not 0 <= self.key_id < 2**32:
            raise ValueError("key_id is not from 0 to 4294967295")
        if len(self.key) != 16:
            raise ValueError("key is not 16 bytes")
        if not _SECRET.fullmatch(self.secret):
            raise ValueError("secret is not 16 to 64 printable ASCII characters")
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise ValueError("valid_until is before valid_from")
        try:
            re.compile(self.id_pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"id_pattern is not a regular expression: {error}") from None

    def is_valid_on(self, day: date) -> bool:
        """Say whether records of this day may use the key; the first and last day count."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a merge file holds. `file_id` is 16 bytes in profile 2 and None in profile 1."""

    profile: Profile
    key_id: int
    file_id: bytes | None
    records: tuple[Record, ...]


def encode(records: Sequence[Record], key: StreetKey, file_id: bytes, nonce_16: bytes) -> bytes:
    """Return a merge file of the key's profile.

    `nonce_16` is 16 random bytes: profile 1 takes all as IV, profile 2 the first 12 as nonce.
    Raises MergeFileError for records that a reader would refuse.
    """
    _expect_bytes("nonce_16", nonce_16, 16)
    if key.profile is Profile.CBC_MD5:
        return encode_profile_1(records, key, nonce_16)
    return encode_profile_2(records, key, file_id, nonce_16[:12])


def encode_profile_1(records: Sequence[Record], key: StreetKey, iv: bytes) -> bytes:
    """Return the IV and the records in AES-128-CBC, or raise MergeFileError for bad records."""
    _expect_bytes("iv", iv, _BLOCK_BYTES)
    padder = PKCS7(8 * _BLOCK_BYTES).padder()
    padded = padder.update(_plain_text(records, key, Profile.CBC_MD5)) + padder.finalize()
    encryptor = Cipher(AES128(key.key), CBC(iv)).encryptor()
    return iv + encryptor.update(padded) + encryptor.finalize()


def encode_profile_2(
    records: Sequence[Record], key: StreetKey, file_id: bytes, nonce: bytes
) -> bytes:
    """Return the header and the records in AES-128-GCM, or raise MergeFileError for bad records.

    `file_id` is a UUIDv7's 16 bytes; `nonce` is 12 bytes, never used twice with one key.
    """
    _expect_bytes("file_id", file_id, 16)
    _expect_bytes("nonce", nonce, 12)
    header = _MAGIC + key.key_id.to_bytes(4) + key.issuer_id.encode("ascii") + file_id + nonce
    plain = _plain_text(records, key, Profile.GCM_HMAC)
    return header + AESGCM(key.key).encrypt(nonce, plain, header)


def decode(
    content: bytes,
    keys: Sequence[StreetKey],
    issuer_id: str,
    tell: Tell = tell_nobody,
) -> Decoded:
    """Return all records of a merge file, or raise MergeFileError: one bad record spoils it.

    `keys` are the keys of the issuer; a profile that none of them has is refused. `tell` is told
    now and then how many records are checked, and of how many.
    """
    if not content:
        raise MergeFileError(Reason.EMPTY, "the file is empty")
    if len(content) > FILE_BYTES_MAX:
        raise MergeFileError(Reason.TOO_LARGE, f"the file is over {FILE_BYTES_MAX} bytes")
    keys_1 = [key for key in keys if key.profile is Profile.CBC_MD5]
    keys_2 = [key for key in keys if key.profile is Profile.GCM_HMAC]
    if not content.startswith(_MAGIC):
        if not keys_1:
            raise MergeFileError(Reason.WRONG_PROFILE, "not profile 2, the only one with a key")
        return _decode_profile_1(content, keys_1, issuer_id, tell)
    attempts: list[Callable[[], Decoded]] = [
        lambda: _decode_profile_2(content, keys_2, issuer_id, tell)
    ]
    if keys_1:  # an IV is random and may begin with the letters of profile 2
        attempts.append(lambda: _decode_profile_1(content, keys_1, issuer_id, tell))
    refusals: list[MergeFileError] = []
    for attempt in attempts:
        try:
            return attempt()
        except MergeFileError as error:
            refusals.append(error)
    raise refusals[0]


def file_name(issuer_id: str, transaction_number: str) -> str:
    """Return the name of the merge file whose first record has this transaction number."""
    name = f"{issuer_id}-{transaction_number}.mrg"
    if parse_file_name(name) is None:
        raise ValueError(f"{name!a} is no name of a merge file")
    return name


def parse_file_name(name: str) -> tuple[str, str] | None:
    """Return the issuer ID and the transaction number in a merge file's name, None for others."""
    match = _FILE_NAME.fullmatch(name)
    return (match[1], match[2]) if match else None


def _decode_profile_1(
    content: bytes, keys: Sequence[StreetKey], issuer_id: str, tell: Tell
) -> Decoded:
    """Try the keys, newest first, and raise the refusal that got furthest if none fits."""
    if len(content) < 2 * _BLOCK_BYTES:
        raise MergeFileError(Reason.TOO_SHORT, "the file is cut off before its first record")
    if len(content) % _BLOCK_BYTES:
        raise MergeFileError(Reason.NOT_DECRYPTABLE, "the length is not a multiple of 16 bytes")
    own_keys = [key for key in keys if key.issuer_id == issuer_id]
    if not own_keys:
        raise MergeFileError(Reason.WRONG_ISSUER, f"no key of issuer {issuer_id}")
    refusals: list[MergeFileError] = []
    for key in sorted(own_keys, key=lambda key: (key.valid_from, key.key_id), reverse=True):
        try:
            records = _parse(_decrypt_cbc(content, key), key, Profile.CBC_MD5, tell)
            return Decoded(Profile.CBC_MD5, key.key_id, None, records)
        except MergeFileError as error:
            refusals.append(error)
    raise max(refusals, key=lambda error: _REASON_ORDER[error.reason])


def _decrypt_cbc(content: bytes, key: StreetKey) -> bytes:
    iv, body = content[:_BLOCK_BYTES], content[_BLOCK_BYTES:]
    decryptor = Cipher(AES128(key.key), CBC(iv)).decryptor()
    padded = decryptor.update(body) + decryptor.finalize()
    unpadder = PKCS7(8 * _BLOCK_BYTES).unpadder()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise MergeFileError(
            Reason.NOT_DECRYPTABLE, "another key, or the file was changed on the way"
        ) from None


def _decode_profile_2(
    content: bytes, keys: Sequence[StreetKey], issuer_id: str, tell: Tell
) -> Decoded:
    if not keys:
        raise MergeFileError(Reason.WRONG_PROFILE, "profile 2, for which there is no key")
    if len(content) < _HEADER_BYTES + _TAG_BYTES:
        raise MergeFileError(Reason.TOO_SHORT, "the file is cut off before its first record")
    header, body = content[:_HEADER_BYTES], content[_HEADER_BYTES:]
    if header[8:14] != issuer_id.encode("ascii"):
        raise MergeFileError(Reason.WRONG_ISSUER, f"the file is not for issuer {issuer_id}")
    key_id = int.from_bytes(header[4:8])
    key = next((k for k in keys if k.key_id == key_id and k.issuer_id == issuer_id), None)
    if key is None:
        raise MergeFileError(Reason.KEY_UNKNOWN, f"there is no key with the ID {key_id}")
    try:
        plain = AESGCM(key.key).decrypt(header[30:42], body, header)
    except InvalidTag:
        raise MergeFileError(
            Reason.NOT_DECRYPTABLE, "another key, or the file was changed on the way"
        ) from None
    records = _parse(plain, key, Profile.GCM_HMAC, tell)
    return Decoded(Profile.GCM_HMAC, key_id, header[14:30], records)


def _plain_text(records: Sequence[Record], key: StreetKey, profile: Profile) -> bytes:
    if key.profile is not profile:
        raise MergeFileError(Reason.WRONG_PROFILE, f"the key is for profile {key.profile:d}")
    if not records:
        raise MergeFileError(Reason.NO_RECORDS, "a merge file has at least one record")
    if len(records) > RECORDS_MAX:
        raise MergeFileError(Reason.TOO_MANY_RECORDS, f"more than {RECORDS_MAX} records")
    for record in records:
        check_record(record, key.id_kind)
    _check_together(records, key)
    hash_of = _hasher(key, profile)
    lines = (f"{one.id},{one.points},{one.transaction_number}" for one in records)
    return "".join(f"{line},{hash_of(line)}\r\n" for line in lines).encode("ascii")


def _hasher(key: StreetKey, profile: Profile) -> Callable[[str], str]:
    """Return what makes the hash of a line's first three fields, which are joined by commas."""
    secret = key.secret.encode("ascii")

    def md5(fields: str) -> str:
        """Protect as well as the manual does, see "What profile 1 cannot do"."""
        joined = fields.replace(",", "").encode("ascii") + secret
        return hashlib.md5(joined, usedforsecurity=False).hexdigest()

    inner, outer = _hmac_halves(secret)

    def hmac_sha256(fields: str) -> str:
        one, other = inner.copy(), outer.copy()
        one.update(fields.encode("ascii"))
        other.update(one.digest())
        return other.hexdigest()

    return md5 if profile is Profile.CBC_MD5 else hmac_sha256


def _hmac_halves(secret: bytes) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """Return both hashes of HMAC-SHA-256 (RFC 2104) with the key in, to be copied for each record.

    `hmac` itself takes the key anew, or copies in Python: twice the time for 100,000 records.
    """
    block = secret.ljust(64, b"\0")
    halves = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
    inner, outer = map(hashlib.sha256, halves)
    return inner, outer


def _parse(plain: bytes, key: StreetKey, profile: Profile, tell: Tell) -> tuple[Record, ...]:
    lines = _split_lines(plain)
    form = _LINE[profile, key.id_kind]
    hash_of = _hasher(key, profile)
    records: list[Record] = []
    for number, line in enumerate(lines, start=1):
        match = form.fullmatch(line)
        if match is None:
            error = _why_not_of_this_form(line, key, profile)
            raise MergeFileError(error.reason, f"line {number}: {error.message}")
        fields, customer_id, points, transaction_number, record_hash = match.groups()
        if not hmac.compare_digest(hash_of(fields), record_hash.lower()):
            text = f"line {number}: the hash does not agree with the record"
            raise MergeFileError(Reason.HASH, text)
        records.append(Record(customer_id, int(points), transaction_number))
        if number % _TOLD_EVERY == 0:
            tell(number, len(lines))
    _check_together(records, key)
    return tuple(records)


def _split_lines(plain: bytes) -> list[str]:
    """Return the lines without their ends, or raise MergeFileError."""
    try:
        text = plain.decode("utf-8")
    except UnicodeDecodeError:
        raise MergeFileError(
            Reason.NOT_UTF8, "not UTF-8 inside: another key, or the file was changed on the way"
        ) from None
    if plain.startswith(_BYTE_ORDER_MARK):
        raise MergeFileError(Reason.BYTE_ORDER_MARK, "a byte order mark is not allowed")
    if not text:
        raise MergeFileError(Reason.NO_RECORDS, "there is no record in the file")
    if not text.endswith("\r\n"):
        raise MergeFileError(Reason.LINE_ENDING, "the last line does not end in CR LF")
    if text.count("\r\n") > RECORDS_MAX:
        raise MergeFileError(Reason.TOO_MANY_RECORDS, f"more than {RECORDS_MAX} records")
    lines = text.removesuffix("\r\n").split("\r\n")
    for number, line in enumerate(lines, start=1):
        if not line:
            raise MergeFileError(Reason.EMPTY_LINE, f"line {number} is empty")
        if "\r" in line or "\n" in line:
            raise MergeFileError(Reason.LINE_ENDING, f"line {number} does not end in CR LF")
    return lines


def _why_not_of_this_form(line: str, key: StreetKey, profile: Profile) -> MergeFileError:
    """Return what is wrong with a line, the first thing first."""
    fields = line.split(",")
    if len(fields) != 4:
        return MergeFileError(Reason.FIELDS, f"{len(fields)} fields in place of 4")
    customer_id, points, transaction_number, record_hash = fields
    try:
        record = Record(customer_id, parse_points(points), transaction_number)
        check_record(record, key.id_kind)
    except MergeFileError as error:
        return error
    if not _HASH[profile].fullmatch(record_hash):
        return MergeFileError(Reason.HASH, "the hash does not have the form of this profile")
    raise RuntimeError("a line whose fields all have their form")


def _check_together(records: Sequence[Record], key: StreetKey) -> None:
    """Check what a record's form does not show: ID pattern, repetition, the key's days."""
    if key.id_pattern:
        pattern = re.compile(key.id_pattern)
        for record in records:
            if not pattern.fullmatch(record.id):
                raise MergeFileError(
                    Reason.ID_PATTERN,
                    f"the ID {record.id} in {record.transaction_number} is not one of this street",
                )
    numbers = [record.transaction_number for record in records]
    if len(set(numbers)) < len(numbers):
        twice = next(number for number, count in Counter(numbers).items() if count > 1)
        raise MergeFileError(Reason.DUPLICATE_IN_FILE, f"{twice} is there twice")
    for number in {number[:8]: number for number in numbers}.values():
        if not key.is_valid_on(transaction_day(number)):
            raise MergeFileError(
                Reason.KEY_NOT_VALID_THEN, f"key {key.key_id} is not for the day of {number}"
            )


def _expect_bytes(name: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise ValueError(f"{name} is not {length} bytes")
