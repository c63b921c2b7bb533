"""What became of merges, and their files again, as the operator asks (MRG-8)."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from tests.server.conftest import engine, find_template, town
from tests.server.support import (
    CARD_A,
    COUNTER,
    STREET_1,
    Town,
    decided,
    grant_command,
    granted,
)
from tests.server.upkeep.carried import merge_command

__all__ = ["engine", "find_template", "town"]


def told(town: Town, command: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["merges", command, "--database", town.url, *arguments])


@pytest.fixture
def numbers(town: Town) -> list[str]:
    """The transaction numbers of two merges."""
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 500))
        for points in (40, 50):
            decided(booker, merge_command(town, points))
    query = "SELECT transaction_number FROM ledger_transaction WHERE kind = 'MERGE' ORDER BY 1"
    return [str(number) for (number,) in town.rows(query)]


def test_what_was_not_acknowledged_is_listed(
    town: Town, numbers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.merging.cli.SystemClock", lambda: town.clock)
    nothing = "no merge waits so long for its acknowledgement\n"
    assert told(town, "unacknowledged").output == nothing, "not yet"
    assert told(town, "unacknowledged", "--json").output == ""
    town.clock.advance(hours=24)
    lines = [json.loads(one) for one in told(town, "unacknowledged", "--json").output.splitlines()]
    assert [line["transaction_number"] for line in lines] == numbers
    assert lines[0] == {
        "transaction_number": numbers[0],
        "booked_at": "2026-07-01T12:00:00+09:00",
        "points": 40,
        "issuer_id": STREET_1,
        "street": lines[0]["street"],
        "terminal_id": COUNTER,
        "delivered": False,
    }
    assert f"{numbers[1]}  " in told(town, "unacknowledged", "--hours", "0").output
    assert "not delivered" in told(town, "unacknowledged").output
    assert f"{numbers[0]}  2026-07-01 12:00:00  40 pt  " in told(town, "unacknowledged").output
    assert told(town, "unacknowledged", "--hours", "25").output == nothing


def test_a_file_is_written_again_as_it_was(town: Town, numbers: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    before = town.dump()
    written = told(town, "file", numbers[0], "--folder", str(folder))
    assert written.exit_code == 0, written.output
    (path,) = folder.iterdir()
    ((name, content),) = town.rows(
        f"SELECT file_name, content FROM merge WHERE file_name = '{STREET_1}-{numbers[0]}.mrg'"  # noqa: S608
    )
    assert (path.name, path.read_bytes()) == (name, bytes(content))
    again = told(town, "file", numbers[0], "--folder", str(folder), "--json")
    assert again.exit_code == 0, "equal is done"
    assert json.loads(again.output) == {"file": str(path), "bytes": len(content)}
    path.write_bytes(b"another")
    other = told(town, "file", numbers[0], "--folder", str(folder))
    assert "is another file" in other.output
    assert path.read_bytes() == b"another"
    assert town.dump() == before, "nothing is booked"


def test_an_unknown_merge_is_told_in_one_line(town: Town, tmp_path: Path) -> None:
    result = told(town, "file", "2017123100001", "--folder", str(tmp_path))
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "there is no merge 2017123100001" in result.output
    missing = told(town, "file", "2017123100001", "--folder", str(tmp_path / "missing"))
    assert missing.exit_code == 2
