"""The receipts: of spends, merges, redemptions, cancellations, and of a day (S31, S36, S39)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from jichipoint.v1 import days_pb2, merging_pb2, points_pb2, transactions_pb2, vouchers_pb2

from counter_tui.core.tokyo import slip_text
from counter_tui.slips.document import Align, Line, Part, Rule, Slip

KINDS = {
    transactions_pb2.TRANSACTION_KIND_SPEND: "ポイント利用",
    transactions_pb2.TRANSACTION_KIND_MERGE: "商店街ポイント合算",
    transactions_pb2.TRANSACTION_KIND_ISSUE: "ポイント券発行",
    transactions_pb2.TRANSACTION_KIND_REDEEM: "ポイント券消込",
}
"""The kinds of transactions in a day's totals, as the customer's paper calls them."""


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who prints a slip, and whether it is only practice."""

    place_name: str
    terminal_id: str = ""
    training: bool = False

    def slip(self, title: str, *parts: Part) -> Slip:
        """Return a slip; one of a training session says so, first and last (USE-7).

        No slip of the application is made anywhere else.
        """
        practice = (Line("【練習】", Align.CENTRE, large=True), Line("この伝票は使えません"))
        return Slip(title, (*practice, *parts, *practice) if self.training else parts)


def spend_receipt(spend: points_pb2.SpendResponse, head: Letterhead) -> Slip:
    """Return the receipt of a spend (S31)."""
    return head.slip(
        f"ポイント利用 {spend.transaction_number}",
        *_heading(spend.program_name),
        *_points(spend.points, spend.balance_after),
        *_thanks(head.place_name),
        *_reference(spend.transaction_number, spend.book_time),
    )


def merge_receipt(merge: merging_pb2.MergeResponse, head: Letterhead) -> Slip:
    """Return the receipt of a merge (S39)."""
    return head.slip(
        f"商店街ポイント合算 {merge.transaction_number}",
        *_heading(merge.program_name),
        Line("[合算先商店街名]"),
        Line(merge.street_name),
        Line(""),
        *_points(merge.points, merge.balance_after),
        *_thanks(head.place_name),
        *_reference(merge.transaction_number, merge.book_time),
    )


def redemption_receipt(redeemed: vouchers_pb2.RedeemVoucherResponse, head: Letterhead) -> Slip:
    """Return the receipt of a redeemed voucher (S36)."""
    voucher = redeemed.voucher
    return head.slip(
        f"ポイント券消込 {voucher.voucher_number}",
        *_heading(voucher.program_name),
        Line("[発券番号]"),
        Line(voucher.voucher_number),
        Line(""),
        Line("ご利用いただき"),
        Line("ありがとうございました。"),
        Line(""),
        Line(f"利用ポイント数 {voucher.points:,}ポイント"),
        Line(f"利用場所 {voucher.redeeming_place_name}"),
        Line(f"利用日時 {time_text(redeemed.book_time)}"),
        Line(f"取引済番号: {redeemed.transaction_number}"),
    )


def cancellation_receipt(
    cancelled: points_pb2.CancelSpendResponse | vouchers_pb2.CancelVoucherResponse,
    program_name: str,
    head: Letterhead,
) -> Slip:
    """Return the receipt of a cancellation (USE-4, VCH-9)."""
    what = "利用" if isinstance(cancelled, points_pb2.CancelSpendResponse) else "ポイント券"
    lapsed: tuple[Part, ...] = ()
    if cancelled.points_lapsed:
        lapsed = (Line(f"うち失効 {cancelled.points_lapsed:,}ポイント"),)
    return head.slip(
        f"取消 {cancelled.transaction_number}",
        Line(program_name, Align.CENTRE, large=True),
        Line("★★★取消★★★", Align.CENTRE),
        Line(""),
        Line(f"[取り消した{what}のポイント数]"),
        Line(f"{cancelled.points:,}ポイント"),
        *lapsed,
        Line(""),
        Line("[ポイント残高]"),
        Line(f"{cancelled.balance_after:,}ポイント"),
        Line(""),
        *((Line(head.place_name),) if head.place_name else ()),
        Line(f"取消した取引: {cancelled.cancelled_transaction_number}"),
        *_reference(cancelled.transaction_number, cancelled.book_time),
    )


def day_receipt(
    day: Date, totals: Sequence[days_pb2.DayTotal], read_time: Timestamp, head: Letterhead
) -> Slip:
    """Return the day's totals of a terminal (日計, USE-4)."""
    parts: list[Part] = [
        Line("日計", Align.CENTRE, large=True),
        Line(f"{day.year}年{day.month}月{day.day}日", Align.CENTRE),
        Line(""),
        *((Line(head.place_name),) if head.place_name else ()),
        Line(f"端末ID: {head.terminal_id}"),
    ]
    for kind, name in KINDS.items():
        of_kind = [one for one in totals if one.kind == kind]
        if not of_kind:
            continue
        parts += [Rule(), Line(f"[{name}]")]
        for one in of_kind:
            parts.append(Line(one.program_name))
            parts.append(Line(f"{one.count:,}件 {one.points:,}ポイント", Align.RIGHT))
            if one.cancelled_count:
                text = f"取消 {one.cancelled_count:,}件 {one.cancelled_points:,}ポイント"
                parts.append(Line(text, Align.RIGHT))
    if not totals:
        parts += [Rule(), Line("取引はありません。")]
    parts += [Rule(), Line(f"集計日時: {time_text(read_time)}")]
    return head.slip("日計", *parts)


def time_text(time: Timestamp) -> str:
    """Return a time as slips have it, in Asia/Tokyo."""
    return slip_text(time.ToDatetime(tzinfo=UTC))


def _heading(program_name: str) -> tuple[Line, ...]:
    return (
        Line(program_name, Align.CENTRE, large=True),
        Line("★★★レシート★★★", Align.CENTRE),
        Line(""),
    )


def _points(points: int, balance_after: int) -> tuple[Line, ...]:
    return (
        Line("[今回の利用ポイント数]"),
        Line(f"{points:,}ポイント"),
        Line(""),
        Line("[ポイント残高]"),
        Line(f"{balance_after:,}ポイント"),
        Line(""),
    )


def _thanks(place_name: str) -> tuple[Line, ...]:
    place = (Line(place_name),) if place_name else ()
    return (*place, Line("ご利用いただき"), Line("ありがとうございました。"), Line(""))


def _reference(transaction_number: str, book_time: Timestamp) -> tuple[Line, ...]:
    return (
        Line(f"取引済番号: {transaction_number}"),
        Line(f"発行日時: {time_text(book_time)}"),
    )
