"""Where the training ledger is kept."""

from peewee import Database

from server.db.engine import are_one, shown_name
from server.db.errors import UnusableDatabaseError
from server.db.sqlite import sqlite_path, sqlite_url
from server.ledger.snapshot import told

SUFFIX = "-training"


def beside(url: str) -> str | None:
    """Return the URL of the training ledger beside an SQLite file; None for other engines."""
    if not url.startswith("sqlite:"):
        return None
    path = sqlite_path(url)
    return sqlite_url(path.with_name(path.stem + SUFFIX + path.suffix))


def refuse_ledger_itself(ledger: Database, training: Database) -> None:
    """Raise UnusableDatabaseError where the training ledger is the ledger itself.

    What is tried in training would be booked with people's points.
    """
    with told(training, "cannot be used"):
        is_ledger_itself = are_one(ledger, training)
    if is_ledger_itself:
        raise UnusableDatabaseError(
            f"the training ledger {shown_name(training)} is the ledger itself: "
            "name another database"
        )
