"""Service IDs as decisions see them."""

from dataclasses import dataclass

from server.ledger.values import Key


@dataclass(frozen=True, slots=True)
class CardServiceIdKey(Key[str]):
    """The customer ID, at an issuer, of the citizen whose certificate this is."""

    issuer_id: str
    serial_number: str
