"""失効 of a MyKey ID: final, with all that hangs on it (S62, MKY-7)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from server.citizens.rules import accepted_holder
from server.citizens.values import CertificateKey, Citizen, Holder, MykeyKey
from server.clock import Moment
from server.ledger.store import Reader
from server.ledger.values import (
    AccountKey,
    AccountKind,
    Booking,
    Entry,
    Key,
    Registration,
    RequestKey,
    TransactionKind,
    Write,
)
from server.ledger.view import View
from server.mykey_ids.holdings import (
    ProgramPoints,
    held_accounts,
    lots_of,
    points_of,
)
from server.mykey_ids.registering import AttemptCommand
from server.mykey_ids.rules import check_losses
from server.mykey_ids.values import NOTHING, Attempt, Belongings, BelongingsKey, Purpose
from server.points.reserving import ReleaseForRevocationCommand

CALLER = "mykey-revocation"
"""Under whose name held points are released."""
REASON = "マイキーIDの失効"
_REVOKE = "UPDATE citizen SET revoked_at = ? WHERE citizen_id = ?"
_END_SERVICE_IDS = "DELETE FROM service_id WHERE citizen_id = ?"
_END_PROFILE = "DELETE FROM citizen_profile WHERE citizen_id = ?"


@dataclass(frozen=True, slots=True)
class Revoked:
    """What a revocation is answered with."""

    mykey_id: str
    transaction_number: str | None
    """None where there were no points."""
    losses: tuple[ProgramPoints, ...]


@dataclass(frozen=True, slots=True)
class Losses:
    """What the holder is shown before (MKY-7)."""

    losses: tuple[ProgramPoints, ...]
    """Points that are held back for orders among them: they are released first."""
    belongings: Belongings

    @property
    def points(self) -> int:
        """The sum over all programs."""
        return sum(loss.points for loss in self.losses)


def losses_before(reader: Reader, citizen_id: int) -> Losses:
    """Return what a citizen loses with the MyKey ID."""
    key = BelongingsKey(citizen_id)
    found: Belongings = reader.look_up([key]).get(key) or NOTHING
    points = {one.program_id: one.points for one in points_of(found, citizen_id, reader.lots)}
    for hold in found.open_holds:
        points[hold.program_id] = points.get(hold.program_id, 0) + hold.points
    names = dict(found.programs)
    losses = tuple(ProgramPoints(one, names[one], points[one]) for one in sorted(points))
    return Losses(losses, found)


@dataclass(frozen=True, slots=True)
class RevokeMykeyCommand(AttemptCommand):
    """Revoke the holder's MyKey ID: what is left in the lots lapses. Holds are released before."""

    citizen_id: int
    """The attempt's."""
    shown_points: int
    encode: Callable[[Revoked], bytes]
    method: str = "RevokeMykeyId"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        return (*AttemptCommand.names(self), BelongingsKey(self.citizen_id))

    def accounts(self, view: View) -> Iterable[AccountKey]:
        """Return all accounts of the holder's points."""
        return held_accounts(view, self.citizen_id)

    def decide(self, view: View, moment: Moment, number: str) -> Booking | Registration:
        """Let the points lapse and the MyKey ID end, or refuse."""
        attempt = self.attempt(view, moment, Purpose.REVOKE)
        key = CertificateKey(attempt.serial_number)
        holder = accepted_holder(view.find(key), moment.day)
        belongings = view.find(BelongingsKey(self.citizen_id)) or NOTHING
        losses = points_of(belongings, holder.citizen_id, lots_of(view))
        known = set(held_accounts(view, self.citizen_id))
        # Accounts that an earlier command of the batch opened: their points were not shown.
        opened = view.holding(str(holder.citizen_id)) - known
        check_losses(
            as_shown=sum(loss.points for loss in losses) == self.shown_points
            and not (opened or belongings.open_holds)
            and holder.citizen_id == self.citizen_id
        )
        revoked = Revoked(holder.mykey_id, number if losses else None, losses)
        registration = self._registration(attempt, holder, revoked, moment)
        if not losses:
            return registration
        entries: list[Entry] = []
        for loss in losses:
            account = holder.account(loss.program_id)
            entries += [Entry(account, -lot.remaining, lot) for lot in view.lots(account)]
            lapsed = AccountKey(loss.program_id, AccountKind.LAPSED)
            entries.append(Entry(lapsed, loss.points))
        return Booking(
            TransactionKind.LAPSE,
            tuple(entries),
            registration.answer,
            subject=holder.mykey_id,
            reason=REASON,
            with_it=registration,
        )

    def _registration(
        self, attempt: Attempt, holder: Holder, revoked: Revoked, moment: Moment
    ) -> Registration:
        citizen_id, mykey_id = holder.citizen_id, holder.mykey_id
        return Registration(
            self.encode(revoked),
            (
                Write(_REVOKE, (moment.microseconds, citizen_id)),
                Write(_END_SERVICE_IDS, (citizen_id,)),
                Write(_END_PROFILE, (citizen_id,)),
                *self.ending(attempt, "REVOKED", moment, citizen_id=citizen_id, mykey_id=mykey_id),
            ),
            {
                self.attempt_key(): replace(attempt, ended=True),
                CertificateKey(attempt.serial_number): replace(holder, mykey_id_revoked=True),
                MykeyKey(mykey_id): Citizen(citizen_id, mykey_id, mykey_id_revoked=True),
            },
        )


def release_commands(
    belongings: Belongings, request: RequestKey
) -> list[ReleaseForRevocationCommand]:
    """Return what gives held points back first; a repetition releases nothing twice."""
    space = UUID(request.request_id)
    return [
        ReleaseForRevocationCommand(
            RequestKey(CALLER, str(uuid5(space, f"{request.caller}/{hold.transaction_number}"))),
            b"",
            hold.transaction_number,
        )
        for hold in belongings.open_holds
    ]
