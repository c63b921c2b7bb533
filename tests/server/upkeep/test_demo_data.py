"""The demo town: made once, finished after a crash, usable."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from merge_driver.keys import load_key_file
from server.chance import SystemChance
from server.clock import SystemClock
from server.db.engine import open_database
from server.db.errors import UnusableDatabaseError
from server.db.migrate import migrate
from server.master_key.uses import street_key_use, street_secret_use
from server.municipalities.rules import is_municipality_code
from server.points.granting import GrantCommand
from server.secrets import read_master_key
from server.serving.opening import open_ledger
from server.upkeep import demo_data
from server.upkeep.demo_data import MUNICIPALITY_CODE, Town, make_town
from server.upkeep.verify import verify


def make(folder: Path) -> Town:
    return make_town(folder, SystemClock(), SystemChance())


def rows(town: Town, query: str) -> list[tuple[Any, ...]]:
    database = open_database(town.database)
    with database.connection_context():
        return list(database.execute_sql(query).fetchall())


def check(town: Town) -> None:
    found = verify(open_database(town.database))
    assert found.fault is None
    grants = sum(
        len(card.municipal) + len(card.event) for card in town.cards if card.label[:2] != "期限"
    )
    assert (found.transactions, found.lots) == (grants, grants)
    expected = sorted(
        points
        for card in town.cards
        if card.label[:2] != "期限"
        for points in (*card.municipal, *card.event)
    )
    assert [row[0] for row in rows(town, "SELECT remaining FROM lot ORDER BY 1")] == expected


def test_a_town_is_made_once(tmp_path: Path) -> None:
    town = make(tmp_path / "demo")
    check(town)
    assert make(tmp_path / "demo") == town
    check(town)
    assert Town.load(tmp_path / "demo" / "town.json") == town


def test_its_municipality_s_code_is_valid() -> None:
    assert is_municipality_code(MUNICIPALITY_CODE)


def test_secrets_are_its_owner_s_only(tmp_path: Path) -> None:
    town = make(tmp_path / "demo")
    private = [Path(town.master_key_file), tmp_path / "demo" / "town.json"]
    private += list(Path(town.keys).iterdir())
    assert len(private) == 3
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}


STEPS: list[Callable[..., Any]] = [
    demo_data._write_private,
    demo_data._new_town,
    migrate,
    demo_data._fill_municipality,
    demo_data._fill_citizens,
    demo_data._fill_street,
    demo_data._grant,
]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_one_that_was_begun_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Callable[..., Any], after: bool
) -> None:
    """A crash before or after each step; power loss within one is the database's matter."""

    def crash(*arguments: Any, **named: Any) -> None:
        if after:
            step(*arguments, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(demo_data, step.__name__, crash)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "demo")
    monkeypatch.undo()
    check(make(tmp_path / "demo"))


def test_a_crash_between_grants_grants_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0
    command = GrantCommand

    def third_crashes(*arguments: Any) -> Any:
        nonlocal made
        made += 1
        if made == 3:
            raise KeyboardInterrupt
        return command(*arguments)

    monkeypatch.setattr(demo_data, "GrantCommand", third_crashes)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "demo")
    monkeypatch.undo()
    check(make(tmp_path / "demo"))


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"cards": 1}', "not json"])
def test_a_town_file_that_is_none_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "town.json").write_text(content)
    with pytest.raises(UnusableDatabaseError, match=r"town\.json cannot be read"):
        make(tmp_path)


def test_the_street_s_key_file_is_the_ledger_s_key(tmp_path: Path) -> None:
    town = make(tmp_path / "demo")
    (path,) = Path(town.keys).iterdir()
    key = load_key_file(path).key
    key_of_town = read_master_key(Path(town.master_key_file))
    vault = open_ledger(town.database, key_of_town, SystemClock(), SystemChance()).vault
    ((sealed_key, sealed_secret),) = rows(town, "SELECT sealed_key, sealed_secret FROM street_key")
    assert vault.open(sealed_key, street_key_use(key.issuer_id, key.key_id)) == key.key
    assert (
        vault.open(sealed_secret, street_secret_use(key.issuer_id, key.key_id))
        == key.secret.encode()
    )
