"""jichipoint-server limits."""

import json

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from tests.server.conftest import engine, find_template, town
from tests.server.support import (
    CARD_A,
    HOME,
    MUNICIPAL,
    Town,
    booked,
    grant_command,
    granted,
    refused,
    spend_command,
)

__all__ = ["engine", "find_template", "town"]


def limits(town: Town, command: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["limits", command, "--database", town.url, *arguments])


def test_the_next_booking_is_judged_by_the_new_limit(town: Town) -> None:
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 100))
        booked(booker, spend_command(CARD_A, 5))
        told = limits(town, "program", MUNICIPAL, "--per-use", "4")
        assert (told.exit_code, told.output) == (0, f"the limits of {MUNICIPAL} are changed\n")
        reason, _ = refused(booker, spend_command(CARD_A, 5))
        assert reason == "OVER_LIMIT_PER_USE"
        assert limits(town, "program", MUNICIPAL, "--per-use", "none").exit_code == 0
        booked(booker, spend_command(CARD_A, 5))


def test_only_what_is_named_is_changed_and_all_is_shown(town: Town) -> None:
    limits(town, "program", MUNICIPAL, "--per-citizen-day", "3000", "--pin-above", "0")
    limits(town, "program", MUNICIPAL, "--per-terminal-day", "90000")
    limits(town, "offline", HOME, "--vouchers", "0")
    shown = [json.loads(line) for line in limits(town, "show", "--json").output.splitlines()]
    program = next(one for one in shown if one.get("program_id") == MUNICIPAL)
    assert program | {"name": ""} == {
        "program_id": MUNICIPAL,
        "name": "",
        "points_per_use_max": None,
        "points_per_citizen_day_max": 3000,
        "points_per_terminal_day_max": 90000,
        "pin_above_points": 0,
    }
    municipality = next(one for one in shown if one.get("municipality_code") == HOME)
    assert municipality["offline_vouchers_max"] == 0
    assert municipality["offline_points_max"] == 20_000
    plain = limits(town, "show").output
    assert (
        f"program {MUNICIPAL}  さくら野ポイント  per use none  per citizen and day 3000 pt  "
        in plain
    )
    assert "per terminal and day 90000 pt  PIN above 0 pt\n" in plain
    assert "without network up to 0 vouchers and 20000 pt\n" in plain
    assert "_" not in plain, "no column of the database"


def test_a_program_is_told_what_holds_now(town: Town) -> None:
    """As the list tells it."""
    for arguments in (("program", MUNICIPAL, "--per-use", "4"), ("offline", HOME, "--points", "7")):
        told = json.loads(limits(town, *arguments, "--json").output)
        shown = limits(town, "show", "--json").output.splitlines()
        assert told in [json.loads(line) for line in shown]
        assert (told.get("points_per_use_max"), told.get("offline_points_max")) in (
            (4, None),
            (None, 7),
        )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("program", "99999999", "--per-use", "4"), "there is no program 99999999"),
        (("program", MUNICIPAL), "name at least one limit"),
        (("program", MUNICIPAL, "--per-use", "0"), "0 is not between 1 and"),
        (("program", MUNICIPAL, "--per-use", "-1"), "is neither a number of points nor none"),
        (("program", MUNICIPAL, "--per-use", "1.5"), "is neither a number"),
        (("program", MUNICIPAL, "--per-use", "４"), "is neither a number"),
        (("program", MUNICIPAL, "--per-use", "9" * 5000), "is neither a number"),
        (("offline", "999999", "--points", "4"), "there is no municipality 999999"),
        (("offline", HOME), "name at least one limit"),
        (("offline", HOME, "--points", "-1"), "-1 is not in the range"),
    ],
)
def test_what_cannot_be_set(town: Town, arguments: tuple[str, ...], said: str) -> None:
    before = limits(town, "show").output
    told = limits(town, *arguments)
    assert told.exit_code != 0
    assert said in told.output
    assert "Traceback" not in told.output
    assert limits(town, "show").output == before
