"""The command `merge-driver`.

Exit codes: 0 all well, 1 stopped or refused, 2 wrong use or setting, 3 something in quarantine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from merge_driver.command_group import CommandGroup
from merge_driver.exit_codes import EXIT_STOPPED, EXIT_USAGE

if TYPE_CHECKING:  # what takes its time is imported when a command begins
    from merge_driver.codec import StreetKey
    from merge_driver.settings import Settings

_PATH: Final = click.Path(path_type=Path)


class _DayOption(click.ParamType[date]):
    name = "yyyy-mm-dd"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 - a day alone
        except ValueError:
            self.fail(f"{str(value)!r} is no day like 2026-07-01", param, ctx)


_DAY: Final = _DayOption()

_config_option = click.option(
    "--config",
    "configuration",
    type=_PATH,
    required=True,
    envvar="MERGE_DRIVER_CONFIG",
    show_envvar=True,
    help="The configuration (TOML).",
)
_keys_option = click.option(
    "--keys", "keys_folder", type=_PATH, required=True, help="The folder with the key files."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group(cls=CommandGroup)
@click.version_option(package_name="jichipoint", prog_name="merge-driver")
def main() -> None:
    """Take merge files on the shopping street's side."""


@main.command()
@_config_option
@click.option("--watch", "watching", is_flag=True, help="Stay and take what arrives.")
@_json_option
def run(*, configuration: Path, watching: bool, as_json: bool) -> None:
    """Take every merge file in the spool folder, and hand its records on.

    Ctrl-C or SIGTERM ends it between two steps; nothing is lost. Exit code: 0 all well, 1 stopped
    or records wait, 2 wrong use or setting, 3 something went to quarantine.
    """
    from merge_driver.running import Runner  # noqa: PLC0415

    settings = _settings_or_exit(configuration)
    with _told_in_one_line():
        code = Runner(settings, as_json=as_json).run(watching=watching)
    raise SystemExit(code)


@main.command()
@click.argument("file", type=_PATH)
@_keys_option
@_json_option
def inspect(*, file: Path, keys_folder: Path, as_json: bool) -> None:
    """Show what a merge file holds, or why it is refused (exit code 1). Nothing is changed."""
    from merge_driver.errors import MergeFileError  # noqa: PLC0415
    from merge_driver.inspecting import read, show_contents, show_refusal  # noqa: PLC0415

    keys = _keys_or_exit(keys_folder)
    try:
        with _told_in_one_line():
            found = read(file, keys)
    except MergeFileError as error:
        show_refusal(file, error, as_json=as_json)
        raise SystemExit(EXIT_STOPPED) from None
    show_contents(file, found, keys[0].issuer_id, as_json=as_json)


@main.command()
@click.argument("files", type=_PATH, nargs=-1, required=True)
@_keys_option
@_json_option
def verify(*, files: tuple[Path, ...], keys_folder: Path, as_json: bool) -> None:
    """Check merge files as run would, except for what was taken before. Nothing is changed.

    Exit code: 0 all are good, 1 one is refused.
    """
    from merge_driver.errors import MergeFileError  # noqa: PLC0415
    from merge_driver.inspecting import read_named, show_good, show_refusal  # noqa: PLC0415

    keys = _keys_or_exit(keys_folder)
    refused = False
    for file in files:
        try:
            with _told_in_one_line():
                show_good(file, read_named(file, keys), as_json=as_json)
        except MergeFileError as error:
            show_refusal(file, error, as_json=as_json)
            refused = True
    raise SystemExit(EXIT_STOPPED if refused else 0)


@main.command()
@_config_option
@click.option("--from", "first", type=_DAY, help="The first day; else the first of all.")
@click.option("--until", "last", type=_DAY, help="The last day; else the last of all.")
@_json_option
def report(*, configuration: Path, first: date | None, last: date | None, as_json: bool) -> None:
    """Show what was taken, by day, for comparing with the server's statement.

    The day is that of the transaction number. Another driver that runs is not disturbed.
    """
    from merge_driver.reporting import show_report  # noqa: PLC0415

    settings = _settings_or_exit(configuration)
    days = (first or date.min, last or date.max)
    if days[0] > days[1]:
        _exit_with(EXIT_USAGE, f"--from {days[0]} is after --until {days[1]}")
    with _told_in_one_line():
        show_report(settings.journal, *days, as_json=as_json)


@main.command()
@_config_option
@click.argument("names", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All files in quarantine.")
@_json_option
def retry(*, configuration: Path, names: tuple[str, ...], every: bool, as_json: bool) -> None:
    """Put files back from quarantine, and run: after a key was imported, for example.

    NAMES are those in the quarantine folder. What is bad still goes there again.
    """
    from merge_driver.retrying import put_back  # noqa: PLC0415
    from merge_driver.running import Runner  # noqa: PLC0415
    from merge_driver.spool import Spool  # noqa: PLC0415

    if every == bool(names):
        _exit_with(EXIT_USAGE, "name files in quarantine, or give --all")
    settings = _settings_or_exit(configuration)
    with _told_in_one_line():
        runner = Runner(settings, as_json=as_json)
        code = runner.run(before=lambda: put_back(Spool(settings.spool), names))
    raise SystemExit(code)


@main.group("keys")
def keys_group() -> None:
    """Look after the street's keys."""


@keys_group.command("import")
@click.argument("file", type=_PATH)
@_keys_option
@_json_option
def import_key(*, file: Path, keys_folder: Path, as_json: bool) -> None:
    """Check a key file and copy it into the keys folder, for its owner alone.

    A driver that watches takes it up with the next start.
    """
    from merge_driver.errors import KeyFileError  # noqa: PLC0415
    from merge_driver.keys import import_key_file  # noqa: PLC0415
    from merge_driver.telling import tell  # noqa: PLC0415

    try:
        path, is_new = import_key_file(file, keys_folder)
    except KeyFileError as error:
        _exit_with(EXIT_USAGE, str(error))
    if as_json:
        tell({"key_file": str(path), "imported": is_new})
    else:
        tell(f"{path}: {'imported' if is_new else 'is there already'}")


def _settings_or_exit(path: Path) -> "Settings":
    from merge_driver.errors import SettingsError  # noqa: PLC0415
    from merge_driver.settings import load_settings  # noqa: PLC0415

    try:
        return load_settings(path)
    except SettingsError as error:
        _exit_with(EXIT_USAGE, *str(error).splitlines())


def _keys_or_exit(folder: Path) -> "list[StreetKey]":
    from merge_driver.errors import KeyFileError  # noqa: PLC0415
    from merge_driver.keys import load_keys  # noqa: PLC0415

    try:
        return load_keys(folder)
    except KeyFileError as error:
        _exit_with(EXIT_USAGE, str(error))


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    """End the command with a line and an exit code where the driver, or a file, does not do."""
    from merge_driver.errors import DriverError, KeyFileError, SettingsError  # noqa: PLC0415

    try:
        yield
    except SettingsError as error:
        _exit_with(EXIT_USAGE, str(error))
    except DriverError as error:
        _exit_with(EXIT_STOPPED, str(error))
    except KeyFileError as error:
        _exit_with(EXIT_USAGE, str(error))
    except OSError as error:
        _exit_with(EXIT_USAGE, f"{error.filename}: {error.strerror}")


def _exit_with(code: int, *messages: str) -> NoReturn:
    from merge_driver.files import shown  # noqa: PLC0415

    for message in messages:
        click.echo(f"merge-driver: {shown(message)}", err=True)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
