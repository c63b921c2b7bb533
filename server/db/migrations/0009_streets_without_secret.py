"""A street may have no client secret: training ledgers have none, and wrote an empty one before."""

from peewee import Database

from server.db.dialect import dialect_of
from server.db.schema_text import change_texts

WHOLE = "CHECK (length(sealed_client_secret) > 0)"
TEXTS = (("street", "sealed_client_secret BLOB NOT NULL", f"sealed_client_secret BLOB {WHOLE}"),)
POSTGRES_CHANGES = ("ALTER TABLE street ALTER COLUMN sealed_client_secret DROP NOT NULL",)
MENDED = """UPDATE street SET sealed_client_secret = NULL
    WHERE length(sealed_client_secret) = 0"""
POSTGRES_CHECK = f"ALTER TABLE street ADD CONSTRAINT street_sealed_client_secret_check {WHOLE}"


def up(migrator: object, db: Database) -> None:  # noqa: ARG001
    """Change what there is."""
    is_sqlite = dialect_of(db).is_sqlite
    changes = change_texts(db, TEXTS) if is_sqlite else iter(POSTGRES_CHANGES)
    for statement in (*changes, MENDED, *(() if is_sqlite else (POSTGRES_CHECK,))):
        db.execute_sql(statement)
