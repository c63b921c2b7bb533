"""読取: the number of a library's or street's own card, as its issuer has set (CRD-7).

A street's driver is a plug-in: docs/cards.md says how one is written.
"""

from collections.abc import Callable
from enum import StrEnum, auto
from typing import Protocol

from counter_tui.card.apdu import DamagedFileError, StatusError, Transmit
from counter_tui.card.contactless import read_contactless_id
from counter_tui.card.reader import CardError, CardReader, CardTrouble

ENTRY_POINTS = "jichipoint.card_drivers"
"""The group in which packages of streets name their drivers."""


class Reading(StrEnum):
    """What 読取 yields."""

    KEYBOARD = auto()
    """Nothing: a reader types the number like a keyboard, or the operator does."""
    CONTACTLESS_ID = auto()
    DRIVER = auto()


class CardDriver(Protocol):
    """What a street's package registers: a function that reads the number of a card.

    It gets what sends a command (an APDU, bytes) to the card in the reader and returns the
    answer with its status word. It runs in a thread, and may raise DriverError with a message
    for the staff.
    """

    def __call__(self, transmit: Transmit) -> str:
        """Return the customer number."""
        ...


class DriverError(Exception):
    """A street's driver is missing, or could not read the card; the message says why."""


async def read_number(reader: CardReader, reading: Reading, driver: str) -> str:
    """Return the number of the card in the reader. Raises CardError, DriverError."""
    work = _contactless if reading is Reading.CONTACTLESS_ID else _guarded(_loaded(driver))
    return await reader.with_any_card(work)


def _contactless(transmit: Transmit) -> str:
    try:
        found = read_contactless_id(transmit)
    except (StatusError, DamagedFileError) as error:
        raise CardError(CardTrouble.FOREIGN, str(error)) from error
    if found.is_random:
        raise DriverError("the card has another number at each reading, so it names nobody")
    return found.value


def _loaded(name: str) -> CardDriver:
    # Few counters have a driver, and this loads two dozen modules.
    from importlib.metadata import entry_points  # noqa: PLC0415

    for found in entry_points(group=ENTRY_POINTS, name=name):
        try:
            driver: CardDriver = found.load()
        except Exception as error:  # loading runs the package's own code
            raise DriverError(f"the card driver {name} cannot be loaded: {error}") from error
        return driver
    raise DriverError(f"the card driver {name} is not installed on this machine")


def _guarded(driver: CardDriver) -> Callable[[Transmit], str]:
    """A driver is somebody else's code: whatever it raises is told, and ends nothing."""

    def read(transmit: Transmit) -> str:
        try:
            number = driver(transmit)
        except (DriverError, CardError):
            raise
        except Exception as error:
            raise DriverError(f"the card driver failed: {error!r}") from error
        if not isinstance(number, str):
            raise DriverError("the card driver gave no text")
        return number

    return read
