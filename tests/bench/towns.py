"""Towns to measure in: a thousand citizens with points, and a ledger as long as is wanted."""

import random
import uuid
from pathlib import Path

from peewee import Database

from server.clock import SystemClock
from server.db.engine import open_database
from server.db.queries import change, rows
from server.ledger.engines import writing
from server.ledger.sql_reader import Values
from server.ledger.values import RequestKey
from server.points.cards import MyNumberCard
from server.points.granting import GrantCommand
from server.points.operations import SpendCommand, Spent, Use
from server.points.rules import Shown
from tests.engines import TestEngine
from tests.server.support import (
    COUNTER,
    MUNICIPAL,
    TestClock,
    Town,
    build_town,
    decided,
)

CITIZENS = 1000
POINTS = 1_000_000_000
CHUNK = 20_000


def card(number: int) -> str:
    return f"{0xC00000 + number:X}"


def mykey(number: int) -> str:
    return f"M{number:07d}"


def new_town(engine: TestEngine, folder: Path) -> Town:
    """A town with a thousand citizens, each with points, at the machine's own time."""
    folder.mkdir(parents=True, exist_ok=True)
    town = Town(engine.new(folder))
    build_town(town.url)
    town.clock = TestClock(SystemClock().now())
    database = open_database(town.url)
    with database.connection_context(), writing(database):
        for number in range(CITIZENS):
            citizen = "INSERT INTO citizen (citizen_id, mykey_id) VALUES (?, ?)"
            change(database, citizen, 1000 + number, mykey(number))
            certificate = """INSERT INTO certificate (serial_number, citizen_id, last_good_day)
                VALUES (?, ?, ?)"""
            change(database, certificate, card(number), 1000 + number, "2090-01-01")
    with town.booker() as booker:
        for first in range(0, CITIZENS, 100):
            decided(
                booker,
                *(
                    GrantCommand(
                        RequestKey("bench", new_id()), b"", card(number), MUNICIPAL, POINTS
                    )
                    for number in range(first, first + 100)
                ),
            )
    return town


def new_id(version: int = 7) -> str:
    """A request ID: of version 7 they rise, as those of the applications do."""
    if version == 4:
        return str(uuid.uuid4())
    milliseconds = SystemClock().now().timestamp() * 1000
    tail = random.getrandbits(80)
    number = (int(milliseconds) << 80) | tail
    number = (number & ~(0xF << 76)) | (0x7 << 76)
    number = (number & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=number))


def spend(number: int, day_of: TestClock, version: int = 7) -> SpendCommand:
    """A spend of one point by one of the citizens."""
    request = RequestKey(f"terminal:{COUNTER}", new_id(version))
    shown = Shown(mykey(number), day_of.today)
    use = Use(COUNTER, MyNumberCard(card(number)), shown, MUNICIPAL, 1)
    return SpendCommand(request, b"f" * 32, use, _answer)


def _answer(spent: Spent) -> bytes:
    return spent.transaction_number.encode().ljust(80)


def fill(town: Town, transactions: int, version: int = 7) -> None:
    """Make the ledger that long, past its triggers: the same rows that spends write."""
    database = open_database(town.url)
    with database.connection_context():
        ((first, accounts),) = rows(
            database, "SELECT max(transaction_id), max(account_id) FROM ledger_transaction, account"
        )
        lots = rows(
            database,
            """SELECT l.lot_id, l.account_id FROM lot l JOIN account a USING (account_id)
            JOIN citizen z ON CAST(z.citizen_id AS TEXT) = a.owner WHERE z.citizen_id >= 1000
            ORDER BY l.lot_id""",
        )
        triggers = _without_triggers(database, town)
        spent = accounts + 1
        change(database, f"INSERT INTO account VALUES ({spent}, '{MUNICIPAL}', 'SPENT', 'fill')")  # noqa: S608
        missing = transactions - first
        for begin in range(0, missing, CHUNK):
            count = min(CHUNK, missing - begin)
            _append(database, first + 1 + begin, count, lots, spent, version)
        per_lot, left = divmod(missing, len(lots))
        for number, (lot_id, _) in enumerate(lots):
            used = per_lot + (number < left)
            change(
                database, "UPDATE lot SET remaining = remaining - ? WHERE lot_id = ?", used, lot_id
            )
        following = first + missing + 1
        change(database, "UPDATE counter SET next = ? WHERE name = 'transaction'", following)
        change(database, "UPDATE counter SET next = next + 64 WHERE name = 'account'")
        for text in triggers:
            database.execute_sql(text)
        database.execute_sql("ANALYZE")


def _without_triggers(database: Database, town: Town) -> list[str]:
    if not town.is_sqlite:
        database.execute_sql("SET session_replication_role = replica")
        return []
    database.execute_sql("PRAGMA foreign_keys = off")
    database.execute_sql("PRAGMA synchronous = off")
    found = rows(database, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    for name, _ in found:
        database.execute_sql(f"DROP TRIGGER {name}")
    return [text for _, text in found]


def _append(
    database: Database,
    first: int,
    count: int,
    lots: list[tuple[int, int]],
    spent: int,
    version: int,
) -> None:
    """Append spends of one point, one citizen after the other."""
    day, caller, answer = "2026-01-05", f"terminal:{COUNTER}", b"a" * 80
    entries: list[Values] = []
    transactions: list[Values] = []
    operations: list[Values] = []
    for number in range(first, first + count):
        lot_id, account_id = lots[(number - 1) % len(lots)]
        entries.append((number, 1, account_id, lot_id, -1))
        entries.append((number, 2, spent, None, 1))
        transactions.append(
            (number, f"20260105{number:08d}", "SPEND", number, day, caller, "M0000000", None, "")
        )
        request_id = new_id(version) if version == 4 else _early_id(number)
        operations.append(
            (caller, request_id, "Spend", b"f" * 32, "BOOKED", answer, number, number)
        )
    cursor = database.connection().cursor()
    with writing(database):
        for table, of_table in (
            ("entry", entries),
            ("ledger_transaction", transactions),
            ("operation", operations),
        ):
            places = ", ".join([database.param] * len(of_table[0]))
            cursor.executemany(f"INSERT INTO {table} VALUES ({places})", of_table)  # noqa: S608


def _early_id(number: int) -> str:
    """A version 7 ID of a time before now, in the order of numbers."""
    return str(uuid.UUID(int=(0x018000000000 + number) << 80 | 0x7 << 76 | 0x2 << 62 | number))
