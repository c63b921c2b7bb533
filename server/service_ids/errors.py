"""Refusals about service IDs."""

from enum import StrEnum


class ServiceIdReason(StrEnum):
    """Why there is no service ID to tell."""

    TERMINAL_WITHOUT_ISSUER = "TERMINAL_WITHOUT_ISSUER"
    SERVICE_ID_UNKNOWN = "SERVICE_ID_UNKNOWN"
