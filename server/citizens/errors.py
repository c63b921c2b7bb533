"""Refusals about cards and MyKey IDs."""

from enum import StrEnum


class CitizenReason(StrEnum):
    """Why a card is not accepted."""

    CERTIFICATE_UNKNOWN = "CERTIFICATE_UNKNOWN"
    CERTIFICATE_EXPIRED = "CERTIFICATE_EXPIRED"
    CERTIFICATE_REVOKED = "CERTIFICATE_REVOKED"
    MYKEY_ID_UNKNOWN = "MYKEY_ID_UNKNOWN"
    MYKEY_ID_REVOKED = "MYKEY_ID_REVOKED"
