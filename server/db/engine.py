"""Opening the ledger's database by its URL."""

from urllib.parse import urlsplit

from peewee import Database, SqliteDatabase

from server.db.errors import UnusableDatabaseError
from server.db.postgres import LedgerServer, open_postgres, without_password
from server.db.sqlite import LedgerFile, open_sqlite, sqlite_path


def open_database(url: str) -> Database:
    """Open the database of a URL: sqlite:///FILE or postgresql://USER@HOST/NAME (LED-7).

    The caller's threads each get a connection of their own. Raises UnusableDatabaseError
    where it cannot be used.
    """
    scheme = _scheme(url)
    if scheme == "sqlite":
        return open_sqlite(url)
    if scheme in ("postgresql", "postgres"):
        return open_postgres(url.replace("postgres://", "postgresql://", 1))
    raise UnusableDatabaseError(
        f"{without_password(url)} is no database this server can open: "
        "give sqlite:///FILE or postgresql://USER@HOST/NAME"
    )


def open_existing(url: str) -> Database:
    """Open a database that is there already: a file that is missing is not made.

    Raises UnusableDatabaseError.
    """
    if _scheme(url) == "sqlite" and not sqlite_path(url).is_file():
        raise UnusableDatabaseError(f"there is no {sqlite_path(url)}")
    return open_database(url)


def are_one(database: Database, other: Database) -> bool:
    """Whether two databases are one and the same, whatever their URLs.

    Raises PeeweeException where one cannot be read.
    """
    if isinstance(database, LedgerFile) and isinstance(other, LedgerFile):
        return database.is_file_of(other)
    if isinstance(database, LedgerServer) and isinstance(other, LedgerServer):
        return database.is_ledger_of(other)
    return False


def shown_name(database: Database) -> str:
    """Return the file or the URL of a database, as it may be shown."""
    name = str(database.database)
    return name if isinstance(database, SqliteDatabase) else without_password(name)


def _scheme(url: str) -> str:
    """Return what is before the colon, or nothing where it is no URL."""
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""
