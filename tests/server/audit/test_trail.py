"""What calls leave behind until it is written: bounded, and with no secret in it."""

import asyncio

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from jichipoint.v1 import points_pb2, streets_pb2, terminals_pb2

from server.audit.trail import ALONE_MAX, KINDS_EACH_MAX, KINDS_MAX, Trail
from server.audit.values import TEXT_LENGTH_MAX, shown
from server.callers.sessions import Session
from server.callers.values import TerminalClass
from server.rpc.handled import Handled
from server.serving import noting
from server.serving.services import SERVICERS
from tests.server.support import TestClock

SESSION = Session(b"", "10000001", TerminalClass.POINT_USE, None, 2, 1, "桜井", "0011", False)
SPEND = "jichipoint.v1.PointService.Spend"
SIGN_IN = "jichipoint.v1.TerminalService.SignIn"


def new_trail() -> Trail:
    return Trail(TestClock(), SERVICERS)


def call(method: str = SPEND, request: Message | None = None, **others: object) -> Handled:
    return Handled(method, "192.0.2.1", request=request, **others)  # type: ignore[arg-type]


def test_a_call_is_told_with_who_and_what() -> None:
    trail = new_trail()
    request = points_pb2.SpendRequest(
        request_id="r", certificate_serial_number="A1", mykey_id="AAAA1111", points=5
    )
    request.card_proof.challenge = b"secret"
    trail.handled(call(request=request, session=SESSION, result="INSUFFICIENT_POINTS"))
    (event,) = trail.take()
    assert event.caller == "terminal:10000001"
    assert (event.person, event.machine, event.address) == ("桜井", "0011", "192.0.2.1")
    assert (event.action, event.result) == ("PointService/Spend", "INSUFFICIENT_POINTS")
    assert event.request_id == "r"
    assert event.subject == "certificate_serial_number=A1 mykey_id=AAAA1111 points=5"
    assert trail.take() == []


def test_the_answer_tells_who_was_found() -> None:
    trail = new_trail()
    asked = points_pb2.ListUsablePointsRequest(certificate_serial_number="A1")
    found = points_pb2.ListUsablePointsResponse(mykey_id="AAAA1111")
    method = "jichipoint.v1.PointService.ListUsablePoints"
    trail.handled(call(method, asked, session=SESSION, reply=found))
    assert trail.take()[0].subject == "certificate_serial_number=A1 mykey_id=AAAA1111"


def test_no_secret_is_told() -> None:
    trail = new_trail()
    trail.handled(
        call(
            SIGN_IN,
            terminals_pb2.SignInRequest(
                terminal_id="10000001", password="geheim", machine_fingerprint=b"m" * 8 + b"geheim"
            ),
            reply=terminals_pb2.SignInResponse(session_token="geheim"),
        )
    )
    trail.handled(
        call(
            "jichipoint.v1.StreetService.StreetSignIn",
            streets_pb2.StreetSignInRequest(issuer_id="000002", client_secret="geheim"),
        )
    )
    events = trail.take()
    assert "geheim" not in repr(events)
    assert events[0].machine == "6d" * 8, "what tells the machine, and is no secret"
    assert [event.subject for event in events] == ["terminal_id=10000001", "issuer_id=000002"]


def test_training_is_not_told() -> None:
    trail = new_trail()
    trail.handled(call(session=SESSION, in_practice=True))
    assert trail.take() == []


def sign_in(number: int, result: str, address: str = "192.0.2.1") -> Handled:
    request = terminals_pb2.SignInRequest(terminal_id=f"{number:08}", machine_fingerprint=b"m" * 32)
    return Handled(SIGN_IN, address, request=request, result=result)


def test_a_flood_without_sessions_is_counted() -> None:
    trail = new_trail()
    for number in range(5000):
        trail.handled(sign_in(number, "SIGN_IN_LOCKED"))
    events = trail.take()
    assert len(events) == KINDS_EACH_MAX + 1
    assert sum(event.times for event in events) == 5000
    assert {(event.result, event.address) for event in events} == {("SIGN_IN_LOCKED", "192.0.2.1")}


def test_a_flood_hides_nothing_of_others() -> None:
    trail = new_trail()
    for number in range(5000):
        trail.handled(sign_in(number, "SIGN_IN_LOCKED"))
        trail.handled(call(result="SESSION_MISSING", session=None))
    trail.handled(sign_in(7, "SIGN_IN_REFUSED", "192.0.2.9"))
    trail.handled(sign_in(8, "SIGN_IN_LOCKED", "192.0.2.9"))
    told = {(event.address, event.result, event.subject) for event in trail.take()}
    assert ("192.0.2.9", "SIGN_IN_REFUSED", "terminal_id=00000007") in told
    assert ("192.0.2.9", "SIGN_IN_LOCKED", "terminal_id=00000008") in told


def test_kinds_are_bounded_whatever_addresses_there_are() -> None:
    trail = new_trail()
    for number in range(KINDS_MAX * 2):
        trail.handled(sign_in(1, "SIGN_IN_LOCKED", f"10.0.{number // 256}.{number % 256}"))
    events = trail.take()
    assert len(events) == KINDS_MAX + 1
    assert sum(event.times for event in events) == KINDS_MAX * 2


def test_a_password_in_the_wrong_field_is_not_kept() -> None:
    trail = new_trail()
    request = terminals_pb2.SignInRequest(terminal_id="geheim", person="x")
    trail.handled(Handled(SIGN_IN, "192.0.2.1", request=request, result="INVALID_FIELD"))
    assert "geheim" not in repr(trail.take())


def test_a_sign_in_tells_who_signed_in_and_from_which_machine() -> None:
    trail = new_trail()
    for result in ("MACHINE_NOT_BOUND", "OK"):
        handled = sign_in(7, result)
        handled.request.person = "桜井"  # type: ignore[union-attr]
        trail.handled(handled)
    refused, signed_in = trail.take()
    assert (refused.caller, refused.machine, refused.person) == ("", "6d" * 8, "桜井")
    assert (signed_in.caller, signed_in.times) == ("terminal:00000007", 1)


def test_what_is_counted_is_given_away_later() -> None:
    trail = new_trail()
    trail.handled(call(result="SESSION_MISSING"))
    trail.handled(call(session=SESSION))
    assert [event.result for event in trail.take(with_counted=False)] == ["OK"]
    assert [event.result for event in trail.take()] == ["SESSION_MISSING"]


def test_the_same_refusal_over_and_over_is_one_event() -> None:
    trail = new_trail()
    for _ in range(1000):
        trail.handled(call(result="SESSION_MISSING"))
    (event,) = trail.take()
    assert (event.times, event.result) == (1000, "SESSION_MISSING")


def test_events_that_cannot_be_written_are_kept_and_bounded() -> None:
    trail = new_trail()
    for _ in range(ALONE_MAX + 5):
        trail.handled(call(session=SESSION))
    taken = trail.take()
    assert len(taken) == ALONE_MAX + 1
    trail.handled(call(session=SESSION))
    trail.give_back(taken)
    trail.give_back(trail.take())
    again = trail.take()
    assert sum(event.times for event in again) == ALONE_MAX + 6, "none is lost"
    assert len(again) <= ALONE_MAX + 1


def test_what_is_given_back_is_counted_with_its_like() -> None:
    trail = new_trail()
    for _ in range(3):
        trail.handled(call(result="SESSION_MISSING"))
        trail.handled(call(result="SESSION_EXPIRED"))
    taken = trail.take()
    trail.handled(call(result="SESSION_MISSING"))
    trail.handled(call(result="SESSION_EXPIRED"))
    trail.give_back(taken)
    times = {event.result: event.times for event in trail.take()}
    assert times == {"SESSION_MISSING": 4, "SESSION_EXPIRED": 4}


def test_bounds_are_meant() -> None:
    assert (ALONE_MAX, KINDS_EACH_MAX, KINDS_MAX) == (20_000, 20, 2000)


@given(st.text())
def test_a_caller_s_text_is_made_fit_to_show(text: str) -> None:
    told = shown(text)
    assert told.isprintable()
    assert len(told) <= TEXT_LENGTH_MAX + 1
    if text.isprintable() and len(text) <= TEXT_LENGTH_MAX:
        assert told == text


async def test_what_was_taken_is_not_lost_when_writing_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that stops: the first portion is on its way, the others wait for the last write."""
    trail, started = new_trail(), asyncio.Event()

    class Stuck:
        async def run(self, _work: object) -> None:
            started.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(noting, "EVENTS_AT_ONCE", 2)
    for _ in range(5):
        trail.handled(call(session=SESSION))
    writing = asyncio.create_task(noting.Noting(Stuck(), trail, None).write())  # type: ignore[arg-type]
    await started.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert len(trail.take()) == 3
