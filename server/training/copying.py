"""What a terminal's training ledger knows of the real one: settings, and nobody's points."""

from dataclasses import dataclass
from typing import Any

from peewee import Database

from server.db.queries import change, rows
from server.training.citizens import practice_citizens

_NO_PASSWORD = "-"  # noqa: S105 -- what no password hashes to
_NEVER = "9999-12-31"


@dataclass(frozen=True, slots=True)
class _Copied:
    """Rows of a table that are copied: columns, and the query for a terminal's."""

    table: str
    key: str
    columns: tuple[str, ...]
    query: str


_OWN_PROGRAMS = """SELECT p.program_id FROM program p JOIN terminal t ON t.terminal_id = ?
    WHERE p.kind = 'MUNICIPAL' AND p.municipality_code = t.municipality_code
    UNION SELECT c.program_id FROM program_terminals c JOIN terminal t ON t.terminal_id = ?
    WHERE (c.municipality_code IS NULL OR c.municipality_code = t.municipality_code)
    AND (c.terminal_class IS NULL OR c.terminal_class = t.terminal_class)
    AND (c.issuer_id IS NULL OR c.issuer_id = t.issuer_id)
    AND (c.terminal_id IS NULL OR c.terminal_id = t.terminal_id)"""
_PROGRAM_COLUMNS = (
    "program_id",
    "municipality_code",
    "kind",
    "name",
    "days_valid",
    "service_from",
    "service_until",
    "shown_on_my_page",
    "points_per_use_max",
    "points_per_citizen_day_max",
    "points_per_terminal_day_max",
)
_MUNICIPALITY_COLUMNS = (
    "municipality_code",
    "name",
    "prefecture",
    "is_prefecture",
    "offline_vouchers_max",
    "offline_points_max",
)
_ISSUER_COLUMNS = (
    "issuer_id",
    "name",
    "is_street",
    "notification",
    "symbology",
    "nw7_start",
    "nw7_stop",
    "reading",
    "driver",
)
_COPIED = (
    _Copied(
        "municipality",
        "municipality_code",
        _MUNICIPALITY_COLUMNS,
        f"""SELECT {{columns}} FROM municipality WHERE municipality_code IN
        (SELECT municipality_code FROM terminal WHERE terminal_id = ?
        UNION SELECT municipality_code FROM program WHERE program_id IN ({_OWN_PROGRAMS}))""",  # noqa: S608
    ),
    _Copied(
        "program",
        "program_id",
        _PROGRAM_COLUMNS,
        f"SELECT {{columns}} FROM program WHERE program_id IN ({_OWN_PROGRAMS})",  # noqa: S608
    ),
    _Copied(
        "issuer",
        "issuer_id",
        _ISSUER_COLUMNS,
        """SELECT {columns} FROM issuer WHERE issuer_id =
        (SELECT issuer_id FROM terminal WHERE terminal_id = ?)""",
    ),
    _Copied(
        "place",
        "place_id",
        ("place_id", "municipality_code", "name", "collecting_place_id"),
        """SELECT {columns} FROM place WHERE place_id =
        (SELECT place_id FROM terminal WHERE terminal_id = ?)""",
    ),
    _Copied(
        "place",
        "place_id",
        ("place_id", "municipality_code", "name", "collecting_place_id"),
        """SELECT {columns} FROM place WHERE collecting_place_id =
        (SELECT place_id FROM terminal WHERE terminal_id = ?)""",
    ),
    _Copied(
        "terminal",
        "terminal_id",
        ("terminal_id", "terminal_class", "municipality_code", "place_id", "issuer_id", "name"),
        "SELECT {columns} FROM terminal WHERE terminal_id = ?",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a terminal's training needs of the real ledger: rows by what they are copied by."""

    terminal_id: str
    rows: tuple[tuple[tuple[Any, ...], ...], ...]
    street_issuer_id: str | None
    event_program_ids: tuple[str, ...]


def read_settings(database: Database, terminal_id: str) -> Settings:
    """Read from the real ledger what belongs to a terminal. No secret is among it."""
    found = []
    for copied in _COPIED:
        columns = ", ".join(copied.columns)
        query = copied.query.format(columns=columns)
        found.append(tuple(rows(database, query, *(terminal_id,) * query.count("?"))))
    issuer = rows(
        database,
        """SELECT s.issuer_id FROM terminal t JOIN street s USING (issuer_id)
        WHERE t.terminal_id = ?""",
        terminal_id,
    )
    programs = found[[copied.table for copied in _COPIED].index("program")]
    events = tuple(str(row[0]) for row in programs if row[2] == "EVENT")
    return Settings(terminal_id, tuple(found), issuer[0][0] if issuer else None, events)


def write_settings(database: Database, settings: Settings) -> None:
    """Bring the training ledger up to date for a terminal; runs in a writing transaction."""
    for copied, copies in zip(_COPIED, settings.rows, strict=True):
        for row in copies:
            _put(database, copied, _without_unknown_place(copied, row))
    change(database, "DELETE FROM program_terminals WHERE terminal_id = ?", settings.terminal_id)
    for program_id in settings.event_program_ids:
        change(
            database,
            "INSERT INTO program_terminals (program_id, terminal_id) VALUES (?, ?)",
            program_id,
            settings.terminal_id,
        )
    if settings.street_issuer_id is not None:
        change(
            database,
            """INSERT INTO street
            (issuer_id, profile, id_kind, id_pattern, sealed_client_secret)
            VALUES (?, 2, 'STREET', '', ?) ON CONFLICT (issuer_id) DO NOTHING""",
            settings.street_issuer_id,
            b"",
        )
    _put_citizens(database, settings)


def _without_unknown_place(copied: _Copied, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A terminal's own place is copied without the one that collects for it."""
    is_own = copied.table == "place" and "WHERE place_id" in copied.query
    return (*row[:-1], None) if is_own else row


def _put(database: Database, copied: _Copied, row: tuple[Any, ...]) -> None:
    columns, values = list(copied.columns), list(row)
    if copied.table == "terminal":
        columns.append("password_hash")
        values.append(_NO_PASSWORD)
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns[1:])
    change(
        database,
        f"""INSERT INTO {copied.table} ({", ".join(columns)})
        VALUES ({", ".join("?" * len(columns))})
        ON CONFLICT ({copied.key}) DO UPDATE SET {changes}""",  # noqa: S608
        *values,
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
        if settings.street_issuer_id is not None:
            change(
                database,
                """INSERT INTO service_id (issuer_id, customer_id, citizen_id) VALUES (?, ?, ?)
                ON CONFLICT (issuer_id, citizen_id) DO NOTHING""",
                settings.street_issuer_id,
                one.street_point_id,
                one.citizen_id,
            )
