"""A terminal's own day: list, totals, receipts once more (USE-4)."""

from jichipoint.v1 import days_pb2, terminals_pb2

from tests.integration.conftest import Connect, Service
from tests.integration.support import (
    Client,
    cancel_request,
    kind_name,
    merge_request,
    sign_in_request,
    spend_request,
    to_date,
)
from tests.integration.vouchers import Vouchers, issue_request, redeem_request
from tests.server.support import COUNTER, COUNTER_2, TODAY, VOUCHER


async def transaction(client: Client, number: str) -> days_pb2.GetDayTransactionResponse:
    request = days_pb2.GetDayTransactionRequest(transaction_number=number)
    answer = days_pb2.GetDayTransactionResponse
    return await client.call("DayService/GetDayTransaction", request, answer)


async def test_the_list_and_its_totals(connect: Connect) -> None:
    client = await connect(COUNTER)
    shop, desk = Vouchers(client), Vouchers(await connect(VOUCHER))
    spends = [await client.spend(spend_request(points=points)) for points in (100, 50)]
    merged = await client.merge(merge_request(points=30))
    cancelled = await client.cancel(spends[1].transaction_number)
    voucher = (await desk.issue(issue_request(20))).voucher
    redeemed = await shop.redeem(redeem_request(voucher.voucher_number))
    day = await shop.day()
    assert [
        (kind_name(one.kind), one.points, kind_name(one.settled_by)) for one in day.transactions
    ] == [
        ("REDEEM", 20, ""),
        ("CANCEL", 50, ""),
        ("MERGE", 30, ""),
        ("SPEND", 50, "CANCEL"),
        ("SPEND", 100, ""),
    ]
    newest, second, third, *_ = day.transactions
    assert newest.voucher_number == voucher.voucher_number
    assert newest.refers_to == voucher.transaction_number
    assert newest.transaction_number == redeemed.transaction_number
    assert second.refers_to == spends[1].transaction_number
    assert second.transaction_number == cancelled.transaction_number
    assert third.transaction_number == merged.transaction_number
    assert await shop.totals() == [
        ("MERGE", 1, 30, 0, 0),
        ("REDEEM", 1, 20, 0, 0),
        ("SPEND", 1, 100, 1, 50),
    ]
    assert await desk.totals() == [("ISSUE", 1, 20, 0, 0)]
    ((issue,)) = (await desk.day()).transactions
    assert (kind_name(issue.settled_by), issue.voucher_number) == ("REDEEM", voucher.voucher_number)


async def test_the_list_says_whose_points_moved_where_the_terminal_saw_the_card(
    connect: Connect,
) -> None:
    client, desk = await connect(COUNTER), Vouchers(await connect(VOUCHER))
    spent = await client.spend(spend_request(points=100))
    await client.merge(merge_request(points=30))
    await client.cancel(spent.transaction_number)
    voucher = (await desk.issue(issue_request(20))).voucher
    await Vouchers(client).redeem(redeem_request(voucher.voucher_number))
    day = await Vouchers(client).day()
    told = [(kind_name(one.kind), one.mykey_id) for one in day.transactions]
    whose = spent.mykey_id
    assert whose
    assert told == [("REDEEM", ""), ("CANCEL", whose), ("MERGE", whose), ("SPEND", whose)]
    ((issue,)) = (await desk.day()).transactions
    assert issue.mykey_id == whose


async def test_the_list_says_who_worked_there_where_that_was_given(
    service: Service, connect: Connect
) -> None:
    nobody, client = await connect(COUNTER), await connect(None)
    await nobody.spend(spend_request(points=10))
    request = sign_in_request(COUNTER)
    request.person = "佐藤"
    answer = terminals_pb2.SignInResponse
    client.token = (await client.call("TerminalService/SignIn", request, answer)).session_token
    await client.spend(spend_request(points=20))
    await service.stop()  # the trail is written
    await service.start()
    day = await Vouchers(await connect(COUNTER)).day()
    told = [(one.points, one.person) for one in day.transactions]
    assert told == [(20, "佐藤"), (10, "")]


async def test_pages_stay_as_they_are(connect: Connect) -> None:
    client = await connect(COUNTER)
    shop = Vouchers(client)
    numbers = [(await client.spend(spend_request(points=1))).transaction_number for _ in range(5)]
    first = await shop.day(2)
    await client.spend(spend_request(points=1))
    found, token = [one.transaction_number for one in first.transactions], first.next_page_token
    while token:
        page = await shop.day(2, token)
        found += [one.transaction_number for one in page.transactions]
        token = page.next_page_token
    assert found == numbers[::-1]


async def test_a_receipt_once_more_is_what_was_answered(connect: Connect) -> None:
    client, other = await connect(COUNTER), await connect(COUNTER_2)
    spent = await client.spend(spend_request(points=70))
    found = await transaction(client, spent.transaction_number)
    assert found.operation.spend == spent
    for asking, number in ((other, spent.transaction_number), (client, "1999")):
        request = days_pb2.GetDayTransactionRequest(transaction_number=number)
        told = await asking.refusal("DayService/GetDayTransaction", request)
        assert told.reason == "TRANSACTION_UNKNOWN"


async def test_another_day_is_another_list(service: Service, connect: Connect) -> None:
    client = await connect(COUNTER)
    spent = await client.spend(spend_request(points=70))
    service.town.clock.advance(days=1)
    client = await connect(COUNTER)
    assert not (await Vouchers(client).day()).transactions
    request = days_pb2.ListDayTransactionsRequest(day=to_date(TODAY))
    answer = days_pb2.ListDayTransactionsResponse
    found = await client.call("DayService/ListDayTransactions", request, answer)
    assert [one.transaction_number for one in found.transactions] == [spent.transaction_number]
    told = await client.refusal(
        "PointService/CancelSpend", cancel_request(spent.transaction_number)
    )
    assert told.reason == "TRANSACTION_OF_ANOTHER_DAY"


async def test_limits_are_told_before_they_are_hit(service: Service, connect: Connect) -> None:
    """USE-6: what is left of the day, as the server would judge it."""
    service.town.tamper(
        "UPDATE program SET points_per_use_max = 400, points_per_citizen_day_max = 500, "
        "points_per_terminal_day_max = 600 WHERE program_id = '00000001'"
    )
    client = await connect(COUNTER)
    await client.spend(spend_request(points=120))
    points = (await client.usable("A1")).usable_points[0]
    assert points.points_per_use_max == 400
    assert points.citizen_points_left_today == 380
    assert points.terminal_points_left_today == 480
    other = (await client.usable("B2")).usable_points[0]
    assert (other.citizen_points_left_today, other.terminal_points_left_today) == (500, 480)
