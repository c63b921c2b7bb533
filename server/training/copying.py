"""What a terminal's training ledger knows of the real one: settings, and nobody's points."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from peewee import Database

from server.db.queries import change, rows
from server.training.citizens import practice_citizens

_NO_PASSWORD = "-"  # noqa: S105 -- what no password hashes to
_NEVER = "9999-12-31"


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """Rows of a table that are copied whole, and the query for a terminal's."""

    table: str
    key: str
    query: str
    left_out: Mapping[str, str | None] = field(default_factory=dict)
    """The columns that are not copied, and what stands there instead; every other one is, also
    one that is added to the schema one day."""


_OWN_PROGRAMS = """SELECT p.program_id FROM program p JOIN terminal t ON t.terminal_id = ?
    WHERE p.kind = 'MUNICIPAL' AND p.municipality_code = t.municipality_code
    UNION SELECT c.program_id FROM program_terminals c JOIN terminal t ON t.terminal_id = ?
    WHERE (c.municipality_code IS NULL OR c.municipality_code = t.municipality_code)
    AND (c.terminal_class IS NULL OR c.terminal_class = t.terminal_class)
    AND (c.issuer_id IS NULL OR c.issuer_id = t.issuer_id)
    AND (c.terminal_id IS NULL OR c.terminal_id = t.terminal_id)"""
COPIED = (
    CopiedTable(
        "municipality",
        "municipality_code",
        f"""SELECT {{columns}} FROM municipality WHERE municipality_code IN
        (SELECT municipality_code FROM terminal WHERE terminal_id = ?
        UNION SELECT municipality_code FROM program WHERE program_id IN ({_OWN_PROGRAMS}))""",  # noqa: S608
    ),
    CopiedTable(
        "program",
        "program_id",
        f"SELECT {{columns}} FROM program WHERE program_id IN ({_OWN_PROGRAMS})",  # noqa: S608
    ),
    CopiedTable(
        "issuer",
        "issuer_id",
        """SELECT {columns} FROM issuer WHERE issuer_id =
        (SELECT issuer_id FROM terminal WHERE terminal_id = ?)""",
    ),
    CopiedTable(
        "street",
        "issuer_id",
        """SELECT {columns} FROM street WHERE issuer_id =
        (SELECT issuer_id FROM terminal WHERE terminal_id = ?)""",
        {"sealed_client_secret": None},
    ),
    # Its own place is copied without the one that collects for it.
    CopiedTable(
        "place",
        "place_id",
        """SELECT {columns} FROM place WHERE place_id =
        (SELECT place_id FROM terminal WHERE terminal_id = ?)""",
        {"collecting_place_id": None},
    ),
    CopiedTable(
        "place",
        "place_id",
        """SELECT {columns} FROM place WHERE collecting_place_id =
        (SELECT place_id FROM terminal WHERE terminal_id = ?)""",
    ),
    CopiedTable(
        "terminal",
        "terminal_id",
        "SELECT {columns} FROM terminal WHERE terminal_id = ?",
        {"password_hash": _NO_PASSWORD, "machine_fingerprint": None, "withdrawn_at": None},
    ),
)

Copy = dict[str, Any]
"""A row as it is copied: every column, and what stands there."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a terminal's training needs of the real ledger: rows by what they are copied by."""

    terminal_id: str
    rows: tuple[tuple[Copy, ...], ...]

    def of(self, table: str) -> list[Copy]:
        """Return the rows of a table."""
        return [
            row
            for copied, of_one in zip(COPIED, self.rows, strict=True)
            for row in of_one
            if copied.table == table
        ]


def read_settings(database: Database, terminal_id: str) -> Settings:
    """Read from the real ledger what belongs to a terminal. No secret is among it."""
    found = tuple(tuple(_read(database, copied, terminal_id)) for copied in COPIED)
    return Settings(terminal_id, found)


def _read(database: Database, copied: CopiedTable, terminal_id: str) -> Iterator[Copy]:
    columns = [column.name for column in database.get_columns(copied.table)]
    names = [name for name in columns if name not in copied.left_out]
    query = copied.query.format(columns=", ".join(names))
    for row in rows(database, query, *(terminal_id,) * query.count("?")):
        yield {**dict(zip(names, row, strict=True)), **copied.left_out}


def write_settings(database: Database, settings: Settings) -> None:
    """Bring the training ledger up to date for a terminal; runs in a writing transaction."""
    for copied, copies in zip(COPIED, settings.rows, strict=True):
        for row in copies:
            _put(database, copied, row)
    change(database, "DELETE FROM program_terminals WHERE terminal_id = ?", settings.terminal_id)
    for program in settings.of("program"):
        if program["kind"] == "EVENT":
            change(
                database,
                "INSERT INTO program_terminals (program_id, terminal_id) VALUES (?, ?)",
                program["program_id"],
                settings.terminal_id,
            )
    _put_citizens(database, settings)


def _put(database: Database, copied: CopiedTable, row: Copy) -> None:
    changes = ", ".join(f"{name} = excluded.{name}" for name in row if name != copied.key)
    change(
        database,
        f"""INSERT INTO {copied.table} ({", ".join(row)})
        VALUES ({", ".join("?" * len(row))})
        ON CONFLICT ({copied.key}) DO UPDATE SET {changes}""",  # noqa: S608
        *row.values(),
    )


def _put_citizens(database: Database, settings: Settings) -> None:
    for one in practice_citizens(settings.terminal_id):
        change(
            database,
            """INSERT INTO citizen (citizen_id, mykey_id) VALUES (?, ?)
            ON CONFLICT (citizen_id) DO NOTHING""",
            one.citizen_id,
            one.mykey_id,
        )
        change(
            database,
            """INSERT INTO certificate (serial_number, citizen_id, last_good_day)
            VALUES (?, ?, ?) ON CONFLICT (serial_number) DO NOTHING""",
            one.serial_number,
            one.citizen_id,
            _NEVER,
        )
        for street in settings.of("street"):
            change(
                database,
                """INSERT INTO service_id (issuer_id, customer_id, citizen_id) VALUES (?, ?, ?)
                ON CONFLICT (issuer_id, citizen_id) DO NOTHING""",
                street["issuer_id"],
                one.street_point_id,
                one.citizen_id,
            )
