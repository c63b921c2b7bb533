"""The voucher (ポイント券, S34, VCH-1), and labels with a number as a barcode (RCP-1)."""

from google.type.date_pb2 import Date
from jichipoint.v1 import vouchers_pb2

from counter_tui.slips.document import Align, Code, CodeLine, Line, Part, Rule, SealBoxes, Slip
from counter_tui.slips.receipts import Letterhead, time_text


def voucher_title(transaction_number: str) -> str:
    """Return the title of the slips of the voucher that was issued by a transaction."""
    return f"ポイント券 {transaction_number}"


def voucher_slip(
    transaction_number: str,
    voucher: vouchers_pb2.Voucher,
    qr_text: str,
    head: Letterhead,
    reprint_count: int = 0,
) -> Slip:
    """Return a voucher; one that is printed again says so, and how often (VCH-3)."""
    again: tuple[Part, ...] = ()
    if reprint_count:
        again = (Line(f"再発行({reprint_count}回目)", Align.CENTRE, large=True),)
    return head.slip(
        voucher_title(transaction_number),
        Line(voucher.program_name, Align.CENTRE, large=True),
        Line("ポイント券", Align.CENTRE, large=True),
        *again,
        Rule(),
        Line(f"{voucher.points:,}ポイント", Align.CENTRE, large=True),
        Rule(),
        Line(f"発券番号 {spaced(voucher.voucher_number)}"),
        Line(f"有効期限 {_day(voucher.last_good_day)}まで"),
        Line(f"(発行日より{voucher.days_valid}日間)"),
        Line(f"発行日時 {time_text(voucher.issue_time)}"),
        Line(f"発行場所 {voucher.issuing_place_name}"),
        SealBoxes("発行認印", "利用店舗印"),
        CodeLine(Code.QR, qr_text),
        Line("一部のポイントだけの利用はできません。"),
        Line("有効期限を過ぎると失効します。"),
        Line("発行認印のない券は使えません。"),
    )


def spaced(voucher_number: str) -> str:
    """Return a 発券番号 in groups of four, as it is easier to read and to type."""
    return " ".join(voucher_number[start : start + 4] for start in range(0, 12, 4))


def label(heading: str, code: Code, text: str, head: Letterhead) -> Slip:
    """Return a label with a number as a barcode."""
    return head.slip(heading, Line(heading, Align.CENTRE), CodeLine(code, text))


def _day(day: Date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
