"""MyKey IDs made, changed and revoked; service IDs registered; issuers' settings; notices.

What was registered stays as a row of mykey_event or service_id_event; citizen, certificate and
service_id say what holds now.
"""

from peewee import Database

from server.db.dialect import Dialect, dialect_of
from server.db.schema_text import change_texts
from server.db.triggers import history_triggers

OUTCOMES = "outcome IN ('BOOKED', 'REFUSED', 'ABANDONED'"
NEW_OUTCOMES = f"{OUTCOMES}, 'REGISTERED'"
TEXTS = (("operation", OUTCOMES, NEW_OUTCOMES),)

POSTGRES_CHANGES = (
    "ALTER TABLE operation DROP CONSTRAINT operation_outcome_check",
    f"ALTER TABLE operation ADD CONSTRAINT operation_outcome_check CHECK ({NEW_OUTCOMES}))",
)


def tables(sql: Dialect) -> tuple[str, ...]:
    """Return the statements that make the new tables, columns and indexes."""
    return (
        # How an issuer's numbers are handed over and read (SID-3, CRD-7).
        """ALTER TABLE issuer ADD COLUMN symbology TEXT NOT NULL DEFAULT 'NW7'
            CHECK (symbology IN ('NW7', 'CODE39', 'CODE128', 'QR'))""",
        """ALTER TABLE issuer ADD COLUMN nw7_start TEXT NOT NULL DEFAULT 'A'
            CHECK (nw7_start IN ('A', 'B', 'C', 'D'))""",
        """ALTER TABLE issuer ADD COLUMN nw7_stop TEXT NOT NULL DEFAULT 'A'
            CHECK (nw7_stop IN ('A', 'B', 'C', 'D'))""",
        """ALTER TABLE issuer ADD COLUMN reading TEXT NOT NULL DEFAULT 'KEYBOARD'
            CHECK (reading IN ('KEYBOARD', 'CONTACTLESS_ID', 'DRIVER'))""",
        "ALTER TABLE issuer ADD COLUMN driver TEXT NOT NULL DEFAULT ''",
        f"""ALTER TABLE service_id ADD COLUMN registered_at {sql.integer}
            NOT NULL DEFAULT 0""",
        # The signature certificate that is watched for a change of address (SID-2).
        f"""ALTER TABLE service_id ADD COLUMN signature_serial_number TEXT
            CHECK (length(signature_serial_number) BETWEEN 1 AND 40
                AND {sql.only("signature_serial_number", "0-9A-F")})""",
        """CREATE INDEX service_id_signature ON service_id (signature_serial_number)
            WHERE signature_serial_number IS NOT NULL""",
        "CREATE INDEX service_id_citizen ON service_id (citizen_id)",
        "CREATE INDEX account_owner ON account (owner, kind)",
        f"""CREATE TABLE citizen_profile (
            citizen_id {sql.integer} PRIMARY KEY REFERENCES citizen,
            password_hash TEXT NOT NULL,
            mail TEXT NOT NULL,
            {sql.flag("mails_granted")},
            {sql.flag("mails_lapsed")},
            {sql.flag("mails_password")},
            {sql.flag("mails_mykey_id")},
            base_municipality_code TEXT NOT NULL REFERENCES municipality
        ){sql.table}""",
        # A holder at a terminal who has shown card and PIN, and the candidates counted for them.
        f"""CREATE TABLE mykey_attempt (
            caller TEXT NOT NULL,
            request_id TEXT NOT NULL,
            purpose TEXT NOT NULL
                CHECK (purpose IN ('CREATE', 'CHANGE', 'REVOKE', 'TIE', 'SERVICE_IDS')),
            serial_number TEXT NOT NULL,
            {sql.day("last_good_day")},
            citizen_id {sql.integer},
            begun_at {sql.integer} NOT NULL,
            expires_at {sql.integer} NOT NULL CHECK (expires_at > begun_at),
            touched_at {sql.integer} NOT NULL,
            ended_at {sql.integer},
            proposals {sql.integer} NOT NULL CHECK (proposals BETWEEN 0 AND 3),
            refusals {sql.integer} NOT NULL CHECK (refusals BETWEEN 0 AND 3),
            wrong_passwords {sql.integer} NOT NULL CHECK (wrong_passwords BETWEEN 0 AND 3),
            PRIMARY KEY (caller, request_id)
        ){sql.keyed_table}""",
        f"""CREATE TABLE mykey_candidate (
            mykey_id TEXT NOT NULL PRIMARY KEY,
            caller TEXT NOT NULL,
            request_id TEXT NOT NULL,
            reserved_until {sql.integer} NOT NULL,
            UNIQUE (caller, request_id)
        ){sql.keyed_table}""",
        f"""CREATE TABLE mykey_event (
            caller TEXT NOT NULL,
            request_id TEXT NOT NULL,
            attempt_id TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('CREATED', 'CHANGED', 'REVOKED', 'CARD_TIED')),
            citizen_id {sql.integer} NOT NULL REFERENCES citizen,
            mykey_id TEXT NOT NULL,
            replaces TEXT,
            serial_number TEXT NOT NULL,
            registered_at {sql.integer} NOT NULL,
            PRIMARY KEY (caller, request_id),
            UNIQUE (caller, attempt_id),
            CHECK ((kind = 'CHANGED') = (replaces IS NOT NULL))
        ){sql.keyed_table}""",
        "CREATE INDEX mykey_event_mykey_id ON mykey_event (mykey_id)",
        # What two processes decide at the same moment: the second is decided once more.
        """CREATE UNIQUE INDEX mykey_event_replaces ON mykey_event (replaces)
            WHERE replaces IS NOT NULL""",
        """CREATE UNIQUE INDEX mykey_event_revoked ON mykey_event (citizen_id)
            WHERE kind = 'REVOKED'""",
        # Who tried wrong My Page passwords, and until when they wait (SEC-3).
        f"""CREATE TABLE wrong_mykey_password (
            terminal_id TEXT NOT NULL REFERENCES terminal,
            sequence {sql.integer} NOT NULL CHECK (sequence >= 1),
            tried_at {sql.integer} NOT NULL,
            strikes {sql.integer} NOT NULL CHECK (strikes >= 1),
            blocked_until {sql.integer} NOT NULL,
            PRIMARY KEY (terminal_id, sequence)
        ){sql.keyed_table}""",
        f"""CREATE TABLE service_id_event (
            caller TEXT NOT NULL,
            request_id TEXT NOT NULL,
            issuer_id TEXT NOT NULL REFERENCES issuer,
            customer_id TEXT NOT NULL,
            citizen_id {sql.integer} NOT NULL REFERENCES citizen,
            replaces TEXT,
            signature_serial_number TEXT,
            registered_at {sql.integer} NOT NULL,
            PRIMARY KEY (caller, request_id)
        ){sql.keyed_table}""",
        """CREATE INDEX service_id_event_number ON service_id_event
            (issuer_id, customer_id, registered_at)""",
        f"""CREATE TABLE signature_renewal (
            serial_number TEXT NOT NULL PRIMARY KEY
                CHECK ({sql.only("serial_number", "0-9A-F")}),
            renews TEXT NOT NULL UNIQUE CHECK (renews <> serial_number)
        ){sql.keyed_table}""",
        # 住所等の変更の可能性, for the issuer to acknowledge (SID-2).
        f"""CREATE TABLE address_notice (
            notice_id {sql.integer} PRIMARY KEY,
            issuer_id TEXT NOT NULL REFERENCES issuer,
            customer_id TEXT NOT NULL,
            signature_serial_number TEXT NOT NULL,
            noticed_at {sql.integer} NOT NULL,
            acknowledged_at {sql.integer},
            acknowledged_by TEXT,
            UNIQUE (issuer_id, customer_id, signature_serial_number),
            CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
        ){sql.table}""",
        "CREATE INDEX address_notice_issuer ON address_notice (issuer_id, notice_id)",
    )


HISTORY = ("mykey_event", "service_id_event", "wrong_mykey_password")


def up(migrator: object, db: Database) -> None:  # noqa: ARG001
    """Change what there is, and add what is new."""
    sql = dialect_of(db)
    changes = change_texts(db, TEXTS) if sql.is_sqlite else iter(POSTGRES_CHANGES)
    histories = (statement for table in HISTORY for statement in history_triggers(sql, table))
    for statement in (*changes, *tables(sql), *histories):
        db.execute_sql(statement)
