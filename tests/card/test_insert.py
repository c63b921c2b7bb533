"""`jichipoint-card insert` as a process, seen through a real pcscd (CRD-2)."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from counter_tui.card.apdu import BlockedError, WrongPinError
from counter_tui.card.pcsc_reader import PcscReader
from counter_tui.card.reader import CardInserted, CardRemoved
from counter_tui.virtual.card import VirtualCard
from counter_tui.virtual.card_file import save
from counter_tui.virtual.card_header import CardHeader
from counter_tui.virtual.vpcd import VpcdSlot
from tests.card.conftest import Events
from tests.card.pcscd import Pcscd
from tests.counter_tui.card.conftest import LAST_GOOD_DAY

SECONDS_MAX = 20
COMMAND = [sys.executable, "-m", "counter_tui.virtual.cli"]


@pytest.fixture
def folder(tmp_path: Path, virtual: VirtualCard) -> Path:
    """A folder with one card."""
    made = tmp_path / "cards"
    made.mkdir()
    save(made / "030D45.json", CardHeader("桜井 花子", "030D45", LAST_GOOD_DAY), virtual)
    return made


class Insert:
    """The command as a process."""

    def __init__(self, folder: Path, port: int) -> None:
        self._command = [*COMMAND, "insert", str(folder), "030D45", "--port", str(port)]
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> subprocess.Popen[str]:
        self.process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        return self.process

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()


@pytest.fixture
def insert(pcscd: Pcscd, folder: Path) -> Iterator[Insert]:
    inserting = Insert(folder, pcscd.port)
    yield inserting
    inserting.end()


async def remove(folder: Path) -> None:
    await asyncio.to_thread(subprocess.run, [*COMMAND, "remove", str(folder)], check=True)


async def test_a_card_comes_and_is_removed(
    folder: Path, insert: Insert, reader: PcscReader, events: Events
) -> None:
    process = insert.start()
    assert await events.next() == CardInserted(1)
    assert (await reader.read_user_certificate()).serial_number == "030D45"
    await remove(folder)
    assert await events.next() == CardRemoved(1)
    assert process.wait(SECONDS_MAX) == 0


async def test_a_card_comes_out_when_its_process_ends(
    insert: Insert, reader: PcscReader, events: Events
) -> None:
    for session, how in enumerate((signal.SIGINT, signal.SIGKILL), 1):
        process = insert.start()
        assert await events.next() == CardInserted(session)
        await reader.read_user_certificate()
        process.send_signal(how)
        assert await events.next() == CardRemoved(session)
        insert.end()


async def test_a_card_locked_in_the_reader_is_locked_when_it_comes_again(
    insert: Insert, reader: PcscReader, events: Events
) -> None:
    for session in (1, 2, 3):
        insert.start()
        assert await events.next() == CardInserted(session)
        with pytest.raises(WrongPinError if session < 3 else BlockedError):
            await reader.with_card(lambda card: card.sign_challenge("0000", b""), exclusive=True)
        insert.end()
        assert await events.next() == CardRemoved(session)
    insert.start()
    assert await events.next() == CardInserted(4)
    with pytest.raises(BlockedError):
        await reader.with_card(lambda card: card.sign_challenge("1234", b""), exclusive=True)


async def test_another_card_in_the_reader_is_told(
    pcscd: Pcscd, insert: Insert, events: Events, virtual: VirtualCard
) -> None:
    with VpcdSlot(virtual, pcscd.port):
        assert await events.next() == CardInserted(1)
        process = insert.start()
        output, errors = await asyncio.to_thread(process.communicate, timeout=SECONDS_MAX)
    assert (process.returncode, output) == (1, "")
    assert errors == "Error: the reader does not take the card: is another one in it?\n"


async def test_a_reader_that_went_is_told(pcscd: Pcscd, insert: Insert, events: Events) -> None:
    process = insert.start()
    assert await events.next() == CardInserted(1)
    pcscd.stop()
    _, errors = await asyncio.to_thread(process.communicate, timeout=SECONDS_MAX)
    assert (process.returncode, errors) == (1, "Error: the card is out: vpcd is gone\n")
