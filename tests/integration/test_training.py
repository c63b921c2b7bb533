"""Training (USE-7): the same work, and not one real point touched."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jichipoint.v1 import merging_pb2, points_pb2, terminals_pb2, vouchers_pb2

from server.db.migrate import migrate
from server.serving.opening import Ledger
from server.upkeep.verify import verify
from server.vouchers.keys import TRAINING_KEY_ID
from server.vouchers.setting_up import ensure_key
from tests.engines import TestEngine
from tests.integration.conftest import Connect, Service, connecting
from tests.integration.support import (
    NOTED,
    Client,
    cancel_request,
    merge_request,
    sign_in_request,
    spend_request,
)
from tests.integration.vouchers import Vouchers, issue_request, redeem_request
from tests.server.support import CARD_A, COUNTER, EVENT, MUNICIPAL, VOUCHER, Town


@pytest.fixture
async def practice(service: Service, engine: TestEngine, tmp_path: Path) -> AsyncIterator[Town]:
    """The training ledger, on the same engine."""
    folder = tmp_path / "practice"
    folder.mkdir()
    with engine.database(folder) as url:
        town = Town(url, service.town.clock)
        migrate(town.database)
        with town.database.connection_context():
            ensure_key(town.database, service.town.vault, town.chance, town.clock, TRAINING_KEY_ID)
        await service.stop()
        service.training = Ledger(town.database, service.town.vault)
        await service.start()
        yield town
        await service.stop()


async def signed_in(
    service: Service, connect: Connect, terminal_id: str = COUNTER
) -> tuple[Client, terminals_pb2.SignInResponse]:
    client = await connect(None)
    return client, await client.sign_in(terminal_id, training=True)


@pytest.fixture
async def connect_anew(service: Service, practice: Town) -> AsyncIterator[Connect]:
    async with connecting(service) as connect:
        yield connect


def spend(serial_number: str, mykey_id: str, points: int) -> points_pb2.SpendRequest:
    return spend_request(serial_number, points, mykey_id=mykey_id)


async def test_a_day_of_training_leaves_the_ledger_byte_for_byte(
    service: Service, practice: Town, connect_anew: Connect
) -> None:
    client, answer = await signed_in(service, connect_anew)
    desk_client, _ = await signed_in(service, connect_anew, VOUCHER)
    before = service.town.dump("terminal", *NOTED)
    rich, poor, empty = (card.certificate_serial_number for card in answer.practice_cards)
    assert [card.label for card in answer.practice_cards] == [
        "練習カード1", "練習カード2", "練習カード3"
    ]  # fmt: skip
    usable = await client.usable(rich)
    assert {one.program_id: one.balance for one in usable.usable_points} == {
        MUNICIPAL: 10_000,
        EVENT: 10_000,
    }
    assert (await client.usable(poor)).usable_points[0].balance == 300
    assert (await client.usable(empty)).usable_points[0].balance == 0
    spent = await client.spend(spend(rich, usable.mykey_id, 500))
    assert spent.transaction_number.startswith("練")
    cancelled = await client.cancel(spent.transaction_number)
    merged = await client.merge(
        merge_request(rich, 100, street_point_id=await point_id(client, rich),
                      mykey_id=usable.mykey_id)
    )  # fmt: skip
    assert not merged.HasField("merge_file")
    numbers = [one.transaction_number for one in (spent, cancelled, merged)]
    assert [int(number.removeprefix("練")) for number in numbers] == sorted(
        int(number.removeprefix("練")) for number in numbers
    )
    desk = Vouchers(desk_client)
    cards = await desk_client.sign_in(VOUCHER, training=True)
    card = cards.practice_cards[0].certificate_serial_number
    mykey_id = (await desk_client.usable(card)).mykey_id
    request = issue_request(50)
    request.certificate_serial_number, request.mykey_id = card, mykey_id
    issued = await desk.issue(request)
    assert issued.qr_text.split(".")[6] == "0000"
    redeemed = await Vouchers(client).redeem(redeem_request(issued.voucher.voucher_number))
    assert redeemed.transaction_number.startswith("練")
    assert len((await Vouchers(client).day()).transactions) == 4
    assert service.town.dump("terminal", *NOTED) == before
    assert verify(practice.database).fault is None


async def point_id(client: Client, serial_number: str) -> str:
    request = merging_pb2.GetMergeablePointsRequest(certificate_serial_number=serial_number)
    answer = merging_pb2.GetMergeablePointsResponse
    found = await client.call("MergeService/GetMergeablePoints", request, answer)
    return str(found.street_point_id)


async def test_neither_side_knows_the_other(
    service: Service, practice: Town, connect_anew: Connect
) -> None:
    real = await connect_anew(COUNTER)
    client, answer = await signed_in(service, connect_anew)
    card = answer.practice_cards[0].certificate_serial_number
    request = points_pb2.ListUsablePointsRequest(certificate_serial_number=card)
    assert (await real.refusal("PointService/ListUsablePoints", request)).reason == (
        "CERTIFICATE_UNKNOWN"
    )
    request = points_pb2.ListUsablePointsRequest(certificate_serial_number=CARD_A)
    assert (await client.refusal("PointService/ListUsablePoints", request)).reason == (
        "CERTIFICATE_UNKNOWN"
    )
    spent = await real.spend(spend_request())
    told = await client.refusal(
        "PointService/CancelSpend", cancel_request(spent.transaction_number)
    )
    assert told.reason == "TRANSACTION_UNKNOWN"
    desk = Vouchers(await connect_anew(VOUCHER))
    number = (await desk.issue(issue_request(10))).voucher.voucher_number
    told = await client.refusal(
        "VoucherService/LookUpVoucher", vouchers_pb2.LookUpVoucherRequest(voucher_number=number)
    )
    assert told.reason == "VOUCHER_UNKNOWN"


async def test_a_token_with_the_other_prefix_opens_nothing(
    service: Service, practice: Town, connect_anew: Connect
) -> None:
    client, _ = await signed_in(service, connect_anew)
    assert client.token is not None
    assert client.token.startswith("practice.")
    request = points_pb2.ListUsablePointsRequest(certificate_serial_number=CARD_A)
    client.token = client.token.removeprefix("practice.")
    assert (await client.refusal("PointService/ListUsablePoints", request)).reason == (
        "SESSION_EXPIRED"
    )
    real = await connect_anew(COUNTER)
    real.token = f"practice.{real.token}"
    assert (await real.refusal("PointService/ListUsablePoints", request)).reason == (
        "SESSION_EXPIRED"
    )


async def test_password_and_machine_are_the_real_ones(
    service: Service, practice: Town, connect_anew: Connect
) -> None:
    client = await connect_anew(None)
    for wrong in (
        sign_in_request(COUNTER, "wrong"),
        sign_in_request("99999999"),
    ):
        wrong.training = True
        told = await client.refusal("TerminalService/SignIn", wrong)
        assert told.reason == "SIGN_IN_REFUSED"
    await client.sign_in(COUNTER, training=True)
    other = sign_in_request(COUNTER, machine=b"o" * 32)
    other.training = True
    assert (await client.refusal("TerminalService/SignIn", other)).reason == "MACHINE_NOT_BOUND"


async def test_cards_are_filled_up_and_settings_follow(
    service: Service, practice: Town, connect_anew: Connect
) -> None:
    client, answer = await signed_in(service, connect_anew)
    card = answer.practice_cards[0].certificate_serial_number
    mykey_id = (await client.usable(card)).mykey_id
    await client.spend(spend(card, mykey_id, 9000))
    service.town.tamper("UPDATE program SET name = '新しい名前' WHERE program_id = '00000001'")
    await client.sign_in(COUNTER, training=True)
    found = (await client.usable(card)).usable_points[0]
    assert (found.balance, found.program_name) == (10_000, "新しい名前")
    secrets: list[tuple[Any, ...]] = practice.rows(
        "SELECT password_hash, machine_fingerprint FROM terminal"
    )
    assert secrets == [("-", None)]
    assert practice.rows("SELECT count(*) FROM street_key") == [(0,)]


async def test_the_pin_is_asked_for_from_the_same_amount_and_no_made_up_card_needs_to_sign(
    service: Service, practice: Town, connect_anew: Connect
) -> None:
    service.town.tamper("UPDATE program SET pin_above_points = 300 WHERE kind = 'MUNICIPAL'")
    client, answer = await signed_in(service, connect_anew)
    card = answer.practice_cards[0].certificate_serial_number
    usable = await client.usable(card)
    municipal = next(one for one in usable.usable_points if one.program_id == MUNICIPAL)
    assert municipal.pin_above_points == 300
    await client.spend(spend(card, usable.mykey_id, 301))
    real = await connect_anew(COUNTER)
    assert (await real.refusal("PointService/Spend", spend_request(points=301))).reason == (
        "PIN_NEEDED"
    )


async def test_a_server_without_a_training_ledger_says_so(connect: Connect) -> None:
    request = sign_in_request(COUNTER)
    request.training = True
    client = await connect(None)
    told = await client.refusal("TerminalService/SignIn", request)
    assert told.reason == "TRAINING_NOT_OFFERED"
