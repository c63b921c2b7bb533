"""What holds for every command of every program (OPS-1)."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from server.cli import main as server

ROOT = Path(__file__).parents[1]
SCRIPTS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "scripts"
]
DAYS = ("0001-01-01", "1899-12-31", "9999-12-31", "10000-01-01", "2026-02-30", "20260228", "")


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The names of every command that does something."""
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from commands(one, (*path, name))
    else:
        yield path


def parameters(command: click.Command) -> Iterator[click.Parameter]:
    yield from command.params
    for one in command.commands.values() if isinstance(command, click.Group) else ():
        yield from parameters(one)


def is_day(one: click.Parameter) -> bool:
    return isinstance(one.type, click.DateTime) or one.type.name.startswith("yyyy")


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_program_tells_its_version(script: str) -> None:
    line = [sys.executable, "-m", SCRIPTS[script].partition(":")[0], "--version"]
    told = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout == f"{script}, version 0.1.0\n"


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_is_told_whatever_the_locale(script: str) -> None:
    module, _, name = SCRIPTS[script].partition(":")
    program = getattr(import_module(module), name)
    for path in {one[:length] for one in commands(program) for length in range(len(one) + 1)}:
        result = CliRunner(charset="latin-1").invoke(program, [*path, "--help"])
        assert result.exit_code == 0, (path, result.exception)
        assert result.output.startswith("Usage: ")


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("ledger", "seal", "--help")])
def test_a_full_disk_behind_the_output_is_told(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        line = [sys.executable, "-m", "server.cli", *arguments]
        done = subprocess.run(
            line, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "Error: the output cannot be written: No space left on device\n"


def test_a_ledger_that_is_not_named_may_be_in_a_configuration() -> None:
    asked = 0
    for path in commands(server):
        result = CliRunner().invoke(server, path, env={"JICHIPOINT_CONFIG": None})
        if "Missing option '--database'" in result.output:
            asked += 1
            assert "database under [ledger]: jichipoint-server --config FILE" in result.output
    assert asked > 10


def found(path: tuple[str, ...]) -> click.Command:
    command: click.Command = server
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    return command


@pytest.mark.parametrize("path", list(commands(server)), ids=" ".join)
def test_every_command_speaks_to_programs(path: tuple[str, ...]) -> None:
    """But for the one that goes on, and those that make a place to begin with, for people."""
    taken = {one for parameter in found(path).params for one in parameter.opts}
    assert ("--json" in taken) is (path not in {("serve",), ("init",), ("demo-data",)})


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("day", DAYS)
def test_a_day_out_of_range_is_told_as_wrong_use(script: str, day: str) -> None:
    module, _, name = SCRIPTS[script].partition(":")
    for one in parameters(getattr(import_module(module), name)):
        if is_day(one):
            with click.Context(server) as context:
                try:
                    one.type.convert(day, one, context)
                except click.BadParameter as error:
                    assert "\n" not in error.message


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_says_how_a_day_is_written(script: str) -> None:
    module, _, name = SCRIPTS[script].partition(":")
    for one in parameters(getattr(import_module(module), name)):
        shown = one.make_metavar(click.Context(server))
        assert "%" not in shown and not shown.startswith("DAY"), one.opts
        assert shown.startswith("YYYY-MM-DD") or not is_day(one), one.opts
