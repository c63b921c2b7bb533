"""From refusals to status, with a Japanese and an English message (API-2)."""

from collections.abc import Iterable, Mapping

from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode

from server.ledger.refusals import Reason, Standing
from server.ledger.values import Refusal
from server.rpc.errors import InvalidFieldsError

DOMAIN = "jichipoint"
RETRY_SECONDS = 1
_COUNTS = frozenset(("balance", "held", "left", "maximum"))
"""Details that people read with commas, as the screens write points; programs get them bare."""


class Statuses:
    """Tells refusals of all rooms as statuses."""

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self._reasons = {str(reason): reason for reason in reasons}

    def status_of(self, refusal: Refusal) -> status_pb2.Status:
        """Return a refusal as google.rpc.Status: reason, both messages, and what else applies."""
        reason = self._reasons[refusal.reason]
        code = StatusCode[reason.code]
        invalid = refusal if isinstance(refusal, InvalidFieldsError) else None
        english = _filled(reason.english, refusal.details)
        japanese = _filled(
            reason.japanese, invalid.japanese_details if invalid else refusal.details
        )
        standing = Standing.DECIDED if refusal.is_decided else reason.standing
        metadata = {**refusal.details, "standing": str(standing)}
        details: list[Message] = [
            error_details_pb2.ErrorInfo(reason=str(reason), domain=DOMAIN, metadata=metadata),
            error_details_pb2.LocalizedMessage(locale="ja", message=japanese),
            error_details_pb2.LocalizedMessage(locale="en", message=english),
        ]
        if invalid is not None:
            details.append(_bad_request(invalid))
        if code in (StatusCode.RESOURCE_EXHAUSTED, StatusCode.UNAVAILABLE):
            details.append(_retry(refusal))
        number: int = code.value[0]
        return status_pb2.Status(code=number, message=english, details=map(_packed, details))


def _bad_request(invalid: InvalidFieldsError) -> error_details_pb2.BadRequest:
    bad = error_details_pb2.BadRequest()
    for field, description, _ in invalid.violations:
        bad.field_violations.add(field=field, description=description)
    return bad


def _retry(refusal: Refusal) -> error_details_pb2.RetryInfo:
    told = refusal.details.get("retry_seconds", "")
    seconds = int(told) if told.isdecimal() else RETRY_SECONDS
    return error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=seconds))


def _packed(detail: Message) -> any_pb2.Any:
    holder = any_pb2.Any()
    holder.Pack(detail)
    return holder


def _filled(text: str, details: Mapping[str, str]) -> str:
    return text.format_map(
        {
            name: f"{int(value):,}" if name in _COUNTS and value.isdecimal() else value
            for name, value in details.items()
        }
    )
