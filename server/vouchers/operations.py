"""Issuing, cancelling and redeeming vouchers: what is looked up, and what is booked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from server.callers.rules import active_terminal
from server.callers.values import TerminalKey
from server.clock import Moment
from server.ledger.commands import WithoutAccounts, WithoutUsages
from server.ledger.rules import balance, give_back
from server.ledger.store import Reader
from server.ledger.values import (
    AccountKey,
    AccountKind,
    BookedTransaction,
    Booking,
    Entry,
    Key,
    RequestKey,
    TransactionKey,
    TransactionKind,
    UsageKey,
)
from server.ledger.view import View
from server.municipalities.values import Place, PlaceKey
from server.points.operations import Cancelled, Use, permit
from server.vouchers.codes import SigningKey
from server.vouchers.rules import (
    acceptable,
    cancellable_issue,
    check_lapsed,
    free_number,
    last_good_day,
    redeemable,
    redeeming_place,
)
from server.vouchers.values import Voucher, VoucherKey, VoucherRecord


@dataclass(frozen=True, slots=True)
class Issued:
    """What an issue is answered with."""

    transaction_number: str
    booked_at: int
    """Microseconds since 1970-01-01T00:00:00Z."""
    balance_after: int
    voucher: Voucher
    qr_text: str


@dataclass(frozen=True, slots=True)
class IssueVoucherCommand:
    """ポイント券発行 (VCH-1). Numbers are drawn before, so that deciding is pure."""

    request: RequestKey
    fingerprint: bytes
    use: Use
    days_valid: int
    drawn_numbers: tuple[str, ...]
    signing_key: SigningKey
    encode: Callable[[Issued], bytes]
    method: str = "IssueVoucher"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        return (*self.use.names(), *(VoucherKey(number) for number in self.drawn_numbers))

    def accounts(self, view: View) -> Iterable[AccountKey]:
        """Return the holder's account."""
        return self.use.accounts(view)

    def usages(self, view: View, day: date) -> Iterable[UsageKey]:
        """Return the uses that limits count."""
        return self.use.usages(self.request.caller, view, day)

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Take the points from the holder and put them on a voucher, or refuse."""
        until = last_good_day(moment.day, self.days_valid)
        permitted = permit(self.use, self.request.caller, view, moment.day)
        program_id, points = self.use.program_id, self.use.points
        voucher_number = free_number(
            {drawn: view.find(VoucherKey(drawn)) for drawn in self.drawn_numbers}
        )
        key = self.signing_key
        qr_text = key.sign(voucher_number, program_id, points, moment.day, until)
        voucher = Voucher(
            0,
            number,
            voucher_number,
            permitted.program,
            points,
            moment.microseconds,
            self.days_valid,
            until,
            permitted.terminal.place_name,
            permitted.holder.mykey_id,
            None,
        )
        answer = Issued(number, moment.microseconds, permitted.balance_after, voucher, qr_text)
        record = VoucherRecord(
            voucher_number,
            program_id,
            points,
            permitted.terminal.place_id or 0,
            self.days_valid,
            until,
            key.key_id,
            qr_text,
        )
        return Booking(
            TransactionKind.ISSUE,
            (*permitted.taken, Entry(_outstanding(program_id), points)),
            self.encode(answer),
            subject=permitted.holder.mykey_id,
            records=(record,),
        )


@dataclass(frozen=True, slots=True)
class CancelVoucherCommand(WithoutUsages):
    """取消 of a voucher that is not redeemed (VCH-9)."""

    request: RequestKey
    fingerprint: bytes
    terminal_id: str
    transaction_number: str
    reason: str
    encode: Callable[[Cancelled], bytes]
    method: str = "CancelVoucher"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        return TerminalKey(self.terminal_id), TransactionKey(self.transaction_number)

    def accounts(self, view: View) -> Iterable[AccountKey]:
        """Return the account that the points return to."""
        issue = view.find(TransactionKey(self.transaction_number))
        return {entry.account for entry in issue.entries if entry.lot} if issue else ()

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Return the points to their lots, or refuse."""
        active_terminal(view.find(TerminalKey(self.terminal_id)))
        found = view.find(TransactionKey(self.transaction_number))
        issue = cancellable_issue(found, self.request.caller, moment.day)
        entries, points_lapsed = give_back(issue.entries, moment.day)
        account = next(entry.account for entry in issue.entries if entry.lot is not None)
        points = _points_of(issue)
        answer = Cancelled(
            number,
            moment.microseconds,
            issue.transaction_number,
            issue.subject,
            account.program_id,
            points,
            points_lapsed,
            balance(view.lots(account), moment.day) + points - points_lapsed,
        )
        return Booking(
            TransactionKind.CANCEL,
            tuple(entries),
            self.encode(answer),
            subject=issue.subject,
            refers_to=issue.transaction_id,
            reason=self.reason,
        )


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a redemption, or its correction, is answered with."""

    transaction_number: str
    booked_at: int
    """Microseconds since 1970-01-01T00:00:00Z."""
    voucher: Voucher
    place: Place


@dataclass(frozen=True, slots=True)
class RedeemVoucherCommand(WithoutAccounts):
    """ポイント券消込 (VCH-4): whole, and once."""

    request: RequestKey
    fingerprint: bytes
    terminal_id: str
    voucher_number: str
    place_id: int
    encode: Callable[[Redeemed], bytes]
    method: str = "RedeemVoucher"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        return (
            TerminalKey(self.terminal_id),
            VoucherKey(self.voucher_number),
            PlaceKey(self.place_id),
        )

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Move the voucher's points to the place, or refuse with what became of it."""
        terminal = active_terminal(view.find(TerminalKey(self.terminal_id)))
        place = redeeming_place(terminal, view.find(PlaceKey(self.place_id)))
        voucher = acceptable(view.find(VoucherKey(self.voucher_number)), place)
        redeemable(voucher, moment.day, _paid_name(voucher, view))
        entries = (
            Entry(_outstanding(voucher.program.program_id), -voucher.points),
            Entry(redeemed_at(voucher, place.place_id), voucher.points),
        )
        return Booking(
            TransactionKind.REDEEM,
            entries,
            self.encode(Redeemed(number, moment.microseconds, voucher, place)),
            subject=voucher.subject,
            refers_to=voucher.transaction_id,
        )


@dataclass(frozen=True, slots=True)
class ExpireVoucherCommand(WithoutAccounts):
    """失効 of a voucher that nobody redeemed in time (VCH-7): its points are not paid."""

    request: RequestKey
    voucher_number: str
    day: date
    """The day that was believed when it was asked: a clock that jumps meanwhile takes nothing."""
    fingerprint: bytes = b""
    method: str = "ExpireVoucher"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        return (VoucherKey(self.voucher_number),)

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Move the voucher's points to what has lapsed, or refuse."""
        found = view.find(VoucherKey(self.voucher_number))
        voucher = check_lapsed(found, min(self.day, moment.day))
        program_id = voucher.program.program_id
        entries = (
            Entry(_outstanding(program_id), -voucher.points),
            Entry(AccountKey(program_id, AccountKind.LAPSED), voucher.points),
        )
        return Booking(
            TransactionKind.EXPIRE,
            entries,
            number.encode(),
            subject=voucher.subject,
            refers_to=voucher.transaction_id,
        )


def voucher_at(
    reader: Reader, terminal_id: str, voucher_number: str, place_id: int
) -> tuple[Voucher, Place]:
    """Return a voucher as a place sees it, or raise Refusal (VCH-4)."""
    terminal_key, place_key = TerminalKey(terminal_id), PlaceKey(place_id)
    voucher_key = VoucherKey(voucher_number)
    found = reader.look_up([terminal_key, place_key, voucher_key])
    place = redeeming_place(active_terminal(found.get(terminal_key)), found.get(place_key))
    return acceptable(found.get(voucher_key), place), place


def redeemed_at(voucher: Voucher, place_id: int) -> AccountKey:
    """Return the account of what a place redeemed of the voucher's program."""
    return AccountKey(voucher.program.program_id, AccountKind.REDEEMED, str(place_id))


def _outstanding(program_id: str) -> AccountKey:
    return AccountKey(program_id, AccountKind.OUTSTANDING)


def _points_of(issue: BookedTransaction) -> int:
    return sum(entry.points for entry in issue.entries if entry.lot is None)


def _paid_name(voucher: Voucher, view: View) -> str:
    """Return the name of the place a voucher was redeemed for, in this very batch even."""
    settlement = voucher.settlement
    if settlement is None or settlement.place_id is None or settlement.place_name:
        return settlement.place_name if settlement else ""
    place = view.find(PlaceKey(settlement.place_id))
    return place.name if place else ""
