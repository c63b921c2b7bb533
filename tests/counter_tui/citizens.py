"""Citizens' virtual cards; the keys behind them are made once in a run."""

from datetime import UTC, date, datetime
from functools import cache

from counter_tui.virtual.card import VirtualCard
from counter_tui.virtual.citizen import Issuing
from counter_tui.virtual.reader import BoxedCard

SAKURAI, MORI = 0x030D45, 0x030D48
LAST_GOOD_DAY = date(2029, 5, 1)


@cache
def issuing() -> Issuing:
    return Issuing.new(datetime.now(UTC), share_key=True)


def card(serial_number: int = SAKURAI, last_good_day: date = LAST_GOOD_DAY) -> VirtualCard:
    return issuing().card(serial_number, last_good_day)


def boxed(label: str, serial_number: int = SAKURAI) -> BoxedCard:
    return BoxedCard(label, lambda: card(serial_number))
