"""Who works at a terminal, how long sessions idle, the audit trail, and the data key."""

from peewee import Database

from server.db.dialect import Dialect, dialect_of
from server.db.triggers import history_triggers


def statements(sql: Dialect) -> tuple[str, ...]:
    """Return the statements that make the new columns and tables."""
    return (
        "ALTER TABLE session ADD COLUMN person TEXT NOT NULL DEFAULT ''",
        f"ALTER TABLE session ADD COLUMN used_at {sql.integer} NOT NULL DEFAULT 0",
        "UPDATE session SET used_at = signed_in_at",
        "CREATE INDEX session_terminal ON session (terminal_id)",
        # What the secrets are sealed with, itself sealed with the master key (SEC-4).
        f"""CREATE TABLE data_key (
            key_id {sql.integer} PRIMARY KEY CHECK (key_id >= 1),
            sealed_key {sql.blob} NOT NULL,
            made_at {sql.integer} NOT NULL
        ){sql.table}""",
        # Who did what, refusals too (SEC-5).
        f"""CREATE TABLE audit_event (
            event_id {sql.integer} PRIMARY KEY CHECK (event_id >= 1),
            noted_at {sql.integer} NOT NULL,
            caller TEXT NOT NULL,
            person TEXT NOT NULL,
            machine TEXT NOT NULL,
            address TEXT NOT NULL,
            action TEXT NOT NULL,
            result TEXT NOT NULL,
            request_id TEXT NOT NULL,
            subject TEXT NOT NULL,
            times {sql.integer} NOT NULL CHECK (times >= 1)
        ){sql.table}""",
        "CREATE INDEX audit_event_noted ON audit_event (noted_at)",
        "CREATE INDEX audit_event_caller ON audit_event (caller, event_id)",
        # Hash-chained blocks of events. Each names the newest block of the ledger at that time,
        # and blocks of the ledger name the newest of these: neither chain is made anew alone.
        f"""CREATE TABLE audit_seal (
            first_event_id {sql.integer} PRIMARY KEY,
            last_event_id {sql.integer} NOT NULL UNIQUE REFERENCES audit_event,
            previous_hash {sql.blob} NOT NULL UNIQUE CHECK (length(previous_hash) = 32),
            ledger_hash {sql.blob} NOT NULL CHECK (length(ledger_hash) = 32),
            hash {sql.blob} NOT NULL UNIQUE CHECK (length(hash) = 32),
            sealed_at {sql.integer} NOT NULL,
            CHECK (last_event_id >= first_event_id)
        ){sql.table}""",
        f"""ALTER TABLE seal ADD COLUMN audit_hash {sql.blob}
            CHECK (length(audit_hash) = 32)""",
    )


HISTORY = ("audit_event", "audit_seal")


def up(migrator: object, db: Database) -> None:  # noqa: ARG001
    """Add what is new."""
    sql = dialect_of(db)
    histories = (statement for table in HISTORY for statement in history_triggers(sql, table))
    for statement in (*statements(sql), *histories):
        db.execute_sql(statement)
