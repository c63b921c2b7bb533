"""Each check, where all is well and where it is not."""

import locale
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from counter_tui import texts
from counter_tui.calls.answers import UnreachableError
from counter_tui.core.machine import machine_fingerprint
from counter_tui.core.settings import State
from counter_tui.doctor import checks
from counter_tui.doctor.checks import Finding, Verdict
from counter_tui.virtual.card import VirtualCard
from counter_tui.virtual.reader import BoxedCard, VirtualReader
from tests.counter_tui.citizens import boxed


@pytest.fixture(autouse=True)
def japanese() -> None:
    texts.use("ja")


@pytest.fixture
def reader() -> VirtualReader:
    return VirtualReader([boxed("桜井さん"), BoxedCard("図書館カード", lambda: VirtualCard({}))])


def verdicts(findings: list[Finding]) -> list[Verdict]:
    return [one.verdict for one in findings]


async def test_a_reader_without_a_card(
    reader: VirtualReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "READER_SECONDS", 0.05)
    assert verdicts(await checks.check_reader(reader)) == [Verdict.GOOD, Verdict.NOTE]


async def test_a_card_that_can_be_read(reader: VirtualReader) -> None:
    reader.insert(0)
    _, card = await checks.check_reader(reader)
    assert card.verdict == Verdict.GOOD
    assert card.found == "読み取れます(証明書の有効期限 2029-05-01、暗証番号の残り 3 回)。"


async def test_a_card_that_is_none_of_ours(reader: VirtualReader) -> None:
    reader.insert(1)
    _, card = await checks.check_reader(reader)
    assert card.verdict == Verdict.BAD
    assert "(FOREIGN)" in card.found


async def test_a_reader_that_is_down(reader: VirtualReader) -> None:
    reader.break_down("Service not available")
    (found,) = await checks.check_reader(reader)
    assert found.verdict == Verdict.BAD
    assert "Service not available" in found.found
    assert "pcscd" in found.advice


def test_the_printer(tmp_path: Path) -> None:
    assert checks.check_printer("").verdict == Verdict.NOTE
    assert checks.check_printer(f"file:{tmp_path / 'receipts'}").verdict == Verdict.GOOD
    assert checks.check_printer("file:receipts").verdict == Verdict.BAD
    missing = checks.check_printer(f"file:{tmp_path / 'none' / 'receipts'}")
    assert missing.verdict == Verdict.BAD
    assert missing.advice


class PlayedServer:
    def __init__(self, off: timedelta | None) -> None:
        self._off = off

    async def server_time(self) -> datetime:
        if self._off is None:
            raise UnreachableError("UNAVAILABLE", "サーバーから返事がありません。")
        return datetime.now(UTC) + self._off


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        (timedelta(), [Verdict.GOOD, Verdict.GOOD]),
        (timedelta(seconds=-50), [Verdict.GOOD, Verdict.GOOD]),
        (timedelta(seconds=70), [Verdict.GOOD, Verdict.BAD]),
        (timedelta(days=-1), [Verdict.GOOD, Verdict.BAD]),
        (None, [Verdict.BAD, Verdict.NOTE]),
    ],
)
async def test_server_and_clock(off: timedelta | None, expected: list[Verdict]) -> None:
    findings = await checks.check_server_and_clock(PlayedServer(off), "counter.example:1")
    assert verdicts(findings) == expected
    if off is None:
        assert "counter.example:1" in findings[0].advice


def test_the_registration(tmp_path: Path) -> None:
    assert checks.check_registration(tmp_path).verdict == Verdict.NOTE
    State(tmp_path).remember_terminal("00010011")
    machine_fingerprint(tmp_path)
    found = checks.check_registration(tmp_path)
    assert (found.verdict, "00010011" in found.found) == (Verdict.GOOD, True)
    (tmp_path / "machine.json").write_text("{")
    assert checks.check_registration(tmp_path).verdict == Verdict.BAD
    (tmp_path / "terminal.json").write_text("{")
    assert checks.check_registration(tmp_path).verdict == Verdict.BAD


@pytest.mark.parametrize(
    ("is_terminal", "term", "size", "verdict"),
    [
        (True, "xterm-256color", (80, 24), Verdict.GOOD),
        (True, "xterm-256color", (79, 24), Verdict.BAD),
        (True, "xterm-256color", (80, 23), Verdict.BAD),
        (True, "dumb", (80, 24), Verdict.BAD),
        (False, "xterm-256color", (80, 24), Verdict.BAD),
    ],
)
def test_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
    is_terminal: bool,
    term: str,
    size: tuple[int, int],
    verdict: Verdict,
) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_, **__: os.terminal_size(size))
    found = checks.check_terminal(is_terminal=is_terminal, environment={"TERM": term})
    assert found.verdict == verdict
    assert bool(found.advice) == (verdict == Verdict.BAD)


def test_the_width_of_characters() -> None:
    assert checks.check_character_width(None) == []
    (good,) = checks.check_character_width(1)
    (bad,) = checks.check_character_width(2)
    assert verdicts([good, bad]) == [Verdict.GOOD, Verdict.BAD]
    assert "曖昧な文字幅" in bad.advice


def test_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale, "getpreferredencoding", lambda: "UTF-8")
    assert checks.check_locale().verdict == Verdict.GOOD
    monkeypatch.setattr(locale, "getpreferredencoding", lambda: "ANSI_X3.4-1968")
    found = checks.check_locale()
    assert found.verdict == Verdict.BAD
    assert "ANSI_X3.4-1968" in found.found
