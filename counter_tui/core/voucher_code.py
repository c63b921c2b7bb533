"""What a scanner or a keyboard gives for a voucher: its number, or its signed code (VCH-8)."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, auto

from counter_tui.core.scan_text import without_additions

PREFIX = "JPV1"
TRAINING_KEY_ID = 0
"""The key that only training ledgers sign with."""
_NUMBER = re.compile("[0-9]{12}")
_SIGNED = re.compile(
    r"JPV1\.([0-9]{12})\.([0-9]{8})\.([1-9][0-9]{0,9})\.([0-9]{8})\.([0-9]{8})\.([0-9]{4})"
    r"\.([A-Z2-7]{103})"
)
_SPARE = "0123456789 -"


class CodeFault(StrEnum):
    """Why what was read is no voucher that can be taken."""

    EMPTY = auto()
    OTHER = auto()
    """It is the code of something else."""
    NUMBER_LENGTH = auto()
    """Digits, but not twelve."""
    DAMAGED = auto()
    """It begins like one, and is not whole."""
    NOT_SIGNED = auto()
    """Nobody signed it, or something in it was changed."""
    KEY_UNKNOWN = auto()
    KEY_WITHDRAWN = auto()
    """Good with the server's word only."""


@dataclass(frozen=True, slots=True)
class VoucherKey:
    """A public key that vouchers are signed with."""

    key_id: int
    public_key: bytes
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class SignedVoucher:
    """What a code says of its voucher."""

    voucher_number: str
    program_id: str
    points: int
    issued_on: date
    until: date
    """The last day on which it is good."""
    key_id: int


@dataclass(frozen=True, slots=True)
class ReadCode:
    """What was read: the number, and what a code said besides, or the fault."""

    voucher_number: str = ""
    signed: SignedVoucher | None = None
    fault: CodeFault | None = None


def read_code(text: str, keys: Mapping[int, VoucherKey]) -> ReadCode:
    """Read a number or a code, however it was typed or scanned, and check the signature.

    Small letters are taken; what scanners and input methods add is left out, as is what comes
    behind a line end. A code whose key was withdrawn comes with that fault and with what it says.
    """
    line = re.split("[\r\n↵]", text.lstrip("\r\n"), maxsplit=1)[0]
    plain = without_additions(line).upper()
    if not plain:
        return ReadCode(fault=CodeFault.EMPTY)
    if all(character in _SPARE for character in plain):
        digits = re.sub("[ -]", "", plain)
        if _NUMBER.fullmatch(digits):
            return ReadCode(digits)
        return ReadCode(fault=CodeFault.NUMBER_LENGTH)
    if not plain.startswith(f"{PREFIX}."):
        return ReadCode(fault=CodeFault.OTHER)
    return _read_signed(plain, keys)


def _read_signed(plain: str, keys: Mapping[int, VoucherKey]) -> ReadCode:
    match = _SIGNED.fullmatch(plain)
    if match is None:
        return ReadCode(fault=CodeFault.DAMAGED)
    number, program_id, points, issued_on, until, key_id, signature = match.groups()
    try:
        signed = SignedVoucher(
            number, program_id, int(points), _day(issued_on), _day(until), int(key_id)
        )
    except ValueError:
        return ReadCode(fault=CodeFault.DAMAGED)
    key = keys.get(signed.key_id)
    if key is None:
        return ReadCode(fault=CodeFault.KEY_UNKNOWN)
    if not _is_signed(plain.rpartition(".")[0], signature, key):
        return ReadCode(fault=CodeFault.NOT_SIGNED)
    fault = CodeFault.KEY_WITHDRAWN if key.withdrawn else None
    return ReadCode(number, signed, fault)


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _is_signed(signed: str, signature: str, key: VoucherKey) -> bool:
    """Whether the signature is right, and in its one spelling: its spare bits are zero."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )

    try:
        raw = base64.b32decode(f"{signature}=")
        if base64.b32encode(raw).decode("ascii").rstrip("=") != signature:
            return False
        public_key = Ed25519PublicKey.from_public_bytes(key.public_key)
        public_key.verify(raw, signed.encode("ascii"))
    except (binascii.Error, InvalidSignature, ValueError):
        return False
    return True
