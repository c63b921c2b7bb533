"""What waits for the network is sent once, in order, and told of (VCH-8)."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from jichipoint.v1 import terminals_pb2, vouchers_pb2

from counter_tui.bookings.redemptions import LapsedError, OverCapError, TrustOverError
from counter_tui.bookings.trust import Trust
from counter_tui.calls.answers import Booked, RefusedError, UnreachableError
from counter_tui.core.voucher_code import SignedVoucher

NOW = datetime(2017, 4, 10, 3, tzinfo=UTC)
TODAY = date(2017, 4, 10)
TOLD = vouchers_pb2.GetVoucherTrustResponse(
    keys=[vouchers_pb2.VoucherKey(key_id=1, public_key=bytes(32))],
    offline_vouchers_max=3,
    offline_points_max=1000,
    programs=[vouchers_pb2.VoucherProgram(program_id="00000001", program_name="A市ポイント")],
)


class Server:
    """Decides as it is told to; remembers what it was sent."""

    def __init__(self) -> None:
        self.sent: list[vouchers_pb2.RedeemVoucherRequest] = []
        self.answers: dict[str, Exception] = {}
        self.asked_for_trust = 0
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def voucher_trust(self) -> vouchers_pb2.GetVoucherTrustResponse:
        self.asked_for_trust += 1
        return TOLD

    async def book(self, method: str, request: bytes) -> Booked:
        assert method == "RedeemVoucher"
        asked = vouchers_pb2.RedeemVoucherRequest.FromString(request)
        self.sent.append(asked)
        self.was_asked.set()
        await self.may_answer.wait()
        if error := self.answers.get(asked.voucher_number):
            raise error
        return Booked(method, b"")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def signed(number: int, points: int = 100, until: date = TODAY) -> SignedVoucher:
    return SignedVoucher(f"{number:012}", "00000001", points, date(2017, 4, 1), until, 1)


async def opened(server: Server, folder: Path, *, redeems: bool = True) -> Trust:
    terminal = terminals_pb2.Terminal(can_redeem_vouchers=redeems)
    return await Trust.open(server, server, folder, terminal, Clock())  # type: ignore[arg-type]


async def with_three(server: Server, folder: Path) -> Trust:
    trust = await opened(server, folder)
    for number in (2, 1, 3):
        await trust.take(signed(number), f"request-{number}")
    return trust


def numbers(server: Server) -> list[int]:
    return [int(request.voucher_number) for request in server.sent]


async def test_sent_oldest_first_and_only_once(tmp_path: Path) -> None:
    server = Server()
    trust = await with_three(server, tmp_path)
    assert (await trust.summary()).count == 3
    assert await trust.send_all()
    assert numbers(server) == [2, 1, 3]
    assert [request.request_id for request in server.sent] == [
        "request-2",
        "request-1",
        "request-3",
    ]
    assert not await trust.send_all()
    assert len(server.sent) == 3
    assert (await trust.summary()).count == 0


async def test_sending_twice_at_the_same_time_sends_each_once(tmp_path: Path) -> None:
    server = Server()
    trust = await with_three(server, tmp_path)
    server.may_answer.clear()
    both = asyncio.gather(trust.send_all(), trust.send_all())
    await server.was_asked.wait()
    server.may_answer.set()
    assert list(await both) == [True, False]
    assert numbers(server) == [2, 1, 3]


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError("UNAVAILABLE", ""),
        RefusedError("RATE_LIMITED", "", decided=False),
    ],
)
async def test_without_a_decision_it_waits_on(tmp_path: Path, error: Exception) -> None:
    server = Server()
    trust = await with_three(server, tmp_path)
    server.answers["000000000001"] = error
    assert await trust.send_all()
    assert numbers(server) == [2, 1]
    del server.answers["000000000001"]
    trust = await opened(server, tmp_path)  # the application was started again
    assert await trust.send_all()
    assert numbers(server) == [2, 1, 1, 3]
    assert server.sent[1] == server.sent[2]


async def test_what_the_server_refused_is_told_until_it_is_seen(tmp_path: Path) -> None:
    server = Server()
    trust = await with_three(server, tmp_path)
    server.answers["000000000001"] = RefusedError("VOUCHER_REDEEMED", "消込済み")
    assert await trust.send_all()
    assert numbers(server) == [2, 1, 3]
    trust = await opened(server, tmp_path)
    summary = await trust.summary()
    assert summary.count == 0
    (refused,) = summary.refused
    assert (refused.reason, refused.refusal) == ("VOUCHER_REDEEMED", "消込済み")
    assert not await trust.send_all()
    await trust.seen(summary.refused)
    assert (await trust.summary()).refused == ()


async def test_the_caps_of_the_municipality_and_the_last_day(tmp_path: Path) -> None:
    trust = await opened(Server(), tmp_path)
    with pytest.raises(OverCapError):
        await trust.take(signed(1, 1001), "request-1")
    with pytest.raises(LapsedError):
        await trust.take(signed(1, until=TODAY - timedelta(days=1)), "request-1")
    await trust.take(signed(1, 1000), "request-1")


async def test_vouchers_that_are_good_today_for_the_last_time(tmp_path: Path) -> None:
    trust = await opened(Server(), tmp_path)
    await trust.take(signed(1, until=TODAY), "request-1")
    await trust.take(signed(2, until=TODAY + timedelta(days=1)), "request-2")
    summary = await trust.summary()
    assert (summary.count, summary.points, summary.last_day_is_today) == (2, 200, 1)


async def test_a_terminal_that_redeems_nothing_asks_for_nothing(tmp_path: Path) -> None:
    server = Server()
    trust = await opened(server, tmp_path, redeems=False)
    assert server.asked_for_trust == 0
    with pytest.raises(OverCapError):
        await trust.take(signed(1), "request-1")


async def test_past_the_last_day_that_was_told_nothing_is_taken(tmp_path: Path) -> None:
    server = Server()
    trust = await opened(server, tmp_path)
    assert trust.last_day == TODAY, "where none was told it holds for the day"
    assert trust.holds
    trust.last_day = TODAY - timedelta(days=1)
    assert not trust.holds
    with pytest.raises(TrustOverError):
        await trust.take(signed(1), "request-1")
    assert (await trust.summary()).count == 0
