"""A card reader that is only software, and the cards that can be put into it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from counter_tui.card.apdu import Transmit
from counter_tui.card.my_number_card import MyNumberCard
from counter_tui.card.reader import (
    CardError,
    CardEvent,
    CardInserted,
    CardRemoved,
    CardTrouble,
    ReaderDown,
    ReaderUp,
    UserCertificate,
)
from counter_tui.card.working import in_a_thread, read_certificate, work_with
from counter_tui.virtual.card_header import card_path, listed

if TYPE_CHECKING:
    from counter_tui.virtual.card import VirtualCard

T = TypeVar("T")


@dataclass(frozen=True)
class BoxedCard:
    """A card beside the reader. It is made when it is first read: its keys take a while."""

    label: str
    take: "Callable[[], VirtualCard]"


def boxed_cards(folder: Path) -> list[BoxedCard]:
    """Return the cards of a folder (see card_file). Raises CardFileError."""

    def taking(path: Path) -> "Callable[[], VirtualCard]":
        def take() -> "VirtualCard":
            from counter_tui.virtual.card_file import load  # noqa: PLC0415

            return load(path)

        return take

    return [
        BoxedCard(header.label, taking(card_path(folder, header.serial_number)))
        for header in listed(folder)
    ]


class VirtualReader:
    """A card reader for the demo and for tests. All of it is called in the event loop."""

    def __init__(self, cards: Sequence[BoxedCard]) -> None:
        self.cards = tuple(cards)
        self._taken: dict[int, VirtualCard] = {}
        self._inserted: int | None = None
        self._trouble: str | None = None
        self._session = 0
        self._consumers: list[asyncio.Queue[CardEvent]] = []

    @property
    def inserted(self) -> int | None:
        """Which card is in, readable or not."""
        return self._inserted

    @property
    def has_card(self) -> bool:
        """Whether a card is in that can be read."""
        return self._inserted is not None and self._trouble is None

    async def events(self) -> AsyncIterator[CardEvent]:
        """Yield the present state, then what happens, to each consumer on its own."""
        queue: asyncio.Queue[CardEvent] = asyncio.Queue()
        for event in self._present():
            queue.put_nowait(event)
        self._consumers.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._consumers.remove(queue)

    async def read_user_certificate(self) -> UserCertificate:
        """Read the card that is in. Raises CardError."""
        return await self.with_card(read_certificate, exclusive=False)

    async def with_card(self, work: Callable[[MyNumberCard], T], *, exclusive: bool) -> T:
        """Do something with the card, off the event loop; exclusively where a PIN is used.

        Raises CardError, and WrongPinError or BlockedError where the work does.
        """
        return await self._connected(
            lambda transmit: work_with(transmit, work), exclusive=exclusive
        )

    async def with_any_card(self, work: Callable[[Transmit], T]) -> T:
        """Do something with whatever card is in, off the event loop. Raises CardError."""
        return await self._connected(work, exclusive=False)

    async def _connected(self, work: Callable[[Transmit], T], *, exclusive: bool) -> T:
        inserted, session = self._readable_card(), self._session

        def run() -> T:
            card = self._taken.get(inserted) or self.cards[inserted].take()
            self._taken[inserted] = card

            def transmit(command: bytes) -> bytes:
                self._check_session(session)
                return card.transmit(command)

            try:
                return work(transmit)
            finally:
                if exclusive:
                    card.power_off()

        result = await in_a_thread(run)
        self._check_session(session)
        return result

    async def stop(self) -> None:
        """Let go of the reader: there is nothing to let go of."""

    def insert(self, index: int) -> None:
        """Put a card in; one that is in comes out first. Raises IndexError."""
        if not 0 <= index < len(self.cards):
            raise IndexError(f"there is no virtual card {index}")
        self.remove()
        self._inserted = index
        if self._trouble is None:
            self._begin_session()

    def remove(self) -> None:
        """Take the card out; where none is in, nothing happens."""
        had_card = self.has_card
        taken = self._taken.get(self._inserted) if self._inserted is not None else None
        if taken is not None:
            taken.power_off()
        self._inserted = None
        if had_card:
            self._tell(CardRemoved(self._session))

    def break_down(self, message: str) -> None:
        """Let the reader fail with a card in it or without."""
        had_card = self.has_card
        self._trouble = message
        if had_card:
            self._tell(CardRemoved(self._session))
        self._tell(ReaderDown(message))

    def repair(self) -> None:
        """Let the reader work again; a card that is still in begins a new session."""
        if self._trouble is None:
            return
        self._trouble = None
        self._tell(ReaderUp())
        if self._inserted is not None:
            self._begin_session()

    def _begin_session(self) -> None:
        self._session += 1
        self._tell(CardInserted(self._session))

    def _present(self) -> list[CardEvent]:
        if self._trouble is not None:
            return [ReaderDown(self._trouble)]
        return [CardInserted(self._session)] if self.has_card else []

    def _readable_card(self) -> int:
        if self._trouble is not None:
            raise CardError(CardTrouble.READER_DOWN, self._trouble)
        if self._inserted is None:
            raise CardError(CardTrouble.NO_CARD)
        return self._inserted

    def _check_session(self, session: int) -> None:
        if session != self._session or not self.has_card:
            raise CardError(CardTrouble.PULLED_OUT)

    def _tell(self, event: CardEvent) -> None:
        for queue in self._consumers:
            queue.put_nowait(event)
