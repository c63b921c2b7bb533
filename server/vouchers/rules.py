"""What may be done with a voucher, and where: pure functions, which raise Refusal."""

from collections.abc import Mapping
from datetime import date, timedelta

from server.callers.values import Terminal
from server.clock import TOKYO, to_datetime
from server.ledger.values import BookedTransaction, Refusal, TransactionKind
from server.municipalities.rules import place_takes
from server.municipalities.values import Place
from server.points.errors import PointsReason
from server.vouchers.errors import VoucherReason
from server.vouchers.values import Voucher, VoucherState

DAYS_VALID_MAX = 30
TRUST_DAYS = 7
"""A counter without network goes by keys and caps that were told so many days ago (VCH-8)."""


def is_days_valid(days_valid: int) -> bool:
    """Whether a voucher can be good for so many days (VCH-1)."""
    return 1 <= days_valid <= DAYS_VALID_MAX


def last_good_day(issued_on: date, days_valid: int) -> date:
    """Return the last day on which a voucher is good, or refuse the days (VCH-1, LED-2)."""
    if not is_days_valid(days_valid):
        raise Refusal(VoucherReason.DAYS_VALID_UNFIT, {"maximum": str(DAYS_VALID_MAX)})
    return issued_on + timedelta(days=days_valid)


def last_day_of_trust(told_on: date) -> date:
    """Return the last day on which a counter believes what it is told without network (VCH-8)."""
    return told_on + timedelta(days=TRUST_DAYS)


def redeeming_place(terminal: Terminal, place: Place | None) -> Place:
    """Return the place that is paid, or refuse one that the terminal has no say in (VCH-5)."""
    if place is None or terminal.place_id is None:
        raise Refusal(VoucherReason.PLACE_NOT_TIED)
    if terminal.place_id not in (place.place_id, place.collecting_place_id):
        raise Refusal(VoucherReason.PLACE_NOT_TIED)
    return place


def acceptable(voucher: Voucher | None, place: Place) -> Voucher:
    """Return the voucher, or refuse one that the place does not take as one there is not."""
    if voucher is None or not place_takes(voucher.program, place):
        raise Refusal(VoucherReason.VOUCHER_UNKNOWN)
    return voucher


def redeemable(voucher: Voucher, today: date, place_name: str) -> Voucher:
    """Return the voucher if it is open, or refuse with what has become of it (VCH-6).

    `place_name` is the name of the place that it was redeemed for, if it was.
    """
    settlement = voucher.settlement
    match voucher.state(today):
        case VoucherState.OPEN:
            return voucher
        case VoucherState.LAPSED:
            day = voucher.last_good_day.isoformat()
            raise Refusal(VoucherReason.VOUCHER_LAPSED, {"last_good_day": day})
        case VoucherState.CANCELLED:
            raise Refusal(VoucherReason.VOUCHER_CANCELLED)
        case VoucherState.REDEEMED:
            time = to_datetime(settlement.booked_at if settlement else 0).astimezone(TOKYO)
            raise Refusal(
                VoucherReason.VOUCHER_ALREADY_REDEEMED,
                {"place": place_name, "time": f"{time:%Y-%m-%d %H:%M:%S}"},
            )


def cancellable_issue(
    issue: BookedTransaction | None, caller: str, today: date
) -> BookedTransaction:
    """Return the voucher's issue, or refuse where the caller cannot cancel it (VCH-9)."""
    if issue is None or issue.caller != caller:
        raise Refusal(PointsReason.TRANSACTION_UNKNOWN)
    if issue.kind != TransactionKind.ISSUE:
        raise Refusal(VoucherReason.TRANSACTION_NOT_A_VOUCHER)
    if issue.settled:
        raise Refusal(VoucherReason.VOUCHER_CLOSED)
    if issue.booked_on != today:
        raise Refusal(PointsReason.TRANSACTION_OF_ANOTHER_DAY)
    return issue


def check_lapsed(voucher: Voucher | None, today: date) -> Voucher:
    """Return an open voucher whose last good day is past, or refuse (VCH-7)."""
    if voucher is None or voucher.settlement is not None:
        raise Refusal(VoucherReason.VOUCHER_CLOSED)
    if voucher.last_good_day >= today:
        raise Refusal(VoucherReason.VOUCHER_NOT_LAPSED)
    return voucher


def free_number(drawn: Mapping[str, Voucher | None]) -> str:
    """Return the first number that no voucher has ever had, or refuse (VCH-2)."""
    for number, voucher in drawn.items():
        if voucher is None:
            return number
    raise Refusal(VoucherReason.VOUCHER_NUMBERS_TAKEN)


def place_of_municipality(place: Place | None, terminal: Terminal) -> Place:
    """Return a place of the terminal's own municipality; others are unknown to it (VCH-9)."""
    if place is None or place.municipality_code != terminal.municipality_code:
        raise Refusal(PointsReason.PLACE_UNKNOWN)
    return place


def paid_elsewhere(voucher: Voucher, place: Place, today: date) -> tuple[int, int]:
    """Return where a voucher was redeemed and by which transaction, or refuse (VCH-9).

    Refused is what is not redeemed, and what is redeemed at that place already.
    """
    paid = voucher.settlement
    if paid is None or voucher.state(today) != VoucherState.REDEEMED:
        raise Refusal(VoucherReason.VOUCHER_NOT_REDEEMED)
    if paid.place_id is None or paid.transaction_id is None:
        raise Refusal(VoucherReason.VOUCHER_NOT_REDEEMED)
    if paid.place_id == place.place_id:
        raise Refusal(VoucherReason.PLACE_UNCHANGED)
    return paid.place_id, paid.transaction_id
