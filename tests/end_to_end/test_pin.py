"""Amounts for which the municipality asks for the PIN (CRD-2, CRD-3)."""

import pytest

from counter_tui.card.my_number_card import JPKI, PinFile
from counter_tui.tasks.card.pin_box import PinBox
from counter_tui.tasks.points.merge import MergeDoneScreen
from counter_tui.tasks.points.spend import SpendConfirmScreen, SpendDoneScreen, SpendInputScreen
from counter_tui.tasks.terminal.sign_in import SignInScreen
from server.upkeep.demo_data import PIN_ABOVE_POINTS
from tests.end_to_end.support import BALANCE, MORI, SAKURAI, Counter, Place, SettableClock

POINTS = PIN_ABOVE_POINTS + 1


async def open_pin(counter: Counter) -> None:
    await counter.open_spending()
    await counter.check(POINTS)
    await counter.confirm()
    await counter.reach(PinBox)
    await counter.read("あと3回")


async def type_pin(counter: Counter, pin: str) -> None:
    await counter.type(pin)
    await counter.press("enter")


def tries_left(counter: Counter) -> int:
    card = counter.reader._taken[SAKURAI]
    return card._applications[JPKI].pins[PinFile.USER_PIN].left


async def test_the_holder_types_the_pin(place: Place, counter: Counter) -> None:
    await open_pin(counter)
    await type_pin(counter, "1234")
    await counter.reach(SpendDoneScreen)
    assert place.booked() == [("SPEND", POINTS)]
    assert place.balance() == BALANCE - POINTS


async def test_up_to_the_amount_nobody_is_asked(place: Place, counter: Counter) -> None:
    await counter.open_spending()
    await counter.check(PIN_ABOVE_POINTS)
    await counter.confirm()
    await counter.reach(SpendDoneScreen)
    assert place.booked() == [("SPEND", PIN_ABOVE_POINTS)]


async def test_merging_asks_too(place: Place, counter: Counter) -> None:
    await counter.open_merging()
    await counter.check(POINTS)
    await counter.confirm()
    await counter.reach(PinBox)
    await type_pin(counter, "1234")
    await counter.reach(MergeDoneScreen)
    assert place.booked() == [("MERGE", POINTS)]


async def test_a_wrong_pin_says_how_many_tries_are_left(place: Place, counter: Counter) -> None:
    await open_pin(counter)
    await type_pin(counter, "0000")
    await counter.read("暗証番号が違います。", "あと2回入力できます。")
    await type_pin(counter, "0000")
    await counter.read("あと1回間違えると、カードがロックされます。")
    await type_pin(counter, "1234")
    await counter.reach(SpendDoneScreen)
    assert place.outcomes() == ["BOOKED"]


async def test_a_locked_card_says_where_it_is_unlocked(place: Place, counter: Counter) -> None:
    await open_pin(counter)
    for _ in range(3):
        await type_pin(counter, "0000")
        await counter.until(lambda: "カードで確認しています" not in counter.text, "an answer")
    await counter.read("暗証番号がロックされています。市区町村窓口で")
    assert tries_left(counter) == 0
    await counter.press("escape")
    await counter.reach(SpendConfirmScreen)
    await counter.confirm()
    await counter.read("暗証番号がロックされています。")
    assert place.outcomes() == []


@pytest.mark.parametrize("typed", ["", "123", "12a4", "１２３", "12 4", "12345", "１２３４５"])
async def test_what_is_no_pin_costs_no_try(counter: Counter, typed: str) -> None:
    await open_pin(counter)
    await type_pin(counter, typed)
    await counter.read("暗証番号は4桁の数字です。")
    assert tries_left(counter) == 3


async def test_full_width_digits_are_the_same_pin(place: Place, counter: Counter) -> None:
    await open_pin(counter)
    await type_pin(counter, "１２３４")
    await counter.reach(SpendDoneScreen)
    assert place.outcomes() == ["BOOKED"]


async def test_the_pin_is_not_shown(counter: Counter) -> None:
    await open_pin(counter)
    await counter.type("1234")
    assert "1234" not in counter.text.replace("MY123456", "")


async def test_going_back_books_nothing(place: Place, counter: Counter) -> None:
    await open_pin(counter)
    await counter.press("escape")
    await counter.reach(SpendConfirmScreen)
    await counter.press("escape")
    await counter.reach(SpendInputScreen)
    assert place.outcomes() == []


@pytest.mark.parametrize("happening", ["remove", "swap"])
async def test_without_the_card_the_confirmation_does_not_hold(
    place: Place, counter: Counter, happening: str
) -> None:
    await open_pin(counter)
    if happening == "remove":
        counter.reader.remove()
    else:
        counter.reader.insert(MORI)
    await counter.reach(SpendInputScreen)
    await counter.read("カード")
    assert place.outcomes() == []


async def test_a_session_that_ended_meanwhile(
    place: Place, counter: Counter, clock: SettableClock
) -> None:
    await open_pin(counter)
    clock.advance(hours=12, seconds=1)
    await type_pin(counter, "1234")
    await counter.reach(SignInScreen)
    await counter.sign_in()
    await counter.reach(SpendDoneScreen)
    assert place.outcomes() == ["BOOKED"]
