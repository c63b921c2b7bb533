"""The card reader: what is in it, and the screens' knowing of it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from counter_tui.card.practice import PracticeCard, PracticeReader
from counter_tui.card.reader import CardInserted, CardReader, CardRemoved, ReaderDown, ReaderUp

if TYPE_CHECKING:
    from jichipoint.v1 import terminals_pb2

    from counter_tui.host import Host


class Labelled(Protocol):
    """A card that can be chosen."""

    @property
    def label(self) -> str:
        """What it is called."""
        ...


class CardBox(Protocol):
    """Cards beside a reader that is only software."""

    @property
    def cards(self) -> Sequence[Labelled]:
        """The cards."""
        ...

    def insert(self, index: int) -> None:
        """Put one in."""
        ...

    def remove(self) -> None:
        """Take out the one that is in."""
        ...


class Cards:
    """One reader at a time; in training another one, with made-up cards (USE-7)."""

    def __init__(self, host: "Host", reader: CardReader, box: CardBox | None) -> None:
        self._host = host
        self.reader = reader
        self.box = box
        """Cards that are put in by a key: of the demo, or of a training session."""
        self.session: int | None = None
        """The insertion of the card that is in."""
        self.reader_is_down = False

    def watch(self) -> None:
        """Tell every screen what happens at the reader, from now on."""
        self._host.run_worker(self._watch(self.reader))

    def practise(self, cards: "Iterable[terminals_pb2.PracticeCard]") -> None:
        """Change to made-up cards."""
        made_up = [PracticeCard(card.label, card.certificate_serial_number) for card in cards]
        self.reader = self.box = PracticeReader(made_up)
        self.session, self.reader_is_down = None, False
        self.watch()

    async def stop(self) -> None:
        """Let go of the reader."""
        await self.reader.stop()

    async def _watch(self, reader: CardReader) -> None:
        each_screen = self._host.each_screen
        async for event in reader.events():
            if reader is not self.reader:
                return  # a training session has a reader of its own
            match event:
                case CardInserted(session):
                    self.session = session
                    each_screen(lambda screen: screen.card_inserted())
                case CardRemoved():
                    self.session = None
                    each_screen(lambda screen: screen.card_removed())
                case ReaderDown():
                    self.reader_is_down = True
                    each_screen(lambda screen: screen.reader_down())
                case ReaderUp():
                    self.reader_is_down = False
                    each_screen(lambda screen: screen.reader_up())
