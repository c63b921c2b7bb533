"""Terminals withdrawn by a form II that comes back (TRM-2)."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl.worksheet.worksheet import Worksheet

from server.callers.values import TerminalClass
from server.cli import main
from server.terminal_forms.form_two import write_form_two
from server.terminal_forms.values import FormTwo, IssuedTerminal, ListedTerminal
from tests.server.support import (
    AWAY,
    AWAY_COUNTER,
    COUNTER,
    HOME,
    POINT_USE,
    VOUCHER,
    WITHDRAWN,
    Town,
)
from tests.server.terminal_forms.support import edited, written

ISSUED = FormTwo(
    "さくら野区",
    HOME,
    tuple(
        IssuedTerminal(
            ListedTerminal(of_class, issuer, place, f"端末 {terminal_id}"), terminal_id, "p"
        )
        for of_class, issuer, place, terminal_id in (
            (TerminalClass.SERVICE_ID, "一番街", "花田酒店", COUNTER),
            (TerminalClass.POINT_USE, "", "美術館", POINT_USE),
            (TerminalClass.POINT_USE, "", "花田酒店", WITHDRAWN),
            (TerminalClass.VOUCHER, "", "花田酒店", VOUCHER),
        )
    ),
)
"""Terminals of the town: COUNTER in row 7, POINT_USE and WITHDRAWN in 13 and 14, VOUCHER in 20."""
TRAIL = ("audit_event", "counter")


def withdraw(town: Town, folder: Path, /, *codes: str, **values: str | None) -> Result:
    def change(_: Worksheet, listing: Worksheet) -> None:
        for cell, value in values.items():
            listing[cell] = value

    path = written(folder, edited(write_form_two(ISSUED), change))
    line = ["terminals", "form-two", "withdraw", "--database", town.url, str(path)]
    return CliRunner().invoke(main, [*line, "--municipality", *(codes or (HOME,))])


def withdrawn(town: Town) -> list[str]:
    query = "SELECT terminal_id FROM terminal WHERE withdrawn_at IS NOT NULL ORDER BY 1"
    return [str(one) for (one,) in town.rows(query)]


def test_what_is_marked_is_withdrawn_and_nothing_else(town: Town, tmp_path: Path) -> None:
    result = withdraw(town, tmp_path, G7="要", F13="否", F20="要")
    assert result.output == (
        f"{tmp_path}/form.xlsx: 2 withdrawn, 0 withdrawn before, 2 that stay\n"
    )
    assert withdrawn(town) == [COUNTER, VOUCHER, WITHDRAWN]
    query = "SELECT result, subject FROM audit_event ORDER BY event_id"
    told = town.rows(query)
    assert told[:2] == [("OK", f"terminal_id={COUNTER}"), ("OK", f"terminal_id={VOUCHER}")]
    assert len(told) == 3


def test_a_program_is_told_what_was_withdrawn(town: Town, tmp_path: Path) -> None:
    result = withdraw(town, tmp_path, HOME, "--json", G7="要", F20="要", F14="要")
    assert json.loads(result.output) == {
        "file": f"{tmp_path}/form.xlsx",
        "municipality_code": HOME,
        "withdrawn": [COUNTER, VOUCHER],
        "withdrawn_before": 1,
        "stay": 1,
    }


def test_a_form_that_comes_twice_withdraws_once(town: Town, tmp_path: Path) -> None:
    withdraw(town, tmp_path, G7="要")
    before = town.dump(*TRAIL)
    result = withdraw(town, tmp_path, G7="要", F14="要")
    assert "0 withdrawn, 2 withdrawn before, 2 that stay" in result.output
    assert town.dump(*TRAIL) == before


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"D13": AWAY_COUNTER}, f"row 13, column D: {AWAY_COUNTER} is no terminal of this munic"),
        ({"D13": "99999999"}, "row 13, column D: 99999999 is no terminal of this municipality"),
        ({"D13": "10000009"}, "row 13, column D: the terminal 10000009 is of class MUNICIPALITY"),
        (
            {"C7": "美術館"},
            f"row 7, column C: the terminal {COUNTER} has another 設置場所: 花田酒店",
        ),
        (
            {"D7": "端末 1"},
            f"row 7, column D: the terminal {COUNTER} has another 端末名: 端末 1000",
        ),
        ({"F20": "はい"}, "row 20, column F: 削除要否 is 「はい」"),
        ({"D20": None}, "row 20, column D: 端末ID is empty"),
    ],
)
def test_one_wrong_row_and_nothing_is_withdrawn(
    town: Town, tmp_path: Path, values: dict[str, str | None], says: str
) -> None:
    before = town.dump(*TRAIL)
    result = withdraw(town, tmp_path, G7="要", **values)
    assert result.exit_code == 1
    assert "1 thing is wrong, and nothing is saved" in result.output
    assert says in result.output
    assert town.dump(*TRAIL) == before
    assert town.rows("SELECT result FROM audit_event") == [("REFUSED",)]


def test_a_terminal_that_stays_may_be_called_otherwise(town: Town, tmp_path: Path) -> None:
    assert withdraw(town, tmp_path, D7="花田酒店 レジ").exit_code == 0


def test_a_form_of_another_municipality(town: Town, tmp_path: Path) -> None:
    result = withdraw(town, tmp_path, AWAY, G7="要")
    assert f"row 5, column B: the form is that of {HOME}, not of {AWAY}" in result.output
    assert "5 things are wrong" in result.output
    assert withdrawn(town) == [WITHDRAWN]
