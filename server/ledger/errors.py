"""The ledger's own refusals."""

from enum import StrEnum


class LedgerReason(StrEnum):
    """Why a request ID is refused, whatever it asks for."""

    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    """The ID was used before with other content."""
    OPERATION_ABANDONED = "OPERATION_ABANDONED"
    """The ID was settled as abandoned before this request came."""
    OPERATION_UNKNOWN = "OPERATION_UNKNOWN"
    """Nothing was decided on the ID yet."""
