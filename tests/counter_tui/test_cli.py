"""The command, before its first screen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from counter_tui import texts
from counter_tui.cli import main
from counter_tui.core.sole import sole


@pytest.fixture(autouse=True)
def _japanese_afterwards() -> Iterator[None]:
    yield
    texts.use("ja")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ja", "この端末の窓口アプリはすでに動いています。"),
        ("en", "already running at this terminal"),
    ],
)
@pytest.mark.parametrize("command", ["run", "kiosk"])
def test_a_second_copy_at_a_terminal_is_refused(
    tmp_path: Path, command: str, language: str, said: str
) -> None:
    line = [command, "--server", "127.0.0.1:1", "--state", str(tmp_path), "--language", language]
    if command == "run":
        line += ["--spool", str(tmp_path / "spool")]
    with sole(tmp_path):
        told = CliRunner().invoke(main, line)
    assert (told.exit_code, said in told.output) == (1, True)
    assert len(told.output.splitlines()) == 1
