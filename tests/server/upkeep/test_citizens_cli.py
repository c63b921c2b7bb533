"""Importing the authority's list of renewed certificates (CRD-4)."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from tests.server.conftest import engine, find_template, town
from tests.server.support import CARD_A, RENEWED, Town

__all__ = ["engine", "find_template", "town"]

HEAD = "serial_number,renews,last_good_day\n"


def imported(town: Town, path: Path, content: str | bytes, *more: str) -> Result:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    arguments = ["citizens", "import-renewals", "--database", town.url, str(path), *more]
    return CliRunner().invoke(main, arguments)


def listed(town: Town) -> set[tuple[str, str]]:
    return {
        (one, other)
        for one, other in town.rows("SELECT serial_number, renews FROM certificate_renewal")
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "renewals.csv"


def test_a_list_is_added_and_may_come_again(town: Town, path: Path) -> None:
    before = listed(town)
    content = f"\ufeff{HEAD}0AB1,0AB0,2031-01-01\r\n{RENEWED},{CARD_A},2031-01-01\r\n"
    told = imported(town, path, content)
    assert (told.exit_code, told.output) == (0, "1 of 2 renewals new\n")
    assert listed(town) - before == {("AB1", "AB0")}
    assert imported(town, path, content).output == "0 of 2 renewals new\n"
    found = imported(town, path, content, "--json").output
    assert json.loads(found) == {"file": str(path), "renewals": 2, "new": 0}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "the first line must be serial_number,renews,last_good_day"),
        ("A,B,2031-01-01\n", "the first line must be"),
        (f"{HEAD}0AB1,0AB0\n", "line 2: 2 fields, not 3"),
        (f"{HEAD}0AB1,0AB0,2031-01-01\n\n", "line 3: 0 fields, not 3"),
        (f"{HEAD}0AB1;0AB0;2031-01-01\n", "line 2: 1 field, not 3"),
        (f"{HEAD}0x0AB1,0AB0,2031-01-01\n", "line 2: not a serial number in upper-case"),
        (f"{HEAD}0A:B1,0AB0,2031-01-01\n", "line 2: not a serial number in upper-case"),
        (f"{HEAD}1.2E+05,0AB0,2031-01-01\n", "line 2: not a serial number in upper-case"),
        (f"{HEAD}0ab1,0AB0,2031-01-01\n", "line 2: not a serial number in upper-case"),
        (f"{HEAD}０ＡＢ１,0AB0,2031-01-01\n", "line 2: not a serial number"),
        (f"{HEAD}0AB1,{'F' * 41},2031-01-01\n", "line 2: not a serial number"),
        (f"{HEAD}0AB1,0AB1,2031-01-01\n", "line 2: 0AB1 renews itself"),
        (f"{HEAD}0AB1,AB1,2031-01-01\n", "line 2: 0AB1 renews itself"),
        (f"{HEAD}0AB1,0AB0,2031-02-30\n", "line 2: '2031-02-30' is no day like 2026-07-01"),
        (f"{HEAD}0AB1,0AB0,2031-W07-5\n", "line 2: '2031-W07-5' is no day like 2026-07-01"),
        (f"{HEAD}0AB1,0AB0,0001-01-01\n", "line 2: 0001-01-01 is out of range"),
        (f"{HEAD}0AB1,0AB0,2031-01-01\n0AB1,0AB2,2031-01-01\n", "AB1 renews AB0 until"),
        (f"{HEAD}{RENEWED},{CARD_A},2032-01-01\n", "in the list that was imported before"),
        (f'{HEAD}"0AB1,0AB0,2031-01-01\n', "unexpected end of data"),
        (HEAD.encode() + "桜,0AB0,2031-01-01".encode("cp932"), "is not UTF-8: save it"),
    ],
)
def test_a_list_with_a_mistake_adds_nothing(
    town: Town, path: Path, content: str | bytes, what: str
) -> None:
    before = listed(town)
    told = imported(town, path, content)
    assert told.exit_code == 1
    assert what in told.output
    assert "Traceback" not in told.output
    assert listed(town) == before


def test_a_database_that_is_none(path: Path, tmp_path: Path) -> None:
    path.write_text(HEAD)
    arguments = ["--database", f"sqlite:///{tmp_path / 'none.db'}", str(path)]
    told = CliRunner().invoke(main, ["citizens", "import-renewals", *arguments])
    assert told.exit_code == 1
    assert "none.db" in told.output
