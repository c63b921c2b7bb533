"""A few seeds in CI, a thousand by `make simulate SEEDS=1000`; and it finds planted faults."""

import os
import sqlite3
from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from server.ledger.rules import give_back
from server.ledger.store import Begun, Loaded
from server.ledger.values import AccountKey, BookedEntry, Entry, Key, RequestKey, UsageKey
from server.loaders import LOADERS
from server.points import operations as points_operations
from tests.engines import SqliteEngine
from tests.server.support import build_town
from tests.simulation.world import DyingStore, StoreMaker, World, ordinary_store

SEEDS = int(os.environ.get("SEEDS", "60"))
SEEDS_TO_FIND = 40


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    url = SqliteEngine().new(tmp_path_factory.mktemp("template"))
    build_town(url)
    return Path(url.removeprefix("sqlite:///"))


def simulate(
    seed: int, template: Path, folder: Path, make_store: StoreMaker = ordinary_store
) -> None:
    """Run one seed; a failure names it."""
    inside = folder / str(seed)
    inside.mkdir()
    try:
        World(seed, template, inside, make_store).run()
    except Exception as error:
        raise AssertionError(f"seed {seed}: {error!r}") from error


def finds(template: Path, folder: Path, make_store: StoreMaker = ordinary_store) -> bool:
    """Whether one of the seeds fails."""
    for seed in range(SEEDS_TO_FIND):
        try:
            simulate(seed, template, folder, make_store)
        except AssertionError:
            return True
    return False


def test_seeds(template: Path, tmp_path: Path) -> None:
    for seed in range(SEEDS):
        simulate(seed, template, tmp_path)


def test_a_seed_replays(template: Path, tmp_path: Path) -> None:
    ledgers = []
    for run in ("first", "second"):
        folder = tmp_path / run
        folder.mkdir()
        world = World(7, template, folder)
        world.run()
        ledgers.append(world.town.dump("schema_migration"))
    assert ledgers[0] == ledgers[1]
    assert ledgers[0]["ledger_transaction"], "something was booked"


class ForgetfulStore(DyingStore):
    """Planted: the request ID is not looked up."""

    def load(
        self,
        accounts: Collection[AccountKey],
        requests: Collection[RequestKey],
        usages: Collection[UsageKey],
    ) -> Loaded:
        loaded = super().load(accounts, requests, usages)
        return loaded._replace(operations={}) if self.dies is None else loaded


class HastyStore(DyingStore):
    """Planted: the answer comes before the commit."""

    waits = False

    def begin(self, keys: Collection[Key[Any]]) -> Begun:
        if self.waits:
            self.waits = False
            super().commit()
        return super().begin(keys)

    def commit(self) -> None:
        self.waits = True
        self.committed = True


def test_it_finds_a_skipped_request_id_check(template: Path, tmp_path: Path) -> None:
    def forgetful(connection: sqlite3.Connection) -> DyingStore:
        return ForgetfulStore(connection, LOADERS)

    assert finds(template, tmp_path, forgetful)


def test_it_finds_an_answer_before_the_commit(template: Path, tmp_path: Path) -> None:
    def hasty(connection: sqlite3.Connection) -> DyingStore:
        return HastyStore(connection, LOADERS)

    assert finds(template, tmp_path, hasty)


def test_it_finds_a_return_to_a_wrong_lot(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def to_one_lot(entries: Iterable[BookedEntry], today: date) -> tuple[list[Entry], int]:
        booked = list(entries)
        last = [entry.lot for entry in booked if entry.lot is not None][-1]
        moved = [entry._replace(lot=last) if entry.lot else entry for entry in booked]
        return give_back(moved, today)

    monkeypatch.setattr(points_operations, "give_back", to_one_lot)
    assert finds(template, tmp_path)
