"""What PostgreSQL reads and writes for a booking, counted, after a ledger has grown (LED-4)."""

from collections.abc import Callable

import pytest

from server.ledger.booker import Booker
from server.ledger.values import Outcome
from tests.engines import TestEngine
from tests.server.support import (
    CARD_A,
    CARD_B,
    CARD_E,
    Town,
    decided,
    grant_command,
    granted,
    spend_command,
)

CARDS = (CARD_A, CARD_B, CARD_E)
BATCH = 32
SPENDS = 20_000
COUNTED = 1_000
CONNECTIONS = 4
"""As many as `counted` opens at most; each reads first whether it is to the same ledger."""
GROWING = ("account", "entry", "ledger_transaction", "lot", "operation")
"""Tables that a booking reads and that grow without end; `account` with the citizens."""


@pytest.fixture(scope="session")
def engine(find_engine: Callable[[str], TestEngine]) -> TestEngine:
    """PostgreSQL alone: SQLite plans anew when a connection is opened, and never scans here."""
    return find_engine("postgresql")


def spend(booker: Booker, spends: int) -> None:
    for _ in range(spends // BATCH):
        commands = [spend_command(CARDS[number % 3], 1) for number in range(BATCH)]
        assert {one.outcome for one in decided(booker, *commands)} == {Outcome.BOOKED}


def counted(town: Town) -> dict[str, dict[str, int]]:
    """What the server has counted of each table."""
    names = ("seq_scan", "idx_scan", "n_tup_upd", "n_tup_hot_upd")
    query = f"SELECT relname, {', '.join(names)} FROM pg_stat_user_tables"  # noqa: S608
    return {table: dict(zip(names, row, strict=True)) for table, *row in town.rows(query)}


def flushed(booker: Booker, town: Town) -> dict[str, dict[str, int]]:
    """The same after the booker's connection has told what it counted."""
    booker._store._run([("SELECT pg_stat_force_next_flush()", ())])  # type: ignore[attr-defined]
    return counted(town)


def test_plans_made_on_an_empty_ledger_stay_good(town: Town) -> None:
    """On one connection: what was read row by row while it was short is not when it is long."""
    with town.booker() as booker:
        granted(booker, *(grant_command(card, 1_000_000) for card in CARDS))
        spend(booker, SPENDS - COUNTED)
        before = flushed(booker, town)
        spend(booker, COUNTED)
        after = flushed(booker, town)
    delta = {
        table: {name: of_one[name] - before[table][name] for name in of_one}
        for table, of_one in after.items()
    }
    assert delta.pop("schema_migration")["seq_scan"] <= CONNECTIONS, "it is read for bookings"
    scanned = [table for table, of_one in delta.items() if of_one["seq_scan"]]
    assert scanned == [], "tables were read from beginning to end"
    assert min(delta[table]["idx_scan"] for table in GROWING) >= COUNTED // BATCH, delta
    lots = delta["lot"]
    assert lots["n_tup_upd"] >= COUNTED - BATCH
    assert lots["n_tup_hot_upd"] > 0.9 * lots["n_tup_upd"], "updates moved the index entries"
