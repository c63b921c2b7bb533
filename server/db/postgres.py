"""PostgreSQL: for many counters and several server processes.

All that only PostgreSQL itself knows, and its relatives do not, is in this module: the
planner's settings and triggers against TRUNCATE. Everything else is written as CockroachDB
has it too.
"""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from peewee import OperationalError, PeeweeException, PostgresqlDatabase, ProgrammingError

from server.db.errors import UnusableDatabaseError, one_line

CONNECT_SECONDS_MAX = 5
LOCK_SECONDS_MAX = 5
"""How long a statement waits for another connection's lock."""
IDLE_SECONDS_MAX = 30
"""After that a transaction that its process left open is ended, and its locks with it."""
SILENCE_SECONDS_MAX = 10
"""After that a connection is given up on which the other machine's network is silent."""
KEEPALIVES = 2

BOOKING_SETTINGS = (
    "SET enable_seqscan = off",
    "SET enable_hashjoin = off",
    "SET enable_mergejoin = off",
    "SET plan_cache_mode = force_generic_plan",
)
"""Plans that were made while the ledger was empty must stay right when it has grown: every
query of the booking path is a look-up by an index, and is planned as such from the start."""


_HOST = r"(?:\[[0-9a-fA-F:.]+\]|[^/:@?#,\s]*)(?::\d+)?"
_URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?:(?P<user>[^:/@?#\s]*)(?::[^/@?#\s]*)?@)?"
    rf"(?P<host>{_HOST}(?:,{_HOST})*)"
    r"(?P<path>/[^@?#\s]*)?(?:\?[^@#\s]*)?"
)
"""A URL whose password can only stand where a password stands. Of another, what libpq takes
for the host may be half a password: not even its errors are shown."""


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


def open_postgres(url: str) -> PostgresqlDatabase:
    """Open the database of a postgresql:// URL.

    Raises UnusableDatabaseError where psycopg is not installed or nothing can be reached.
    """
    try:
        import psycopg  # noqa: F401, PLC0415
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
    limits = (
        f"-c lock_timeout={LOCK_SECONDS_MAX}s",
        f"-c idle_in_transaction_session_timeout={IDLE_SECONDS_MAX}s",
    )
    database = PostgresqlDatabase(
        url,
        autoconnect=False,
        prefer_psycopg3=True,
        application_name="jichipoint-server",
        options=" ".join((*limits, *own.get("options", []))),
        **{name: value for name, value in settings.items() if name not in own},
    )
    try:
        with database.connection_context():
            database.execute_sql("SELECT 1").fetchone()
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
