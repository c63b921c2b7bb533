"""Time as the ledger knows it: handed in, in UTC, and counted in Asia/Tokyo days."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import NamedTuple, Protocol

TOKYO = timezone(timedelta(hours=9), "Asia/Tokyo")
"""Japan has kept UTC+9 without summer time since 1952, before any date the ledger can hold."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """Return the present moment, with a time zone."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)


class Moment(NamedTuple):
    """One reading of the clock: a booking's time and the Asia/Tokyo day it counts for."""

    microseconds: int
    """Since 1970-01-01T00:00:00Z."""
    day: date
    """In Asia/Tokyo."""

    @classmethod
    def of(cls, time: datetime) -> "Moment":
        """Return the moment of a time with a time zone."""
        return cls((time - _EPOCH) // timedelta(microseconds=1), time.astimezone(TOKYO).date())

    @classmethod
    def at(cls, microseconds: int) -> "Moment":
        """Return the moment that many microseconds after 1970-01-01T00:00:00Z."""
        return cls(microseconds, to_datetime(microseconds).astimezone(TOKYO).date())


def for_people(microseconds: int) -> str:
    """Return a time as people in Japan read it: 2026-07-01 09:30:00."""
    return f"{_in_tokyo(microseconds):%Y-%m-%d %H:%M:%S}"


def for_machines(microseconds: int, *, timespec: str = "seconds") -> str:
    """Return a time as programs read it (ISO 8601), in Japan: 2026-07-01T09:30:00+09:00."""
    return _in_tokyo(microseconds).isoformat(timespec=timespec)


def _in_tokyo(microseconds: int) -> datetime:
    return to_datetime(microseconds).astimezone(TOKYO)


def to_datetime(microseconds: int) -> datetime:
    """Return the UTC time that many microseconds after 1970-01-01T00:00:00Z."""
    return _EPOCH + timedelta(microseconds=microseconds)
