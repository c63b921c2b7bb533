"""Schemas: fresh, again, many processes at once, newer ones, filled ones."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playhouse.migrations import Runner

from server.db.engine import open_database
from server.db.errors import UnusableDatabaseError
from server.db.migrate import MIGRATIONS, NewerSchemaError, migrate
from server.db.queries import rows
from server.ledger.verify import verify
from tests.engines import TestEngine
from tests.fixtures.schemas import FIRST, NEWER, SPEND
from tests.server.db.schema import schema
from tests.server.support import (
    CARD_A,
    Town,
    booked,
    decided,
    grant_command,
    granted,
    spend_command,
)

FIRST_NAME = "0001_first_schema"
PROCESSES = 6


@pytest.fixture
def new_url(engine: TestEngine, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Makes empty databases."""
    made: list[str] = []

    def new(name: str) -> str:
        folder = tmp_path / name
        folder.mkdir()
        made.append(engine.new(folder))
        return made[-1]

    yield new
    for url in made:
        engine.drop(url)


def test_a_fresh_database_gets_every_migration_and_then_none(
    new_url: Callable[[str], str],
) -> None:
    database = open_database(new_url("ledger"))
    assert migrate(database) == sorted(path.stem for path in MIGRATIONS.glob("[0-9]*.py"))
    before = schema(database)
    assert migrate(database) == []
    assert schema(database) == before
    kinds = [row[0] for row in before]
    assert kinds.count("trigger") >= 20
    assert kinds.count("index") >= 10


def test_processes_that_start_at_once_make_one_schema(new_url: Callable[[str], str]) -> None:
    url = new_url("ledger")
    program = (
        "import sys\n"
        "from server.db.engine import open_database\n"
        "from server.db.migrate import migrate\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read(1)\n"
        "print(len(migrate(open_database(sys.argv[1]))))\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()
    told = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES, told
    applied = sorted(int(out) for out, _ in told)
    assert applied == [0] * (PROCESSES - 1) + [len(list(MIGRATIONS.glob("[0-9]*.py")))]
    fresh = open_database(new_url("fresh"))
    migrate(fresh)
    assert schema(open_database(url)) == schema(fresh)


def test_a_newer_schema_is_left_alone(town: Town) -> None:
    town.tamper(NEWER)
    before = town.dump()
    with pytest.raises(NewerSchemaError, match="9999_future") as caught:
        migrate(town.database)
    assert "\n" not in str(caught.value)
    assert town.dump() == before


def test_a_migration_that_fails_leaves_nothing(new_url: Callable[[str], str]) -> None:
    database = open_database(new_url("ledger"))
    with database.connection_context():
        database.execute_sql("CREATE TABLE merge (x TEXT)")
    with pytest.raises(UnusableDatabaseError, match=r"cannot be brought up to date.*merge"):
        migrate(database)
    assert not [row for row in schema(database) if "municipality" in row[1:3]]


def fill(url: str) -> None:
    """Fill an empty database of the first schema with the rows of its fixture."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.executescript(FIRST.read_text("utf-8"))
        connection.close()
        return
    database = open_database(url)
    old = sqlite3.connect(":memory:")
    old.executescript(FIRST.read_text("utf-8"))
    with database.connection_context():
        Runner(database, str(MIGRATIONS)).up(FIRST_NAME)
        database.execute_sql("SET session_replication_role = replica")
        for table in set(database.get_tables()) - {"schema_migration", "schema_lock"}:
            columns = database.get_columns(table)
            names = ", ".join(column.name for column in columns)
            places = ", ".join(["%s"] * len(columns))
            for row in old.execute(f"SELECT {names} FROM {table}"):  # noqa: S608
                values = [
                    bool(value) if column.data_type == "boolean" else value
                    for column, value in zip(columns, row, strict=True)
                ]
                text = f"INSERT INTO {table} ({names}) VALUES ({places})"  # noqa: S608
                database.execute_sql(text, values)
    old.close()


def test_a_filled_ledger_of_the_first_schema_is_brought_up_to_date(
    new_url: Callable[[str], str],
) -> None:
    url = new_url("ledger")
    fill(url)
    town = Town(url)
    with town.database.connection_context():
        names = rows(town.database, "SELECT name FROM schema_migration")
    assert names == [(FIRST_NAME,)]
    migrate(town.database)
    fresh = open_database(new_url("fresh"))
    migrate(fresh)
    assert schema(town.database) == schema(fresh), "every trigger and constraint is a fresh one's"
    found = verify(town.database)
    assert (found.transactions, found.lots, found.fault) == (5, 2, None)
    if town.is_sqlite:
        assert town.rows("PRAGMA integrity_check") == [("ok",)]
        assert town.rows("PRAGMA foreign_key_check") == []
    with town.booker() as booker:
        (kept,) = decided(booker, SPEND)
        assert b"2026070100003" in kept.answer
        assert booked(booker, spend_command(CARD_A, 500))["balance_after"] == 0
        granted(booker, grant_command(CARD_A, 10, "00000000"))
    assert verify(town.database).fault is None


def test_the_fixture_is_of_the_first_schema() -> None:
    assert FIRST_NAME in FIRST.read_text("utf-8")
    assert (MIGRATIONS / f"{FIRST_NAME}.py").exists()
