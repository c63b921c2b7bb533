"""Verifying names what is wrong, whoever changed the file (LED-6)."""

import json

import pytest
from click.testing import CliRunner

from server.cli import main
from server.ledger.booker import Booker
from server.ledger.verify import verify
from tests.server.support import (
    CARD_A,
    CARD_B,
    STREET_1,
    Town,
    booked,
    cancel_command,
    grant_command,
    granted,
    spend_command,
)


@pytest.fixture
def filled(town: Town, booker: Booker) -> Town:
    granted(booker, grant_command(CARD_A, 500), grant_command(CARD_B, 300))
    first = booked(booker, spend_command(CARD_A, 120))
    booked(booker, spend_command(CARD_B, 50))
    booked(booker, cancel_command(first["transaction_number"]))
    return town


def test_a_ledger_as_it_was_booked_is_clean(filled: Town) -> None:
    found = verify(filled.database)
    assert (found.transactions, found.lots, found.fault) == (5, 2, None)


def test_an_empty_ledger_is_clean(town: Town) -> None:
    assert verify(town.database).fault is None


TAMPERED = {
    "entry's points": (
        (
            "DROP TRIGGER entry_update",
            "UPDATE entry SET points = points + 1 WHERE transaction_id = 3 AND sequence = 2",
        ),
        "transaction 2026070100003: its entries in program 00000001 sum to 1, not to 0",
    ),
    "lot's remaining": (
        ("UPDATE lot SET remaining = remaining - 1 WHERE lot_id = 2",),
        "lot 2: 249 points remain, its entries say 250",
    ),
    "lot with too much": (
        ("PRAGMA ignore_check_constraints = on", "UPDATE lot SET remaining = 501 WHERE lot_id = 1"),
        "the database file is damaged: CHECK constraint failed in lot",
    ),
    "missing transaction": (
        (
            "DROP TRIGGER ledger_transaction_delete",
            "DELETE FROM ledger_transaction WHERE transaction_id = 4",
        ),
        "an entry belongs to transaction ID 4, which does not exist",
    ),
    "missing entries": (
        ("DROP TRIGGER entry_delete", "DELETE FROM entry WHERE transaction_id = 4"),
        "transaction 2026070100004 has no entries",
    ),
    "missing lot": (
        ("DROP TRIGGER lot_stays", "DELETE FROM lot WHERE lot_id = 2"),
        "transaction 2026070100002: an entry of held points names no lot of its account",
    ),
    "cancelled grant": (
        (
            "DROP TRIGGER ledger_transaction_update",
            "UPDATE ledger_transaction SET refers_to = 1 WHERE kind = 'CANCEL'",
        ),
        "transaction 2026070100005 cancels a transaction that is no spend",
    ),
    "file without merge": (
        (
            f"""INSERT INTO merge VALUES (3, '{STREET_1}', '123456789', 1, 1, 7, zeroblob(16),
            'stray.mrg', x'00')""",  # noqa: S608
        ),
        "transaction 2026070100003 is a merge without its file, or a file without its merge",
    ),
    "merge without file": (
        (
            "DROP TRIGGER ledger_transaction_update",
            "UPDATE ledger_transaction SET kind = 'MERGE' WHERE transaction_id = 4",
        ),
        "transaction 2026070100004 is a merge without its file, or a file without its merge",
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_the_first_thing_wrong_is_named(filled: Town, what: str) -> None:
    statements, fault = TAMPERED[what]
    filled.tamper(*statements)
    assert verify(filled.database).fault == fault


def test_verifying_changes_nothing(filled: Town) -> None:
    before = filled.dump()
    verify(filled.database)
    assert filled.dump() == before


def test_the_command_says_so_and_exits_0(filled: Town) -> None:
    result = CliRunner().invoke(main, ["ledger", "verify", "--database", filled.url])
    assert (result.exit_code, result.output) == (0, "5 transactions and 2 lots agree\n")


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_names_the_fault_and_exits_1(filled: Town, as_json: bool) -> None:
    statements, fault = TAMPERED["lot's remaining"]
    filled.tamper(*statements)
    arguments = ["ledger", "verify", "--database", filled.url, *["--json"][: int(as_json)]]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    if as_json:
        assert json.loads(result.output) == {"transactions": 5, "lots": 2, "fault": fault}
    else:
        assert result.output == f"WRONG: {fault}\n"


def test_the_command_prints_json(filled: Town) -> None:
    result = CliRunner().invoke(main, ["ledger", "verify", "--database", filled.url, "--json"])
    assert result.exit_code == 0
    assert json.loads(result.output) == {"transactions": 5, "lots": 2, "fault": None}


def test_a_file_that_is_no_ledger_is_told_in_one_line(town: Town) -> None:
    folder = town.path.parent
    (folder / "empty.db").touch()
    for name in ("none/x.db", "missing.db", "empty.db"):
        url = f"sqlite:///{folder / name}"
        result = CliRunner().invoke(main, ["ledger", "verify", "--database", url])
        assert result.exit_code == 1
        assert isinstance(result.exception, SystemExit), "no traceback"
        assert result.output.startswith("Error: ")
        assert result.output.count("\n") == 1
    assert not (folder / "missing.db").exists()
