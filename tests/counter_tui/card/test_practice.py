"""The reader of a training session (USE-7)."""

import asyncio

import pytest

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


async def test_a_made_up_card_signs_nothing() -> None:
    reader = PracticeReader(CARDS)
    reader.insert(0)
    with pytest.raises(CardError):
        await reader.with_card(lambda _: None, exclusive=True)
