"""What the schema's text says differently on each engine."""

from dataclasses import dataclass

from peewee import Database, SqliteDatabase


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an engine writes types, and checks on texts."""

    integer: str
    blob: str
    boolean: str
    table: str
    """What follows a table's closing bracket."""
    keyed_table: str
    """The same for a table that is stored by its primary key."""
    updated_table: str
    """The same for a table whose rows are updated often: room beside them keeps that cheap."""

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite's."""
        return self is SQLITE

    def flag(self, column: str, *, default: bool | None = None) -> str:
        """Return a column that is true or false."""
        check = f" CHECK ({column} IN (0, 1))" if self.is_sqlite else ""
        unless_said = "" if default is None else f" DEFAULT {str(default).upper()}"
        return f"{column} {self.boolean} NOT NULL{unless_said}{check}"

    def only(self, column: str, characters: str) -> str:
        """Return the check that a text has no other characters, given as in [0-9A-Z]."""
        if self.is_sqlite:
            return f"{column} NOT GLOB '*[^{characters}]*'"
        return f"{column} !~ '[^{characters}]'"

    def digits(self, column: str, count: int) -> str:
        """Return a text column of exactly so many digits."""
        check = f"length({column}) = {count} AND {self.only(column, '0-9')}"
        return f"{column} TEXT NOT NULL CHECK ({check})"

    def day(self, column: str, *, null: bool = False) -> str:
        """Return a column for an Asia/Tokyo day, YYYY-MM-DD.

        Without a modifier SQLite's date() returns 2026-02-30 as it came.
        """
        if self.is_sqlite:
            check = f"{column} IS date({column}, '0 days')"
        else:
            check = f"{column} = CAST(CAST({column} AS DATE) AS TEXT)"
        return f"{column} TEXT{'' if null else ' NOT NULL'} CHECK ({check})"


SQLITE = Dialect("INTEGER", "BLOB", "INTEGER", " STRICT", " STRICT, WITHOUT ROWID", " STRICT")
POSTGRES = Dialect("BIGINT", "BYTEA", "BOOLEAN", "", "", " WITH (fillfactor = 70)")


def dialect_of(database: Database) -> Dialect:
    """Return how the database's engine writes it."""
    return SQLITE if isinstance(database, SqliteDatabase) else POSTGRES
