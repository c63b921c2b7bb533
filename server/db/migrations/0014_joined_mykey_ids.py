"""Two MyKey IDs of one person that were joined (MKY-1).

The schema knows no classes of terminals any more: the code that writes them does.
"""

from peewee import Database

from server.db.dialect import Dialect, dialect_of
from server.db.schema_text import change_texts

NEWEST_KINDS = "'ISSUE', 'REDEEM', 'EXPIRE', 'CORRECT'"
TERMINAL_CLASSES = """ CHECK (terminal_class IN ('SERVICE_ID', 'POINT_USE',
{indent}'VOUCHER', 'GRANT', 'MUNICIPALITY', 'PARTNER', 'OPERATOR'))"""
INDENTS = (" " * 16, " " * 12)
"""As the first migration has it, and as the very first ledgers got it."""
TEXTS = (
    ("ledger_transaction", f"{NEWEST_KINDS})", f"{NEWEST_KINDS}, 'JOIN')"),
    *(("terminal", TERMINAL_CLASSES.format(indent=indent), "") for indent in INDENTS),
)

POSTGRES_CHANGES = (
    "ALTER TABLE ledger_transaction DROP CONSTRAINT ledger_transaction_kind_check",
    f"""ALTER TABLE ledger_transaction ADD CONSTRAINT ledger_transaction_kind_check
        CHECK (kind IN ('GRANT', 'SPEND', 'CANCEL', 'MERGE', 'LAPSE', 'MOVE', 'HOLD', 'CAPTURE',
        'RELEASE', {NEWEST_KINDS}, 'JOIN'))""",
    "ALTER TABLE terminal DROP CONSTRAINT terminal_terminal_class_check",
)


def tables(sql: Dialect) -> tuple[str, ...]:
    """Return the statements that make the new column and its index."""
    return (
        f"""ALTER TABLE citizen ADD COLUMN joined_into {sql.integer} REFERENCES citizen
            CHECK (joined_into IS NULL
                OR joined_into <> citizen_id AND revoked_at IS NOT NULL)""",
        "CREATE INDEX citizen_joined ON citizen (joined_into) WHERE joined_into IS NOT NULL",
    )


def up(migrator: object, db: Database) -> None:  # noqa: ARG001
    """Change what there is, and add what is new."""
    sql = dialect_of(db)
    changes = change_texts(db, TEXTS) if sql.is_sqlite else iter(POSTGRES_CHANGES)
    for statement in (*changes, *tables(sql)):
        db.execute_sql(statement)
