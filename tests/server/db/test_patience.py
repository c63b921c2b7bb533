"""Connections to a real PostgreSQL that hangs, or says that a commit is in doubt (LED-5)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from server.db.engine import open_database
from server.db.patience import InDoubtError, NoAnswerError, PatientConnection
from server.db.postgres import LedgerServer
from server.db.troubles import Trouble, trouble_of
from server.ledger.postgres_store import PostgresReader, PostgresStore
from server.serving.loaders import LOADERS
from tests.engines import TestEngine

CANCELLED = "canceling wait for synchronous replication due to user request"


@pytest.fixture
def database(find_engine: Callable[[str], TestEngine], tmp_path: Path) -> Iterator[LedgerServer]:
    with find_engine("postgresql").database(tmp_path) as url:
        opened = open_database(url)
        assert isinstance(opened, LedgerServer)
        opened.connect()
        yield opened
        opened.close()


@pytest.fixture
def connection(database: LedgerServer) -> PatientConnection:
    return database.connection()


def warn(text: str, state: str = "01000") -> str:
    return f"DO $$ BEGIN RAISE WARNING '{text}' USING ERRCODE = '{state}'; END $$"


def test_what_is_not_answered_is_given_up(connection: PatientConnection) -> None:
    connection.patience_seconds = 0.2
    with pytest.raises(NoAnswerError, match=r"has not answered for 0.2 s") as raised:
        connection.execute("SELECT pg_sleep(60)")
    assert trouble_of(raised.value) is Trouble.SILENT
    assert connection.closed, "what comes late must not be taken for an answer"


def test_so_is_a_pipeline(connection: PatientConnection) -> None:
    connection.patience_seconds = 0.2
    with pytest.raises(psycopg.Error) as raised, connection.pipeline():
        for text in ("SELECT 1", "SELECT pg_sleep(60)", "COMMIT"):
            connection.execute(text)
    assert trouble_of(raised.value) is Trouble.SILENT
    assert connection.closed


def test_commands_wait_as_long_as_it_takes(connection: PatientConnection) -> None:
    assert connection.patience_seconds is None
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_wait_for_the_standby_that_was_cancelled_is_an_error(
    connection: PatientConnection,
) -> None:
    with pytest.raises(InDoubtError, match=CANCELLED) as raised:
        connection.execute(warn(CANCELLED))
    assert trouble_of(raised.value) is Trouble.STANDBY
    assert connection.closed


def test_in_a_pipeline_too(connection: PatientConnection) -> None:
    with pytest.raises(psycopg.Error) as raised, connection.pipeline():
        connection.execute("SELECT 1")
        connection.execute(warn(CANCELLED))
        connection.execute("COMMIT")
    assert trouble_of(raised.value) is Trouble.STANDBY


def test_notices_are_no_doubt(connection: PatientConnection) -> None:
    connection.execute("DO $$ BEGIN RAISE NOTICE 'nothing to worry about'; END $$")
    connection.execute(warn("there is no transaction in progress", "25P01"))
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_reading_and_booking_have_their_own_patience(database: LedgerServer) -> None:
    for way, seconds in ((PostgresReader, 10.0), (PostgresStore, 7.0)):
        one = way(database, LOADERS)
        one._connection()
        assert database.connection().patience_seconds == seconds
