"""Where the training ledger is kept."""

from urllib.parse import quote

from server.db.sqlite import sqlite_path

SUFFIX = "-training"


def beside(url: str) -> str | None:
    """Return the URL of the training ledger beside an SQLite file; None for other engines."""
    if not url.startswith("sqlite:"):
        return None
    path = sqlite_path(url)
    return f"sqlite:///{quote(str(path.with_name(path.stem + SUFFIX + path.suffix)))}"
