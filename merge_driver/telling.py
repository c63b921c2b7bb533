"""What the commands print: plain lines, or one JSON object a line."""

import json
from collections.abc import Mapping
from dataclasses import asdict

import click

from merge_driver.acknowledging import Acknowledged
from merge_driver.driver import Noted, RunReport
from merge_driver.files import shown
from merge_driver.handing_on import HandedOn
from merge_driver.spool import Outcome
from merge_driver.taking import FileResult


def tell(line: str | Mapping[str, object]) -> None:
    """Print a text, or an object as JSON, and flush: another program may be waiting."""
    click.echo(shown(line) if isinstance(line, str) else json.dumps(line, ensure_ascii=False))


def counted(count: int, one: str) -> str:
    """Return a number with what it counts: 1 record, 2 records."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def tell_file(result: FileResult, *, as_json: bool) -> None:
    """Print what became of a file."""
    name = shown(result.name)
    if as_json:
        tell({**asdict(result), "name": name})
    elif result.outcome is Outcome.DONE:
        tell(f"done {name} {counted(result.records, 'record')}, {result.skipped} skipped")
    elif result.reason is not None:
        tell(f"{result.outcome} {name} {result.reason}: {result.message}")
    else:
        tell(f"{result.outcome} {name} {result.message}")


def tell_noted(noted: Noted, *, as_json: bool) -> None:
    """Print what was found in done that the journal did not know, if anything was."""
    if not noted.files:
        return
    if as_json:
        tell({"noted": asdict(noted)})
        return
    why = "the journal knew all of them"
    if noted.handed_on_again:
        why = "the journal is older than they are: handed on again"
    elif noted.records:
        why = "taken under another journal: neither handed on nor acknowledged again"
    files, records = counted(noted.files, "file"), counted(noted.records, "record")
    tell(f"noted {files} in done, {records}; {why}")


def tell_handed_on(handed_on: HandedOn, *, as_json: bool) -> None:
    """Print how many waiting records were handed on, if there were any."""
    if not handed_on.records and not handed_on.waiting:
        return
    if as_json:
        tell({"handed_on": asdict(handed_on)})
        return
    for number, reason in handed_on.refused:
        tell(f"waits {number} {reason}")
    trouble = f"; {handed_on.trouble}" if handed_on.trouble else ""
    records = counted(handed_on.records, "record")
    tell(f"handed on {records}, {handed_on.waiting} waiting{trouble}")


def tell_acknowledged(acknowledged: Acknowledged, *, as_json: bool) -> None:
    """Print what became of acknowledgements, if there were any."""
    if acknowledged == Acknowledged():
        return
    if as_json:
        tell({"acknowledged": asdict(acknowledged)})
        return
    for number, answer in acknowledged.refused:
        tell(f"not acknowledged {number} {answer}")
    trouble = f"; {acknowledged.trouble}" if acknowledged.trouble else ""
    taken, refused = counted(acknowledged.taken, "record"), len(acknowledged.refused)
    kept = acknowledged.kept
    tell(f"acknowledged {taken}, {refused} refused by the server, {kept} kept for later{trouble}")


def tell_sums(report: RunReport, *, as_json: bool) -> None:
    """Print the sums of a run."""
    if as_json:
        tell({"sums": asdict(report)})
        return
    tell(
        f"{report.done} done, {report.duplicate} duplicate, {report.quarantined} quarantined; "
        f"{counted(report.records, 'new record')}, {report.skipped} skipped"
    )
