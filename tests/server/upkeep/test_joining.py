"""citizens join: the operator looks first, then gives all of a double to the other (MKY-1)."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from server.upkeep import citizens_cli
from server.upkeep.exporting import export_ledger
from server.upkeep.importing import import_ledger
from server.upkeep.verify import verify
from tests.server.conftest import engine, find_template, town
from tests.server.support import (
    CARD_A,
    CARD_B,
    EVENT,
    KEYLESS_STREET,
    MUNICIPAL,
    MYKEY,
    STREET_1,
    STREET_2,
    STREET_POINT_IDS,
    Town,
    grant_command,
    granted,
)

__all__ = ["engine", "find_template", "town"]

A, B = MYKEY[CARD_A], MYKEY[CARD_B]
REASON = ("--reason", "窓口で確認")


@pytest.fixture(autouse=True)
def _of_the_town(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's clock is the town's."""
    monkeypatch.setattr(citizens_cli, "SystemClock", lambda: town.clock)


def told(town: Town, *arguments: str) -> Result:
    found = CliRunner().invoke(main, ["citizens", "join", "--database", town.url, *arguments])
    assert "Traceback" not in found.output
    return found


@pytest.fixture
def holding(town: Town) -> Town:
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 1000), grant_command(CARD_A, 40, EVENT))
        granted(booker, grant_command(CARD_B, 5))
    return town


LINES = f"""{MUNICIPAL}  1,000 points  さくら野ポイント
{EVENT}  40 points  さくら野まつり
1 card
{STREET_1}  number {STREET_POINT_IDS[STREET_1]}  ends: 12-34 is the number there
{STREET_2}  number {STREET_POINT_IDS[STREET_2]}
{KEYLESS_STREET}  number 323456789
"""


def test_looking_first_changes_nothing(holding: Town) -> None:
    before = holding.dump("audit_event", "counter")
    found = told(holding, B, A, "--dry-run")
    assert (found.exit_code, found.output) == (0, f"{A} would be joined into {B}\n{LINES}")
    assert holding.dump("audit_event", "counter") == before
    as_json = json.loads(told(holding, B, A, "--dry-run", "--json").output)
    assert as_json["dry_run"] is True
    assert as_json["transaction_number"] is None


def test_all_of_it_goes_over(holding: Town) -> None:
    found = told(holding, B, A, *REASON)
    assert found.exit_code == 0, found.output
    ((number, reason),) = holding.rows(
        "SELECT transaction_number, reason FROM ledger_transaction WHERE kind = 'JOIN'"
    )
    assert found.output == f"{A} joined into {B}, transaction {number}\n{LINES}"
    assert reason == "窓口で確認"
    assert (holding.balance(CARD_A), holding.balance(CARD_A, EVENT)) == (1005, 40)
    ((action, result, subject),) = holding.rows("SELECT action, result, subject FROM audit_event")
    assert (action, result) == ("main citizens join", "OK")
    assert A in subject
    assert B in subject


def test_as_json(holding: Town) -> None:
    found = json.loads(told(holding, B, A, *REASON, "--json").output)
    assert found.pop("transaction_number")
    assert found == {
        "mykey_id": B,
        "double": A,
        "dry_run": False,
        "points": [
            {"program_id": MUNICIPAL, "program_name": "さくら野ポイント", "points": 1000},
            {"program_id": EVENT, "program_name": "さくら野まつり", "points": 40},
        ],
        "cards": 1,
        "service_ids": [
            {
                "issuer_id": STREET_1,
                "customer_id": STREET_POINT_IDS[STREET_1],
                "instead": "12-34",
            },
            {"issuer_id": STREET_2, "customer_id": STREET_POINT_IDS[STREET_2], "instead": None},
            {"issuer_id": KEYLESS_STREET, "customer_id": "323456789", "instead": None},
        ],
    }


def test_twice_says_that_it_was_done(holding: Town) -> None:
    told(holding, B, A, *REASON)
    before = holding.dump("counter", "audit_event")
    again = told(holding, B, A, *REASON)
    assert (again.exit_code, again.output) == (1, f"Error: {A} was joined into {B} already\n")
    assert holding.dump("counter", "audit_event") == before


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((B, A), "say why with --reason, or look first with --dry-run"),
        ((B, A, "--dry-run", *REASON), "say why with --reason, or look first with --dry-run"),
        ((B, A, "--reason", " "), "a reason"),
        ((B, "aaaa1111", *REASON), "'aaaa1111' is no MyKey ID: 8 digits and capital letters"),
        ((B, "ＡＡＡＡ１１１１", *REASON), "is no MyKey ID: 8 digits and capital letters"),
        ((B, "", *REASON), "'' is no MyKey ID"),
        ((B, B, *REASON), f"{B} is one MyKey ID: name the one that stays, and its double"),
        ((B, "NOBODY22", *REASON), "there is no MyKey ID NOBODY22"),
        (("NOBODY22", A, "--dry-run"), "there is no MyKey ID NOBODY22"),
        ((B, "CCCC3333", *REASON), "CCCC3333 is revoked"),
        (("CCCC3333", A, *REASON), "CCCC3333 is revoked"),
    ],
)
def test_what_cannot_be_joined(holding: Town, arguments: tuple[str, ...], what: str) -> None:
    before = holding.dump("audit_event", "counter")
    found = told(holding, *arguments)
    assert found.exit_code != 0
    assert what in found.output
    assert holding.dump("audit_event", "counter") == before


def test_a_refused_join_is_in_the_trail(holding: Town) -> None:
    told(holding, B, "CCCC3333", *REASON)
    assert holding.rows("SELECT action, result FROM audit_event") == [
        ("main citizens join", "REFUSED")
    ]


def test_a_joined_ledger_is_carried(holding: Town, tmp_path: Path) -> None:
    """The double's row names one that comes after it in the file."""
    told(holding, B, A, *REASON)
    path = tmp_path / "town.jsonl"
    export_ledger(holding.database, path)
    other = Town(f"sqlite:///{tmp_path}/other.db", holding.clock)
    import_ledger(other.url, path)
    assert verify(other.database).fault is None
    joined = "SELECT citizen_id, joined_into FROM citizen WHERE joined_into IS NOT NULL"
    assert other.rows(joined) == holding.rows(joined) == [(1, 2)]
