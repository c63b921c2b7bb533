"""The server's time by a clock that is not the server's."""

from datetime import UTC, datetime, timedelta

import pytest

from counter_tui.core.server_clock import ServerClock, awake_or_not

THERE = datetime(2026, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Here:
    """This machine's clock, and the seconds that really pass."""

    def __init__(self, behind: timedelta) -> None:
        self.shows = THERE - behind
        self.seconds = 0.0

    def passes(self, time: timedelta) -> None:
        self.shows += time
        self.seconds += time.total_seconds()


@pytest.mark.parametrize("behind", [20 * DAY, -20 * DAY, timedelta(seconds=30)])
def test_what_it_is_off_by_is_counted_in(behind: timedelta) -> None:
    here = Here(behind)
    clock = ServerClock(lambda: here.shows, lambda: here.seconds)
    assert (clock(), clock.behind) == (here.shows, timedelta()), "nothing is known yet"
    clock.learn(THERE)
    assert clock.behind == behind
    here.passes(DAY)
    assert abs(clock() - (THERE + DAY)) <= timedelta(minutes=1)


def test_a_clock_that_somebody_sets_right_is_right() -> None:
    here = Here(20 * DAY)
    clock = ServerClock(lambda: here.shows, lambda: here.seconds)
    clock.learn(THERE)
    here.passes(timedelta(hours=1))
    here.shows += 20 * DAY
    assert clock() == THERE + timedelta(hours=1)


def test_seconds_pass_while_the_machine_sleeps_too() -> None:
    before = awake_or_not()
    assert awake_or_not() >= before > 0
