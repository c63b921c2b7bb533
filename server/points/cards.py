"""The cards that say whose points are used."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from server.citizens.rules import accepted_holder, check_proof
from server.citizens.values import CertificateKey, Holder, Person, Proof
from server.ledger.values import Key
from server.ledger.view import View


class ShownCard(Protocol):
    """A card that was shown at a terminal."""

    def names(self) -> tuple[Key[Any], ...]:
        """Return what must be looked up."""
        ...

    def find(self, view: View) -> Person | None:
        """Return whose card it is, if anybody's."""
        ...

    def accepted(self, view: View, today: date) -> Person:
        """Return whose card it is, or raise Refusal where they cannot use points today (USE-3)."""
        ...

    def check_proof(self, proof: Proof | None, *, needed: bool) -> None:
        """Raise Refusal where the proof is none, or missing where one is needed (CRD-3)."""
        ...


@dataclass(frozen=True, slots=True)
class MyNumberCard:
    """マイナンバーカード, by the serial number of its user-authentication certificate."""

    serial_number: str

    def names(self) -> tuple[Key[Any], ...]:
        """Return what must be looked up."""
        return (CertificateKey(self.serial_number),)

    def find(self, view: View) -> Holder | None:
        """Return the card's holder."""
        return view.find(CertificateKey(self.serial_number))

    def accepted(self, view: View, today: date) -> Holder:
        """Return the card's holder, or raise Refusal."""
        return accepted_holder(self.find(view), today)

    def check_proof(self, proof: Proof | None, *, needed: bool) -> None:
        """Raise Refusal where the card did not sign as it should."""
        check_proof(proof, self.serial_number, needed=needed)
