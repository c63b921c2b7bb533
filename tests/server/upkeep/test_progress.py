"""Commands that take long show on a terminal how far they have come (OPS-1)."""

import os
import pty
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.cli import main
from server.commands import running as commands
from server.terminal_forms.form_one import write_form_one
from tests.server.support import HOME, MASTER_KEY, Town
from tests.server.terminal_forms.support import FORM, written
from tests.server.upkeep.carried import fill

Shown = Callable[..., str]
CLEAR = "\r\x1b[K"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shown]:
    """Runs a command whose standard error is a real terminal, and gives what it shows there."""
    reader, writer = pty.openpty()
    monkeypatch.setattr(commands, "PROGRESS_AFTER_SECONDS", 0.0)
    with open(writer, "w", encoding="utf-8") as terminal:  # noqa: PTH123 -- a descriptor

        def run(*arguments: object) -> str:
            with monkeypatch.context() as patched:
                patched.setattr(sys, "stderr", terminal)
                main([str(one) for one in arguments], standalone_mode=False)
            print(end="\0", file=terminal, flush=True)
            told = b""
            while not told.endswith(b"\0"):
                told += os.read(reader, 100_000)
            return told.decode().removesuffix("\0")

        yield run
    os.close(reader)


@pytest.fixture
def filled(town: Town) -> Town:
    with town.booker() as booker:
        fill(town, booker)
    town.tamper("DELETE FROM data_key")  # the fixture's own opens with no key
    return town


def verify(town: Town, shown: Shown) -> str:
    with pytest.raises(SystemExit):
        shown("ledger", "verify", "--database", town.url)
    return shown("clock", "notes", "--database", town.url)


def test_a_terminal_is_shown_how_far_work_has_come_and_is_left_clean(
    filled: Town, shown: Shown, target: str, tmp_path: Path
) -> None:
    (tmp_path / "master.key").write_text(MASTER_KEY.hex())
    (tmp_path / "master.key").chmod(0o600)
    key = ("--master-key-file", tmp_path / "master.key")
    exported = tmp_path / "ledger.jsonl"
    told = shown("ledger", "export", "--database", filled.url, exported)
    assert told.startswith(f"{CLEAR}rows written: 1 of ")
    assert told.endswith(CLEAR)
    told = shown("backup", "--database", filled.url, tmp_path)
    assert f"{CLEAR}rows written: 1 of " in told
    (backup,) = tmp_path.glob("*.gz")
    told = shown("restore", "--database", target, *key, backup)
    assert f"{CLEAR}bytes unpacked: " in told
    assert told.endswith(CLEAR)
    form = written(tmp_path, write_form_one(FORM))
    line = ("form-one", "issue", form, "--out", tmp_path / "two.xlsx", "--municipality", HOME)
    told = shown("terminals", *line, "--database", filled.url)
    assert f"{CLEAR}passwords hashed: 1 of 8" in told


def test_verifying_and_importing_show_it_too(
    filled: Town, shown: Shown, target: str, tmp_path: Path
) -> None:
    exported = tmp_path / "ledger.jsonl"
    shown("ledger", "export", "--database", filled.url, exported)
    told = shown("ledger", "import", "--database", target, exported)
    assert f"{CLEAR}bytes checked: " in told
    told = verify(filled, shown)
    assert f"{CLEAR}transactions: 1 of " in told or "the file's own check: 100,000" in told


def test_nothing_is_shown_where_nobody_looks_on(
    filled: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "PROGRESS_AFTER_SECONDS", 0.0)
    result = CliRunner().invoke(main, ["ledger", "verify", "--database", filled.url])
    assert (result.exit_code, result.stderr) == (0, "")


def test_short_work_shows_nothing(
    filled: Town, shown: Shown, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(commands, "PROGRESS_AFTER_SECONDS", 3600.0)
    assert shown("ledger", "export", "--database", filled.url, tmp_path / "a.jsonl") == ""
