"""Merging: what a key was made for, how far a merge has come, and sessions of streets' systems."""

from peewee import Database

from server.db.dialect import Dialect, dialect_of
from server.db.triggers import history_triggers


def statements(sql: Dialect) -> tuple[str, ...]:
    """Return the statements that make the new columns and tables."""
    return (
        # What the street's reader knows of a key from its key file (MRG-7).
        f"""ALTER TABLE street_key ADD COLUMN profile {sql.integer} NOT NULL DEFAULT 2
            CHECK (profile IN (1, 2))""",
        """ALTER TABLE street_key ADD COLUMN id_kind TEXT NOT NULL DEFAULT 'STREET'
            CHECK (id_kind IN ('STREET', 'MYKEY'))""",
        """ALTER TABLE street_key ADD COLUMN id_pattern TEXT NOT NULL DEFAULT ''
            CHECK (profile = 2 OR id_pattern <> '')""",
        f"ALTER TABLE street_key ADD COLUMN made_at {sql.integer} NOT NULL DEFAULT 0",
        """UPDATE street_key SET
            id_pattern = (SELECT id_pattern FROM street s WHERE s.issuer_id = street_key.issuer_id),
            id_kind = (SELECT id_kind FROM street s WHERE s.issuer_id = street_key.issuer_id)""",
        """UPDATE street_key SET
            profile = (SELECT profile FROM street s WHERE s.issuer_id = street_key.issuer_id)""",
        # Where a merge's file is: in the spool folder, taken by the street's system (MRG-4, 8).
        f"""CREATE TABLE merge_event (
            transaction_id {sql.integer} NOT NULL REFERENCES merge,
            kind TEXT NOT NULL CHECK (kind IN ('DELIVERED', 'ACKNOWLEDGED')),
            noted_at {sql.integer} NOT NULL,
            caller TEXT NOT NULL,
            PRIMARY KEY (transaction_id, kind)
        ){sql.keyed_table}""",
        "CREATE INDEX merge_issuer ON merge (issuer_id, transaction_id)",
        f"""CREATE TABLE street_session (
            token_hash {sql.blob} NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
            issuer_id TEXT NOT NULL REFERENCES street,
            signed_in_at {sql.integer} NOT NULL,
            expires_at {sql.integer} NOT NULL CHECK (expires_at > signed_in_at),
            ended_at {sql.integer}
        ){sql.table}""",
    )


HISTORY = ("merge_event",)


def up(migrator: object, db: Database) -> None:  # noqa: ARG001
    """Add what is new."""
    sql = dialect_of(db)
    histories = (statement for table in HISTORY for statement in history_triggers(sql, table))
    for statement in (*statements(sql), *histories):
        db.execute_sql(statement)
