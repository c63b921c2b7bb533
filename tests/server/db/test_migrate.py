"""Schemas: fresh, again, many processes at once, newer ones, filled ones, unusable files."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from server.db.engine import open_database
from server.db.errors import UnusableDatabaseError
from server.db.migrate import MIGRATIONS, NewerSchemaError, migrate
from server.db.sqlite import sqlite_path
from server.ledger.verify import verify
from tests.fixtures.schemas import FIRST as FILE
from tests.fixtures.schemas import NEWER, SPEND
from tests.server.support import CARD_A, Town, booked, decided, spend_command

FIRST = "0001_first_schema"
PROCESSES = 6


def schema(path: Path) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(path)
    query = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY type, name"
    rows: list[tuple[str, ...]] = connection.execute(query).fetchall()
    connection.close()
    return rows


def test_a_fresh_database_gets_every_migration_and_then_none(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'ledger.db'}")
    assert migrate(database) == sorted(path.stem for path in MIGRATIONS.glob("[0-9]*.py"))
    before = schema(tmp_path / "ledger.db")
    assert migrate(database) == []
    assert schema(tmp_path / "ledger.db") == before
    kinds = [row[0] for row in before]
    assert kinds.count("trigger") >= 16
    assert kinds.count("table") >= 19


def test_processes_that_start_at_once_make_one_schema(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
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
            [sys.executable, "-c", program, f"sqlite:///{path}"],
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
    fresh = tmp_path / "fresh.db"
    migrate(open_database(f"sqlite:///{fresh}"))
    assert schema(path) == schema(fresh)


def test_a_newer_schema_is_left_alone(town: Town) -> None:
    town.tamper(NEWER)
    before = town.dump()
    with pytest.raises(NewerSchemaError, match="9999_future"):
        migrate(town.database)
    assert town.dump() == before


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE merge (x)")
    connection.close()
    database = open_database(f"sqlite:///{path}")
    with pytest.raises(Exception, match="merge"):
        migrate(database)
    assert "municipality" not in {row[1] for row in schema(path)}


def test_a_filled_ledger_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    connection = sqlite3.connect(path)
    connection.executescript(FILE.read_text("utf-8"))
    connection.close()
    town = Town(f"sqlite:///{path}")
    migrate(town.database)
    fresh = tmp_path / "fresh.db"
    migrate(open_database(f"sqlite:///{fresh}"))
    assert schema(path) == schema(fresh), "every trigger and constraint is as a fresh one's"
    found = verify(town.database)
    assert (found.transactions, found.lots, found.fault) == (5, 2, None)
    with town.booker() as booker:
        (kept,) = decided(booker, SPEND)
        assert b"2026070100003" in kept.answer
        assert booked(booker, spend_command(CARD_A, 500))["balance_after"] == 0
    assert verify(town.database).fault is None


def test_the_fixture_is_of_the_first_schema() -> None:
    assert FIRST in FILE.read_text("utf-8")
    assert (MIGRATIONS / f"{FIRST}.py").exists()


def refuses(path: Path, match: str) -> None:
    with pytest.raises(UnusableDatabaseError, match=match) as caught:
        migrate(open_database(f"sqlite:///{path}"))
    assert str(path.parent) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    refuses(tmp_path / "none" / "ledger.db", "does not exist: make it first")


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_text("this is a letter, not a database\n" * 100)
    refuses(path, "cannot be opened as a database")
    assert path.read_text().startswith("this is a letter")


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").mkdir()
    refuses(tmp_path / "ledger.db", "cannot be opened as a database")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///var/ledger.db", "var/ledger.db"),
        ("sqlite:////srv/ledger.db", "/srv/ledger.db"),
        ("sqlite:///a%20b/%E5%8F%B0%E5%B8%B3.db", "a b/台帳.db"),
    ],
)
def test_the_file_of_a_url(url: str, path: str) -> None:
    assert sqlite_path(url) == Path(path)


@pytest.mark.parametrize(
    "url",
    ["", "ledger.db", "sqlite:", "sqlite:///", "sqlite://host/ledger.db", "mysql://host/ledger"],
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(UnusableDatabaseError, match="give sqlite:///FILE"):
        open_database(url)
