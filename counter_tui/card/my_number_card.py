"""The My Number card: certificates, a signed challenge, and the four attributes.

Layout: JPKI application and 券面事項入力補助 application, as docs/cards.md tells. Everything
here talks to the card and blocks; it is never called in the event loop.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from counter_tui.card import apdu
from counter_tui.card.apdu import DamagedFileError, StatusError, Transmit
from counter_tui.card.tlv import TlvError, objects

JPKI = bytes.fromhex("D392F000260100000001")
INPUT_SUPPORT = bytes.fromhex("D3921000310001010408")
"""券面事項入力補助AP."""

TOKEN_INFO, AVAILABILITY = 0x0006, 0x0008
USER_CERTIFICATE, USER_KEY = 0x000A, 0x0017
SIGNATURE_CERTIFICATE = 0x0001
ATTRIBUTES = 0x0002

TOKEN = b"JPKIAPICCTOKEN2"
OLD_TOKEN = b"JPKIAPICCTOKEN"
PHONE_TOKENS = (b"JPKIAPGPSETOKEN", b"JPKIAPIOSTOKEN")

NO_SUCH_FILE = 0x6A82
DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
"""What PKCS#1 v1.5 puts before a SHA-256 hash (RFC 8017, 9.2)."""


class PinFile(IntEnum):
    """Where the card keeps a PIN, and how many tries it gives."""

    USER_PIN = 0x0018
    """利用者証明用パスワード: 4 digits, 3 tries."""
    SIGNATURE_PASSWORD = 0x001B
    """署名用パスワード: 6 to 16 capital letters and digits, 5 tries."""
    INPUT_SUPPORT_PIN = 0x0011
    """券面事項入力補助用暗証番号: 4 digits, 3 tries."""
    CODE_B = 0x0015
    """照合番号B: 14 digits, 10 tries."""


class ForeignCardError(Exception):
    """The card is no My Number card."""


class OldCardError(ForeignCardError):
    """住民基本台帳カード: its certificates are no longer good."""


class PhoneTokenError(ForeignCardError):
    """A phone's electronic certificate, which the counter does not take."""


class NoSignatureCertificateError(Exception):
    """The card has no signature certificate: the holder is under 15, or never had one."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """基本4情報."""

    name: str
    address: str
    birth_date: date
    sex: str
    """ISO 5218: 1 male, 2 female, 9 not applicable."""


class MyNumberCard:
    """A card that lies in the reader, from its insertion to its removal."""

    def __init__(self, transmit: Transmit) -> None:
        self._transmit = transmit

    def open(self) -> None:
        """Select the JPKI application, and make sure that this is a My Number card.

        Raises ForeignCardError, OldCardError or PhoneTokenError.
        """
        self._wake()
        try:
            apdu.select_application(self._transmit, JPKI)
            apdu.select_file(self._transmit, TOKEN_INFO)
            label = apdu.read_bytes(self._transmit, 0, 32).rstrip(b" \x00")
        except StatusError as error:
            raise ForeignCardError(str(error)) from error
        if label in PHONE_TOKENS:
            raise PhoneTokenError(label.decode())
        if label == OLD_TOKEN:
            raise OldCardError(label.decode())
        if label != TOKEN:
            raise ForeignCardError(label.hex())

    def user_certificate(self) -> bytes:
        """Return the user-authentication certificate, DER. No PIN is needed."""
        return apdu.read_object(self._transmit, USER_CERTIFICATE)

    def tries_left(self, pin_file: PinFile) -> int:
        """Return how often a PIN of the selected application can still be tried."""
        return apdu.tries_left(self._transmit, pin_file)

    def sign_challenge(self, pin: str, challenge: bytes) -> bytes:
        """Return the signature (RSA, PKCS#1 v1.5, SHA-256) of a challenge of the server's.

        Raises WrongPinError, BlockedError.
        """
        apdu.verify(self._transmit, PinFile.USER_PIN, pin)
        digest = hashlib.sha256(challenge).digest()
        return apdu.sign(self._transmit, USER_KEY, DIGEST_INFO_SHA256 + digest)

    def has_signature_certificate(self) -> bool:
        """Whether the card has a signature certificate; the card of a child has none."""
        apdu.select_file(self._transmit, AVAILABILITY)
        available = apdu.read_bytes(self._transmit, 0, 3)
        return len(available) == 3 and available[0] != 0

    def signature_certificate(self, password: str) -> bytes:
        """Return the signature certificate, DER.

        Raises NoSignatureCertificateError before a try is spent, WrongPinError, BlockedError.
        """
        if not self.has_signature_certificate():
            raise NoSignatureCertificateError
        apdu.verify(self._transmit, PinFile.SIGNATURE_PASSWORD, password.upper())
        return apdu.read_object(self._transmit, SIGNATURE_CERTIFICATE)

    def open_input_support(self) -> None:
        """Select the application of the attributes, in place of JPKI. Raises StatusError."""
        apdu.select_application(self._transmit, INPUT_SUPPORT)

    def attributes(self, pin_file: PinFile, code: str) -> Attributes:
        """Return the attributes, opened by 照合番号B or the PIN.

        Raises WrongPinError, BlockedError, DamagedFileError.
        """
        apdu.verify(self._transmit, pin_file, code)
        return parse_attributes(apdu.read_object(self._transmit, ATTRIBUTES))

    def _wake(self) -> None:
        """Send something that may fail: the first command after power comes may answer 6F00."""
        try:
            apdu.get_challenge(self._transmit, 8)
        except StatusError:
            return


def parse_attributes(content: bytes) -> Attributes:
    """Return what EF 0002 of the input support application says. Raises DamagedFileError."""
    try:
        ((tag, body),) = objects(content)
        fields = dict(objects(body))
        birth = fields[0xDF24].decode("ascii")
        if tag != 0xFF20 or len(birth) != 8:
            raise ValueError("not the attributes")
        return Attributes(
            fields[0xDF22].decode("utf-8"),
            fields[0xDF23].decode("utf-8"),
            date(int(birth[:4]), int(birth[4:6]), int(birth[6:])),
            fields[0xDF25].decode("ascii"),
        )
    except (TlvError, KeyError, ValueError) as error:
        raise DamagedFileError(f"the attributes cannot be read: {error}") from error
