"""A My Number card that is only software: it answers commands as a real one does.

A state machine without I/O, after the facts in docs/cards.md. The application's reader talks
to it in process; `vpcd.py` puts it into a virtual PC/SC reader for other programs.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from counter_tui.card.tlv import make

ATR = bytes.fromhex("3BE000FF8131FE4514")

JPKI = bytes.fromhex("D392F000260100000001")
INPUT_SUPPORT = bytes.fromhex("D3921000310001010408")

FILLER = b"\xff"
SIGN_PADDING_P1 = 0x00
DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


class Status(IntEnum):
    """The status words that the card gives, beside 63Cx."""

    OK = 0x9000
    WRONG_LENGTH = 0x6700
    NOT_VERIFIED = 0x6982
    BLOCKED = 0x6984
    CONDITIONS_NOT_MET = 0x6985
    NO_FILE_SELECTED = 0x6986
    WRONG_DATA = 0x6A80
    NOT_FOUND = 0x6A82
    WRONG_P1_P2 = 0x6A86
    PAST_END = 0x6B00
    UNKNOWN_INSTRUCTION = 0x6D00
    UNKNOWN_CLASS = 0x6E00
    NOT_READY = 0x6F00


@dataclass
class Pin:
    """A secret, and how often it can still be tried."""

    secret: bytes
    tries: int
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.tries


@dataclass(frozen=True)
class File:
    """What a file holds, and which PINs open it: any of them; none, if there are none."""

    content: bytes
    opened_by: tuple[int, ...] = ()


@dataclass(frozen=True)
class PrivateKey:
    """A key that signs once its PIN was verified."""

    key: RSAPrivateKey
    opened_by: int


@dataclass
class Application:
    """One application of the card."""

    files: Mapping[int, File]
    pins: Mapping[int, Pin]
    keys: Mapping[int, PrivateKey] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818
    """The command is answered with a status word and nothing else."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status


class VirtualCard:
    """Answers commands. What it remembers without power: files, keys, and tries left."""

    def __init__(
        self,
        applications: Mapping[bytes, Application],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._applications = applications
        self._random = random
        self.power_off()

    def power_off(self) -> None:
        """Forget what is selected, and which PINs were verified: nothing else does that."""
        self._application: Application | None = None
        self._selected: int | None = None
        self._verified: set[tuple[int, int]] = set()
        self._awake = False

    def transmit(self, command: bytes) -> bytes:
        """Return the answer to a command APDU, with its status word."""
        try:
            return self._answer(command) + Status.OK.to_bytes(2, "big")
        except Refused as refused:
            return refused.status.to_bytes(2, "big")

    def _answer(self, command: bytes) -> bytes:
        if len(command) < 4:
            raise Refused(Status.WRONG_LENGTH)
        if not self._awake:
            self._awake = True
            if command[1] == 0x84:
                raise Refused(Status.NOT_READY)
        head, (data, expected) = command[:4], _body(command)
        match head[0], head[1]:
            case 0x00, 0xA4:
                return self._select(head[2], data)
            case 0x00, 0xB0:
                return self._read(head[2], head[3], expected)
            case 0x00, 0x20:
                return self._verify(head[2], head[3], data)
            case 0x00, 0x24:
                return self._change(head[2], head[3], data)
            case 0x00, 0x84:
                return self._random(expected or 256)
            case 0x80, 0x2A:
                return self._sign(head[2], head[3], data)
            case ((0x00 | 0x80), _):
                raise Refused(Status.UNKNOWN_INSTRUCTION)
        raise Refused(Status.UNKNOWN_CLASS)

    def _select(self, how: int, data: bytes) -> bytes:
        match how:
            case 0x04:
                if data not in self._applications:
                    raise Refused(Status.NOT_FOUND)
                self._application, self._selected = self._applications[data], None
            case 0x02:
                self._select_file(int.from_bytes(data, "big") if len(data) == 2 else -1)
            case 0x00 if self._application is None:
                raise Refused(Status.NOT_FOUND)
            case 0x00:
                pass  # a real card says yes here, and selects nothing
            case _:
                raise Refused(Status.WRONG_P1_P2)
        return b""

    def _select_file(self, file_id: int) -> None:
        application = self._open_application()
        known = (application.files, application.pins, application.keys)
        if not any(file_id in ids for ids in known):
            raise Refused(Status.NOT_FOUND)
        self._selected = file_id

    def _open_application(self) -> Application:
        if self._application is None:
            raise Refused(Status.NOT_FOUND)
        return self._application

    def _named(self, reference: int) -> int:
        """Return the file that P2 names: the selected one, or one by its short identifier."""
        if reference & 0x1F:
            self._select_file(reference & 0x1F)
        if self._selected is None:
            raise Refused(Status.NO_FILE_SELECTED)
        return self._selected

    def _read(self, high: int, low: int, expected: int | None) -> bytes:
        application = self._open_application()
        offset = low if high & 0x80 else high << 8 | low
        file_id = self._named(high & 0x1F if high & 0x80 else 0)
        file = application.files.get(file_id)
        if file is None:
            raise Refused(Status.NO_FILE_SELECTED)
        if file.opened_by and not any(self._is_verified(pin) for pin in file.opened_by):
            raise Refused(Status.NOT_VERIFIED)
        if offset >= len(file.content):
            raise Refused(Status.PAST_END)
        return file.content[offset : offset + (expected or 256)]

    def _is_verified(self, pin_file: int) -> bool:
        return (id(self._application), pin_file) in self._verified

    def _pin(self, reference: int) -> tuple[int, Pin]:
        application = self._open_application()
        if not reference & 0x80:
            raise Refused(Status.WRONG_P1_P2)
        file_id = self._named(reference & 0x7F)
        if file_id not in application.pins:
            raise Refused(Status.CONDITIONS_NOT_MET)
        return file_id, application.pins[file_id]

    def _verify(self, high: int, reference: int, data: bytes) -> bytes:
        if high:
            raise Refused(Status.WRONG_P1_P2)
        file_id, pin = self._pin(reference)
        if not data:
            raise Refused(0x63C0 | pin.left)
        if not pin.left:
            raise Refused(Status.BLOCKED)
        if data != pin.secret:
            pin.left -= 1
            raise Refused(0x63C0 | pin.left)
        pin.left = pin.tries
        self._verified.add((id(self._application), file_id))
        return b""

    def _change(self, high: int, reference: int, data: bytes) -> bytes:
        if high != 0x01:
            raise Refused(Status.WRONG_P1_P2)
        file_id, pin = self._pin(reference)
        if not self._is_verified(file_id):
            raise Refused(Status.NOT_VERIFIED)
        if not data:
            raise Refused(Status.WRONG_DATA)
        pin.secret = data
        return b""

    def _sign(self, scheme: int, reference: int, data: bytes) -> bytes:
        application = self._open_application()
        if not reference & 0x80:
            raise Refused(Status.WRONG_P1_P2)
        key = application.keys.get(self._named(reference & 0x7F))
        if key is None:
            raise Refused(Status.CONDITIONS_NOT_MET)
        if not self._is_verified(key.opened_by):
            raise Refused(Status.NOT_VERIFIED)
        return _rsa(key.key, _to_be_padded(scheme, data))


def _body(command: bytes) -> tuple[bytes, int | None]:
    """Return the data of a short command, and how much is expected back (0 is 256)."""
    rest = command[4:]
    if not rest:
        return b"", None
    if len(rest) == 1:
        return b"", rest[0]
    count = rest[0]
    if len(rest) not in (1 + count, 2 + count):
        raise Refused(Status.WRONG_LENGTH)
    return rest[1 : 1 + count], rest[-1] if len(rest) == 2 + count else None


def _to_be_padded(scheme: int, data: bytes) -> bytes:
    match scheme:
        case 0x00 if 1 <= len(data) <= 245:
            return data
        case 0x02 if len(data) == 32:
            return DIGEST_INFO_SHA256 + data
        case 0x03:
            return DIGEST_INFO_SHA256 + hashlib.sha256(data).digest()
        case 0x00 | 0x02:
            raise Refused(Status.WRONG_LENGTH)
    raise Refused(Status.WRONG_P1_P2)


def _rsa(key: RSAPrivateKey, content: bytes) -> bytes:
    """Sign with PKCS#1 v1.5 padding (RFC 8017, 9.2), whatever the content is."""
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    size = key.key_size // 8
    padded = b"\x00\x01" + b"\xff" * (size - 3 - len(content)) + b"\x00" + content
    return pow(int.from_bytes(padded, "big"), numbers.d, modulus).to_bytes(size, "big")


def token_info(label: bytes) -> bytes:
    """Return EF 0006: 160 bytes, of which the first 32 are the label."""
    return label.ljust(32, b" ").ljust(160, b"\x00")


def attributes_file(name: str, address: str, birth_date: str, sex: str) -> bytes:
    """Return EF 0002 of the input support application, with filler behind it.

    `birth_date` is YYYYMMDD; DF21 gives where the fields begin, from the start of the file.
    """
    fields = [
        make(0xDF22, name.encode()),
        make(0xDF23, address.encode()),
        make(0xDF24, birth_date.encode()),
        make(0xDF25, sex.encode()),
    ]
    length = 3 + 8 + sum(map(len, fields))
    at = (3 if length < 0x80 else 4 if length < 0x100 else 5) + 11
    offsets = b""
    for one in fields:
        offsets += at.to_bytes(2, "big")
        at += len(one)
    return make(0xFF20, make(0xDF21, offsets) + b"".join(fields)) + FILLER * 16


def my_number_file(digits: str) -> bytes:
    """Return EF 0001 of the input support application: the 12 digits, and filler."""
    return make(0xFF10, digits.encode()) + FILLER * 2
