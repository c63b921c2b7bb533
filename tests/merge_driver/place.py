"""The real command over folders of its own."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.merge_driver.samples import write_key_file

PROJECT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "merge_driver.cli"]
NAME_A = "000002-2017123100001.mrg"
"""Whether the tests have their large sizes (`make deep`)."""


class Place:
    """The folders that the command is given, and its configuration."""

    def __init__(self, folder: Path, table: str = "", disks: Sequence[Path] = ()) -> None:
        """`table` is the configuration's table `output`; JSON Lines if it is empty.

        `disks` are the folders of spool, journal and output, where these are not in `folder`.
        """
        spool, journal, output = disks or [folder] * 3
        self.folder = folder
        self.table = table
        self.configuration = folder / "merge-driver.toml"
        self.spool = spool / "spool"
        self.keys = folder / "keys"
        self.output = output / "points.jsonl"
        self.journal = journal / "journal.db"
        self.spool.mkdir()
        self.keys.mkdir()
        write_key_file(self.keys / "7.json")

    def run_arguments(self, *more: str) -> list[str]:
        table = self.table or f'kind = "jsonl"\npath = {json.dumps(str(self.output))}'
        self.configuration.write_text(
            f"""spool = {json.dumps(str(self.spool))}
keys = {json.dumps(str(self.keys))}
journal = {json.dumps(str(self.journal))}

[output]
{table}
""",
            "utf-8",
        )
        return ["run", "--config", str(self.configuration), *more]

    def run(self, *more: str) -> subprocess.CompletedProcess[str]:
        return call(*self.run_arguments(*more))

    def rows(self, query: str) -> list[tuple[str | int | None, ...]]:
        """Ask the journal something."""
        connection = sqlite3.connect(f"{self.journal.as_uri()}?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def state(self) -> dict[str, object]:
        """All that the driver keeps: output, journal, and every file in the spool folder."""
        paths = sorted(path for path in self.spool.rglob("*") if not path.is_dir())
        return {
            "output": self.output.read_bytes() if self.output.exists() else None,
            "records": self.rows("SELECT * FROM record ORDER BY transaction_number"),
            "files": self.rows("SELECT * FROM file ORDER BY sha256"),
            "agreed": self.rows("SELECT * FROM output"),
            "spool": {
                str(path.relative_to(self.spool)): None if path.is_symlink() else path.read_bytes()
                for path in paths
            },
        }

    def names(self, folder: str) -> list[str]:
        """The names in one of the folders for settled files, without the reasons."""
        names = (path.name for path in (self.spool / folder).iterdir())
        return sorted(name for name in names if not name.endswith(".reason.txt"))

    def reason(self, name: str) -> str:
        """Why a file is in quarantine."""
        text = (self.spool / "quarantine" / f"{name}.reason.txt").read_text("utf-8")
        assert text.endswith("\n")
        assert text.count("\n") == 1
        return text.partition(":")[0]


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *arguments],
        check=False,
        capture_output=True,
        encoding="utf-8",
        cwd=PROJECT,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    return done


def assert_usage_error(done: subprocess.CompletedProcess[str], says: str) -> None:
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
