"""Reserving: points are held back for an order, then captured, all or part, or released.

Points that are held cannot be spent, and do not lapse. A hold that is neither captured nor
released in time cannot be captured any more, and its points go back by a job.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from server.citizens.rules import accepted_citizen
from server.citizens.values import MykeyKey
from server.clock import Moment
from server.ledger.commands import WithoutUsages
from server.ledger.rules import give_back, left_over, take
from server.ledger.values import (
    AccountKey,
    AccountKind,
    BookedEntry,
    BookedTransaction,
    Booking,
    Entry,
    Key,
    RequestKey,
    TransactionKey,
    TransactionKind,
)
from server.ledger.view import View
from server.municipalities.values import PlaceKey, ProgramKey
from server.points.rules import (
    check_amount,
    check_capture,
    check_expired,
    check_hold_timeout,
    check_place,
    open_hold,
    own_hold,
    program_in_period,
)
from server.points.values import Hold, HoldKey


@dataclass(frozen=True, slots=True)
class HoldCommand(WithoutUsages):
    """Hold back points of a citizen's for an order at a place."""

    request: RequestKey
    fingerprint: bytes
    mykey_id: str
    program_id: str
    place_id: int
    points: int
    timeout: timedelta
    method: str = "Hold"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        return MykeyKey(self.mykey_id), ProgramKey(self.program_id), PlaceKey(self.place_id)

    def accounts(self, view: View) -> Iterable[AccountKey]:
        """Return the citizen's account."""
        citizen = view.find(MykeyKey(self.mykey_id))
        return (citizen.account(self.program_id),) if citizen else ()

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Move the points from the citizen's lots to what is reserved, or refuse."""
        citizen = accepted_citizen(view.find(MykeyKey(self.mykey_id)))
        program = program_in_period(view.find(ProgramKey(self.program_id)), moment.day)
        check_place(view.find(PlaceKey(self.place_id)))
        check_hold_timeout(self.timeout)
        account = citizen.account(self.program_id)
        lots = view.lots(account)
        check_amount(self.points, program, lots, moment.day)
        taken = take(account, lots, self.points, moment.day)
        expires_at = moment.microseconds + self.timeout // timedelta(microseconds=1)
        return Booking(
            TransactionKind.HOLD,
            (*taken, Entry(_reserved(account), self.points)),
            number.encode(),
            subject=citizen.mykey_id,
            records=(Hold(self.place_id, expires_at),),
        )


@dataclass(frozen=True, slots=True)
class _SettlingCommand(WithoutUsages):
    """What capturing and releasing a hold have in common."""

    request: RequestKey
    fingerprint: bytes
    transaction_number: str
    """The hold's."""

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        return TransactionKey(self.transaction_number), HoldKey(self.transaction_number)

    def accounts(self, view: View) -> Iterable[AccountKey]:
        """Return the account that points may return to."""
        held = view.find(TransactionKey(self.transaction_number))
        return {entry.account for entry in held.entries if entry.lot is not None} if held else ()

    def _found(self, view: View) -> tuple[BookedTransaction | None, Hold | None]:
        held = view.find(TransactionKey(self.transaction_number))
        return held, view.find(HoldKey(self.transaction_number))


@dataclass(frozen=True, slots=True)
class CaptureCommand(_SettlingCommand):
    """Spend points that are held, all or part; the rest goes back to its lots."""

    points: int
    method: str = "Capture"

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Take what was held, what expires first first, to the place; or refuse."""
        held, hold = own_hold(*self._found(view), self.request.caller)
        taken, reserved = _legs(held)
        check_capture(hold, reserved.points, self.points, moment.microseconds)
        back, _ = give_back(left_over(taken, self.points), moment.day)
        place = AccountKey(reserved.account.program_id, AccountKind.SPENT, str(hold.place_id))
        entries = (
            Entry(reserved.account, -reserved.points),
            Entry(place, self.points),
            *back,
        )
        return Booking(
            TransactionKind.CAPTURE,
            entries,
            number.encode(),
            subject=held.subject,
            refers_to=held.transaction_id,
        )


@dataclass(frozen=True, slots=True)
class ReleaseCommand(_SettlingCommand):
    """Give back points that are held."""

    method: str = "Release"

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Return the points to the lots they came from, or refuse."""
        held, _ = own_hold(*self._found(view), self.request.caller)
        return _released(held, moment.day, number)


@dataclass(frozen=True, slots=True)
class ReleaseForRevocationCommand(_SettlingCommand):
    """Give back points that are held, before their holder's MyKey ID is revoked (MKY-7)."""

    method: str = "ReleaseForRevocation"

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Return the points to the lots they came from, or refuse."""
        held, _ = open_hold(*self._found(view))
        return _released(held, moment.day, number)


@dataclass(frozen=True, slots=True)
class ReleaseExpiredCommand(_SettlingCommand):
    """Give back points that were held and whose time is over; whoever held them."""

    now: Moment
    """That was believed when it was asked: a clock that jumps meanwhile takes nothing."""
    method: str = "ReleaseExpired"

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Return the points to the lots they came from, or refuse while there is time."""
        held, hold = open_hold(*self._found(view))
        now = min(self.now, moment)
        check_expired(hold, now.microseconds)
        return _released(held, now.day, number)


def _released(held: BookedTransaction, today: date, number: str) -> Booking:
    entries, _ = give_back(held.entries, today)
    return Booking(
        TransactionKind.RELEASE,
        tuple(entries),
        number.encode(),
        subject=held.subject,
        refers_to=held.transaction_id,
    )


def _legs(held: BookedTransaction) -> tuple[list[BookedEntry], BookedEntry]:
    """Return a hold's entries on the citizen's lots, and the one on what is reserved."""
    taken = [entry for entry in held.entries if entry.lot is not None]
    (reserved,) = (entry for entry in held.entries if entry.lot is None)
    return taken, reserved


def _reserved(account: AccountKey) -> AccountKey:
    return account._replace(kind=AccountKind.RESERVED)
