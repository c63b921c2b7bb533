"""Databases that a server cannot start with: each is told in one line, without a password."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.db import sqlite
from server.db.engine import open_database, open_existing
from server.db.errors import UnusableDatabaseError
from server.db.migrate import MIGRATIONS, migrate
from server.db.postgres import without_password
from server.db.sqlite import sqlite_path
from tests.engines import PostgresEngine, SqliteEngine, TestEngine
from tests.fixtures.schemas import fill_first
from tests.server.db.conditions import locked, small_disk, with_options
from tests.server.support import CARD_A, Town, build_town, grant_command, granted

SECONDS_MAX = 10


def refuses(url: str, match: str) -> str:
    with pytest.raises(UnusableDatabaseError, match=match) as caught:
        migrate(open_database(url))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    refuses(f"sqlite:///{tmp_path / 'none' / 'ledger.db'}", "does not exist: make it first")


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_text("this is a letter, not a database\n" * 100)
    refuses(f"sqlite:///{path}", "cannot be opened as a database")
    assert path.read_text().startswith("this is a letter")


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").mkdir()
    refuses(f"sqlite:///{tmp_path / 'ledger.db'}", "cannot be opened as a database: it is no file")
    refuses("sqlite:////dev/null", "/dev/null cannot be opened as a database: it is no file")


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
    refuses(url, "give sqlite:///FILE")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:secret@host/db", "postgresql://u@host/db"),
        ("postgresql://host:5433/db?password=secret", "postgresql://host:5433/db"),
        ("postgresql:///db?host=/run/x", "postgresql:///db"),
        ("mysql://u:p%40w@host/db", "mysql://u@host/db"),
        ("postgresql://u@h:1,[::1]:2/db", "postgresql://u@h:1,[::1]:2/db"),
        ("postgresql://%2Frun%2Fx/db", "postgresql://%2Frun%2Fx/db"),
        ("postgresql://u%40h:secret@host/db", "postgresql://u%40h@host/db"),
        ("postgresql://u:sec/ret@host/db", "that URL"),
        ("postgresql://u:123/ret@host/db", "that URL"),
        ("postgresql://u:123?ret@host/db", "that URL"),
        ("postgresql://u:sec#ret@host/db", "that URL"),
        ("postgresql://u:sec?ret@host/db", "that URL"),
        ("postgresql://u:sec ret@host/db", "that URL"),
        ("postgresql://u:sec@ret@host/db", "that URL"),
        ("u:secret@host", "that URL"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


@pytest.fixture(scope="session")
def engine(find_engine: Callable[[str], TestEngine]) -> TestEngine:
    return find_engine("postgresql")


@pytest.fixture
def postgres(engine: TestEngine) -> PostgresEngine:
    assert isinstance(engine, PostgresEngine)
    return engine


def test_postgresql_that_does_not_run_is_told() -> None:
    told = refuses("postgresql://u:secret@127.0.0.1:1/ledger", "cannot be reached")
    assert "check that PostgreSQL runs there" in told
    assert "secret" not in told


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:sec/ret@host/db",
        "postgresql://u:sec%ret@host/db",
        "postgresql://u:sec ret@127.0.0.1:1/db",
        "postgresql://u:secret@[127/n",
        "postgresql://u:secret@127.0.0.1:port/db",
        "postgresql://u:sec@ret@127.0.0.1:1/db",
        "postgresql://u:sec@ret/@127.0.0.1:1/db",
    ],
)
def test_a_url_that_is_not_well_formed_is_told_without_its_password(url: str) -> None:
    told = refuses(url, "cannot be|is no database")
    with pytest.raises(UnusableDatabaseError):
        open_existing(url)
    assert not [part for part in ("sec", "ret@") if part in told.replace("secret", "sec")]


def test_a_database_that_is_not_there_is_told(town: Town) -> None:
    name = town.url.partition("?")[0].rpartition("/")[2]
    told = refuses(town.url.replace(name, "nowhere"), "cannot be reached.*nowhere")
    assert "does not exist" in told


def test_a_missing_driver_is_told(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "sys.modules['psycopg'] = None\n"
        "from server.db.engine import open_database\n"
        "from server.db.errors import UnusableDatabaseError\n"
        "try:\n"
        "    open_database('postgresql://host/ledger')\n"
        "except UnusableDatabaseError as error:\n"
        "    print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout == "PostgreSQL needs one more package: pip install 'jichipoint[postgres]'\n"


@pytest.fixture
def guarded(postgres: PostgresEngine, tmp_path: Path) -> Iterator[str]:
    """The URL of a database whose owner, no superuser, has a password: PASSWORD stands for it."""
    url = postgres.new(tmp_path)
    name = url.partition("?")[0].rpartition("/")[2]
    rules = postgres.server.pgdata / "pg_hba.conf"
    before = rules.read_text()
    postgres.administer("CREATE ROLE guarded LOGIN PASSWORD 'richtig'")
    postgres.administer(f"ALTER DATABASE {name} OWNER TO guarded")
    rules.write_text(f"local all guarded scram-sha-256\n{before}")
    reload(postgres)
    yield url.replace("postgres:@", "guarded:PASSWORD@")
    rules.write_text(before)
    reload(postgres)
    postgres.drop(url)
    postgres.administer("DROP ROLE guarded")


def reload(postgres: PostgresEngine) -> None:
    """Let the server read its rules again, and wait until it has."""
    ((before,),) = postgres.administer("SELECT pg_conf_load_time()")
    postgres.administer("SELECT pg_reload_conf()")
    until = time.monotonic() + SECONDS_MAX
    while postgres.administer("SELECT pg_conf_load_time()") == [(before,)]:
        assert time.monotonic() < until


def test_a_wrong_password_is_told_and_not_shown(guarded: str) -> None:
    told = refuses(guarded.replace("PASSWORD", "falsch"), "cannot be reached.*authentication")
    assert "falsch" not in told
    town = Town(guarded.replace("PASSWORD", "richtig"))
    build_town(town.url)
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 1))
    assert town.balance(CARD_A) == 1, "the owner needs to be nothing more"


def test_a_user_who_may_not_make_tables_is_told(postgres: PostgresEngine, tmp_path: Path) -> None:
    postgres.administer("CREATE ROLE stranger LOGIN")
    with postgres.database(tmp_path) as url:
        refuses(url.replace("postgres:@", "stranger@"), "cannot be brought up.*permission denied")
    postgres.administer("DROP ROLE stranger")


def test_a_standby_is_told(town: Town) -> None:
    read_only = with_options(town.url, "-c default_transaction_read_only=on")
    refuses(read_only, "cannot be brought up to date.*read-only")


def test_tables_that_another_process_uses_are_told(
    postgres: PostgresEngine, tmp_path: Path
) -> None:
    """Another reads on and on, a backup perhaps, while the schema has to be changed."""
    with postgres.database(tmp_path) as url:
        fill_first(url)
        with locked(url, "BEGIN", "SELECT * FROM ledger_transaction"):
            impatient = with_options(url, "-c lock_timeout=50ms")
            refuses(impatient, "another process uses it, wait for that or end it")
        assert len(migrate(open_database(url))) == len(list(MIGRATIONS.glob("[0-9]*.py"))) - 1


def test_a_file_that_another_process_locks_is_told(
    find_template: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = SqliteEngine().new(tmp_path, find_template("sqlite"))
    with monkeypatch.context() as patched, locked(url, "BEGIN IMMEDIATE"):
        patched.setattr(sqlite, "BUSY_SECONDS_MAX", 0.05)
        refuses(url, "another process uses it, wait for that or end it")
    assert migrate(open_database(url)) == []


def test_a_read_only_disk_is_told(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=3) as disk:
        town = Town(f"sqlite:///{disk / 'ledger.db'}")
        build_town(town.url)
        with town.booker() as booker:
            granted(booker, grant_command(CARD_A, 1))
        remount = ["mount", "-o", "remount,{}", str(disk)]
        subprocess.run([part.format("ro") for part in remount], check=True)
        refuses(town.url, "cannot be opened|cannot be brought up to date")
        subprocess.run([part.format("rw") for part in remount], check=True)
        with town.booker() as booker:
            granted(booker, grant_command(CARD_A, 1))
        assert town.balance(CARD_A) == 2
