"""Cards of libraries and streets: FeliCa's IDm and the UID of ISO/IEC 14443 (CRD-7).

Both are copied easily and read by anyone: they identify, they prove nothing.
"""

from dataclasses import dataclass
from enum import StrEnum

from counter_tui.card.apdu import DamagedFileError, StatusError, Transmit

GET_UID = b"\xff\xca\x00\x00\x00"
"""PC/SC part 3, 3.2.2.1.3: the reader answers it, not the card."""
FELICA_LENGTH = 8
UID_LENGTHS = (4, 7, 10)


class IdentifierKind(StrEnum):
    """What sort of identifier a contactless card has."""

    FELICA_IDM = "FELICA_IDM"
    ISO14443_UID = "ISO14443_UID"


@dataclass(frozen=True, slots=True)
class ContactlessId:
    """What a contactless card is known by."""

    kind: IdentifierKind
    value: str
    """Upper-case hexadecimal: 16 digits of an IDm; 8, 14 or 20 of a UID."""

    @property
    def is_random(self) -> bool:
        """Whether the card makes a new one each time: a UID of 4 bytes that begins with 08."""
        is_uid = self.kind == IdentifierKind.ISO14443_UID
        return is_uid and len(self.value) == 8 and self.value.startswith("08")


def read_contactless_id(transmit: Transmit) -> ContactlessId:
    """Return the identifier of the card that lies on the reader.

    Raises StatusError where the reader or the card has none, DamagedFileError for an answer
    of another length.
    """
    answer = transmit(GET_UID)
    value, status = answer[:-2], int.from_bytes(answer[-2:], "big")
    if len(answer) < 2 or status != 0x9000:
        raise StatusError(GET_UID, status)
    if len(value) == FELICA_LENGTH:
        return ContactlessId(IdentifierKind.FELICA_IDM, value.hex().upper())
    if len(value) in UID_LENGTHS:
        return ContactlessId(IdentifierKind.ISO14443_UID, value.hex().upper())
    raise DamagedFileError(f"an identifier of {len(value)} bytes")
