"""Joining two MyKey IDs by command: what would be carried over, and carrying it over (MKY-1)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from peewee import Database

from server.audit.storing import store_events
from server.audit.values import Event
from server.chance import Chance, uuid7
from server.citizens.values import Citizen, MykeyKey
from server.clock import Clock, Moment
from server.db.queries import rows
from server.ledger.booker import refusal_of
from server.ledger.engines import open_reader, writing
from server.ledger.values import Operation, Outcome, RequestKey
from server.mykey_ids.holdings import ProgramPoints, points_of
from server.mykey_ids.joining import JoinMykeyIdsCommand, joined_in
from server.mykey_ids.values import NOTHING, BelongingsKey
from server.rpc.handled import OK
from server.serving.bookers import open_booker
from server.serving.loaders import LOADERS

CALLER = "join-mykey-ids"
_JOINED_INTO = """SELECT s.mykey_id FROM citizen d JOIN citizen s ON s.citizen_id = d.joined_into
    WHERE d.citizen_id = ?"""
_CARDS = "SELECT count(*) FROM certificate WHERE citizen_id = ?"
_SERVICE_IDS = """SELECT s.issuer_id, s.customer_id, o.customer_id FROM service_id s
    LEFT JOIN service_id o ON o.issuer_id = s.issuer_id AND o.citizen_id = ?
    WHERE s.citizen_id = ? ORDER BY s.issuer_id"""


class JoinError(Exception):
    """The two cannot be joined; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class DoubleServiceId:
    """A number of the double's at an issuer."""

    issuer_id: str
    customer_id: str
    instead: str | None
    """The number that the one who stays has there already: the double's ends."""


@dataclass(frozen=True, slots=True)
class Join:
    """What goes from a double to the MyKey ID that stays."""

    staying: Citizen
    double: Citizen
    points: tuple[ProgramPoints, ...]
    cards: int
    service_ids: tuple[DoubleServiceId, ...]
    transaction_number: str | None = None
    """None where nothing is booked: as yet, or because there are no points."""


def look_at(database: Database, mykey_id: str, double_mykey_id: str) -> Join:
    """Return what would be carried over. Raises JoinError."""
    if mykey_id == double_mykey_id:
        raise JoinError(f"{mykey_id} is one MyKey ID: name the one that stays, and its double")
    reader = open_reader(database, LOADERS)
    found = reader.look_up([MykeyKey(mykey_id), MykeyKey(double_mykey_id)])
    double = _usable(database, found.get(MykeyKey(double_mykey_id)), double_mykey_id)
    staying = _usable(database, found.get(MykeyKey(mykey_id)), mykey_id)
    key = BelongingsKey(double.citizen_id)
    belongings = reader.look_up([key]).get(key) or NOTHING
    ((cards,),) = rows(database, _CARDS, double.citizen_id)
    numbers = rows(database, _SERVICE_IDS, staying.citizen_id, double.citizen_id)
    return Join(
        staying,
        double,
        points_of(belongings, double.citizen_id, reader.lots),
        int(cards),
        tuple(DoubleServiceId(*row) for row in numbers),
    )


def join(
    database: Database,
    clock: Clock,
    chance: Chance,
    found: Join,
    *,
    reason: str,
    event: Callable[[str], Event],
) -> Join:
    """Carry everything over, and return it as it was booked.

    `event` is the trail's of the command, which is noted before anything is booked. Raises
    JoinError, ClockWentBackError and StoreUnavailableError.
    """
    with writing(database):
        store_events(database, [event(OK)])
    milliseconds = Moment.of(clock.now()).microseconds // 1000
    request = RequestKey(CALLER, str(UUID(bytes=uuid7(milliseconds, chance))))
    command = JoinMykeyIdsCommand(request, found.staying.mykey_id, found.double, reason)
    (answer,) = open_booker(database, clock).book([command])
    if not isinstance(answer, Operation):
        raise answer
    if answer.outcome == Outcome.REFUSED:
        raise JoinError(f"refused: {refusal_of(answer).reason}; look at both once more")
    joined = joined_in(answer.answer)
    return replace(found, points=joined.points, transaction_number=joined.transaction_number)


def _usable(database: Database, citizen: Citizen | None, mykey_id: str) -> Citizen:
    if citizen is None:
        raise JoinError(f"there is no MyKey ID {mykey_id}")
    if citizen.mykey_id_revoked:
        joined_into = rows(database, _JOINED_INTO, citizen.citizen_id)
        if joined_into:
            raise JoinError(f"{mykey_id} was joined into {joined_into[0][0]} already")
        raise JoinError(f"{mykey_id} is revoked")
    return citizen
