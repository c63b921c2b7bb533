"""Reads a virtual card of the street with the driver of a name, as the screen's 読取 does.

    python -m tests.examples.reading DRIVER [CONTENT]

CONTENT is what the card's file holds; without it the card has no application.
"""

import asyncio
import sys

from counter_tui.card.reader import CardError
from counter_tui.card.users_card import DriverError, Reading, read_number
from counter_tui.virtual.card import Application, File, VirtualCard
from counter_tui.virtual.reader import BoxedCard, VirtualReader

APPLICATION = bytes.fromhex("F053414B555241")


def card(content: str | None) -> VirtualCard:
    if content is None:
        return VirtualCard({})
    return VirtualCard({APPLICATION: Application({1: File(content.encode())}, {})})


def main(driver: str, content: str | None = None) -> None:
    reader = VirtualReader([BoxedCard("さくら通り商店街", lambda: card(content))])
    reader.insert(0)
    try:
        print(asyncio.run(read_number(reader, Reading.DRIVER, driver)))
    except (DriverError, CardError) as error:
        print(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
