"""A card reader and cards that are only software."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

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

_SERIAL_NUMBER = re.compile("[0-9A-F]{1,40}")


class VirtualCardsError(ValueError):
    """The file of virtual cards cannot be used."""


@dataclass(frozen=True, slots=True)
class VirtualCard:
    """A card that can be put into the virtual reader."""

    label: str
    serial_number: str
    last_good_day: date


def load_cards(path: Path) -> list[VirtualCard]:
    """Read the cards of a demo town's file. Raises VirtualCardsError."""
    try:
        document = json.loads(path.read_bytes())
        cards = document["cards"] if isinstance(document, dict) else None
        if not isinstance(cards, list):
            raise ValueError("no list of cards")
        return [_card(card) for card in cards]
    except OSError as error:
        raise VirtualCardsError(f"{path} cannot be read: {error.strerror or error}") from error
    except KeyError as error:
        raise VirtualCardsError(f"{path} has no {error}") from error
    except (ValueError, RecursionError) as error:
        raise VirtualCardsError(f"{path} holds no virtual cards: {error}") from error


def _card(card: object) -> VirtualCard:
    if not isinstance(card, dict):
        raise ValueError("a card that is not an object")
    label, serial_number, day = (card[key] for key in ("label", "serial_number", "last_good_day"))
    if not isinstance(label, str) or not label:
        raise ValueError("a card without a label")
    if not isinstance(serial_number, str) or not _SERIAL_NUMBER.fullmatch(serial_number):
        raise ValueError(f"not a serial number: {serial_number!r}")
    if not isinstance(day, str):
        raise ValueError(f"not a day: {day!r}")
    return VirtualCard(label, serial_number, date.fromisoformat(day))


class VirtualReader:
    """A card reader for the demo and for tests. All of it is called in the event loop."""

    def __init__(self, cards: Sequence[VirtualCard]) -> None:
        self.cards = tuple(cards)
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
        session = self._session
        card = self._readable_card()
        await asyncio.sleep(0)  # A real card takes its time; it may be pulled out in it.
        if session != self._session or not self.has_card:
            raise CardError(CardTrouble.PULLED_OUT)
        return UserCertificate(card.serial_number, card.last_good_day)

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

    def _readable_card(self) -> VirtualCard:
        if self._trouble is not None:
            raise CardError(CardTrouble.READER_DOWN, self._trouble)
        if self._inserted is None:
            raise CardError(CardTrouble.NO_CARD)
        return self.cards[self._inserted]

    def _tell(self, event: CardEvent) -> None:
        for queue in self._consumers:
            queue.put_nowait(event)
