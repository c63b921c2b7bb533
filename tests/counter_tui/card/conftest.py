"""A test authority, made once, and a fresh card of it for each test."""

from datetime import UTC, date, datetime

import pytest

from counter_tui.card.my_number_card import MyNumberCard
from counter_tui.virtual.card import VirtualCard
from counter_tui.virtual.citizen import Issuing

SERIAL_NUMBER = 0x030D45
LAST_GOOD_DAY = date(2030, 2, 17)


@pytest.fixture(scope="session")
def issuing() -> Issuing:
    return Issuing.new(datetime(2026, 7, 1, tzinfo=UTC), share_key=True)


@pytest.fixture
def virtual(issuing: Issuing) -> VirtualCard:
    return issuing.card(SERIAL_NUMBER, LAST_GOOD_DAY)


@pytest.fixture
def card(virtual: VirtualCard) -> MyNumberCard:
    opened = MyNumberCard(virtual.transmit)
    opened.open()
    return opened
