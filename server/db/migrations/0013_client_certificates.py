"""Client certificates that stand for a caller (SEC-1)."""

from peewee import Database

from server.db.dialect import Dialect, dialect_of


def tables(sql: Dialect) -> tuple[str, ...]:
    """Return the statements that make the new table and its index."""
    return (
        f"""CREATE TABLE client_certificate (
            fingerprint {sql.blob} PRIMARY KEY CHECK (length(fingerprint) = 32),
            caller TEXT NOT NULL,
            added_at {sql.integer} NOT NULL
        ){sql.table}""",
        "CREATE INDEX client_certificate_of ON client_certificate (caller)",
    )


def up(migrator: object, db: Database) -> None:  # noqa: ARG001
    """Add what is new."""
    for statement in tables(dialect_of(db)):
        db.execute_sql(statement)
