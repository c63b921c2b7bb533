"""`python -m tests.bench`: one table, everything in it measured in the same run.

Ratios come first, and beside them what they should be. Names of rows may be given: abe, c, d,
g, ijkl, mnop, q; TRANSACTIONS=100000 makes the long ledger shorter.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.bench.counter import counter_rows
from tests.bench.growth import growth_rows, stale_plan_rows
from tests.bench.measure import REPETITIONS, write
from tests.bench.merging import merging_rows
from tests.bench.screens import screen_rows
from tests.bench.service import postgres_rows, serializable_rows, sqlite_rows
from tests.engines import PostgresEngine, SqliteEngine

FOLDER = Path("var")
"""On the disk that ledgers are kept on: /tmp may be memory."""


def main() -> None:
    wanted = "".join(sys.argv[1:]) or "abcdefghijklmnopq"
    FOLDER.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=FOLDER)).absolute()
    try:
        if set(wanted) & set("abe"):
            write(sqlite_rows(folder, REPETITIONS))
        if "h" in wanted:
            write(counter_rows(folder / "counter"))
        if set(wanted) & set("ijkl"):
            write(screen_rows(folder / "screens"))
        if set(wanted) & set("mnop"):
            write(merging_rows(folder / "merging"))
        if not set(wanted) & set("cdfgq"):
            return
        postgres = PostgresEngine(folder / "postgres", durable=True)
        try:
            if "c" in wanted:
                write(postgres_rows(folder, postgres, REPETITIONS))
            if "q" in wanted:
                write(serializable_rows(folder, postgres, REPETITIONS))
            if set(wanted) & set("df"):
                write(growth_rows(folder, SqliteEngine(), REPETITIONS))
                write(growth_rows(folder, postgres, REPETITIONS))
            if "g" in wanted:
                write(stale_plan_rows(folder, postgres))
        finally:
            postgres.stop()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
