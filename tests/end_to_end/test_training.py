"""練習モード: everything as in earnest, and not one real point (USE-7)."""

import sqlite3

from counter_tui.faces.shop.menus import MenuScreen, PointMenuScreen
from counter_tui.shell.boxes import CardsBox
from counter_tui.tasks.card.pin_box import PinBox
from counter_tui.tasks.points.spend import SpendConfirmScreen, SpendDoneScreen, SpendInputScreen
from counter_tui.tasks.terminal.sign_in import SignInScreen
from counter_tui.tasks.vouchers.issue import IssueConfirmScreen, IssueDoneScreen, IssueInputScreen
from counter_tui.tasks.vouchers.redeem import RedeemScreen
from server.upkeep.demo_data import PIN_ABOVE_POINTS
from tests.end_to_end.support import (
    BALANCE,
    TO_THE_POINTS,
    Counter,
    Place,
    ServerProcess,
    chamber_in_use,
    counter_at,
    counter_in_use,
)
from tests.paper.renderer import render

PRACTICE = "練習"


async def practise(counter: Counter) -> None:
    """From S2 to S28 of a training session."""
    await counter.reach(SignInScreen)
    await counter.type(counter.place.town.password)
    await counter.press("f4")
    await counter.reach(MenuScreen)
    await counter.press(*TO_THE_POINTS)
    await counter.reach(PointMenuScreen)
    await counter.read(PRACTICE)


async def put_card_in(counter: Counter) -> None:
    await counter.press("f9")
    await counter.reach(CardsBox)
    await counter.press("1")
    await counter.choose()


def practice_rows(place: Place, query: str) -> list[tuple[object, ...]]:
    (path,) = (path for path in place.folder.glob("*training*") if path.suffix == ".db")
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


async def test_a_day_of_practice_touches_no_real_point(
    place_of_now: Place, server_process: ServerProcess
) -> None:
    place, address = place_of_now, server_process.address
    async with counter_in_use(place, address), chamber_in_use(place, address):
        pass
    async with counter_at(place, address) as counter:
        await practise(counter)
        await counter.press("1")
        await counter.reach(SpendInputScreen)
        await put_card_in(counter)
        await counter.type("500")
        await counter.press("enter")
        await counter.reach(SpendConfirmScreen)
        await counter.read(PRACTICE)
        await counter.confirm()
        await counter.reach(SpendDoneScreen)
        await counter.read("【練習】", "取引済番号: 練")
        await counter.press("f8")
        await counter.read("レシートを印字しました。")
    lines = render(place.receipts.read_bytes()).lines
    assert lines.count("【練習】") == 2

    async with counter_at(place, address, state=place.folder / "chamber") as counter:
        await practise(counter)
        await counter.press("1")
        await counter.reach(IssueInputScreen)
        await put_card_in(counter)
        await counter.type("100")
        await counter.press("enter")
        await counter.reach(IssueConfirmScreen)
        await counter.confirm()
        await counter.reach(IssueDoneScreen)
        await counter.read("【練習】", "取引済番号: 練")
    ((code,),) = practice_rows(place, "SELECT qr_text FROM voucher")

    assert place.kinds() == []
    assert place.balance() == BALANCE
    assert place.merge_files() == []
    spent = practice_rows(place, "SELECT kind FROM ledger_transaction WHERE kind <> 'GRANT'")
    assert spent == [("SPEND",), ("ISSUE",)]
    await _a_shop_refuses_it(place, address, str(code))


async def test_practice_asks_for_the_pin_as_in_earnest(
    place_of_now: Place, server_process: ServerProcess
) -> None:
    place, address = place_of_now, server_process.address
    async with counter_in_use(place, address):
        pass
    async with counter_at(place, address) as counter:
        await practise(counter)
        await counter.press("1")
        await counter.reach(SpendInputScreen)
        await put_card_in(counter)
        await counter.check(PIN_ABOVE_POINTS + 1)
        await counter.confirm()
        await counter.reach(PinBox)
        await counter.type("9999")
        await counter.press("enter")
        await counter.read("あと2回")
        await counter.type("1234")
        await counter.press("enter")
        await counter.reach(SpendDoneScreen)
    assert place.kinds() == []


async def _a_shop_refuses_it(place: Place, address: str, code: str) -> None:
    """A training voucher is none in earnest, neither by its code nor by its number."""
    async with counter_in_use(place, address) as counter:
        await counter.press("2")
        await counter.reach(RedeemScreen)
        await counter.scan(code)
        await counter.read("(KEY_UNKNOWN)")
        await counter.type(code.split(".")[1])
        await counter.press("enter")
        await counter.read("ここでは使えません。")
    assert place.kinds() == []
