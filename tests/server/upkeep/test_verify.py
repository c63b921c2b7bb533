"""Verifying names what is wrong, whoever changed the database (LED-6)."""

import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from server.db.engine import open_database, shown_name
from server.db.errors import UnusableDatabaseError
from server.db.migrate import migrate
from server.db.queries import rows
from server.db.sqlite import sqlite_path
from server.ledger.booker import Booker
from server.ledger.snapshot import snapshot
from server.upkeep.verify import verify
from tests.engines import TestEngine
from tests.fixtures.schemas import FIRST
from tests.server.support import (
    CARD_A,
    CARD_B,
    STREET_1,
    Town,
    booked,
    cancel_command,
    capture_command,
    grant_command,
    granted,
    hold_command,
    spend_command,
)


@pytest.fixture
def filled(town: Town, booker: Booker) -> Town:
    """Transactions 1 to 5: two grants, two spends, and a cancellation of the first of these."""
    granted(booker, grant_command(CARD_A, 500), grant_command(CARD_B, 300))
    first = booked(booker, spend_command(CARD_A, 120))
    booked(booker, spend_command(CARD_B, 50))
    booked(booker, cancel_command(first["transaction_number"]))
    return town


@pytest.fixture
def holding(filled: Town, booker: Booker) -> Town:
    """Transactions 6 to 8 too: a hold of card A's points that is captured, and one of card B's."""
    (captured,) = granted(booker, hold_command("AAAA1111", 100))
    granted(booker, hold_command("BBBB2222", 50))
    granted(booker, capture_command(captured, 30))
    return filled


def test_a_ledger_as_it_was_booked_is_clean(holding: Town) -> None:
    found = verify(holding.database)
    assert (found.transactions, found.lots, found.fault) == (8, 2, None)
    assert (found.blocks, found.sealed, found.unsealed, found.last_hash) == (0, 0, 8, None)


def test_an_empty_ledger_is_clean(town: Town) -> None:
    assert verify(town.database).fault is None


def blob(town: Town, content: bytes) -> str:
    """How a statement writes bytes."""
    return f"x'{content.hex()}'" if town.is_sqlite else f"'\\x{content.hex()}'"


def merge_row(transaction_id: int, file_name: str, points: int) -> str:
    return f"""INSERT INTO merge VALUES ({transaction_id}, '{STREET_1}', '123456789', {points},
        1, 7, {{zeros}}, '{file_name}', {{zeros}})"""  # noqa: S608


SPENT = "(SELECT account_id FROM account WHERE kind = 'SPENT')"
RESERVED = "(SELECT account_id FROM account WHERE kind = 'RESERVED' AND owner = '{0}')"
SPEND_4_AS_MERGE = (
    f"INSERT INTO account VALUES (90, '00000001', 'MERGED', '{STREET_1}')",  # noqa: S608
    "UPDATE counter SET next = 91 WHERE name = 'account'",
    "UPDATE entry SET account_id = 90 WHERE transaction_id = 4 AND lot_id IS NULL",
    "UPDATE ledger_transaction SET kind = 'MERGE' WHERE transaction_id = 4",
)
ALL_TRACES_OF_4 = (
    "DELETE FROM operation WHERE transaction_id = 4",
    "DELETE FROM entry WHERE transaction_id = 4",
    "DELETE FROM ledger_transaction WHERE transaction_id = 4",
    "UPDATE lot SET remaining = remaining + 50 WHERE lot_id = 2",
)

TAMPERED = {
    "entry's points": (
        ("UPDATE entry SET points = points + 1 WHERE transaction_id = 3 AND sequence = 2",),
        "transaction 2026070100003: its entries in program 00000001 sum to 1, not to 0",
    ),
    "lot's remaining": (
        ("UPDATE lot SET remaining = remaining - 1 WHERE lot_id = 2",),
        "lot 2: 199 points remain, its entries say 200",
    ),
    "lot's points": (
        ("UPDATE lot SET points = 600 WHERE lot_id = 1",),
        "lot 1: 600 points, but transaction 2026070100001 opened it with 500",
    ),
    "lot overdrawn for a while": (
        ("UPDATE entry SET points = 5 * points WHERE transaction_id IN (3, 5)",),
        "lot 1: transaction 2026070100003 leaves -100 of its 500 points",
    ),
    "lot of nobody": (
        (
            """INSERT INTO lot (lot_id, account_id, points, received_on, last_good_day)
            VALUES (3, 99, 10, '2026-07-01', '2026-07-02')""",
        ),
        "lot 3 is of an account that does not exist",
    ),
    "lot that nothing opened": (
        (
            """INSERT INTO lot (lot_id, account_id, points, received_on, last_good_day)
            SELECT 3, account_id, 10, '2026-07-01', '2026-07-02' FROM lot WHERE lot_id = 1""",
        ),
        "lot 3 was opened by no transaction",
    ),
    "missing transaction": (
        ("DELETE FROM ledger_transaction WHERE transaction_id = 4",),
        "transaction ID 4 is missing, before transaction 2026070100005",
    ),
    "missing transactions": (
        ("DELETE FROM ledger_transaction WHERE transaction_id IN (2, 3)",),
        "transaction IDs 2 to 3 are missing, before transaction 2026070100004",
    ),
    "missing transaction and all traces of it": (
        ALL_TRACES_OF_4,
        "transaction ID 4 is missing, before transaction 2026070100005",
    ),
    "missing newest transaction": (
        ("DELETE FROM ledger_transaction WHERE transaction_id = 8",),
        "the newest transactions are missing: ID 8",
    ),
    "missing newest transactions": (
        ("DELETE FROM ledger_transaction WHERE transaction_id > 5",),
        "the newest transactions are missing: IDs 6 to 8",
    ),
    "missing entries": (
        ("DELETE FROM entry WHERE transaction_id = 4",),
        "transaction 2026070100004 has no entries",
    ),
    "missing entry": (
        ("DELETE FROM entry WHERE transaction_id = 4 AND sequence = 1",),
        "transaction 2026070100004: its entry 1 is missing",
    ),
    "stray entry": (
        (f"INSERT INTO entry VALUES (99, 1, {SPENT}, NULL, 1)",),  # noqa: S608
        "an entry belongs to transaction ID 99, which does not exist",
    ),
    "missing account": (
        ("DELETE FROM account WHERE kind = 'SPENT'",),
        r"transaction 2026070100003: an entry names account ID \d+, which does not exist",
    ),
    "missing lot": (
        ("DELETE FROM lot WHERE lot_id = 2",),
        "transaction 2026070100002: an entry of held points names no lot of its account",
    ),
    "another's lot": (
        ("UPDATE entry SET lot_id = 1 WHERE transaction_id = 4 AND lot_id = 2",),
        "transaction 2026070100004: an entry of held points names no lot of its account",
    ),
    "lot of points that are not held": (
        ("UPDATE entry SET lot_id = 1 WHERE transaction_id = 3 AND lot_id IS NULL",),
        "transaction 2026070100003: an entry of points that are not held names a lot",
    ),
    "cancelled grant": (
        ("UPDATE ledger_transaction SET refers_to = 1 WHERE kind = 'CANCEL'",),
        "transaction 2026070100005 cancels a transaction that cannot be cancelled",
    ),
    "captured spend": (
        ("UPDATE ledger_transaction SET refers_to = 4 WHERE kind = 'CAPTURE'",),
        "transaction 2026070100008 captures a transaction that is no hold",
    ),
    "released spend": (
        ("UPDATE ledger_transaction SET refers_to = 4, kind = 'RELEASE' WHERE kind = 'CAPTURE'",),
        "transaction 2026070100008 releases a transaction that is no hold",
    ),
    "cancelled nothing": (
        ("UPDATE ledger_transaction SET refers_to = -1 WHERE kind = 'CANCEL'",),
        "transaction 2026070100005 refers to transaction ID -1, which does not exist",
    ),
    "number of another day": (
        (
            """UPDATE ledger_transaction SET transaction_number = '2026070200004'
            WHERE transaction_id = 4""",
        ),
        "transaction ID 4: '2026070200004' is no transaction number of 2026-07-01",
    ),
    "missing answer": (
        ("DELETE FROM operation WHERE transaction_id = 4",),
        "transaction 2026070100004: the answer to its request is missing",
    ),
    "stray answer": (
        (
            """INSERT INTO operation (caller, request_id, method, fingerprint, outcome, answer,
            transaction_id, decided_at) SELECT caller, 'x', method, fingerprint, outcome, answer,
            99, decided_at FROM operation WHERE transaction_id = 1""",
        ),
        "request x of test was answered with transaction ID 99, which does not exist",
    ),
    "hold that is open no more": (
        ("UPDATE hold SET is_open = FALSE WHERE transaction_id = 7",),
        "transaction 2026070100007: its hold is not open exactly while nothing refers to it",
    ),
    "hold that is open again": (
        ("UPDATE hold SET is_open = TRUE WHERE transaction_id = 6",),
        "transaction 2026070100006: its hold is not open exactly while nothing refers to it",
    ),
    "missing hold": (
        ("DELETE FROM hold WHERE transaction_id = 7",),
        "transaction 2026070100007 is a hold without its record",
    ),
    "hold of a spend": (
        ("INSERT INTO hold VALUES (4, 1, 1, TRUE)",),
        "the record of a hold belongs to transaction 2026070100004, which is no hold",
    ),
    "hold of nothing": (
        ("INSERT INTO hold VALUES (99, 1, 1, TRUE)",),
        "the record of a hold belongs to transaction ID 99, which is no hold",
    ),
    "another's reserved points": (
        (
            f"""UPDATE entry SET account_id = {RESERVED.format(2)}
            WHERE transaction_id = 8 AND account_id = {RESERVED.format(1)}""",  # noqa: S608
        ),
        "citizen 1 has 100 points reserved in program 00000001, the open holds say 0",
    ),
    "file without merge": (
        (merge_row(3, "stray.mrg", 1),),
        "transaction 2026070100003 is a merge without its file, or a file without its merge",
    ),
    "merge without file": (
        ("UPDATE ledger_transaction SET kind = 'MERGE' WHERE transaction_id = 4",),
        "transaction 2026070100004 is a merge without its file, or a file without its merge",
    ),
    "merge of other points": (
        (*SPEND_4_AS_MERGE, merge_row(4, f"{STREET_1}-2026070100004.mrg", 51)),
        "transaction 2026070100004: the record of its merge is not what was booked",
    ),
    "file of another merge": (
        (*SPEND_4_AS_MERGE, merge_row(4, f"{STREET_1}-2026070100003.mrg", 50)),
        "transaction 2026070100004: the record of its merge is not what was booked",
    ),
    "transaction IDs from the start": (
        ("UPDATE counter SET next = 1 WHERE name = 'transaction'",),
        "the counter 'transaction' says that 1 comes next, but 8 is given",
    ),
    "no counter of lots": (
        ("DELETE FROM counter WHERE name = 'lot'",),
        "the counter 'lot' says that 1 comes next, but 2 is given",
    ),
    "account IDs from the start": (
        ("UPDATE counter SET next = 1 WHERE name = 'account'",),
        r"the counter 'account' says that 1 comes next, but \d+ is given",
    ),
    "numbers of a day from the start": (
        ("UPDATE counter SET next = 5 WHERE name = 'day:2026-07-01'",),
        "the counter 'day:2026-07-01' says that 5 comes next, but 8 is given",
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_the_first_thing_wrong_is_named(holding: Town, what: str) -> None:
    statements, fault = TAMPERED[what]
    zeros = blob(holding, bytes(16))
    holding.tamper(*(statement.replace("{zeros}", zeros) for statement in statements))
    found = verify(holding.database).fault
    assert found is not None
    assert re.fullmatch(fault, found), found


def test_a_merge_with_its_file_is_clean(filled: Town) -> None:
    row = merge_row(4, f"{STREET_1}-2026070100004.mrg", 50)
    filled.tamper(*SPEND_4_AS_MERGE, row.replace("{zeros}", blob(filled, bytes(16))))
    assert verify(filled.database).fault is None


def test_a_lot_with_too_much_is_named(filled: Town) -> None:
    if filled.is_sqlite:
        past_check = "PRAGMA ignore_check_constraints = on"
        fault = "the database file is damaged: CHECK constraint failed in lot"
    else:
        past_check = "ALTER TABLE lot DROP CONSTRAINT lot_check"
        fault = "lot 1: 501 points remain, its entries say 500"
    filled.tamper(past_check, "UPDATE lot SET remaining = 501 WHERE lot_id = 1")
    assert verify(filled.database).fault == fault


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (
            "UPDATE ledger_transaction SET refers_to = NULL WHERE kind = 'CANCEL'",
            "transaction 2026070100005 refers to no other, though it must",
        ),
        (
            "UPDATE ledger_transaction SET refers_to = 1 WHERE transaction_id = 4",
            "transaction 2026070100004 refers to another, though it is none that does",
        ),
        (
            "UPDATE ledger_transaction SET refers_to = 4, kind = 'CANCEL' WHERE transaction_id = 3",
            "transaction 2026070100003 refers to the later transaction 2026070100004",
        ),
    ],
)
def test_what_constraints_would_refuse_is_named(filled: Town, statement: str, fault: str) -> None:
    filled.tamper(
        "ALTER TABLE ledger_transaction DROP CONSTRAINT ledger_transaction_check",
        "ALTER TABLE ledger_transaction DROP CONSTRAINT ledger_transaction_earlier_check",
        statement,
    )
    assert verify(filled.database).fault == fault


@pytest.mark.parametrize(("gaps_below", "fault"), [(6, False), (5, True), (4, True)])
def test_gaps_that_an_older_version_left_are_none(
    filled: Town, gaps_below: int, fault: bool
) -> None:
    filled.tamper(
        *ALL_TRACES_OF_4,
        f"INSERT INTO counter VALUES ('transaction-gaps-below', {gaps_below})",  # noqa: S608
    )
    missing = "transaction ID 4 is missing, before transaction 2026070100005"
    assert verify(filled.database).fault == (missing if fault else None)


def test_verifying_changes_nothing(holding: Town) -> None:
    before = holding.dump()
    verify(holding.database)
    assert holding.dump() == before


def test_a_snapshot_does_not_see_what_is_booked_meanwhile(filled: Town, booker: Booker) -> None:
    database = open_database(filled.url)
    count = "SELECT count(*) FROM ledger_transaction"
    with snapshot(database):
        assert rows(database, count) == [(5,)]
        booked(booker, spend_command(CARD_A, 10))
        assert rows(database, count) == [(5,)]
    assert filled.rows(count) == [(6,)]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "INSERT INTO schema_migration (name, applied) VALUES ('9999_future', '2030-01-01')",
            "has the schema of a newer version (9999_future): use that version",
        ),
        (
            "DELETE FROM schema_migration WHERE name = '0004_vouchers'",
            "has the schema of an older version (without 0004_vouchers): start "
            "jichipoint-server serve on it once, which brings it up to date",
        ),
        ("DROP TABLE schema_migration", "is no ledger: it has none of its tables"),
        ("DROP TABLE counter", "cannot be read: "),
    ],
)
def test_a_database_of_another_schema_is_told(filled: Town, statement: str, told: str) -> None:
    filled.tamper(statement)
    with pytest.raises(UnusableDatabaseError, match=re.escape(told)) as caught:
        verify(open_database(filled.url))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_gaps_of_the_first_schema_are_none_but_later_ones_are(
    engine: TestEngine, tmp_path: Path
) -> None:
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.executescript(FIRST.read_text("utf-8"))
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_update'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for table in ("entry", "operation", "ledger_transaction"):
        connection.execute(f"UPDATE {table} SET transaction_id = 33 WHERE transaction_id = 5")  # noqa: S608
    connection.execute("UPDATE counter SET next = 65 WHERE name = 'transaction'")
    connection.commit()
    connection.close()
    town = Town(f"sqlite:///{path}")
    migrate(town.database)
    assert verify(town.database).fault is None
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 1), grant_command(CARD_A, 1))
    assert verify(town.database).fault is None
    assert town.rows("SELECT max(transaction_id) FROM ledger_transaction") == [(35,)]
    town.tamper("DELETE FROM ledger_transaction WHERE transaction_id IN (33, 34)")
    missing = r"transaction IDs 5 to 34 are missing, before transaction \d+"
    assert re.fullmatch(missing, str(verify(town.database).fault))


def test_a_ledger_that_became_another_is_named_once(filled: Town) -> None:
    opened = open_database(filled.url)
    if filled.is_sqlite:
        path = sqlite_path(filled.url)
        shutil.copy(path, path.with_name("another.db"))
        path.with_name("another.db").replace(path)
    else:
        filled.tamper("UPDATE schema_migration SET applied = '2001-01-01'")
    with pytest.raises(UnusableDatabaseError) as refused:
        verify(opened)
    assert str(refused.value).count(shown_name(opened)) == 1, refused.value
