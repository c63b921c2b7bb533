"""Callers as decisions see them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from server.ledger.values import Key


class TerminalClass(StrEnum):
    """What a terminal may do (端末区分, TRM-6)."""

    SERVICE_ID = "SERVICE_ID"
    POINT_USE = "POINT_USE"
    VOUCHER = "VOUCHER"
    GRANT = "GRANT"
    MUNICIPALITY = "MUNICIPALITY"
    PARTNER = "PARTNER"
    OPERATOR = "OPERATOR"


@dataclass(frozen=True, slots=True)
class Terminal:
    """A registered counter machine."""

    terminal_id: str
    terminal_class: TerminalClass
    municipality_code: str | None
    municipality_name: str
    place_id: int | None
    place_name: str
    issuer_id: str | None
    issuer_name: str
    issuer_is_street: bool
    name: str
    withdrawn: bool

    @property
    def can_merge(self) -> bool:
        """Whether it may merge: class (ア), and its issuer is a shopping street (MRG-1)."""
        return self.terminal_class == TerminalClass.SERVICE_ID and self.issuer_is_street


def caller_of(terminal_id: str) -> str:
    """Return the space in which a terminal's request IDs are unique."""
    return f"terminal:{terminal_id}"


def terminal_of(caller: str) -> str:
    """Return the ID of the terminal whose space that is."""
    return caller.removeprefix("terminal:")


def street_caller(issuer_id: str) -> str:
    """Return how a street's system is named as a caller."""
    return f"issuer:{issuer_id}"


class ShownCertificate(NamedTuple):
    """What a connection shows; the clients' authority has signed it."""

    fingerprint: bytes
    caller: str
    """Whom it stands for; '' for nobody."""


@dataclass(frozen=True, slots=True)
class TerminalKey(Key[Terminal]):
    """A terminal by its ID."""

    terminal_id: str
