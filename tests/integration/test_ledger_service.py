"""LedgerService over a real socket: who sees which accounts, and what they are told."""

from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from jichipoint.v1 import ledger_pb2 as pb

from tests.integration.conftest import BALANCE, Connect
from tests.integration.support import Client, kind_name, spend_request
from tests.server.support import (
    AWAY_MUNICIPAL,
    CARD_A,
    COUNTER,
    MUNICIPAL,
    MYKEY,
    OPERATOR,
    TOWN_HALL,
)

A = MYKEY[CARD_A]
GET, LIST = "LedgerService/GetBalance", "LedgerService/ListAccountTransactions"


def account(kind: str = "HELD", owner: str = A, program_id: str = MUNICIPAL) -> pb.Account:
    return pb.Account(
        program_id=program_id, kind=pb.AccountKind.Value(f"ACCOUNT_KIND_{kind}"), owner=owner
    )


async def balance(client: Client, **request: Any) -> pb.GetBalanceResponse:
    return await client.call(GET, pb.GetBalanceRequest(**request), pb.GetBalanceResponse)


@pytest.fixture
async def hall(connect: Connect) -> Client:
    return await connect(TOWN_HALL)


async def test_a_municipality_reads_its_own_accounts(hall: Client, counter: Client) -> None:
    spend = await counter.spend(spend_request(CARD_A, 300))
    found = await balance(hall, account=account())
    assert (found.points, found.usable_points) == (BALANCE - 300, BALANCE - 300)
    assert found.last_transaction_number == spend.transaction_number
    assert (await balance(hall, account=account("SPENT", "1"))).points == 300
    assert (await balance(hall, account=account("ISSUED", ""))).points == -3 * BALANCE


async def test_the_balance_before_a_spend(hall: Client, counter: Client) -> None:
    before = (await balance(hall, account=account())).last_transaction_number
    spend = await counter.spend(spend_request(CARD_A, 300))
    for moment, points in ((before, BALANCE), (spend.transaction_number, BALANCE - 300)):
        found = await balance(hall, account=account(), transaction_number=moment)
        assert found.points == points
    found = await balance(hall, account=account(), time=spend.book_time)
    assert found.points == BALANCE - 300
    earlier = Timestamp(seconds=spend.book_time.seconds - 1)
    assert (await balance(hall, account=account(), time=earlier)).points == 0


async def test_the_history_in_pages(hall: Client, counter: Client) -> None:
    numbers = [
        (await counter.spend(spend_request(CARD_A, points))).transaction_number
        for points in (1, 2, 3)
    ]
    seen: list[tuple[str, str, int, int]] = []
    token = ""
    while True:
        request = pb.ListAccountTransactionsRequest(
            account=account(), page_size=2, page_token=token
        )
        page = await hall.call(LIST, request, pb.ListAccountTransactionsResponse)
        seen += [
            (one.transaction_number, kind_name(one.kind), one.points, one.balance_after)
            for one in page.transactions
        ]
        token = page.next_page_token
        if not token:
            break
        assert len(page.transactions) == 2
    assert [one[0] for one in seen[:3]] == numbers[::-1]
    assert [one[1:] for one in seen] == [
        ("SPEND", -3, BALANCE - 6),
        ("SPEND", -2, BALANCE - 3),
        ("SPEND", -1, BALANCE - 1),
        ("GRANT", BALANCE, BALANCE),
    ]


async def test_the_operator_reads_every_municipality_s(connect: Connect) -> None:
    operator = await connect(OPERATOR)
    found = await balance(operator, account=account(program_id=AWAY_MUNICIPAL))
    assert found.points == 10
    assert (await balance(operator, account=account(program_id="00000000"))).points == 0


@pytest.mark.parametrize("program_id", [AWAY_MUNICIPAL, "00000000", "99999999"])
@pytest.mark.parametrize("owner", [A, "NOBODY00"])
async def test_another_municipality_s_program_is_as_unknown_as_none(
    hall: Client, program_id: str, owner: str
) -> None:
    asked = account(program_id=program_id, owner=owner)
    for method, request in (
        (GET, pb.GetBalanceRequest(account=asked)),
        (LIST, pb.ListAccountTransactionsRequest(account=asked)),
    ):
        told = await hall.refusal(method, request)
        assert (told.code, told.reason) == (grpc.StatusCode.NOT_FOUND, "PROGRAM_UNKNOWN")


async def test_counters_do_not_look_into_the_ledger(connect: Connect) -> None:
    client = await connect(COUNTER)
    told = await client.refusal(GET, pb.GetBalanceRequest(account=account()))
    assert told.code == grpc.StatusCode.PERMISSION_DENIED


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no account": ({}, "INVALID_FIELD"),
    "no kind": ({"account": pb.Account(program_id=MUNICIPAL, owner=A)}, "INVALID_FIELD"),
    "unknown kind": (
        {"account": pb.Account(program_id=MUNICIPAL, kind=99, owner=A)},  # type: ignore[arg-type]
        "INVALID_FIELD",
    ),
    "program": ({"account": account(program_id="1")}, "INVALID_FIELD"),
    "citizen": ({"account": account(owner="NOBODY00")}, "MYKEY_ID_UNKNOWN"),
    "no citizen": ({"account": account(owner="")}, "INVALID_FIELD"),
    "owner with a line break": ({"account": account("SPENT", "1\n2")}, "INVALID_FIELD"),
    "owner too long": ({"account": account("SPENT", "1" * 21)}, "INVALID_FIELD"),
    "number": ({"account": account(), "transaction_number": "1"}, "MOMENT_UNKNOWN"),
    "time before 1970": ({"account": account(), "time": Timestamp(seconds=-1)}, "INVALID_FIELD"),
    "time too late": ({"account": account(), "time": Timestamp(seconds=2**62)}, "INVALID_FIELD"),
    "nanos": ({"account": account(), "time": Timestamp(nanos=-5)}, "INVALID_FIELD"),
    "future": ({"account": account(), "time": Timestamp(seconds=4 * 10**9)}, "MOMENT_IN_FUTURE"),
}


@pytest.mark.parametrize("what", BAD)
async def test_bad_questions_are_told(hall: Client, what: str) -> None:
    request, reason = BAD[what]
    assert (await hall.refusal(GET, pb.GetBalanceRequest(**request))).reason == reason


@pytest.mark.parametrize(
    "request_",
    [
        {"page_size": -1},
        {"page_token": "?"},
        {"page_token": "ééé"},
        {"page_token": "LTE="},
        {"page_token": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"},
    ],
)
async def test_bad_pages_are_told(hall: Client, request_: dict[str, Any]) -> None:
    request = pb.ListAccountTransactionsRequest(account=account(), **request_)
    assert (await hall.refusal(LIST, request)).reason == "INVALID_FIELD"


async def test_pages_are_never_larger_than_the_most(hall: Client) -> None:
    request = pb.ListAccountTransactionsRequest(account=account(), page_size=2**31 - 1)
    page = await hall.call(LIST, request, pb.ListAccountTransactionsResponse)
    assert len(page.transactions) == 1
    assert page.next_page_token == ""
