"""Where the training ledger is kept."""

from server.db.sqlite import sqlite_path, sqlite_url

SUFFIX = "-training"


def beside(url: str) -> str | None:
    """Return the URL of the training ledger beside an SQLite file; None for other engines."""
    if not url.startswith("sqlite:"):
        return None
    path = sqlite_path(url)
    return sqlite_url(path.with_name(path.stem + SUFFIX + path.suffix))
