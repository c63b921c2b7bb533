"""Terminals issued from form I, as the operator does it (TRM-1, TRM-2, TRM-8)."""

import json
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from server.callers.sign_in import check_password, find_terminal
from server.callers.values import TerminalClass
from server.cli import main
from server.commands import running as commands
from server.ledger.engines import writing
from server.municipalities.tables import IssuerRow
from server.terminal_forms import cli
from server.terminal_forms.form_one import read_form_one, write_form_one
from server.terminal_forms.form_two import UNCHANGED, read_form_two
from server.terminal_forms.values import FormOne, ListedTerminal
from server.terminals.keeping import withdraw_terminal
from tests.server.support import AWAY, COUNTER, HOME, LIBRARY, STREET_1, Town, insert
from tests.server.terminal_forms.support import FORM, TERMINALS, edited, sheets, written

pytestmark = pytest.mark.usefixtures("cheap_hash")
TRAIL = ("audit_event", "counter")


@pytest.fixture
def cheap_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing as it is takes 50 ms a terminal."""
    monkeypatch.setattr(cli, "hash_password", lambda text: f"hash of {len(text)} letters")


def run(town: Town, *arguments: object) -> Result:
    group, command, *rest = map(str, arguments)
    line = ["terminals", group, command, "--database", town.url, *rest]
    return CliRunner().invoke(main, line)


def issue(town: Town, folder: Path, form: FormOne = FORM, name: str = "two.xlsx") -> Result:
    path = written(folder, write_form_one(form))
    out = folder / name
    return run(town, "form-one", "issue", path, "--out", out, "--municipality", HOME)


def refused(town: Town, result: Result, before: dict[str, list[tuple[object, ...]]]) -> str:
    """What a refusal says, which leaves nothing but its name in the trail."""
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), "no traceback"
    assert town.dump(*TRAIL) == before
    ((told,),) = town.rows("SELECT result FROM audit_event")
    assert told == "REFUSED"
    return result.output


def terminals(town: Town) -> list[tuple[object, ...]]:
    """What the ledger has of the terminals issued since the town was built."""
    return town.rows(
        """SELECT t.terminal_id, t.terminal_class, t.issuer_id, p.name, t.name
        FROM terminal t JOIN place p USING (place_id) WHERE t.terminal_id > '20000001'
        AND t.municipality_code = ? ORDER BY t.terminal_id""",
        HOME,
    )


def passwords(path: Path) -> dict[str, str]:
    """The passwords in a form II, by terminal ID."""
    _, listing = sheets(load_workbook(path))
    found: dict[str, str] = {}
    for row in listing.iter_rows(values_only=True):
        for one, other in pairwise(row):
            if isinstance(one, str) and len(one) == 8 and one.isdecimal():
                found[one] = str(other)
    return found


def test_terminals_are_issued_in_the_forms_order(town: Town, tmp_path: Path) -> None:
    result = issue(town, tmp_path)
    assert result.exit_code == 0, result.output
    assert result.output == (
        f"{tmp_path}/two.xlsx: 8 issued (20000002 to 20000009), "
        "0 known that keep ID and password, 7 not in the form that stay\n"
    )
    issuers = {"さくら野図書館": LIBRARY, "一番街": STREET_1, "": None}
    assert terminals(town) == [
        (f"{20000002 + number}", str(one.terminal_class), issuers[one.issuer], one.place, one.name)
        for number, one in enumerate(TERMINALS)
    ]
    read = read_form_two(tmp_path / "two.xlsx")
    assert [one.terminal_id for one in read.terminals] == [row[0] for row in terminals(town)]
    assert len(set(passwords(tmp_path / "two.xlsx").values())) == 8
    assert stat.S_IMODE((tmp_path / "two.xlsx").stat().st_mode) == 0o600


def test_places_are_made_once(town: Town, tmp_path: Path) -> None:
    before = town.rows("SELECT place_id, name FROM place ORDER BY place_id")
    issue(town, tmp_path)
    after = town.rows(
        "SELECT place_id, name FROM place WHERE place_id > 4 AND municipality_code = ? ORDER BY 1",
        HOME,
    )
    assert [name for _, name in after] == [
        "中央図書館",
        "北図書館",
        "日本民家園",
        "商工会",
        "区役所",
    ]
    assert town.rows("SELECT place_id, name FROM place ORDER BY place_id") == [*before, *after]


@pytest.mark.parametrize(
    "again",
    [
        lambda name: unicodedata.normalize("NFD", name),
        lambda name: name.replace(" ", "\u00a0"),
        lambda name: name.replace("ブック", "ﾌﾞｯｸ").replace(" ", "\u3000"),
    ],
    ids=["decomposed", "no-break space", "half-width"],
)
def test_a_terminal_whose_names_are_written_otherwise_is_known(
    town: Town, tmp_path: Path, again: Callable[[str], str]
) -> None:
    there = ListedTerminal(TerminalClass.POINT_USE, "", "ブック カフェ", "レジが 1台目")
    form = FormOne(FORM.municipality_name, HOME, (there,))
    assert "1 issued" in issue(town, tmp_path, form).output
    rewritten = replace(there, place=again(there.place), name=again(there.name))
    more = replace(there, place=again(there.place), name="レジ 2台目")
    result = issue(town, tmp_path, replace(form, terminals=(rewritten, more)), "again.xlsx")
    assert "1 issued (20000003 to 20000003), 1 known" in result.output
    assert [row[3:] for row in terminals(town)] == [
        ("ブック カフェ", "レジが 1台目"),
        ("ブック カフェ", "レジ 2台目"),
    ]


def test_of_two_places_alike_from_before_the_one_written_the_same_counts(
    town: Town, tmp_path: Path
) -> None:
    town.tamper(
        f"INSERT INTO place (place_id, municipality_code, name) VALUES (98, '{HOME}', '別館 花'), "  # noqa: S608
        f"(99, '{HOME}', '別館\u3000花')"
    )
    listed = [
        ListedTerminal(TerminalClass.POINT_USE, "", place, f"{number}台目")
        for number, place in enumerate(("別館 花", "別館\u00a0花"))
    ]
    issue(town, tmp_path, FormOne(FORM.municipality_name, HOME, (listed[1],)), "other.xlsx")
    issue(town, tmp_path, FormOne(FORM.municipality_name, HOME, (listed[0],)))
    found = town.rows("SELECT place_id FROM terminal WHERE name LIKE '_台目' ORDER BY terminal_id")
    assert found == [(98,), (98,)]


def test_passwords_are_in_form_two_and_nowhere_else(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    form = FormOne(FORM.municipality_name, HOME, TERMINALS[4:5])
    result = issue(town, tmp_path, form)
    told = passwords(tmp_path / "two.xlsx")
    ((terminal_id, password),) = told.items()
    with town.database.connection_context():
        row = find_terminal(town.database, terminal_id)
    assert check_password(row, password) is row
    assert password not in repr(town.dump())
    assert password not in result.output


def test_a_later_form_keeps_what_is_there(town: Town, tmp_path: Path) -> None:
    issue(town, tmp_path)
    before = town.rows("SELECT * FROM terminal ORDER BY terminal_id")
    new = ListedTerminal(TerminalClass.SERVICE_ID, "一番街", "新しい店", "新しい店")
    later = FormOne("試験県さくら野区", HOME, (*TERMINALS[:3], new, *TERMINALS[3:6]))
    checked = run(town, "form-one", "check", written(tmp_path, write_form_one(later), "3.xlsx"))
    assert checked.output == (
        f"{tmp_path}/3.xlsx: in order; 1 new, "
        "6 known that keep ID and password, 9 not in the form that stay\n"
    )
    result = issue(town, tmp_path, later, "later.xlsx")
    assert "1 issued (20000010 to 20000010), 6 known" in result.output
    told = passwords(tmp_path / "later.xlsx")
    assert list(told) == [
        *("20000002", "20000003", "20000004", "20000010"),
        *("20000005", "20000006", "20000007"),
    ]
    assert {one for one, password in told.items() if password == UNCHANGED} == set(told) - {
        "20000010"
    }
    after = town.rows("SELECT * FROM terminal ORDER BY terminal_id")
    assert after[:-1] == before
    again = issue(town, tmp_path, later, "again.xlsx")
    assert "0 issued, 7 known" in again.output
    assert set(passwords(tmp_path / "again.xlsx").values()) == {UNCHANGED}


def test_a_withdrawn_terminal_that_is_listed_again_is_new(town: Town, tmp_path: Path) -> None:
    issue(town, tmp_path)
    with town.database.connection_context(), writing(town.database):
        withdraw_terminal(town.database, "20000002", 1)
    issue(town, tmp_path, name="later.xlsx")
    assert list(passwords(tmp_path / "later.xlsx"))[:2] == ["20000010", "20000003"]


def listed(of_class: TerminalClass, place: str, name: str, issuer: str = "") -> ListedTerminal:
    return ListedTerminal(of_class, issuer, place, name)


@pytest.mark.parametrize(
    ("terminal", "says"),
    [
        (
            listed(TerminalClass.SERVICE_ID, "店", "店", "十番街"),
            "row 7, column B: there is no issuer 十番街: add it with issuers add",
        ),
        (
            listed(TerminalClass.POINT_USE, "美術館", f"端末 {COUNTER}"),
            f"column C: the terminal {COUNTER} (SERVICE_ID, issuer {STREET_1}, place 花田酒店, "
            f"not withdrawn) is called 端末 {COUNTER} already",
        ),
        (
            listed(TerminalClass.SERVICE_ID, "花田酒店", f"端末 {COUNTER}", "二番街"),
            f"row 7, column D: the terminal {COUNTER} (SERVICE_ID, issuer {STREET_1}, ",
        ),
        (
            listed(TerminalClass.SERVICE_ID, "美術館", f"端末 {COUNTER}", "一番街"),
            f"row 7, column D: the terminal {COUNTER} (SERVICE_ID, issuer {STREET_1}, ",
        ),
        (
            listed(TerminalClass.GRANT, "区役所", "端末 10000009"),
            "the terminal 10000009 (MUNICIPALITY, not withdrawn) is called 端末 10000009 already",
        ),
    ],
)
def test_what_does_not_fit_the_ledger(
    town: Town, tmp_path: Path, terminal: ListedTerminal, says: str
) -> None:
    before = town.dump(*TRAIL)
    told = refused(town, issue(town, tmp_path, FormOne("さくら野区", HOME, (terminal,))), before)
    assert "1 thing is wrong, and nothing is saved\nsheet 2.内訳, row " in told
    assert says in told
    assert not (tmp_path / "two.xlsx").exists()


def test_the_same_terminal_as_one_that_is_there_already(town: Town, tmp_path: Path) -> None:
    same = listed(TerminalClass.SERVICE_ID, "花田酒店", f"端末 {COUNTER}", "一番街")
    result = issue(town, tmp_path, FormOne("さくら野区", HOME, (same,)))
    assert "0 issued, 1 known" in result.output
    assert passwords(tmp_path / "two.xlsx") == {COUNTER: UNCHANGED}


def test_issuers_of_one_name(town: Town, tmp_path: Path) -> None:
    with town.database.connection_context():
        insert(
            town.database,
            IssuerRow,
            issuer_id="000099",
            name="一番街",
            is_street=True,
            notification="SCREEN",
        )
    told = refused(town, issue(town, tmp_path), town.dump(*TRAIL))
    assert "row 11, column B: issuers 000002, 000099 are all called 一番街" in told


@pytest.mark.parametrize(
    ("form", "code", "says"),
    [
        (
            FormOne("さくら野区", AWAY, TERMINALS),
            HOME,
            f"row 5, column B: the form is that of {AWAY}",
        ),
        (
            FormOne("みどり川市", HOME, TERMINALS),
            HOME,
            "row 4, column B: the municipality 131164 is",
        ),
        (FormOne("都", "011002", TERMINALS), "011002", "column B: there is no municipality 011002"),
    ],
)
def test_a_form_of_another_municipality(
    town: Town, tmp_path: Path, form: FormOne, code: str, says: str
) -> None:
    path = written(tmp_path, write_form_one(form))
    before = town.dump(*TRAIL)
    out = tmp_path / "two.xlsx"
    result = run(town, "form-one", "issue", path, "--out", out, "--municipality", code)
    assert says in refused(town, result, before)


def wrong_sum(summary: Worksheet, _: Worksheet) -> None:
    summary["B9"] = 9


def test_faults_of_form_and_ledger(town: Town, tmp_path: Path) -> None:
    """What is wrong with the form by itself, and what does not fit the ledger, all at once."""
    path = written(tmp_path, b"x")
    before = town.dump(*TRAIL)
    out = tmp_path / "two.xlsx"
    result = run(town, "form-one", "issue", path, "--out", out, "--municipality", HOME)
    assert f"{path}: is no .xlsx file" in refused(town, result, before)
    several = (
        listed(TerminalClass.SERVICE_ID, "店", "店", "十番街"),
        listed(TerminalClass.SERVICE_ID, "店", "店2", "十番街"),
        listed(TerminalClass.POINT_USE, "店", f"端末 {COUNTER}"),
    )
    content = edited(write_form_one(FormOne("谷", HOME, several)), wrong_sum)
    path = written(tmp_path, content, "several.xlsx")
    told = run(town, "form-one", "check", path).output
    assert "5 things are wrong, and nothing is saved" in told
    assert [line.partition(":")[0] for line in told.splitlines()[1:]] == [
        "sheet 1.端末台数とID付与事業者名, row 4, column B",
        "sheet 1.端末台数とID付与事業者名, row 9, column B",
        "sheet 2.内訳, row 7, column B",
        "sheet 2.内訳, row 8, column B",
        "sheet 2.内訳, row 14, column C",
    ]


def test_a_file_that_is_there_is_not_written_over(town: Town, tmp_path: Path) -> None:
    before = town.dump(*TRAIL)
    (tmp_path / "two.xlsx").write_text("other")
    assert "is there already" in refused(town, issue(town, tmp_path), before)
    assert (tmp_path / "two.xlsx").read_text() == "other"


def test_a_folder_that_is_not_there(town: Town, tmp_path: Path) -> None:
    before = town.dump(*TRAIL)
    assert "no such folder" in refused(town, issue(town, tmp_path, name="a/b.xlsx"), before)


def test_nothing_is_issued_where_form_two_cannot_be_written(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = town.dump(*TRAIL)
    monkeypatch.setattr(commands, "new_file", full)
    assert "two.xlsx: cannot be written: No space" in refused(town, issue(town, tmp_path), before)


def test_form_two_goes_again_where_nothing_is_issued(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = town.dump(*TRAIL)
    written_before: list[bool] = []

    def fail(*_: object) -> None:
        written_before.append((tmp_path / "two.xlsx").exists())
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "hash_password", str)
    monkeypatch.setattr(commands, "store_events", fail)
    assert issue(town, tmp_path).exit_code == 1
    assert written_before == [True]
    assert not (tmp_path / "two.xlsx").exists()
    assert town.dump(*TRAIL) == before


def test_the_ledger_is_free_while_passwords_are_hashed(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another command issues terminals in the meantime: what was planned is no longer good."""
    rivals: list[Result] = []

    def hash_slowly(_: str) -> str:
        if not rivals:
            monkeypatch.setattr(cli, "hash_password", str)
            rivals.append(issue(town, tmp_path, name="rival.xlsx"))
        return "hash"

    monkeypatch.setattr(cli, "hash_password", hash_slowly)
    result = issue(town, tmp_path)
    assert rivals[0].exit_code == 0, rivals[0].output
    assert result.exit_code == 1
    assert "terminals were changed in the meantime: issue them again" in result.output
    assert not (tmp_path / "two.xlsx").exists()
    assert len(terminals(town)) == 8


def test_the_trail_names_the_terminals(town: Town, tmp_path: Path) -> None:
    issue(town, tmp_path)
    found = town.rows("SELECT action, result, subject FROM audit_event ORDER BY event_id")
    assert [(str(action).split()[-1], result) for action, result, _ in found] == [
        ("issue", "OK")
    ] * 2
    assert found[0][2] == "terminals=20000002-20000009"
    assert f"municipality_code={HOME}" in str(found[1][2])


def test_check_changes_nothing(town: Town, tmp_path: Path) -> None:
    before = town.dump()
    path = written(tmp_path, write_form_one(FORM))
    assert "8 new, 0 known" in run(town, "form-one", "check", path).output
    wrong = written(tmp_path, write_form_one(FormOne("谷", HOME, TERMINALS)))
    assert run(town, "form-one", "check", wrong).exit_code == 1
    assert town.dump() == before


def test_a_program_is_told_what_issue_would_do_and_did(town: Town, tmp_path: Path) -> None:
    path = written(tmp_path, write_form_one(FORM))
    whose = {"municipality_code": HOME}
    stays = {"known": 0, "not_listed": 7}
    would = json.loads(run(town, "form-one", "check", path, "--json").output)
    assert would == {"file": str(path), **whose, "new": 8, **stays, "faults": []}
    out = tmp_path / "two.xlsx"
    line = ("form-one", "issue", path, "--out", out, "--municipality", HOME, "--json")
    told = json.loads(run(town, *line).output)
    ids = [f"2000000{digit}" for digit in range(2, 10)]
    assert told == {"file": str(out), **whose, "issued": ids, **stays}


def test_a_program_is_told_each_thing_that_is_wrong(town: Town, tmp_path: Path) -> None:
    path = written(tmp_path, write_form_one(FormOne("谷", HOME, TERMINALS)))
    result = run(town, "form-one", "check", path, "--json")
    told = json.loads(result.output)
    assert (result.exit_code, told["file"]) == (1, str(path))
    (fault,) = told["faults"]
    assert fault.keys() == {"sheet", "row", "column", "says"}
    assert fault["says"] in run(town, "form-one", "check", path).output


def test_a_blank_form_is_written_new(tmp_path: Path) -> None:
    line = ["terminals", "form-one", "blank", str(tmp_path / "blank.xlsx")]
    assert CliRunner().invoke(main, line).exit_code == 0
    assert len(read_form_one(tmp_path / "blank.xlsx").faults) == 3
    other = str(tmp_path / "other.xlsx")
    told = CliRunner().invoke(main, [*line[:-1], other, "--json"])
    assert json.loads(told.output) == {"file": other}
    again = CliRunner().invoke(main, line)
    assert again.exit_code == 1
    assert "is there already" in again.output


def test_other_commands_do_not_load_what_reads_excel() -> None:
    line = [sys.executable, "-X", "importtime", "-m", "server.cli", "terminals", "list", "--help"]
    told = subprocess.run(line, capture_output=True, text=True, check=True).stderr
    assert "server.terminal_forms.cli" in told
    assert "openpyxl" not in told
