"""Refusals that every method can give."""

from collections.abc import Sequence
from typing import NamedTuple

from server.ledger.refusals import Code, Reason, Standing
from server.ledger.values import Refusal
from server.rpc.field_names import japanese_name

VIOLATIONS_MAX = 10
"""More would not fit into what gRPC sends with a status."""


class RpcReason(Reason):
    """Why a call was not even decided."""

    INVALID_FIELD = (
        "INVALID_FIELD",
        Code.INVALID_ARGUMENT,
        "入力内容に誤りがあります({fields})。",
        "Not valid: {fields}.",
    )
    UNDECODABLE_MESSAGE = (
        "UNDECODABLE_MESSAGE",
        Code.INVALID_ARGUMENT,
        "受け取った電文を解釈できません。",
        "The message cannot be decoded.",
    )
    QUEUE_FULL = (
        "QUEUE_FULL",
        Code.RESOURCE_EXHAUSTED,
        "ただいま混み合っています。しばらくしてからもう一度お試しください。",
        "The server is busy. Try again in a moment.",
        Standing.UNDECIDED,
    )
    DEADLINE_PASSED = (
        "DEADLINE_PASSED",
        Code.DEADLINE_EXCEEDED,
        "時間内に処理できませんでした。この要求では記帳されていません。",
        "The deadline passed before the request's turn. This attempt was not booked.",
        Standing.UNDECIDED,
    )
    SERVER_STOPPING = (
        "SERVER_STOPPING",
        Code.UNAVAILABLE,
        "サーバーが停止するところです。もう一度お試しください。",
        "The server is stopping. Try again.",
        Standing.UNDECIDED,
    )
    CLOCK_WENT_BACK = (
        "CLOCK_WENT_BACK",
        Code.UNAVAILABLE,
        "サーバーの時計が戻っているため、記帳を止めています。",
        "The server's clock has gone back; booking is stopped.",
        Standing.UNDECIDED,
    )
    STORE_UNAVAILABLE = (
        "STORE_UNAVAILABLE",
        Code.UNAVAILABLE,
        "台帳に書き込めません。もう一度お試しください。",
        "The ledger cannot be written now. Try again.",
        Standing.UNDECIDED,
    )
    NOT_FOR_THIS_CALLER = (
        "NOT_FOR_THIS_CALLER",
        Code.PERMISSION_DENIED,
        "この呼び出し元では利用できません。",
        "This caller may not call the method.",
    )
    INTERNAL_FAULT = (
        "INTERNAL_FAULT",
        Code.INTERNAL,
        "サーバー内部の誤りです。運営者にお知らせください。",
        "This is a fault of the server. Tell the operator.",
        Standing.UNDECIDED,
    )


class Violation(NamedTuple):
    """A field that is not valid, and what it must be, in both languages."""

    field: str
    description: str
    japanese: str


class InvalidFieldsError(Refusal):
    """Fields that are not valid. Message and BadRequest tell of each, up to VIOLATIONS_MAX."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)[:VIOLATIONS_MAX]
        told = "; ".join(f"{one.field}: {one.description}" for one in self.violations)
        super().__init__(RpcReason.INVALID_FIELD, {"fields": told})
        self.japanese_details = {
            "fields": "、".join(
                f"{japanese_name(one.field)}: {one.japanese}" for one in self.violations
            )
        }
