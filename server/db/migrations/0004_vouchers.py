"""Vouchers, the keys their codes are signed with, reprints, and numbers tried in vain."""

from peewee import Database

from server.db.dialect import Dialect, dialect_of
from server.db.postgres import refuse_truncate
from server.db.schema_text import change_texts
from server.db.triggers import history_triggers

ACCOUNT_KINDS = """kind IN ('HELD', 'ISSUED', 'SPENT', 'MERGED', 'LAPSED', 'RESERVED', 'MOVED'"""
TRANSACTION_KINDS = """kind IN ('GRANT', 'SPEND', 'CANCEL', 'MERGE', 'LAPSE', 'MOVE', 'HOLD', 'CAPTURE', 'RELEASE'"""  # noqa: E501
REFERRING = "kind IN ('CANCEL', 'CAPTURE', 'RELEASE'"
NEW_REFERRING = "'REDEEM', 'EXPIRE', 'CORRECT'"
TEXTS = (
    ("account", ACCOUNT_KINDS, f"{ACCOUNT_KINDS}, 'OUTSTANDING', 'REDEEMED'"),
    (
        "ledger_transaction",
        TRANSACTION_KINDS,
        f"{TRANSACTION_KINDS}, 'ISSUE', {NEW_REFERRING}",
    ),
    ("ledger_transaction", REFERRING, f"{REFERRING}, {NEW_REFERRING}"),
)

POSTGRES_CHANGES = (
    "ALTER TABLE account DROP CONSTRAINT account_kind_check",
    f"ALTER TABLE account ADD CONSTRAINT account_kind_check CHECK ({TEXTS[0][2]}))",
    "ALTER TABLE ledger_transaction DROP CONSTRAINT ledger_transaction_kind_check",
    f"""ALTER TABLE ledger_transaction ADD CONSTRAINT ledger_transaction_kind_check
        CHECK ({TEXTS[1][2]}))""",
    "ALTER TABLE ledger_transaction DROP CONSTRAINT ledger_transaction_check",
    f"""ALTER TABLE ledger_transaction ADD CONSTRAINT ledger_transaction_check
        CHECK (({TEXTS[2][2]})) = (refers_to IS NOT NULL))""",
)


def tables(sql: Dialect) -> tuple[str, ...]:
    """Return the statements that make the new tables, columns and indexes."""
    return (
        # How much a shop may take without network (VCH-8); 0: nothing.
        f"""ALTER TABLE municipality ADD COLUMN offline_vouchers_max {sql.integer}
            NOT NULL DEFAULT 20 CHECK (offline_vouchers_max >= 0)""",
        f"""ALTER TABLE municipality ADD COLUMN offline_points_max {sql.integer}
            NOT NULL DEFAULT 20000 CHECK (offline_points_max >= 0)""",
        "CREATE INDEX place_collecting ON place (collecting_place_id)",
        "CREATE INDEX terminal_place ON terminal (place_id)",
        f"""CREATE TABLE voucher_key (
            key_id {sql.integer} PRIMARY KEY CHECK (key_id BETWEEN 0 AND 9999),
            public_key {sql.blob} NOT NULL CHECK (length(public_key) = 32),
            sealed_private_key {sql.blob} NOT NULL,
            made_at {sql.integer} NOT NULL,
            withdrawn_at {sql.integer}
        ){sql.table}""",
        f"""CREATE TABLE voucher (
            transaction_id {sql.integer} PRIMARY KEY REFERENCES ledger_transaction,
            {sql.digits("voucher_number", 12)} UNIQUE,
            program_id TEXT NOT NULL REFERENCES program,
            points {sql.integer} NOT NULL CHECK (points >= 1),
            place_id {sql.integer} NOT NULL REFERENCES place,
            days_valid {sql.integer} NOT NULL CHECK (days_valid BETWEEN 1 AND 30),
            {sql.day("last_good_day")},
            key_id {sql.integer} NOT NULL REFERENCES voucher_key,
            qr_text TEXT NOT NULL,
            {sql.flag("is_open", default=True)}
        ){sql.table}""",
        "CREATE INDEX voucher_open ON voucher (last_good_day) WHERE is_open",
        f"""CREATE TABLE voucher_reprint (
            transaction_id {sql.integer} NOT NULL REFERENCES voucher,
            sequence {sql.integer} NOT NULL CHECK (sequence >= 1),
            caller TEXT NOT NULL,
            request_id TEXT NOT NULL,
            reprinted_at {sql.integer} NOT NULL,
            PRIMARY KEY (transaction_id, sequence),
            UNIQUE (caller, request_id)
        ){sql.keyed_table}""",
        # Who tried numbers that there are not, and until when they wait (VCH-2).
        f"""CREATE TABLE wrong_voucher_number (
            terminal_id TEXT NOT NULL REFERENCES terminal,
            sequence {sql.integer} NOT NULL CHECK (sequence >= 1),
            tried_at {sql.integer} NOT NULL,
            strikes {sql.integer} NOT NULL CHECK (strikes >= 1),
            blocked_until {sql.integer} NOT NULL,
            PRIMARY KEY (terminal_id, sequence)
        ){sql.keyed_table}""",
    )


SQLITE_TRIGGERS = (
    """CREATE TRIGGER voucher_starts_open BEFORE INSERT ON voucher WHEN NOT NEW.is_open BEGIN
        SELECT RAISE(ABORT, 'a voucher is open until a transaction refers to it');
    END""",
    """CREATE TRIGGER voucher_keeps BEFORE UPDATE ON voucher
        WHEN (NEW.transaction_id, NEW.voucher_number, NEW.program_id, NEW.points, NEW.place_id,
            NEW.days_valid, NEW.last_good_day, NEW.key_id, NEW.qr_text)
            <> (OLD.transaction_id, OLD.voucher_number, OLD.program_id, OLD.points, OLD.place_id,
            OLD.days_valid, OLD.last_good_day, OLD.key_id, OLD.qr_text)
            OR NEW.is_open = EXISTS (SELECT 1 FROM ledger_transaction
                WHERE refers_to = OLD.transaction_id) BEGIN
        SELECT RAISE(ABORT, 'a voucher is open until a transaction refers to it');
    END""",
    """CREATE TRIGGER voucher_stays BEFORE DELETE ON voucher BEGIN
        SELECT RAISE(ABORT, 'vouchers are not deleted');
    END""",
    """CREATE TRIGGER ledger_transaction_closes_voucher AFTER INSERT ON ledger_transaction
        WHEN NEW.kind IN ('CANCEL', 'REDEEM', 'EXPIRE') BEGIN
        UPDATE voucher SET is_open = 0 WHERE transaction_id = NEW.refers_to;
    END""",
)

POSTGRES_TRIGGERS = (
    """CREATE FUNCTION voucher_check() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'DELETE' THEN RAISE EXCEPTION USING ERRCODE = '23000',
            MESSAGE = 'vouchers are not deleted'; END IF;
        IF TG_OP = 'INSERT' AND NOT NEW.is_open OR TG_OP = 'UPDATE' AND (
            (NEW.transaction_id, NEW.voucher_number, NEW.program_id, NEW.points, NEW.place_id,
            NEW.days_valid, NEW.last_good_day, NEW.key_id, NEW.qr_text)
            <> (OLD.transaction_id, OLD.voucher_number, OLD.program_id, OLD.points, OLD.place_id,
            OLD.days_valid, OLD.last_good_day, OLD.key_id, OLD.qr_text)
            OR NEW.is_open = EXISTS (SELECT 1 FROM ledger_transaction
                WHERE refers_to = OLD.transaction_id))
        THEN RAISE EXCEPTION USING ERRCODE = '23000',
            MESSAGE = 'a voucher is open until a transaction refers to it'; END IF;
        RETURN NEW;
    END $$""",
    """CREATE TRIGGER voucher_check BEFORE INSERT OR UPDATE OR DELETE ON voucher
        FOR EACH ROW EXECUTE FUNCTION voucher_check()""",
    """CREATE FUNCTION ledger_transaction_closes_voucher() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE voucher SET is_open = FALSE WHERE transaction_id = NEW.refers_to;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER ledger_transaction_closes_voucher AFTER INSERT ON ledger_transaction
        FOR EACH ROW WHEN (NEW.kind IN ('CANCEL', 'REDEEM', 'EXPIRE'))
        EXECUTE FUNCTION ledger_transaction_closes_voucher()""",
    refuse_truncate("voucher"),
)

HISTORY = ("voucher_reprint", "wrong_voucher_number")


def up(migrator: object, db: Database) -> None:  # noqa: ARG001
    """Change what there is, and add what is new."""
    sql = dialect_of(db)
    changes = change_texts(db, TEXTS) if sql.is_sqlite else iter(POSTGRES_CHANGES)
    triggers = SQLITE_TRIGGERS if sql.is_sqlite else POSTGRES_TRIGGERS
    histories = (statement for table in HISTORY for statement in history_triggers(sql, table))
    for statement in (*changes, *tables(sql), *triggers, *histories):
        db.execute_sql(statement)
