"""The first schema: municipalities, terminals, citizens, service IDs, the ledger, merges.

Hand-written per engine: playhouse's helpers rebuild a SQLite table and lose its triggers.
"""

from peewee import Database

CODE = "NOT NULL CHECK (length({0}) = {1} AND {0} NOT GLOB '*[^0-9]*')"


def digits(column: str, count: int) -> str:
    """Return a text column of exactly so many digits."""
    return f"{column} TEXT {CODE.format(column, count)}"


def day(column: str, *, null: bool = False) -> str:
    """Return a column for an Asia/Tokyo day, YYYY-MM-DD.

    Without a modifier SQLite's date() returns 2026-02-30 as it came.
    """
    check = f"CHECK ({column} IS date({column}, '0 days'))"
    return f"{column} TEXT{'' if null else ' NOT NULL'} {check}"


SQLITE = (
    f"""CREATE TABLE municipality (
        {digits("municipality_code", 6)} PRIMARY KEY,
        name TEXT NOT NULL,
        prefecture TEXT NOT NULL,
        is_prefecture INTEGER NOT NULL CHECK (is_prefecture IN (0, 1))
    ) STRICT""",
    f"""CREATE TABLE program (
        {digits("program_id", 8)} PRIMARY KEY,
        municipality_code TEXT NOT NULL REFERENCES municipality,
        kind TEXT NOT NULL CHECK (kind IN ('MUNICIPAL', 'EVENT')),
        name TEXT NOT NULL,
        days_valid INTEGER NOT NULL CHECK (days_valid >= 1),
        {day("service_from", null=True)},
        {day("service_until", null=True)},
        shown_on_my_page INTEGER NOT NULL CHECK (shown_on_my_page IN (0, 1)),
        points_per_use_max INTEGER CHECK (points_per_use_max >= 1),
        CHECK ((kind = 'EVENT') = (service_from IS NOT NULL AND service_until IS NOT NULL)),
        CHECK (service_from <= service_until)
    ) STRICT""",
    # Exactly one municipal program for each city, ward, town or village (SET-2).
    """CREATE UNIQUE INDEX program_municipal ON program (municipality_code)
        WHERE kind = 'MUNICIPAL'""",
    f"""CREATE TABLE issuer (
        {digits("issuer_id", 6)} PRIMARY KEY,
        name TEXT NOT NULL,
        is_street INTEGER NOT NULL CHECK (is_street IN (0, 1)),
        notification TEXT NOT NULL
            CHECK (notification IN ('SCREEN', 'BARCODE', 'TYPED', 'LABEL'))
    ) STRICT""",
    """CREATE TABLE place (
        place_id INTEGER PRIMARY KEY,
        municipality_code TEXT NOT NULL REFERENCES municipality,
        name TEXT NOT NULL,
        collecting_place_id INTEGER REFERENCES place,
        UNIQUE (municipality_code, name)
    ) STRICT""",
    f"""CREATE TABLE terminal (
        {digits("terminal_id", 8)} PRIMARY KEY,
        terminal_class TEXT NOT NULL CHECK (terminal_class IN ('SERVICE_ID', 'POINT_USE',
            'VOUCHER', 'GRANT', 'MUNICIPALITY', 'PARTNER', 'OPERATOR')),
        municipality_code TEXT REFERENCES municipality,
        place_id INTEGER REFERENCES place,
        issuer_id TEXT REFERENCES issuer,
        name TEXT NOT NULL,
        password_hash TEXT NOT NULL,
        machine_fingerprint BLOB CHECK (length(machine_fingerprint) = 32),
        withdrawn_at INTEGER,
        CHECK (municipality_code IS NOT NULL OR terminal_class IN ('PARTNER', 'OPERATOR')),
        CHECK (place_id IS NOT NULL
            OR terminal_class NOT IN ('SERVICE_ID', 'POINT_USE', 'VOUCHER'))
    ) STRICT""",
    # Which terminals take an event's points (EVT-2); new terminals that fit a row are covered.
    """CREATE TABLE program_terminals (
        program_id TEXT NOT NULL REFERENCES program,
        municipality_code TEXT REFERENCES municipality,
        terminal_class TEXT,
        issuer_id TEXT REFERENCES issuer,
        terminal_id TEXT REFERENCES terminal,
        CHECK (terminal_id IS NOT NULL OR municipality_code IS NOT NULL)
    ) STRICT""",
    "CREATE INDEX program_terminals_program ON program_terminals (program_id)",
    """CREATE TABLE session (
        token_hash BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
        terminal_id TEXT NOT NULL REFERENCES terminal,
        signed_in_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL CHECK (expires_at > signed_in_at),
        ended_at INTEGER
    ) STRICT""",
    """CREATE TABLE citizen (
        citizen_id INTEGER PRIMARY KEY,
        mykey_id TEXT NOT NULL UNIQUE
            CHECK (length(mykey_id) = 8 AND mykey_id NOT GLOB '*[^0-9A-Z]*'),
        revoked_at INTEGER
    ) STRICT""",
    f"""CREATE TABLE certificate (
        serial_number TEXT NOT NULL PRIMARY KEY
            CHECK (length(serial_number) BETWEEN 1 AND 40 AND serial_number NOT GLOB '*[^0-9A-F]*'),
        citizen_id INTEGER NOT NULL REFERENCES citizen,
        {day("last_good_day")},
        revoked_at INTEGER
    ) STRICT""",
    "CREATE INDEX certificate_citizen ON certificate (citizen_id)",
    # One number per issuer and citizen, and one citizen per number (SID-1).
    """CREATE TABLE service_id (
        issuer_id TEXT NOT NULL REFERENCES issuer,
        customer_id TEXT NOT NULL,
        citizen_id INTEGER NOT NULL REFERENCES citizen,
        PRIMARY KEY (issuer_id, customer_id),
        UNIQUE (issuer_id, citizen_id)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE account (
        account_id INTEGER PRIMARY KEY,
        program_id TEXT NOT NULL REFERENCES program,
        kind TEXT NOT NULL CHECK (kind IN ('HELD', 'ISSUED', 'SPENT', 'MERGED', 'LAPSED')),
        owner TEXT NOT NULL,
        UNIQUE (program_id, kind, owner)
    ) STRICT""",
    f"""CREATE TABLE ledger_transaction (
        transaction_id INTEGER PRIMARY KEY,
        transaction_number TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL CHECK (kind IN ('GRANT', 'SPEND', 'CANCEL', 'MERGE', 'LAPSE')),
        booked_at INTEGER NOT NULL,
        {day("booked_on")},
        caller TEXT NOT NULL,
        subject TEXT NOT NULL,
        cancels INTEGER UNIQUE REFERENCES ledger_transaction,
        reason TEXT NOT NULL,
        CHECK ((kind = 'CANCEL') = (cancels IS NOT NULL))
    ) STRICT""",
    f"""CREATE TABLE lot (
        lot_id INTEGER PRIMARY KEY,
        account_id INTEGER NOT NULL REFERENCES account,
        points INTEGER NOT NULL CHECK (points >= 1),
        remaining INTEGER NOT NULL DEFAULT 0 CHECK (remaining BETWEEN 0 AND points),
        {day("received_on")},
        {day("last_good_day")},
        CHECK (received_on <= last_good_day)
    ) STRICT""",
    "CREATE INDEX lot_account ON lot (account_id, last_good_day, lot_id)",
    # Entries come before their transaction, whose trigger then finds them complete.
    """CREATE TABLE entry (
        transaction_id INTEGER NOT NULL
            REFERENCES ledger_transaction DEFERRABLE INITIALLY DEFERRED,
        sequence INTEGER NOT NULL CHECK (sequence >= 1),
        account_id INTEGER NOT NULL REFERENCES account,
        lot_id INTEGER REFERENCES lot,
        points INTEGER NOT NULL CHECK (points <> 0),
        PRIMARY KEY (transaction_id, sequence)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX entry_account ON entry (account_id, transaction_id)",
    """CREATE TABLE operation (
        caller TEXT NOT NULL,
        request_id TEXT NOT NULL,
        method TEXT NOT NULL,
        fingerprint BLOB NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('BOOKED', 'REFUSED', 'ABANDONED')),
        answer BLOB NOT NULL,
        transaction_id INTEGER REFERENCES ledger_transaction,
        decided_at INTEGER NOT NULL,
        PRIMARY KEY (caller, request_id),
        CHECK ((outcome = 'BOOKED') = (transaction_id IS NOT NULL))
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE counter (
        name TEXT NOT NULL PRIMARY KEY,
        next INTEGER NOT NULL CHECK (next >= 1)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE street (
        issuer_id TEXT NOT NULL PRIMARY KEY REFERENCES issuer,
        profile INTEGER NOT NULL CHECK (profile IN (1, 2)),
        id_kind TEXT NOT NULL CHECK (id_kind IN ('STREET', 'MYKEY')),
        id_pattern TEXT NOT NULL,
        sealed_client_secret BLOB NOT NULL,
        CHECK (profile = 2 OR id_pattern <> '')
    ) STRICT""",
    f"""CREATE TABLE street_key (
        issuer_id TEXT NOT NULL REFERENCES street,
        key_id INTEGER NOT NULL CHECK (key_id BETWEEN 1 AND 4294967295),
        sealed_key BLOB NOT NULL,
        sealed_secret BLOB NOT NULL,
        {day("valid_from")},
        {day("valid_until", null=True)},
        PRIMARY KEY (issuer_id, key_id)
    ) STRICT""",
    """CREATE TABLE merge (
        transaction_id INTEGER PRIMARY KEY REFERENCES ledger_transaction,
        issuer_id TEXT NOT NULL REFERENCES issuer,
        street_point_id TEXT NOT NULL,
        points INTEGER NOT NULL CHECK (points BETWEEN 1 AND 9999999999),
        profile INTEGER NOT NULL,
        key_id INTEGER NOT NULL,
        file_id BLOB NOT NULL CHECK (length(file_id) = 16),
        file_name TEXT NOT NULL UNIQUE,
        content BLOB NOT NULL
    ) STRICT""",
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
    *(
        f"""CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} BEGIN
            SELECT RAISE(ABORT, 'history is neither changed nor deleted: {table}');
        END"""
        for table in ("account", "ledger_transaction", "entry", "operation", "merge")
        for verb in ("UPDATE", "DELETE")
    ),
)


def up(migrator: object, db: Database) -> None:  # noqa: ARG001
    """Create everything."""
    for statement in SQLITE:
        db.execute_sql(statement)
