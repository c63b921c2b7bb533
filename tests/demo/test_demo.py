"""The demo as a user starts it: without a terminal, in one, twice, and where it cannot."""

import json
import re
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from demo.locks import Locks
from tests.demo.support import F10, ROOT, ledger_of, play, processes, screens, terminal


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
    ("language", "said"), [("ja", "すでに動いています"), ("en", "plays by itself already")]
)
def test_a_second_day_at_the_same_time_is_told(tmp_path: Path, language: str, said: str) -> None:
    folder = tmp_path / "demo-selfplay"
    with Locks(folder).only_one("play", ""):
        played = play(tmp_path / "demo", "--language", language)
    assert played.returncode == 1
    assert said in played.stderr
    assert len(played.stderr.splitlines()) == 1
    assert not folder.exists()


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


@pytest.mark.parametrize("counter", ["shop", "kiosk"])
def test_no_command_line_has_the_password(tmp_path: Path, counter: str) -> None:
    folder = tmp_path / "demo"
    with terminal(folder, "--counter", counter) as shown:
        shown.read("端末IDと端末パスワードの登録")
        password = json.loads((folder / "town.json").read_text("utf-8"))["password"]
        shown.read(password)
        lines = processes(folder)
        assert len(lines) >= 4, "demo, server, street and counter"
        assert [line for line in lines.values() if password in line] == []
        shown.press(F10)
        assert shown.end() == 0
    holding = [
        path
        for path in folder.rglob("*")
        if path.is_file() and password.encode() in path.read_bytes()
    ]
    assert sorted(path.name for path in holding) == [f"counter-{counter}.hint", "town.json"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in holding} == {0o600}
