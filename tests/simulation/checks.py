"""What holds at every moment, and at the end."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from peewee import Database

from server.db.queries import rows
from server.ledger.values import Operation, Outcome, RequestKey
from server.upkeep.verify import verify
from tests.server.support import Town
from tests.simulation.model import Model
from tests.simulation.registration_checks import check_registrations_at_end
from tests.simulation.servers import Server
from tests.simulation.voucher_checks import check_vouchers

DONE = (Outcome.BOOKED, Outcome.REGISTERED)
SOURCES = ("ISSUED", "MOVED")
"""The accounts against which a program's points come in, and are moved."""
REMEMBERED = ("operation", "counter", "booking_check")
"""Remembered answers, and numbers that were reserved and will be gaps."""

_LOTS = """SELECT c.serial_number, a.program_id, l.last_good_day,
    CAST(sum(l.remaining) AS BIGINT) FROM lot l
    JOIN account a USING (account_id)
    JOIN certificate c ON a.owner = CAST(c.citizen_id AS TEXT)
    WHERE l.remaining > 0 GROUP BY c.serial_number, a.program_id, l.last_good_day"""
_ENTRIES = """SELECT a.program_id, a.kind, CASE WHEN a.kind = 'REDEEMED' THEN a.owner ELSE '' END,
    CAST(sum(e.points) AS BIGINT) FROM entry e JOIN account a USING (account_id)
    GROUP BY 1, 2, 3"""
_WRONG_LOTS = """SELECT l.lot_id FROM lot l LEFT JOIN entry e USING (lot_id)
    GROUP BY l.lot_id, l.remaining, l.points
    HAVING l.remaining <> coalesce(sum(e.points), 0) OR l.remaining NOT BETWEEN 0 AND l.points"""
_WRONG_SUMS = """SELECT e.transaction_id FROM entry e JOIN account a USING (account_id)
    GROUP BY e.transaction_id, a.program_id HAVING sum(e.points) <> 0"""


def tables(town: Town) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that a refusal must leave as it is."""
    return town.dump(*REMEMBERED)


def check_books(town: Town, database: Database, model: Model) -> None:
    """Lots, entries and the model agree; nothing is overdrawn; all sums are zero."""
    found = {(card, program, day): points for card, program, day, points in rows(database, _LOTS)}
    expected: dict[tuple[str, str, str], int] = {}
    for (card, program), lots in model.lots.held.items():
        for lot in lots:
            key = (card, program, lot.last_good_day.isoformat())
            expected[key] = expected.get(key, 0) + lot.points
    assert found == {key: points for key, points in expected.items() if points}
    check_sums(rows(database, _ENTRIES), model)
    assert rows(database, _WRONG_LOTS) == []
    assert rows(database, _WRONG_SUMS) == []


def check_sums(found: Iterable[tuple[str, str, str, int]], model: Model) -> None:
    """What was booked to each account is what the model says, and each program's sum is zero."""
    totals: Counter[str] = Counter()
    sums = {}
    for program, kind, place, points in found:
        totals[program] += points
        if points and kind not in SOURCES:
            sums[program, kind, place] = points
    assert sums == {key: points for key, points in model.sums().items() if points}
    assert not any(totals.values())


def check_end(
    town: Town,
    server: Server,
    model: Model,
    first_answers: Mapping[tuple[str, str], Operation],
) -> None:
    """Every answered booking is there exactly once, with the answer that was given."""
    verified = verify(town.database)
    assert verified.fault is None, verified.fault
    assert verified.transactions == model.booked
    check_vouchers(town, server, model)
    check_registrations_at_end(server.database, model)
    requests = [RequestKey(*key) for key in model.decided]
    kept = server.store.operations(requests)
    for key, (_, answer) in model.decided.items():
        operation = kept[RequestKey(*key)]
        assert operation.outcome == answer.outcome
        first = first_answers.get(key)
        if first is not None and first.outcome in DONE:
            assert operation.answer == first.answer, "what was answered is not what is kept"
