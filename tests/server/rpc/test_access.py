"""Who may call what, over a real socket (SEC-2, TRM-6)."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner
from google.protobuf.descriptor import ServiceDescriptor
from jichipoint.v1 import points_pb2

from server.callers.sessions import Session, Sessions
from server.callers.sign_in import hash_token
from server.callers.street_sessions import StreetSession
from server.callers.values import TerminalClass
from server.cli import main
from server.rpc.access import ANYONE, EVERY_TERMINAL, ISSUER_SYSTEMS, Access, Whose, open_to
from server.rpc.calls import Call, Hall, handlers_of
from server.rpc.doorman import Doorman
from server.serving.refusals import STATUSES
from server.serving.services import SERVICERS, declared_methods
from server.serving.side import Means, open_side
from server.threads.costly import Costly
from tests.integration.support import Client, spend_request
from tests.server.conftest import engine, find_template, town
from tests.server.support import TestClock, Town

__all__ = ["engine", "find_template", "town"]

PROTO = Path(__file__).parents[3] / "proto" / "jichipoint" / "v1"
A, I, U = TerminalClass.SERVICE_ID, TerminalClass.POINT_USE, TerminalClass.VOUCHER  # noqa: E741
LOOKING_IN = frozenset({TerminalClass.MUNICIPALITY, TerminalClass.OPERATOR})
EXPECTED: dict[str, Access] = {
    "TerminalService/SignIn": ANYONE,
    "TerminalService/GetServerTime": ANYONE,
    "TerminalService/SignOut": frozenset(TerminalClass),
    "TerminalService/ReleaseMachine": LOOKING_IN,
    "TerminalService/ListIssuers": frozenset({A}),
    "TerminalService/ChooseIssuer": frozenset({A}),
    "TerminalService/GetContact": frozenset(TerminalClass),
    "TerminalService/SetContact": frozenset(TerminalClass),
    "TerminalService/FindAddresses": frozenset(TerminalClass),
    "PointService/ListUsablePoints": frozenset({A, I, U}),
    "PointService/Spend": frozenset({A, I}),
    "PointService/CancelSpend": frozenset({A, I}),
    "MergeService/GetMergeablePoints": frozenset({A}),
    "MergeService/Merge": frozenset({A}),
    "MergeService/ListUndeliveredMerges": frozenset({A}),
    "MergeService/ReportMergeDelivered": frozenset({A}),
    "MergeService/GetMergeState": frozenset({A}),
    "MergeService/ListUnacknowledgedMerges": LOOKING_IN,
    "StreetService/StreetSignIn": ANYONE,
    "StreetService/AcknowledgeMerges": ISSUER_SYSTEMS,
    "OperationService/GetOperation": frozenset(TerminalClass),
    "OperationService/SettleOperation": frozenset(TerminalClass),
    "CardService/CreateCardChallenge": frozenset({A, I, U}),
    "LedgerService/GetBalance": LOOKING_IN,
    "LedgerService/ListAccountTransactions": LOOKING_IN,
    "ServiceIdService/LookUpServiceId": frozenset({A}),
    "ServiceIdService/LookUpMykeyId": frozenset({A}),
    "ServiceIdService/RegisterServiceId": frozenset({A}),
    "ServiceIdService/ListServiceIds": frozenset({A}),
    "ServiceIdService/GetIssuer": frozenset({A}),
    "ServiceIdService/ListAddressNotices": frozenset({A}),
    "ServiceIdService/AcknowledgeAddressNotice": frozenset({A}),
    "MykeyService/BeginAttempt": frozenset({A}),
    "MykeyService/ProposeMykeyId": frozenset({A}),
    "MykeyService/CheckMykeyId": frozenset({A}),
    "MykeyService/RegisterMykeyId": frozenset({A}),
    "MykeyService/ChangeMykeyId": frozenset({A}),
    "MykeyService/GetRevocationLosses": frozenset({A}),
    "MykeyService/RevokeMykeyId": frozenset({A}),
    "MykeyService/TieCard": frozenset({A}),
    "MykeyService/ListOwnServiceIds": frozenset({A}),
    "MykeyService/EndAttempt": frozenset({A}),
    "MykeyService/ListBaseMunicipalities": frozenset({A}),
    "VoucherService/IssueVoucher": frozenset({U}),
    "VoucherService/ReprintVoucher": frozenset({U}),
    "VoucherService/CancelVoucher": frozenset({U}),
    "VoucherService/LookUpVoucher": frozenset({A, I, U}),
    "VoucherService/RedeemVoucher": frozenset({A, I, U}),
    "VoucherService/CorrectRedemption": frozenset({TerminalClass.MUNICIPALITY}),
    "VoucherService/ListRedemptionPlaces": frozenset({A, I, U}),
    "VoucherService/GetVoucherTrust": frozenset({A, I, U}),
    "DayService/ListDayTransactions": frozenset({A, I, U}),
    "DayService/GetDayTotals": frozenset({A, I, U}),
    "DayService/GetDayTransaction": frozenset({A, I, U}),
}


def test_every_method_of_every_service_declares_who_may_call_it() -> None:
    prefix = "jichipoint.v1."
    declared = {
        one.name.removeprefix(prefix): one.declared.access
        for one in declared_methods()
        if one.declared
    }
    assert declared == EXPECTED


def test_the_command_prints_the_table() -> None:
    lines = CliRunner().invoke(main, ["methods", "--json"]).output.splitlines()
    told = {one["method"]: one["callers"] for one in map(json.loads, lines)}
    assert len(told) == len(EXPECTED)
    assert told["jichipoint.v1.PointService/Spend"] == ["SERVICE_ID", "POINT_USE"]
    assert told["jichipoint.v1.StreetService/AcknowledgeMerges"] == ["ISSUER_SYSTEM"]
    assert told["jichipoint.v1.TerminalService/SignIn"] == ["ANYONE"]
    assert told["jichipoint.v1.TerminalService/SignOut"] == ["EVERY_TERMINAL"]
    text = CliRunner().invoke(main, ["methods"]).output
    assert re.search(
        r"^jichipoint\.v1\.PointService/Spend +HOLDER +SERVICE_ID POINT_USE$", text, re.M
    )


def test_no_service_is_left_out() -> None:
    definitions = PROTO.glob("*_pb2.py")
    modules = [import_module(f"jichipoint.v1.{path.stem}") for path in definitions]
    names = {name for module in modules for name in module.DESCRIPTOR.services_by_name}
    known = {service.name for service in SERVICERS}
    assert names - {"CounterAgentService"} == known, "the agent is the counter's own"


async def test_what_is_served_is_what_is_asked_about(town: Town) -> None:
    """The table of classes, and the servicers that a running server has."""
    side = open_side(town.ledger, Means(town.clock, town.chance, Costly(), None))
    assert {service: type(one) for service, one in side.servicers.items()} == SERVICERS
    await side.stop()


STREET_TOKEN = "street.0123"


class ForStreets:
    """A servicer that tells which street's system called."""

    @open_to(ISSUER_SYSTEMS, Whose.ISSUER)
    async def Spend(  # noqa: N802
        self, request: points_pb2.SpendRequest, call: Call
    ) -> points_pb2.SpendResponse:
        return points_pb2.SpendResponse(mykey_id=call.street_session.issuer_id)


class Undeclared:
    """A servicer whose author forgot to say who may call."""

    async def Spend(self, request: points_pb2.SpendRequest, call: Call) -> bytes:  # noqa: N802
        raise AssertionError("it must not be reached")


class Broken:
    """A servicer with a fault."""

    @open_to(ANYONE, Whose.NOBODY)
    async def Spend(self, request: points_pb2.SpendRequest, call: Call) -> bytes:  # noqa: N802
        raise ZeroDivisionError("secret detail")


class Reached:
    """A servicer that tells the class of who called."""

    @open_to(frozenset({A}), Whose.CALLER)
    async def Spend(  # noqa: N802
        self, request: points_pb2.SpendRequest, call: Call
    ) -> points_pb2.SpendResponse:
        return points_pb2.SpendResponse(mykey_id=call.session.terminal_class)


@dataclass(frozen=True)
class Served:
    """A ledger with one servicer."""

    servicers: Mapping[ServiceDescriptor, object]
    sessions: Sessions[Session]
    street_sessions: Sessions[StreetSession]


async def ask(servicer: object, token: str | None, work: Callable[[Client], Any]) -> Any:
    """Serve a servicer as PointService, with a session for each class, and call it."""

    async def load(token_hash: bytes) -> Session | None:
        for of_class in TerminalClass:
            if hash_token(of_class) == token_hash:
                return Session(token_hash, "10000001", of_class, None, 2**62, 2**61, "", "", False)
        return None

    async def load_street(token_hash: bytes) -> StreetSession | None:
        is_known = token_hash == hash_token(STREET_TOKEN)
        return StreetSession(token_hash, "000002", 2**62) if is_known else None

    server = grpc.aio.server()
    service = points_pb2.DESCRIPTOR.services_by_name["PointService"]
    clock = TestClock()
    served = Served({service: servicer}, Sessions(load, clock), Sessions(load_street, clock))
    handlers = handlers_of(service, served, None, Hall(lambda _: None, Doorman(), STATUSES))
    server.add_generic_rpc_handlers([handlers])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            return await work(Client(channel, token))
    finally:
        await server.stop(0)


def refusal(client: Client) -> Any:
    return client.refusal("PointService/Spend", b"")


def test_every_class_of_terminals_was_decided_on() -> None:
    """One that is added fails here until somebody says what it may; by default that is nothing."""
    assert set(TerminalClass) == EVERY_TERMINAL


@pytest.mark.parametrize("token", [None, *TerminalClass])
async def test_a_method_that_declares_nothing_is_open_to_nobody(token: str | None) -> None:
    told = await ask(Undeclared(), token, refusal)
    assert (told.code, told.reason) == (grpc.StatusCode.PERMISSION_DENIED, "METHOD_NOT_OPEN")


@pytest.mark.parametrize("token", [*TerminalClass])
async def test_a_street_s_method_is_open_to_no_terminal(token: str) -> None:
    told = await ask(ForStreets(), token, refusal)
    assert (told.code, told.reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_FOR_THIS_CALLER")


async def test_a_terminal_s_method_is_not_open_to_streets() -> None:
    told = await ask(Reached(), STREET_TOKEN, refusal)
    assert (told.code, told.reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_FOR_THIS_CALLER")


@pytest.mark.parametrize(
    ("token", "reason"), [(None, "SESSION_MISSING"), ("street.4567", "SESSION_EXPIRED")]
)
async def test_a_street_s_method_takes_a_session(token: str | None, reason: str) -> None:
    assert (await ask(ForStreets(), token, refusal)).reason == reason


async def test_a_street_s_system_is_let_in() -> None:
    answered = await ask(ForStreets(), STREET_TOKEN, lambda client: client.spend(spend_request()))
    assert answered.mykey_id == "000002"


async def test_a_method_that_is_not_there_is_open_to_nobody() -> None:
    assert (await ask(object(), A, refusal)).reason == "METHOD_NOT_OPEN"


@pytest.mark.parametrize("of_class", [one for one in TerminalClass if one != A])
async def test_other_classes_are_kept_out(of_class: TerminalClass) -> None:
    assert (await ask(Reached(), of_class, refusal)).reason == "NOT_FOR_THIS_TERMINAL"


async def test_the_class_that_may_gets_in() -> None:
    answer = await ask(Reached(), A, lambda client: client.raw("PointService/Spend", b""))
    assert points_pb2.SpendResponse.FromString(answer).mykey_id == A


async def test_who_calls_is_asked_before_what_is_read() -> None:
    """Bytes that are no message tell a caller without a session nothing."""
    told = await ask(Reached(), None, lambda c: c.refusal("PointService/Spend", b"\xff"))
    assert told.reason == "SESSION_MISSING"


async def test_a_fault_of_ours_tells_nothing_of_the_inside() -> None:
    told = await ask(Broken(), None, refusal)
    assert (told.code, told.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL_FAULT")
    assert "secret" not in repr(told)
