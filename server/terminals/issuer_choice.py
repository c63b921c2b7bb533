"""A terminal of class ア chooses the issuer that it works for (TRM-3, S10)."""

from typing import NamedTuple

from peewee import Database

from server.callers.errors import TerminalReason
from server.db.queries import change, rows
from server.ledger.values import Refusal


class ListedIssuer(NamedTuple):
    """An issuer that can be chosen."""

    issuer_id: str
    issuer_name: str


def listed_issuers(database: Database, after: str, count: int) -> list[ListedIssuer]:
    """Return at most so many issuers behind an ID, by ID."""
    found = rows(
        database,
        "SELECT issuer_id, name FROM issuer WHERE issuer_id > ? ORDER BY issuer_id LIMIT ?",
        after,
        count,
    )
    return [ListedIssuer(*row) for row in found]


def choose_issuer(database: Database, terminal_id: str, issuer_id: str) -> None:
    """Give a terminal its issuer, once: a terminal that could change it could look everywhere.

    Runs in the writer's thread. Raises Refusal.
    """
    if not rows(database, "SELECT 1 FROM issuer WHERE issuer_id = ?", issuer_id):
        raise Refusal(TerminalReason.ISSUER_UNKNOWN)
    given = change(
        database,
        """UPDATE terminal SET issuer_id = ? WHERE terminal_id = ?
        AND (issuer_id IS NULL OR issuer_id = ?)""",
        issuer_id,
        terminal_id,
        issuer_id,
    )
    if not given:
        raise Refusal(TerminalReason.ISSUER_CHOSEN_BEFORE)
