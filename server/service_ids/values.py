"""Service IDs as decisions see them."""

from dataclasses import dataclass

from server.ledger.values import Key


@dataclass(frozen=True, slots=True)
class CardServiceIdKey(Key[str]):
    """The customer ID, at an issuer, of the citizen whose certificate this is."""

    issuer_id: str
    serial_number: str


@dataclass(frozen=True, slots=True)
class Registered:
    """Whose number it is."""

    citizen_id: int
    mykey_id: str


@dataclass(frozen=True, slots=True)
class CustomerKey(Key[Registered]):
    """A number of an issuer's."""

    issuer_id: str
    customer_id: str
