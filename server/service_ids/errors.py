"""Refusals about service IDs."""

from enum import StrEnum


class ServiceIdReason(StrEnum):
    """Why there is no service ID to tell, or why none is registered."""

    TERMINAL_WITHOUT_ISSUER = "TERMINAL_WITHOUT_ISSUER"
    SERVICE_ID_UNKNOWN = "SERVICE_ID_UNKNOWN"
    CUSTOMER_ID_UNKNOWN = "CUSTOMER_ID_UNKNOWN"
    CUSTOMER_ID_UNFIT_STREET = "CUSTOMER_ID_UNFIT_STREET"
    CUSTOMER_ID_UNFIT_PATTERN = "CUSTOMER_ID_UNFIT_PATTERN"
    CUSTOMER_ID_UNFIT_SYMBOLOGY = "CUSTOMER_ID_UNFIT_SYMBOLOGY"
    CUSTOMER_ID_TAKEN = "CUSTOMER_ID_TAKEN"
    """It is another citizen's; whose is not said (SID-1)."""
    SERVICE_ID_DIFFERENT = "SERVICE_ID_DIFFERENT"
    """The citizen has another number there: it is shown, and asked for."""
    ADDRESS_NOTICE_UNKNOWN = "ADDRESS_NOTICE_UNKNOWN"
