"""What the database itself refuses, whoever writes (LED-1), and what the models say of it."""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peewee import BlobField, BooleanField, CharField, Database, IntegerField, IntegrityError, Model

import server
from server.db.engine import open_database
from server.db.queries import change, rows
from server.ledger.booker import Booker
from tests.server.support import (
    CARD_A,
    COUNTER,
    MYKEY,
    STREET_1,
    Town,
    booked,
    grant_command,
    granted,
    hold_command,
    release_command,
    spend_command,
)

HISTORY = {
    "account": "owner = 'x'",
    "ledger_transaction": "subject = 'x'",
    "entry": "points = points + 1",
    "operation": "answer = fingerprint",
    "merge": "points = points + 1",
    "merge_event": "noted_at = 2",
    "seal": "sealed_at = 2",
    "audit_event": "times = 2",
    "audit_seal": "sealed_at = 2",
    "day_note": "noted_at = 2",
}
CHECK, UNIQUE, FOREIGN_KEY = "(?i)check constraint", "(?i)unique constraint", "(?i)foreign key"


def blob(town: Town, count: int, byte: int = 0) -> str:
    """So many bytes, as the engine writes them."""
    digits = f"{byte:02x}" * count
    return f"x'{digits}'" if town.is_sqlite else f"'\\x{digits}'"


@pytest.fixture
def database(town: Town, booker: Booker) -> Iterator[Database]:
    """A connection of the server's own making, with something in every table of history."""
    granted(booker, grant_command(CARD_A, 500))
    booked(booker, spend_command(CARD_A, 120))
    town.tamper(
        f"""INSERT INTO merge VALUES (2, '{STREET_1}', '123456789', 120, 1, 7, {blob(town, 16)},
        'name', {blob(town, 1)})""",  # noqa: S608
        "INSERT INTO merge_event VALUES (2, 'DELIVERED', 1, 'x')",
        f"INSERT INTO seal VALUES (1, 2, 2, {blob(town, 32)}, {blob(town, 32, 7)}, 1, NULL)",  # noqa: S608
        "INSERT INTO day_note VALUES (1, 'RAN', 1, '2026-07-01', 2, '', '', 0, 0, 0, 0)",
        "INSERT INTO audit_event VALUES (1, 1, '', '', '', '', '', '', '', '', 1)",
        f"INSERT INTO audit_seal VALUES (1, 1, {blob(town, 32)}, {blob(town, 32)}, "  # noqa: S608
        f"{blob(town, 32, 7)}, 1)",
    )
    with town.database.connection_context():
        yield town.database


def refuses(database: Database, match: str, *statements: str) -> None:
    """The last statement, or the commit after it, is refused; nothing stays."""
    database.execute_sql("BEGIN")
    for statement in statements[:-1]:
        database.execute_sql(statement)
    with pytest.raises(IntegrityError, match=match):
        database.execute_sql(statements[-1])
    database.execute_sql("ROLLBACK")


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_neither_changed_nor_deleted(database: Database, table: str) -> None:
    assert rows(database, f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608
    message = f"neither changed nor deleted: {table}"
    refuses(database, message, f"UPDATE {table} SET {HISTORY[table]}")  # noqa: S608
    refuses(database, message, f"DELETE FROM {table}")  # noqa: S608


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_not_replaced_by_an_insert(town: Town, database: Database, table: str) -> None:
    before = rows(database, f"SELECT * FROM {table}")  # noqa: S608
    if town.is_sqlite:
        again = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"  # noqa: S608
    else:
        column = HISTORY[table].partition(" ")[0]
        again = f"""INSERT INTO {table} SELECT * FROM {table} ON CONFLICT ON CONSTRAINT
            {table}_pkey DO UPDATE SET {column} = excluded.{column}"""  # noqa: S608
    refuses(database, "neither changed nor deleted|entries come before|constraint", again)
    assert rows(database, f"SELECT * FROM {table}") == before  # noqa: S608


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_not_emptied(town: Town, database: Database, table: str) -> None:
    if town.is_sqlite:
        refuses(database, "neither changed nor deleted", f"DELETE FROM {table} WHERE TRUE")  # noqa: S608
    else:
        refuses(database, "neither changed nor deleted", f"TRUNCATE {table} CASCADE")


def test_lots_are_not_deleted(town: Town, database: Database) -> None:
    refuses(database, "lots are not deleted", "DELETE FROM lot")
    if town.is_sqlite:
        again = "INSERT OR REPLACE INTO lot SELECT * FROM lot"
        refuses(database, "lots are not deleted|filled by its entries", again)
    else:
        refuses(database, "neither changed nor deleted: entry", "TRUNCATE lot CASCADE")


NEW_ACCOUNT = "INSERT INTO account VALUES (900, '00000001', 'SPENT', 'x')"
NEW_TRANSACTION = """INSERT INTO ledger_transaction VALUES
    (900, '2026070100900', 'SPEND', 1, '2026-07-01', 'c', 's', NULL, '')"""


def entry(sequence: int, account: str, points: int, lot: str = "NULL", number: int = 900) -> str:
    return f"INSERT INTO entry VALUES ({number}, {sequence}, {account}, {lot}, {points})"  # noqa: S608


HELD = "(SELECT account_id FROM account WHERE kind = 'HELD')"
SPENT = "(SELECT account_id FROM account WHERE kind = 'SPENT')"
LOT = "(SELECT lot_id FROM lot)"


def test_entries_sum_to_zero(database: Database) -> None:
    entries = (entry(1, HELD, -10, LOT), entry(2, "900", 9))
    refuses(database, "sum to zero", NEW_ACCOUNT, *entries, NEW_TRANSACTION)


def test_entries_sum_to_zero_in_each_program(database: Database) -> None:
    other = "INSERT INTO account VALUES (901, '00000002', 'SPENT', 'x')"
    entries = (entry(1, HELD, -10, LOT), entry(2, "901", 10))
    refuses(database, "sum to zero", other, *entries, NEW_TRANSACTION)


def test_a_transaction_has_entries(database: Database) -> None:
    refuses(database, "a transaction has entries", NEW_TRANSACTION)


def test_entries_need_their_transaction(database: Database) -> None:
    statements = (NEW_ACCOUNT, entry(1, HELD, -10, LOT), entry(2, "900", 10), "COMMIT")
    refuses(database, FOREIGN_KEY, *statements)


def test_no_entry_is_added_to_a_transaction(database: Database) -> None:
    late = entry(3, HELD, -10, LOT, number=2)
    refuses(database, "entries come before their transaction", late)


@pytest.mark.parametrize("points", [-381, 121])
def test_a_lot_is_neither_overdrawn_nor_overfilled(database: Database, points: int) -> None:
    refuses(database, CHECK, entry(1, HELD, points, LOT))


def test_held_points_are_in_lots_of_their_account_and_others_are_not(database: Database) -> None:
    message = "entries of held points name a lot"
    refuses(database, message, entry(1, HELD, -10))
    refuses(database, message, NEW_ACCOUNT, entry(1, "900", 10, LOT))
    other_held = "INSERT INTO account VALUES (901, '00000001', 'HELD', '2')"
    refuses(database, message, other_held, entry(1, "901", -10, LOT))


def test_a_lot_is_filled_by_its_entries(database: Database) -> None:
    new = f"INSERT INTO lot VALUES (900, {HELD}, 10, 10, '2026-07-01', '2026-07-02')"  # noqa: S608
    refuses(database, "a lot is filled by its entries", new)


@pytest.mark.parametrize(
    "to",
    [
        "lot_id = lot_id + 1",
        "account_id = account_id + 1",
        "points = points + 1",
        "received_on = '2026-06-01'",
        "last_good_day = '2030-01-01'",
    ],
)
def test_only_what_remains_of_a_lot_changes(database: Database, to: str) -> None:
    refuses(database, "only what remains of a lot changes", f"UPDATE lot SET {to}")  # noqa: S608


def cancellation(number: int) -> tuple[str, ...]:
    text = NEW_TRANSACTION.replace("SPEND", "CANCEL").replace("NULL", "2")
    return (
        entry(1, HELD, 1, LOT, number=number),
        entry(2, SPENT, -1, number=number),
        text.replace("900", str(number)),
    )


def test_a_spend_is_cancelled_at_most_once(database: Database) -> None:
    refuses(database, UNIQUE, *cancellation(900), *cancellation(901))


def test_what_refers_to_another_is_later_than_it(database: Database) -> None:
    entries = (entry(1, HELD, 1, LOT), entry(2, SPENT, -1))
    itself = NEW_TRANSACTION.replace("SPEND", "CANCEL").replace("NULL", "900")
    refuses(database, CHECK, *entries, itself)


@pytest.mark.parametrize(
    ("kind", "refers_to"), [("CANCEL", "NULL"), ("CAPTURE", "NULL"), ("SPEND", "2"), ("?", "NULL")]
)
def test_kinds_refer_or_do_not(database: Database, kind: str, refers_to: str) -> None:
    entries = (entry(1, HELD, 1, LOT), entry(2, SPENT, -1))
    new = NEW_TRANSACTION.replace("SPEND", kind).replace("NULL", refers_to)
    refuses(database, CHECK, *entries, new)


def test_an_account_is_of_a_kind(database: Database) -> None:
    refuses(database, CHECK, NEW_ACCOUNT.replace("SPENT", "OTHER"))


def test_a_municipality_has_one_municipal_program(database: Database) -> None:
    again = """INSERT INTO program (program_id, municipality_code, kind, name, days_valid,
        shown_on_my_page) SELECT '00000099', municipality_code, kind, name, days_valid,
        shown_on_my_page FROM program WHERE kind = 'MUNICIPAL' LIMIT 1"""
    refuses(database, UNIQUE, again)


@pytest.mark.parametrize(
    "to",
    [
        "municipality_code = NULL WHERE kind = 'MUNICIPAL'",
        "municipality_code = '131164' WHERE kind = 'RETAINED'",
        "kind = 'OTHER' WHERE kind = 'RETAINED'",
        "points_per_citizen_day_max = 0",
        "points_per_terminal_day_max = -1",
    ],
)
def test_programs_are_what_they_are(database: Database, to: str) -> None:
    refuses(database, CHECK, f"UPDATE program SET {to}")  # noqa: S608


def test_days_are_days(database: Database) -> None:
    for wrong in ("2026-02-30", "2026-7-1", "today", ""):
        with pytest.raises(Exception, match=r"(?i)check constraint|date"):
            change(database, f"INSERT INTO certificate VALUES ('FF', 1, '{wrong}', NULL, NULL)")  # noqa: S608
    assert rows(database, "SELECT 1 FROM certificate WHERE serial_number = 'FF'") == []


def test_a_session_token_s_hash_is_32_bytes(town: Town, database: Database) -> None:
    short = f"INSERT INTO session VALUES ({blob(town, 1)}, '{COUNTER}', 1, 2, NULL, '', 1)"  # noqa: S608
    refuses(database, CHECK, short)


def test_a_hold_is_open_until_a_transaction_refers_to_it(
    database: Database, booker: Booker
) -> None:
    (number,) = granted(booker, hold_command(MYKEY[CARD_A], 10))
    message = "a hold is open until a transaction refers to it"
    refuses(database, message, "INSERT INTO hold VALUES (1, 1, 1, FALSE)")
    refuses(database, message, "UPDATE hold SET is_open = NOT is_open")
    granted(booker, release_command(number))
    assert [bool(one) for (one,) in rows(database, "SELECT is_open FROM hold")] == [False]
    refuses(database, message, "UPDATE hold SET is_open = NOT is_open")


def test_a_hold_stays_as_it_was_booked(town: Town, database: Database, booker: Booker) -> None:
    granted(booker, hold_command(MYKEY[CARD_A], 10))
    message = "a hold is open until a transaction refers to it"
    for to in ("transaction_id = 1", "place_id = 2", "expires_at = expires_at + 1"):
        refuses(database, message, f"UPDATE hold SET {to}")  # noqa: S608
    refuses(database, "holds are not deleted", "DELETE FROM hold")
    if town.is_sqlite:
        again = "INSERT OR REPLACE INTO hold SELECT * FROM hold"
        refuses(database, "holds are not deleted", again)
    else:
        refuses(database, "neither changed nor deleted: hold", "TRUNCATE hold")


def test_every_table_is_strict(find_template: Callable[[str], str]) -> None:
    """On SQLite, where a column would take anything otherwise."""
    database = open_database(find_template("sqlite"))
    with database.connection_context():
        tables = rows(
            database,
            "SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND schema = 'main'",
        )
    lax = {name for name, strict in tables if not strict and not name.startswith("sqlite_")}
    assert lax == {"schema_migration"}, "only the migrations' own table is not ours to make strict"
    assert len(tables) > 18


def test_the_server_s_connections_are_durable_and_checked(town: Town, database: Database) -> None:
    if town.is_sqlite:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        found = [rows(database, f"PRAGMA {pragma}")[0][0] for pragma in pragmas]
        assert found == ["wal", 2, 1, 1]
    else:
        assert rows(database, "SHOW synchronous_commit") == [("on",)]
        assert rows(database, "SHOW lock_timeout") == [("5s",)]
        assert rows(database, "SHOW session_replication_role") == [("origin",)]


def models() -> list[type[Model]]:
    root = Path(server.__path__[0])
    for path in sorted(root.glob("*/tables.py")):
        importlib.import_module(f"server.{path.parent.name}.tables")
    return [model for model in Model.__subclasses__() if model.__module__.startswith("server.")]


TYPES = {
    CharField: {"text"},
    IntegerField: {"integer", "bigint"},
    BooleanField: {"integer", "boolean"},
    BlobField: {"blob", "bytea"},
}


def test_the_models_have_the_database_s_tables_and_columns(database: Database) -> None:
    found = models()
    assert len(found) >= 11
    for model in found:
        meta = model._meta
        columns = {column.name: column for column in database.get_columns(meta.table_name)}
        fields = {field.column_name: field for field in meta.sorted_fields}
        assert set(fields) == set(columns), meta.table_name
        keys = database.get_primary_keys(meta.table_name)
        named = [field.column_name for field in meta.get_primary_keys()]
        assert sorted(named) == sorted(keys), meta.table_name
        for name, field in fields.items():
            assert columns[name].data_type.lower() in TYPES[type(field)], name
            assert columns[name].null == field.null or name in keys, name
