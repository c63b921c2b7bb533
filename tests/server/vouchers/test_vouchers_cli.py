"""jichipoint-server vouchers."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from tests.server.conftest import engine, find_template, town
from tests.server.support import MASTER_KEY, Town

__all__ = ["engine", "find_template", "town"]


def vouchers(town: Town, command: str, *arguments: str | Path) -> Result:
    line = ["vouchers", command, "--database", town.url, *map(str, arguments)]
    return CliRunner().invoke(main, line)


def listed(town: Town) -> list[tuple[str, str]]:
    lines = vouchers(town, "keys", "--json").output.splitlines()
    return [(one["key_id"], one["state"]) for one in map(json.loads, lines)]


@pytest.fixture
def master_key(tmp_path: Path) -> Path:
    path = tmp_path / "master.key"
    path.write_text(MASTER_KEY.hex())
    path.chmod(0o600)
    return path


def test_a_new_key_signs_and_an_old_one_is_withdrawn(town: Town, master_key: Path) -> None:
    before = listed(town)
    told = vouchers(town, "new-key", "--master-key-file", master_key)
    assert told.exit_code == 0, told.output
    new_id = told.output.split()[-1]
    assert listed(town) == [*before, (new_id, "good")]
    told = vouchers(town, "withdraw-key", before[0][0])
    assert told.exit_code == 0, told.output
    assert listed(town) == [(before[0][0], "withdrawn"), *before[1:], (new_id, "good")]
    made = json.loads(vouchers(town, "new-key", "--master-key-file", master_key, "--json").output)
    assert (made["key_id"], made["state"]) == listed(town)[-1]
    ended = json.loads(vouchers(town, "withdraw-key", made["key_id"], "--json").output)
    assert (ended["key_id"], ended["state"]) == listed(town)[-1]


def test_what_is_secret_is_not_shown(town: Town) -> None:
    sealed = town.rows("SELECT sealed_private_key FROM voucher_key")[0][0]
    shown = vouchers(town, "keys").output + vouchers(town, "keys", "--json").output
    assert bytes(sealed).hex() not in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("withdraw-key", "4711"), "4711"),
        (("withdraw-key", "0"), "not in the range"),
        (("new-key", "--master-key-file", "/nowhere/master.key"), "/nowhere/master.key"),
    ],
)
def test_what_cannot_be_done(town: Town, arguments: tuple[str, ...], said: str) -> None:
    before = listed(town)
    told = vouchers(town, *arguments)
    assert told.exit_code != 0
    assert said in told.output
    assert "Traceback" not in told.output
    assert listed(town) == before
