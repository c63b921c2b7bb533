"""Carrying a ledger: an export is exact, and an import stores all of it or nothing (LED-8)."""

import base64
import hashlib
import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from server.db.engine import open_database
from server.db.errors import UnusableDatabaseError
from server.db.migrate import migrate
from server.ledger.booker import Booker
from server.ledger.snapshot import snapshot
from server.serving.bookers import open_booker
from server.upkeep.carrying import LEFT_OUT, TABLES
from server.upkeep.export_file import UnfitFileError
from server.upkeep.exporting import ExportLines, export_ledger
from server.upkeep.importing import Imported, import_ledger
from server.upkeep.verify import verify
from tests.engines import TestEngine
from tests.server.support import (
    CARD_A,
    CARD_B,
    Town,
    booked,
    decided,
    grant_command,
    granted,
    spend_command,
)
from tests.server.upkeep.carried import content, rows_of, same

# Exporting


def test_every_table_is_carried_or_left_out_on_purpose(town: Town) -> None:
    with town.database.connection_context():
        tables = set(town.database.get_tables())
        assert {table.name for table in TABLES} == tables - set(LEFT_OUT)
        for table in TABLES:
            keys = town.database.get_primary_keys(table.name)
            columns = {column.name for column in town.database.get_columns(table.name)}
            assert list(table.order) == keys or (not keys and set(table.order) == columns)


def test_the_fixture_has_rows_of_every_table(exported: Path) -> None:
    *_, trailer = content(exported)
    assert [table for table, count in trailer["rows"].items() if not count] == []


def test_an_export_is_framed_by_what_it_is_and_what_is_in_it(exported: Path) -> None:
    header, *rows, trailer = content(exported)
    schema = [
        "0001_first_schema",
        "0002_full_ledger",
        "0003_cards",
        "0004_vouchers",
        "0005_mykey_and_service_ids",
        "0006_merging",
        "0007_sessions_and_audit",
        "0008_contacts",
        "0009_streets_without_secret",
        "0010_booking_check",
        "0011_serial_numbers",
        "0012_day_notes",
        "0013_client_certificates",
        "0014_joined_mykey_ids",
    ]
    assert header == {"format": "jichipoint-ledger", "version": 1, "schema": schema}
    counted = {table.name: len(rows_of(rows, table.name)) for table in TABLES}
    assert trailer["rows"] == counted
    *lines, _ = exported.read_bytes().splitlines(keepends=True)
    assert trailer["sha256"] == hashlib.sha256(b"".join(lines)).hexdigest()


def test_values_are_as_the_page_says(carried: Town, exported: Path) -> None:
    lines = content(exported)
    place, *_ = rows_of(lines, "place")
    assert place == {
        "collecting_place_id": 3,
        "municipality_code": "131164",
        "name": "花田酒店",
        "place_id": 1,
    }
    assert [row["is_open"] for row in rows_of(lines, "hold")] == [0, 0, 1]
    (merge,) = rows_of(lines, "merge")
    assert base64.b64decode(merge["file_id"]) == bytes(range(16))
    assert "花田酒店" in exported.read_text("utf-8")


def test_tables_come_in_the_order_that_the_page_has() -> None:
    page = (Path(__file__).parents[3] / "docs" / "formats.md").read_text("utf-8")
    listed = page.partition("texts compared byte by byte: ")[2].partition(".")[0]
    assert re.findall(r"`(\w+)`", listed) == [table.name for table in TABLES]


def test_only_the_owner_can_read_it(exported: Path) -> None:
    assert stat.S_IMODE(exported.stat().st_mode) == 0o600


def test_only_its_owner_reads_an_export(carried: Town, tmp_path: Path) -> None:
    path = tmp_path / "town.jsonl"
    export_ledger(carried.database, path)
    assert content(path)[0]["format"] == "jichipoint-ledger"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_export_that_fails_leaves_nothing(carried: Town, tmp_path: Path) -> None:
    path = tmp_path / "out" / "town.jsonl"
    path.parent.mkdir()
    carried.tamper("DROP TABLE counter")
    with pytest.raises(UnusableDatabaseError, match="it has no table counter"):
        export_ledger(carried.database, path)
    assert list(path.parent.iterdir()) == []


def test_nothing_is_written_over(carried: Town, tmp_path: Path) -> None:
    path = tmp_path / "town.jsonl"
    path.write_text("older")
    for taken in (path, tmp_path):
        with pytest.raises(FileExistsError):
            export_ledger(carried.database, taken)
    assert path.read_text() == "older"
    with pytest.raises(FileNotFoundError):
        export_ledger(carried.database, tmp_path / "none" / "town.jsonl")


def test_an_export_does_not_see_what_is_booked_meanwhile(
    carried: Town, booker: Booker, exported: Path
) -> None:
    database = open_database(carried.url)
    with snapshot(database):
        lines = iter(ExportLines(database))
        written = [next(lines) for _ in range(10)]
        booked(booker, spend_command(CARD_A, 10))
        written += lines
    assert b"".join(written) == exported.read_bytes()
    assert not same(exported, carried)


# Importing


def test_what_is_imported_exports_to_the_same_bytes(
    carried: Town, exported: Path, target: str
) -> None:
    stored = import_ledger(target, exported)
    town = Town(target)
    assert same(exported, town)
    assert stored == Imported(len(content(exported)) - 2, verify(carried.database))
    assert stored.verified.fault is None
    assert (stored.verified.blocks, stored.verified.sealed) == (1, 5)
    left_out = (*LEFT_OUT, "sqlite_sequence")
    if town.is_sqlite == carried.is_sqlite:
        assert town.dump(*left_out) == carried.dump(*left_out)


def test_numbers_go_on_after_an_import(carried: Town, exported: Path, target: str) -> None:
    import_ledger(target, exported)
    town = replace(carried, url=target)
    database = open_database(target)
    with database.connection_context():
        booker = open_booker(database, carried.clock)
        for _ in range(40):
            granted(booker, grant_command(CARD_A, 1))
        booked(booker, spend_command(CARD_B, 5))
    found = verify(town.database)
    assert found.fault is None
    assert found.transactions == 55
    counts = town.rows(
        """SELECT (SELECT count(*) FROM lot), (SELECT max(lot_id) FROM lot),
        (SELECT max(transaction_id) FROM ledger_transaction)"""
    )
    assert counts == [(42, 2 + 30 + 40, 55)], "lots of the old process's block are a gap"


def test_a_repeated_request_gets_its_answer_after_an_import(
    carried: Town, exported: Path, target: str
) -> None:
    command = spend_command(CARD_B, 7)
    with carried.booker() as booker:
        (first,) = decided(booker, command)
    later = exported.with_name("later.jsonl")
    export_ledger(carried.database, later)
    import_ledger(target, later)
    with replace(carried, url=target).booker() as booker:
        assert decided(booker, command) == [first]


def test_a_migrated_database_takes_an_import_once(exported: Path, target: str) -> None:
    database = open_database(target)
    migrate(database)
    import_ledger(target, exported)
    before = Town(target).dump()
    with pytest.raises(UnusableDatabaseError, match=r"holds rows already \(in municipality\)"):
        import_ledger(target, exported)
    assert Town(target).dump() == before


def test_an_empty_ledger_is_carried_too(engine: TestEngine, tmp_path: Path, target: str) -> None:
    with engine.database(tmp_path) as url:
        migrate(open_database(url))
        path = tmp_path / "empty.jsonl"
        export_ledger(open_database(url), path)
    import_ledger(target, path)
    assert same(path, Town(target))


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "INSERT INTO schema_migration (name, applied) VALUES ('9999_future', '2030-01-01')",
            "has the schema of a newer version",
        ),
        (
            "DELETE FROM schema_migration WHERE name = '0007_sessions_and_audit'",
            "has the schema of an older version",
        ),
        ("DROP TABLE schema_migration", "is no ledger"),
    ],
)
def test_a_database_of_another_schema_takes_no_import(
    town: Town, exported: Path, target: str, statement: str, told: str
) -> None:
    migrate(open_database(target))
    Town(target).tamper(statement)
    with pytest.raises(UnusableDatabaseError, match=told):
        import_ledger(target, exported)


def test_an_exported_fault_is_refused(carried: Town, exported: Path, target: str) -> None:
    carried.tamper("UPDATE ledger_transaction SET booked_at = 1 WHERE transaction_id = 2")
    wrong = exported.with_name("wrong.jsonl")
    export_ledger(carried.database, wrong)
    with pytest.raises(UnfitFileError, match=r"is wrong: block 1 .* not what was sealed"):
        import_ledger(target, wrong)


def test_a_file_that_is_missing_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        import_ledger(f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "none.jsonl")
    assert list(tmp_path.iterdir()) == []
