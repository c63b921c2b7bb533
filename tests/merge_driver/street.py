"""A whole street in a temporary folder: spool, journal, output."""

import json
import os
import sqlite3
from pathlib import Path

from merge_driver.codec import Reason
from merge_driver.driver import FileResult, MergeDriver, Noted, RunReport
from merge_driver.handing_on import HandedOn, Output, ToFile
from merge_driver.journal import Journal
from merge_driver.outputs.forms import JsonLines, LineForm
from merge_driver.outputs.line_file import LineFile
from merge_driver.spool import Outcome, Spool
from tests.merge_driver.samples import KEY_2, TODAY


class Street:
    """A street's folders, and a driver that is opened anew for every run, as after a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        self.journal = folder / "journal.db"
        self.output = folder / "points.jsonl"
        self.form: LineForm = JsonLines()
        self.to: Output | None = None
        """Where records go instead of the file."""
        self.noted: list[Noted] = []
        self.handed_on: list[HandedOn] = []
        self.today = TODAY
        self.keys = [KEY_2]
        self.spool.mkdir(parents=True)

    def results(self) -> list[FileResult]:
        output = self.to or ToFile(LineFile(self.output), self.form)
        with Journal(self.journal) as journal:
            spool = Spool(self.spool)
            driver = MergeDriver(spool, self.keys, journal, output, today=lambda: self.today)
            self.noted.append(driver.prepare())
            results = list(driver.run_files())
            self.handed_on.append(driver.hand_on_waiting())
            return results

    def run(self) -> RunReport:
        report = RunReport()
        for result in self.results():
            report = report.plus(result)
        return report

    def lines(self) -> list[dict[str, str | int]]:
        if not self.output.exists():
            return []
        return [json.loads(line) for line in self.output.read_text("utf-8").splitlines()]

    def journal_rows(self) -> list[tuple[str, str, str, int]]:
        connection = sqlite3.connect(self.journal)
        rows: list[tuple[str, str, str, int]] = connection.execute(
            "SELECT transaction_number, issuer_id, id, points FROM record ORDER BY 1"
        ).fetchall()
        length: list[tuple[int]] = connection.execute("SELECT length_bytes FROM output").fetchall()
        connection.close()
        assert length == ([(self.output.stat().st_size,)] if self.output.exists() else [])
        return rows

    def names(self, outcome: Outcome) -> list[str]:
        return sorted(path.name for path in (self.spool / outcome).iterdir())

    def refused_for(self, name: str) -> Reason:
        """Run once over one bad file and return the reason, told the same in both places."""
        (result,) = self.results()
        assert result.outcome is Outcome.QUARANTINE
        assert result.reason is not None
        text = (self.spool / "quarantine" / f"{name}.reason.txt").read_text("utf-8")
        assert text == f"{result.reason}: {result.message}\n"
        assert os.path.lexists(self.spool / "quarantine" / name)
        assert not os.path.lexists(self.spool / name)
        assert self.lines() == []
        return result.reason
