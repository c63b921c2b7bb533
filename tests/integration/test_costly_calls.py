"""Calls that cost: after all that costs nothing, and in turn between terminals (SEC-3, API-3)."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import NamedTuple, cast

import grpc
import pytest
from cryptography import x509
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from jichipoint.v1 import merging_pb2, points_pb2, vouchers_pb2
from jichipoint.v1 import mykey_pb2 as pb

from server.callers import sign_in
from server.callers.sign_in import check_password, hash_password
from server.callers.sign_in_guard import SignInGuard, Tried
from server.callers.tables import TerminalRow
from server.mykey_ids import servicer as mykey_servicer
from server.terminals import verifying
from server.threads.costly import PASSWORDS, Run
from server.threads.turns import Turns
from tests.integration.conftest import Connect, Service
from tests.integration.support import (
    TIMEOUT_SECONDS,
    Client,
    merge_request,
    refused,
    sign_in_request,
    spend_request,
)
from tests.integration.test_bad_fields import Leaf, bad_value, holder_of, leaves
from tests.integration.test_mykey_service import CARD, Kiosk, registration, tie
from tests.integration.vouchers import issue_request
from tests.server.citizens.authorities import Authorities
from tests.server.citizens.conftest import authorities
from tests.server.support import (
    CARD_A,
    COUNTER,
    COUNTER_2,
    MYKEY,
    VOUCHER,
    new_request_id,
)

__all__ = ["authorities"]

IN_FLIGHT = 16
SHARE = PASSWORDS.each_max or 0
NEW_ONE = "NEWONE22"
REGISTER, TIE = "MykeyService/RegisterMykeyId", "MykeyService/TieCard"
SIGN_IN = "TerminalService/SignIn"

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


class Counted:
    """How often something that costs was done."""

    def __init__(self) -> None:
        self.hashed = 0
        self.asked = 0

    async def is_revoked(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, run: Run
    ) -> bool:
        self.asked += 1
        return False

    @property
    def all(self) -> int:
        return self.hashed + self.asked


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted, hasher = Counted(), sign_in._HASHER

    class Hasher:
        def hash(self, password: str) -> str:
            counted.hashed += 1
            return hasher.hash(password)

        def verify(self, hashed: str, password: str) -> bool:
            counted.hashed += 1
            return hasher.verify(hashed, password)

    monkeypatch.setattr(sign_in, "_HASHER", Hasher())
    return counted


@pytest.fixture
async def kiosk(
    service: Service, connect: Connect, authorities: Authorities, counted: Counted
) -> Kiosk:
    """A terminal of a server that checks cards, with a card of the citizen A."""
    now = service.town.clock.now()
    await service.check_cards(authorities.verifier(revocation=counted, now=now), CARD)
    return Kiosk(await connect(COUNTER), authorities)


async def registering(kiosk: Kiosk, mykey_id: str = NEW_ONE) -> pb.RegisterMykeyIdRequest:
    """A registration that nothing speaks against."""
    attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_CREATE)
    assert (await kiosk.check(attempt, mykey_id)).is_free
    return registration(attempt, mykey_id)


def again(request: pb.RegisterMykeyIdRequest) -> pb.RegisterMykeyIdRequest:
    """The same once more, as a request of its own."""
    another = pb.RegisterMykeyIdRequest()
    another.CopyFrom(request)
    another.request_id = new_request_id()
    return another


async def outcome(client: Client, method: str, request: Message) -> str:
    try:
        await client.raw(method, request.SerializeToString())
    except grpc.RpcError as error:
        return refused(error).reason
    return "OK"


# In turn


class Gate:
    """Stands before what takes a while: notes who comes, and holds them while it is closed."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self._came: asyncio.Queue[str] = asyncio.Queue()
        self._open = threading.Event()
        self._loop = asyncio.get_running_loop()
        self.open()

    def open(self) -> None:
        self._open.set()

    def close(self) -> None:
        self._open.clear()
        self.order.clear()
        self._came = asyncio.Queue()

    def before(self, what: str) -> None:
        self.order.append(what)
        self._loop.call_soon_threadsafe(self._came.put_nowait, what)
        assert self._open.wait(TIMEOUT_SECONDS)

    async def next(self) -> str:
        return await asyncio.wait_for(self._came.get(), TIMEOUT_SECONDS)


@pytest.fixture
async def gate(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gate]:
    gate, check = Gate(), check_password

    def hash_behind_it(password: str) -> str:
        gate.before("register")
        return hash_password(password)

    def check_behind_it(row: TerminalRow | None, password: str) -> TerminalRow:
        gate.before(f"sign in {row.terminal_id if row else ''}")
        return check(row, password)

    monkeypatch.setattr(mykey_servicer, "hash_password", hash_behind_it)
    monkeypatch.setattr(verifying, "check_password", check_behind_it)
    yield gate
    gate.open()


@pytest.fixture
def asked_to_sign_in(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when a terminal that signs in waits for its turn, or has it."""
    asked, check = asyncio.Event(), SignInGuard.check

    def check_and_tell(guard: SignInGuard, tried: Sequence[Tried]) -> None:
        check(guard, tried)
        asked.set()

    monkeypatch.setattr(SignInGuard, "check", check_and_tell)
    return asked


async def flooding(kiosk: Kiosk, gate: Gate) -> "list[asyncio.Task[str]]":
    """Keep so many registrations of one terminal in flight, the first of them at the gate."""
    request = await registering(kiosk)
    gate.close()
    calls = (outcome(kiosk.client, REGISTER, again(request)) for _ in range(IN_FLIGHT))
    flood = [asyncio.create_task(one) for one in calls]
    assert await gate.next() == "register"
    return flood


async def first_to_end(tasks: "list[asyncio.Task[str]]", count: int) -> list[str]:
    """Wait until so many have ended, and return how."""
    each = asyncio.as_completed(tasks, timeout=TIMEOUT_SECONDS)
    return [await next(each) for _ in range(count)]


async def test_sixteen_in_flight_from_one_terminal_delay_nobody_else(
    kiosk: Kiosk, connect: Connect, gate: Gate, asked_to_sign_in: asyncio.Event
) -> None:
    other = await connect(COUNTER_2)
    flood = await flooding(kiosk, gate)
    over = IN_FLIGHT - SHARE
    assert await first_to_end(flood, over) == ["QUEUE_FULL"] * over
    for _ in range(3):
        assert (await other.spend(spend_request(points=1))).points == 1, "this costs nothing"
    asked_to_sign_in.clear()
    signing_in = asyncio.create_task(outcome(other, SIGN_IN, sign_in_request(COUNTER_2)))
    await asked_to_sign_in.wait()
    gate.open()
    assert await signing_in == "OK"
    outcomes = await asyncio.gather(*flood)
    turns = ["register", f"sign in {COUNTER_2}", *["register"] * (SHARE - 1)]
    assert gate.order == turns[: len(gate.order)], "in turn"
    assert outcomes.count("OK") == 1
    assert set(outcomes) <= {"OK", "ATTEMPT_OVER", "QUEUE_FULL"}


async def test_what_is_over_a_share_is_told_when_to_come_again(kiosk: Kiosk, gate: Gate) -> None:
    request = await registering(kiosk)
    gate.close()
    calls = [kiosk.client.raw(REGISTER, again(request).SerializeToString()) for _ in range(9)]
    waiting = [asyncio.create_task(one) for one in calls]
    ended, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    error = next(iter(ended)).exception()
    assert isinstance(error, grpc.aio.AioRpcError)
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None
    delay = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(delay) for detail in status.details)
    assert delay.retry_delay.seconds >= 1
    gate.open()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_caller_that_has_gone_is_left_out(
    kiosk: Kiosk, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: asyncio.Queue[str] = asyncio.Queue()
    leave = Turns._leave

    def leave_and_tell(turns: Turns, name: str, turn: "asyncio.Future[None]") -> None:
        leave(turns, name, turn)
        left.put_nowait(name)

    monkeypatch.setattr(Turns, "_leave", leave_and_tell)
    flood = await flooding(kiosk, gate)
    await first_to_end(flood, IN_FLIGHT - SHARE)
    for one in flood:
        one.cancel()
    for _ in range(SHARE - 1):
        assert await asyncio.wait_for(left.get(), TIMEOUT_SECONDS) == f"terminal:{COUNTER}"
    request = await registering(kiosk, "NEWTWO22")
    registered = asyncio.create_task(outcome(kiosk.client, REGISTER, request))
    gate.open()
    assert await registered == "OK"
    assert gate.order == ["register"] * 2, "the one that had begun, and the last"


async def test_what_hangs_keeps_no_server_from_stopping(
    kiosk: Kiosk, service: Service, gate: Gate
) -> None:
    flood = await flooding(kiosk, gate)
    await asyncio.wait_for(service.stop(grace_seconds=0), TIMEOUT_SECONDS)
    outcomes = await asyncio.gather(*flood, return_exceptions=True)
    assert "OK" not in outcomes
    assert gate.order == ["register"], "nobody else's turn came"


# After all that costs nothing


async def test_a_registration_that_is_refused_anyway_costs_nothing(
    kiosk: Kiosk, counted: Counted
) -> None:
    request = await registering(kiosk)
    before = counted.all
    unknown, other, away = again(request), again(request), again(request)
    unknown.attempt_id = new_request_id()
    other.mykey_id = "NOTMINE2"
    away.base_municipality_code = "999999"
    for one, reason in (
        (unknown, "ATTEMPT_OVER"),
        (other, "CANDIDATE_NOT_RESERVED"),
        (away, "BASE_MUNICIPALITY_UNFIT"),
    ):
        assert await outcome(kiosk.client, REGISTER, one) == reason
    assert counted.all == before
    assert await outcome(kiosk.client, REGISTER, request) == "OK"
    assert counted.all == before + 1
    assert await outcome(kiosk.client, REGISTER, request) == "OK", "the answer that it had"
    assert await outcome(kiosk.client, REGISTER, again(request)) == "ATTEMPT_OVER"
    assert counted.all == before + 1


async def test_what_was_refused_before_it_was_hashed_stays_refused(
    kiosk: Kiosk, counted: Counted
) -> None:
    request = await registering(kiosk)
    request.mykey_id = "NEWTWO22"
    assert await outcome(kiosk.client, REGISTER, request) == "CANDIDATE_NOT_RESERVED"
    assert (await kiosk.check(request.attempt_id, "NEWTWO22")).is_free
    assert await outcome(kiosk.client, REGISTER, request) == "CANDIDATE_NOT_RESERVED"
    assert await outcome(kiosk.client, REGISTER, again(request)) == "OK"


async def test_a_card_is_tied_for_one_look_at_a_password(kiosk: Kiosk, counted: Counted) -> None:
    assert await outcome(kiosk.client, REGISTER, await registering(kiosk)) == "OK"
    attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_TIE, "F0002")
    before = counted.hashed
    over, right = tie(new_request_id(), NEW_ONE), tie(attempt, NEW_ONE)
    assert await outcome(kiosk.client, TIE, over) == "ATTEMPT_OVER"
    assert counted.hashed == before
    assert await outcome(kiosk.client, TIE, tie(attempt, "NOBODY22")) == "MYKEY_PASSWORD_WRONG"
    assert counted.hashed == before + 1, "as long as for a MyKey ID that there is"
    assert await outcome(kiosk.client, TIE, right) == "OK"
    assert await outcome(kiosk.client, TIE, right) == "OK"
    assert await outcome(kiosk.client, TIE, tie(attempt, NEW_ONE)) == "ATTEMPT_OVER"
    assert counted.hashed == before + 2


async def test_no_time_tells_whether_there_is_a_terminal(
    connect: Connect, kiosk: Kiosk, counted: Counted
) -> None:
    client, before = await connect(None), counted.hashed
    for number, terminal_id in enumerate(("99999999", COUNTER), start=1):
        request = sign_in_request(terminal_id, "wrong", bytes(32))
        assert await outcome(client, SIGN_IN, request) == "SIGN_IN_REFUSED"
        assert counted.hashed == before + number


async def test_who_may_not_sign_in_costs_nothing(
    connect: Connect, kiosk: Kiosk, counted: Counted
) -> None:
    client, before = await connect(None), counted.hashed
    practice = sign_in_request(COUNTER)
    practice.training = True
    assert await outcome(client, SIGN_IN, practice) == "TRAINING_NOT_OFFERED"
    assert counted.hashed == before
    wrong = sign_in_request(COUNTER, "wrong", bytes(32))
    told = [await outcome(client, SIGN_IN, wrong) for _ in range(6)]
    assert told.count("SIGN_IN_LOCKED") == 2
    assert counted.hashed == before + 4


@pytest.mark.parametrize("token", [None, "0" * 64])
async def test_who_has_no_session_costs_nothing(
    kiosk: Kiosk, counted: Counted, token: str | None
) -> None:
    request, before = await registering(kiosk), counted.all
    kiosk.client.token = token
    assert await outcome(kiosk.client, REGISTER, request) in ("SESSION_MISSING", "SESSION_EXPIRED")
    assert counted.all == before


async def test_a_card_that_cannot_sign_costs_nothing(kiosk: Kiosk, counted: Counted) -> None:
    request = merge_request(CARD_A)
    request.card_proof.CopyFrom(await kiosk.proof(request.request_id, CARD))
    request.customer_id = request.street_point_id
    before = counted.all
    assert await outcome(kiosk.client, "MergeService/Merge", request) == "CARD_SIGNATURE_WRONG"
    assert counted.all == before


Make = Callable[[Kiosk], Awaitable[Message]]


async def signing_in(_kiosk: Kiosk) -> Message:
    request = sign_in_request(COUNTER)
    request.person = "桜井"
    return request


async def tying(kiosk: Kiosk) -> Message:
    attempt, _ = await kiosk.begin(pb.ATTEMPT_PURPOSE_TIE, "F0002")
    return tie(attempt, MYKEY[CARD_A])


async def beginning(kiosk: Kiosk) -> Message:
    return await kiosk.beginning(pb.ATTEMPT_PURPOSE_CREATE, "F0003")


async def proved(
    kiosk: Kiosk,
    request: points_pb2.SpendRequest | merging_pb2.MergeRequest | vouchers_pb2.IssueVoucherRequest,
) -> Message:
    request.certificate_serial_number, request.mykey_id = CARD, MYKEY[CARD_A]
    request.card_proof.CopyFrom(await kiosk.proof(request.request_id, CARD))
    return request


class Costing(NamedTuple):
    """A method that costs, and a request that nothing speaks against."""

    method: str
    make: Make
    terminal_id: str = COUNTER


COSTING = (
    Costing(SIGN_IN, signing_in),
    Costing(REGISTER, registering),
    Costing(TIE, tying),
    Costing("MykeyService/BeginAttempt", beginning),
    Costing("PointService/Spend", lambda kiosk: proved(kiosk, spend_request())),
    Costing("MergeService/Merge", lambda kiosk: proved(kiosk, merge_request())),
    Costing("VoucherService/IssueVoucher", lambda kiosk: proved(kiosk, issue_request()), VOUCHER),
)
ANY_IS_GOOD = {(TIE, "password"): "", (SIGN_IN, "password"): ""}
"""What is bad of fields that can be any text."""


@pytest.mark.parametrize("costing", COSTING, ids=lambda one: one.method)
async def test_a_request_with_one_bad_field_costs_nothing(
    kiosk: Kiosk, connect: Connect, counted: Counted, costing: Costing
) -> None:
    if costing.terminal_id != COUNTER:
        kiosk.client = await connect(costing.terminal_id)
    good = await costing.make(kiosk)
    broken = [leaf for leaf in leaves(cast(Descriptor, good.DESCRIPTOR)) if may_be_bad(good, leaf)]
    assert len(broken) >= 4
    before = counted.all
    for leaf in broken:
        bad = type(good)()
        bad.CopyFrom(good)
        field = leaf.path[-1]
        value = ANY_IS_GOOD.get((costing.method, leaf.name), bad_value(field))
        holder = holder_of(bad, leaf)
        if isinstance(value, Message):
            getattr(holder, field.name).CopyFrom(value)
        else:
            setattr(holder, field.name, value)
        assert await outcome(kiosk.client, costing.method, bad) != "OK", leaf.name
        assert counted.all == before, leaf.name
    await outcome(kiosk.client, costing.method, good)
    assert counted.all == before + 1


def may_be_bad(good: Message, leaf: Leaf) -> bool:
    """Whether a field is set in a good request, and can be bad at all."""
    holder, field = holder_of(good, leaf), leaf.path[-1]
    is_set = bool(getattr(holder, field.name))
    return is_set and field.type != FieldDescriptor.TYPE_BOOL
