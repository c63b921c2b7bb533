"""What the database itself refuses, whoever writes (LED-1), and what the models say of it."""

import importlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from peewee import Model

import server
from server.ledger.booker import Booker
from tests.server.support import (
    CARD_A,
    COUNTER,
    STREET_1,
    Town,
    booked,
    grant_command,
    granted,
    spend_command,
)

HISTORY = {
    "account": "owner = 'x'",
    "ledger_transaction": "subject = 'x'",
    "entry": "points = points + 1",
    "operation": "answer = x'00'",
    "merge": "points = points + 1",
}


@pytest.fixture
def connection(town: Town, booker: Booker) -> Iterator[sqlite3.Connection]:
    """The connection of a server's own making, with something in every table of history."""
    granted(booker, grant_command(CARD_A, 500))
    booked(booker, spend_command(CARD_A, 120))
    town.tamper(
        f"""INSERT INTO merge VALUES (2, '{STREET_1}', '123456789', 120, 1, 7, zeroblob(16),
        'name', x'00')"""  # noqa: S608
    )
    town.database.connect()
    own: sqlite3.Connection = town.database.connection()
    yield own
    town.database.close()


def refuses(connection: sqlite3.Connection, match: str, *statements: str) -> None:
    """The last statement, or the commit after it, is refused; nothing stays."""
    before = connection.total_changes
    connection.execute("BEGIN")
    for statement in statements[:-1]:
        connection.execute(statement)
    with pytest.raises(sqlite3.IntegrityError, match=match):
        connection.execute(statements[-1])
    connection.execute("ROLLBACK")
    assert before <= connection.total_changes


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_neither_changed_nor_deleted(connection: sqlite3.Connection, table: str) -> None:
    assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
    message = f"neither changed nor deleted: {table}"
    refuses(connection, message, f"UPDATE {table} SET {HISTORY[table]}")  # noqa: S608
    refuses(connection, message, f"DELETE FROM {table}")  # noqa: S608


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_not_replaced_by_an_insert(connection: sqlite3.Connection, table: str) -> None:
    before = connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
    values = ", ".join("?" * len(before[0]))
    connection.execute("BEGIN")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(f"INSERT OR REPLACE INTO {table} VALUES ({values})", before[0])  # noqa: S608
    connection.execute("ROLLBACK")
    assert connection.execute(f"SELECT * FROM {table}").fetchall() == before  # noqa: S608


def test_lots_are_not_replaced_or_deleted(connection: sqlite3.Connection) -> None:
    refuses(connection, "lots are not deleted", "DELETE FROM lot")
    refuses(
        connection,
        "lots are not deleted",
        """INSERT OR REPLACE INTO lot (lot_id, account_id, points, received_on, last_good_day)
        SELECT lot_id, account_id, points, received_on, last_good_day FROM lot""",
    )


NEW_ACCOUNT = "INSERT INTO account VALUES (900, '00000001', 'SPENT', 'x')"
NEW_TRANSACTION = """INSERT INTO ledger_transaction VALUES
    (900, '2026070100900', 'SPEND', 1, '2026-07-01', 'c', 's', NULL, '')"""


def entry(sequence: int, account: str, points: int, lot: str = "NULL", number: int = 900) -> str:
    return f"INSERT INTO entry VALUES ({number}, {sequence}, {account}, {lot}, {points})"  # noqa: S608


HELD = "(SELECT account_id FROM account WHERE kind = 'HELD')"
LOT = "(SELECT lot_id FROM lot)"


def test_entries_sum_to_zero(connection: sqlite3.Connection) -> None:
    entries = (entry(1, HELD, -10, LOT), entry(2, "900", 9))
    refuses(connection, "sum to zero", NEW_ACCOUNT, *entries, NEW_TRANSACTION)


def test_entries_sum_to_zero_in_each_program(connection: sqlite3.Connection) -> None:
    other = "INSERT INTO account VALUES (901, '00000002', 'SPENT', 'x')"
    entries = (entry(1, HELD, -10, LOT), entry(2, "901", 10))
    refuses(connection, "sum to zero", other, *entries, NEW_TRANSACTION)


def test_a_transaction_has_entries(connection: sqlite3.Connection) -> None:
    refuses(connection, "a transaction has entries", NEW_TRANSACTION)


def test_entries_need_their_transaction(connection: sqlite3.Connection) -> None:
    statements = (NEW_ACCOUNT, entry(1, HELD, -10, LOT), entry(2, "900", 10), "COMMIT")
    refuses(connection, "FOREIGN KEY", *statements)


def test_no_entry_is_added_to_a_transaction(connection: sqlite3.Connection) -> None:
    late = entry(3, HELD, -10, LOT, number=2)
    refuses(connection, "entries come before their transaction", late)


def test_a_lot_is_not_overdrawn(connection: sqlite3.Connection) -> None:
    refuses(connection, "CHECK", entry(1, HELD, -381, LOT))


def test_a_lot_is_not_overfilled(connection: sqlite3.Connection) -> None:
    refuses(connection, "CHECK", entry(1, HELD, 121, LOT))


def test_held_points_are_in_lots_of_their_account_and_others_are_not(
    connection: sqlite3.Connection,
) -> None:
    message = "entries of held points name a lot"
    refuses(connection, message, entry(1, HELD, -10))
    refuses(connection, message, NEW_ACCOUNT, entry(1, "900", 10, LOT))
    other_held = "INSERT INTO account VALUES (901, '00000001', 'HELD', '2')"
    refuses(connection, message, other_held, entry(1, "901", -10, LOT))


def test_a_lot_is_filled_by_its_entries(connection: sqlite3.Connection) -> None:
    refuses(
        connection,
        "a lot is filled by its entries",
        f"INSERT INTO lot VALUES (900, {HELD}, 10, 10, '2026-07-01', '2026-07-02')",  # noqa: S608
    )


@pytest.mark.parametrize(
    "change",
    [
        "lot_id = lot_id + 1",
        "account_id = account_id + 1",
        "points = points + 1",
        "received_on = '2026-06-01'",
        "last_good_day = '2030-01-01'",
    ],
)
def test_only_what_remains_of_a_lot_changes(connection: sqlite3.Connection, change: str) -> None:
    refuses(connection, "only what remains of a lot changes", f"UPDATE lot SET {change}")  # noqa: S608


def test_a_spend_is_cancelled_at_most_once(connection: sqlite3.Connection) -> None:
    refuses(
        connection,
        "UNIQUE constraint failed: ledger_transaction.refers_to",
        entry(1, HELD, 1, LOT),
        entry(2, "(SELECT account_id FROM account WHERE kind = 'SPENT')", -1),
        NEW_TRANSACTION.replace("SPEND", "CANCEL").replace("NULL", "2"),
        entry(1, HELD, 1, LOT, number=901),
        entry(2, "(SELECT account_id FROM account WHERE kind = 'SPENT')", -1, number=901),
        NEW_TRANSACTION.replace("SPEND", "CANCEL").replace("NULL", "2").replace("900", "901"),
    )


def test_a_municipality_has_one_municipal_program(connection: sqlite3.Connection) -> None:
    refuses(
        connection,
        "UNIQUE",
        """INSERT INTO program SELECT '00000099', municipality_code, kind, name, days_valid,
        service_from, service_until, shown_on_my_page, points_per_use_max FROM program
        WHERE kind = 'MUNICIPAL' LIMIT 1""",
    )


def test_days_are_days(connection: sqlite3.Connection) -> None:
    for wrong in ("2026-02-30", "2026-7-1", "today", ""):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(
                f"INSERT INTO certificate VALUES ('FF', 1, '{wrong}', NULL)"  # noqa: S608
            )


def test_every_table_is_strict(connection: sqlite3.Connection) -> None:
    tables = connection.execute(
        "SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND schema = 'main'"
    ).fetchall()
    lax = {name for name, strict in tables if not strict and not name.startswith("sqlite_")}
    assert lax == {"schema_migration"}, "only the migrations' own table is not ours to make strict"
    assert len(tables) > 15


def test_the_server_s_connections_are_durable_and_checked(connection: sqlite3.Connection) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
    found = [connection.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in pragmas]
    assert found == ["wal", 2, 1, 1]


def models() -> list[type[Model]]:
    root = Path(server.__path__[0])
    for path in sorted(root.glob("*/tables.py")):
        importlib.import_module(f"server.{path.parent.name}.tables")
    return [model for model in Model.__subclasses__() if model.__module__.startswith("server.")]


def test_the_models_have_the_database_s_tables_and_columns(connection: sqlite3.Connection) -> None:
    found = models()
    assert len(found) >= 11
    for model in found:
        meta = model._meta
        columns = connection.execute(f"PRAGMA table_info({meta.table_name})").fetchall()
        assert {field.column_name for field in meta.sorted_fields} == {
            column[1] for column in columns
        }, meta.table_name
        nullable = {field.column_name for field in meta.sorted_fields if field.null}
        assert nullable == {column[1] for column in columns if not column[3] and not column[5]}


def test_a_session_token_s_hash_is_32_bytes(connection: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        connection.execute("INSERT INTO session VALUES (x'00', ?, 1, 2, NULL)", (COUNTER,))
