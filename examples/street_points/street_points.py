"""A small street point system: adds merged points to its customers, each merge once.

    python street_points.py CONFIGURATION DATABASE          take what is there, and end
    python street_points.py CONFIGURATION DATABASE --watch  stay, and take what arrives

CONFIGURATION is the merge driver's, with `kind = "python"` in its table `output`. DATABASE is an
SQLite file of this program's own.
"""

import argparse
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

from merge_driver.inbox import (
    DriverError,
    FileResult,
    KeyFileError,
    StopEvent,
    TakenRecord,
    open_inbox,
)

TABLES = """
    CREATE TABLE IF NOT EXISTS customer (
        id TEXT PRIMARY KEY,
        points INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS addition (
        transaction_number TEXT PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customer,
        points INTEGER NOT NULL
    );
"""


def main() -> int:
    """Run, and return the exit code."""
    arguments = argparse.ArgumentParser(description="Add merged points to a street's customers.")
    arguments.add_argument("configuration")
    arguments.add_argument("database")
    arguments.add_argument("--watch", action="store_true", help="stay and take what arrives")
    given = arguments.parse_args()
    try:
        with (
            closing(sqlite3.connect(given.database)) as database,
            open_inbox(given.configuration, tell_file) as inbox,
            stop_by_signal() as stop_event,
        ):
            database.executescript(TABLES)
            print("street points: open", flush=True)
            for record in inbox.watch(stop_event) if given.watch else inbox:
                add(database, record)
                inbox.acknowledge(record)
    except (DriverError, KeyFileError, sqlite3.Error) as error:
        print(f"street points: {error}", file=sys.stderr)
        return 1
    return 0


def add(database: sqlite3.Connection, record: TakenRecord) -> None:
    """Add a record's points to its customer; a second time it adds nothing.

    The note of the transaction number and the points are one transaction.
    """
    with database:
        database.execute(
            "INSERT INTO customer (id, points) VALUES (?, 0) ON CONFLICT DO NOTHING", (record.id,)
        )
        noted = database.execute(
            "INSERT INTO addition (transaction_number, customer_id, points) VALUES (?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            (record.transaction_number, record.id, record.points),
        )
        if noted.rowcount:
            database.execute(
                "UPDATE customer SET points = points + ? WHERE id = ?", (record.points, record.id)
            )
    said = "added" if noted.rowcount else "had added before"
    print(f"{said} {record.points} to {record.id} ({record.transaction_number})", flush=True)


def tell_file(result: FileResult) -> None:
    """Say which files were not taken, and why."""
    if result.reason is not None:
        print(f"quarantine {result.name} {result.reason}: {result.message}", flush=True)


@contextmanager
def stop_by_signal() -> Iterator[StopEvent]:
    """Give a stop event that Ctrl-C and SIGTERM set."""
    stop_event = StopEvent()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop_event.set())
    yield stop_event


if __name__ == "__main__":
    sys.exit(main())
