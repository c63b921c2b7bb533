"""Refusals of terminals and sessions."""

from enum import StrEnum


class TerminalReason(StrEnum):
    """Why a terminal is not let in, or not let do something."""

    SIGN_IN_REFUSED = "SIGN_IN_REFUSED"
    """Unknown ID and wrong password say the same."""
    SIGN_IN_LOCKED = "SIGN_IN_LOCKED"
    """Too many wrong passwords: whoever tried them waits."""
    MACHINE_NOT_BOUND = "MACHINE_NOT_BOUND"
    TERMINAL_UNKNOWN = "TERMINAL_UNKNOWN"
    TERMINAL_WITHDRAWN = "TERMINAL_WITHDRAWN"
    SESSION_MISSING = "SESSION_MISSING"
    SESSION_EXPIRED = "SESSION_EXPIRED"
    NOT_FOR_THIS_TERMINAL = "NOT_FOR_THIS_TERMINAL"
    METHOD_NOT_OPEN = "METHOD_NOT_OPEN"
    TRAINING_NOT_OFFERED = "TRAINING_NOT_OFFERED"
    ISSUER_UNKNOWN = "ISSUER_UNKNOWN"
    ISSUER_CHOSEN_BEFORE = "ISSUER_CHOSEN_BEFORE"
