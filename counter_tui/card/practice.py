"""The reader of a training session: made-up cards, put in and taken out by a key (USE-7)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from counter_tui.card.reader import (
    CardError,
    CardEvent,
    CardInserted,
    CardRemoved,
    CardTrouble,
    UserCertificate,
)

if TYPE_CHECKING:
    from counter_tui.card.apdu import Transmit
    from counter_tui.card.made_up_card import MadeUpCard
    from counter_tui.card.my_number_card import MyNumberCard

T = TypeVar("T")

NEVER = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class PracticeCard:
    """A made-up card, as the server names it."""

    label: str
    serial_number: str


class PracticeReader:
    """A card reader without a card reader. All of it is called in the event loop."""

    def __init__(self, cards: Sequence[PracticeCard]) -> None:
        self.cards = tuple(cards)
        self._inserted: int | None = None
        self._session = 0
        self._consumers: list[asyncio.Queue[CardEvent]] = []
        self._made_up: dict[str, MadeUpCard] = {}
        """By serial number. A PIN that is locked stays so until the next training session."""

    @property
    def has_card(self) -> bool:
        """Whether a card is in."""
        return self._inserted is not None

    async def events(self) -> AsyncIterator[CardEvent]:
        """Yield what happens, to each consumer on its own."""
        queue: asyncio.Queue[CardEvent] = asyncio.Queue()
        if self.has_card:
            queue.put_nowait(CardInserted(self._session))
        self._consumers.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._consumers.remove(queue)

    async def read_user_certificate(self) -> UserCertificate:
        """Read the card that is in. Raises CardError."""
        if self._inserted is None:
            raise CardError(CardTrouble.NO_CARD)
        return UserCertificate(self.cards[self._inserted].serial_number, NEVER)

    async def with_card(
        self,
        work: "Callable[[MyNumberCard], T]",
        *,
        exclusive: bool,  # noqa: ARG002
    ) -> T:
        """Do something with the card that is in. Raises CardError, and what the PIN raises."""
        from counter_tui.card.made_up_card import MadeUpCard  # noqa: PLC0415
        from counter_tui.card.working import worked  # noqa: PLC0415

        if self._inserted is None:
            raise CardError(CardTrouble.NO_CARD)
        serial_number = self.cards[self._inserted].serial_number
        card = self._made_up.setdefault(serial_number, MadeUpCard(serial_number))
        return worked(lambda: work(card))

    async def with_any_card(self, work: "Callable[[Transmit], T]") -> T:  # noqa: ARG002
        """Refuse: a made-up card answers nothing."""
        raise CardError(CardTrouble.FOREIGN)

    async def stop(self) -> None:
        """Let go of the reader: there is nothing to let go of."""

    def insert(self, index: int) -> None:
        """Put a card in; one that is in comes out first."""
        self.remove()
        self._inserted = index
        self._session += 1
        self._tell(CardInserted(self._session))

    def remove(self) -> None:
        """Take the card out; where none is in, nothing happens."""
        if self._inserted is not None:
            self._inserted = None
            self._tell(CardRemoved(self._session))

    def _tell(self, event: CardEvent) -> None:
        for queue in self._consumers:
            queue.put_nowait(event)
