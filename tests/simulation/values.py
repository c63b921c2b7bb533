"""What there is in the simulated town, what is asked there, and what is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone

from tests.server.support import (
    CARD_A,
    COUNTER,
    COUNTER_2,
    KEYLESS_COUNTER,
    KEYLESS_STREET,
    LIBRARY,
    LIBRARY_COUNTER,
    MYKEY,
    TIED_SHOP,
    TOWN_HALL,
)

PROGRAM, EVENT, RETAINED = "00000001", "00000002", "00000000"
DAYS_VALID = {PROGRAM: 60, EVENT: 60, RETAINED: 21}
CITIZEN_DAY_MAX, TERMINAL_DAY_MAX = 900, 1500
"""The limits that the simulated municipality has set for PROGRAM (USE-6)."""

TERMINAL_1, TERMINAL_2 = f"terminal:{COUNTER}", f"terminal:{COUNTER_2}"
MUNICIPALITY = f"terminal:{TOWN_HALL}"
PLACES = {1: "花田酒店", 2: "美術館", TIED_SHOP: "青木青果店"}
AWAY_PLACE = 3
"""Of another municipality."""
PLACES_OF = {TERMINAL_1: (1, TIED_SHOP), TERMINAL_2: (2,)}
"""Where a terminal redeems: its own place, and those tied to it (VCH-5)."""
PLACES_TAKING = {PROGRAM: (1, 2, TIED_SHOP), EVENT: (1, 2)}
"""The event's terminals stand at places 1 and 2."""

ISSUERS = {f"terminal:{LIBRARY_COUNTER}": LIBRARY, f"terminal:{KEYLESS_COUNTER}": KEYLESS_STREET}
"""The terminals at which is registered, and whose they are."""
FIRST_MYKEY_IDS = MYKEY
FIRST_SERVICE_IDS = ((KEYLESS_STREET, "323456789", CARD_A),)
UNFIT_NUMBER = "LIB-42"
WHY_UNFIT = {
    LIBRARY: "CUSTOMER_ID_UNFIT_SYMBOLOGY",
    KEYLESS_STREET: "CUSTOMER_ID_UNFIT_PATTERN",
}
"""No NW-7 bar code can carry it, and the street's numbers are nine digits."""

SECOND = 1_000_000
TOKYO = timezone(timedelta(hours=9))


def time_of(moment: int) -> datetime:
    """The Tokyo time of a moment in microseconds, in whole seconds."""
    return datetime.fromtimestamp(moment // SECOND, UTC).astimezone(TOKYO)


def day_of(moment: int) -> date:
    """The Tokyo day of a moment in microseconds."""
    return time_of(moment).date()


@dataclass(frozen=True)
class Ask:
    """A request as a client keeps it, to send it again."""

    caller: str
    request_id: str
    kind: str
    card: str = ""
    points: int = 0
    shown_on: date = date.min
    number: str = ""
    """The transaction that is cancelled, captured, released or printed again."""
    program: str = PROGRAM
    seconds: int = 0
    days: int = 0
    """How long a voucher is to be good."""
    voucher: str = ""
    """The number of the voucher that is redeemed or corrected."""
    place: int = 0
    issuer: str = ""
    customer_id: str = ""
    """The number that is registered at the issuer."""
    replaces: str = ""
    purpose: str = ""
    attempt: str = ""
    """The request ID that it began with."""
    mykey_id: str = ""
    drawn: tuple[str, ...] = field(default=(), compare=False)
    """Numbers or candidates that the server draws, others each time the request reaches it."""

    @property
    def key(self) -> tuple[str, str]:
        return self.caller, self.request_id


@dataclass(frozen=True)
class Answer:
    """BOOKED, REGISTERED, REFUSED with a reason, or ABANDONED; and some of what is told with it."""

    outcome: str
    reason: str = ""
    told: Mapping[str, object] = field(default_factory=dict)


BOOKED = Answer("BOOKED")


def booked(**told: object) -> Answer:
    return Answer("BOOKED", told=told)


def refused(reason: str, **told: object) -> Answer:
    return Answer("REFUSED", reason, told)
