"""The street's own card (商店街ポイントカード, III.15)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from server.citizens.rules import accepted_citizen
from server.citizens.values import Citizen, MykeyKey, Proof
from server.ledger.values import Key
from server.ledger.view import View
from server.merging.rules import check_without_pin, known_at_street
from server.service_ids.values import CustomerKey, Registered


@dataclass(frozen=True, slots=True)
class StreetCard:
    """A card of the terminal's own street, by the number on it."""

    issuer_id: str
    customer_id: str
    mykey_id: str
    """That the operator was shown."""

    def names(self) -> tuple[Key[Any], ...]:
        """Return what must be looked up."""
        return self._customer, MykeyKey(self.mykey_id)

    def find(self, view: View) -> Citizen | None:
        """Return whose number it is."""
        registered = view.find(self._customer)
        if registered is None:
            return None
        shown = view.find(MykeyKey(self.mykey_id))
        is_as_shown = shown is not None and shown.citizen_id == registered.citizen_id
        return shown if is_as_shown else citizen_of(registered)

    def accepted(self, view: View, today: date) -> Citizen:  # noqa: ARG002 -- it has no last day
        """Return whose number it is, or raise Refusal."""
        return accepted_citizen(known_at_street(self.find(view)))

    def check_proof(self, proof: Proof | None, *, needed: bool) -> None:
        """Raise Refusal where a PIN is needed: this card has none."""
        check_without_pin(proof, needed=needed)

    @property
    def _customer(self) -> CustomerKey:
        return CustomerKey(self.issuer_id, self.customer_id)


def citizen_of(registered: Registered) -> Citizen:
    """Return the citizen of a registered number: revoking a MyKey ID ends its numbers."""
    return Citizen(registered.citizen_id, registered.mykey_id, mykey_id_revoked=False)
