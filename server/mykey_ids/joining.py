"""Two MyKey IDs of one person become one (MKY-1).

What the double holds goes to the MyKey ID that stays, each lot with its last good day; its cards
and numbers are that one's from then on, and the double is revoked. What is given back later, of a
cancelled use or a released hold, returns to the lots that it came from, and a job carries it over.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from peewee import Database

from server.citizens.not_revoked import as_long_as_not_revoked
from server.citizens.rules import accepted_citizen
from server.citizens.values import Citizen, MykeyKey, held_account
from server.clock import Moment
from server.db.queries import rows
from server.ledger.commands import WithoutUsages
from server.ledger.rules import carry_over
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
from server.mykey_ids.rules import check_carried_over
from server.mykey_ids.values import NOTHING, BelongingsKey

_REVOKED = """INSERT INTO mykey_event (caller, request_id, attempt_id, kind, citizen_id, mykey_id,
    serial_number, registered_at) VALUES (?, ?, ?, 'REVOKED', ?, ?, '', ?)"""
_REVOKE = "UPDATE citizen SET revoked_at = ?, joined_into = ? WHERE citizen_id = ?"
_JOINED_BEFORE = "UPDATE citizen SET joined_into = ? WHERE joined_into = ?"
_CARDS = "UPDATE certificate SET citizen_id = ? WHERE citizen_id = ?"
_SERVICE_IDS = """UPDATE service_id SET citizen_id = ? WHERE citizen_id = ?
    AND NOT EXISTS (SELECT 1 FROM service_id o
        WHERE o.issuer_id = service_id.issuer_id AND o.citizen_id = ?)"""
_END_SERVICE_IDS = "DELETE FROM service_id WHERE citizen_id = ?"
_PROFILE = """UPDATE citizen_profile SET citizen_id = ? WHERE citizen_id = ?
    AND NOT EXISTS (SELECT 1 FROM citizen_profile o WHERE o.citizen_id = ?)"""
_END_PROFILE = "DELETE FROM citizen_profile WHERE citizen_id = ?"
_FREE = """DELETE FROM mykey_candidate WHERE EXISTS (SELECT 1 FROM mykey_attempt a
    WHERE a.citizen_id = ? AND a.caller = mykey_candidate.caller
    AND a.request_id = mykey_candidate.request_id)"""
_END_ATTEMPTS = "UPDATE mykey_attempt SET ended_at = ? WHERE citizen_id = ? AND ended_at IS NULL"


@dataclass(frozen=True, slots=True)
class Joined:
    """What a join is answered with."""

    transaction_number: str | None
    """None where there were no points."""
    points: tuple[ProgramPoints, ...]


@dataclass(frozen=True, slots=True)
class JoinMykeyIdsCommand(WithoutUsages):
    """Revoke a double, and give all that hangs on it to the MyKey ID that stays."""

    request: RequestKey
    mykey_id: str
    """That stays: another one than the double's."""
    double: Citizen
    reason: str
    fingerprint: bytes = b""
    method: str = "JoinMykeyIds"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        double = self.double
        return (
            MykeyKey(self.mykey_id),
            MykeyKey(double.mykey_id),
            BelongingsKey(double.citizen_id),
        )

    def accounts(self, view: View) -> Iterable[AccountKey]:
        """Return all accounts of the double's points."""
        return held_accounts(view, self.double.citizen_id)

    def decide(self, view: View, moment: Moment, number: str) -> Booking | Registration:
        """Carry everything over, or refuse where one of the two is none that can be used."""
        staying = accepted_citizen(view.find(MykeyKey(self.mykey_id)))
        double = accepted_citizen(view.find(MykeyKey(self.double.mykey_id)))
        belongings = view.find(BelongingsKey(double.citizen_id)) or NOTHING
        points = points_of(belongings, double.citizen_id, lots_of(view))
        joined = Joined(number if points else None, points)
        registration = self._registration(staying, double, joined, moment)
        if not points:
            return registration
        entries: list[Entry] = []
        for one in points:
            source, target = double.account(one.program_id), staying.account(one.program_id)
            entries += carry_over(source, target, view.lots(source), moment.day)
        return Booking(
            TransactionKind.JOIN,
            tuple(entries),
            registration.answer,
            subject=staying.mykey_id,
            reason=self.reason,
            with_it=registration,
        )

    def _registration(
        self, staying: Citizen, double: Citizen, joined: Joined, moment: Moment
    ) -> Registration:
        one, other, at = staying.citizen_id, double.citizen_id, moment.microseconds
        attempt_id = self.request.request_id
        event = (*self.request, attempt_id, other, double.mykey_id, at)
        return Registration(
            json.dumps(asdict(joined), ensure_ascii=False).encode(),
            (
                *as_long_as_not_revoked(one),
                Write(_REVOKED, event),
                Write(_REVOKE, (at, one, other)),
                Write(_JOINED_BEFORE, (one, other)),
                Write(_CARDS, (one, other)),
                Write(_SERVICE_IDS, (one, other, one)),
                Write(_END_SERVICE_IDS, (other,)),
                Write(_PROFILE, (one, other, one)),
                Write(_END_PROFILE, (other,)),
                Write(_FREE, (other,)),
                Write(_END_ATTEMPTS, (at, other)),
            ),
            {MykeyKey(double.mykey_id): Citizen(other, double.mykey_id, mykey_id_revoked=True)},
        )


def joined_in(answer: bytes) -> Joined:
    """Return what the answer of a JoinMykeyIdsCommand says."""
    told = json.loads(answer)
    points = tuple(ProgramPoints(**one) for one in told["points"])
    return Joined(told["transaction_number"], points)


@dataclass(frozen=True, slots=True)
class CarryOverCommand(WithoutUsages):
    """Carry over what came back to a MyKey ID after it was joined."""

    request: RequestKey
    source: AccountKey
    target: AccountKey
    mykey_id: str
    """The one that stays."""
    fingerprint: bytes = b""
    method: str = "CarryOver"

    def names(self) -> Iterable[Key[Any]]:
        """Return nothing: the accounts say all."""
        return ()

    def accounts(self, _view: View) -> Iterable[AccountKey]:
        """Return the account that points came back to."""
        return (self.source,)

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Move the points on, or refuse where there are none."""
        lots = view.lots(self.source)
        entries = carry_over(self.source, self.target, lots, moment.day)
        check_carried_over(entries)
        return Booking(TransactionKind.JOIN, tuple(entries), number.encode(), subject=self.mykey_id)


class LeftBehind(NamedTuple):
    """An account of a joined MyKey ID that holds points, and where they belong."""

    source: AccountKey
    target: AccountKey
    mykey_id: str
    """The one that stays."""


_LEFT_BEHIND = """SELECT DISTINCT a.program_id, a.owner, s.citizen_id, s.mykey_id
    FROM citizen d JOIN citizen s ON s.citizen_id = d.joined_into
    JOIN account a ON a.owner = CAST(d.citizen_id AS TEXT) AND a.kind = 'HELD'
    JOIN lot l ON l.account_id = a.account_id
    WHERE d.joined_into IS NOT NULL AND l.remaining > 0
    ORDER BY a.owner, a.program_id LIMIT ?"""


def left_behind(database: Database, most: int) -> list[LeftBehind]:
    """Return accounts of joined MyKey IDs to which points came back."""
    return [
        LeftBehind(
            AccountKey(program_id, AccountKind.HELD, owner),
            held_account(program_id, citizen_id),
            mykey_id,
        )
        for program_id, owner, citizen_id, mykey_id in rows(database, _LEFT_BEHIND, most)
    ]
