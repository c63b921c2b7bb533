"""The reader of a training session (USE-7)."""

import asyncio

import pytest

from counter_tui.card.apdu import BlockedError, WrongPinError
from counter_tui.card.made_up_card import PIN_TRIES, PRACTICE_PIN
from counter_tui.card.my_number_card import PinFile
from counter_tui.card.practice import PracticeCard, PracticeReader
from counter_tui.card.reader import CardError, CardInserted, CardRemoved, CardTrouble

CARDS = [PracticeCard("練習カード1", "7EA1"), PracticeCard("練習カード2", "7EA2")]


async def test_cards_are_put_in_and_taken_out() -> None:
    reader = PracticeReader(CARDS)
    events = reader.events()
    told = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    reader.insert(0)
    assert await told == CardInserted(1)
    assert (await reader.read_user_certificate()).serial_number == "7EA1"
    reader.insert(1)
    assert [await anext(events), await anext(events)] == [CardRemoved(1), CardInserted(2)]
    assert (await reader.read_user_certificate()).serial_number == "7EA2"
    reader.remove()
    reader.remove()
    assert await anext(events) == CardRemoved(2)
    with pytest.raises(CardError) as error:
        await reader.read_user_certificate()
    assert error.value.trouble is CardTrouble.NO_CARD


async def test_who_comes_later_is_told_of_the_card_that_is_in() -> None:
    reader = PracticeReader(CARDS)
    reader.insert(1)
    assert await anext(reader.events()) == CardInserted(1)
    assert reader.has_card


async def test_the_pin_is_as_on_a_real_card() -> None:
    reader = PracticeReader(CARDS)
    reader.insert(0)
    assert await prove(reader, PRACTICE_PIN)
    with pytest.raises(WrongPinError) as wrong:
        await prove(reader, "0000")
    assert wrong.value.tries_left == await tries_left(reader) == PIN_TRIES - 1
    assert await prove(reader, PRACTICE_PIN)
    assert await tries_left(reader) == PIN_TRIES


async def test_a_pin_that_was_wrong_too_often_is_locked_though_the_card_comes_out() -> None:
    reader = PracticeReader(CARDS)
    reader.insert(0)
    for _ in range(PIN_TRIES - 1):
        with pytest.raises(WrongPinError):
            await prove(reader, "0000")
    for pin in ("0000", PRACTICE_PIN):
        with pytest.raises(BlockedError):
            await prove(reader, pin)
    reader.insert(1)
    assert await tries_left(reader) == PIN_TRIES
    reader.insert(0)
    assert await tries_left(reader) == 0


async def test_a_made_up_card_has_nothing_but_a_pin() -> None:
    reader = PracticeReader(CARDS)
    with pytest.raises(CardError) as error:
        await tries_left(reader)
    assert error.value.trouble is CardTrouble.NO_CARD
    reader.insert(0)
    with pytest.raises(CardError) as error:
        await reader.with_card(lambda card: card.signature_certificate("ABC123"), exclusive=True)
    assert error.value.trouble is CardTrouble.FOREIGN


async def prove(reader: PracticeReader, pin: str) -> bytes:
    return await reader.with_card(lambda card: card.sign_challenge(pin, b"1"), exclusive=True)


async def tries_left(reader: PracticeReader) -> int:
    return await reader.with_card(lambda card: card.tries_left(PinFile.USER_PIN), exclusive=False)
