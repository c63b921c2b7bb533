"""Pictures of what is seldom seen: what an earlier run left, 印字待ち, 要確認, QR表示."""

from functools import partial

from jichipoint.v1 import vouchers_pb2
from textual.pilot import Pilot
from textual.widgets import Input

from counter_tui.calls.answers import RefusedError
from counter_tui.tasks.booking.working import GivingUpScreen, LookingUpScreen
from counter_tui.tasks.printing.print_queue import PrintQueueBox
from counter_tui.tasks.vouchers.code import VoucherCodeScreen
from counter_tui.tasks.vouchers.redeem import RedeemDoneScreen
from counter_tui.tasks.vouchers.redeem_boxes import ReportBox
from tests.counter_tui.canned import (
    LEFT_ID,
    NUMBER,
    QR_TEXT,
    Counter,
    left_by_an_earlier_run,
)
from tests.counter_tui.test_screens import Drive, pictures_of, resumed, s22, s31, s34, s35_empty
from tests.stillness import settle


async def looking_up(counter: Counter, pilot: Pilot[object]) -> None:
    """The server is silent while it is asked what became of a request."""
    left_by_an_earlier_run(counter)
    counter.gateway.away = True
    await s22(counter, pilot)
    assert isinstance(counter.app.screen, LookingUpScreen)


async def giving_up(counter: Counter, pilot: Pilot[object]) -> None:
    """The server is silent while a request is settled as not booked."""
    await resumed(counter, pilot)
    counter.gateway.away = True
    counter.watch.seconds += 1
    await pilot.press("f7")
    await settle(pilot)
    assert isinstance(counter.app.screen, GivingUpScreen)


async def redeemed_by_an_earlier_run(counter: Counter, pilot: Pilot[object]) -> None:
    request = vouchers_pb2.RedeemVoucherRequest(
        request_id=LEFT_ID, voucher_number=NUMBER, place_id=1
    )
    content = request.SerializeToString()
    left_by_an_earlier_run(counter, "RedeemVoucher", content)
    counter.gateway.known = await counter.gateway.book("RedeemVoucher", content)
    await s22(counter, pilot)
    assert isinstance(counter.app.screen, RedeemDoneScreen)


async def print_queue(counter: Counter, pilot: Pilot[object]) -> None:
    """A receipt waits for a printer that cannot be written to."""
    counter.receipts.mkdir()
    await s31(counter, pilot)
    await pilot.press("f8")
    await settle(pilot)
    await pilot.press("f12")
    await settle(pilot)
    assert isinstance(counter.app.screen, PrintQueueBox)


async def report(counter: Counter, pilot: Pilot[object]) -> None:
    """A voucher was taken without network; the server does not redeem it."""
    await s35_empty(counter, pilot)
    counter.gateway.away = True
    counter.app.screen.query_one("#number", Input).value = QR_TEXT
    await pilot.press("enter")
    await settle(pilot)
    counter.watch.seconds += 1
    await pilot.press("enter")
    await settle(pilot)
    counter.gateway.away = False
    counter.gateway.refusal = RefusedError(
        "VOUCHER_REDEEMED", "このポイント券はすでに消し込まれています。"
    )
    counter.app.work_on()
    await settle(pilot)
    await pilot.press("f6")
    await settle(pilot)
    assert isinstance(counter.app.screen, ReportBox)


async def voucher_code(counter: Counter, pilot: Pilot[object]) -> None:
    await s34(counter, pilot)
    await pilot.press("f6")
    await settle(pilot)
    assert isinstance(counter.app.screen, VoucherCodeScreen)


DRIVES: list[Drive] = [
    looking_up,
    giving_up,
    redeemed_by_an_earlier_run,
    print_queue,
    report,
    voucher_code,
]


test_screen = pictures_of(
    DRIVES,
    partial(Counter, printer=True),
)
