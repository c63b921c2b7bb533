"""What an error of the server's means for the counter: its status says it (API-2, USE-5)."""

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.rpc import error_details_pb2, status_pb2

from counter_tui import texts
from counter_tui.calls.answers import RefusedError, SessionEndedError, UnreachableError
from counter_tui.calls.channel import _trouble

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
EMPTY = grpc.aio.Metadata()


def status(reason: str, standing: str | None) -> status_pb2.Status:
    metadata = {} if standing is None else {"standing": standing}
    info = error_details_pb2.ErrorInfo(reason=reason, domain="jichipoint", metadata=metadata)
    words = error_details_pb2.LocalizedMessage(locale="ja", message="言葉")
    found = status_pb2.Status(code=UNAVAILABLE.value[0], message="words")
    for detail in (info, words):
        packed = Packed()
        packed.Pack(detail)
        found.details.append(packed)
    return found


def error(told: status_pb2.Status | None) -> grpc.aio.AioRpcError:
    trailing = EMPTY
    if told is not None:
        trailing = grpc.aio.Metadata(("grpc-status-details-bin", told.SerializeToString()))
    return grpc.aio.AioRpcError(UNAVAILABLE, EMPTY, trailing, told.message if told else "gone")


@pytest.fixture(autouse=True)
def _japanese() -> None:
    texts.use("ja")


@pytest.mark.parametrize(("standing", "is_decided"), [("DECIDED", True), ("TURNED_AWAY", False)])
def test_a_refusal_is_decided_or_turned_away(standing: str, is_decided: bool) -> None:
    found = _trouble(error(status("ANY_REASON", standing)))
    assert isinstance(found, RefusedError)
    assert (found.reason, found.message, found.decided) == ("ANY_REASON", "言葉", is_decided)


def test_a_session_that_ended_takes_a_sign_in() -> None:
    found = _trouble(error(status("ANY_REASON", "SIGN_IN")))
    assert isinstance(found, SessionEndedError)
    assert (found.reason, found.message) == ("ANY_REASON", "言葉")


@pytest.mark.parametrize("standing", ["UNDECIDED", None, "", "decided", "SOMETHING_NEW"])
def test_from_anything_else_nothing_follows(standing: str | None) -> None:
    found = _trouble(error(status("ANY_REASON", standing)))
    assert isinstance(found, UnreachableError)
    assert (found.reason, found.message) == ("ANY_REASON", "言葉")


def test_nothing_follows_from_silence() -> None:
    found = _trouble(error(None))
    assert isinstance(found, UnreachableError)
    assert found.reason == "UNAVAILABLE"
    assert found.message.startswith("サーバーから返事がありません。")
