"""The demo as a user starts it: without a terminal, in one, twice, and where it cannot."""

import fcntl
import os
import pty
import re
import select
import shutil
import sqlite3
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 60.0
F10 = b"\x1b[21~"
ESCAPE = re.compile(
    rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[PX^_].*?\x1b\\|[@-Z=>])"
)


def line(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "demo.cli", "--folder", str(folder), *options]


def play(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        line(folder, *options),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS_MAX,
        cwd=ROOT,
    )


def screens(output: str) -> list[str]:
    return re.findall(r"^=== (S\d+|F9) ===$", output, re.MULTILINE)


class Terminal:
    """A terminal of 80×24 with the demo in it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.environ["TERM"] = "xterm-256color"
            os.execv(sys.executable, line(folder, *options))  # noqa: S606
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.set_blocking(self.fd, False)

    @property
    def text(self) -> str:
        return ESCAPE.sub(b"", self.seen).decode("utf-8", "replace")

    def read(self, text: str) -> None:
        """Wait until a text was shown."""
        end = time.monotonic() + SECONDS_MAX
        while text not in self.text:
            assert time.monotonic() < end, f"no {text!r} in:\n{self.text}"
            assert self._take(), f"ended without {text!r}:\n{self.text}"

    def press(self, keys: bytes) -> None:
        self.seen = b""
        os.write(self.fd, keys)

    def end(self) -> int:
        """Wait until it has ended, and return its exit code."""
        end = time.monotonic() + SECONDS_MAX
        while self._take():
            assert time.monotonic() < end, self.text
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _take(self) -> bool:
        ready, _, _ = select.select([self.fd], [], [], 1.0)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # Linux: nobody holds the other side any more.
            return False
        self.seen += data
        return bool(data)


@contextmanager
def terminal(folder: Path, *options: str) -> Iterator[Terminal]:
    shown = Terminal(folder, *options)
    try:
        yield shown
    finally:
        os.close(shown.fd)  # SIGHUP, where it runs still.


def ledger_of(folder: Path) -> list[tuple[str, int]]:
    connection = sqlite3.connect(folder / "ledger.db")
    try:
        return connection.execute(
            "SELECT kind, count(*) FROM ledger_transaction GROUP BY kind ORDER BY kind"
        ).fetchall()
    finally:
        connection.close()


def test_plays_the_day_by_itself_and_again(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    for _ in range(2):
        played = play(folder)
        assert played.returncode == 0, played.stdout + played.stderr
        order = ["S9", "S22", "S28", "F9", "S29", "S30", "S31", "S37", "S38", "S39"]
        assert screens(played.stdout) == order
        assert "端末IDと端末パスワードの登録" in played.stdout
        assert re.search(r"デモ用: 端末ID 00010011  端末パスワード demo-\d{4}", played.stdout)
        assert "=== balance before 1,730pt, after 1,030pt ===" in played.stdout
        assert "★★★レシート★★★" in played.stdout
        assert re.search(r"=== receipts: \d{3,} bytes of ESC/POS ===", played.stdout)
        assert "\n123456789  200\n" in played.stdout
        assert played.stderr == ""
        assert not folder.exists()
        assert dict(ledger_of(tmp_path / "demo-selfplay")) == {"GRANT": 6, "MERGE": 1, "SPEND": 1}


def test_plays_in_english(tmp_path: Path) -> None:
    played = play(tmp_path / "demo", "--language", "en")
    assert played.returncode == 0, played.stdout + played.stderr
    assert "Register this terminal" in played.stdout
    assert "Demo: terminal ID 00010011" in played.stdout
    assert "The points have been merged." in played.stdout


@pytest.mark.parametrize(
    ("language", "said"), [("ja", "すでに動いています"), ("en", "running already")]
)
def test_a_second_demo_at_the_same_time_is_told(tmp_path: Path, language: str, said: str) -> None:
    with (tmp_path / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        played = play(tmp_path / "demo", "--language", language)
    assert played.returncode == 1
    assert said in played.stderr
    assert len(played.stderr.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo.lock"]


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    played = play(tmp_path / "file" / "demo")
    assert played.returncode == 1
    assert len(played.stderr.splitlines()) == 1
    assert "Traceback" not in played.stderr


def test_in_a_terminal_until_f10_and_once_more(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with terminal(folder) as shown:
        shown.read("端末IDと端末パスワードの登録")
        shown.read("デモ用: 端末ID 00010011")
        shown.press(F10)
        shown.read("デモの記録は次の場所にあります。")
        assert shown.end() == 0
        for name in ("ledger.db", "spool", "street.db", "receipts.escpos"):
            assert name in shown.text
    before = (folder / "town.json").read_text("utf-8")
    assert dict(ledger_of(folder)) == {"GRANT": 6}
    with terminal(folder, "--language", "en") as shown:
        shown.read("Register this terminal")
        shown.press(F10)
        assert shown.end() == 0
    assert (folder / "town.json").read_text("utf-8") == before
    assert dict(ledger_of(folder)) == {"GRANT": 6}


def test_each_counter_is_another_one_of_the_same_town(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    counters = ("shop", "00010011"), ("chamber", "00010013"), ("library", "00010014")
    for counter, terminal_id in (*counters, ("kiosk", "00010015")):
        with terminal(folder, "--counter", counter) as shown:
            shown.read("端末IDと端末パスワードの登録")
            shown.read(f"デモ用: 端末ID {terminal_id}")
            shown.press(F10)
            assert shown.end() == 0
    assert dict(ledger_of(folder)) == {"GRANT": 6}


def test_newer_schema_and_starting_over(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    made = subprocess.run(
        [sys.executable, "-m", "server.cli", "demo-data", "--folder", str(folder)],
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    assert made.returncode == 0
    before = (folder / "town.json").read_text("utf-8")
    connection = sqlite3.connect(folder / "ledger.db")
    connection.execute(
        """INSERT INTO schema_migration SELECT 9999, '9999_future', applied
        FROM schema_migration LIMIT 1"""
    )
    connection.commit()
    connection.close()

    with terminal(folder) as shown:
        assert shown.end() == 1
        lines = shown.text.strip().splitlines()
    assert len(lines) == 1, lines
    assert "9999_future" in lines[0]
    assert "newer version" in lines[0]

    with terminal(folder, "--fresh") as shown:
        shown.read("端末IDと端末パスワードの登録")
        shown.press(F10)
        assert shown.end() == 0
    assert (folder / "town.json").read_text("utf-8") != before
    assert dict(ledger_of(folder)) == {"GRANT": 6}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that setting up needs, in a folder without a virtual environment."""
    folder = tmp_path_factory.mktemp("checkout") / "main"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "tools", folder / "tools")
    for name in ("server", "counter_tui", "merge_driver", "demo", "proto/jichipoint"):
        (folder / name).mkdir(parents=True)
        shutil.copy(ROOT / name / "__init__.py", folder / name) if (
            ROOT / name / "__init__.py"
        ).exists() else None
    return folder


def make_run(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        ["make", "run"],
        cwd=checkout,
        env={**kept, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS_MAX,
    )


def said_by_set_up(result: subprocess.CompletedProcess[str]) -> list[str]:
    """What was said, but for make's own last line."""
    return [text for text in result.stderr.splitlines() if not text.startswith("make: ***")]


def fake_python(folder: Path, *lines: str) -> str:
    path = folder / "python"
    path.write_text("\n".join(["#!/bin/sh", *lines, f'exec "{sys.executable}" "$@"', ""]))
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (['case "$2" in *ensurepip*) exit 1;; esac'], "python3-venv"),
        (
            [
                'case "$2" in *version_info*) exit 1;; esac',
                '[ "$1" = --version ] && { echo Python 3.9.2; exit 0; }',
            ],
            "Python 3.9.2 is too old",
        ),
    ],
)
def test_python_that_cannot_make_an_environment(
    checkout: Path, tmp_path: Path, lines: list[str], said: str
) -> None:
    result = make_run(checkout, PYTHON=fake_python(tmp_path, *lines))
    assert result.returncode == 2, "make says 2 where a command says 1"
    (only,) = said_by_set_up(result)
    assert only.startswith("set-up: ")
    assert said in only
    assert not (checkout / ".venv").exists()
    alone = subprocess.run(
        ["tools/set-up", "demo"],
        cwd=checkout,
        env={**os.environ, "PYTHON": fake_python(tmp_path, *lines)},
        capture_output=True,
        check=False,
    )
    assert alone.returncode == 1


def test_no_python(checkout: Path) -> None:
    result = make_run(checkout, PYTHON="no-such-python")
    assert said_by_set_up(result) == [
        "set-up: Python is missing. On Debian: apt-get install python3 python3-venv"
    ]
    assert result.returncode == 2


def test_no_network(checkout: Path) -> None:
    result = make_run(
        checkout,
        PYTHON=sys.executable,
        PIP_INDEX_URL="http://127.0.0.1:9",
        PIP_EXTRA_INDEX_URL="",
        PIP_FIND_LINKS="",
        PIP_RETRIES="0",
        PIP_CONFIG_FILE="/dev/null",
        PIP_NO_CACHE_DIR="1",
    )
    said = said_by_set_up(result)
    assert result.returncode == 2
    assert said[-1].startswith("set-up: the packages could not be installed. Is there a network?")
    assert "Traceback" not in result.stderr
    assert not list((checkout / ".venv").glob(".installed-*"))
    assert result.stdout == ""
