"""jichipoint-server master-key: made, checked, exchanged (SEC-4)."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from server.db.engine import open_database
from server.db.migrate import migrate
from server.master_key.data_key import is_sealed_with
from server.secrets import read_master_key
from tests.server.support import MASTER_KEY, Town

NEW_KEY = "ee" * 32


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    """Files with the town's key, another, and one that is too short."""
    contents = {"old": MASTER_KEY.hex(), "new": NEW_KEY, "short": "ee" * 31}
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o600)
    return {name: str(tmp_path / name) for name in contents}


def run(command: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["master-key", command, *arguments])


def check(town: Town, key: str) -> Result:
    return run("check", "--database", town.url, "--master-key-file", key)


def rotate(town: Town, before: str, after: str, *more: str) -> Result:
    keys = ["--master-key-file", before, "--new-master-key-file", after]
    return run("rotate", "--database", town.url, *keys, *more)


def test_a_new_key_is_for_its_owner_and_written_once(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    assert json.loads(run("new", str(path), "--json").output) == {"file": str(path)}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = read_master_key(path)
    again = run("new", str(path))
    assert (again.exit_code, read_master_key(path)) == (1, key)
    assert "name a new file" in again.output
    assert key.hex() not in again.output


@pytest.mark.parametrize("more", [(), ("--new-data-key",)])
def test_keys_are_exchanged_and_an_interrupted_command_is_run_again(
    town: Town, keys: dict[str, str], more: tuple[str, ...]
) -> None:
    assert check(town, keys["old"]).exit_code == 0
    done = rotate(town, keys["old"], keys["new"], *more)
    assert done.exit_code == 0, done.output
    assert f"from now on servers start with {keys['new']}: name it as ledger.master_key_file" in (
        done.output
    )
    assert check(town, keys["new"]).exit_code == 0
    assert "sealed with another master key" in check(town, keys["old"]).output
    again = rotate(town, keys["old"], keys["new"], *more)
    says = "sealed anew" if more else "in use already"
    assert (again.exit_code, says in again.output) == (0, True)
    assert check(town, keys["new"]).exit_code == 0
    told = town.rows("SELECT result FROM audit_event WHERE action LIKE ?", "%rotate")
    assert told == [("OK",), ("OK",)]
    once_more = json.loads(rotate(town, keys["old"], keys["new"], *more, "--json").output)
    assert says in once_more["ledger"]
    checked = run("check", "--database", town.url, "--master-key-file", keys["new"], "--json")
    assert json.loads(checked.output) == {"fits": True}


def test_a_training_ledger_that_is_named_has_to_be_there(
    town: Town, keys: dict[str, str], tmp_path: Path
) -> None:
    """Else it would keep the old key, which is thrown away."""
    training = f"sqlite:///{tmp_path / 'training.db'}"
    result = rotate(town, keys["old"], keys["new"], "--training-database", training)
    assert (result.exit_code, "there is no" in result.output) == (1, True)
    assert check(town, keys["old"]).exit_code == 0, "nothing was exchanged"


def test_a_training_ledger_gets_the_new_key_too(
    town: Town, keys: dict[str, str], tmp_path: Path
) -> None:
    training = f"sqlite:///{tmp_path / 'training.db'}"
    migrate(open_database(training))
    result = rotate(town, keys["old"], keys["new"], "--training-database", training)
    assert result.exit_code == 0, result.output
    assert "training: the new key is in use" in result.output
    again = Town(training)
    with again.database.connection_context():
        assert is_sealed_with(again.database, bytes.fromhex(NEW_KEY), again.chance)


def test_a_training_ledger_that_is_the_ledger_itself_is_refused(
    town: Town, keys: dict[str, str]
) -> None:
    """Else the real one would keep the old key, which is thrown away."""
    result = rotate(town, keys["old"], keys["new"], "--training-database", town.url)
    assert result.exit_code == 1
    assert "is the ledger itself: name another database" in result.output
    assert check(town, keys["old"]).exit_code == 0, "nothing was exchanged"


def test_no_password_of_a_database_is_in_the_trail(town: Town, keys: dict[str, str]) -> None:
    training = "postgresql://u:geheim@127.0.0.1:1/none"
    result = rotate(town, keys["old"], keys["new"], "--training-database", training)
    assert result.exit_code == 1
    assert "geheim" not in result.output + repr(town.dump())


def test_a_check_writes_nothing(town: Town, keys: dict[str, str]) -> None:
    before = town.dump()
    assert check(town, keys["old"]).exit_code == 0
    assert check(town, keys["new"]).exit_code == 1
    assert town.dump() == before


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("new", "old", "sealed with another master key"),
        ("old", "old", "same key"),
        ("old", "short", "is not 64 hexadecimal digits"),
        ("old", "none", "cannot be read from"),
    ],
)
def test_what_cannot_be_exchanged(
    town: Town, keys: dict[str, str], before: str, after: str, says: str
) -> None:
    after_file = keys.get(after, "/nowhere/none")
    result = rotate(town, keys[before], after_file)
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert says in result.output
    assert check(town, keys["old"]).exit_code == 0, "the old key is still good"


def test_no_key_is_told(town: Town, keys: dict[str, str]) -> None:
    outputs = [rotate(town, keys["old"], keys["new"]).output, check(town, keys["new"]).output]
    assert NEW_KEY not in repr(outputs)
    assert NEW_KEY not in repr(town.dump())
