"""Rows (m) to (p): the merge driver beside a script that only decrypts, hashes and writes."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from merge_driver.codec import Record, encode, file_name
from tests.bench.measure import Row, at_least, at_most, interleaved
from tests.bench.screens import counter_start_seconds
from tests.merge_driver.samples import FILE_ID, KEY_2, write_key_file

LARGE_RECORDS = 100_000
MANY_FILES = 20_000
LARGE_TIMES, HELPS = 9, 9
CONFIGURATION = """spool = "spool"
keys = "keys"
journal = "journal.db"

[output]
kind = "jsonl"
path = "points.jsonl"
"""


def merging_rows(folder: Path) -> list[Row]:
    """Measure rows m to p."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        _rate_row("m", folder / "large", [_records(0, LARGE_RECORDS)], 0.7, times=LARGE_TIMES),
        _rate_row("n", folder / "many", [_records(n, 1) for n in range(MANY_FILES)], 0.5, times=1),
        _memory_row(folder / "memory"),
        _help_row(folder / "help"),
    ]
    shutil.rmtree(folder)
    return rows


def _records(first: int, count: int) -> list[Record]:
    return [
        Record(f"{number:09}", 1 + number % 999, f"20171231{number:05}")
        for number in range(first, first + count)
    ]


def _rate_row(
    letter: str, folder: Path, files: Sequence[list[Record]], least: float, *, times: int
) -> Row:
    records = sum(map(len, files))
    made = folder / "made"
    _fill(made, files)

    def driver() -> float:
        place = _place(folder / "driver", made)
        return _seconds([sys.executable, "-m", "merge_driver.cli", *_run(place)])

    def script() -> float:
        place = _place(folder / "script", made)
        arguments = (place / "spool", place / "keys" / "7.json", place / "points.jsonl")
        return _seconds([sys.executable, "-m", "tests.bench.street_script", *map(str, arguments)])

    ours, theirs = interleaved(driver, script, times=times)
    name = f"records a second of merge-driver, of the script: {records:,} in {len(files):,} files"
    value = f"{records / ours:,.0f} of {records / theirs:,.0f}/s"
    return at_least(letter, name, value, theirs / ours, least)


def _memory_row(folder: Path) -> Row:
    made = folder / "made"
    _fill(made, [_records(0, LARGE_RECORDS)])
    place = _place(folder / "driver", made)
    process = subprocess.Popen(
        [sys.executable, "-m", "merge_driver.cli", *_run(place)], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"merge-driver ended with {status}")
    mib = usage.ru_maxrss / 1024
    return at_most(
        "o", "memory of merge-driver for the large file, of 200 MiB", f"{mib:.0f} MiB", mib / 200, 1
    )


def _help_row(folder: Path) -> Row:
    folder.mkdir(parents=True)

    counter_start_seconds(folder)  # writes the bytecode that an installed application has

    def show_help() -> float:
        return _seconds([sys.executable, "-m", "merge_driver.cli", "--help"])

    ours, theirs = interleaved(show_help, lambda: counter_start_seconds(folder), times=HELPS)
    value = f"{ours * 1000:.0f} of {theirs * 1000:.0f} ms"
    return at_most(
        "p", "merge-driver --help, of the counter's first screen", value, ours / theirs, 0.3
    )


def _fill(folder: Path, files: Sequence[list[Record]]) -> None:
    folder.mkdir(parents=True)
    for records in files:
        name = file_name(KEY_2.issuer_id, records[0].transaction_number)
        (folder / name).write_bytes(encode(records, KEY_2, FILE_ID, os.urandom(16)))


def _place(folder: Path, made: Path) -> Path:
    """A street's folder as new, with the files as they were made."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "keys").mkdir(parents=True)
    write_key_file(folder / "keys" / "7.json")
    shutil.copytree(made, folder / "spool")
    (folder / "merge-driver.toml").write_text(CONFIGURATION)
    os.sync()
    return folder


def _run(place: Path) -> list[str]:
    return ["run", "--config", str(place / "merge-driver.toml")]


def _seconds(line: list[str]) -> float:
    begun = time.monotonic()
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begun
