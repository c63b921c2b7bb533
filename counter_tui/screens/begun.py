"""What an earlier run began: whose, when, what and how much, in the staff's words (USE-5)."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf.message import Message
from google.type.date_pb2 import Date
from jichipoint.v1 import merging_pb2, points_pb2, service_ids_pb2, vouchers_pb2

from counter_tui.core.answers import UnknownKindError, answer_of, request_of
from counter_tui.core.bookings import TroubleError
from counter_tui.core.outbox import Entry
from counter_tui.core.tokyo import minute_text
from counter_tui.screens.use_values import points_text
from counter_tui.slips.document import cell_width
from counter_tui.slips.vouchers import spaced
from counter_tui.texts import _, later

if TYPE_CHECKING:
    from counter_tui.gateway import Gateway

Row = tuple[str, str]
LABEL_CELLS = 28
"""The longest label, that of a service ID, and a space."""


class Resumed(Enum):
    """How a booking that an earlier run began came to its end."""

    BEFORE = auto()
    """It was booked already, and only the answer was missing."""
    NOW = auto()
    """It was booked now, because the operator wanted it."""


def resumed_text(resumed: Resumed) -> str:
    """Return what a done screen says of it."""
    if resumed is Resumed.BEFORE:
        return _("前回の処理は、すでに完了していました。今回は何も記帳していません。")
    return _("前回の続きの処理が完了しました。")


@dataclass(frozen=True, slots=True)
class Begun:
    """A request that an earlier run left in the outbox."""

    entry: Entry
    what: str
    rows: tuple[Row, ...]
    """Whose it is, and what else tells it from others."""
    not_done: str
    """What holds where it is not booked."""
    program: str = ""
    """Its name, or its ID where the name is not known."""
    points: int | None = None
    """None where the request does not say, and the server did not."""
    shown_on: date | None = None
    """The Asia/Tokyo day that it is bound to (USE-9)."""

    def all_rows(self) -> list[Row]:
        """Return everything but the points."""
        return [
            (_("処理"), self.what),
            *self.rows,
            *([(_("ポイント名"), self.program)] if self.program else []),
            (_("開始日時"), minute_text(self.entry.created_at)),
            (_("処理番号"), self.entry.request_id),
        ]

    def lines(self) -> list[str]:
        """Return everything, a line each, for boxes."""
        rows = self.all_rows()
        if self.points is not None:
            rows.append((_("ポイント数"), points_text(self.points)))
        return [
            f"{label}{' ' * max(1, LABEL_CELLS - cell_width(label))}{value}"
            for label, value in rows
        ]


class _Told(NamedTuple):
    """What one kind of requests says."""

    rows: tuple[Row, ...]
    program_id: str = ""
    points: int | None = None
    shown_on: Date | None = None


def _spend(request: points_pb2.SpendRequest) -> _Told:
    rows = ((_("マイキーID"), request.mykey_id),)
    return _Told(rows, request.program_id, request.points, request.shown_on)


def _merge(request: merging_pb2.MergeRequest) -> _Told:
    rows = (
        (_("マイキーID"), request.mykey_id),
        (_("商店街ポイント顧客ID"), request.street_point_id),
    )
    return _Told(rows, request.program_id, request.points, request.shown_on)


def _issue(request: vouchers_pb2.IssueVoucherRequest) -> _Told:
    rows = (
        (_("マイキーID"), request.mykey_id),
        (_("ポイント券有効期限"), _("発行日より{days}日間").format(days=request.days_valid)),
    )
    return _Told(rows, request.program_id, request.points, request.shown_on)


def _redeem(request: vouchers_pb2.RedeemVoucherRequest) -> _Told:
    return _Told(((_("発券番号"), spaced(request.voucher_number)),))


def _cancel(request: points_pb2.CancelSpendRequest | vouchers_pb2.CancelVoucherRequest) -> _Told:
    rows = ((_("取引済番号"), request.transaction_number), (_("理由"), request.reason))
    return _Told(rows)


def _register(request: service_ids_pb2.RegisterServiceIdRequest) -> _Told:
    rows: tuple[Row, ...] = ((_("利用カード番号(サービスID)"), request.customer_id),)
    if request.replaces:
        rows += ((_("前の番号"), request.replaces),)
    return _Told(rows)


async def _nothing_more(begun: Begun, request: Message, gateway: "Gateway") -> Begun:  # noqa: ARG001
    return begun


async def _with_voucher(
    begun: Begun, request: vouchers_pb2.RedeemVoucherRequest, gateway: "Gateway"
) -> Begun:
    voucher = await gateway.look_up_voucher(request.voucher_number, request.place_id)
    return replace(begun, program=voucher.program_name, points=voucher.points)


async def _with_transaction(
    begun: Begun,
    request: points_pb2.CancelSpendRequest | vouchers_pb2.CancelVoucherRequest,
    gateway: "Gateway",
) -> Begun:
    answer = answer_of(await gateway.day_transaction(request.transaction_number))
    match answer:
        case points_pb2.SpendResponse():
            name, points = answer.program_name, answer.points
        case vouchers_pb2.IssueVoucherResponse():
            name, points = answer.voucher.program_name, answer.voucher.points
        case _:
            return begun
    rows = ((_("マイキーID"), answer.mykey_id), *begun.rows)
    return replace(begun, rows=rows, program=name, points=points)


class _Words(NamedTuple):
    what: str
    tell: Callable[[Any], _Told]
    ask: Callable[[Begun, Any, "Gateway"], Awaitable[Begun]]
    """Asks the server for what the request does not say. Raises TroubleError."""
    not_done: str


_NOT_BOOKED = later("前回の処理は記帳されていません。ポイントは減っていません。")
_NOT_CANCELLED = later("前回の取消は記帳されていません。ポイントは戻っていません。")
WORDS = {
    "Spend": _Words(later("ポイント利用"), _spend, _nothing_more, _NOT_BOOKED),
    "Merge": _Words(later("商店街ポイント合算"), _merge, _nothing_more, _NOT_BOOKED),
    "IssueVoucher": _Words(later("ポイント券発行"), _issue, _nothing_more, _NOT_BOOKED),
    "RedeemVoucher": _Words(
        later("ポイント券消込"),
        _redeem,
        _with_voucher,
        later("前回の消込は記帳されていません。ポイント券は消し込まれていません。"),
    ),
    "CancelSpend": _Words(later("ポイント利用の取消"), _cancel, _with_transaction, _NOT_CANCELLED),
    "CancelVoucher": _Words(
        later("ポイント券発行の取消"), _cancel, _with_transaction, _NOT_CANCELLED
    ),
    "RegisterServiceId": _Words(
        later("サービスIDの登録"),
        _register,
        _nothing_more,
        later("前回の登録は行われていません。"),
    ),
}
"""By the method, as core/answers.py lists them."""


def begun_of(entry: Entry, programs: Mapping[str, str]) -> Begun:
    """Return what an entry says by itself, with the names of programs. Raises UnknownKindError."""
    request = request_of(entry)
    words = _words_of(entry.method)
    told = words.tell(request)
    return Begun(
        entry,
        _(words.what),
        told.rows,
        _(words.not_done),
        programs.get(told.program_id, told.program_id),
        points=told.points,
        shown_on=_day(told.shown_on),
    )


async def with_server(begun: Begun, gateway: "Gateway") -> Begun:
    """Return the same with what the server knows of it; without, where it does not answer."""
    with suppress(TroubleError):
        request = request_of(begun.entry)
        return await _words_of(begun.entry.method).ask(begun, request, gateway)
    return begun


def _words_of(method: str) -> _Words:
    try:
        return WORDS[method]
    except KeyError:
        raise UnknownKindError(f"there are no words for {method!r}") from None


def _day(day: Date | None) -> date | None:
    return date(day.year, day.month, day.day) if day is not None and day.year else None
