"""A card reader through PC/SC: events from a watching thread, reading in another."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import TypeVar

from counter_tui.card.apdu import Transmit
from counter_tui.card.my_number_card import MyNumberCard
from counter_tui.card.pcsc import CardResetError, Slot, Watcher, connected
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

T = TypeVar("T")

RESET_TRIES = 5
"""Another program that ends its work may reset the card under ours: so often it is begun."""


class PcscReader:
    """The readers whose name contains `name`; of several the one whose card was put in last.

    Used in one event loop, in which its watching begins with the first consumer of events.
    """

    def __init__(self, name: str = "") -> None:
        self._name = name
        self._slot: Slot | None = None
        self._message = ""
        self._known = False
        self._session = 0
        self._consumers: list[asyncio.Queue[CardEvent]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watcher = Watcher(self._choose, self._told)
        self._one_at_a_time = asyncio.Lock()

    @property
    def has_card(self) -> bool:
        """Whether a card is in that can be read."""
        return self._slot is not None and self._slot.card_in

    async def events(self) -> AsyncIterator[CardEvent]:
        """Yield the present state, then what happens, to each consumer on its own."""
        self._begin()
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
        """Read the card that is in; no PIN is needed. Raises CardError."""
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
        slot = self._slot
        if slot is None:
            raise CardError(CardTrouble.READER_DOWN, self._message)
        if not slot.card_in:
            raise CardError(CardTrouble.NO_CARD)
        reader = slot.reader

        def once() -> T:
            with connected(reader, exclusive=exclusive) as transmit:
                return work(transmit)

        def run() -> T:
            for _ in range(RESET_TRIES - 1):
                with suppress(CardResetError):
                    return once()
            return once()

        async with self._one_at_a_time:
            return await in_a_thread(run)

    async def stop(self) -> None:
        """End the watching."""
        if self._loop is not None:
            await asyncio.to_thread(self._watcher.stop)

    def _begin(self) -> None:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            watching = threading.Thread(target=self._watcher.run, name="card-watcher", daemon=True)
            watching.start()

    def _choose(self, readers: list[str]) -> list[str]:
        return [reader for reader in readers if self._name in reader]

    def _told(self, slot: Slot | None, message: str) -> None:
        """Take what the watching thread saw to the event loop."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the program has ended meanwhile
                self._loop.call_soon_threadsafe(self._change, slot, message)

    def _change(self, slot: Slot | None, message: str) -> None:
        before, known = self._slot, self._known
        self._slot, self._message, self._known = slot, message, True
        if slot == before and known:
            return
        had_card = before is not None and before.card_in
        same_card = _insertion(before) == _insertion(slot)
        if had_card and not (same_card and slot is not None and slot.card_in):
            self._tell(CardRemoved(self._session))
        if slot is None:
            if before is not None or not known:
                self._tell(ReaderDown(message))
            return
        if before is None and known:
            self._tell(ReaderUp())
        if slot.card_in and not (had_card and same_card):
            self._session += 1
            self._tell(CardInserted(self._session))

    def _present(self) -> list[CardEvent]:
        if self._slot is None:
            return [ReaderDown(self._message)] if self._known else []
        return [CardInserted(self._session)] if self._slot.card_in else []

    def _tell(self, event: CardEvent) -> None:
        for queue in self._consumers:
            queue.put_nowait(event)


def _insertion(slot: Slot | None) -> tuple[str, int] | None:
    """Return what tells the cards of a reader, and of several readers, apart."""
    return (slot.reader, slot.changes) if slot is not None else None
