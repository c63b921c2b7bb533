"""Every constraint of every table is there on both engines, and refuses; triggers are left out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from peewee import Database, DatabaseError, IntegrityError, SqliteDatabase

from server.db.engine import open_database
from server.db.queries import change, rows
from tests.engines import NAMES, TestEngine
from tests.server.db.rows import CHECKED, OTHER, REFERRING, STORED, UNIQUE, Row, other, stored

NOT_OURS = {"schema_migration", "schema_lock"}
BOOLEANS = {
    ("municipality", "is_prefecture"),
    ("program", "shown_on_my_page"),
    ("issuer", "is_street"),
    ("hold", "is_open"),
    ("voucher", "is_open"),
    ("citizen_profile", "mails_granted"),
    ("citizen_profile", "mails_lapsed"),
    ("citizen_profile", "mails_password"),
    ("citizen_profile", "mails_mykey_id"),
}
DEFERRED = ("entry", "transaction_id")
"""Is looked at only at the commit: see test_entries_need_their_transaction."""

TYPES = {"TEXT": "text", "BIGINT": "integer", "INTEGER": "integer", "BYTEA": "blob", "BLOB": "blob"}


@pytest.fixture(scope="module")
def database(
    engine: TestEngine,
    find_template: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Database]:
    """A town without its triggers and with a row in every table."""
    folder = tmp_path_factory.mktemp("constraints")
    with engine.database(folder, find_template(engine.name)) as url:
        opened = open_database(url)
        with opened.connection_context():
            drop_triggers(opened)
            for table, row in STORED:
                store(opened, table, row)
            yield opened


def drop_triggers(database: Database) -> None:
    if isinstance(database, SqliteDatabase):
        for (name,) in rows(database, "SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute_sql(f"DROP TRIGGER {name}")
    else:
        for table in OTHER:
            database.execute_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")


def store(database: Database, table: str, row: Row) -> None:
    names, places = ", ".join(row), ", ".join("?" * len(row))
    change(database, f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())  # noqa: S608


@contextmanager
def left_alone(database: Database) -> Iterator[None]:
    with database.atomic() as transaction:
        yield
        transaction.rollback()


def refused(database: Database, table: str, row: Row) -> IntegrityError:
    with left_alone(database), pytest.raises(IntegrityError) as caught, database.atomic():
        store(database, table, row)
        pytest.fail(f"{table} took {row}")
    return caught.value


def constraint(error: IntegrityError) -> str:
    """What PostgreSQL calls the constraint that was violated, SQLite what it says."""
    diagnosis = getattr(error.__cause__ or error.__context__, "diag", None)
    return str(error if diagnosis is None else diagnosis.constraint_name)


def test_every_table_has_its_rows_here(database: Database) -> None:
    assert set(database.get_tables()) - NOT_OURS == set(OTHER) == set(dict(STORED))
    for table in OTHER:
        columns = {column.name for column in database.get_columns(table)}
        assert columns == set(stored(table)), table


@pytest.mark.parametrize("table", OTHER)
def test_a_row_that_breaks_nothing_is_stored(database: Database, table: str) -> None:
    with left_alone(database):
        store(database, table, other(table))


@pytest.mark.parametrize(
    ("table", "wrong"), [(table, wrong) for table, each in CHECKED.items() for wrong in each]
)
def test_checks_refuse(database: Database, table: str, wrong: Row) -> None:
    told = refused(database, table, {**other(table), **wrong})
    assert "check constraint" in str(told).lower(), told


def test_every_check_is_tried(database: Database) -> None:
    tried = [
        (table, constraint(refused(database, table, {**other(table), **wrong})))
        for table, each in CHECKED.items()
        for wrong in each
    ]
    if isinstance(database, SqliteDatabase):
        texts = rows(database, "SELECT sql FROM sqlite_master WHERE type = 'table'")
        there = sum(str(text).count("CHECK (") for (text,) in texts)
        assert len(set(tried)) + len(BOOLEANS) == there
    else:
        names = rows(
            database,
            """SELECT conrelid::regclass::text, conname FROM pg_constraint
            WHERE contype = 'c' AND connamespace = 'public'::regnamespace""",
        )
        assert set(tried) == set(names)


@pytest.mark.parametrize(("table", "column"), sorted(BOOLEANS))
def test_true_and_false_are_the_only_two(database: Database, table: str, column: str) -> None:
    with left_alone(database), pytest.raises(DatabaseError), database.atomic():
        store(database, table, {**other(table), column: 2})


@pytest.mark.parametrize("table", OTHER)
def test_numbers_are_numbers(database: Database, table: str) -> None:
    columns = [one.name for one in database.get_columns(table) if kind(one.data_type) == "integer"]
    for column in columns:
        with left_alone(database), pytest.raises(DatabaseError), database.atomic():
            store(database, table, {**other(table), column: "x"})
            pytest.fail(f"{table}.{column} took a text")


@pytest.mark.parametrize("table", OTHER)
def test_what_must_be_said_is(database: Database, table: str) -> None:
    for name in needed(database, table):
        told = refused(database, table, {**other(table), name: None})
        assert "not null" in str(told).lower().replace("-", " "), f"{name}: {told}"


@pytest.mark.parametrize("table", OTHER)
def test_references_lead_somewhere(database: Database, table: str) -> None:
    integers = {one.name for one in database.get_columns(table) if kind(one.data_type) == "integer"}
    for column, _ in references(database, table):
        if (table, column) == DEFERRED:
            continue
        wrong = REFERRING.get((table, column), {column: 9999 if column in integers else "x"})
        told = refused(database, table, {**other(table), **wrong})
        assert "foreign key" in str(told).lower(), f"{column}: {told}"


@pytest.mark.parametrize("table", OTHER)
def test_what_is_unique_is_stored_once(database: Database, table: str) -> None:
    found = uniques(database, table)
    assert found or table == "program_terminals"
    for columns in found:
        more = UNIQUE.get((table, columns), {})
        again = {**other(table), **{column: stored(table)[column] for column in columns}, **more}
        told = refused(database, table, again)
        assert "unique constraint" in str(told).lower(), f"{columns}: {told}"


def kind(data_type: str) -> str:
    return TYPES.get(data_type.upper(), data_type)


def needed(database: Database, table: str) -> list[str]:
    """The columns that are not null, but for a number as the key: SQLite gives that itself."""
    keys = database.get_primary_keys(table)
    return sorted(
        column.name
        for column in database.get_columns(table)
        if not column.null and not (keys == [column.name] and kind(column.data_type) == "integer")
    )


def references(database: Database, table: str) -> list[tuple[str, str]]:
    return sorted((key.column, key.dest_table) for key in database.get_foreign_keys(table))


def uniques(database: Database, table: str) -> list[tuple[str, ...]]:
    keys = [tuple(database.get_primary_keys(table))]
    indexes = [tuple(index.columns) for index in database.get_indexes(table) if index.unique]
    return sorted({columns for columns in (*keys, *indexes) if columns})


def indexed(database: Database, table: str) -> list[tuple[str, ...]]:
    return sorted(tuple(one.columns) for one in database.get_indexes(table) if not one.unique)


@pytest.mark.postgres
@pytest.mark.process
def test_both_engines_have_the_same(find_template: Callable[[str], str]) -> None:
    databases = [open_database(find_template(name)) for name in NAMES]
    for database in databases:
        database.connect()
    for table in OTHER:
        for of_one in (needed, references, uniques, indexed, types):
            on_sqlite, on_postgresql = (of_one(database, table) for database in databases)
            assert on_sqlite == on_postgresql, f"{table}: {of_one.__name__}"
    for database in databases:
        database.close()


def types(database: Database, table: str) -> list[tuple[str, str]]:
    """Columns and their types; SQLite has integers for booleans."""
    return [
        (one.name, "integer" if (table, one.name) in BOOLEANS else kind(one.data_type))
        for one in database.get_columns(table)
    ]
