"""Moments are shown in Asia/Tokyo, whatever zone the machine is set to (USE-5)."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import counter_tui
from counter_tui.core.tokyo import day_of, minute_text, second_text, slip_text

BEFORE_MIDNIGHT = datetime(2026, 6, 30, 14, 55, 7, tzinfo=UTC)
AFTER_MIDNIGHT = datetime(2026, 6, 30, 15, 0, tzinfo=UTC)


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Tokyo"], autouse=True)
def machine_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_moment_is_told_as_in_japan() -> None:
    assert minute_text(BEFORE_MIDNIGHT) == "2026-06-30 23:55"
    assert second_text(BEFORE_MIDNIGHT) == "23:55:07"
    assert slip_text(BEFORE_MIDNIGHT) == "2026年6月30日 23:55:07"


def test_the_day_turns_at_midnight_in_japan() -> None:
    assert day_of(BEFORE_MIDNIGHT) == date(2026, 6, 30)
    assert day_of(AFTER_MIDNIGHT) == date(2026, 7, 1)
    assert minute_text(AFTER_MIDNIGHT) == "2026-07-01 00:00"


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        minute_text(datetime(2026, 6, 30, 14, 55))  # noqa: DTZ001


def test_no_other_module_makes_a_text_of_a_moment() -> None:
    root = Path(counter_tui.__file__).parent
    made = re.compile(r":%[YmdHMS]|strftime|astimezone\(\)|fromtimestamp|localtime|ctime\(")
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if made.search(path.read_text("utf-8"))
    }
    assert found == {"core/tokyo.py"}
