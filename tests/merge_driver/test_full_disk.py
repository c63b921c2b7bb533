"""The disk is full at every page that a run would write; space is made, and the run goes on."""

import os
import shutil
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner

from merge_driver.acknowledging import Acknowledged
from merge_driver.cli import main
from merge_driver.codec import Record, encode
from merge_driver.compose import OpenDriver
from merge_driver.driver import MergeDriver, never
from merge_driver.errors import DriverError
from merge_driver.handing_on import ToFile
from merge_driver.journal import Journal
from merge_driver.outputs.forms import JsonLines
from merge_driver.outputs.line_file import LineFile
from merge_driver.record import TakenRecord
from merge_driver.spool import Spool
from tests.merge_driver.place import Place
from tests.merge_driver.samples import FILE_ID, KEY_2, put, put_records
from tests.merge_driver.street import Street
from tests.merge_driver.twenty import JSON_LINES, put_twenty
from tests.sizes import IS_DEEP

MANY = [Record("M-30", 1, f"20171231{n:05d}") for n in range(30, 330)]
MANY_CONTENT = encode(MANY, KEY_2, FILE_ID, bytes(16))
CLEAR = ("No space left on device", "database or disk is full", "disk I/O error")
PARTS = ("spool", "journal", "output")


@pytest.fixture
def street(tmp_path: Path) -> Street:
    return Street(tmp_path / "street")


def fill(disk: Path, pages_left: int) -> Path:
    """Leave so many pages of a disk free, or all there are."""
    found = os.statvfs(disk)
    filler = disk / "filler"
    size_bytes = (found.f_bavail - pages_left) * found.f_bsize
    with filler.open("wb") as file:
        if size_bytes > 0:
            os.posix_fallocate(file.fileno(), 0, size_bytes)
    return filler


def new_place(home: Path, small_disk: Path, on_disk: Sequence[str]) -> Place:
    """A place with nothing done yet, of which some parts are on the small disk."""
    for folder in (home, *small_disk.iterdir()):
        if folder.is_dir():
            shutil.rmtree(folder)
        else:
            folder.unlink(missing_ok=True)
    home.mkdir()
    disks = [small_disk if part in on_disk else home for part in PARTS]
    place = Place(home, disks=disks)
    put_twenty(place.spool)
    put(place.spool, MANY_CONTENT, f"000002-{MANY[0].transaction_number}.mrg")
    return place


def run(place: Place) -> tuple[int, str]:
    """Run the command in this process; return exit code and what it complains."""
    result = CliRunner().invoke(main, place.run_arguments())
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stderr


def assert_stopped_plainly(code: int, complaint: str) -> None:
    assert code == 1, complaint
    assert complaint.startswith("merge-driver: ")
    assert complaint.count("\n") == 1
    assert any(cause in complaint for cause in CLEAR), complaint


@pytest.mark.parametrize(
    "on_disk", [["spool"], ["journal"], ["output"], ["spool", "journal", "output"]]
)
def test_full_at_any_page_then_mended(tmp_path: Path, small_disk: Path, on_disk: list[str]) -> None:
    home = tmp_path / "home"
    place = new_place(home, small_disk, on_disk)
    assert run(place) == (3, "")
    expected = place.state()
    written = place.output.read_text("utf-8").splitlines(keepends=True)
    assert written[: len(JSON_LINES)] == JSON_LINES
    assert len(written) == len(JSON_LINES) + len(MANY)
    stops = 0
    for pages_left in count(0, 1 if IS_DEEP else len(on_disk)):
        place = new_place(home, small_disk, on_disk)
        filler = fill(small_disk, pages_left)
        first = place.run()
        if first.returncode == 3:
            break
        assert_stopped_plainly(first.returncode, first.stderr)
        assert_stopped_plainly(*run(place))
        stops += 1
        filler.unlink()
        assert run(place) in ((0, ""), (3, "")), pages_left
        assert place.state() == expected, pages_left
        assert run(place) == (0, ""), pages_left
        assert place.state() == expected, pages_left
    assert (first.returncode, first.stderr) == (3, "")
    assert place.state() == expected
    assert stops >= 5


def test_full_while_acknowledgements_are_noted(street: Street, small_disk: Path) -> None:
    class Server:
        def acknowledge(self, records: Sequence[TakenRecord]) -> list[tuple[str, str]]:
            return [(record.transaction_number, "ACKNOWLEDGED") for record in records]

    street.journal = small_disk / "journal.db"
    put_records(street.spool, *MANY)
    street.run()
    output = ToFile(LineFile(street.output), JsonLines())
    with Journal(street.journal, acknowledges=True) as journal:
        opened = OpenDriver(
            MergeDriver(Spool(street.spool), street.keys, journal, output), journal, Server()
        )
        filler = fill(small_disk, 0)
        with pytest.raises(DriverError, match="nothing is lost, run again when it is mended"):
            opened.acknowledge(never)
        filler.unlink()
        assert opened.acknowledge(never) == Acknowledged(taken=len(MANY))
