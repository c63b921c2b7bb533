"""The file with the agent's address and token."""

import stat
from pathlib import Path

import pytest

from counter_tui.agent.pass_file import (
    AgentFileError,
    AgentPass,
    new_token,
    read_pass,
    write_pass,
)

AGENT = AgentPass("127.0.0.1:50061", "0" * 64)


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    path = write_pass(tmp_path / "state", AGENT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_pass(tmp_path / "state") == AGENT
    other = AgentPass("127.0.0.1:2", new_token())
    write_pass(tmp_path / "state", other)
    assert read_pass(tmp_path / "state") == other


def test_tokens_are_long_and_all_different() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {64}


def test_no_agent(tmp_path: Path) -> None:
    with pytest.raises(AgentFileError, match="start 'jichipoint-counter agent' first"):
        read_pass(tmp_path)


def test_a_file_that_others_can_read(tmp_path: Path) -> None:
    write_pass(tmp_path, AGENT).chmod(0o640)
    with pytest.raises(AgentFileError, match="others can read"):
        read_pass(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"[" * 100_000,
        b'{"format": "x"}',
        b'{"format": "jichipoint-agent", "version": 2, "address": "a", "token": "b"}',
        b'{"format": "jichipoint-agent", "version": 1, "address": 1, "token": "b"}',
        b'{"format": "jichipoint-agent", "version": 1, "address": "a", "token": 1}',
    ],
)
def test_a_damaged_file(tmp_path: Path, content: bytes) -> None:
    path = write_pass(tmp_path, AGENT)
    path.write_bytes(content)
    with pytest.raises(AgentFileError, match="start the agent again"):
        read_pass(tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    with pytest.raises(AgentFileError, match="cannot be written"):
        write_pass(tmp_path / "state", AGENT)
