"""Migrations (LED-7): afresh, again, many processes at once, newer ones, filled ones."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from peewee import Database
from playhouse.migrations import Runner

from server.clock import for_people
from server.db.engine import open_database
from server.db.errors import UnusableDatabaseError
from server.db.migrate import MIGRATIONS, NewerSchemaError, migrate
from server.db.queries import change, rows
from server.master_key.sealed_columns import check_secrets
from server.secrets import Vault
from server.timekeeping.notes import newest_notes, store_note
from server.timekeeping.values import NoteKind
from server.upkeep.verify import verify
from tests.engines import TestEngine
from tests.fixtures.schemas import FIRST_NAME, NEWER, SPEND, fill_first
from tests.server.db.schema import schema
from tests.server.support import (
    CARD_A,
    MASTER_KEY,
    TestChance,
    Town,
    booked,
    decided,
    grant_command,
    granted,
    hold_command,
    release_command,
    spend_command,
)

NAMES = sorted(path.stem for path in MIGRATIONS.glob("[0-9]*.py"))
PROCESSES = 6
MIGRATING = """
import sys
from server.db.engine import open_database
from server.db.migrate import migrate
print("ready", flush=True)
sys.stdin.read(1)
print(*migrate(open_database(sys.argv[1])))
"""


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


@pytest.fixture
def fresh(new_url: Callable[[str], str]) -> list[tuple[str, ...]]:
    """The schema that a new database gets."""
    database = open_database(new_url("fresh"))
    migrate(database)
    return schema(database)


@pytest.fixture
def first(new_url: Callable[[str], str]) -> Town:
    """A filled ledger of the first schema."""
    url = new_url("first")
    fill_first(url)
    return Town(url)


def content(database: Database) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """The columns and rows of every table."""
    with database.connection_context():
        columns = {
            table: [column.name for column in database.get_columns(table)]
            for table in database.get_tables()
            if table != "schema_lock"
        }
        return {
            table: (names, sorted(rows(database, f"SELECT * FROM {table}"), key=repr))  # noqa: S608
            for table, names in columns.items()
        }


def test_a_fresh_database_gets_every_migration_and_then_none(
    new_url: Callable[[str], str],
) -> None:
    database = open_database(new_url("ledger"))
    assert migrate(database) == NAMES
    before = schema(database)
    assert migrate(database) == []
    assert schema(database) == before
    kinds = [row[0] for row in before]
    assert kinds.count("trigger") >= 20
    assert kinds.count("index") >= 10


def migrate_at_once(url: str) -> list[str]:
    """Migrate in several processes that begin at the same moment; return what each applied."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATING, url],
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
    return sorted(out.strip() for out, _ in told)


def test_processes_that_start_at_once_make_one_schema(
    new_url: Callable[[str], str], fresh: list[tuple[str, ...]]
) -> None:
    url = new_url("ledger")
    assert migrate_at_once(url) == [""] * (PROCESSES - 1) + [" ".join(NAMES)]
    assert schema(open_database(url)) == fresh


def test_processes_that_start_at_once_bring_a_filled_ledger_up_to_date_once(
    first: Town, fresh: list[tuple[str, ...]]
) -> None:
    assert migrate_at_once(first.url) == [""] * (PROCESSES - 1) + [" ".join(NAMES[1:])]
    assert schema(first.database) == fresh
    assert verify(first.database).fault is None


def test_a_newer_schema_is_left_alone(town: Town) -> None:
    town.tamper(NEWER)
    before = town.dump()
    url = town.url.replace("postgres:@", "postgres:geheim@")
    assert town.is_sqlite or "geheim" in url
    with pytest.raises(NewerSchemaError, match=r"9999_future.*install that version") as caught:
        migrate(open_database(url))
    assert "\n" not in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert town.dump() == before


def test_a_migration_that_fails_leaves_nothing(new_url: Callable[[str], str]) -> None:
    """Neither its own changes nor those of the migrations before it."""
    database = open_database(new_url("ledger"))
    with database.connection_context():
        database.execute_sql("CREATE TABLE seal (x TEXT)")
    with pytest.raises(UnusableDatabaseError, match=r"cannot be brought up to date.*seal") as told:
        migrate(database)
    assert "\n" not in str(told.value)
    left = {row[2] if row[0] == "table" else row[1] for row in schema(database)}
    assert left - {"schema_lock"} == {"seal"}


def test_a_migration_that_fails_leaves_a_filled_ledger_as_it_was(first: Town) -> None:
    with first.database.connection_context():
        first.database.execute_sql("CREATE TABLE job (x TEXT)")
    before, rows_before = schema(first.database), content(first.database)
    with pytest.raises(UnusableDatabaseError, match=r"cannot be brought up to date.*job"):
        migrate(first.database)
    ours = [row for row in schema(first.database) if "schema_lock" not in row[1]]
    assert ours == [row for row in before if "schema_lock" not in row[1]]
    assert content(first.database) == rows_before
    with first.database.connection_context():
        first.database.execute_sql("DROP TABLE job")
    assert migrate(first.database) == NAMES[1:]


def test_a_filled_ledger_of_the_first_schema_is_brought_up_to_date(
    first: Town, fresh: list[tuple[str, ...]]
) -> None:
    database = first.database
    with database.connection_context():
        assert rows(database, "SELECT name FROM schema_migration") == [(FIRST_NAME,)]
    assert schema(database) != fresh
    before = content(database)
    assert migrate(database) == NAMES[1:]
    assert schema(database) == fresh, "every trigger and constraint is a fresh one's"
    assert kept(before, content(database)) == kept(before, before)
    found = verify(database)
    assert (found.transactions, found.lots, found.fault) == (5, 2, None)
    if first.is_sqlite:
        assert first.rows("PRAGMA integrity_check") == [("ok",)]
        assert first.rows("PRAGMA foreign_key_check") == []


Content = dict[str, tuple[list[str], list[tuple[Any, ...]]]]
RENAMED = {"cancels": "refers_to"}


def kept(before: Content, found: Content) -> dict[str, list[tuple[Any, ...]]]:
    """What is found in the columns there were before, without rows that a migration adds."""
    of_tables = {}
    for table, (columns, _) in before.items():
        names, all_rows = found[table]
        places = [names.index(name if name in names else RENAMED[name]) for name in columns]
        of_tables[table] = [
            tuple(row[place] for place in places)
            for row in all_rows
            if not {"00000000", *NAMES[1:], "transaction", "transaction-gaps-below"} & {*row[:2]}
        ]
    return of_tables


def test_booking_goes_on_after_a_migration(first: Town) -> None:
    migrate(first.database)
    with first.booker() as booker:
        (kept_answer,) = decided(booker, SPEND)
        assert b"2026070100003" in kept_answer.answer
        assert booked(booker, spend_command(CARD_A, 500))["balance_after"] == 0
        (number,) = granted(booker, grant_command(CARD_A, 10))
        assert number > "2026070100005"
        (hold,) = granted(booker, hold_command("AAAA1111", 10))
        granted(booker, release_command(hold))
    ids = first.rows("SELECT transaction_id FROM ledger_transaction ORDER BY 1")
    assert ids == [(number,) for number in range(1, 10)]
    assert verify(first.database).fault is None


def test_an_empty_client_secret_of_a_training_ledger_is_mended(
    new_url: Callable[[str], str], fresh: list[tuple[str, ...]]
) -> None:
    """Earlier versions wrote one for every street that a terminal practised at."""
    database = open_database(new_url("ledger"))
    with database.connection_context():
        Runner(database, str(MIGRATIONS)).up("0008_contacts")
        change(
            database,
            """INSERT INTO issuer (issuer_id, name, is_street, notification)
            VALUES ('000002', '一番街', ?, 'SCREEN')""",
            True,
        )
        change(
            database,
            """INSERT INTO street (issuer_id, profile, id_kind, id_pattern, sealed_client_secret)
            VALUES ('000002', 2, 'STREET', '', ?)""",
            b"",
        )
    assert migrate(database)[0] == "0009_streets_without_secret"
    assert schema(database) == fresh
    with database.connection_context():
        assert rows(database, "SELECT sealed_client_secret FROM street") == [(None,)]
        check_secrets(database, Vault(MASTER_KEY, TestChance()))


def test_serial_numbers_lose_their_zeros_and_one_number_is_kept_once(
    new_url: Callable[[str], str],
) -> None:
    database = open_database(new_url("ledger"))
    with database.connection_context():
        Runner(database, str(MIGRATIONS)).up("0010_booking_check")
        for citizen_id, mykey_id in ((1, "AAAA1111"), (2, "BBBB2222")):
            change(database, "INSERT INTO citizen VALUES (?, ?, NULL)", citizen_id, mykey_id)
        certificates = (
            ("030D45", 1, None),
            ("030D46", 1, "030D45"),
            ("012AD1", 1, None),
            ("12AD1", 2, None),
            ("00012AD1", 2, None),
            ("C12AB1", 1, "12AD1"),
            ("000", 2, None),
        )
        for number, citizen_id, renews in certificates:
            change(
                database,
                """INSERT INTO certificate (serial_number, citizen_id, last_good_day, renews)
                VALUES (?, ?, '2031-01-01', ?)""",
                number,
                citizen_id,
                renews,
            )
        renewals = (("0B12AB12", "030D45"), ("B12AB12", "30D45"), ("0FF", "FF"), ("AA", "00AB"))
        for number, renews in renewals:
            change(
                database,
                "INSERT INTO certificate_renewal VALUES (?, ?, '2031-01-01')",
                number,
                renews,
            )
            change(database, "INSERT INTO signature_renewal VALUES (?, ?)", number, renews)
    assert migrate(database)[0] == "0011_serial_numbers"
    with database.connection_context():
        query = "SELECT serial_number, citizen_id, renews FROM certificate ORDER BY 1"
        assert rows(database, query) == [
            ("0", 2, None),
            ("12AD1", 1, None),
            ("30D45", 1, None),
            ("30D46", 1, "30D45"),
            ("C12AB1", 1, "12AD1"),
        ]
        for table in ("certificate_renewal", "signature_renewal"):
            query = f"SELECT serial_number, renews FROM {table} ORDER BY 1"  # noqa: S608
            assert rows(database, query) == [("AA", "AB"), ("B12AB12", "30D45")]


def test_the_last_nightly_run_is_noted(
    new_url: Callable[[str], str], fresh: list[tuple[str, ...]]
) -> None:
    database = open_database(new_url("ledger"))
    with database.connection_context():
        Runner(database, str(MIGRATIONS)).up("0011_serial_numbers")
        for name, done_for in (("nightly-run", "2026-07-01"), ("sealing", "")):
            change(database, "INSERT INTO job VALUES (?, '', 0, ?)", name, done_for)
    assert migrate(database)[0] == "0012_day_notes"
    assert schema(database) == fresh
    with database.connection_context():
        (note,) = newest_notes(database, 10)
        assert (note.kind, str(note.day)) == (NoteKind.RAN, "2026-07-01")
        assert for_people(note.noted_at) == "2026-07-01 00:00:00"
        store_note(database, note)
        assert len(newest_notes(database, 10)) == 2
