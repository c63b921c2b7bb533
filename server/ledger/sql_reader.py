"""The queries of the booking path, which all engines understand."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from server.ledger.values import (
    USES,
    AccountKey,
    AccountKind,
    Key,
    Loader,
    Lot,
    Operation,
    Outcome,
    RequestKey,
    UsageKey,
)

Values = tuple[Any, ...]
Statement = tuple[str, Sequence[Any]]

LOTS = """SELECT a.program_id, a.kind, a.owner, l.lot_id, l.last_good_day, l.remaining
    FROM ({keys}) k CROSS JOIN account a CROSS JOIN lot l
    WHERE a.program_id = k.column1 AND a.kind = k.column2 AND a.owner = k.column3
    AND l.account_id = a.account_id AND l.remaining > 0"""
"""Not ordered: an engine might go through all lots in that order to save the sorting."""
OPERATIONS = """SELECT o.caller, o.request_id, o.method, o.fingerprint, o.outcome, o.answer
    FROM ({keys}) k CROSS JOIN operation o
    WHERE o.caller = k.column1 AND o.request_id = k.column2"""
_USES = ", ".join(f"'{kind}'" for kind in USES)
_COUNTS = f"""t.kind IN ({_USES}) AND NOT EXISTS (SELECT 1 FROM ledger_transaction r
    WHERE r.refers_to = t.transaction_id AND r.kind = 'CANCEL')"""  # noqa: S608
_USED_BY_CITIZEN = f"""SELECT k.column1, k.column2, k.column3, CAST(-sum(e.points) AS BIGINT)
    FROM ({{keys}}) k
    JOIN account a ON a.program_id = k.column1 AND a.kind = 'HELD' AND a.owner = k.column2
    JOIN entry e ON e.account_id = a.account_id
    JOIN ledger_transaction t ON t.transaction_id = e.transaction_id
    WHERE t.booked_on = k.column3 AND {_COUNTS}
    GROUP BY k.column1, k.column2, k.column3"""  # noqa: S608
_USED_BY_CALLER = f"""SELECT k.column1, k.column2, k.column3, CAST(-sum(e.points) AS BIGINT)
    FROM ({{keys}}) k
    JOIN ledger_transaction t ON t.caller = k.column2 AND t.booked_on = k.column3
    JOIN entry e ON e.transaction_id = t.transaction_id
    JOIN account a ON a.account_id = e.account_id
    WHERE a.program_id = k.column1 AND a.kind = 'HELD' AND {_COUNTS}
    GROUP BY k.column1, k.column2, k.column3"""  # noqa: S608


class SqlReader(ABC):
    """Reads on one connection, from one thread."""

    def __init__(self, loaders: Mapping[type[Key[Any]], Loader[Any]]) -> None:
        self._loaders = loaders

    @abstractmethod
    def _run(self, statements: Sequence[Statement]) -> list[list[Any]]:
        """Run statements in their order and return the rows of each."""

    @abstractmethod
    def _with_keys(self, text: str, keys: Sequence[Values]) -> Statement:
        """Return the statement whose text has the keys' rows where it says {keys}."""

    def look_up(self, keys: Collection[Key[Any]]) -> dict[Key[Any], Any]:
        """Return the values of the keys that have one."""
        types, statements = self._look_ups(keys)
        return self._built(types, self._run(statements))

    def lots(self, accounts: Collection[AccountKey]) -> dict[AccountKey, list[Lot]]:
        """Return the lots that hold points, in the order in which they expire."""
        rows = self._run(self._select(LOTS, held(accounts)))
        return lots_of(accounts, rows[0] if rows else ())

    def operations(self, requests: Collection[RequestKey]) -> dict[RequestKey, Operation]:
        """Return what was decided on the requests."""
        rows = self._run(self._select(OPERATIONS, list(dict.fromkeys(requests))))
        return operations_of(rows[0] if rows else ())

    def used(self, usages: Collection[UsageKey]) -> dict[UsageKey, int]:
        """Return how many points were used; a use that was cancelled does not count (USE-6)."""
        by_citizen, by_caller = self._usages(usages)
        found = self._run([*by_citizen, *by_caller])
        return used_of(usages, found[: len(by_citizen)], found[len(by_citizen) :])

    def _look_ups(self, keys: Collection[Key[Any]]) -> tuple[list[type[Key[Any]]], list[Statement]]:
        """Return the types of the keys, and the one statement that each type takes."""
        by_type: dict[type[Key[Any]], dict[Key[Any], None]] = {}
        for key in keys:
            by_type.setdefault(type(key), {})[key] = None
        statements = []
        for key_type, of_type in by_type.items():
            loader = self._loaders[key_type]
            parameters = [loader.parameters(key) for key in of_type]
            statements.append(self._with_keys(loader.select, parameters))
        return list(by_type), statements

    def _built(
        self, types: Sequence[type[Key[Any]]], found: Sequence[list[Any]]
    ) -> dict[Key[Any], Any]:
        values: dict[Key[Any], Any] = {}
        for key_type, rows in zip(types, found, strict=True):
            values.update(self._loaders[key_type].build(rows))
        return values

    def _select(self, text: str, keys: Sequence[Values]) -> list[Statement]:
        """Return the statement for the keys, and none where there is no key."""
        return [self._with_keys(text, keys)] if keys else []

    def _usages(self, usages: Collection[UsageKey]) -> tuple[list[Statement], list[Statement]]:
        """Return the statements that count uses by citizens, and by callers."""
        citizens = [(u.program_id, u.citizen, u.day.isoformat()) for u in usages if u.citizen]
        callers = [(u.program_id, u.caller, u.day.isoformat()) for u in usages if u.caller]
        return self._select(_USED_BY_CITIZEN, citizens), self._select(_USED_BY_CALLER, callers)


def held(accounts: Collection[AccountKey]) -> list[AccountKey]:
    """Return the accounts whose points are in lots."""
    return [account for account in accounts if account.kind == AccountKind.HELD]


def lots_of(accounts: Collection[AccountKey], rows: Collection[Any]) -> dict[AccountKey, list[Lot]]:
    """Return the lots that rows describe, by account, in the order in which they expire."""
    found: dict[AccountKey, list[Lot]] = {account: [] for account in accounts}
    for program_id, kind, owner, lot_id, last_good_day, remaining in rows:
        account = AccountKey(program_id, AccountKind(kind), owner)
        found[account].append(Lot(lot_id, date.fromisoformat(last_good_day), remaining))
    for lots in found.values():
        lots.sort(key=lambda lot: (lot.last_good_day, lot.lot_id))
    return found


def operations_of(rows: Collection[Any]) -> dict[RequestKey, Operation]:
    """Return the operations that rows describe, by request."""
    found = {}
    for caller, request_id, method, fingerprint, outcome, answer in rows:
        request = RequestKey(caller, request_id)
        found[request] = Operation(request, method, fingerprint, Outcome(outcome), answer)
    return found


def used_of(
    usages: Collection[UsageKey],
    by_citizen: Sequence[list[Any]],
    by_caller: Sequence[list[Any]],
) -> dict[UsageKey, int]:
    """Return what rows say was used; where there is none it is nothing."""
    found = dict.fromkeys(usages, 0)
    for rows in by_citizen:
        for program_id, citizen, day, points in rows:
            found[UsageKey(program_id, date.fromisoformat(day), citizen=citizen)] = points
    for rows in by_caller:
        for program_id, caller, day, points in rows:
            found[UsageKey(program_id, date.fromisoformat(day), caller=caller)] = points
    return found
