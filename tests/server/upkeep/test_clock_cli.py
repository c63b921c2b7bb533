"""After a clock that was wrong: bookings go on, and what it took is given back (LED-8)."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from server.accounts.history import MOST, UpTo, balance_at
from server.cli import main
from server.clock import Moment
from server.jobs.nightly import run_nightly
from server.ledger.booker import Booker, ClockWentBackError
from server.ledger.postgres_store import PostgresStore
from server.ledger.sealing import seal_next
from server.ledger.sql_store import SqlStore
from server.ledger.sqlite_store import SqliteStore
from server.ledger.store import StoreUnavailableError
from server.ledger.values import AccountKey, AccountKind
from server.upkeep import clock_cli, undoing
from server.upkeep.verify import verify
from tests.server.conftest import booker, engine, find_template, town
from tests.server.jobs.test_nightly import QUIET, lapsed, workshop
from tests.server.support import (
    CARD_A,
    CARD_B,
    EVENT,
    MUNICIPAL,
    Town,
    booked,
    cancel_command,
    grant_command,
    granted,
    issue_command,
    redeem_command,
    refused,
    signing_key_of,
    spend_command,
)

__all__ = ["booker", "engine", "find_template", "town"]

WRONG = {"days": 70}
REASON = ("--reason", "the time server was wrong")


@pytest.fixture(autouse=True)
def _of_the_town(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's clock is the town's."""
    monkeypatch.setattr(clock_cli, "SystemClock", lambda: town.clock)
    monkeypatch.setattr(clock_cli, "server_time", lambda _database: None)


def told(town: Town, *arguments: str) -> Result:
    command, *rest = arguments
    return CliRunner().invoke(main, ["clock", command, "--database", town.url, *rest])


def today(town: Town) -> str:
    return str(town.clock.today)


def trail(town: Town) -> list[tuple[str, str]]:
    query = "SELECT action, result FROM audit_event ORDER BY event_id"
    return [(str(action).split()[-1], str(result)) for action, result in town.rows(query)]


async def lapse_wrongly(town: Town) -> str:
    """Let the nightly run of an older version lapse everything with a wrong clock."""
    town.clock.advance(**WRONG)
    async with workshop(town) as shop:
        assert await run_nightly(shop) is not None
    wrong = today(town)
    town.clock.advance(days=-70)
    return wrong


async def test_a_server_that_was_off_for_a_week_goes_on_once_the_day_is_confirmed(
    town: Town, booker: Booker
) -> None:
    granted(booker, grant_command(CARD_A, 100))
    town.clock.advance(days=61)
    async with workshop(town, quiet=QUIET) as shop:
        assert await run_nightly(shop) is None
        said = told(town, "status")
        assert said.exit_code == 1
        assert "It would book 100 points as lapsed, of 1 account and 0 vouchers" in said.output
        assert f"clock confirm {today(town)}" in said.output
        assert told(town, "confirm", "2026-09-01").exit_code == 1, "that is tomorrow"
        assert await run_nightly(shop) is None
        assert json.loads(told(town, "confirm", today(town), "--json").output) == {
            "day": today(town)
        }
        assert await run_nightly(shop) is not None
        town.clock.advance(days=1)
        assert await run_nightly(shop) is not None, "from then on by itself"
    assert lapsed(town) == {MUNICIPAL: 100}
    assert told(town, "status").exit_code == 0
    lines = told(town, "notes").output.splitlines()
    assert "booked 100 points as lapsed, of 1 account" in lines[1]
    assert f"has confirmed {town.clock.today - timedelta(days=1)}" in lines[2]
    assert trail(town) == [("confirm", "REFUSED"), ("confirm", "OK")]


def test_bookings_go_on_after_a_clock_that_ran_ahead(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 100))
    town.clock.advance(**WRONG)
    granted(booker, grant_command(CARD_B, 500))
    seal(town)
    town.clock.advance(days=-70)
    with pytest.raises(ClockWentBackError):
        booker.book([spend_command(CARD_A, 10)])
    with pytest.raises(ClockWentBackError):
        booker.check()
    assert "stopped: the clock is 70 days" in told(town, "status").output
    done = json.loads(told(town, "step-back", today(town), *REASON, "--json").output)
    started = "2026-07-01T12:00:00+09:00"
    assert done == {"from": started, "stamped_later": 1, "lapsed_on": []}
    booker.check()
    answer = booked(booker, spend_command(CARD_A, 10))
    assert answer["transaction_number"].startswith("20260701"), "the day is the true one"
    booked(booker, cancel_command(answer["transaction_number"]))
    booked(booker, spend_command(CARD_B, 400))
    seal(town)
    assert verify(town.database).fault is None
    assert told(town, "status").exit_code == 0
    assert trail(town) == [("step-back", "OK")]


def seal(town: Town) -> None:
    with town.database.connection_context():
        assert seal_next(town.database, Moment.of(town.clock.now()).microseconds)


def test_a_balance_at_a_moment_has_what_was_booked_before_it(town: Town, booker: Booker) -> None:
    town.clock.advance(**WRONG)
    granted(booker, grant_command(CARD_B, 500))
    town.clock.advance(days=-70)
    with pytest.raises(ClockWentBackError):
        booker.check()
    assert told(town, "step-back", today(town), *REASON).exit_code == 0
    before = Moment.of(town.clock.now()).microseconds - 1
    town.clock.advance(hours=1)
    booked(booker, spend_command(CARD_B, 400))
    account = AccountKey(MUNICIPAL, AccountKind.HELD, "2")

    def points(time: int) -> tuple[int, int]:
        found = balance_at(town.database, account, UpTo(MOST, time))
        return found.points, found.usable_points

    with town.database.connection_context():
        assert points(Moment.of(town.clock.now()).microseconds) == (100, 100)
        assert points(before + 1) == (500, 500)
        assert points(before) == (0, 0)


def test_what_goes_back_without_a_note_is_found(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 100))
    town.clock.advance(hours=2)
    granted(booker, grant_command(CARD_A, 100))
    town.tamper("UPDATE ledger_transaction SET booked_at = 1 WHERE transaction_id = 2")
    fault = verify(town.database).fault
    assert fault is not None
    assert "booked at 1970-01-01 09:00:00, after 2026-07-01 12:00:00, and no clock" in fault


def test_a_time_is_set_back_only_where_something_is_ahead_of_it(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 100))
    right = told(town, "step-back", today(town), *REASON)
    assert right.exit_code == 1
    assert "nothing in the ledger is later than this clock" in right.output
    assert told(town, "step-back", "2026-07-02", *REASON).exit_code == 1
    assert told(town, "step-back", today(town)).exit_code == 2, "it wants a reason"
    assert town.rows("SELECT count(*) FROM day_note") == [(0,)]


@pytest.mark.parametrize("command", ["confirm", "step-back"])
def test_a_clock_that_is_not_the_database_server_s_says_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    far = Moment.of(town.clock.now() - timedelta(minutes=1)).microseconds
    monkeypatch.setattr(clock_cli, "server_time", lambda _database: far)
    done = told(town, command, today(town), *(REASON if command == "step-back" else ()))
    assert done.exit_code == 1
    assert "0:01:00 ahead of the database server's" in done.output


async def test_what_a_wrong_clock_lapsed_is_given_back_once(town: Town, booker: Booker) -> None:
    granted(booker, *(grant_command(CARD_A, points) for points in (100, 30)))
    granted(booker, grant_command(CARD_B, 200), grant_command(CARD_A, 50, EVENT))
    key = signing_key_of(town)
    voucher = booked(booker, issue_command(key, CARD_B, 60))["voucher"]
    wrong = await lapse_wrongly(town)
    assert lapsed(town) == {MUNICIPAL: 330, EVENT: 50}
    asked = told(town, "step-back", today(town), *REASON)
    assert f"clock undo-lapses {wrong} gives the points back" in asked.output
    town.clock.advance(days=20)
    done = told(town, "undo-lapses", wrong, *REASON)
    assert done.output == f"3 lapses and 1 lapsed voucher of {wrong} undone: 380 points are back\n"
    assert lapsed(town) == {MUNICIPAL: 0, EVENT: 0}
    assert (town.balance(CARD_A), town.balance(CARD_B)) == (130, 200)
    again = told(town, "undo-lapses", wrong, *REASON)
    assert again.output.startswith("0 lapses and 0 lapsed vouchers")
    once_more = json.loads(told(town, "undo-lapses", wrong, *REASON, "--json").output)
    assert once_more == {"day": wrong, "lapses": 0, "lapsed_vouchers": 0, "points": 0}
    assert trail(town) == [("step-back", "OK"), ("undo-lapses", "OK")]
    assert verify(town.database).fault is None
    refused_for, _ = refused(booker, redeem_command(voucher["voucher_number"]))
    assert refused_for == "VOUCHER_LAPSED", "the paper stays void"
    booked(booker, spend_command(CARD_A, 130, day=town.clock.today))
    assert [
        str(day)
        for (day,) in town.rows(
            "SELECT DISTINCT last_good_day FROM lot WHERE remaining > 0 ORDER BY 1"
        )
    ] == ["2026-07-31", "2026-08-15", "2026-08-30"], "the voucher's points end with the voucher"


async def test_undoing_that_was_interrupted_is_run_again(
    town: Town, booker: Booker, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted(booker, grant_command(CARD_A, 100), grant_command(CARD_B, 200))
    granted(booker, grant_command(CARD_A, 50, EVENT))
    wrong = await lapse_wrongly(town)
    assert told(town, "step-back", today(town), *REASON).exit_code == 0
    monkeypatch.setattr(undoing, "AT_ONCE", 1)
    commits: list[SqlStore] = []
    store = SqliteStore if town.is_sqlite else PostgresStore
    commit = store.commit

    def dies_at_the_second(self: SqlStore) -> None:
        commits.append(self)
        if len(commits) == 2:
            raise StoreUnavailableError("the machine dies")
        commit(self)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(store, "commit", dies_at_the_second)
        died = told(town, "undo-lapses", wrong, *REASON)
    assert (died.exit_code, died.output.splitlines()[-1]) == (1, "Error: the machine dies")
    assert 0 < sum(lapsed(town).values()) < 350
    assert told(town, "undo-lapses", wrong, *REASON).output.startswith("2 lapses and 0")
    assert lapsed(town) == {MUNICIPAL: 0, EVENT: 0}
    assert verify(town.database).fault is None


async def test_what_has_lapsed_meanwhile_stays_lapsed(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 100), grant_command(CARD_A, 50, EVENT))
    wrong = await lapse_wrongly(town)
    town.clock.advance(days=46)
    assert told(town, "step-back", today(town), *REASON).exit_code == 0
    assert told(town, "undo-lapses", wrong, *REASON).output.startswith("1 lapse and 0")
    assert lapsed(town) == {MUNICIPAL: 0, EVENT: 50}
    assert town.balance(CARD_A) == 100


async def test_a_right_run_is_not_undone(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 100))
    town.clock.advance(days=61)
    async with workshop(town) as shop:
        await run_nightly(shop)
    right = today(town)
    assert told(town, "undo-lapses", right, *REASON).output.startswith("0 lapses")
    assert lapsed(town) == {MUNICIPAL: 100}


async def test_the_nightly_run_goes_on_after_one_of_a_later_day(town: Town, booker: Booker) -> None:
    granted(booker, grant_command(CARD_A, 100))
    wrong = await lapse_wrongly(town)
    async with workshop(town, quiet=QUIET) as shop:
        assert await run_nightly(shop) is None
        said = json.loads(told(town, "status", "--json").output)
        assert said["held_back"] == "BEHIND"
        assert told(town, "step-back", today(town), *REASON).exit_code == 0
        ran = await run_nightly(shop)
        assert ran is not None
        assert str(ran.day) == today(town)
        assert told(town, "undo-lapses", wrong, *REASON).exit_code == 0
        town.clock.advance(days=1)
        granted(booker, grant_command(CARD_A, 100))
        assert await run_nightly(shop) is not None
    assert lapsed(town) == {MUNICIPAL: 0}
