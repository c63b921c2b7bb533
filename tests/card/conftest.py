"""A real pcscd, and a virtual card in its reader."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from counter_tui.card.pcsc_reader import PcscReader
from counter_tui.card.reader import CardEvent
from tests.card.pcscd import READER, WANTED, Pcscd, is_installed
from tests.counter_tui.card.conftest import issuing, virtual

__all__ = ["issuing", "virtual"]

SECONDS_MAX = 10


@pytest.fixture
def pcscd(tmp_path: Path) -> Iterator[Pcscd]:
    if not is_installed():
        pytest.skip(f"needs a PC/SC daemon: {WANTED}")
    daemon = Pcscd(tmp_path)
    daemon.start()
    yield daemon
    daemon.close()


class Events:
    """What a reader tells, one event after the other."""

    def __init__(self, reader: PcscReader) -> None:
        self._events = reader.events()

    async def next(self) -> CardEvent:
        return await asyncio.wait_for(anext(self._events), SECONDS_MAX)


@pytest.fixture
async def reader(pcscd: Pcscd) -> AsyncIterator[PcscReader]:
    """The application's reader on the daemon's first slot."""
    opened = PcscReader(f"{READER} 00 00")
    yield opened
    await opened.stop()


@pytest.fixture
def events(reader: PcscReader) -> Events:
    return Events(reader)
