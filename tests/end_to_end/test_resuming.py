"""Each kind of request that an earlier run left: what is asked, and how it ends (USE-5)."""

from datetime import UTC, datetime
from typing import cast

from google.type.date_pb2 import Date
from jichipoint.v1 import points_pb2, vouchers_pb2

from counter_tui.bookings.outbox import Entry, Outbox
from counter_tui.core.uuid7 import new_request_id
from counter_tui.faces.shop.menus import MenuScreen
from counter_tui.shell.boxes import HelpBox
from counter_tui.tasks.points.cancel import CancelDoneScreen
from counter_tui.tasks.points.spend import SpendDoneScreen
from counter_tui.tasks.resuming.resumed import ResumeScreen
from counter_tui.tasks.vouchers.issue import IssueDoneScreen
from counter_tui.tasks.vouchers.redeem import RedeemDoneScreen
from server.upkeep.demo_data import MUNICIPAL_PROGRAM, VOUCHER_TERMINAL
from tests.end_to_end.support import BALANCE, Counter, Place, chamber_in_use, counter_at
from tests.end_to_end.test_outbox import begin, press_after_a_pause

Request = (
    points_pb2.CancelSpendRequest
    | vouchers_pb2.CancelVoucherRequest
    | vouchers_pb2.IssueVoucherRequest
    | vouchers_pb2.RedeemVoucherRequest
)


def leave(place: Place, method: str, request: Request, terminal: str = "") -> None:
    """Write into the outbox what a run that died had begun."""
    request.request_id = new_request_id(1_782_864_000_000)
    folder = place.folder / "chamber" / "outbox" / terminal if terminal else place.outbox
    begun = datetime(2026, 7, 1, 1, 2, tzinfo=UTC)
    content = request.SerializeToString()
    Outbox(folder).put(Entry(request.request_id, method, content, begun, False, None))


def issue() -> vouchers_pb2.IssueVoucherRequest:
    return vouchers_pb2.IssueVoucherRequest(
        certificate_serial_number="030D45",
        mykey_id="MY123456",
        program_id=MUNICIPAL_PROGRAM,
        points=500,
        shown_on=Date(year=2026, month=7, day=1),
        days_valid=30,
    )


async def spend(counter: Counter) -> str:
    await counter.open_spending()
    await counter.check(300)
    await counter.confirm()
    await counter.reach(SpendDoneScreen)
    return cast(SpendDoneScreen, counter.app.screen).transaction_number


async def cancel_is_asked(counter: Counter, number: str) -> None:
    await counter.sign_in()
    await counter.reach(ResumeScreen)
    await counter.read("ポイント利用の取消", "MY123456", "2026-07-01 10:02", number, "打ち間違い")


async def test_a_cancellation_says_what_it_would_cancel(
    place: Place, counter: Counter, server: str
) -> None:
    number = await spend(counter)
    request = points_pb2.CancelSpendRequest(transaction_number=number, reason="打ち間違い")
    leave(place, "CancelSpend", request)
    async with counter_at(place, server) as later:
        await cancel_is_asked(later, number)
        assert place.balance() == BALANCE - 300
        await press_after_a_pause(later, "f3")
        await later.reach(CancelDoneScreen)
        await later.read(
            "A市ポイント" if "A市ポイント" in later.text else "ポイント", "300ポイント"
        )
    assert place.balance() == BALANCE


async def test_a_cancellation_that_is_given_up_says_that_no_points_came_back(
    place: Place, counter: Counter, server: str
) -> None:
    number = await spend(counter)
    request = points_pb2.CancelSpendRequest(transaction_number=number, reason="打ち間違い")
    leave(place, "CancelSpend", request)
    async with counter_at(place, server) as later:
        await cancel_is_asked(later, number)
        await press_after_a_pause(later, "f7")
        await later.reach(HelpBox)
        await later.read("前回の取消は記帳されていません。ポイントは戻っていません。", "300pt")
        assert "減っていません" not in later.text
    assert place.balance() == BALANCE - 300


async def test_a_voucher_is_printed_when_it_is_booked(place: Place, server: str) -> None:
    async with chamber_in_use(place, server):
        pass
    leave(place, "IssueVoucher", issue(), VOUCHER_TERMINAL)
    async with counter_at(place, server, state=place.folder / "chamber") as chamber:
        await chamber.sign_in()
        await chamber.reach(ResumeScreen)
        await chamber.read("ポイント券発行", "MY123456", "発行日より30日間")
        await press_after_a_pause(chamber, "f3")
        await chamber.reach(IssueDoneScreen)
        await chamber.read("ポイント券を印字しました。")
    assert place.kinds() == ["ISSUE"]


async def test_no_voucher_is_booked_without_a_printer(place: Place, server: str) -> None:
    async with chamber_in_use(place, server):
        pass
    leave(place, "IssueVoucher", issue(), VOUCHER_TERMINAL)
    state = place.folder / "chamber"
    async with counter_at(place, server, state=state, printer="") as chamber:
        await chamber.sign_in()
        await chamber.reach(ResumeScreen)
        await press_after_a_pause(chamber, "f3")
        await chamber.read("プリンターが設定されていないため、ポイント券を発行できません。")
        await chamber.reach(ResumeScreen)
    assert place.kinds() == []


async def test_a_redemption_says_how_much_the_voucher_is(place: Place, server: str) -> None:
    await begin(place, server)
    async with chamber_in_use(place, server):
        pass
    leave(place, "IssueVoucher", issue(), VOUCHER_TERMINAL)
    async with counter_at(place, server, state=place.folder / "chamber") as chamber:
        await chamber.sign_in()
        await chamber.reach(ResumeScreen)
        await press_after_a_pause(chamber, "f3")
        await chamber.reach(IssueDoneScreen)
    ((number,),) = place.rows("SELECT voucher_number FROM voucher")
    leave(place, "RedeemVoucher", vouchers_pb2.RedeemVoucherRequest(voucher_number=number))
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(ResumeScreen)
        await counter.read("ポイント券消込", f"{number[:4]} {number[4:8]} {number[8:]}")
        assert counter.app.screen.query("#large")
        await press_after_a_pause(counter, "f3")
        await counter.reach(RedeemDoneScreen)
        await counter.read("500ポイント")
        await counter.press("enter")
        await counter.reach(MenuScreen)
    assert place.kinds() == ["ISSUE", "REDEEM"]
