"""The commands jichipoint-server terminals form-one and form-two (TRM-1, TRM-2)."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from peewee import Database

from merge_driver.progress import showing
from server.audit.storing import store_events
from server.callers.sign_in import hash_password
from server.chance import SystemChance
from server.clock import Moment, SystemClock
from server.commands.options import database_option, json_option
from server.commands.running import (
    HandOverError,
    changing,
    command_event,
    handing_over,
    reading,
    told_in_one_line,
    watched,
)
from server.commands.text_options import DigitsOption
from server.rpc.handled import OK
from server.terminal_forms.issuing import Password, Plan, issue_terminals, plan
from server.terminal_forms.values import FormError, SheetsError
from server.terminal_forms.withdrawing import withdraw_terminals
from server.terminals.keeping import TerminalError, new_password
from server.wording import say

_FILE = click.argument("file", type=click.Path(path_type=Path))
_MUNICIPALITY = click.option(
    "--municipality",
    "municipality_code",
    type=DigitsOption("municipality_code", "a municipality code", 6),
    required=True,
    help="Whose form it is; a form of another is refused.",
)


class _RefusedFormError(Exception):
    """A form is refused; the message names the file."""


@click.group("form-one")
def form_one() -> None:
    """Read form I (様式Ⅰ), in which a municipality lists the terminals it wants."""


@form_one.command()
@_FILE
@json_option
def blank(file: Path, *, as_json: bool) -> None:
    """Write a blank form I, for a municipality to fill in."""
    from server.terminal_forms.form_one import blank_form_one  # noqa: PLC0415 -- openpyxl is large

    with told_in_one_line(), handing_over(file) as hand_over:
        hand_over(blank_form_one())
    say({"file": str(file)}, f"{file}: a blank form I", as_json=as_json)


@form_one.command()
@database_option
@_FILE
@json_option
def check(database: str, file: Path, *, as_json: bool) -> None:
    """Say everything that is wrong with a form I, or what issue would do; nothing is changed."""
    from server.terminal_forms.form_one import read_form_one  # noqa: PLC0415 -- openpyxl is large

    with told_in_one_line(_RefusedFormError), _naming(file):
        try:
            form = read_form_one(file)
            with reading(database) as opened:
                planned = plan(opened, form, form.municipality_code)
        except FormError as error:
            if not as_json:
                raise
            say({"file": str(file), "faults": _faults(error)}, "", as_json=True)
            sys.exit(1)
    told = {
        "file": str(file),
        "municipality_code": form.municipality_code,
        "new": planned.new_count,
        **_staying(planned),
        "faults": [],
    }
    text = f"{file}: in order; {planned.new_count} new, {_stays(planned)}"
    say(told, text, as_json=as_json)


@form_one.command()
@database_option
@_FILE
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Form II; it is made new, for its owner alone.",
)
@_MUNICIPALITY
@json_option
def issue(database: str, file: Path, out: Path, *, municipality_code: str, as_json: bool) -> None:
    """Issue the terminals of a form I, and write form II with their IDs and passwords.

    The passwords are in that file and nowhere else. Terminals that the form repeats keep theirs.
    """
    from server.terminal_forms.form_one import read_form_one  # noqa: PLC0415 -- openpyxl is large
    from server.terminal_forms.form_two import write_form_two  # noqa: PLC0415

    with (
        told_in_one_line(TerminalError, _RefusedFormError),
        _naming(file),
        handing_over(out) as hand_over,
    ):
        with _noting_refusals(database):
            _check_new(out)
            form = read_form_one(file)
            with reading(database) as opened:
                planned = plan(opened, form, municipality_code)
        # Hashing takes long, so it is done before anything is locked.
        texts = [new_password(SystemChance()) for _ in range(planned.new_count)]
        with watched() as progress:
            hashing = showing(progress, "passwords hashed", texts, len(texts))
            passwords = [Password(text, hash_password(text)) for text in hashing]
        with changing(database) as opened:
            issued = issue_terminals(opened, form, municipality_code, planned, passwords)
            new = [one.terminal_id for one in issued.terminals if one.password is not None]
            if new:
                _note(opened, f"terminals={new[0]}-{new[-1]}")
            hand_over(write_form_two(issued))
    ids = f" ({new[0]} to {new[-1]})" if new else ""
    told = {
        "file": str(out),
        "municipality_code": municipality_code,
        "issued": new,
        **_staying(planned),
    }
    say(told, f"{out}: {len(new)} issued{ids}, {_stays(planned)}", as_json=as_json)


@click.group("form-two")
def form_two() -> None:
    """Read form II (様式Ⅱ) as a municipality returns it."""


@form_two.command()
@database_option
@_FILE
@_MUNICIPALITY
@json_option
def withdraw(database: str, file: Path, *, municipality_code: str, as_json: bool) -> None:
    """Withdraw for good the terminals that a returned form II marks with 要."""
    from server.terminal_forms.form_two import read_form_two  # noqa: PLC0415 -- openpyxl is large

    with told_in_one_line(_RefusedFormError), _naming(file):
        with _noting_refusals(database):
            form = read_form_two(file)
        with changing(database) as opened:
            now = Moment.of(SystemClock().now()).microseconds
            done = withdraw_terminals(opened, form, municipality_code, now)
            _note(opened, *(f"terminal_id={one}" for one in done.terminal_ids))
    told = {
        "file": str(file),
        "municipality_code": municipality_code,
        "withdrawn": done.terminal_ids,
        "withdrawn_before": done.before,
        "stay": done.stay,
    }
    text = (
        f"{file}: {len(done.terminal_ids)} withdrawn, {done.before} withdrawn before, "
        f"{done.stay} that stay"
    )
    say(told, text, as_json=as_json)


def _staying(planned: Plan) -> dict[str, int]:
    known = len(planned.terminals) - planned.new_count
    return {"known": known, "not_listed": planned.not_listed}


def _stays(planned: Plan) -> str:
    return "{known} known that keep ID and password, {not_listed} not in the form that stay".format(
        **_staying(planned)
    )


def _faults(error: FormError) -> list[dict[str, str | int]]:
    return [{**fault.spot._asdict(), "says": fault.says} for fault in error.faults]


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Name the file, and how much is wrong with it."""
    try:
        yield
    except SheetsError as error:
        raise _RefusedFormError(f"{file}: {error}") from error
    except FormError as error:
        count = len(error.faults)
        told = "1 thing is" if count == 1 else f"{count} things are"
        raise _RefusedFormError(f"{file}: {told} wrong, and nothing is saved\n{error}") from error


@contextmanager
def _noting_refusals(database: str) -> Iterator[None]:
    """Note a refusal in the trail that comes before anything would be changed (SEC-5)."""
    try:
        yield
    except (SheetsError, FormError, HandOverError):
        with changing(database):
            raise


def _check_new(out: Path) -> None:
    """Refuse at once what handing over would refuse after minutes. Raises HandOverError."""
    if out.exists():
        raise HandOverError(f"{out} is there already: name a new file")
    if not out.parent.is_dir():
        raise HandOverError(f"{out}: there is no such folder")


def _note(opened: Database, *subjects: str) -> None:
    """Name in the trail the terminals that a command is about."""
    event = command_event(OK)
    store_events(opened, [event._replace(subject=subject) for subject in subjects])
