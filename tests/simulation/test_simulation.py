"""In CI sixty seeds (two hundred in `make deep`) on SQLite and an eighth of them on PostgreSQL.

One takes six times as long there as on SQLite.

`make simulate SEEDS=1000` plays so many on each. And it finds planted faults; one
of a rule that takes many seeds is looked for on SQLite alone.
"""

import os
from collections.abc import Iterable
from datetime import date

import pytest

from server.ledger.rules import give_back
from server.ledger.values import BookedEntry, Entry
from server.points import operations, reserving
from tests.engines import TestEngine
from tests.simulation.simulator import Simulator
from tests.simulation.stores import Fault
from tests.sizes import size

SEEDS = int(os.environ.get("SEEDS", size(60, 200)))
FIRST_SEED = int(os.environ.get("FIRST_SEED", "0"))
BLOCK = 20


@pytest.mark.parametrize("first", range(FIRST_SEED, FIRST_SEED + SEEDS, BLOCK))
def test_seeds(simulator: Simulator, engine: TestEngine, first: int) -> None:
    every = 1 if engine.name == "sqlite" or "SEEDS" in os.environ else 8
    for seed in range(first, min(first + BLOCK, FIRST_SEED + SEEDS), every):
        simulator.run(seed)


def test_a_seed_replays(simulator: Simulator) -> None:
    first, second = (simulator.run(7) for _ in range(2))
    assert first == second
    assert first["ledger_transaction"], "something was booked"


def test_it_finds_a_skipped_request_id_check(simulator: Simulator) -> None:
    assert simulator.finds(Fault.REQUEST_ID_NOT_LOOKED_UP)


def test_it_finds_an_answer_before_the_commit(simulator: Simulator) -> None:
    assert simulator.finds(Fault.ANSWERED_BEFORE_COMMIT)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_it_finds_a_return_to_a_wrong_lot(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def to_one_lot(entries: Iterable[BookedEntry], today: date) -> tuple[list[Entry], int]:
        booked = list(entries)
        last = [entry.lot for entry in booked if entry.lot is not None][-1:]
        moved = [entry._replace(lot=last[0]) if entry.lot else entry for entry in booked]
        return give_back(moved, today)

    monkeypatch.setattr(operations, "give_back", to_one_lot)
    monkeypatch.setattr(reserving, "give_back", to_one_lot)
    assert simulator.finds()
