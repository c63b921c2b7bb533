"""Checking that times of bookings follow their order, but for clocks that went back (LED-8)."""

from collections.abc import Iterator
from datetime import timedelta

from peewee import Database

from server.clock import for_people
from server.db.queries import rows
from server.ledger.whole import WholeTransaction

BACK_MAX = timedelta(hours=1)
"""Batches of several processes may commit in another order than they read their clocks, but not
by so much: a transaction that stays open for half a minute is ended."""

_WENT_BACK = """SELECT last_transaction_id, noted_at FROM day_note WHERE kind = 'WENT_BACK'
    ORDER BY note_id"""
_NOTES = "SELECT note_id, last_transaction_id FROM day_note ORDER BY note_id"
_NEXT = "SELECT next FROM counter WHERE name = 'day-note'"


class Times:
    """Goes along the transactions, and finds a time that went back without a note."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._went_back: dict[int, int] = dict(rows(database, _WENT_BACK))
        """Of each transaction after which a clock went back: from when on bookings went on."""
        self._newest = self._went_back.get(0, 0)
        self._last_id = 0
        self._fault: str | None = None

    def add(self, transaction: WholeTransaction) -> None:
        """Compare a transaction's time with that of the one before."""
        back = timedelta(microseconds=self._newest - transaction.booked_at)
        if back > BACK_MAX and self._fault is None:
            self._fault = (
                f"transaction {transaction.number}: booked at {for_people(transaction.booked_at)}, "
                f"after {for_people(self._newest)}, and no clock was noted that went back"
            )
        self._last_id = transaction.transaction_id
        self._newest = self._went_back.get(self._last_id, transaction.booked_at)

    def faults(self) -> Iterator[str]:
        """Give the first time that went back, then what is wrong with the notes themselves.

        They come after the seals, which tell more of a time that was changed.
        """
        if self._fault is not None:
            yield self._fault
        newest = 0
        for note_id, last_transaction_id in rows(self._database, _NOTES):
            if note_id != newest + 1:
                yield f"note {newest + 1} of the ledger's days is missing"
            if last_transaction_id > self._last_id:
                yield (
                    f"note {note_id} of the ledger's days names transaction ID "
                    f"{last_transaction_id}, which does not exist"
                )
            newest = note_id
        found = rows(self._database, _NEXT)
        if (found[0][0] if found else 1) != newest + 1:
            yield f"the counter of notes does not follow note {newest}: some are missing"
