"""Doing something with a card: off the event loop, and with what is wrong said as CardError."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from counter_tui.card.apdu import DamagedFileError, StatusError, Transmit
from counter_tui.card.certificate import user_certificate
from counter_tui.card.my_number_card import (
    ForeignCardError,
    MyNumberCard,
    OldCardError,
    PhoneTokenError,
)
from counter_tui.card.reader import CardError, CardTrouble, UserCertificate

T = TypeVar("T")

WORK_SECONDS_MAX = 15.0
"""A card that never answers blocks PC/SC for ever: after this long it counts as mute."""


async def in_a_thread(work: Callable[[], T]) -> T:
    """Do work in a thread that holds up neither the event loop nor the program's end.

    Raises what it raises, and CardError where the card does not answer.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(outcome: Callable[[], None]) -> None:
        if not done.done():
            outcome()

    def tell(outcome: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the program has ended meanwhile
            loop.call_soon_threadsafe(settle, outcome)

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # handed on to the one who waits
            tell(partial(done.set_exception, error))
        else:
            tell(partial(done.set_result, result))

    threading.Thread(target=run, name="card", daemon=True).start()
    try:
        async with asyncio.timeout(WORK_SECONDS_MAX):
            return await done
    except TimeoutError as error:
        raise CardError(CardTrouble.MUTE, "the card does not answer") from error


def work_with(transmit: Transmit, work: Callable[[MyNumberCard], T]) -> T:
    """Open a My Number card and do something with it.

    Raises CardError, and WrongPinError or BlockedError where the work does.
    """
    card = MyNumberCard(transmit)

    def opened() -> T:
        card.open()
        return work(card)

    return worked(opened)


def worked(work: Callable[[], T]) -> T:
    """Do something with an opened card. Raises as work_with does."""
    try:
        return work()
    except OldCardError as error:
        raise CardError(CardTrouble.OLD_CARD) from error
    except PhoneTokenError as error:
        raise CardError(CardTrouble.PHONE) from error
    except ForeignCardError as error:
        raise CardError(CardTrouble.FOREIGN, str(error)) from error
    except (StatusError, DamagedFileError) as error:
        raise CardError(CardTrouble.DAMAGED, str(error)) from error


def read_certificate(card: MyNumberCard) -> UserCertificate:
    """Read the user-authentication certificate. Raises DamagedFileError, StatusError."""
    return user_certificate(card.user_certificate())
