"""The made-up citizens that a terminal practises with: each terminal has its own."""

from dataclasses import dataclass

CARDS_EACH = 3
SERIAL_PREFIX = "7EA1"
"""Begins the serial numbers of the made-up cards; they are good on no real ledger."""
POINTS = (10_000, 300, 0)
"""What each card is filled up to when a training session begins."""
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class PracticeCitizen:
    """A made-up citizen."""

    citizen_id: int
    label: str
    serial_number: str
    mykey_id: str
    street_point_id: str
    points: int


def practice_citizens(terminal_id: str) -> list[PracticeCitizen]:
    """Return the made-up citizens of a terminal, the same every time."""
    first = int(terminal_id) * CARDS_EACH + 1
    return [
        PracticeCitizen(
            citizen_id=first + number,
            label=f"練習カード{number + 1}",
            serial_number=f"{SERIAL_PREFIX}{first + number:08X}",
            mykey_id=f"R{_base36(first + number):0>7}",
            street_point_id=f"{first + number:09}",
            points=points,
        )
        for number, points in enumerate(POINTS)
    ]


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits
