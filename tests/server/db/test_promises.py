"""What a real PostgreSQL's settings promise (LED-5)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peewee import Database

from server.db import promises
from server.db.engine import open_database
from server.db.promises import broken_promises
from tests.engines import TestEngine


@pytest.fixture
def database(find_engine: Callable[[str], TestEngine], tmp_path: Path) -> Iterator[Database]:
    with find_engine("postgresql").database(tmp_path) as url:
        opened = open_database(url)
        with opened.connection_context():
            yield opened


def told(database: Database) -> str:
    """What is said beside what is true of every test engine: it does without fsync."""
    return "\n".join(
        one for one in broken_promises(database) if not one.startswith(("fsync", "full_page"))
    )


def test_no_fsync_is_told(database: Database) -> None:
    assert [one.split()[0] for one in broken_promises(database)] == ["fsync", "full_page_writes"]


@pytest.mark.parametrize("commits", ["on", "remote_apply"])
def test_a_commit_that_waits_is_right(database: Database, commits: str) -> None:
    database.execute_sql(f"SET synchronous_commit = {commits}")
    assert told(database) == ""


def test_a_commit_that_does_not_wait_is_told(database: Database) -> None:
    database.execute_sql("SET synchronous_commit = off")
    assert told(database).startswith("synchronous_commit is off: what was answered in the last")


@pytest.mark.parametrize("commits", ["local", "remote_write"])
def test_one_that_does_not_wait_for_the_standbys_disk_is_told(
    database: Database, commits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute_sql(f"SET synchronous_commit = {commits}")
    assert told(database) == "", "there is no standby"
    with_standby = f"""SELECT name, CASE name WHEN 'synchronous_standby_names' THEN 's1'
        ELSE setting END FROM ({promises.SETTINGS}) AS found"""  # noqa: S608
    monkeypatch.setattr(promises, "SETTINGS", with_standby)
    assert f"synchronous_commit is {commits}" in told(database)


@pytest.mark.parametrize(
    "url", ["postgresql://ledger@db1,db2:5433/ledger", "postgresql:///ledger?host=/run/a,/run/b"]
)
def test_several_hosts_without_a_standby_are_told(
    database: Database, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    assert "no synchronous standby" not in told(database)
    monkeypatch.setattr(database, "database", url)
    assert "no synchronous standby" in told(database)


def test_sqlite_keeps_it(tmp_path: Path) -> None:
    assert broken_promises(open_database(f"sqlite:///{tmp_path / 'ledger.db'}")) == []
