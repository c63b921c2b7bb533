"""A town with eight transactions to seal, and sealing on connections of its own."""

from server.db.engine import open_database
from server.ledger.booker import Booker
from server.ledger.sealing import Seal, insert_seal, next_seal, seal_next
from tests.server.support import (
    CARD_A,
    CARD_B,
    Town,
    booked,
    cancel_command,
    capture_command,
    grant_command,
    granted,
    hold_command,
    spend_command,
)

NOW = 1_782_874_800_000_000


def sealed(town: Town, most: int = 1000) -> list[Seal]:
    """Seal until nothing is left, and return the seals."""
    database = open_database(town.url)
    with database.connection_context():
        return list(iter(lambda: seal_next(database, NOW, most), None))


def reading(town: Town, most: int = 1000, now: int = NOW) -> Seal | None:
    database = open_database(town.url)
    with database.connection_context():
        return next_seal(database, most, now)


def inserting(town: Town, seal: Seal) -> bool:
    database = open_database(town.url)
    with database.connection_context():
        return insert_seal(database, seal)


def fill(booker: Booker) -> None:
    """Book transactions 1 to 8; 3 and 4 take 30 and 20 points of card A's."""
    granted(booker, grant_command(CARD_A, 500), grant_command(CARD_B, 300))
    booked(booker, spend_command(CARD_A, 30))
    booked(booker, spend_command(CARD_A, 20))
    third = booked(booker, spend_command(CARD_B, 50))
    booked(booker, cancel_command(third["transaction_number"]))
    (held,) = granted(booker, hold_command("AAAA1111", 100))
    granted(booker, capture_command(held, 30))
