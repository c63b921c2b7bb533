"""What a server writes to know that a booking is possible (LED-8)."""

from peewee import Database

from server.db.dialect import Dialect, dialect_of


def table(sql: Dialect) -> str:
    """Return the statement that makes the table, whose one row is written again and again."""
    return f"""CREATE TABLE booking_check (
        id {sql.integer} PRIMARY KEY,
        checks {sql.integer} NOT NULL,
        filling {sql.blob} NOT NULL
    ){sql.updated_table}"""


def up(migrator: object, db: Database) -> None:  # noqa: ARG001
    """Add what is new."""
    db.execute_sql(table(dialect_of(db)))
