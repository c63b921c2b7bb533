import pytest

from counter_tui.bookings.retry import backoff


def test_it_doubles_up_to_five_seconds() -> None:
    waits_s = [backoff(attempt) for attempt in range(7)]
    assert waits_s == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0])


def test_it_stays_there_for_ever() -> None:
    assert backoff(10**9) == 5.0


def test_attempts_are_counted_from_zero() -> None:
    with pytest.raises(ValueError, match="attempt -1"):
        backoff(-1)
