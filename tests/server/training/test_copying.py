"""What a training ledger takes over: every setting, and no secret."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.db.migrate import migrate
from server.db.queries import rows
from server.ledger.engines import writing
from server.training.copying import COPIED, CopiedTable, read_settings, write_settings
from tests.engines import TestEngine
from tests.server.support import COUNTER, Town

LEFT_OUT = {
    ("street", "sealed_client_secret"),
    ("place", "collecting_place_id"),
    ("terminal", "password_hash"),
    ("terminal", "machine_fingerprint"),
    ("terminal", "withdrawn_at"),
}
"""What is not copied. Whatever else a table has is a setting, with which training is to work."""


@pytest.fixture
def practice(engine: TestEngine, tmp_path: Path) -> Iterator[Town]:
    folder = tmp_path / "practice"
    folder.mkdir()
    with engine.database(folder) as url:
        town = Town(url)
        migrate(town.database)
        yield town


def copy(town: Town, practice: Town) -> None:
    with town.database.connection_context():
        settings = read_settings(town.database, COUNTER)
    with practice.database.connection_context(), writing(practice.database):
        write_settings(practice.database, settings)


def found(town: Town, of: CopiedTable) -> list[dict[str, object]]:
    with town.database.connection_context():
        names = [column.name for column in town.database.get_columns(of.table)]
        query = f"SELECT {', '.join(names)} FROM {of.table} ORDER BY {of.key}"  # noqa: S608
        return [dict(zip(names, row, strict=True)) for row in rows(town.database, query)]


def test_every_column_is_copied_but_those_that_are_named(town: Town, practice: Town) -> None:
    town.tamper(
        """UPDATE program SET pin_above_points = 300, points_per_citizen_day_max = 5000
        WHERE kind <> 'RETAINED'"""
    )
    town.tamper("UPDATE issuer SET symbology = 'QR'")
    town.tamper("UPDATE municipality SET offline_vouchers_max = 3")
    copy(town, practice)
    for of in COPIED:
        real = {row[of.key]: row for row in found(town, of)}
        for copied in found(practice, of):
            differing = {
                (of.table, name)
                for name, value in copied.items()
                if value != real[copied[of.key]][name]
            }
            assert differing <= LEFT_OUT
    assert {(of.table, name) for of in COPIED for name in of.left_out} == LEFT_OUT
    limits = practice.rows(
        """SELECT pin_above_points, points_per_citizen_day_max FROM program
        WHERE kind <> 'RETAINED'"""
    )
    assert set(limits) == {(300, 5000)}


def test_settings_that_changed_are_copied_anew(town: Town, practice: Town) -> None:
    copy(town, practice)
    town.tamper("UPDATE program SET pin_above_points = 300 WHERE program_id = '00000001'")
    town.tamper("UPDATE street SET id_pattern = '[0-9]{8}'")
    copy(town, practice)
    assert practice.rows("SELECT pin_above_points FROM program WHERE program_id = '00000001'") == [
        (300,)
    ]
    assert practice.rows("SELECT id_pattern, sealed_client_secret FROM street") == [
        ("[0-9]{8}", None)
    ]
