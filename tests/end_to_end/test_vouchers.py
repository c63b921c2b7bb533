"""Vouchers from one counter to another: printer trouble, no network, and taking one back."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from jichipoint.v1 import vouchers_pb2

from counter_tui.faces.shop.menus import PointMenuScreen
from counter_tui.tasks.day.day import DayScreen
from counter_tui.tasks.points.cancel import CancelConfirmScreen, CancelDoneScreen, ReasonBox
from counter_tui.tasks.printing.print_queue import PrintQueueBox
from counter_tui.tasks.vouchers.issue import IssueConfirmScreen, IssueDoneScreen, IssueInputScreen
from counter_tui.tasks.vouchers.redeem import RedeemScreen
from tests.counter_tui.printers.tcp_printer import COVER_OPEN, GOOD, NO_PAPER, TcpPrinter
from tests.end_to_end.support import (
    BALANCE,
    SAKURAI,
    Counter,
    Place,
    ServerProcess,
    chamber_in_use,
    counter_in_use,
)
from tests.paper.renderer import render

UNCONFIRMED = "未確定で受け付けました"


@pytest.fixture
def place(place_of_now: Place) -> Place:
    return place_of_now


@pytest.fixture
def printer() -> Iterator[TcpPrinter]:
    made = TcpPrinter(GOOD)
    yield made
    made.switch_off()


def address(printer: TcpPrinter) -> str:
    return f"tcp://{printer.address.host}:{printer.address.port}"


async def to_issue(counter: Counter, points: int, days: str = "30") -> None:
    """From S28 to S33."""
    await counter.press("1")
    await counter.reach(IssueInputScreen)
    if not counter.reader.has_card:
        counter.reader.insert(SAKURAI)
    await counter.choose()
    await counter.until(lambda: counter.field.has_focus, "focus on the points")
    await counter.press("shift+tab")
    assert counter.app.screen.query_one("#days").has_focus
    for _ in range(10):
        await counter.press("backspace")
    await counter.type(days)
    await counter.press("tab")
    await counter.type(str(points))
    await counter.press("enter")


async def issue(counter: Counter, points: int) -> None:
    await to_issue(counter, points)
    await counter.reach(IssueConfirmScreen)
    await counter.confirm()
    await counter.reach(IssueDoneScreen)


async def issued(place: Place, server: ServerProcess, *points: int) -> list[str]:
    """Issue vouchers at the chamber; return their codes."""
    async with chamber_in_use(place, server.address) as counter:
        for amount in points:
            await issue(counter, amount)
            await counter.read("ポイント券を印字しました。")
            await counter.press("enter", "escape")
            await counter.reach(PointMenuScreen)
    return place.codes()


async def cancel(counter: Counter) -> None:
    """From F4 to the cancellation's done screen."""
    await counter.press("f4")
    await counter.reach(ReasonBox)
    await counter.press("4")
    await counter.reach(CancelConfirmScreen)
    await counter.confirm()
    await counter.reach(CancelDoneScreen)


async def issue_while_the_paper_ends(counter: Counter, printer: TcpPrinter) -> None:
    """Up to S34, with a printer that says it is well before the booking, and not after it."""
    await to_issue(counter, 100)
    await counter.reach(IssueConfirmScreen)
    real = counter.app.slips.trouble

    async def asked_just_before_the_paper_ended() -> str:
        trouble = await real()
        printer.paper.answers = NO_PAPER
        return trouble

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counter.app.slips, "trouble", asked_just_before_the_paper_ended)
        await counter.confirm()
        await counter.reach(IssueDoneScreen)
    await counter.read("プリンターの用紙がありません。", "F12 印字待ち")


@asynccontextmanager
async def redeeming(place: Place, server: str) -> AsyncIterator[Counter]:
    """The flower shop's counter at S35."""
    async with counter_in_use(place, server) as counter:
        await counter.press("2")
        await counter.reach(RedeemScreen)
        yield counter


@pytest.mark.parametrize("days", ["0", "31", "", "1.5", "三"])
async def test_days_that_no_voucher_has(
    place: Place, server_process: ServerProcess, days: str
) -> None:
    async with chamber_in_use(place, server_process.address) as counter:
        await to_issue(counter, 100, days)
        await counter.read("ポイント券の有効期限は1日から30日までで入力してください。")
        assert isinstance(counter.app.screen, IssueInputScreen)
    assert place.kinds() == []


async def test_full_width_days(place: Place, server_process: ServerProcess) -> None:
    async with chamber_in_use(place, server_process.address) as counter:
        await to_issue(counter, 100, "１")
        await counter.reach(IssueConfirmScreen)
        await counter.read("発行日より1日間")


@pytest.mark.parametrize(
    ("answers", "said"),
    [(NO_PAPER, "プリンターの用紙がありません。"), (COVER_OPEN, "カバーが開いています。")],
)
async def test_nothing_is_issued_to_a_printer_in_trouble(
    place: Place,
    server_process: ServerProcess,
    printer: TcpPrinter,
    answers: dict[int, int],
    said: str,
) -> None:
    printer.paper.answers = answers
    async with chamber_in_use(place, server_process.address, address(printer)) as counter:
        await to_issue(counter, 100)
        await counter.read(said)
        assert place.kinds() == []
        printer.paper.answers = GOOD
        await counter.press("enter")
        await counter.reach(IssueConfirmScreen)
        printer.paper.answers = answers
        await counter.confirm()
        await counter.read(said)
        assert place.kinds() == []
        printer.paper.answers = GOOD
        await counter.confirm()
        await counter.reach(IssueDoneScreen)
    assert place.kinds() == ["ISSUE"]


async def test_nothing_is_issued_without_a_printer(
    place: Place, server_process: ServerProcess
) -> None:
    async with chamber_in_use(place, server_process.address, printer="") as counter:
        await to_issue(counter, 100)
        await counter.read("プリンターが設定されていないため、ポイント券を発行できません。")
    assert place.kinds() == []


async def test_nothing_is_issued_to_an_address_where_no_printer_is(
    place: Place, server_process: ServerProcess
) -> None:
    async with chamber_in_use(place, server_process.address, "tcp://127.0.0.1:9") as counter:
        await to_issue(counter, 100)
        await counter.read("プリンターにつながりません。")
    assert place.kinds() == []


async def test_paper_that_ends_after_the_booking(
    place: Place, server_process: ServerProcess, printer: TcpPrinter
) -> None:
    """What waited is given up for the 再発行: one voucher comes out, and says which it is."""
    async with chamber_in_use(place, server_process.address, address(printer)) as counter:
        await issue_while_the_paper_ends(counter, printer)
        printer.paper.answers = GOOD
        await counter.press("f8")
        await counter.read("ポイント券を再発行しました。")
        lines = render(printer.paper.printed).lines
        assert [line for line in lines if "再発行" in line] == ["再発行(1回目)"]
        assert len([line for line in lines if line.startswith("発券番号")]) == 1
    assert place.kinds() == ["ISSUE"]


async def test_what_waits_for_the_printer_is_not_printed_once_it_is_cancelled(
    place: Place, server_process: ServerProcess, printer: TcpPrinter
) -> None:
    async with chamber_in_use(place, server_process.address, address(printer)) as counter:
        await issue_while_the_paper_ends(counter, printer)
        await cancel(counter)
        await counter.press("enter")
        await counter.reach(IssueInputScreen)
        await counter.press("f12")
        await counter.reach(PrintQueueBox)
        await counter.read("待っている伝票はありません。")
    assert place.kinds() == ["ISSUE", "CANCEL"]
    assert place.balance() == BALANCE
    assert printer.paper.printed == b""


async def test_a_cancelled_voucher_pays_no_more(
    place: Place, server_process: ServerProcess
) -> None:
    async with chamber_in_use(place, server_process.address) as counter:
        await issue(counter, 100)
        await cancel(counter)
        await counter.press("enter")
        await counter.reach(IssueInputScreen)
        await counter.press("escape", "3")
        await counter.reach(DayScreen)
        await counter.read("取消済み")
        await counter.press("f4")
        await counter.read("この取引は取り消せません。")
    async with redeeming(place, server_process.address) as counter:
        await counter.scan(place.codes()[0])
        await counter.read("このポイント券は取り消されています。")
        await counter.confirm()
    assert place.kinds() == ["ISSUE", "CANCEL"]


async def test_redeemed_for_one_of_the_chambers_shops(
    place: Place, server_process: ServerProcess
) -> None:
    (code,) = await issued(place, server_process, 100)
    async with chamber_in_use(place, server_process.address) as counter:
        await counter.press("2")
        await counter.read("喫茶さくら")
        await counter.press("down", "down", "enter")
        await counter.read("利用場所  喫茶さくら")
        await counter.scan(code)
        await counter.read("利用できます")
        await counter.confirm()
        await counter.read("ポイント券利用が完了しました。", "喫茶さくら")
    paid = place.rows(
        "SELECT owner, points FROM entry JOIN account USING (account_id) "
        "WHERE account.kind = 'REDEEMED'"
    )
    assert paid == [("5", 100)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://example.com/1234567890", "(OTHER)"),
        ("12345678901", "発券番号は12桁です。"),
        ("1234567890123", "発券番号は12桁です。"),
        ("123456789012", "この発券番号のポイント券は、ここでは使えません。"),
    ],
)
async def test_what_is_no_voucher(
    place: Place, server_process: ServerProcess, text: str, said: str
) -> None:
    async with redeeming(place, server_process.address) as counter:
        await counter.type(text)
        await counter.press("enter")
        await counter.read(said)
    assert place.kinds() == []


async def test_codes_in_other_shapes(place: Place, server_process: ServerProcess) -> None:
    """Small as with Caps Lock, full-width as with the IME, and one digit changed."""
    (code,) = await issued(place, server_process, 100)
    full_width = "".join(chr(ord(character) + 0xFEE0) for character in code)
    changed = code[:10] + ("1" if code[10] != "1" else "2") + code[11:]
    async with redeeming(place, server_process.address) as counter:
        for shape in (code.lower(), full_width):
            await counter.scan(shape)
            await counter.read("利用できます")
            await counter.scan("000000000000")
            await counter.read("ここでは使えません。")
        await counter.scan(changed)
        await counter.read("本物のポイント券と確認できません。")
    assert place.kinds() == ["ISSUE"]


async def test_the_same_code_twice_and_a_second_enter(
    place: Place, server_process: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = await issued(place, server_process, 100, 200)
    async with redeeming(place, server_process.address) as counter:
        looked_up: list[str] = []
        look_up = counter.app.session.calls.vouchers.look_up_voucher

        async def counted(voucher_number: str, place_id: int) -> vouchers_pb2.Voucher:
            looked_up.append(voucher_number)
            return await look_up(voucher_number, place_id)

        monkeypatch.setattr(counter.app.session.calls.vouchers, "look_up_voucher", counted)
        await counter.scan(codes[0])
        await counter.read("利用できます")
        await counter.scan_again(codes[0])
        assert len(looked_up) == 1
        assert place.kinds() == ["ISSUE", "ISSUE"]
        counter.ticks.seconds += 1
        await counter.press("enter", "enter")
        await counter.read("今回の消込 1枚 100pt")
        await counter.scan(codes[1])
        await counter.read("200pt", "利用できます")
        await counter.confirm()
        await counter.read("今回の消込 2枚 300pt")
        await counter.press("f8")
        await counter.read("レシートを印字しました。")
    assert place.kinds() == ["ISSUE", "ISSUE", "REDEEM", "REDEEM"]


async def test_taken_without_network_and_sent_after_a_restart(
    place: Place, server_process: ServerProcess
) -> None:
    """One is redeemed, the other was redeemed elsewhere meanwhile and is told of."""
    codes = await issued(place, server_process, 100, 200)
    async with redeeming(place, server_process.address) as counter:
        server_process.stop()
        await counter.read("× 切断")
        for code in codes:
            await counter.scan(code)
            await counter.read("未確定(サーバーで未確認)")
            await counter.confirm()
            await counter.read(UNCONFIRMED)
        await counter.read("未確定 2枚 300pt")
        await counter.scan(codes[0])
        await counter.read("未確定(サーバーで未確認)")
        await counter.confirm()
        await counter.read("このポイント券は、すでに未確定で受け付けています。")

    await server_process.start()
    async with chamber_in_use(place, server_process.address) as counter:
        await counter.press("2")
        await counter.read("喫茶さくら")
        await counter.press("enter")
        await counter.scan(codes[1])
        await counter.read("利用できます")
        await counter.confirm()
        await counter.read("今回の消込 1枚 200pt")
    async with redeeming(place, server_process.address) as counter:
        await counter.until(lambda: place.kinds().count("REDEEM") == 2, "redemption")
        await counter.read("使えなかった券 1枚(F6)")
        await counter.press("f6")
        await counter.read("さくら野商工会")
        await counter.press("enter")
        await counter.until(lambda: "使えなかった券" not in counter.text, "empty report")
    places = place.rows(
        "SELECT owner, points FROM entry JOIN account USING (account_id) "
        "WHERE account.kind = 'REDEEMED' ORDER BY points"
    )
    assert places == [("1", 100), ("3", 200)]


async def test_no_more_than_the_cap_without_network(
    place: Place, server_process: ServerProcess
) -> None:
    codes = await issued(place, server_process, 900, 300)
    async with redeeming(place, server_process.address) as counter:
        caps = counter.app.session.trust.caps
        server_process.stop()
        await counter.read("× 切断")
        counter.app.session.trust.caps = type(caps)(caps.vouchers_max, 1000)
        for code in codes:
            await counter.scan(code)
            await counter.read("未確定(サーバーで未確認)")
            await counter.confirm()
            await counter.read("未確定 1枚 900pt")
        await counter.read("1,000ptまでです。")


async def test_a_number_alone_is_not_taken_without_network(
    place: Place, server_process: ServerProcess
) -> None:
    (code,) = await issued(place, server_process, 100)
    number = code.split(".")[1]
    async with redeeming(place, server_process.address) as counter:
        server_process.stop()
        await counter.read("× 切断")
        await counter.type(number)
        await counter.press("enter")
        await counter.read("QRコードのあるポイント券だけを未確定で受け付けられま")
