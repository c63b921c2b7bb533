"""Databases that cannot be used: each is told in one line, and nothing is lost."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.db.engine import open_database
from server.db.errors import UnusableDatabaseError
from server.db.migrate import migrate
from server.db.postgres import without_password
from server.db.sqlite import sqlite_path
from server.ledger.store import StoreUnavailableError
from server.ledger.verify import verify
from tests.engines import TestEngine
from tests.server.support import CARD_A, Town, build_town, grant_command, granted


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
    refuses(f"sqlite:///{tmp_path / 'ledger.db'}", "cannot be opened as a database")


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
        ("postgresql://u:sec/ret@host/db", "that URL"),
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
    ],
)
def test_a_url_that_is_not_well_formed_is_told_without_its_password(url: str) -> None:
    told = refuses(url, "cannot be|is no database")
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
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 3 MB; needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip("mounting a file system takes root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def on_disk(small_disk: Path) -> Town:
    town = Town(f"sqlite:///{small_disk / 'ledger.db'}")
    build_town(town.url)
    return town


def test_a_full_disk_stops_booking_and_loses_nothing(on_disk: Town, small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    with on_disk.booker() as booker:
        kept = granted(booker, grant_command(CARD_A, 1))
        with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(bytes(4096))
        waiting = grant_command(CARD_A, 2)
        with pytest.raises(StoreUnavailableError, match="full"):
            for _ in range(10_000):
                kept += granted(booker, grant_command(CARD_A, 1))
        with pytest.raises(StoreUnavailableError, match="full"):
            for _ in range(100):
                granted(booker, waiting)
        ballast.unlink()
        kept += granted(booker, waiting)
    numbers = on_disk.rows("SELECT transaction_number FROM ledger_transaction")
    assert set(kept) <= {number for (number,) in numbers}
    assert on_disk.balance(CARD_A) == len(numbers) + 1
    assert verify(on_disk.database).fault is None


def test_a_read_only_disk_is_told(on_disk: Town, small_disk: Path) -> None:
    with on_disk.booker() as booker:
        granted(booker, grant_command(CARD_A, 1))
    remount = ["mount", "-o", "remount,{}", str(small_disk)]
    subprocess.run([part.format("ro") for part in remount], check=True)
    refuses(on_disk.url, "cannot be opened|cannot be brought up to date")
    subprocess.run([part.format("rw") for part in remount], check=True)
    with on_disk.booker() as booker:
        granted(booker, grant_command(CARD_A, 1))
    assert on_disk.balance(CARD_A) == 2
