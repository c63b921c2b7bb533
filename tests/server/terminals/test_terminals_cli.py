"""jichipoint-server terminals: issued, released, withdrawn (TRM-5, TRM-9)."""

import json
import re

import pytest
from click.testing import CliRunner, Result
from peewee import Database

from server.callers.sign_in import bind_machine, check_password, find_terminal, new_session
from server.callers.tables import TerminalRow
from server.cli import main
from server.terminals.keeping import LETTERS_READ_OUT, new_password
from tests.server.support import COUNTER, HOME, OPERATOR, WITHDRAWN, TestChance, Town

MACHINE = bytes(range(32))


def run(town: Town, *arguments: str) -> Result:
    command, *rest = arguments
    return CliRunner().invoke(main, ["terminals", command, "--database", town.url, *rest])


def refused(result: Result) -> str:
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit), "no traceback"
    return result.output


def found(database: Database, terminal_id: str) -> TerminalRow:
    with database.connection_context():
        row = find_terminal(database, terminal_id)
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("of_class", "municipality"),
    [("MUNICIPALITY", HOME), ("GRANT", HOME), ("PARTNER", None), ("operator", None)],
)
def test_an_issued_terminal_signs_in_with_what_was_shown(
    town: Town, of_class: str, municipality: str | None
) -> None:
    where = ["--municipality", municipality] if municipality else []
    result = run(town, "add", "--class", of_class, "--name", "窓口 1", *where)
    assert result.exit_code == 0, result.output
    told = re.fullmatch(r"terminal (\d{8})  password ([a-z0-9-]{19})\n", result.output)
    assert told
    terminal_id, password = told.groups()
    row = found(town.database, terminal_id)
    assert check_password(row, password) is row
    assert (row.terminal_class, row.name) == (of_class.upper(), "窓口 1")
    assert row.municipality_code == municipality
    assert password not in repr(town.dump()), "the password is nowhere kept"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--class", "MUNICIPALITY", "--name", "a"), "takes --municipality"),
        (("--class", "OPERATOR", "--name", "a", "--municipality", HOME), "takes no --municipality"),
        (("--class", "GRANT", "--name", "a", "--municipality", "000000"), "no municipality 000000"),
        (("--class", "POINT_USE", "--name", "a"), "is not one of"),
        (("--class", "GRANT", "--name", "a\nb", "--municipality", HOME), "visible"),
        (("--class", "GRANT", "--name", "あ" * 51, "--municipality", HOME), "1 to 50"),
        (("--class", "GRANT", "--name", "a", "--municipality", "13"), "of 6 digits"),
    ],
)
def test_what_cannot_be_issued(town: Town, arguments: tuple[str, ...], says: str) -> None:
    before = town.rows("SELECT count(*) FROM terminal")
    assert says in refused(run(town, "add", *arguments))
    assert town.rows("SELECT count(*) FROM terminal") == before


def test_a_new_password_ends_the_old_one_and_its_sessions(town: Town) -> None:
    with town.database.connection_context():
        new_session(town.database, OPERATOR, 1, town.chance)
    told = json.loads(run(town, "new-password", OPERATOR, "--json").stdout)
    assert told["terminal_id"] == OPERATOR
    password = told["password"]
    check_password(found(town.database, OPERATOR), password)
    assert town.rows("SELECT count(*) FROM session WHERE ended_at IS NULL") == [(0,)]


def test_a_released_terminal_takes_another_machine(town: Town) -> None:
    database = town.database
    with database.connection_context():
        row = find_terminal(database, COUNTER)
        assert row is not None
        bind_machine(database, row, MACHINE)
        new_session(database, COUNTER, 1, town.chance)
    assert f"machine {MACHINE[:8].hex()}" in run(town, "list").output
    assert run(town, "release", COUNTER).exit_code == 0
    assert town.rows("SELECT count(*) FROM session WHERE ended_at IS NULL") == [(0,)]
    with database.connection_context():
        bind_machine(database, row, b"x" * 32)
    assert found(database, COUNTER).machine_fingerprint == b"x" * 32


def test_a_terminal_is_withdrawn_once(town: Town) -> None:
    assert run(town, "withdraw", COUNTER).exit_code == 0
    assert found(town.database, COUNTER).withdrawn_at is not None
    assert "withdrawn already" in refused(run(town, "withdraw", COUNTER))


def test_a_program_is_told_what_became_of_a_terminal(town: Town) -> None:
    listed = run(town, "list", "--json").output.splitlines()
    before = next(one for one in map(json.loads, listed) if one["terminal_id"] == COUNTER)
    for command in ("release", "withdraw"):
        said = json.loads(run(town, command, COUNTER, "--json").output)
        assert said.keys() <= before.keys(), "named as in the list"
        assert said["terminal_id"] == COUNTER
    assert json.loads(run(town, "list", "--json").output.splitlines()[0]).keys() == before.keys()


@pytest.mark.parametrize("command", ["release", "withdraw", "new-password"])
@pytest.mark.parametrize(
    ("terminal_id", "says"), [("99999999", "no terminal 99999999"), ("1234567", "of 8 digits")]
)
def test_an_unknown_terminal(town: Town, command: str, terminal_id: str, says: str) -> None:
    assert says in refused(run(town, command, terminal_id))


def test_the_list_shows_no_secret(town: Town) -> None:
    result = run(town, "list", "--json")
    told = {one["terminal_id"]: one for one in map(json.loads, result.output.splitlines())}
    assert told[WITHDRAWN]["is_withdrawn"]
    assert not told[COUNTER]["is_withdrawn"]
    assert "argon2" not in result.output
    assert WITHDRAWN in run(town, "list").output


def test_every_command_leaves_its_name_in_the_trail(town: Town) -> None:
    run(town, "withdraw", COUNTER)
    run(town, "withdraw", COUNTER)
    query = "SELECT action, result, subject FROM audit_event ORDER BY event_id"
    told = [(str(action).split()[-1], *rest) for action, *rest in town.rows(query)]
    subject = f"terminal_id={COUNTER}"
    assert told == [("withdraw", "OK", subject), ("withdraw", "REFUSED", subject)]


def test_passwords_use_every_letter_alike() -> None:
    drawn = "".join(new_password(TestChance(seed)) for seed in range(500)).replace("-", "")
    counts = [drawn.count(letter) for letter in LETTERS_READ_OUT]
    assert sum(counts) == len(drawn) == 8000
    assert min(counts) > 180, "258 are expected of each"
