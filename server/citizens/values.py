"""The holder of a card, as decisions see them."""

from dataclasses import dataclass
from datetime import date

from server.ledger.values import AccountKey, AccountKind, Key, Refusal


def held_account(program_id: str, citizen_id: int) -> AccountKey:
    """Return a citizen's account of a program."""
    return AccountKey(program_id, AccountKind.HELD, str(citizen_id))


@dataclass(frozen=True, slots=True)
class Holder:
    """A citizen, found by the certificate on their card."""

    citizen_id: int
    mykey_id: str
    mykey_id_revoked: bool
    certificate_last_good_day: date
    certificate_revoked: bool

    def account(self, program_id: str) -> AccountKey:
        """Return the holder's account of a program."""
        return held_account(program_id, self.citizen_id)


@dataclass(frozen=True, slots=True)
class Citizen:
    """A citizen, found by their MyKey ID."""

    citizen_id: int
    mykey_id: str
    mykey_id_revoked: bool

    def account(self, program_id: str) -> AccountKey:
        """Return the citizen's account of a program."""
        return held_account(program_id, self.citizen_id)


Person = Holder | Citizen
"""Whose points they are, however they were found."""

Proof = str | Refusal
"""The serial number of the card that signed the challenge, or what was wrong with the proof."""


@dataclass(frozen=True, slots=True)
class MykeyKey(Key[Citizen]):
    """A citizen by their MyKey ID."""

    mykey_id: str


@dataclass(frozen=True, slots=True)
class CertificateKey(Key[Holder]):
    """A holder by the serial number of the card's user-authentication certificate."""

    serial_number: str
