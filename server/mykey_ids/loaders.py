"""How attempts and belongings are read for decisions."""

from datetime import date
from itertools import groupby
from typing import cast

from server.ledger.values import Key, Loader, RequestKey, Row
from server.mykey_ids.values import (
    Attempt,
    AttemptKey,
    Base,
    BaseKey,
    Belongings,
    BelongingsKey,
    OpenHold,
    Purpose,
)

ATTEMPT_COLUMNS = """a.caller, a.request_id, a.purpose, a.serial_number, a.last_good_day,
    a.citizen_id, a.expires_at, a.ended_at IS NOT NULL, a.proposals, a.refusals,
    c.mykey_id, coalesce(c.reserved_until, 0)"""
WITH_CANDIDATE = """LEFT JOIN mykey_candidate c
    ON c.caller = a.caller AND c.request_id = a.request_id"""
_ATTEMPTS = f"""SELECT {ATTEMPT_COLUMNS} FROM ({{keys}}) k CROSS JOIN mykey_attempt a
    {WITH_CANDIDATE} WHERE a.caller = k.column1 AND a.request_id = k.column2"""  # noqa: S608


def build_attempt(row: Row) -> Attempt:
    """Return the attempt that a row of ATTEMPT_COLUMNS describes."""
    caller, request_id, purpose, serial_number, last_good_day, citizen_id = row[:6]
    expires_at, ended, proposals, refusals, candidate, reserved_until = row[6:]
    return Attempt(
        RequestKey(str(caller), str(request_id)),
        Purpose(cast(str, purpose)),
        str(serial_number),
        date.fromisoformat(cast(str, last_good_day)),
        cast(int | None, citizen_id),
        cast(int, expires_at),
        bool(ended),
        cast(int, proposals),
        cast(int, refusals),
        cast(str | None, candidate),
        cast(int, reserved_until),
    )


def _attempts(rows: list[Row]) -> dict[Key[Attempt], Attempt]:
    found = (build_attempt(row) for row in rows)
    return {AttemptKey(*attempt.request): attempt for attempt in found}


def _attempt_parameters(key: Key[Attempt]) -> tuple[str, str]:
    attempt = cast(AttemptKey, key)
    return attempt.caller, attempt.attempt_id


ATTEMPTS = Loader(AttemptKey, _ATTEMPTS, _attempt_parameters, _attempts)

_BASES = """SELECT p.municipality_code FROM program p
    WHERE p.kind = 'MUNICIPAL' AND (p.municipality_code) IN ({keys})"""
BASES = Loader(
    BaseKey,
    _BASES,
    lambda key: (cast(BaseKey, key).municipality_code,),
    lambda rows: {BaseKey(str(code)): Base(str(code)) for (code,) in rows},
)

_BELONGINGS = """WITH k AS ({keys})
    SELECT k.column1, 'PROGRAM', p.program_id, p.name, 0
    FROM k CROSS JOIN account a CROSS JOIN program p
    WHERE a.owner = k.column2 AND a.kind = 'HELD' AND p.program_id = a.program_id
    UNION ALL SELECT k.column1, 'SERVICE_ID', s.issuer_id, '', 0
    FROM k CROSS JOIN service_id s WHERE s.citizen_id = k.column1
    UNION ALL SELECT k.column1, 'HOLD', a.program_id, t.transaction_number, e.points
    FROM k CROSS JOIN account a CROSS JOIN entry e CROSS JOIN hold h
    CROSS JOIN ledger_transaction t
    WHERE a.owner = k.column2 AND a.kind = 'RESERVED' AND e.account_id = a.account_id
    AND h.transaction_id = e.transaction_id AND h.is_open
    AND t.transaction_id = h.transaction_id"""


def build_belongings(rows: list[Row]) -> Belongings:
    """Return what rows of kind, ID, text and points say that a citizen has."""
    programs = sorted((str(id_), str(text)) for kind, id_, text, _ in rows if kind == "PROGRAM")
    holds = [
        OpenHold(str(text), str(id_), cast(int, points))
        for kind, id_, text, points in rows
        if kind == "HOLD"
    ]
    holds.sort(key=lambda hold: hold.transaction_number)
    service_ids = sum(row[0] == "SERVICE_ID" for row in rows)
    return Belongings(tuple(programs), service_ids, tuple(holds))


def _belongings(rows: list[Row]) -> dict[Key[Belongings], Belongings]:
    in_order = sorted(rows, key=lambda row: cast(int, row[0]))
    return {
        BelongingsKey(cast(int, citizen_id)): build_belongings([row[1:] for row in of_one])
        for citizen_id, of_one in groupby(in_order, key=lambda row: row[0])
    }


def _belongings_parameters(key: Key[Belongings]) -> tuple[int, str]:
    citizen_id = cast(BelongingsKey, key).citizen_id
    return citizen_id, str(citizen_id)


BELONGINGS = Loader(BelongingsKey, _BELONGINGS, _belongings_parameters, _belongings)
