"""VoucherService over a real socket (VCH-1 to VCH-9)."""

import asyncio
import random

import grpc
import pytest
from jichipoint.v1 import operations_pb2, vouchers_pb2

from tests.integration.conftest import BALANCE, Connect, Service
from tests.integration.support import refused
from tests.integration.vouchers import (
    Vouchers,
    issue_request,
    redeem_request,
    reprint_request,
)
from tests.server.support import (
    AWAY_COUNTER,
    CARD_A,
    CARD_B,
    COUNTER,
    COUNTER_2,
    MUNICIPAL,
    POINT_USE,
    TIED_SHOP,
    TOWN_HALL,
    VOUCHER,
    grant_command,
    granted,
    new_request_id,
)


@pytest.fixture
async def desk(connect: Connect) -> Vouchers:
    return Vouchers(await connect(VOUCHER))


@pytest.fixture
async def shop(connect: Connect) -> Vouchers:
    return Vouchers(await connect(COUNTER))


async def test_from_issue_to_redemption(desk: Vouchers, shop: Vouchers) -> None:
    issued = await desk.issue(issue_request(300))
    voucher = issued.voucher
    assert (issued.balance_after, issued.mykey_id) == (BALANCE - 300, "AAAA1111")
    assert (voucher.points, voucher.days_valid, voucher.issuing_place_name) == (300, 30, "花田酒店")
    assert voucher.state == vouchers_pb2.VOUCHER_STATE_OPEN
    until = voucher.last_good_day
    assert (until.year, until.month, until.day) == (2026, 7, 31)
    fields = issued.qr_text.split(".")
    assert fields[:7] == [
        *("JPV1", voucher.voucher_number, MUNICIPAL, "300", "20260701", "20260731", "0001")
    ]
    assert (await shop.look_up(voucher.voucher_number)).points == 300
    redeemed = await shop.redeem(redeem_request(voucher.voucher_number))
    assert redeemed.voucher.redeeming_place_name == "花田酒店"
    assert redeemed.voucher.state == vouchers_pb2.VOUCHER_STATE_REDEEMED
    seen = await shop.look_up(voucher.voucher_number)
    assert seen.state == vouchers_pb2.VOUCHER_STATE_REDEEMED
    assert seen.settle_time == redeemed.book_time
    told = await shop.client.refusal(
        "VoucherService/RedeemVoucher", redeem_request(voucher.voucher_number)
    )
    assert told.reason == "VOUCHER_ALREADY_REDEEMED"
    assert "花田酒店 2026-07-01" in told.messages["ja"]


async def test_the_same_request_again_is_the_same_voucher(desk: Vouchers) -> None:
    request = issue_request(300)
    first, second = await desk.issue(request), await desk.issue(request)
    assert first == second
    number = first.voucher.voucher_number
    redeem = redeem_request(number)
    assert await desk.redeem(redeem) == await desk.redeem(redeem)
    cancel_id = new_request_id()
    other = await desk.issue(issue_request(10))
    again = [await desk.cancel(other.transaction_number, cancel_id) for _ in range(2)]
    assert again[0] == again[1]


async def test_what_became_of_each_request_is_told(desk: Vouchers) -> None:
    ids = [new_request_id() for _ in range(3)]
    issued = await desk.issue(issue_request(10, request_id=ids[0]))
    await desk.redeem(redeem_request(issued.voucher.voucher_number, request_id=ids[1]))
    other = await desk.issue(issue_request(20))
    await desk.cancel(other.transaction_number, ids[2])
    found = [await desk.client.operation(one) for one in ids]
    assert [one.state for one in found] == [operations_pb2.OPERATION_STATE_BOOKED] * 3
    kinds = [one.WhichOneof("response") for one in found]
    assert kinds == ["issue_voucher", "redeem_voucher", "cancel_voucher"]
    assert found[0].issue_voucher == issued


async def test_a_reprint_is_the_same_voucher_and_counted_once_each(desk: Vouchers) -> None:
    issued = await desk.issue(issue_request(50))
    number, request_id = issued.transaction_number, new_request_id()
    first = await desk.reprint(number, request_id)
    again = await desk.reprint(number, request_id)
    second = await desk.reprint(number)
    assert [first.reprint_count, again.reprint_count, second.reprint_count] == [1, 1, 2]
    assert first.qr_text == second.qr_text == issued.qr_text
    assert first.voucher == issued.voucher
    other = await desk.issue(issue_request(10))
    told = await desk.client.refusal(
        "VoucherService/ReprintVoucher", reprint_request(other.transaction_number, request_id)
    )
    assert told.reason == "REQUEST_ID_REUSED"
    await desk.redeem(redeem_request(issued.voucher.voucher_number))
    told = await desk.client.refusal("VoucherService/ReprintVoucher", reprint_request(number))
    assert told.reason == "VOUCHER_CLOSED"
    told = await desk.client.refusal("VoucherService/ReprintVoucher", reprint_request("2026"))
    assert told.reason == "TRANSACTION_UNKNOWN"


async def test_a_collecting_point_redeems_for_the_shops_tied_to_it(
    desk: Vouchers, connect: Connect
) -> None:
    request = vouchers_pb2.ListRedemptionPlacesRequest()
    answer = vouchers_pb2.ListRedemptionPlacesResponse
    listed = await desk.client.call("VoucherService/ListRedemptionPlaces", request, answer)
    assert [(one.place_id, one.name) for one in listed.places] == [
        (1, "花田酒店"),
        (TIED_SHOP, "青木青果店"),
    ]
    number = (await desk.issue(issue_request(30))).voucher.voucher_number
    redeemed = await desk.redeem(redeem_request(number, TIED_SHOP))
    assert redeemed.voucher.redeeming_place_name == "青木青果店"
    museum = Vouchers(await connect(POINT_USE))
    number = (await desk.issue(issue_request(30))).voucher.voucher_number
    told = await museum.client.refusal(
        "VoucherService/RedeemVoucher", redeem_request(number, TIED_SHOP)
    )
    assert told.reason == "PLACE_NOT_TIED"


async def test_places_come_in_pages(desk: Vouchers, service: Service) -> None:
    for place_id in range(100, 105):
        service.town.tamper(
            "INSERT INTO place (place_id, municipality_code, name, collecting_place_id) "  # noqa: S608
            f"VALUES ({place_id}, '131164', '店{place_id}', 1)"
        )
    found, token = [], ""
    while True:
        request = vouchers_pb2.ListRedemptionPlacesRequest(page_size=2, page_token=token)
        answer = vouchers_pb2.ListRedemptionPlacesResponse
        page = await desk.client.call("VoucherService/ListRedemptionPlaces", request, answer)
        found += [one.place_id for one in page.places]
        token = page.next_page_token
        if not token:
            break
    assert found == [1, TIED_SHOP, 100, 101, 102, 103, 104]


async def test_the_municipality_corrects_a_redemption(desk: Vouchers, connect: Connect) -> None:
    number = (await desk.issue(issue_request(30))).voucher.voucher_number
    await desk.redeem(redeem_request(number))
    hall = await connect(TOWN_HALL)
    request = vouchers_pb2.CorrectRedemptionRequest(
        request_id=new_request_id(), voucher_number=number, place_id=TIED_SHOP, reason="取り違え"
    )
    answer = await hall.call(
        "VoucherService/CorrectRedemption", request, vouchers_pb2.CorrectRedemptionResponse
    )
    assert answer.voucher.redeeming_place_name == "青木青果店"
    assert (await desk.look_up(number)).redeeming_place_name == "青木青果店"
    operation = await hall.operation(request.request_id)
    assert operation.correct_redemption == answer


async def test_what_a_counter_needs_without_network(desk: Vouchers, shop: Vouchers) -> None:
    request = vouchers_pb2.GetVoucherTrustRequest()
    trust = await shop.client.call(
        "VoucherService/GetVoucherTrust", request, vouchers_pb2.GetVoucherTrustResponse
    )
    assert [(key.key_id, len(key.public_key), key.withdrawn) for key in trust.keys] == [
        (1, 32, False)
    ]
    assert (trust.offline_vouchers_max, trust.offline_points_max) == (20, 20_000)
    assert MUNICIPAL in [one.program_id for one in trust.programs]
    until = trust.last_day
    assert (until.year, until.month, until.day) == (2026, 7, 8)


@pytest.mark.parametrize(
    "number", ["1" * 11, "1" * 13, "１２３４５６７８９０１２", "12345678901x", ""]
)
async def test_a_number_of_another_form(shop: Vouchers, number: str) -> None:
    told = await shop.client.refusal("VoucherService/RedeemVoucher", redeem_request(number))
    assert (told.reason, told.fields) == ("INVALID_FIELD", ("voucher_number",))


async def test_what_is_not_taken_here_and_what_there_is_not_say_the_same(
    desk: Vouchers, connect: Connect
) -> None:
    away = Vouchers(await connect(AWAY_COUNTER))
    number = (await desk.issue(issue_request(30))).voucher.voucher_number
    told = []
    for one in (number, "000000000000"):
        request = vouchers_pb2.LookUpVoucherRequest(voucher_number=one)
        told.append(await away.client.refusal("VoucherService/LookUpVoucher", request))
    assert told[0] == told[1]
    assert told[0].reason == "VOUCHER_UNKNOWN"


async def test_a_thousand_redemptions_of_two_hundred_vouchers(
    service: Service, desk: Vouchers, connect: Connect
) -> None:
    """Each pays once, whoever comes first, and the places are paid what was redeemed there."""
    with service.town.booker() as booker:
        granted(booker, grant_command(CARD_A, 10_000), grant_command(CARD_B, 10_000))
    issued = await asyncio.gather(*(desk.issue(issue_request(10 + n % 7)) for n in range(200)))
    points = {one.voucher.voucher_number: one.voucher.points for one in issued}
    terminals = [COUNTER, COUNTER_2, POINT_USE, VOUCHER]
    counters = [Vouchers(await connect(terminals[n % 4])) for n in range(20)]
    tries = [number for number in points for _ in range(5)]
    random.Random(20170401).shuffle(tries)
    outcomes: list[tuple[str, str, int]] = []

    async def redeem_all(counter: Vouchers, numbers: list[str]) -> None:
        for number in numbers:
            try:
                booked = await counter.redeem(redeem_request(number))
                name = booked.voucher.redeeming_place_name
                outcomes.append(("BOOKED", name, booked.voucher.points))
            except grpc.RpcError as error:
                told = refused(error)
                outcomes.append((told.reason, told.metadata["place"], 0))

    await asyncio.gather(*(redeem_all(counter, tries[n::20]) for n, counter in enumerate(counters)))
    booked = [one for one in outcomes if one[0] == "BOOKED"]
    assert len(booked) == 200
    assert sorted({one[0] for one in outcomes}) == ["BOOKED", "VOUCHER_ALREADY_REDEEMED"]
    assert len(outcomes) == 1000
    assert {place for _, place, _ in outcomes} == {"花田酒店", "美術館"}, "each refusal says where"
    paid = service.town.rows(
        """SELECT p.name, CAST(sum(e.points) AS BIGINT) FROM entry e
        JOIN account a ON a.account_id = e.account_id
        JOIN place p ON CAST(p.place_id AS TEXT) = a.owner
        WHERE a.kind = 'REDEEMED' GROUP BY p.name"""
    )
    told_paid = {
        name: sum(one[2] for one in booked if one[1] == name) for name in ("花田酒店", "美術館")
    }
    assert {name: int(total) for name, total in paid} == told_paid
    assert sum(told_paid.values()) == sum(points.values())
