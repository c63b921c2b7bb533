"""Connections to PostgreSQL that wait for an answer no longer than they should."""

from typing import Any, TypeVar

import psycopg
from peewee import Database, Psycopg3Adapter
from psycopg import errors
from psycopg.abc import PQGen

from server.db.hosts import Hosts
from server.db.troubles import Trouble

V = TypeVar("V")

SECONDS_MAX = 10.0
"""For what is asked while a connection is made."""
CANCELLED_WAIT = ("01000", "57P01")
"""The states of PostgreSQL's warnings that a commit no longer waits, and of few others."""


class NoAnswerError(psycopg.OperationalError):
    """Nothing came within a connection's patience; the connection is closed."""

    trouble = Trouble.SILENT


class InDoubtError(psycopg.OperationalError):
    """What was committed is on the primary alone; the connection is closed."""

    trouble = Trouble.STANDBY


class PatientConnection(psycopg.Connection[Any]):
    """A connection that gives up where its server hangs, which TCP's own time-outs do not see.

    Every wait of psycopg's for an answer is here; for the connection itself there is the URL's
    connect_timeout.

    Where the server says that it no longer waits for the standby, a commit is in doubt: that is
    a warning for PostgreSQL, and an error here (LED-5).
    """

    patience_seconds: float | None = SECONDS_MAX
    """For each answer; None waits for ever."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._warning = ""
        self.add_notice_handler(self._noticed)

    def wait(self, gen: PQGen[V], interval: float = 0.1, timeout: float | None = None) -> V:
        """Wait for an answer. Raises NoAnswerError and InDoubtError."""
        patience = timeout if timeout is not None else self.patience_seconds
        try:
            found = super().wait(gen, interval, patience)
        except errors._WaitTimeout as error:
            if timeout is not None:
                raise
            self.pgconn.finish()
            raise NoAnswerError(
                f"PostgreSQL has not answered for {patience:g} s: it hangs, or waits for a standby"
            ) from error
        if self._warning:
            self.pgconn.finish()
            raise InDoubtError(f"a wait for the standby was cancelled: {self._warning}")
        return found

    def _noticed(self, notice: errors.Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING" and notice.sqlstate in CANCELLED_WAIT:
            self._warning = " ".join((notice.message_primary or "").split())


class PatientAdapter(Psycopg3Adapter):
    """Lets peewee make such connections, of one database."""

    def __init__(self) -> None:
        super().__init__()
        self._hosts = Hosts()

    def connect(self, db: Database, **parameters: Any) -> PatientConnection:
        """Connect to the database's URL."""
        try:
            hosts = self._hosts.of(db.database)
            connection = PatientConnection.connect(db.database, **hosts, **parameters)
        except psycopg.OperationalError:
            self._hosts.missed()
            raise
        self._hosts.reached(connection.info.host, connection.info.port)
        return connection
