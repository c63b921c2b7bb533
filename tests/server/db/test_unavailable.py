"""Databases that cannot be written while bookings go on: it is told, and nothing is lost."""

import pwd
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import pytest

from server.clock import Moment
from server.db import sqlite
from server.db.troubles import Trouble
from server.ledger.store import StoreUnavailableError
from server.ledger.values import Booking
from server.ledger.view import View
from server.points.granting import GrantCommand
from server.serving.bookers import open_booker
from server.upkeep.verify import verify
from tests.engines import PostgresEngine, SqliteEngine, TestEngine
from tests.server.db.conditions import fill, locked, small_disk, with_options
from tests.server.support import CARD_A, Town, build_town, grant_command, granted

GRANTS_MAX = 10_000
FULL = r"disk is full|No space left"
LOCKS = {
    "sqlite": ("BEGIN IMMEDIATE",),
    "postgresql": ("BEGIN", "UPDATE counter SET next = next"),
}


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can go through; pytest's are closed to others."""
    with tempfile.TemporaryDirectory(prefix="jichipoint-disk-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@contextmanager
def on_disk(engine: TestEngine, folder: Path) -> Iterator[tuple[Town, Path]]:
    """A town whose database, but for PostgreSQL's log, is on a small disk of its own."""
    if isinstance(engine, SqliteEngine):
        with small_disk(folder / "disk", megabytes=3) as disk:
            town = Town(f"sqlite:///{disk / 'ledger.db'}")
            build_town(town.url)
            yield town, disk
        return
    assert isinstance(engine, PostgresEngine)
    owner = pwd.getpwnam(engine.server.system_user).pw_uid if engine.server.system_user else 0
    with (
        open_folder() as open_to_it,
        small_disk(open_to_it / "disk", megabytes=40, owner=owner) as disk,
    ):
        engine.administer(f"CREATE TABLESPACE small LOCATION '{disk}'")
        with engine.database(folder) as url:
            name = url.partition("?")[0].rpartition("/")[2]
            engine.administer(f"ALTER DATABASE {name} SET TABLESPACE small")
            build_town(url)
            yield Town(url), disk
        engine.administer("DROP TABLESPACE small")


def test_a_full_disk_stops_booking_and_loses_nothing(engine: TestEngine, tmp_path: Path) -> None:
    with on_disk(engine, tmp_path) as (town, disk), town.booker() as booker:
        kept = granted(booker, grant_command(CARD_A, 1))
        ballast = fill(disk)
        waiting = grant_command(CARD_A, 2)
        with pytest.raises(StoreUnavailableError, match=FULL):
            for _ in range(GRANTS_MAX):
                kept += granted(booker, grant_command(CARD_A, 1))
        with pytest.raises(StoreUnavailableError, match=FULL):
            for _ in range(GRANTS_MAX):
                kept += granted(booker, *(grant_command(CARD_A, 1) for _ in range(50)))
        ballast.unlink()
        kept += granted(booker, waiting)
        assert granted(booker, waiting) == [kept[-1]]
        numbers = town.rows("SELECT transaction_number FROM ledger_transaction ORDER BY 1")
        assert [number for (number,) in numbers] == sorted(kept)
        assert town.balance(CARD_A) == len(kept) + 1
        assert verify(town.database).fault is None


def test_a_lock_of_another_process_stops_booking_and_loses_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS_MAX", 0.05)
    name = "sqlite" if town.is_sqlite else "postgresql"
    url = town.url if town.is_sqlite else with_options(town.url, "-c lock_timeout=50ms")
    with Town(url, town.clock).booker() as booker:
        kept = granted(booker, grant_command(CARD_A, 1))
        waiting = grant_command(CARD_A, 2)
        with locked(town.url, *LOCKS[name]):
            for _ in range(2):
                with pytest.raises(StoreUnavailableError, match="lock"):
                    booker.book([waiting])
            assert town.balance(CARD_A) == 1, "what is read needs no lock"
        kept += granted(booker, waiting)
    assert numbers_in(town) == kept
    assert verify(town.database).fault is None


def numbers_in(town: Town) -> list[str]:
    found = town.rows("SELECT transaction_number FROM ledger_transaction ORDER BY 1")
    return [number for (number,) in found]


def test_a_standby_stops_booking_and_loses_nothing(
    find_engine: Callable[[str], TestEngine],
    find_template: Callable[[str], str],
    tmp_path: Path,
) -> None:
    """PostgreSQL: after the connections were cut, the same URL leads to one that only reads."""
    engine = find_engine("postgresql")
    assert isinstance(engine, PostgresEngine)
    with engine.database(tmp_path, find_template("postgresql")) as url:
        town = Town(url)
        name = url.partition("?")[0].rpartition("/")[2]

        def change_over(to: str) -> None:
            engine.administer(f"ALTER DATABASE {name} SET default_transaction_read_only = {to}")
            engine.administer(
                f"""SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
                WHERE datname = '{name}'"""  # noqa: S608
            )

        town.database.connect()
        booker = open_booker(town.database, town.clock)
        kept = granted(booker, grant_command(CARD_A, 1))
        waiting = grant_command(CARD_A, 2)
        change_over("on")
        with pytest.raises(StoreUnavailableError):
            booker.book([waiting])
        for _ in range(2):
            with pytest.raises(StoreUnavailableError, match="read-only"):
                booker.book([waiting])
        change_over("off")
        with pytest.raises(StoreUnavailableError):
            booker.book([waiting])
        kept += granted(booker, waiting)
        town.database.close()
        assert numbers_in(town) == kept
        assert verify(town.database).fault is None


@pytest.fixture
def of_file(find_template: Callable[[str], str], tmp_path: Path) -> Town:
    return Town(SqliteEngine().new(tmp_path, find_template("sqlite")))


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_what_went_to_a_file_without_a_name_is_not_answered(of_file: Town, suffix: str) -> None:
    """It was replaced after the batch had begun."""
    path = Path(f"{of_file.path}{suffix}")

    class Replacing(GrantCommand):
        def decide(self, view: View, moment: Moment, number: str) -> Booking:
            path.rename(path.with_name("aside"))
            path.write_bytes(path.with_name("aside").read_bytes())
            return super().decide(view, moment, number)

    with of_file.booker() as booker:
        granted(booker, grant_command(CARD_A, 1))
        plain = grant_command(CARD_A, 1)
        values = {field.name: getattr(plain, field.name) for field in fields(plain)}
        with pytest.raises(StoreUnavailableError, match="was removed or replaced") as told:
            booker.book([Replacing(**values)])
        assert told.value.trouble == Trouble.FILE_GONE
        with pytest.raises(StoreUnavailableError, match="was removed or replaced"):
            booker.book([grant_command(CARD_A, 1)])
        with pytest.raises(StoreUnavailableError, match="was removed or replaced"):
            booker.check()


def test_opening_a_file_again_ends_no_lock_on_it(of_file: Town) -> None:
    """With the locks gone, the next process to close the file would take the log away."""
    with of_file.booker() as booker:
        granted(booker, grant_command(CARD_A, 1))
        of_file.rows("SELECT 1")
        with locked(of_file.url, "BEGIN IMMEDIATE"):
            pass
        granted(booker, grant_command(CARD_A, 1))
    assert of_file.balance(CARD_A) == 2


def test_a_check_writes_unless_points_were_booked(town: Town) -> None:
    def checks() -> list[tuple[int]]:
        return town.rows("SELECT checks FROM booking_check")

    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 1))
        booker.check()
        assert checks() == []
        booker.check()
        booker.check()
        assert checks() == [(2,)]
