"""What a card reader is to the application (USE-1)."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from counter_tui.card.apdu import Transmit
    from counter_tui.card.my_number_card import MyNumberCard

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class UserCertificate:
    """What is read of the user-authentication certificate."""

    serial_number: str
    """発行番号, upper-case hexadecimal."""
    last_good_day: date


@dataclass(frozen=True, slots=True)
class CardInserted:
    """A card was put in; each insertion has a session number of its own."""

    session: int


@dataclass(frozen=True, slots=True)
class CardRemoved:
    """The card of a session is gone, also where the reader broke down under it."""

    session: int


@dataclass(frozen=True, slots=True)
class ReaderDown:
    """The reader does not work."""

    message: str


@dataclass(frozen=True, slots=True)
class ReaderUp:
    """The reader works again; CardInserted follows where a card is in."""


CardEvent = CardInserted | CardRemoved | ReaderDown | ReaderUp


class CardTrouble(StrEnum):
    """Why a card could not be read."""

    NO_CARD = "NO_CARD"
    PULLED_OUT = "PULLED_OUT"
    MUTE = "MUTE"
    """It lies wrong, is dirty, or broken."""
    FOREIGN = "FOREIGN"
    """No My Number card."""
    OLD_CARD = "OLD_CARD"
    """住民基本台帳カード."""
    PHONE = "PHONE"
    """A phone's electronic certificate."""
    DAMAGED = "DAMAGED"
    """It is one, and what is on it cannot be read."""
    IN_USE = "IN_USE"
    """Another program does not let go of it."""
    READER_DOWN = "READER_DOWN"


class CardError(Exception):
    """The card could not be read."""

    def __init__(self, trouble: CardTrouble, detail: str = "") -> None:
        super().__init__(f"{trouble}: {detail}" if detail else str(trouble))
        self.trouble = trouble


class CardReader(Protocol):
    """A reader with at most one card in it."""

    @property
    def has_card(self) -> bool:
        """Whether a card is in that can be read."""
        ...

    def events(self) -> AsyncIterator[CardEvent]:
        """Yield what happens, without end and without polling.

        The present state comes first: CardInserted where a card is in, ReaderDown where the
        reader does not work, nothing where it waits for a card.
        """
        ...

    async def read_user_certificate(self) -> UserCertificate:
        """Read the card that is in. Raises CardError."""
        ...

    async def with_card(self, work: "Callable[[MyNumberCard], T]", *, exclusive: bool) -> T:
        """Do something with the card, off the event loop; exclusively where a PIN is used.

        Raises CardError, and WrongPinError or BlockedError where the work does.
        """
        ...

    async def with_any_card(self, work: "Callable[[Transmit], T]") -> T:
        """Do something with whatever card is in, off the event loop. Raises CardError."""
        ...

    async def stop(self) -> None:
        """Let go of the reader."""
        ...
