"""What the commands of jichipoint-server share: opening the ledger, and saying what is wrong."""

import os
import pwd
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click
from peewee import Database, PeeweeException

from merge_driver.files import new_file
from merge_driver.files import shown as file_name_shown
from merge_driver.progress import SILENT, Progress, StatusLine
from server.audit.storing import store_events
from server.audit.values import Event, shown
from server.clock import Moment, SystemClock
from server.db.engine import open_existing
from server.db.errors import UnusableDatabaseError, one_line
from server.db.postgres import without_password
from server.ledger.engines import writing
from server.ledger.snapshot import check_schema
from server.rpc.handled import OK

REFUSED = "REFUSED"
PROGRESS_AFTER_SECONDS = 2.0


class HandOverError(Exception):
    """A file cannot be written, or is there already; the message names it."""


@contextmanager
def reading(url: str) -> Iterator[Database]:
    """Open a ledger whose schema is this version's. Raises UnusableDatabaseError."""
    opened = open_existing(url)
    with opened.connection_context():
        check_schema(opened)
        yield opened


@contextmanager
def changing(url: str) -> Iterator[Database]:
    """Open it as reading() does, and keep what is done, whole, or nothing of it.

    The audit trail says who ran the command, also where it was refused (SEC-5).
    """
    with reading(url) as opened, noting_refusals(opened), writing(opened):
        yield opened
        store_events(opened, [command_event(OK)])


@contextmanager
def noting_refusals(opened: Database) -> Iterator[None]:
    """Say in the audit trail that the command was refused, where the block raises (SEC-5)."""
    try:
        yield
    except PeeweeException:
        raise
    except Exception:
        with writing(opened):
            store_events(opened, [command_event(REFUSED)])
        raise


@contextmanager
def watched() -> Iterator[Progress]:
    """Show on a terminal how far the block has come, if it takes longer than two seconds."""
    if not sys.stderr.isatty():
        yield SILENT
        return
    line = StatusLine(sys.stderr, PROGRESS_AFTER_SECONDS)
    try:
        yield line
    finally:
        line.clear()


def note_command(opened: Database) -> None:
    """Say in the audit trail who ran a command that changed nothing, but took data away."""
    with opened.connection_context(), writing(opened):
        store_events(opened, [command_event(OK)])


def command_event(result: str) -> Event:
    """Return the trail's event of the command that runs."""
    context = click.get_current_context()
    given = context.params.items()
    told = [
        f"{name}={shown(_without_password(str(value)))}"
        for name, value in given
        if value is not None and name not in NOT_TOLD
    ]
    return Event(
        noted_at=Moment.of(SystemClock().now()).microseconds,
        caller=operator(),
        person=shown(os.environ.get("SUDO_USER", "")),
        machine="",
        address="",
        action=context.command_path,
        result=result,
        request_id="",
        subject=" ".join(told),
    )


def operator() -> str:
    """Return who runs the command, as the trail names them."""
    return f"command:{_user()}"


def _user() -> str:
    """Return who runs the command, as the system knows and not as the environment says."""
    try:
        return shown(pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:  # a container's user may have no name
        return str(os.getuid())


def _without_password(value: str) -> str:
    return without_password(value) if "://" in value else value


NOT_TOLD = frozenset({"database", "training_database", "as_json", "master_key_file"})
"""Options that say where, and not what; no option of a command is a secret."""


@contextmanager
def told_in_one_line(*errors: type[Exception]) -> Iterator[None]:
    """End the command with one line where the database fails, or one of these is raised."""
    own: tuple[type[Exception], ...] = (UnusableDatabaseError, HandOverError, *errors)
    try:
        yield
    except own as error:
        raise click.ClickException(str(error)) from error
    except PeeweeException as error:
        raise click.ClickException(one_line(error)) from error


@contextmanager
def new_output(path: Path) -> Iterator[BinaryIO]:
    """Give a new file for its owner alone; it appears at the end, whole, or not at all.

    No command writes over what is there. Raises HandOverError.
    """
    with naming_output(path), new_file(path, 0o600) as file:
        yield file


@contextmanager
def naming_output(path: Path) -> Iterator[None]:
    """Say of a file that is written why it cannot be. Raises HandOverError."""
    try:
        yield
    except FileExistsError:
        raise HandOverError(f"{path} is there already: name a new file") from None
    except OSError as error:
        if not path.parent.is_dir():
            raise HandOverError(f"the folder {path.parent} is missing: make it first") from None
        named = file_name_shown(str(path))
        raise HandOverError(f"{named}: cannot be written: {error.strerror or error}") from None


@contextmanager
def handing_over(out: Path) -> Iterator[Callable[[bytes], None]]:
    """Give what writes a new file for its owner alone; it goes again where the block fails.

    What it gives raises HandOverError.
    """
    is_written = False

    def write(content: bytes) -> None:
        nonlocal is_written
        with new_output(out) as file:
            file.write(content)
        is_written = True

    try:
        yield write
    except BaseException:
        if is_written:
            out.unlink(missing_ok=True)
        raise
