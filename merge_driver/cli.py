"""The command `merge-driver`.

Exit codes: 0 all well, 1 stopped or refused, 2 wrong use or setting, 3 something in quarantine.
"""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final, NoReturn

import click

from merge_driver.codec import Decoded, MergeFileError, Profile, StreetKey, decode
from merge_driver.driver import FileResult, MergeDriver, RunReport, open_driver
from merge_driver.errors import DriverError, KeyFileError
from merge_driver.files import shown
from merge_driver.keys import load_keys
from merge_driver.spool import Outcome, read_merge_file
from merge_driver.watch import StopEvent, watch

_EXIT_STOPPED: Final = 1
_EXIT_USAGE: Final = 2
_EXIT_QUARANTINED: Final = 3

_PROFILE_NAMES: Final = {
    Profile.CBC_MD5: "AES-128-CBC with MD5",
    Profile.GCM_HMAC: "AES-128-GCM with HMAC-SHA-256",
}
_PATH: Final = click.Path(path_type=Path)

_keys_option = click.option("--keys", "keys_folder", type=_PATH, required=True, help="Keys folder.")
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group()
def main() -> None:
    """Take merge files on the shopping street's side."""


@main.command()
@click.option("--spool", type=_PATH, required=True, help="Spool folder with the merge files.")
@_keys_option
@click.option("--output", type=_PATH, required=True, help="JSON Lines file to append to.")
@click.option("--journal", type=_PATH, required=True, help="Journal (SQLite) of this output.")
@click.option("--watch", "watching", is_flag=True, help="Stay and take what arrives.")
@_json_option
def run(
    *, spool: Path, keys_folder: Path, output: Path, journal: Path, watching: bool, as_json: bool
) -> None:
    """Take every merge file in the spool folder and hand its records on exactly once.

    Exit code: 0 all well, 1 stopped, 2 wrong use or setting, 3 something went to quarantine.
    """
    keys = _keys_or_exit(keys_folder)
    if not spool.is_dir():
        _exit_with(_EXIT_USAGE, f"{spool}: there is no such spool folder")
    for path in (output, journal):
        if not path.parent.is_dir():
            _exit_with(_EXIT_USAGE, f"{path}: there is no such folder")
    try:
        with open_driver(spool, keys, journal, output) as driver:
            report = _run_watching(driver, spool, as_json) if watching else _run(driver, as_json)
    except DriverError as error:
        _exit_with(_EXIT_STOPPED, str(error))
    _print_report(report, as_json)
    if report.quarantined and not watching:
        raise SystemExit(_EXIT_QUARANTINED)


@main.command()
@click.argument("file", type=_PATH)
@_keys_option
@_json_option
def inspect(file: Path, keys_folder: Path, as_json: bool) -> None:
    """Show what a merge file holds, or why it is refused (exit code 1). Nothing is changed."""
    keys = _keys_or_exit(keys_folder)
    issuer_id = keys[0].issuer_id
    try:
        decoded = decode(read_merge_file(file.resolve()), keys, issuer_id)
    except OSError as error:
        _exit_with(_EXIT_USAGE, f"{file}: {error.strerror}")
    except MergeFileError as error:
        refusal = {"file": shown(file.name), "reason": error.reason, "message": error.message}
        _print(refusal if as_json else f"refused {shown(file.name)} {error}")
        raise SystemExit(_EXIT_STOPPED) from None
    if as_json:
        _print(_decoded_fields(file, decoded, issuer_id))
    else:
        _print_decoded(decoded, issuer_id)


def _run(driver: MergeDriver, as_json: bool) -> RunReport:
    report = RunReport()
    for result in driver.run_files():
        _print_result(result, as_json)
        report = report.plus(result)
    return report


def _run_watching(driver: MergeDriver, spool: Path, as_json: bool) -> RunReport:
    report = RunReport()
    is_ready = False
    with _stop_by_signal() as stop_event:
        for _ in watch(spool, stop_event):
            if not is_ready:
                _print({"watching": shown(str(spool))} if as_json else f"watching {spool}")
                is_ready = True
            for result in driver.run_files():
                _print_result(result, as_json)
                report = report.plus(result)
                if stop_event.is_set():  # between two files, never inside one
                    break
    return report


@contextmanager
def _stop_by_signal() -> Iterator[StopEvent]:
    """Give a stop event that SIGTERM and SIGINT set; the handlers before come back at the end."""
    stop_event = StopEvent()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stop_event.set()) for number in numbers]
    try:
        yield stop_event
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
        stop_event.close()


def _keys_or_exit(folder: Path) -> list[StreetKey]:
    try:
        return load_keys(folder)
    except KeyFileError as error:
        _exit_with(_EXIT_USAGE, str(error))


def _exit_with(code: int, message: str) -> NoReturn:
    click.echo(f"merge-driver: {shown(message)}", err=True)
    raise SystemExit(code)


def _print(line: object) -> None:
    """Print a text, or anything else as JSON, and flush: another program may be waiting."""
    click.echo(shown(line) if isinstance(line, str) else json.dumps(line, ensure_ascii=False))


def _print_result(result: FileResult, as_json: bool) -> None:
    name = shown(result.name)
    if as_json:
        _print({**asdict(result), "name": name})
    elif result.outcome is Outcome.DONE:
        _print(f"done {name} {result.records} records, {result.skipped} skipped")
    elif result.reason is not None:
        _print(f"{result.outcome} {name} {result.reason}: {result.message}")
    else:
        _print(f"{result.outcome} {name} {result.message}")


def _print_report(report: RunReport, as_json: bool) -> None:
    if as_json:
        _print({"sums": asdict(report)})
        return
    _print(
        f"{report.done} done, {report.duplicate} duplicate, {report.quarantined} quarantined; "
        f"{report.records} records handed on, {report.skipped} skipped"
    )


def _decoded_fields(file: Path, decoded: Decoded, issuer_id: str) -> dict[str, object]:
    return {
        "file": shown(file.name),
        "profile": int(decoded.profile),
        "key_id": decoded.key_id,
        "issuer_id": issuer_id,
        "file_id": decoded.file_id.hex() if decoded.file_id else None,
        "records": [asdict(record) for record in decoded.records],
    }


def _print_decoded(decoded: Decoded, issuer_id: str) -> None:
    _print(f"profile  {decoded.profile:d} ({_PROFILE_NAMES[decoded.profile]})")
    _print(f"key ID   {decoded.key_id}")
    _print(f"issuer   {issuer_id}")
    _print(f"file ID  {decoded.file_id.hex() if decoded.file_id else '-'}")
    _print(f"records  {len(decoded.records)}")
    for record in decoded.records:
        _print(f"  {record.id:<32} {record.points:>10} {record.transaction_number}")


if __name__ == "__main__":
    main()
