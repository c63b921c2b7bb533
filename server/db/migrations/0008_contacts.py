"""Contacts of terminals (連絡先, TRM-4)."""

from peewee import Database

from server.db.dialect import Dialect, dialect_of


def contact_table(sql: Dialect) -> str:
    """Return the statement that makes the table; telephone numbers keep their hyphens."""
    return f"""CREATE TABLE terminal_contact (
        terminal_id TEXT NOT NULL PRIMARY KEY REFERENCES terminal,
        contact_name TEXT NOT NULL CHECK (length(contact_name) BETWEEN 1 AND 50),
        {sql.digits("postal_code", 7)},
        prefecture TEXT NOT NULL CHECK (length(prefecture) BETWEEN 3 AND 4),
        address TEXT NOT NULL CHECK (length(address) BETWEEN 1 AND 200),
        telephone TEXT NOT NULL
            CHECK (length(telephone) BETWEEN 10 AND 13 AND {sql.only("telephone", "0-9-")}),
        mail TEXT NOT NULL CHECK (length(mail) BETWEEN 3 AND 254)
    ){sql.keyed_table}"""


def up(migrator: object, db: Database) -> None:  # noqa: ARG001
    """Add what is new."""
    db.execute_sql(contact_table(dialect_of(db)))
