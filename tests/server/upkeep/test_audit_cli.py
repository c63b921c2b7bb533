"""jichipoint-server audit: searched and exported (SEC-5)."""

import csv
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from server.audit.storing import store_events
from server.audit.values import Event
from server.cli import main
from server.clock import Moment
from server.ledger.booker import Booker
from server.ledger.engines import writing
from tests.server.support import (
    CARD_A,
    COUNTER,
    NOON,
    Town,
    booked,
    grant_command,
    granted,
    spend_command,
)

DAY = 86_400_000_000
NOW = Moment.of(NOON).microseconds
CALLER = f"terminal:{COUNTER}"


@pytest.fixture
def audited(town: Town, booker: Booker) -> Town:
    granted(booker, grant_command(CARD_A, 500))
    spend = spend_command(CARD_A, 120)
    booked(booker, spend)
    request_id = spend.request.request_id
    events = [
        Event(NOW - DAY, "", "", "", "192.0.2.9", "TerminalService/SignIn", "SIGN_IN_REFUSED", "",
              f"terminal_id={COUNTER}", 7),
        Event(NOW, CALLER, "桜井", "00", "192.0.2.1", "PointService/Spend", "OK", request_id,
              "mykey_id=AAAA1111 points=120"),
        Event(NOW + DAY, "command:root", "=1+1", "", "", "jichipoint-server limits program", "OK",
              "", "per_use=%"),
    ]  # fmt: skip
    with town.database.connection_context(), writing(town.database):
        store_events(town.database, events)
    return town


def run(town: Town, command: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", command, "--database", town.url, *arguments])


def found(town: Town, *arguments: str) -> list[dict[str, Any]]:
    result = run(town, "search", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "events"),
    [
        ((), [1, 2, 3]),
        (("--limit", "2"), [2, 3]),
        (("--terminal", COUNTER), [1, 2]),
        (("--caller", "command:root"), [3]),
        (("--person", "桜井"), [2]),
        (("--action", "spend"), [2]),
        (("--result", "SIGN_IN_REFUSED"), [1]),
        (("--about", "AAAA1111"), [2]),
        (("--about", "%"), [3]),
        (("--address", "192.0.2.9"), [1]),
        (("--from", "2026-07-01"), [2, 3]),
        (("--to", "2026-07-01"), [1, 2]),
        (("--from", "2026-07-01", "--to", "2026-07-01"), [2]),
        (("--from", "2026-07-01T12:00:01"), [3]),
        (("--to", "2026-07-01T12:00"), [1]),
        (("--to", "2026-07-01T00:00"), [1]),
        (("--to", "9999-12-31T23:59:59"), [1, 2, 3]),
        (("--terminal", COUNTER, "--result", "OK"), [2]),
        (("--caller", "' OR '1'='1"), []),
    ],
)
def test_events_are_found(audited: Town, arguments: tuple[str, ...], events: list[int]) -> None:
    assert [one["event_id"] for one in found(audited, *arguments)] == events


def test_a_booking_is_told_with_its_transaction_number(audited: Town) -> None:
    (told,) = found(audited, "--action", "Spend")
    ((number,),) = audited.rows("SELECT max(transaction_number) FROM ledger_transaction")
    assert told["transaction_number"] == number
    assert told["time"] == "2026-07-01T12:00:00.000+09:00"
    assert told["person"] == "桜井"


def test_no_event_at_all_is_said_and_a_program_gets_no_line(audited: Town) -> None:
    assert run(audited, "search", "--person", "nobody").output == "no event fits\n"
    assert run(audited, "search", "--person", "nobody", "--json").output == ""


def test_a_time_that_nothing_can_have_is_told_in_one_line(audited: Town) -> None:
    result = run(audited, "search", "--to", "9999-12-31")
    assert result.exit_code == 2
    assert result.output.splitlines()[-1].endswith("out of range: the trail has no such time")


def test_the_text_says_who_did_what(audited: Town) -> None:
    lines = run(audited, "search").output.splitlines()
    assert lines[1].startswith("2026-07-01 12:00:00  ")
    assert "SIGN_IN_REFUSED" in lines[0]
    assert lines[0].endswith(f"terminal_id={COUNTER}  7 times")
    assert f"{CALLER}  PointService/Spend  OK  桜井" in lines[1]


def test_an_export_is_for_its_owner_and_no_formula(audited: Town, tmp_path: Path) -> None:
    path = tmp_path / "trail.csv"
    result = run(audited, "export", str(path), "--from", "2026-07-01")
    assert (result.exit_code, result.output) == (0, f"{path}: 2 events\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["event_id"] for row in rows] == ["2", "3"]
    assert rows[1]["person"] == "'=1+1"
    other = str(tmp_path / "other.csv")
    told = run(audited, "export", other, "--from", "2026-07-01", "--json")
    assert json.loads(told.output) == {"file": other, "events": 3}, "with the first export"


def test_a_file_that_is_there_is_not_written_over(audited: Town, tmp_path: Path) -> None:
    path = tmp_path / "trail.csv"
    path.write_text("mine")
    result = run(audited, "export", str(path))
    assert (result.exit_code, path.read_text()) == (1, "mine")
    assert "name a new file" in result.output


def test_a_full_disk_leaves_no_half_file(audited: Town) -> None:
    result = run(audited, "export", "/dev/full/x")
    assert result.exit_code == 1
    assert result.output.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [("--from", "2026-02-30"), ("--to", "9999-12-31"), ("--limit", "0"), ("--about", "\udcff")],
)
def test_wrong_use_is_told(audited: Town, arguments: tuple[str, ...]) -> None:
    assert run(audited, "search", *arguments).exit_code == 2


def test_a_database_that_is_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none.db'}"
    result = CliRunner().invoke(main, ["audit", "search", "--database", url])
    assert result.exit_code == 1
    assert "there is no" in result.output
