"""What reaches the terminal while the application has it, in a real one."""

import os
import pty
import sys
from contextlib import suppress

import pytest

LATIN = {"PYTHONIOENCODING": "latin-1"}
"""As a locale of that encoding makes the streams."""
DURING = """
import os, subprocess, sys
from counter_tui.own_terminal import own_terminal
print("before")
with own_terminal():
    os.write(1, b"library\\n")
    os.write(2, b"library\\n")
    subprocess.run(["echo", "child"])
    assert os.get_terminal_size(sys.__stdout__.fileno())
    sys.__stderr__.write("画面\\n")
    sys.__stderr__.flush()
os.write(2, b"after\\n")
assert sys.__stderr__.fileno() == 2 and sys.stderr is sys.__stderr__
"""


def shown(script: str, **environment: str) -> str:
    """Return what a script leaves on a terminal of its own."""
    pid, terminal = pty.fork()
    if pid == 0:
        command = [sys.executable, "-c", script]
        os.execve(sys.executable, command, {**os.environ, **environment})  # noqa: S606
    seen = b""
    with suppress(OSError):  # the terminal's other end is closed
        while data := os.read(terminal, 4096):
            seen += data
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    text = seen.decode()
    assert os.waitstatus_to_exitcode(status) == 0, text
    return text


@pytest.mark.parametrize("environment", [{}, LATIN], ids=["utf-8", "latin-1"])
def test_only_the_application_writes_and_that_in_utf8(environment: dict[str, str]) -> None:
    assert shown(DURING, **environment).split() == ["before", "画面", "after"]


def test_the_terminal_is_given_back_where_the_application_fails() -> None:
    script = """
import os
from counter_tui.own_terminal import own_terminal
try:
    with own_terminal():
        raise RuntimeError
except RuntimeError:
    os.write(2, b"after")
"""
    assert shown(script) == "after"


def test_what_is_no_terminal_is_left_alone(capfd: pytest.CaptureFixture[str]) -> None:
    from counter_tui.own_terminal import own_terminal  # noqa: PLC0415

    with own_terminal():
        os.write(2, b"to a file")
    assert capfd.readouterr().err == "to a file"


@pytest.mark.parametrize("command", ["counter_tui.cli", "counter_tui.virtual.cli"])
def test_no_command_ends_for_a_locale_without_japanese(command: str) -> None:
    script = f"""
import sys, click
from {command} import main

@main.command()
def say():
    click.echo("自治体ポイント")

sys.argv = ["say", "say"]
main()
"""
    assert shown(script, **LATIN) == "自治体ポイント\r\n"
