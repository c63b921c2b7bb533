"""Every method of every service, tried as every kind of caller (SEC-2).

What each may do is in the declared table; `tests/server/rpc/test_access.py` keeps the table
itself. A method of a new service is walked here without a line being added; one that shows
somebody's data needs a line in ELSEWHERE.
"""

from collections.abc import Callable
from dataclasses import dataclass

import grpc
import pytest
from google.protobuf.message import Message
from google.type.date_pb2 import Date
from jichipoint.v1 import (
    days_pb2,
    ledger_pb2,
    merging_pb2,
    operations_pb2,
    service_ids_pb2,
    terminals_pb2,
    vouchers_pb2,
)

from server.callers.values import TerminalClass
from server.ledger.refusals import Standing
from server.rpc.access import Anyone, IssuerSystems, Whose
from server.serving.refusals import REASONS
from server.serving.services import DeclaredMethod, declared_methods
from tests.integration.conftest import Connect, Service
from tests.integration.support import (
    Client,
    acknowledge_request,
    cancel_request,
    refused,
    sign_in_request,
    spend_request,
)
from tests.server.support import (
    AWAY,
    AWAY_COUNTER,
    CARD_A,
    COUNTER,
    LIBRARY_COUNTER,
    MUNICIPAL,
    MYKEY,
    STREET_1,
    STREET_2,
    TERMINALS_BY_CLASS,
    TODAY,
    TOWN_HALL,
    VOUCHER,
    new_request_id,
)

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

PREFIX = "jichipoint.v1."
METHODS = list(declared_methods())
GATE = {
    "SESSION_MISSING",
    "SESSION_EXPIRED",
    "TERMINAL_WITHDRAWN",
    "NOT_FOR_THIS_TERMINAL",
    "NOT_FOR_THIS_CALLER",
    "METHOD_NOT_OPEN",
}
"""Refusals before a method is reached."""
LET_IN = "let in"


def path(method: DeclaredMethod) -> str:
    return method.name.removeprefix(PREFIX)


async def outcome(client: Client, method: DeclaredMethod) -> str:
    """Call with an empty message; the reason of the gate, or that it let the call in."""
    try:
        await client.raw(path(method), b"")
    except grpc.RpcError as error:
        reason = refused(error).reason
        return reason if reason in GATE else LET_IN
    return LET_IN


def expected(method: DeclaredMethod, caller: str) -> str:
    """What the declared table says of a kind of caller."""
    assert method.declared is not None, f"{method.name} declares nothing"
    access = method.declared.access
    if isinstance(access, Anyone):
        return LET_IN
    if caller == "nobody":
        return "SESSION_MISSING"
    if caller in ("expired", "idle", "made up"):
        return "SESSION_EXPIRED"
    if caller == "withdrawn" and not method.declared.withdrawn_too:
        return "TERMINAL_WITHDRAWN"
    if caller == "street":
        return LET_IN if isinstance(access, IssuerSystems) else "NOT_FOR_THIS_CALLER"
    if isinstance(access, IssuerSystems):
        return "NOT_FOR_THIS_CALLER"
    of_class = "SERVICE_ID" if caller in ("withdrawn", "elsewhere") else caller
    return LET_IN if TerminalClass(of_class) in access else "NOT_FOR_THIS_TERMINAL"


CALLERS = (
    "nobody",
    "made up",
    "expired",
    "idle",
    "withdrawn",
    "street",
    *map(str, TerminalClass),
)


async def caller_of_kind(service: Service, connect: Connect, kind: str) -> Client:
    if kind in TERMINALS_BY_CLASS:
        return await connect(TERMINALS_BY_CLASS[kind])
    client = await connect(None)
    if kind == "made up":
        client.token = "0" * 64
    if kind == "street":
        await client.street_sign_in(STREET_1)
    if kind in ("expired", "idle", "withdrawn"):
        await client.sign_in(COUNTER)
    if kind == "expired":
        service.town.clock.advance(hours=12)
    if kind == "idle":
        service.town.clock.advance(hours=4)
    if kind == "withdrawn":
        service.town.tamper(f"UPDATE terminal SET withdrawn_at = 1 WHERE terminal_id = '{COUNTER}'")  # noqa: S608
    return client


@pytest.mark.parametrize("kind", CALLERS)
async def test_every_method_lets_in_whom_it_declares(
    service: Service, connect: Connect, kind: str
) -> None:
    client = await caller_of_kind(service, connect, kind)
    sign_outs = [method for method in METHODS if path(method) == "TerminalService/SignOut"]
    for method in [one for one in METHODS if one not in sign_outs] + sign_outs:
        assert await outcome(client, method) == expected(method, kind), (method.name, kind)


AWAY_HALL, AWAY_VOUCHER = "20000008", "20000009"
HOME_ACCOUNT = ledger_pb2.Account(
    program_id=MUNICIPAL, kind=ledger_pb2.ACCOUNT_KIND_HELD, owner=MYKEY[CARD_A]
)


@pytest.mark.usefixtures("engine")
def test_nothing_is_concluded_from_a_closed_gate() -> None:
    """A booking that had no answer may be booked, whatever its repetition is told there."""
    standings = {REASONS[reason].standing for reason in GATE}
    assert standings == {Standing.SIGN_IN, Standing.TURNED_AWAY}


@dataclass
class Booked:
    """What was done at home, and is asked for from elsewhere."""

    spend: str
    request_id: str
    voucher: str
    issue: str
    merge: str


def issue_request(mykey_id: str = MYKEY[CARD_A]) -> vouchers_pb2.IssueVoucherRequest:
    return vouchers_pb2.IssueVoucherRequest(
        request_id=new_request_id(),
        certificate_serial_number=CARD_A,
        mykey_id=mykey_id,
        program_id=MUNICIPAL,
        points=30,
        days_valid=30,
        shown_on=Date(year=TODAY.year, month=TODAY.month, day=TODAY.day),
    )


@pytest.fixture
async def at_home(connect: Connect) -> Booked:
    counter = await connect(COUNTER)
    request = spend_request()
    spent = await counter.spend(request)
    chamber = await connect(VOUCHER)
    issued = await chamber.call(
        "VoucherService/IssueVoucher", issue_request(), vouchers_pb2.IssueVoucherResponse
    )
    merged = await counter.merge(
        merging_pb2.MergeRequest(
            request_id=new_request_id(),
            certificate_serial_number=CARD_A,
            mykey_id=MYKEY[CARD_A],
            street_point_id="123456789",
            program_id=MUNICIPAL,
            points=10,
            shown_on=Date(year=TODAY.year, month=TODAY.month, day=TODAY.day),
        )
    )
    return Booked(
        spent.transaction_number,
        request.request_id,
        issued.voucher.voucher_number,
        issued.transaction_number,
        merged.transaction_number,
    )


Ask = Callable[[Booked], Message]
NOTHING = "nothing"
"""An answer without a row of anybody's."""
AWAY_BY_CLASS = {
    "SERVICE_ID": LIBRARY_COUNTER,
    "POINT_USE": AWAY_COUNTER,
    "VOUCHER": AWAY_VOUCHER,
    "MUNICIPALITY": AWAY_HALL,
}
"""Terminals of another municipality, of another place, of another issuer."""

ELSEWHERE: dict[str, tuple[str, Ask, str]] = {
    "TerminalService/ReleaseMachine": (
        "MUNICIPALITY",
        lambda _: terminals_pb2.ReleaseMachineRequest(terminal_id=COUNTER),
        "TERMINAL_UNKNOWN",
    ),
    "PointService/CancelSpend": (
        "POINT_USE",
        lambda home: cancel_request(home.spend),
        "TRANSACTION_UNKNOWN",
    ),
    "OperationService/GetOperation": (
        "POINT_USE",
        lambda home: operations_pb2.GetOperationRequest(request_id=home.request_id),
        "OPERATION_UNKNOWN",
    ),
    "OperationService/SettleOperation": (
        "POINT_USE",
        lambda home: operations_pb2.SettleOperationRequest(request_id=home.request_id),
        NOTHING,
    ),
    "DayService/ListDayTransactions": (
        "POINT_USE",
        lambda _: days_pb2.ListDayTransactionsRequest(),
        NOTHING,
    ),
    "DayService/GetDayTotals": ("POINT_USE", lambda _: days_pb2.GetDayTotalsRequest(), NOTHING),
    "DayService/GetDayTransaction": (
        "POINT_USE",
        lambda home: days_pb2.GetDayTransactionRequest(transaction_number=home.spend),
        "TRANSACTION_UNKNOWN",
    ),
    "VoucherService/ReprintVoucher": (
        "VOUCHER",
        lambda home: vouchers_pb2.ReprintVoucherRequest(
            request_id=new_request_id(), transaction_number=home.issue
        ),
        "TRANSACTION_UNKNOWN",
    ),
    "VoucherService/CancelVoucher": (
        "VOUCHER",
        lambda home: vouchers_pb2.CancelVoucherRequest(
            request_id=new_request_id(), transaction_number=home.issue, reason="x"
        ),
        "TRANSACTION_UNKNOWN",
    ),
    "VoucherService/LookUpVoucher": (
        "POINT_USE",
        lambda home: vouchers_pb2.LookUpVoucherRequest(voucher_number=home.voucher),
        "VOUCHER_UNKNOWN",
    ),
    "VoucherService/RedeemVoucher": (
        "POINT_USE",
        lambda home: vouchers_pb2.RedeemVoucherRequest(
            request_id=new_request_id(), voucher_number=home.voucher
        ),
        "VOUCHER_UNKNOWN",
    ),
    "VoucherService/CorrectRedemption": (
        "MUNICIPALITY",
        lambda home: vouchers_pb2.CorrectRedemptionRequest(
            request_id=new_request_id(), voucher_number=home.voucher, place_id=1, reason="x"
        ),
        "PLACE_UNKNOWN",
    ),
    "VoucherService/ListRedemptionPlaces": (
        "POINT_USE",
        lambda _: vouchers_pb2.ListRedemptionPlacesRequest(),
        NOTHING,
    ),
    "MergeService/ListUndeliveredMerges": (
        "SERVICE_ID",
        lambda _: merging_pb2.ListUndeliveredMergesRequest(),
        NOTHING,
    ),
    "MergeService/ReportMergeDelivered": (
        "SERVICE_ID",
        lambda home: merging_pb2.ReportMergeDeliveredRequest(transaction_number=home.merge),
        "TRANSACTION_UNKNOWN",
    ),
    "MergeService/GetMergeState": (
        "SERVICE_ID",
        lambda home: merging_pb2.GetMergeStateRequest(transaction_number=home.merge),
        "TRANSACTION_UNKNOWN",
    ),
    "MergeService/ListUnacknowledgedMerges": (
        "MUNICIPALITY",
        lambda _: merging_pb2.ListUnacknowledgedMergesRequest(hours=0),
        NOTHING,
    ),
    "LedgerService/GetBalance": (
        "MUNICIPALITY",
        lambda _: ledger_pb2.GetBalanceRequest(account=HOME_ACCOUNT),
        "PROGRAM_UNKNOWN",
    ),
    "LedgerService/ListAccountTransactions": (
        "MUNICIPALITY",
        lambda _: ledger_pb2.ListAccountTransactionsRequest(account=HOME_ACCOUNT),
        "PROGRAM_UNKNOWN",
    ),
    "ServiceIdService/LookUpServiceId": (
        "SERVICE_ID",
        lambda _: service_ids_pb2.LookUpServiceIdRequest(certificate_serial_number=CARD_A),
        "SERVICE_ID_UNKNOWN",
    ),
    "ServiceIdService/LookUpMykeyId": (
        "SERVICE_ID",
        lambda _: service_ids_pb2.LookUpMykeyIdRequest(customer_id="123456789"),
        "CUSTOMER_ID_UNKNOWN",
    ),
    "ServiceIdService/ListServiceIds": (
        "SERVICE_ID",
        lambda _: service_ids_pb2.ListServiceIdsRequest(),
        NOTHING,
    ),
    "ServiceIdService/ListAddressNotices": (
        "SERVICE_ID",
        lambda _: service_ids_pb2.ListAddressNoticesRequest(with_acknowledged=True),
        NOTHING,
    ),
    "ServiceIdService/AcknowledgeAddressNotice": (
        "SERVICE_ID",
        lambda _: service_ids_pb2.AcknowledgeAddressNoticeRequest(notice_id=1),
        "ADDRESS_NOTICE_UNKNOWN",
    ),
    "StreetService/AcknowledgeMerges": (
        "STREET",
        lambda home: acknowledge_request((home.merge, 10)),
        NOTHING,
    ),
}
"""From where, what is asked for of somebody else's, and what is told: a reason, or nothing."""
OWN_BY_NATURE = {
    "TerminalService/GetContact": "it names no terminal but the caller's",
    "TerminalService/SetContact": "it names no terminal but the caller's",
    "TerminalService/SignIn": "a password opens its own terminal",
    "TerminalService/SignOut": "it names no session but the caller's",
    "TerminalService/ChooseIssuer": "it names no terminal but the caller's",
    "CardService/CreateCardChallenge": "it makes something new",
    "StreetService/StreetSignIn": "a secret opens its own street",
    "ServiceIdService/GetIssuer": "it names no issuer but the caller's",
    "ServiceIdService/RegisterServiceId": "it names no issuer but the caller's",
}


@pytest.fixture
async def away(service: Service, at_home: Booked) -> None:
    """Put terminals of each class into the other municipality."""
    moved = f"municipality_code = '{AWAY}', place_id = 3"
    service.town.tamper(
        f"UPDATE terminal SET {moved} WHERE terminal_id = '{LIBRARY_COUNTER}'",  # noqa: S608
        f"""INSERT INTO terminal (terminal_id, terminal_class, municipality_code, place_id, name,
            password_hash) SELECT '{AWAY_VOUCHER}', 'VOUCHER', '{AWAY}', 3, 'x', password_hash
            FROM terminal WHERE terminal_id = '{COUNTER}'""",  # noqa: S608
        f"""INSERT INTO terminal (terminal_id, terminal_class, municipality_code, name,
            password_hash) SELECT '{AWAY_HALL}', 'MUNICIPALITY', '{AWAY}', 'x', password_hash
            FROM terminal WHERE terminal_id = '{COUNTER}'""",  # noqa: S608
    )


@pytest.mark.usefixtures("away")
async def test_nobody_sees_what_is_somebody_else_s(
    service: Service, connect: Connect, at_home: Booked
) -> None:
    before = kept(service)
    for name, (caller, ask, told) in ELSEWHERE.items():
        client = await connect(AWAY_BY_CLASS.get(caller))
        if caller == "STREET":
            await client.street_sign_in(STREET_2)
        assert await answered(client, name, ask(at_home), at_home) == told, name
    assert kept(service) == before, "and nothing of it is changed"


def kept(service: Service) -> dict[str, object]:
    """Everything but who is signed in, and that somebody asked."""
    return dict(
        service.town.dump(
            "session", "street_session", "terminal", "operation", "audit_event", "counter",
            "wrong_voucher_number",
        )
    )  # fmt: skip


async def answered(client: Client, name: str, request: Message, home: Booked) -> str:
    """The reason of a refusal, NOTHING, or what an answer should not have told."""
    try:
        answer = await client.raw(name, request.SerializeToString())
    except grpc.RpcError as error:
        return refused(error).reason
    of_home = (home.spend, home.voucher, home.issue, MYKEY[CARD_A], "123456789", "花田酒店")
    told = [one for one in of_home if one.encode() in answer]
    return f"it tells {told}" if told else NOTHING


@pytest.mark.usefixtures("engine")
def test_every_method_that_shows_data_is_tried_from_elsewhere() -> None:
    wanted = {
        path(method)
        for method in METHODS
        if method.declared and method.declared.whose not in (Whose.NOBODY, Whose.HOLDER)
    }
    assert wanted <= ELSEWHERE.keys() | OWN_BY_NATURE.keys()
    assert not ELSEWHERE.keys() & OWN_BY_NATURE.keys()


async def test_a_municipality_releases_its_own_terminals(
    service: Service, connect: Connect
) -> None:
    counter = await connect(COUNTER)
    hall = await connect(TOWN_HALL)
    release = terminals_pb2.ReleaseMachineRequest(terminal_id=COUNTER)
    await hall.raw("TerminalService/ReleaseMachine", release.SerializeToString())
    told = await counter.refusal("PointService/Spend", spend_request())
    assert told.reason == "SESSION_EXPIRED"
    await counter.sign_in(COUNTER, machine=b"n" * 32)
    other = sign_in_request(COUNTER)
    assert (await counter.refusal("TerminalService/SignIn", other)).reason == "MACHINE_NOT_BOUND"


async def test_a_withdrawn_terminal_learns_what_became_of_its_bookings(
    service: Service, connect: Connect
) -> None:
    counter = await connect(COUNTER)
    request = spend_request()
    await counter.spend(request)
    service.town.tamper(f"UPDATE terminal SET withdrawn_at = 1 WHERE terminal_id = '{COUNTER}'")  # noqa: S608
    service.town.clock.advance(seconds=5)
    told = await counter.refusal("PointService/Spend", spend_request())
    assert told.reason == "TERMINAL_WITHDRAWN"
    assert (await counter.operation(request.request_id)).request_id == request.request_id
    settled = await counter.settle(request.request_id)
    assert settled.state == operations_pb2.OPERATION_STATE_BOOKED
