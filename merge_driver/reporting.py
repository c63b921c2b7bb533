"""Totals by day, for comparing with the server's statement (DRV-7)."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from merge_driver.errors import DriverError
from merge_driver.journal_schema import JOURNAL_VERSION
from merge_driver.telling import tell


@dataclass(frozen=True, slots=True)
class DaySums:
    """What the journal holds of one day of transaction numbers, which is the server's day."""

    day: str
    """YYYYMMDD, Asia/Tokyo."""
    records: int
    points: int
    waiting: int
    """Records that are not handed on yet."""
    acknowledged: int
    """Records whose acknowledgement the server took."""
    refused: int
    """Records whose acknowledgement the server refused."""


def show_report(journal: Path, first: date, last: date, *, as_json: bool) -> None:
    """Print the sums of each day, and of all. Raises DriverError."""
    try:
        days = _sums_by_day(journal, first, last)
    except sqlite3.Error as error:
        raise DriverError(f"{journal}: the journal cannot be read: {error}") from error
    if as_json:
        for day in days:
            tell({**asdict(day), "day": _with_hyphens(day.day)})
        return
    tell(f"{'day':<10} {'records':>9} {'points':>15} {'waiting':>9} {'acknowl.':>9} {'refused':>9}")
    for day in days:
        tell(_line(_with_hyphens(day.day), day))
    tell(_line("all", _sum(days)))


def _sums_by_day(journal: Path, first: date, last: date) -> list[DaySums]:
    if not journal.is_file():
        raise DriverError(f"{journal}: there is no journal yet; run first")
    with closing(sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        version: tuple[int] = connection.execute("PRAGMA user_version").fetchone()
        if version[0] != JOURNAL_VERSION:
            raise DriverError(f"{journal}: not a journal of this driver; run first")
        rows: Iterable[tuple[str, int, int, int, int, int]] = connection.execute(
            """SELECT substr(transaction_number, 1, 8), count(*), sum(points),
                sum(is_handed_on = 0), sum(coalesce(acknowledgement = 'ACKNOWLEDGED', 0)),
                sum(coalesce(acknowledgement NOT IN ('', 'ELSEWHERE', 'ACKNOWLEDGED'), 0))
            FROM record WHERE transaction_number >= ? AND transaction_number < ?
            GROUP BY 1 ORDER BY 1""",
            (_digits(first), _digits(last) + ":"),  # the character after 9
        )
        return [DaySums(*row) for row in rows]


def _digits(day: date) -> str:
    return day.isoformat().replace("-", "")


def _with_hyphens(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def _line(label: str, sums: DaySums) -> str:
    return (
        f"{label:<10} {sums.records:>9} {sums.points:>15} {sums.waiting:>9} "
        f"{sums.acknowledged:>9} {sums.refused:>9}"
    )


def _sum(days: list[DaySums]) -> DaySums:
    return DaySums(
        "",
        sum(day.records for day in days),
        sum(day.points for day in days),
        sum(day.waiting for day in days),
        sum(day.acknowledged for day in days),
        sum(day.refused for day in days),
    )
