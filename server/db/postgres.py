"""PostgreSQL: for many counters and several server processes.

All that only PostgreSQL itself knows, and its relatives do not, is in this module: the
planner's settings and triggers against TRUNCATE. Everything else is written as CockroachDB
has it too.
"""

import re
import select
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from peewee import (
    Database,
    OperationalError,
    PeeweeException,
    PostgresqlDatabase,
    ProgrammingError,
)

from server.db.errors import UnusableDatabaseError, one_line
from server.db.troubles import MisledError, Trouble

if TYPE_CHECKING:
    import psycopg

    from server.db.patience import PatientConnection

CONNECT_SECONDS_MAX = 3
"""For each host of the URL: one that hangs is passed over."""
LOCK_SECONDS_MAX = 5
"""How long a statement waits for another connection's lock."""
IDLE_SECONDS_MAX = 30
"""After that a transaction that its process left open is ended, and its locks with it."""
SESSION_SETTINGS = {
    "lock_timeout": f"{LOCK_SECONDS_MAX}s",
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS_MAX}s",
}
"""Set once connected, because poolers refuse `options`; those of the URL come first."""
SILENCE_SECONDS_MAX = 10
"""After that a connection is given up on which the other machine's network is silent."""
KEEPALIVES = 2
POOLER_ROUNDS = 4
"""How often it is looked whether a pooler exchanges connections: not each time does it."""
POOLER_SECONDS_MAX = 2

BOOKING_SETTINGS = (
    "SET enable_seqscan = off",
    "SET enable_hashjoin = off",
    "SET enable_mergejoin = off",
    "SET plan_cache_mode = force_generic_plan",
)
"""Plans that were made while the ledger was empty must stay right when it has grown: every
query of the booking path is a look-up by an index, and is planned as such from the start."""

TURN = "LOCK TABLE booking_check IN SHARE UPDATE EXCLUSIVE MODE"
"""Writers one after the other, readers beside them. It must come before anything is read."""
_ISOLATION = "SELECT current_setting('default_transaction_isolation')"

_HOST = r"(?:\[[0-9a-fA-F:.]+\]|[^/:@?#,\s]*)(?::\d+)?"
_URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?:(?P<user>[^:/@?#\s]*)(?::[^/@?#\s]*)?@)?"
    rf"(?P<host>{_HOST}(?:,{_HOST})*)"
    r"(?P<path>/[^@?#\s]*)?(?:\?[^@#\s]*)?"
)
"""A URL whose password can only stand where a password stands. Of another, what libpq takes
for the host may be half a password: not even its errors are shown."""


class LedgerServer(PostgresqlDatabase):
    """A database that stays the ledger it was: all its connections are to that one."""

    _born: str | None = None
    """When its first migration was applied: no other ledger has the same."""
    takes_turns = False
    """Whether a transaction sees what there was when it began, and fails where that has changed:
    then those that write come one after the other, by a lock (TURN)."""
    misled: MisledError | None = None
    """Why nothing is read either, until a transaction is again where it should be."""

    def connection(self) -> "PatientConnection":
        """Return the calling thread's connection, which is open."""
        connection: PatientConnection = super().connection()  # type: ignore[no-untyped-call]
        return connection

    def check_place(self) -> None:
        """Raise MisledError while connections are not where they should be."""
        if self.misled is not None:
            raise self.misled

    def is_ledger_of(self, other: "LedgerServer") -> bool:
        """Whether another database is the same ledger, whatever leads to it.

        One that was copied has the same birth, but is another database of its server. Raises
        PeeweeException where one cannot be read.
        """
        return self._identity() == other._identity()

    def _identity(self) -> tuple[str | None, int]:
        with self.connection_context():
            found = "SELECT oid FROM pg_database WHERE datname = current_database()"
            ((number,),) = self.connection().execute(found).fetchall()
            return self._born, int(number)

    def _connect(self) -> "PatientConnection":
        connection: PatientConnection = super()._connect()  # type: ignore[misc]
        try:
            for name, value in SESSION_SETTINGS.items():
                if name not in str(self.connect_params.get("options", "")):
                    connection.execute(f"SET {name} = '{value}'")
            self._check_ledger(connection)
            ((isolation,),) = connection.execute(_ISOLATION).fetchall()
            self.takes_turns = isolation in ("repeatable read", "serializable")
        except BaseException:
            connection.close()
            raise
        connection.patience_seconds = None
        return connection

    @contextmanager
    def another_connection(self) -> "Iterator[psycopg.Connection[Any]]":
        """Give a connection beside the calling thread's own, for a moment."""
        with closing(super()._connect()) as connection:  # type: ignore[misc]
            yield connection

    def _check_ledger(self, connection: "psycopg.Connection[Any]") -> None:
        born = _birth_of(connection)
        if self._born is not None and born != self._born:
            raise MisledError(
                f"{without_password(str(self.database))} leads to another ledger than at the "
                "start: let it lead to the first again, or start again",
                Trouble.OTHER_LEDGER,
            )
        self._born = born


def _birth_of(connection: "psycopg.Connection[Any]") -> str | None:
    there = "SELECT count(*) FROM pg_tables WHERE tablename = 'schema_migration'"
    if connection.execute(there).fetchone() == (0,):
        return None
    found = connection.execute("SELECT min(applied) FROM schema_migration").fetchone()
    return str(found[0]) if found and found[0] is not None else None


def refuse_truncate(table: str) -> str:
    """Return the trigger that keeps a table from being emptied."""
    return f"""CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"""


def without_password(url: str) -> str:
    """Return the URL as it may be shown; one that is not well formed is not shown at all."""
    found = _URL.fullmatch(url)
    if found is None:
        return "that URL"
    user = found["user"] + "@" if found["user"] else ""
    return f"{found['scheme']}://{user}{found['host']}{found['path'] or ''}"


def pooled(database: Database) -> MisledError:
    """Return what is said where a pooler gives each transaction another connection."""
    return MisledError(
        f"{without_password(str(database.database))} is reached through a pooler that gives each "
        "transaction another connection, on which bookings could be mixed up: let it pool "
        "sessions (PgBouncer: pool_mode = session), or give the URL of PostgreSQL itself",
        Trouble.POOLER,
    )


def refuse_pooler(database: LedgerServer) -> None:
    """Raise MisledError where a pooler gives each transaction another connection.

    While one connection is open, no other one can have the same process of the server, nor can
    that process change, unless somebody in between exchanges them.
    """
    own = database.connection()
    with database.another_connection() as other:
        for _ in range(POOLER_ROUNDS):
            before = process_of(own)
            beside = _process_beside(other)
            if beside is None:
                return  # the pooler has no more sessions, and pools those
            if beside in (0, before) or before != process_of(own):
                raise pooled(database)
            other.execute("ROLLBACK")


def process_of(connection: "psycopg.Connection[Any]") -> int:
    """Return the process of the server that a connection has."""
    found = connection.execute("SELECT pg_backend_pid()").fetchone()
    return int(found[0]) if found else 0


def _process_beside(connection: "psycopg.Connection[Any]") -> int | None:
    """Begin a transaction and return the process that has it; None where it is waited for.

    0 where no transaction can be begun, as where a pooler pools single statements.
    """
    wire = connection.pgconn
    wire.send_query(b"BEGIN; SELECT pg_backend_pid()")
    until = time.monotonic() + POOLER_SECONDS_MAX
    while wire.is_busy():
        if not select.select([wire.socket], [], [], max(0, until - time.monotonic()))[0]:
            return None
        wire.consume_input()
    found = None
    while result := wire.get_result():
        found = result.get_value(0, 0) if result.ntuples else None
    return int(found) if found else 0


def open_postgres(url: str) -> LedgerServer:
    """Open the database of a postgresql:// URL.

    Raises UnusableDatabaseError where psycopg is not installed or nothing can be reached.
    """
    try:
        from server.db.patience import PatientAdapter  # noqa: PLC0415
    except ImportError as error:
        raise UnusableDatabaseError(
            "PostgreSQL needs one more package: pip install 'jichipoint[postgres]'"
        ) from error
    own = parse_qs(urlsplit(url).query)
    settings: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS_MAX,
        "tcp_user_timeout": SILENCE_SECONDS_MAX * 1000,
        "keepalives_idle": SILENCE_SECONDS_MAX // 2,
        "keepalives_interval": SILENCE_SECONDS_MAX // 2 // KEEPALIVES,
        "keepalives_count": KEEPALIVES,
    }
    database = LedgerServer(
        url,
        autoconnect=False,
        prefer_psycopg3=True,
        application_name="jichipoint-server",
        **{name: value for name, value in settings.items() if name not in own},
    )
    database._adapter = PatientAdapter()  # type: ignore[attr-defined]
    try:
        with database.connection_context():
            refuse_pooler(database)
    except MisledError as error:
        raise UnusableDatabaseError(str(error)) from error
    except OperationalError as error:
        why = f" ({one_line(error)})" if _URL.fullmatch(url) else ""
        raise UnusableDatabaseError(
            f"{without_password(url)} cannot be reached{why}: "
            "check that PostgreSQL runs there, and the URL, in which special characters "
            "are percent-encoded"
        ) from error
    except ProgrammingError as error:  # libpq's own words would show the password
        raise UnusableDatabaseError(
            f"{without_password(url)} cannot be understood: give postgresql://USER@HOST/NAME, "
            "and write special characters percent-encoded"
        ) from error
    except PeeweeException as error:
        raise UnusableDatabaseError(
            f"{without_password(url)} cannot be used: {one_line(error)}"
        ) from error
    return database
