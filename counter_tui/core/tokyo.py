"""Moments as people see them: always Asia/Tokyo, whatever zone the machine is set to.

No other module of the counter makes a text of a moment.
"""

from datetime import date, datetime, timedelta, timezone

TOKYO = timezone(timedelta(hours=9), "Asia/Tokyo")
"""Japan has had no summer time since 1951."""


def day_of(moment: datetime) -> date:
    """Return the Asia/Tokyo day of a moment."""
    return _local(moment).date()


def minute_text(moment: datetime) -> str:
    """Return day and minute, as the screens have them."""
    return f"{_local(moment):%Y-%m-%d %H:%M}"


def second_text(moment: datetime) -> str:
    """Return the time of day to the second, as lists of one day have it."""
    return f"{_local(moment):%H:%M:%S}"


def slip_text(moment: datetime) -> str:
    """Return day and time as slips have them."""
    local = _local(moment)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M:%S}"


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(TOKYO)
