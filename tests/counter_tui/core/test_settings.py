import os
import stat
from pathlib import Path

import pytest

from counter_tui.core.settings import State, StateError


def test_nothing_is_registered_at_first(tmp_path: Path) -> None:
    assert State(tmp_path / "not there").registered_terminal() is None


def test_a_terminal_is_remembered(tmp_path: Path) -> None:
    State(tmp_path / "state").remember_terminal("00010011")
    State(tmp_path / "state").remember_terminal("00010012")
    assert State(tmp_path / "state").registered_terminal() == "00010012"
    (path,) = (tmp_path / "state").iterdir()
    assert path.name == "terminal.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


OLD = b'{"format": "jichipoint-terminal", "version": 1, "terminal_id": "00010011"}'
"""As it was kept before contacts were asked for."""


def test_a_terminal_of_before_may_put_its_contact_off(tmp_path: Path) -> None:
    state = State(tmp_path)
    assert not state.may_put_contact_off()
    (tmp_path / "terminal.json").write_bytes(OLD)
    assert state.may_put_contact_off()
    state.remember_terminal("00010011")
    assert state.may_put_contact_off()
    state.remember_terminal("00010012")
    assert not state.may_put_contact_off()


@pytest.mark.parametrize(
    "terminal_id", ["", "1", "000100111", "0001001a", "００010011", "00010011\n"]
)
def test_what_is_no_terminal_id_is_not_remembered(tmp_path: Path, terminal_id: str) -> None:
    with pytest.raises(ValueError, match="not a terminal ID"):
        State(tmp_path).remember_terminal(terminal_id)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"{}",
        b"[" * 100_000,
        b'{"format": "jichipoint-terminal", "version": 2, "terminal_id": "00010011"}',
        b'{"format": "jichipoint-terminal", "version": 1, "terminal_id": "1"}',
        b'{"format": "jichipoint-terminal", "version": 1, "terminal_id": 10011}',
        b'{"format": "jichipoint-terminal", "version": 1}',
        OLD[:-1] + b', "asked_for_contact": 1}',
    ],
)
def test_a_damaged_file_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "terminal.json").write_bytes(content)
    with pytest.raises(StateError, match="damaged"):
        State(tmp_path).registered_terminal()


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "terminal.json").mkdir()
    with pytest.raises(StateError, match="cannot be read"):
        State(tmp_path).registered_terminal()


def test_a_failed_write_keeps_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    State(tmp_path).remember_terminal("00010011")

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(StateError, match="No space left"):
        patch.setattr(os, "fsync", fail)
        State(tmp_path).remember_terminal("00010012")
    assert State(tmp_path).registered_terminal() == "00010011"
