"""Amounts as fingers type them (USE-3, USE-8)."""

import pytest

from counter_tui.faces.shop.menus import PointMenuScreen
from counter_tui.shell.large import large_digits
from counter_tui.shell.widgets import Words
from counter_tui.tasks.points.spend import SpendConfirmScreen, SpendDoneScreen, SpendInputScreen
from tests.end_to_end.support import BALANCE, Counter, Place
from tests.patient_hand import hold, press_hurriedly, rest

NOT_A_NUMBER = "数字以外の文字が入っています。"
COMMAS = "コンマ(,)の位置が違います。"
ZERO = "1以上で入力してください。"
TOO_LONG = "10桁以内で入力してください。"


async def test_amounts_that_are_refused(place: Place, counter: Counter) -> None:
    await counter.open_spending()
    cases = (
        ("", "ポイント利用数を入力してください。"),
        ("0", ZERO),
        ("００", ZERO),
        ("-1", NOT_A_NUMBER),
        ("－１", NOT_A_NUMBER),
        ("1.5", NOT_A_NUMBER),
        ("1.100", NOT_A_NUMBER),
        ("1,10", COMMAS),
        ("1，1000", COMMAS),
        ("100p", NOT_A_NUMBER),
        ("100 pt", NOT_A_NUMBER),
        ("５　０", NOT_A_NUMBER),
        ("5 0", NOT_A_NUMBER),
        ("50\u00a0", NOT_A_NUMBER),
        ("一", NOT_A_NUMBER),
        ("٥", NOT_A_NUMBER),
        ("12345678901", TOO_LONG),
        ("1731", "ポイント残高(1,730pt)が足りません。"),
        ("9999999999", "(INSUFFICIENT_POINTS)"),
    )
    for typed, said in cases:
        counter.field.value = ""
        counter.app.screen.query_one("#message", Words).show("")
        await counter.type(typed)
        assert counter.field.value == typed
        await counter.press("end", "enter")  # so that it is none of a scanner's bursts
        await counter.read(said)
        assert type(counter.app.screen) is SpendInputScreen
        assert counter.field.value == typed
    assert place.outcomes() == []
    assert place.waiting() == []
    assert place.balance() == BALANCE


async def test_fault_is_shown_while_typing_and_goes_when_removed(counter: Counter) -> None:
    await counter.open_spending()
    await counter.type("1.")
    await counter.read(NOT_A_NUMBER)
    await counter.press("backspace")
    await counter.until(lambda: NOT_A_NUMBER not in counter.text, "valid field")


async def test_full_width_digits_are_digits(place: Place, counter: Counter) -> None:
    await counter.open_spending()
    await counter.type("５００")
    await counter.press("enter")
    await counter.reach(SpendConfirmScreen)
    await counter.read("1,230pt")
    await counter.confirm()
    await counter.reach(SpendDoneScreen)
    assert place.booked() == [("SPEND", 500)]


@pytest.mark.parametrize(
    "typed", ["1,100", "1，100", "1100pt", "1,100pt", "１，１００", "１１００ｐｔ"]
)
async def test_points_may_be_typed_as_the_screen_shows_them(
    place: Place, counter: Counter, typed: str
) -> None:
    await counter.open_spending()
    await counter.type(typed)
    assert counter.field.value == typed
    await counter.press("enter")
    await counter.reach(SpendConfirmScreen)
    large = counter.app.screen.query_one("#large", Words)
    assert str(large.render()) == large_digits("1,100")
    await counter.read("630pt")
    assert place.outcomes() == []


async def test_pasted_text_stays_visible_and_invalid(place: Place, counter: Counter) -> None:
    await counter.open_spending()
    cases = (
        ("5\n0", "5↵0"),
        ("100\r\n200\r\n", "100↵200↵"),
        ("1\r2", "1↵2"),
        ("\n500\n", "↵500↵"),
        ("9" * 60, "9" * 60),
        ("5" + "x" * 100, "5" + "x" * 100),
        ("7" * 100_000, "7" * 1000),
    )
    for pasted, shown in cases:
        counter.field.value = ""
        await counter.paste(pasted)
        assert counter.field.value == shown
        await counter.press("enter")
        await counter.read(TOO_LONG if shown.isdigit() else NOT_A_NUMBER)
        assert type(counter.app.screen) is SpendInputScreen
    assert place.outcomes() == []


async def test_paste_never_leaves_a_part_of_what_was_there(place: Place, counter: Counter) -> None:
    await counter.open_spending()
    await counter.type("5")
    await counter.paste("0" * 80)
    await counter.press("enter")
    await counter.read(TOO_LONG)
    assert place.outcomes() == []


async def test_one_pasted_line_is_an_amount(place: Place, counter: Counter) -> None:
    await counter.open_spending()
    await counter.paste("500\n")
    await counter.press("enter")
    await counter.reach(SpendConfirmScreen)
    await counter.confirm()
    await counter.reach(SpendDoneScreen)
    assert place.booked() == [("SPEND", 500)]


@pytest.mark.parametrize("delay", [0.25, 0.66, 1.0])
async def test_enter_held_down_at_the_input_books_nothing(
    delay: float, place: Place, counter: Counter
) -> None:
    await counter.open_spending()
    await counter.type("500")
    hold(counter.app, "enter", delay)
    await counter.reach(SpendConfirmScreen)
    await rest(counter.app)
    await counter.settle()
    assert type(counter.app.screen) is SpendConfirmScreen
    assert place.outcomes() == []
    assert place.waiting() == []


@pytest.mark.parametrize("delay", [0.25, 0.66, 1.0])
async def test_enter_held_down_over_the_confirmation_books_once(
    delay: float, place: Place, counter: Counter
) -> None:
    await counter.open_spending()
    await counter.check(500)
    await rest(counter.app)
    hold(counter.app, "enter", delay)
    await counter.reach(SpendDoneScreen)
    await rest(counter.app)
    await counter.settle()
    assert type(counter.app.screen) is SpendDoneScreen
    assert place.booked() == [("SPEND", 500)]
    assert place.outcomes() == ["BOOKED"]


async def test_a_second_enter_within_half_a_second(place: Place, counter: Counter) -> None:
    await counter.open_spending()
    await counter.type("500")
    press_hurriedly(counter.app, "enter", "enter", apart=0.49)
    await counter.reach(SpendConfirmScreen)
    await counter.settle()
    assert type(counter.app.screen) is SpendConfirmScreen
    assert place.outcomes() == []
    await counter.confirm()
    await counter.reach(SpendDoneScreen)
    assert place.booked() == [("SPEND", 500)]


async def test_limit_of_the_program(place: Place, counter: Counter) -> None:
    await counter.open_spending(program="2")
    await counter.check(901)
    await counter.confirm()
    await counter.read("(OVER_LIMIT_PER_USE)", "900", "記帳されていません。")
    assert type(counter.app.screen) is SpendInputScreen
    assert place.outcomes() == ["REFUSED"]
    assert place.booked() == []
    assert place.waiting() == []


async def test_amount_without_a_card(place: Place, counter: Counter) -> None:
    await counter.open_spending(card=None)
    await counter.type("100")
    await counter.press("enter")
    await counter.read("先にカードを読み取り")
    await counter.press("escape")
    await counter.reach(PointMenuScreen)
    assert place.outcomes() == []
