import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import date
from pathlib import Path
from typing import cast

import pytest

from counter_tui.card.apdu import WrongPinError
from counter_tui.card.certificate import user_certificate
from counter_tui.card.my_number_card import MyNumberCard
from counter_tui.card.reader import (
    CardError,
    CardEvent,
    CardInserted,
    CardReader,
    CardRemoved,
    ReaderDown,
    ReaderUp,
    UserCertificate,
)
from counter_tui.virtual.card_file import save
from counter_tui.virtual.card_header import CardFileError, CardHeader, card_path
from counter_tui.virtual.reader import VirtualReader, boxed_cards
from tests.counter_tui.citizens import MORI, SAKURAI, boxed, card


@pytest.fixture
def reader() -> VirtualReader:
    return VirtualReader([boxed("桜井さん", SAKURAI), boxed("森さん", MORI)])


def listen(reader: CardReader) -> "aclosing[AsyncGenerator[CardEvent, None]]":
    return aclosing(cast("AsyncGenerator[CardEvent, None]", reader.events()))


async def next_of(events: AsyncIterator[CardEvent]) -> CardEvent:
    return await asyncio.wait_for(anext(events), timeout=5)


async def test_without_a_card_nothing_is_told_until_one_comes(reader: VirtualReader) -> None:
    async with listen(reader) as events:
        waiting = asyncio.ensure_future(anext(events))
        done, _ = await asyncio.wait([waiting], timeout=0)
        assert not done
        reader.insert(0)
        assert await waiting == CardInserted(1)


async def test_the_present_state_comes_first(reader: VirtualReader) -> None:
    reader.insert(0)
    async with listen(reader) as events:
        assert await next_of(events) == CardInserted(1)
    reader.break_down("ケーブル")
    async with listen(reader) as events:
        assert await next_of(events) == ReaderDown("ケーブル")


async def test_two_consumers_hear_the_same(reader: VirtualReader) -> None:
    reader.insert(0)
    async with listen(reader) as one, listen(reader) as two:
        assert await next_of(one) == CardInserted(1)
        assert await next_of(two) == CardInserted(1)
        reader.remove()
        reader.insert(1)
        expected = [CardRemoved(1), CardInserted(2)]
        assert [await next_of(one) for _ in expected] == expected
        assert [await next_of(two) for _ in expected] == expected


async def test_a_consumer_that_left_is_forgotten(reader: VirtualReader) -> None:
    async with listen(reader) as stays:
        async with listen(reader) as leaves:
            reader.insert(0)
            assert await next_of(leaves) == CardInserted(1)
        assert await next_of(stays) == CardInserted(1)
        reader.remove()
        assert await next_of(stays) == CardRemoved(1)
    assert reader._consumers == []


async def test_a_quick_swap_is_a_new_session(reader: VirtualReader) -> None:
    reader.insert(0)
    async with listen(reader) as events:
        assert await next_of(events) == CardInserted(1)
        reader.insert(1)
        reader.insert(0)
        expected = [CardRemoved(1), CardInserted(2), CardRemoved(2), CardInserted(3)]
        assert [await next_of(events) for _ in expected] == expected


async def test_break_down_and_repair_with_a_card_in(reader: VirtualReader) -> None:
    reader.insert(0)
    async with listen(reader) as events:
        assert await next_of(events) == CardInserted(1)
        reader.break_down("ケーブル")
        assert (reader.has_card, reader.inserted) == (False, 0)
        reader.repair()
        reader.repair()
        assert reader.has_card
        reader.remove()
        expected = [
            CardRemoved(1),
            ReaderDown("ケーブル"),
            ReaderUp(),
            CardInserted(2),
            CardRemoved(2),
        ]
        assert [await next_of(events) for _ in expected] == expected


async def test_cards_moved_while_the_reader_is_down(reader: VirtualReader) -> None:
    reader.break_down("ケーブル")
    async with listen(reader) as events:
        assert await next_of(events) == ReaderDown("ケーブル")
        reader.insert(0)
        reader.insert(1)
        assert not reader.has_card
        reader.repair()
        assert [await next_of(events), await next_of(events)] == [ReaderUp(), CardInserted(1)]
    certificate = await reader.read_user_certificate()
    assert certificate.serial_number == "030D48"


async def test_the_certificate_is_the_cards(reader: VirtualReader) -> None:
    reader.insert(1)
    assert await reader.read_user_certificate() == UserCertificate("030D48", date(2029, 5, 1))


async def test_nothing_to_read(reader: VirtualReader) -> None:
    with pytest.raises(CardError, match="NO_CARD"):
        await reader.read_user_certificate()
    reader.insert(0)
    reader.remove()
    with pytest.raises(CardError, match="NO_CARD"):
        await reader.read_user_certificate()
    reader.insert(0)
    reader.break_down("ケーブル")
    with pytest.raises(CardError, match="ケーブル"):
        await reader.read_user_certificate()


@pytest.mark.parametrize("happening", ["remove", "swap", "same card again", "break down"])
async def test_a_card_pulled_out_while_it_is_read(reader: VirtualReader, happening: str) -> None:
    reader.insert(0)
    reading = asyncio.ensure_future(reader.read_user_certificate())
    started = asyncio.Event()
    asyncio.get_running_loop().call_soon(started.set)
    # The reading begins at the first turn of the loop; what happens then comes before its end.
    match happening:
        case "remove":
            asyncio.get_running_loop().call_soon(reader.remove)
        case "swap":
            asyncio.get_running_loop().call_soon(reader.insert, 1)
        case "same card again":
            asyncio.get_running_loop().call_soon(reader.insert, 0)
        case _:
            asyncio.get_running_loop().call_soon(reader.break_down, "ケーブル")
    await started.wait()
    with pytest.raises(CardError, match="PULLED_OUT"):
        await reading


def test_remove_without_a_card_does_nothing(reader: VirtualReader) -> None:
    reader.remove()
    assert (reader.inserted, reader.has_card) == (None, False)


@pytest.mark.parametrize("index", [-1, 2])
def test_there_are_only_so_many_cards(reader: VirtualReader, index: int) -> None:
    reader.insert(0)
    with pytest.raises(IndexError):
        reader.insert(index)
    assert reader.inserted == 0


def test_the_cards_of_a_folder_are_listed_and_read_when_they_are_used(tmp_path: Path) -> None:
    for label, number in (("森さん", MORI), ("桜井さん", SAKURAI)):
        header = CardHeader(label, f"{number:06X}", date(2029, 5, 1))
        save(card_path(tmp_path, header.serial_number), header, card(number))
    boxed = boxed_cards(tmp_path)
    assert [one.label for one in boxed] == ["桜井さん", "森さん"]
    taken = MyNumberCard(boxed[1].take().transmit)
    taken.open()
    assert user_certificate(taken.user_certificate()).serial_number == "030D48"


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(CardFileError, match="No such file"):
        boxed_cards(tmp_path / "none")


async def test_a_pin_opens_nothing_once_the_work_is_done(reader: VirtualReader) -> None:
    def sign_without_pin(card: MyNumberCard) -> bytes:
        return card._transmit(bytes.fromhex("802A0297 20" + "00" * 32 + "00"))

    def verify_and_sign(card: MyNumberCard) -> bytes:
        card.sign_challenge("1234", b"")
        return sign_without_pin(card)

    reader.insert(0)
    assert (await reader.with_card(verify_and_sign, exclusive=True)).endswith(b"\x90\x00")
    assert await reader.with_card(sign_without_pin, exclusive=False) == bytes.fromhex("6982")


async def test_tries_are_the_cards_and_not_the_readers(reader: VirtualReader) -> None:
    reader.insert(0)
    with pytest.raises(WrongPinError):
        await reader.with_card(lambda card: card.sign_challenge("0000", b""), exclusive=True)
    reader.insert(1)
    reader.insert(0)
    with pytest.raises(WrongPinError) as caught:
        await reader.with_card(lambda card: card.sign_challenge("0000", b""), exclusive=True)
    assert caught.value.tries_left == 1
