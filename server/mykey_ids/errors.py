"""Refusals about making, changing and revoking MyKey IDs."""

from enum import StrEnum


class MykeyReason(StrEnum):
    """Why nothing becomes of what a holder wants to do with a MyKey ID."""

    MYKEY_ID_EXISTS = "MYKEY_ID_EXISTS"
    """One valid MyKey ID per person (MKY-1)."""
    ATTEMPT_OVER = "ATTEMPT_OVER"
    """Ended, too long ago, for something else, another terminal's, or none."""
    NO_MORE_CANDIDATES = "NO_MORE_CANDIDATES"
    CANDIDATE_NOT_RESERVED = "CANDIDATE_NOT_RESERVED"
    BASE_MUNICIPALITY_UNFIT = "BASE_MUNICIPALITY_UNFIT"
    LOSSES_CHANGED = "LOSSES_CHANGED"
    MYKEY_PASSWORD_WRONG = "MYKEY_PASSWORD_WRONG"  # noqa: S105 -- a reason code
    """Unknown MyKey ID and wrong password say the same."""
    TOO_MANY_WRONG_PASSWORDS = "TOO_MANY_WRONG_PASSWORDS"
