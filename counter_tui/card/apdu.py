"""Commands to a card and what its status words mean (ISO/IEC 7816-4)."""

from collections.abc import Callable

Transmit = Callable[[bytes], bytes]
"""Sends a command to the card and returns its answer, status word included. Raises CardError."""

OK = 0x9000
CHUNK = 256
LONGEST = 0x7FFF
"""READ BINARY has 15 bits for the offset."""


class StatusError(Exception):
    """The card answered a command with a status word that is not success."""

    def __init__(self, command: bytes, status: int) -> None:
        # Only the header is kept: the data of a VERIFY is a PIN.
        super().__init__(f"{command[:4].hex(' ').upper()} was answered {status:04X}")
        self.status = status


class WrongPinError(Exception):
    """The PIN, password or code was not the card's."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"{tries_left} tries left")
        self.tries_left = tries_left


class BlockedError(Exception):
    """The PIN, password or code was wrong too often, and the card takes it no more."""


class DamagedFileError(Exception):
    """A file on the card does not hold what it should."""


def select_application(transmit: Transmit, aid: bytes) -> None:
    """Select an application by its name. Raises StatusError."""
    _run(transmit, b"\x00\xa4\x04\x0c" + bytes([len(aid)]) + aid)


def select_file(transmit: Transmit, file_id: int) -> None:
    """Select a file of the application. Raises StatusError."""
    _run(transmit, b"\x00\xa4\x02\x0c\x02" + file_id.to_bytes(2, "big"))


def read_bytes(transmit: Transmit, offset: int, count: int) -> bytes:
    """Read up to 256 bytes of the selected file; fewer at its end. Raises StatusError."""
    command = b"\x00\xb0" + offset.to_bytes(2, "big") + bytes([count % CHUNK])
    return _run(transmit, command, tolerated=(0x6282,))


def read_object(transmit: Transmit, file_id: int) -> bytes:
    """Read a file that is one TLV object, without the filler behind it.

    Raises StatusError, and DamagedFileError where its length is none.
    """
    select_file(transmit, file_id)
    head = read_bytes(transmit, 0, 7)
    end = _object_length(head)
    if not 0 < end <= LONGEST:
        raise DamagedFileError(f"file {file_id:04X} has no object that could be read")
    content = bytearray(head[:end])
    while len(content) < end:
        chunk = read_bytes(transmit, len(content), min(CHUNK, end - len(content)))
        if not chunk:
            raise DamagedFileError(f"file {file_id:04X} ends before its object does")
        content += chunk
    return bytes(content)


def tries_left(transmit: Transmit, pin_file: int) -> int:
    """Return how often a PIN can still be tried; asking costs no try. Raises StatusError."""
    select_file(transmit, pin_file)
    answer = transmit(b"\x00\x20\x00\x80")
    status = _status(answer)
    if status & 0xFFF0 == 0x63C0:
        return status & 0x0F
    if status == 0x6984:
        return 0
    raise StatusError(b"\x00\x20\x00\x80", status)


def verify(transmit: Transmit, pin_file: int, pin: str) -> None:
    """Open what a PIN keeps. No try is spent on a PIN that is blocked.

    Raises WrongPinError, BlockedError, StatusError.
    """
    if tries_left(transmit, pin_file) == 0:
        raise BlockedError
    digits = pin.encode("ascii")
    command = b"\x00\x20\x00\x80" + bytes([len(digits)]) + digits
    status = _status(transmit(command))
    if status in (0x63C0, 0x6984):
        raise BlockedError
    if status & 0xFFF0 == 0x63C0:
        raise WrongPinError(status & 0x0F)
    if status != OK:
        raise StatusError(command, status)


def sign(transmit: Transmit, key_file: int, digest_info: bytes) -> bytes:
    """Return the card's RSA signature (PKCS#1 v1.5) of a DigestInfo. Raises StatusError."""
    select_file(transmit, key_file)
    return _run(transmit, b"\x80\x2a\x00\x80" + bytes([len(digest_info)]) + digest_info + b"\x00")


def get_challenge(transmit: Transmit, count: int) -> bytes:
    """Return random bytes of the card's. Raises StatusError."""
    return _run(transmit, b"\x00\x84\x00\x00" + bytes([count]))


def _run(transmit: Transmit, command: bytes, tolerated: tuple[int, ...] = ()) -> bytes:
    answer = transmit(command)
    status = _status(answer)
    if status != OK and status not in tolerated:
        raise StatusError(command, status)
    return answer[:-2]


def _status(answer: bytes) -> int:
    if len(answer) < 2:
        raise DamagedFileError("the card gave no status")
    return int.from_bytes(answer[-2:], "big")


def _object_length(head: bytes) -> int:
    """Return the length of a TLV object with its tag, or 0 where there is none."""
    if len(head) < 2:
        return 0
    at = 2 if head[0] & 0x1F == 0x1F else 1
    if at >= len(head):
        return 0
    first = head[at]
    if first < 0x80:
        return at + 1 + first
    size = first & 0x7F
    if not 1 <= size <= 2 or at + 1 + size > len(head):
        return 0
    return at + 1 + size + int.from_bytes(head[at + 1 : at + 1 + size], "big")
