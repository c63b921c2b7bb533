"""What the rows are compared with: SQLite by itself, and pgbench with one function."""

import itertools
import re
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

from server.db.engine import open_database
from server.db.queries import rows
from tests.bench.towns import new_id
from tests.engines import PostgresEngine
from tests.server.support import COUNTER, MUNICIPAL, Town

CONNECTIONS = 32
SECONDS = 3

_counter = itertools.count(10_000_000)


def raw_sqlite(town: Town, count: int) -> float:
    """Commit spends one at a time on sqlite3 itself, with the same triggers: spends a second.

    Nothing is looked up and nothing decided; the rows are those that a spend writes.
    """
    database = open_database(town.url)
    with database.connection_context():
        lots = rows(database, "SELECT account_id, lot_id FROM lot ORDER BY lot_id")
        connection: sqlite3.Connection = database.connection()
        connection.execute(
            "INSERT OR IGNORE INTO account VALUES (9000000, ?, 'SPENT', 'raw')", (MUNICIPAL,)
        )
        begun = time.perf_counter()
        for number in itertools.islice(_counter, count):
            _spend(connection, number, *lots[number % len(lots)])
        return count / (time.perf_counter() - begun)


def _spend(connection: sqlite3.Connection, number: int, account_id: int, lot_id: int) -> None:
    run = connection.execute
    run("BEGIN IMMEDIATE")
    run("INSERT INTO entry VALUES (?, 1, ?, ?, -1)", (number, account_id, lot_id))
    run("INSERT INTO entry VALUES (?, 2, 9000000, NULL, 1)", (number,))
    run(
        "INSERT INTO ledger_transaction VALUES (?, ?, 'SPEND', ?, '2026-07-01', ?, ?, NULL, '')",
        (number, f"20260701{number:05d}", number, f"terminal:{COUNTER}", "M0000000"),
    )
    run(
        "INSERT INTO operation VALUES (?, ?, 'Spend', ?, 'BOOKED', ?, ?, ?)",
        (f"terminal:{COUNTER}", new_id(), bytes(32), bytes(80), number, number),
    )
    run("COMMIT")


_FUNCTION = """CREATE FUNCTION bench_spend(card TEXT) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    holder RECORD; program_row RECORD; terminal_row RECORD; one RECORD;
    account BIGINT; place BIGINT; number BIGINT; request TEXT; held BIGINT := 0;
BEGIN
    SELECT * INTO terminal_row FROM terminal WHERE terminal_id = '{terminal}';
    SELECT z.citizen_id, z.mykey_id INTO holder FROM certificate c
        JOIN citizen z USING (citizen_id) WHERE c.serial_number = card;
    SELECT * INTO program_row FROM program WHERE program_id = '{program}';
    SELECT account_id INTO account FROM account WHERE program_id = '{program}'
        AND kind = 'HELD' AND owner = CAST(holder.citizen_id AS TEXT) FOR UPDATE;
    SELECT account_id INTO place FROM account WHERE program_id = '{program}'
        AND kind = 'SPENT' AND owner = 'bench';
    request := gen_random_uuid()::text;
    IF EXISTS (SELECT 1 FROM operation WHERE caller = 'bench' AND request_id = request)
        THEN RETURN 0; END IF;
    SELECT lot_id, remaining INTO one FROM lot WHERE account_id = account AND remaining > 0
        AND last_good_day >= '2026-07-01' ORDER BY last_good_day, lot_id LIMIT 1;
    IF one.remaining < 1 THEN RETURN 0; END IF;
    number := nextval('bench_number');
    INSERT INTO entry VALUES (number, 1, account, one.lot_id, -1), (number, 2, place, NULL, 1);
    INSERT INTO ledger_transaction VALUES (number, 'B' || number, 'SPEND', number, '2026-07-01',
        'bench', holder.mykey_id, NULL, '');
    INSERT INTO operation VALUES ('bench', request, 'Spend', '\\x00', 'BOOKED', '\\x00', number,
        number);
    RETURN number;
END $$"""


class Pgbench:
    """pgbench with the same spend as one PL/pgSQL function, and the ledger's own triggers.

    The function looks up and decides what a spend does, and takes its number from a sequence,
    which costs less than numbers in the order of commits.
    """

    def __init__(self, engine: PostgresEngine, town: Town) -> None:
        self._engine = engine
        self._url = town.url
        database = open_database(town.url)
        with database.connection_context():
            text = _FUNCTION.format(terminal=COUNTER, program=MUNICIPAL)
            database.execute_sql("CREATE SEQUENCE bench_number START 1000000")
            database.execute_sql(text)
            database.execute_sql(
                f"INSERT INTO account VALUES (9000000, '{MUNICIPAL}', 'SPENT', 'bench')"  # noqa: S608
            )
            database.execute_sql("ANALYZE")

    def rate(self, citizens: int) -> float:
        """Spends a second, of so many citizens at random."""
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "spend.sql"
            script.write_text(
                f"\\set n random(0, {citizens - 1})\n"
                "SELECT bench_spend(upper(to_hex(12582912 + :n)));\n"
            )
            result = subprocess.run(
                [
                    str(self._engine.server.bin_path / "pgbench"),
                    *("-n", "-M", "prepared", "-j", "2", "-c", str(CONNECTIONS)),
                    *("-T", str(SECONDS), "-f", str(script), self._url),
                ],
                capture_output=True,
                text=True,
                check=True,
            )
        found = re.search(r"tps = ([0-9.]+)", result.stdout)
        assert found is not None, result.stdout
        return float(found.group(1))
