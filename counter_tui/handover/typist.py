"""What types a customer number into the field that has the focus (SID-3)."""

from enum import StrEnum
from typing import Protocol


class TypingMethod(StrEnum):
    """By what keys are pressed."""

    X11 = "x11"
    UINPUT = "uinput"


class HandoverTrouble(StrEnum):
    """Why a number was not typed."""

    NOT_INSTALLED = "NOT_INSTALLED"
    """The package that types this way is missing: the extra `typing`."""
    NO_DISPLAY = "NO_DISPLAY"
    """There is no X server, it refuses, or it went away."""
    NO_EXTENSION = "NO_EXTENSION"
    """The X server lets no program press keys."""
    NO_DEVICE = "NO_DEVICE"
    """There is no uinput, or this user may not write to it."""
    CANNOT_TYPE = "CANNOT_TYPE"
    """A character that this keyboard layout cannot make, or that no number has."""
    OWN_WINDOW = "OWN_WINDOW"
    """The focus is still on the counter's own window."""


class HandoverError(Exception):
    """A number was not typed.

    Only where the display or the device went away at that very moment a part of it was.
    """

    def __init__(self, trouble: HandoverTrouble, detail: str) -> None:
        super().__init__(f"{trouble}: {detail}")
        self.trouble = trouble
        self.detail = detail


class Typist(Protocol):
    """Presses keys in the place of the operator, in whatever window has the focus."""

    def type_text(self, text: str) -> None:
        """Type printable ASCII, and nothing behind it; blocks. Raises HandoverError.

        No key is pressed before every character is known to have one.
        """
        ...


def require_printable(text: str) -> None:
    """Raise HandoverError (CANNOT_TYPE) where a character is not printable ASCII."""
    foreign = [character for character in text if not " " <= character <= "~"]
    if foreign:
        raise HandoverError(HandoverTrouble.CANNOT_TYPE, ascii("".join(foreign)))
