"""The first schema: municipalities, terminals, citizens, service IDs, the ledger, merges.

Hand-written: playhouse's helpers rebuild a SQLite table and lose its triggers.
"""

from peewee import Database

from server.db.dialect import Dialect, dialect_of
from server.db.triggers import history_triggers


def tables(sql: Dialect) -> tuple[str, ...]:
    """Return the statements that make the tables and their indexes."""
    return (
        f"""CREATE TABLE municipality (
            {sql.digits("municipality_code", 6)} PRIMARY KEY,
            name TEXT NOT NULL,
            prefecture TEXT NOT NULL,
            {sql.flag("is_prefecture")}
        ){sql.table}""",
        f"""CREATE TABLE program (
            {sql.digits("program_id", 8)} PRIMARY KEY,
            municipality_code TEXT NOT NULL REFERENCES municipality,
            kind TEXT NOT NULL CHECK (kind IN ('MUNICIPAL', 'EVENT')),
            name TEXT NOT NULL,
            days_valid {sql.integer} NOT NULL CHECK (days_valid >= 1),
            {sql.day("service_from", null=True)},
            {sql.day("service_until", null=True)},
            {sql.flag("shown_on_my_page")},
            points_per_use_max {sql.integer} CHECK (points_per_use_max >= 1),
            CHECK ((kind = 'EVENT') = (service_from IS NOT NULL AND service_until IS NOT NULL)),
            CHECK (service_from <= service_until)
        ){sql.table}""",
        # Exactly one municipal program for each city, ward, town or village (SET-2).
        """CREATE UNIQUE INDEX program_municipal ON program (municipality_code)
            WHERE kind = 'MUNICIPAL'""",
        f"""CREATE TABLE issuer (
            {sql.digits("issuer_id", 6)} PRIMARY KEY,
            name TEXT NOT NULL,
            {sql.flag("is_street")},
            notification TEXT NOT NULL
                CHECK (notification IN ('SCREEN', 'BARCODE', 'TYPED', 'LABEL'))
        ){sql.table}""",
        f"""CREATE TABLE place (
            place_id {sql.integer} PRIMARY KEY,
            municipality_code TEXT NOT NULL REFERENCES municipality,
            name TEXT NOT NULL,
            collecting_place_id {sql.integer} REFERENCES place,
            UNIQUE (municipality_code, name)
        ){sql.table}""",
        f"""CREATE TABLE terminal (
            {sql.digits("terminal_id", 8)} PRIMARY KEY,
            terminal_class TEXT NOT NULL CHECK (terminal_class IN ('SERVICE_ID', 'POINT_USE',
                'VOUCHER', 'GRANT', 'MUNICIPALITY', 'PARTNER', 'OPERATOR')),
            municipality_code TEXT REFERENCES municipality,
            place_id {sql.integer} REFERENCES place,
            issuer_id TEXT REFERENCES issuer,
            name TEXT NOT NULL,
            password_hash TEXT NOT NULL,
            machine_fingerprint {sql.blob} CHECK (length(machine_fingerprint) = 32),
            withdrawn_at {sql.integer},
            CHECK (municipality_code IS NOT NULL OR terminal_class IN ('PARTNER', 'OPERATOR')),
            CHECK (place_id IS NOT NULL
                OR terminal_class NOT IN ('SERVICE_ID', 'POINT_USE', 'VOUCHER'))
        ){sql.table}""",
        # Which terminals take an event's points (EVT-2); new terminals that fit a row are covered.
        f"""CREATE TABLE program_terminals (
            program_id TEXT NOT NULL REFERENCES program,
            municipality_code TEXT REFERENCES municipality,
            terminal_class TEXT,
            issuer_id TEXT REFERENCES issuer,
            terminal_id TEXT REFERENCES terminal,
            CHECK (terminal_id IS NOT NULL OR municipality_code IS NOT NULL)
        ){sql.table}""",
        "CREATE INDEX program_terminals_program ON program_terminals (program_id)",
        f"""CREATE TABLE session (
            token_hash {sql.blob} NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
            terminal_id TEXT NOT NULL REFERENCES terminal,
            signed_in_at {sql.integer} NOT NULL,
            expires_at {sql.integer} NOT NULL CHECK (expires_at > signed_in_at),
            ended_at {sql.integer}
        ){sql.table}""",
        f"""CREATE TABLE citizen (
            citizen_id {sql.integer} PRIMARY KEY,
            mykey_id TEXT NOT NULL UNIQUE
                CHECK (length(mykey_id) = 8 AND {sql.only("mykey_id", "0-9A-Z")}),
            revoked_at {sql.integer}
        ){sql.table}""",
        f"""CREATE TABLE certificate (
            serial_number TEXT NOT NULL PRIMARY KEY
                CHECK (length(serial_number) BETWEEN 1 AND 40
                    AND {sql.only("serial_number", "0-9A-F")}),
            citizen_id {sql.integer} NOT NULL REFERENCES citizen,
            {sql.day("last_good_day")},
            revoked_at {sql.integer}
        ){sql.table}""",
        "CREATE INDEX certificate_citizen ON certificate (citizen_id)",
        # One number per issuer and citizen, and one citizen per number (SID-1).
        f"""CREATE TABLE service_id (
            issuer_id TEXT NOT NULL REFERENCES issuer,
            customer_id TEXT NOT NULL,
            citizen_id {sql.integer} NOT NULL REFERENCES citizen,
            PRIMARY KEY (issuer_id, customer_id),
            UNIQUE (issuer_id, citizen_id)
        ){sql.keyed_table}""",
        f"""CREATE TABLE account (
            account_id {sql.integer} PRIMARY KEY,
            program_id TEXT NOT NULL REFERENCES program,
            kind TEXT NOT NULL CHECK (kind IN ('HELD', 'ISSUED', 'SPENT', 'MERGED', 'LAPSED')),
            owner TEXT NOT NULL,
            UNIQUE (program_id, kind, owner)
        ){sql.table}""",
        f"""CREATE TABLE ledger_transaction (
            transaction_id {sql.integer} PRIMARY KEY,
            transaction_number TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL CHECK (kind IN ('GRANT', 'SPEND', 'CANCEL', 'MERGE', 'LAPSE')),
            booked_at {sql.integer} NOT NULL,
            {sql.day("booked_on")},
            caller TEXT NOT NULL,
            subject TEXT NOT NULL,
            cancels {sql.integer} UNIQUE REFERENCES ledger_transaction,
            reason TEXT NOT NULL,
            CHECK ((kind = 'CANCEL') = (cancels IS NOT NULL))
        ){sql.table}""",
        f"""CREATE TABLE lot (
            lot_id {sql.integer} PRIMARY KEY,
            account_id {sql.integer} NOT NULL REFERENCES account,
            points {sql.integer} NOT NULL CHECK (points >= 1),
            remaining {sql.integer} NOT NULL DEFAULT 0 CHECK (remaining BETWEEN 0 AND points),
            {sql.day("received_on")},
            {sql.day("last_good_day")},
            CHECK (received_on <= last_good_day)
        ){sql.updated_table}""",
        "CREATE INDEX lot_account ON lot (account_id, last_good_day, lot_id)",
        # Entries come before their transaction, whose trigger then finds them complete.
        f"""CREATE TABLE entry (
            transaction_id {sql.integer} NOT NULL
                REFERENCES ledger_transaction DEFERRABLE INITIALLY DEFERRED,
            sequence {sql.integer} NOT NULL CHECK (sequence >= 1),
            account_id {sql.integer} NOT NULL REFERENCES account,
            lot_id {sql.integer} REFERENCES lot,
            points {sql.integer} NOT NULL CHECK (points <> 0),
            PRIMARY KEY (transaction_id, sequence)
        ){sql.keyed_table}""",
        "CREATE INDEX entry_account ON entry (account_id, transaction_id)",
        f"""CREATE TABLE operation (
            caller TEXT NOT NULL,
            request_id TEXT NOT NULL,
            method TEXT NOT NULL,
            fingerprint {sql.blob} NOT NULL,
            outcome TEXT NOT NULL CHECK (outcome IN ('BOOKED', 'REFUSED', 'ABANDONED')),
            answer {sql.blob} NOT NULL,
            transaction_id {sql.integer} REFERENCES ledger_transaction,
            decided_at {sql.integer} NOT NULL,
            PRIMARY KEY (caller, request_id),
            CHECK ((outcome = 'BOOKED') = (transaction_id IS NOT NULL))
        ){sql.keyed_table}""",
        f"""CREATE TABLE counter (
            name TEXT NOT NULL PRIMARY KEY,
            next {sql.integer} NOT NULL CHECK (next >= 1)
        ){sql.keyed_table}""",
        f"""CREATE TABLE street (
            issuer_id TEXT NOT NULL PRIMARY KEY REFERENCES issuer,
            profile {sql.integer} NOT NULL CHECK (profile IN (1, 2)),
            id_kind TEXT NOT NULL CHECK (id_kind IN ('STREET', 'MYKEY')),
            id_pattern TEXT NOT NULL,
            sealed_client_secret {sql.blob} NOT NULL,
            CHECK (profile = 2 OR id_pattern <> '')
        ){sql.table}""",
        f"""CREATE TABLE street_key (
            issuer_id TEXT NOT NULL REFERENCES street,
            key_id {sql.integer} NOT NULL CHECK (key_id BETWEEN 1 AND 4294967295),
            sealed_key {sql.blob} NOT NULL,
            sealed_secret {sql.blob} NOT NULL,
            {sql.day("valid_from")},
            {sql.day("valid_until", null=True)},
            PRIMARY KEY (issuer_id, key_id)
        ){sql.table}""",
        f"""CREATE TABLE merge (
            transaction_id {sql.integer} PRIMARY KEY REFERENCES ledger_transaction,
            issuer_id TEXT NOT NULL REFERENCES issuer,
            street_point_id TEXT NOT NULL,
            points {sql.integer} NOT NULL CHECK (points BETWEEN 1 AND 9999999999),
            profile {sql.integer} NOT NULL,
            key_id {sql.integer} NOT NULL,
            file_id {sql.blob} NOT NULL CHECK (length(file_id) = 16),
            file_name TEXT NOT NULL UNIQUE,
            content {sql.blob} NOT NULL
        ){sql.table}""",
    )


SQLITE_TRIGGERS = (
    # Balances move with entries and in no other way (LED-1).
    """CREATE TRIGGER entry_check BEFORE INSERT ON entry BEGIN
        SELECT RAISE(ABORT, 'entries come before their transaction')
            WHERE EXISTS (SELECT 1 FROM ledger_transaction
                WHERE transaction_id = NEW.transaction_id);
        SELECT RAISE(ABORT, 'entries of held points name a lot of their account, others none')
            WHERE NOT EXISTS (SELECT 1 FROM account WHERE account_id = NEW.account_id
                AND CASE kind WHEN 'HELD'
                    THEN EXISTS (SELECT 1 FROM lot
                        WHERE lot_id = NEW.lot_id AND account_id = NEW.account_id)
                    ELSE NEW.lot_id IS NULL END);
    END""",
    """CREATE TRIGGER entry_moves_lot AFTER INSERT ON entry WHEN NEW.lot_id IS NOT NULL BEGIN
        UPDATE lot SET remaining = remaining + NEW.points WHERE lot_id = NEW.lot_id;
    END""",
    """CREATE TRIGGER ledger_transaction_sums AFTER INSERT ON ledger_transaction BEGIN
        SELECT RAISE(ABORT, 'a transaction has entries')
            WHERE NOT EXISTS (SELECT 1 FROM entry WHERE transaction_id = NEW.transaction_id);
        SELECT RAISE(ABORT, 'the entries of a transaction sum to zero in each program')
            FROM entry JOIN account USING (account_id)
            WHERE transaction_id = NEW.transaction_id
            GROUP BY program_id HAVING sum(entry.points) <> 0;
    END""",
    """CREATE TRIGGER lot_starts_empty BEFORE INSERT ON lot WHEN NEW.remaining <> 0 BEGIN
        SELECT RAISE(ABORT, 'a lot is filled by its entries');
    END""",
    """CREATE TRIGGER lot_keeps BEFORE UPDATE OF lot_id, account_id, points, received_on,
        last_good_day ON lot BEGIN
        SELECT RAISE(ABORT, 'only what remains of a lot changes');
    END""",
    """CREATE TRIGGER lot_stays BEFORE DELETE ON lot BEGIN
        SELECT RAISE(ABORT, 'lots are not deleted');
    END""",
)

POSTGRES_TRIGGERS = (
    """CREATE FUNCTION entry_check() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF EXISTS (SELECT 1 FROM ledger_transaction
            WHERE transaction_id = NEW.transaction_id)
        THEN RAISE EXCEPTION USING ERRCODE = '23000',
            MESSAGE = 'entries come before their transaction'; END IF;
        IF NOT EXISTS (SELECT 1 FROM account WHERE account_id = NEW.account_id
            AND CASE kind WHEN 'HELD'
                THEN EXISTS (SELECT 1 FROM lot
                    WHERE lot_id = NEW.lot_id AND account_id = NEW.account_id)
                ELSE NEW.lot_id IS NULL END)
        THEN RAISE EXCEPTION USING ERRCODE = '23000',
            MESSAGE = 'entries of held points name a lot of their account, others none'; END IF;
        RETURN NEW;
    END $$""",
    """CREATE TRIGGER entry_check BEFORE INSERT ON entry
        FOR EACH ROW EXECUTE FUNCTION entry_check()""",
    """CREATE FUNCTION entry_moves_lot() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE lot SET remaining = remaining + NEW.points WHERE lot_id = NEW.lot_id;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER entry_moves_lot AFTER INSERT ON entry
        FOR EACH ROW WHEN (NEW.lot_id IS NOT NULL) EXECUTE FUNCTION entry_moves_lot()""",
    """CREATE FUNCTION ledger_transaction_sums() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NOT EXISTS (SELECT 1 FROM entry WHERE transaction_id = NEW.transaction_id)
        THEN RAISE EXCEPTION USING ERRCODE = '23000',
            MESSAGE = 'a transaction has entries'; END IF;
        IF EXISTS (SELECT 1 FROM entry JOIN account USING (account_id)
            WHERE transaction_id = NEW.transaction_id
            GROUP BY program_id HAVING sum(entry.points) <> 0)
        THEN RAISE EXCEPTION USING ERRCODE = '23000',
            MESSAGE = 'the entries of a transaction sum to zero in each program'; END IF;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER ledger_transaction_sums AFTER INSERT ON ledger_transaction
        FOR EACH ROW EXECUTE FUNCTION ledger_transaction_sums()""",
    """CREATE FUNCTION lot_check() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'DELETE' THEN RAISE EXCEPTION USING ERRCODE = '23000',
            MESSAGE = 'lots are not deleted'; END IF;
        IF TG_OP = 'INSERT' AND NEW.remaining <> 0 THEN RAISE EXCEPTION USING
            ERRCODE = '23000', MESSAGE = 'a lot is filled by its entries'; END IF;
        IF TG_OP = 'UPDATE' AND (NEW.lot_id, NEW.account_id, NEW.points, NEW.received_on,
            NEW.last_good_day) IS DISTINCT FROM (OLD.lot_id, OLD.account_id, OLD.points,
            OLD.received_on, OLD.last_good_day)
        THEN RAISE EXCEPTION USING ERRCODE = '23000',
            MESSAGE = 'only what remains of a lot changes'; END IF;
        RETURN NEW;
    END $$""",
    """CREATE TRIGGER lot_check BEFORE INSERT OR UPDATE OR DELETE ON lot
        FOR EACH ROW EXECUTE FUNCTION lot_check()""",
    """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION USING ERRCODE = '23000',
            MESSAGE = 'history is neither changed nor deleted: ' || TG_TABLE_NAME;
    END $$""",
)

HISTORY = ("account", "ledger_transaction", "entry", "operation", "merge")


def up(migrator: object, db: Database) -> None:  # noqa: ARG001
    """Create everything."""
    sql = dialect_of(db)
    triggers = SQLITE_TRIGGERS if sql.is_sqlite else POSTGRES_TRIGGERS
    histories = (statement for table in HISTORY for statement in history_triggers(sql, table))
    for statement in (*tables(sql), *triggers, *histories):
        db.execute_sql(statement)
