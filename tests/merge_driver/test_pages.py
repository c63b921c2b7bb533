"""docs/merge-driver.md and its Japanese page: one structure, and examples that work."""

import configparser
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from merge_driver.cli import main
from merge_driver.codec import IdKind, Reason, Record, StreetKey, encode
from merge_driver.driver import tokyo_today
from merge_driver.outputs.forms import CSV_HEADER, Csv, json_line
from merge_driver.record import TakenRecord
from merge_driver.settings import OutputKind, load_settings
from merge_driver.spool import Outcome
from tests.merge_driver.samples import (
    FILE_ID,
    KEY_1,
    KEY_2,
    KEY_BYTES,
    RECORD_A,
    put,
    put_records,
    write_key_file,
)
from tests.merge_driver.street import Street

ROOT = Path(__file__).parents[2]
ENGLISH = (ROOT / "docs" / "merge-driver.md").read_text("utf-8")
JAPANESE = (ROOT / "docs" / "merge-driver.ja.md").read_text("utf-8")
OTHERS = {name: (ROOT / "docs" / name).read_text("utf-8") for name in ("formats.md", "streets.md")}
UNIT = ROOT / "merge_driver" / "systemd" / "merge-driver@.service"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS: list[tuple[str, str]] = BLOCK.findall(ENGLISH)
TOMLS = [text for language, text in BLOCKS if language == "toml"]
PROGRAMS = [text for language, text in BLOCKS if language == "python"]
INBOX_PROGRAM, READER = PROGRAMS
SECONDS_MAX = 30.0


def headings(page: str) -> list[str]:
    return re.findall(r"^#+ .+$", BLOCK.sub("", page), re.MULTILINE)


def anchors(page: str) -> list[str]:
    """How GitHub names the headings."""
    texts = (heading.lstrip("#").strip().lower() for heading in headings(page))
    return [re.sub(r"[^\w\- ]", "", text).replace(" ", "-") for text in texts]


def test_both_pages_have_one_structure() -> None:
    levels = [[heading.split(" ")[0] for heading in headings(page)] for page in (ENGLISH, JAPANESE)]
    assert levels[0] == levels[1]
    assert BLOCK.findall(JAPANESE) == BLOCKS


def test_both_pages_have_the_same_lists_and_tables() -> None:
    """Each row of a table and each item of a list stands at its place in both."""
    kinds = [
        re.findall(r"^(\||-|[0-9]\.|#+|```) ?", BLOCK.sub("```", page), re.MULTILINE)
        for page in (ENGLISH, JAPANESE)
    ]
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE, *OTHERS.values()])
def test_links_lead_to_headings(page: str) -> None:
    pages = {"": page, "merge-driver.md": ENGLISH, **OTHERS}
    links: list[tuple[str, str]] = re.findall(r"\]\(([\w.-]*)#([^)]+)\)", page)
    assert links
    for name, anchor in links:
        assert anchors(pages[name]).count(anchor) == 1, (name, anchor)


@pytest.mark.parametrize("toml", TOMLS)
def test_every_configuration_is_good(
    toml: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("spool", "keys", "programs"):
        (tmp_path / name).mkdir()
    program = tmp_path / "programs" / "add-points"
    program.touch(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    (tmp_path / "token").touch(0o600)
    path = tmp_path / "merge-driver.toml"
    path.write_text(toml, "utf-8")
    settings = load_settings(path)
    assert settings.output.kind in OutputKind
    assert settings.spool == tmp_path / "spool"


def test_there_is_a_configuration_of_each_kind() -> None:
    kinds = re.findall(r'^kind = "(\w+)"$', "\n".join(TOMLS), re.MULTILINE)
    assert sorted(set(kinds)) == sorted(OutputKind)
    assert len(kinds) == len(TOMLS)


def test_every_field_of_the_configuration_is_in_the_table() -> None:
    source = (ROOT / "merge_driver" / "settings.py").read_text("utf-8")
    named = set(re.findall(r'reader\.\w+\("(\w+)"', source)) - {"output"}
    for page in (ENGLISH, JAPANESE):
        rows = re.findall(r"^\| `(?:output\.)?(\w+)` \|", page, re.MULTILINE)
        assert named <= set(rows)


def test_every_reason_is_in_the_table_of_formats_in_its_order() -> None:
    table = OTHERS["formats.md"].partition("### Settled files")[2].partition("\n## ")[0]
    codes = re.findall(r"`([^`]+)`", "".join(re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)))
    assert codes[len(Outcome) :] == [*Reason]


def test_records_are_shown_as_they_are_handed_on() -> None:
    record = TakenRecord("000002", "123456789", 500, "2017123100001", "000002-2017123100001.mrg")
    shown = json_line(record)
    assert [text for language, text in BLOCKS if language == "json"] == [shown, shown]
    (http,) = (text for language, text in BLOCKS if language == "http")
    assert http.endswith(f"\n\n{shown}")
    (csv,) = (text for language, text in BLOCKS if language == "csv")
    line = Csv("utf-8").line(record).replace("\r\n", "\n")
    assert csv == ",".join(CSV_HEADER) + "\n" + line


def assert_takes(words: list[str]) -> None:
    """Assert that the command and each of its options exist."""
    command: click.Command = main
    words = list(words)
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert [word for word in words if word.startswith("--") and word not in known] == []


def test_every_command_on_the_page_exists() -> None:
    text = "".join(text for language, text in BLOCKS if not language)
    lines = re.findall(r"merge-driver ((?:run|verify|inspect|retry|report|keys) .*)", text)
    assert len(lines) >= 8
    for line in lines:
        assert_takes(line.split())


def test_the_unit_calls_what_is_there() -> None:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text("utf-8"))
    assert parser.sections() == ["Unit", "Service", "Install"]
    service = parser["Service"]
    assert [name for name in service if name.startswith("Exec")] == ["ExecStart"]
    program, *words = service["ExecStart"].split()
    assert Path(program).name == "merge-driver"
    assert_takes(words)
    assert words[:2] == ["run", "--watch"]
    assert words[words.index("--config") + 1] in service["ReadOnlyPaths"].split()
    assert (service["Type"], service["Restart"]) == ("exec", "on-failure")
    assert (service["ProtectSystem"], service["NoNewPrivileges"]) == ("strict", "yes")


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_the_program_for_the_inbox_adds_each_merge_once(tmp_path: Path) -> None:
    for name in ("spool", "keys"):
        (tmp_path / name).mkdir()
    write_key_file(tmp_path / "keys" / "7.json")
    (configuration,) = (toml for toml in TOMLS if 'kind = "python"' in toml)
    (tmp_path / "merge-driver.toml").write_text(configuration, "utf-8")
    content = put_records(tmp_path / "spool", RECORD_A).read_bytes()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def added() -> list[tuple[str, str, int]]:
        with closing(sqlite3.connect(tmp_path / "points.db")) as database:
            return database.execute("SELECT * FROM added").fetchall()

    record_b = Record("200000017", 7, "2017123100002")
    for round_number in range(2):
        command = [sys.executable, "-c", INBOX_PROGRAM]
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE)
        try:
            if not round_number:
                wait_for((tmp_path / "points.db").exists)
            put_records(tmp_path / "spool", record_b)
            put(tmp_path / "spool", content, f"000002-{RECORD_A.transaction_number}.mrg")
            wait_for(lambda: not list((tmp_path / "spool").glob("*.mrg")))
            wait_for(lambda: len(added()) == 2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS_MAX) == 0
        finally:
            process.kill()
            process.communicate()
    assert sorted(added()) == [
        (RECORD_A.transaction_number, RECORD_A.id, RECORD_A.points),
        (record_b.transaction_number, record_b.id, record_b.points),
    ]


def test_the_program_for_the_inbox_tells_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INBOX_PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "merge-driver.toml: cannot be read" in done.stderr


class Reading:
    """A street that is read by the page's reader."""

    def __init__(self, folder: Path, *keys: StreetKey) -> None:
        self.spool = folder / "spool"
        self.keys = folder / "keys"
        self.database = folder / "points.db"
        self.spool.mkdir(parents=True)
        self.keys.mkdir()
        for number, key in enumerate(keys):
            write_key_file(self.keys / f"{number}.json", key)

    def run(self) -> None:
        words = [self.spool, self.keys, self.database]
        program = self.spool.with_name("reader.py")
        program.write_text(READER, "utf-8")
        done = subprocess.run(
            [sys.executable, "-I", str(program), *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert "Traceback" not in done.stderr

    def settled(self) -> dict[str, list[str]]:
        return names_in(self.spool)

    def added(self) -> list[tuple[str, str, int]]:
        with closing(sqlite3.connect(self.database)) as database:
            return database.execute("SELECT number, id, points FROM added ORDER BY 1").fetchall()


def names_in(spool: Path) -> dict[str, list[str]]:
    """The names in each folder for settled files, without what is told beside them."""
    return {
        outcome: sorted(
            path.name
            for path in (spool / outcome).glob("*")
            if not path.name.endswith(".reason.txt")
        )
        for outcome in Outcome
    }


DAY = date(2017, 12, 31)


def number(sequence: int, day: date = DAY) -> str:
    return f"{day:%Y%m%d}{sequence:05d}"


def sealed(plain: bytes) -> bytes:
    header = b"JPM2" + (7).to_bytes(4) + b"000002" + FILE_ID + bytes(12)
    return header + AESGCM(KEY_BYTES).encrypt(bytes(12), plain, header)


def test_the_reader_takes_the_vector_of_formats(tmp_path: Path) -> None:
    file_hex = re.findall(r"^```\n((?:[0-9a-f]+\n)+)```$", OTHERS["formats.md"], re.MULTILINE)[1]
    street = Reading(tmp_path, KEY_2)
    put(street.spool, bytes.fromhex(file_hex.replace("\n", "")), "000002-2017123100001.mrg")
    street.run()
    assert street.added() == [
        ("2017123100001", "123456789", 500),
        ("20171231100000", "MY123456", 9_999_999_999),
    ]
    assert street.settled()["done"] == ["000002-2017123100001.mrg"]


def test_the_reader_decides_as_the_driver_does(tmp_path: Path) -> None:
    """Files of every kind; what one takes the other takes, and what one refuses the other does."""
    key = replace(KEY_2, id_pattern="[0-9]{9}", valid_until=date(2030, 1, 1))
    mykey = replace(KEY_2, key_id=8, id_kind=IdKind.MYKEY, valid_from=date(2017, 12, 1))
    reading = Reading(tmp_path / "reader", key, mykey)
    street = Street(tmp_path / "driver")
    street.keys, street.today = [key, mykey], tokyo_today()

    def put_in_both(content: bytes, name: str) -> None:
        for spool in (reading.spool, street.spool):
            put(spool, content, name)

    def record(sequence: int, points: int = 5, day: date = DAY) -> Record:
        return Record("123456789", points, number(sequence, day))

    def good(*records: Record, by: StreetKey = key) -> bytes:
        return encode(records, by, FILE_ID, os.urandom(16))

    def name(sequence: int, day: date = DAY) -> str:
        return f"000002-{number(sequence, day)}.mrg"

    whole = good(record(1), record(2))
    put_in_both(whole, name(1))
    put_in_both(good(record(3), record(1)), name(3))
    put_in_both(good(record(2), record(1)), name(2))
    put_in_both(good(record(4), record(1, points=6)), name(4))
    put_in_both(good(record(5)), name(6))
    put_in_both(good(record(7)), "000003" + name(7)[6:])
    put_in_both(good(record(8)), "other.mrg")
    put_in_both(b"", name(9))
    put_in_both(whole[:57], name(10))
    for place in (0, 5, 9, 20, 35, 60, -1):
        changed = bytearray(whole)
        changed[place] ^= 1
        put_in_both(bytes(changed), name(20 + place))
    put_in_both(good(record(40), by=replace(KEY_1, id_pattern="[0-9]{9}")), name(40))
    put_in_both(good(record(41), by=replace(key, issuer_id="000003")), name(41))
    put_in_both(good(record(42), by=replace(key, key_id=99)), name(42))
    put_in_both(good(Record("MY123456", 5, number(43)), by=mykey), name(43))
    put_in_both(good(Record("12345678", 5, number(44)), by=KEY_2), name(44))
    early = date(2017, 11, 30)
    early_record = Record("MY123456", 5, number(45, early))
    put_in_both(good(early_record, by=replace(mykey, valid_from=early)), name(45, early))
    future = datetime.now(UTC).date() + timedelta(days=3)
    put_in_both(good(Record("MY123456", 5, number(46, future)), by=mykey), name(46, future))
    line = "123456789,5,2017123100050,"
    for sequence, plain in enumerate((b"", b"\r\n", line.encode(), b"\xff\r\n", b"a,b\n"), 50):
        put_in_both(sealed(plain), name(sequence))
    for spool in (reading.spool, street.spool):
        (spool / name(60)).symlink_to(spool / "done" / name(1))
        put(spool, good(record(61)), f".{name(61)}")

    reading.run()
    street.run()
    assert reading.settled() == names_in(street.spool)
    assert sorted(reading.settled()["done"]) == [name(1), name(3), name(43)]
    assert [row[:3] for row in reading.added()] == [
        (row[0], row[2], row[3]) for row in street.journal_rows()
    ]
    put_in_both(whole, name(1))
    reading.run()
    street.run()
    assert reading.settled() == names_in(street.spool)
    assert name(1) in reading.settled()["duplicate"]


def test_the_reader_moves_nothing_over_another_file(tmp_path: Path) -> None:
    street = Reading(tmp_path, KEY_2)
    content = put_records(street.spool, RECORD_A).read_bytes()
    name = f"000002-{RECORD_A.transaction_number}.mrg"
    street.run()
    for _ in range(3):
        put(street.spool, content, name)
        street.run()
    assert street.settled()["done"] == [name]
    assert street.settled()["duplicate"] == [name, f"{name}.1", f"{name}.2"]


def test_the_json_of_the_table_is_json() -> None:
    for page in (ENGLISH, JAPANESE):
        rows = re.findall(r"^\| `(\{.+\})` \|", page, re.MULTILINE)
        assert len(rows) == 11
        for row in rows:
            json.loads(row.replace("…", '"x"'))
