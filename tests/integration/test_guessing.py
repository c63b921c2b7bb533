"""Guessing voucher numbers: the delay grows, is recorded, and troubles nobody else (VCH-2)."""

import asyncio
from datetime import timedelta

import pytest
from jichipoint.v1 import vouchers_pb2

from tests.integration.conftest import Connect, Service
from tests.integration.support import Client, Refused
from tests.integration.vouchers import Vouchers, issue_request, redeem_request
from tests.server.support import COUNTER, PASSWORD, POINT_USE, VOUCHER, cheap_hash
from tests.sizes import size


async def guess(client: Client, number: int) -> Refused:
    request = vouchers_pb2.LookUpVoucherRequest(voucher_number=f"{number:012}")
    return await client.refusal("VoucherService/LookUpVoucher", request)


async def test_the_wait_grows_and_every_wrong_number_is_recorded(
    service: Service, connect: Connect
) -> None:
    client = await connect(POINT_USE)
    waits: list[int] = []
    wrong = 0
    while len(waits) < 12:
        told = await guess(client, 1)
        if told.reason == "VOUCHER_UNKNOWN":
            wrong += 1
            continue
        assert told.reason == "TOO_MANY_WRONG_NUMBERS"
        waits.append(int(told.metadata["retry_seconds"]))
        assert told.messages["ja"].find(f"あと{waits[-1]}秒") > 0
        service.town.clock.advance(seconds=waits[-1])
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
    assert wrong == 3 + len(waits)
    recorded = service.town.rows(
        """SELECT (blocked_until - tried_at) / 1000000 FROM wrong_voucher_number
        WHERE terminal_id = ? ORDER BY sequence""",
        POINT_USE,
    )
    assert [seconds for (seconds,) in recorded] == [0, 0, 0, *waits]


async def test_redeeming_wrong_numbers_counts_as_well(connect: Connect) -> None:
    client = await connect(POINT_USE)
    for number in range(4):
        told = await client.refusal("VoucherService/RedeemVoucher", redeem_request(f"{number:012}"))
        assert told.reason == "VOUCHER_UNKNOWN"
    told = await client.refusal("VoucherService/RedeemVoucher", redeem_request("0" * 12))
    assert told.reason == "TOO_MANY_WRONG_NUMBERS"
    assert told.code.name == "RESOURCE_EXHAUSTED"


async def test_many_at_once_try_no_more_than_one_after_the_other(
    service: Service, connect: Connect
) -> None:
    clients = [await connect(POINT_USE) for _ in range(5)]
    told = await asyncio.gather(*(guess(clients[number % 5], number) for number in range(100)))
    assert [one.reason for one in told].count("VOUCHER_UNKNOWN") == 4
    ((recorded,),) = service.town.rows("SELECT count(*) FROM wrong_voucher_number")
    assert recorded == 4


async def test_the_wait_holds_in_another_process_too(
    service: Service, connect: Connect, connect_second: Connect
) -> None:
    client = await connect(POINT_USE)
    for number in range(4):
        await guess(client, number)
    other = await connect_second(POINT_USE)
    assert (await guess(other, 5)).reason == "TOO_MANY_WRONG_NUMBERS"


async def test_strikes_are_forgiven_with_time(service: Service, connect: Connect) -> None:
    client = await connect(POINT_USE)
    for number in range(4):
        await guess(client, number)
    service.town.clock.advance(hours=1)
    for number in range(3):
        assert (await guess(client, number)).reason == "VOUCHER_UNKNOWN"
    assert (await guess(client, 9)).reason == "VOUCHER_UNKNOWN"
    assert (await guess(client, 9)).reason == "TOO_MANY_WRONG_NUMBERS"


async def test_a_wait_of_a_clock_that_ran_ahead_is_over_with_it(
    service: Service, connect: Connect
) -> None:
    service.town.clock.advance(days=70)
    client = await connect(POINT_USE)
    for number in range(4):
        await guess(client, number)
    assert (await guess(client, 9)).reason == "TOO_MANY_WRONG_NUMBERS"
    service.town.clock.advance(days=-70)
    assert (await guess(client, 9)).reason == "VOUCHER_UNKNOWN"


@pytest.mark.parametrize("guessers", [size(30, 100)])
async def test_many_terminals_guessing_do_not_keep_an_honest_one(
    service: Service, connect: Connect, guessers: int
) -> None:
    """Each of them is soon waiting; what the honest one asks meanwhile is all booked."""
    first = 30_000_000
    rows = ", ".join(
        f"('{first + n}', 'POINT_USE', '131164', 2, 'g{n}', '{cheap_hash(PASSWORD)}')"
        for n in range(guessers)
    )
    service.town.tamper(
        "INSERT INTO terminal (terminal_id, terminal_class, municipality_code, place_id, name, "  # noqa: S608
        f"password_hash) VALUES {rows}"
    )
    desk, shop = Vouchers(await connect(VOUCHER)), Vouchers(await connect(COUNTER))
    numbers = [(await desk.issue(issue_request(1))).voucher.voucher_number for _ in range(30)]
    clients = [await connect(f"{first + n}") for n in range(guessers)]
    stopped = asyncio.Event()
    reasons: list[str] = []

    async def keep_guessing(client: Client) -> None:
        number = 0
        while not stopped.is_set():
            reasons.append((await guess(client, number)).reason)
            number += 1

    guessing = [asyncio.ensure_future(keep_guessing(client)) for client in clients]
    async with asyncio.timeout(timedelta(seconds=60).total_seconds()):
        for number in numbers:
            assert (await shop.redeem(redeem_request(number))).voucher.points == 1
        while reasons.count("VOUCHER_UNKNOWN") < 4 * guessers:  # noqa: ASYNC110
            await asyncio.sleep(0)
    stopped.set()
    await asyncio.gather(*guessing)
    assert reasons.count("VOUCHER_UNKNOWN") == 4 * guessers
