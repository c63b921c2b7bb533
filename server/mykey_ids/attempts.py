"""Attempts and their candidates: counted here, and not at the terminal (MKY-2, MKY-3).

All of it runs in a writing transaction of its own, which locks the attempt first.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from peewee import Database

from server.db.queries import change, rows
from server.ledger.values import Refusal, RequestKey
from server.mykey_ids.errors import MykeyReason
from server.mykey_ids.loaders import ATTEMPT_COLUMNS, WITH_CANDIDATE, build_attempt
from server.mykey_ids.rules import (
    PROPOSALS_MAX,
    REFUSALS_MAX,
    check_proposals,
    check_refusals,
    open_attempt,
    same_card,
)
from server.mykey_ids.values import Attempt, Purpose

LIFETIME = timedelta(minutes=10)
DRAWS_MAX = 20
"""So many candidates in a row that are taken do not happen by chance."""
_MICROSECOND = timedelta(microseconds=1)

_FIND = f"""SELECT {ATTEMPT_COLUMNS} FROM mykey_attempt a {WITH_CANDIDATE}
    WHERE a.caller = ? AND a.request_id = ?"""  # noqa: S608
_IS_TAKEN = """SELECT 1 FROM citizen WHERE mykey_id = ?
    UNION ALL SELECT 1 FROM mykey_event WHERE mykey_id = ?
    UNION ALL SELECT 1 FROM mykey_event WHERE replaces = ?
    UNION ALL SELECT 1 FROM mykey_candidate WHERE mykey_id = ?"""

Draw = Callable[[], str]
"""Returns a random candidate."""


def begin(
    database: Database,
    request: RequestKey,
    *,
    purpose: Purpose,
    serial_number: str,
    last_good_day: date,
    citizen_id: int | None,
    now: int,
) -> Attempt:
    """Begin an attempt, or go on with the one that this request began; `now` in microseconds.

    With CREATE an ID for the citizen is reserved.
    """
    if purpose == Purpose.CREATE:
        citizen_id = _reserve_citizen_id(database)
    change(
        database,
        """INSERT INTO mykey_attempt (caller, request_id, purpose, serial_number, last_good_day,
        citizen_id, begun_at, expires_at, touched_at, proposals, refusals, wrong_passwords)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0) ON CONFLICT (caller, request_id) DO NOTHING""",
        *request,
        purpose,
        serial_number,
        last_good_day.isoformat(),
        citizen_id,
        now,
        now + LIFETIME // _MICROSECOND,
        now,
    )
    return same_card(find(database, request), serial_number)


def find(database: Database, request: RequestKey) -> Attempt | None:
    """Return an attempt."""
    found = rows(database, _FIND, *request)
    return build_attempt(found[0]) if found else None


def propose(database: Database, request: RequestKey, draw: Draw, now: int) -> tuple[str, int]:
    """Reserve an automatic candidate, and return it and how many more there can be (MKY-2)."""
    attempt = _locked(database, request, now)
    check_proposals(attempt)
    return _propose(database, attempt, draw, now)


def check(
    database: Database, request: RequestKey, mykey_id: str, draw: Draw, now: int
) -> tuple[bool, int, tuple[str, int] | None]:
    """Reserve a chosen candidate if it is free (MKY-3).

    Return whether it is, how many more may be taken, and with the last of these the automatic
    candidate in its place.
    """
    attempt = _locked(database, request, now)
    check_refusals(attempt)
    if attempt.candidate == mykey_id or _reserve(database, attempt, mykey_id, now):
        return True, REFUSALS_MAX - attempt.refusals, None
    change(
        database,
        "UPDATE mykey_attempt SET refusals = refusals + 1 WHERE caller = ? AND request_id = ?",
        *request,
    )
    left = REFUSALS_MAX - attempt.refusals - 1
    return False, left, None if left else _propose(database, attempt, draw, now)


def end(database: Database, request: RequestKey, now: int) -> None:
    """End an attempt; its candidate is free again."""
    change(
        database,
        """UPDATE mykey_attempt SET ended_at = ?
        WHERE caller = ? AND request_id = ? AND ended_at IS NULL""",
        now,
        *request,
    )
    change(database, "DELETE FROM mykey_candidate WHERE caller = ? AND request_id = ?", *request)


def count_wrong_password(database: Database, request: RequestKey, most: int, now: int) -> None:
    """Count a wrong password; the attempt ends with the last that it has."""
    change(
        database,
        """UPDATE mykey_attempt SET wrong_passwords = wrong_passwords + 1,
        ended_at = CASE WHEN wrong_passwords + 1 >= ? THEN ? ELSE ended_at END
        WHERE caller = ? AND request_id = ? AND wrong_passwords < ?""",
        most,
        now,
        *request,
        most,
    )


def _locked(database: Database, request: RequestKey, now: int) -> Attempt:
    """Lock an attempt that is open for candidates, and return it."""
    change(
        database,
        "UPDATE mykey_attempt SET touched_at = ? WHERE caller = ? AND request_id = ?",
        now,
        *request,
    )
    return open_attempt(find(database, request), now, Purpose.CREATE, Purpose.CHANGE)


def _propose(database: Database, attempt: Attempt, draw: Draw, now: int) -> tuple[str, int]:
    change(
        database,
        "UPDATE mykey_attempt SET proposals = proposals + 1 WHERE caller = ? AND request_id = ?",
        *attempt.request,
    )
    for candidate in _drawn(draw):
        if _reserve(database, attempt, candidate, now):
            return candidate, PROPOSALS_MAX - attempt.proposals - 1
    raise Refusal(MykeyReason.NO_MORE_CANDIDATES)


def _drawn(draw: Draw) -> Iterator[str]:
    for _ in range(DRAWS_MAX):
        yield draw()


def _reserve(database: Database, attempt: Attempt, mykey_id: str, now: int) -> bool:
    """Reserve a MyKey ID in place of the attempt's last one, unless it is or was someone's."""
    change(database, "DELETE FROM mykey_candidate WHERE reserved_until <= ?", now)
    if rows(database, _IS_TAKEN, *(mykey_id,) * 4):
        return False
    change(
        database,
        "DELETE FROM mykey_candidate WHERE caller = ? AND request_id = ?",
        *attempt.request,
    )
    reserved = change(
        database,
        """INSERT INTO mykey_candidate (mykey_id, caller, request_id, reserved_until)
        VALUES (?, ?, ?, ?) ON CONFLICT (mykey_id) DO NOTHING""",
        mykey_id,
        *attempt.request,
        attempt.expires_at,
    )
    return bool(reserved)


def _reserve_citizen_id(database: Database) -> int:
    """Return an ID that no citizen has or will have."""
    ((following,),) = rows(database, "SELECT coalesce(max(citizen_id), 0) + 1 FROM citizen")
    ((next_one,),) = rows(
        database,
        """INSERT INTO counter (name, next) VALUES ('citizen', ?) ON CONFLICT (name)
        DO UPDATE SET next = CASE WHEN counter.next > excluded.next THEN counter.next
            ELSE excluded.next END + 1 RETURNING next""",
        following + 1,
    )
    return int(next_one) - 1
