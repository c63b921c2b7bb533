"""What an earlier run began: whose, when, what and how much, in the staff's words (USE-5)."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from google.protobuf.message import Message
from google.type.date_pb2 import Date
from jichipoint.v1 import merging_pb2, points_pb2, service_ids_pb2, vouchers_pb2

from counter_tui.bookings.kinds import Kinds
from counter_tui.bookings.outbox import Entry
from counter_tui.bookings.values import points_text
from counter_tui.calls.answers import TroubleError
from counter_tui.core.tokyo import minute_text
from counter_tui.slips.document import cell_width
from counter_tui.slips.vouchers import spaced
from counter_tui.texts import _

if TYPE_CHECKING:
    from counter_tui.calls.server import Calls

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
    needs_printer: bool = False
    """Whether it is worth nothing where it is not printed (RCP-2)."""

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


class Told(NamedTuple):
    """What one kind of requests says."""

    rows: tuple[Row, ...]
    program_id: str = ""
    points: int | None = None
    shown_on: Date | None = None


def told_spend(request: points_pb2.SpendRequest) -> Told:
    """Tell what a use of points says."""
    rows = ((_("マイキーID"), request.mykey_id),)
    return Told(rows, request.program_id, request.points, request.shown_on)


def told_merge(request: merging_pb2.MergeRequest) -> Told:
    """Tell what a merge says."""
    rows = (
        (_("マイキーID"), request.mykey_id),
        (_("商店街ポイント顧客ID"), request.street_point_id),
    )
    return Told(rows, request.program_id, request.points, request.shown_on)


def told_issue(request: vouchers_pb2.IssueVoucherRequest) -> Told:
    """Tell what the issue of a voucher says."""
    rows = (
        (_("マイキーID"), request.mykey_id),
        (_("ポイント券有効期限"), _("発行日より{days}日間").format(days=request.days_valid)),
    )
    return Told(rows, request.program_id, request.points, request.shown_on)


def told_redeem(request: vouchers_pb2.RedeemVoucherRequest) -> Told:
    """Tell what a redemption says."""
    return Told(((_("発券番号"), spaced(request.voucher_number)),))


def told_cancel(request: points_pb2.CancelSpendRequest | vouchers_pb2.CancelVoucherRequest) -> Told:
    """Tell what a cancellation says."""
    rows = ((_("取引済番号"), request.transaction_number), (_("理由"), request.reason))
    return Told(rows)


def told_register(request: service_ids_pb2.RegisterServiceIdRequest) -> Told:
    """Tell what the registration of a service ID says."""
    rows: tuple[Row, ...] = ((_("利用カード番号(サービスID)"), request.customer_id),)
    if request.replaces:
        rows += ((_("前の番号"), request.replaces),)
    return Told(rows)


async def nothing_more(begun: Begun, request: Message, calls: "Calls") -> Begun:  # noqa: ARG001
    """Leave it: the request says everything."""
    return begun


async def with_voucher(
    begun: Begun, request: vouchers_pb2.RedeemVoucherRequest, calls: "Calls"
) -> Begun:
    """Ask for the voucher's program and points."""
    voucher = await calls.vouchers.look_up_voucher(request.voucher_number, request.place_id)
    return replace(begun, program=voucher.program_name, points=voucher.points)


async def with_transaction(
    begun: Begun,
    request: points_pb2.CancelSpendRequest | vouchers_pb2.CancelVoucherRequest,
    calls: "Calls",
) -> Begun:
    """Ask for the transaction that is to be cancelled."""
    booked = await calls.days.day_transaction(request.transaction_number)
    match booked.method:
        case "Spend":
            spent = points_pb2.SpendResponse.FromString(booked.answer)
            whose, name, points = spent.mykey_id, spent.program_name, spent.points
        case "IssueVoucher":
            issued = vouchers_pb2.IssueVoucherResponse.FromString(booked.answer)
            voucher = issued.voucher
            whose, name, points = issued.mykey_id, voucher.program_name, voucher.points
        case _:
            return begun
    rows = ((_("マイキーID"), whose), *begun.rows)
    return replace(begun, rows=rows, program=name, points=points)


def begun_of(kinds: Kinds, entry: Entry, programs: Mapping[str, str]) -> Begun:
    """Return what an entry says by itself, with the names of programs. Raises UnknownKindError."""
    request = kinds.request_of(entry)
    kind = kinds.of(entry.method)
    told = kind.tell(request)
    return Begun(
        entry,
        _(kind.what),
        told.rows,
        _(kind.not_done),
        programs.get(told.program_id, told.program_id),
        points=told.points,
        shown_on=_day(told.shown_on),
        needs_printer=kind.needs_printer,
    )


async def with_server(kinds: Kinds, begun: Begun, calls: "Calls") -> Begun:
    """Return the same with what the server knows of it; without, where it does not answer."""
    with suppress(TroubleError):
        request = kinds.request_of(begun.entry)
        return await kinds.of(begun.entry.method).ask(begun, request, calls)
    return begun


def _day(day: Date | None) -> date | None:
    return date(day.year, day.month, day.day) if day is not None and day.year else None
