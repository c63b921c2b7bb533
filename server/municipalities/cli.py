"""The commands jichipoint-server limits: what a municipality limits."""

from dataclasses import asdict

import click

from server.commands.options import database_option, json_lines_option, json_option
from server.commands.running import changing, reading, told_in_one_line
from server.municipalities.limits import (
    OfflineLimits,
    ProgramLimits,
    UnknownLimitHolderError,
    offline_limits,
    program_limits,
    set_offline_limits,
    set_program_limits,
)
from server.wording import counted, say, say_if_none

POINTS_MAX = 1_000_000_000
NONE = "none"


class _PointsOrNone(click.ParamType[int | str]):
    """A number of points, or "none"."""

    name = "points"

    def __init__(self, least: int) -> None:
        self._least = least

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        text = str(value)
        if text == NONE:
            return NONE
        if not text.isascii() or not text.isdecimal() or len(text) > 10:
            self.fail(f"{text!r} is neither a number of points nor {NONE}", param, ctx)
        if not self._least <= int(text) <= POINTS_MAX:
            self.fail(f"{text} is not between {self._least} and {POINTS_MAX}", param, ctx)
        return int(text)


@click.group()
def limits() -> None:
    """Limit uses of points, PINs, and vouchers that are taken without network."""


@limits.command()
@database_option
@json_lines_option
def show(database: str, as_json: bool) -> None:
    """Show every program's and municipality's limits."""
    with told_in_one_line(), reading(database) as opened:
        programs, municipalities = program_limits(opened), offline_limits(opened)
    for program in programs:
        say(asdict(program), _shown_program(program), as_json=as_json)
    for municipality in municipalities:
        say(asdict(municipality), _shown_municipality(municipality), as_json=as_json)
    say_if_none([*programs, *municipalities], "there is no program yet", as_json=as_json)


def _shown_program(one: ProgramLimits) -> str:
    """Return a program's limits in the words of the options that set them."""
    pin = "never" if one.pin_above_points is None else f"above {one.pin_above_points} pt"
    return (
        f"program {one.program_id}  {one.name}  per use {_points(one.points_per_use_max)}  "
        f"per citizen and day {_points(one.points_per_citizen_day_max)}  "
        f"per terminal and day {_points(one.points_per_terminal_day_max)}  PIN {pin}"
    )


def _shown_municipality(one: OfflineLimits) -> str:
    return (
        f"municipality {one.municipality_code}  {one.name}  without network up to "
        f"{counted(one.offline_vouchers_max, 'voucher')} and {one.offline_points_max} pt"
    )


def _points(most: int | None) -> str:
    return NONE if most is None else f"{most} pt"


@limits.command("program")
@database_option
@click.argument("program_id")
@click.option("--per-use", "points_per_use_max", type=_PointsOrNone(1))
@click.option("--per-citizen-day", "points_per_citizen_day_max", type=_PointsOrNone(1))
@click.option("--per-terminal-day", "points_per_terminal_day_max", type=_PointsOrNone(1))
@click.option(
    "--pin-above", "pin_above_points", type=_PointsOrNone(0), help="0: the PIN is always asked."
)
@json_option
def program(database: str, program_id: str, *, as_json: bool, **given: int | str | None) -> None:
    """Limit the uses of a program's points (USE-6), and say when the PIN is asked (CRD-2).

    Spends, vouchers and merges count alike. A limit that is "none" is lifted; one that is not
    named stays. The next booking is judged by the new ones.
    """
    changes = {
        name: None if value == NONE else int(value)
        for name, value in given.items()
        if value is not None
    }
    if not changes:
        raise click.UsageError("name at least one limit, such as --per-use 3000")
    with told_in_one_line(UnknownLimitHolderError), changing(database) as opened:
        set_program_limits(opened, program_id, changes)
        told = next(one for one in program_limits(opened) if one.program_id == program_id)
    say(asdict(told), f"the limits of {program_id} are changed", as_json=as_json)


@limits.command("offline")
@database_option
@click.argument("municipality_code")
@click.option("--vouchers", "offline_vouchers_max", type=click.IntRange(0, 1000))
@click.option("--points", "offline_points_max", type=click.IntRange(0, POINTS_MAX))
@json_option
def offline(database: str, municipality_code: str, *, as_json: bool, **given: int | None) -> None:
    """Limit the vouchers that a shop takes without network (VCH-8); 0: none.

    Counters learn it at their next sign-in.
    """
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise click.UsageError("name at least one limit: --vouchers, --points")
    with told_in_one_line(UnknownLimitHolderError), changing(database) as opened:
        set_offline_limits(opened, municipality_code, changes)
        found = offline_limits(opened)
    told = next(one for one in found if one.municipality_code == municipality_code)
    say(asdict(told), f"the limits of {municipality_code} are changed", as_json=as_json)
