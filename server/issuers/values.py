"""Issuers as decisions see them."""

from dataclasses import dataclass
from enum import StrEnum

from server.ledger.values import Key


class HandoverMethod(StrEnum):
    """How a number is handed over to the issuer's own program (SID-3, S25)."""

    SCREEN = "SCREEN"
    BARCODE = "BARCODE"
    TYPED = "TYPED"
    LABEL = "LABEL"


class Symbology(StrEnum):
    """The code that carries a number."""

    NW7 = "NW7"
    CODE39 = "CODE39"
    CODE128 = "CODE128"
    QR = "QR"


class CardReading(StrEnum):
    """What 読取 yields (CRD-7)."""

    KEYBOARD = "KEYBOARD"
    CONTACTLESS_ID = "CONTACTLESS_ID"
    DRIVER = "DRIVER"


@dataclass(frozen=True, slots=True)
class Issuer:
    """A giver of user cards."""

    issuer_id: str
    name: str
    is_street: bool
    handover: HandoverMethod
    symbology: Symbology
    nw7_start: str
    nw7_stop: str
    reading: CardReading
    driver: str
    """The driver's name, with DRIVER; else empty."""
    street_pattern: str
    """What a street's numbers look like; empty where any will do, or where it merges MyKey IDs."""


@dataclass(frozen=True, slots=True)
class IssuerKey(Key[Issuer]):
    """An issuer by its ID."""

    issuer_id: str
