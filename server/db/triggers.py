"""Triggers that keep history: rows that are neither changed nor deleted."""

from collections.abc import Iterator

from server.db.dialect import Dialect
from server.db.postgres import refuse_truncate


def history_triggers(sql: Dialect, table: str) -> Iterator[str]:
    """Return the statements that make a table's rows unchangeable."""
    for verb in ("UPDATE", "DELETE"):
        if sql.is_sqlite:
            yield f"""CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} BEGIN
            SELECT RAISE(ABORT, 'history is neither changed nor deleted: {table}');
        END"""
        else:
            yield f"""CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table}
                FOR EACH ROW EXECUTE FUNCTION refuse_change()"""
    if not sql.is_sqlite:
        yield refuse_truncate(table)
