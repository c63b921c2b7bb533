"""How points leave lots and come back: pure functions."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from server.ledger.values import AccountKey, AccountKind, BookedEntry, Entry, Lot, NewLot


def usable(lots: Iterable[Lot], today: date) -> list[Lot]:
    """Return the lots that are good today: through their last good day (LED-2)."""
    return [lot for lot in lots if lot.last_good_day >= today]


def balance(lots: Iterable[Lot], today: date) -> int:
    """Return the points that can be used today."""
    return sum(lot.remaining for lot in usable(lots, today))


def take(account: AccountKey, lots: Sequence[Lot], points: int, today: date) -> list[Entry]:
    """Return entries that take points out of an account, what expires first first (LED-2).

    `lots` are in the order in which they expire and hold at least `points` today.
    """
    entries = []
    left = points
    for lot in usable(lots, today):
        part = min(lot.remaining, left)
        if part:
            entries.append(Entry(account, -part, lot))
        left -= part
        if not left:
            return entries
    raise ValueError(f"{left} of {points} points are not there")


def give_back(entries: Iterable[BookedEntry], today: date) -> tuple[list[Entry], int]:
    """Return entries that undo others, and the points that lapse with that.

    Held points return to the lots they came from; where a lot's last good day has
    passed they lapse in the same transaction (LED-2).
    """
    undone: list[Entry] = []
    points_lapsed = 0
    for account, points, lot in entries:
        undone.append(Entry(account, -points, lot))
        if lot is not None and points < 0 and lot.last_good_day < today:
            undone.append(Entry(account, points, lot))
            lapsed = AccountKey(account.program_id, AccountKind.LAPSED)
            undone.append(Entry(lapsed, -points))
            points_lapsed -= points
    return undone, points_lapsed


def carry_over(
    source: AccountKey, target: AccountKey, lots: Iterable[Lot], today: date
) -> list[Entry]:
    """Return entries that move all points of an account to another of the same program.

    Each lot's points keep their last good day.
    """
    entries = []
    for lot in lots:
        received_on = min(today, lot.last_good_day)
        entries.append(Entry(source, -lot.remaining, lot))
        entries.append(Entry(target, lot.remaining, NewLot(received_on, lot.last_good_day)))
    return entries


def lapse(account: AccountKey, lots: Iterable[Lot], today: date) -> list[Entry]:
    """Return entries that take what has lapsed out of an account (LED-2)."""
    gone = [lot for lot in lots if lot.last_good_day < today]
    lapsed = AccountKey(account.program_id, AccountKind.LAPSED)
    points = sum(lot.remaining for lot in gone)
    out = [Entry(account, -lot.remaining, lot) for lot in gone]
    return [*out, Entry(lapsed, points)] if points else []


def left_over(entries: Iterable[BookedEntry], points: int) -> list[BookedEntry]:
    """Return what entries took beyond the first `points`, in the order they were taken."""
    over = []
    left = points
    for entry in entries:
        used = min(-entry.points, left)
        left -= used
        if rest := -entry.points - used:
            over.append(entry._replace(points=-rest))
    return over


def transaction_number(day: date, sequence: int) -> str:
    """Return a transaction number: the day, and the sequence in at least 5 digits."""
    return f"{day:%Y%m%d}{sequence:05d}"


class Numbering(NamedTuple):
    """How transactions are numbered: by which counter, and what its numbers look like."""

    counter: Callable[[date], str]
    number: Callable[[date, int], str]


PRACTICE_MARK = "練"
DAILY = Numbering(lambda day: f"day:{day}", transaction_number)
PRACTICE = Numbering(lambda _day: "practice", lambda _day, sequence: f"{PRACTICE_MARK}{sequence}")
"""Of a training ledger (USE-7)."""
