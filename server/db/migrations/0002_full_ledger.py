"""The whole ledger: retained points, moves, holds, daily limits, seals, and jobs."""

from peewee import Database

from server.db.dialect import Dialect, dialect_of
from server.db.postgres import refuse_truncate
from server.db.schema_text import change_texts
from server.db.triggers import history_triggers

RETAINED = (
    "00000000",
    None,
    "RETAINED",
    "留保ポイント",
    21,
)
"""Retained points are a program of their own (LED-1); they are moved within 21 days (MYP-8)."""

ACCOUNT_KINDS = "kind IN ('HELD', 'ISSUED', 'SPENT', 'MERGED', 'LAPSED'"
TRANSACTION_KINDS = "kind IN ('GRANT', 'SPEND', 'CANCEL', 'MERGE', 'LAPSE'"
PROGRAM_KINDS = "kind IN ('MUNICIPAL', 'EVENT'"
REFERS = "CHECK ((kind = 'CANCEL') = (refers_to IS NOT NULL))"
REFERS_NOW = (
    "CHECK ((kind IN ('CANCEL', 'CAPTURE', 'RELEASE')) = (refers_to IS NOT NULL)),\n"
    "        CHECK (refers_to < transaction_id)"
)
MUNICIPALITY = "municipality_code TEXT NOT NULL REFERENCES municipality"
MUNICIPALITY_NOW = "municipality_code TEXT REFERENCES municipality"
PERIOD = "CHECK (service_from <= service_until)"
PERIOD_NOW = f"{PERIOD},\n        CHECK ((kind = 'RETAINED') = (municipality_code IS NULL))"
TEXTS = (
    ("account", ACCOUNT_KINDS, f"{ACCOUNT_KINDS}, 'RESERVED', 'MOVED'"),
    (
        "ledger_transaction",
        TRANSACTION_KINDS,
        f"{TRANSACTION_KINDS}, 'MOVE', 'HOLD', 'CAPTURE', 'RELEASE'",
    ),
    ("ledger_transaction", REFERS, REFERS_NOW),
    ("program", PROGRAM_KINDS, f"{PROGRAM_KINDS}, 'RETAINED'"),
    ("program", MUNICIPALITY, MUNICIPALITY_NOW),
    ("program", PERIOD, PERIOD_NOW),
)
"""Of each table, what its text said and says now."""

POSTGRES_CHANGES = (
    "ALTER TABLE account DROP CONSTRAINT account_kind_check",
    f"ALTER TABLE account ADD CONSTRAINT account_kind_check CHECK ({TEXTS[0][2]}))",
    "ALTER TABLE ledger_transaction DROP CONSTRAINT ledger_transaction_kind_check",
    f"""ALTER TABLE ledger_transaction ADD CONSTRAINT ledger_transaction_kind_check
        CHECK ({TEXTS[1][2]}))""",
    "ALTER TABLE ledger_transaction DROP CONSTRAINT ledger_transaction_check",
    """ALTER TABLE ledger_transaction ADD CONSTRAINT ledger_transaction_check
        CHECK ((kind IN ('CANCEL', 'CAPTURE', 'RELEASE')) = (refers_to IS NOT NULL))""",
    """ALTER TABLE ledger_transaction ADD CONSTRAINT ledger_transaction_earlier_check
        CHECK (refers_to < transaction_id)""",
    "ALTER TABLE program DROP CONSTRAINT program_kind_check",
    f"ALTER TABLE program ADD CONSTRAINT program_kind_check CHECK ({TEXTS[3][2]}))",
    "ALTER TABLE program ALTER COLUMN municipality_code DROP NOT NULL",
    """ALTER TABLE program ADD CONSTRAINT program_retained_check
        CHECK ((kind = 'RETAINED') = (municipality_code IS NULL))""",
)

GAPLESS = (
    "DELETE FROM counter WHERE name = 'transaction'",
    """INSERT INTO counter (name, next)
        SELECT 'transaction', 1 + coalesce(max(transaction_id), 0) FROM ledger_transaction""",
    """INSERT INTO counter (name, next)
        SELECT 'transaction-gaps-below', next FROM counter
        WHERE name = 'transaction' AND next > 1""",
)
"""From here on transaction IDs have no gap; verifying wants to know where that begins."""


def tables(sql: Dialect) -> tuple[str, ...]:
    """Return the statements that make the new tables, columns and indexes."""
    return (
        f"""ALTER TABLE program ADD COLUMN points_per_citizen_day_max {sql.integer}
            CHECK (points_per_citizen_day_max >= 1)""",
        f"""ALTER TABLE program ADD COLUMN points_per_terminal_day_max {sql.integer}
            CHECK (points_per_terminal_day_max >= 1)""",
        "CREATE INDEX ledger_transaction_caller ON ledger_transaction (caller, booked_on)",
        "CREATE UNIQUE INDEX operation_transaction ON operation (transaction_id)",
        # A lot that still holds points after its last good day is what the nightly run looks for.
        "CREATE INDEX lot_last_good_day ON lot (last_good_day)",
        f"""CREATE TABLE hold (
            transaction_id {sql.integer} PRIMARY KEY REFERENCES ledger_transaction,
            place_id {sql.integer} NOT NULL REFERENCES place,
            expires_at {sql.integer} NOT NULL,
            {sql.flag("is_open", default=True)}
        ){sql.table}""",
        "CREATE INDEX hold_open ON hold (expires_at) WHERE is_open",
        # Hash-chained blocks of transactions (LED-6).
        f"""CREATE TABLE seal (
            first_transaction_id {sql.integer} PRIMARY KEY,
            last_transaction_id {sql.integer} NOT NULL UNIQUE REFERENCES ledger_transaction,
            transactions {sql.integer} NOT NULL CHECK (transactions >= 1),
            previous_hash {sql.blob} NOT NULL UNIQUE CHECK (length(previous_hash) = 32),
            hash {sql.blob} NOT NULL UNIQUE CHECK (length(hash) = 32),
            sealed_at {sql.integer} NOT NULL,
            CHECK (last_transaction_id - first_transaction_id >= transactions - 1)
        ){sql.table}""",
        # Who does a job that one process does for all, and until when no other may begin.
        f"""CREATE TABLE job (
            name TEXT NOT NULL PRIMARY KEY,
            holder TEXT NOT NULL,
            held_until {sql.integer} NOT NULL,
            done_for TEXT NOT NULL
        ){sql.table}""",
    )


SQLITE_HOLD_TRIGGERS = (
    """CREATE TRIGGER hold_starts_open BEFORE INSERT ON hold WHEN NOT NEW.is_open BEGIN
        SELECT RAISE(ABORT, 'a hold is open until a transaction refers to it');
    END""",
    """CREATE TRIGGER hold_keeps BEFORE UPDATE ON hold
        WHEN (NEW.transaction_id, NEW.place_id, NEW.expires_at)
            <> (OLD.transaction_id, OLD.place_id, OLD.expires_at)
            OR NEW.is_open = EXISTS (SELECT 1 FROM ledger_transaction
                WHERE refers_to = OLD.transaction_id) BEGIN
        SELECT RAISE(ABORT, 'a hold is open until a transaction refers to it');
    END""",
    """CREATE TRIGGER hold_stays BEFORE DELETE ON hold BEGIN
        SELECT RAISE(ABORT, 'holds are not deleted');
    END""",
    """CREATE TRIGGER ledger_transaction_closes_hold AFTER INSERT ON ledger_transaction
        WHEN NEW.kind IN ('CAPTURE', 'RELEASE') BEGIN
        UPDATE hold SET is_open = 0 WHERE transaction_id = NEW.refers_to;
    END""",
)

POSTGRES_HOLD_TRIGGERS = (
    """CREATE FUNCTION hold_check() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'DELETE' THEN RAISE EXCEPTION USING ERRCODE = '23000',
            MESSAGE = 'holds are not deleted'; END IF;
        IF TG_OP = 'INSERT' AND NOT NEW.is_open OR TG_OP = 'UPDATE' AND (
            (NEW.transaction_id, NEW.place_id, NEW.expires_at)
            <> (OLD.transaction_id, OLD.place_id, OLD.expires_at)
            OR NEW.is_open = EXISTS (SELECT 1 FROM ledger_transaction
                WHERE refers_to = OLD.transaction_id))
        THEN RAISE EXCEPTION USING ERRCODE = '23000',
            MESSAGE = 'a hold is open until a transaction refers to it'; END IF;
        RETURN NEW;
    END $$""",
    """CREATE TRIGGER hold_check BEFORE INSERT OR UPDATE OR DELETE ON hold
        FOR EACH ROW EXECUTE FUNCTION hold_check()""",
    """CREATE FUNCTION ledger_transaction_closes_hold() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE hold SET is_open = FALSE WHERE transaction_id = NEW.refers_to;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER ledger_transaction_closes_hold AFTER INSERT ON ledger_transaction
        FOR EACH ROW WHEN (NEW.kind IN ('CAPTURE', 'RELEASE'))
        EXECUTE FUNCTION ledger_transaction_closes_hold()""",
    refuse_truncate("hold"),
)


def up(migrator: object, db: Database) -> None:  # noqa: ARG001
    """Change what there is, and add what is new."""
    sql = dialect_of(db)
    db.execute_sql("ALTER TABLE ledger_transaction RENAME COLUMN cancels TO refers_to")
    changes = change_texts(db, TEXTS) if sql.is_sqlite else iter(POSTGRES_CHANGES)
    triggers = SQLITE_HOLD_TRIGGERS if sql.is_sqlite else POSTGRES_HOLD_TRIGGERS
    for statement in (*changes, *tables(sql), *triggers, *history_triggers(sql, "seal")):
        db.execute_sql(statement)
    place = "?" if sql.is_sqlite else "%s"
    db.execute_sql(
        f"""INSERT INTO program (program_id, municipality_code, kind, name, days_valid,
        shown_on_my_page) VALUES ({", ".join([place] * 6)})""",  # noqa: S608
        (*RETAINED, True),
    )
    for statement in GAPLESS:
        db.execute_sql(statement)
