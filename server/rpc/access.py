"""Who may call a method, and whose data it shows: declared at the method itself (SEC-2)."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from server.callers.values import TerminalClass

F = TypeVar("F", bound=Callable[..., Any])

_ATTRIBUTE = "_open_to"


class Anyone:
    """Callers without a session."""


class IssuerSystems:
    """The systems of issuers, such as a shopping street's (ISSUER_SYSTEM, DRV-6)."""


ANYONE = Anyone()
ISSUER_SYSTEMS = IssuerSystems()
Access = Anyone | IssuerSystems | frozenset[TerminalClass]


class Whose(StrEnum):
    """Whose data a method shows or changes."""

    NOBODY = "NOBODY"
    """What everyone may know."""
    CALLER = "CALLER"
    """What the caller itself did, or is."""
    PLACE = "PLACE"
    """What happened at the caller's place, and at shops that it collects for."""
    ISSUER = "ISSUER"
    """The users of the issuer that the caller works for."""
    HOLDER = "HOLDER"
    """The person whose card, voucher or number is shown, as far as it can be used there."""
    MUNICIPALITY = "MUNICIPALITY"
    """The caller's municipality; for the operator's terminals, all."""


EVERY_TERMINAL = frozenset(
    {
        TerminalClass.SERVICE_ID,
        TerminalClass.POINT_USE,
        TerminalClass.VOUCHER,
        TerminalClass.GRANT,
        TerminalClass.MUNICIPALITY,
        TerminalClass.PARTNER,
        TerminalClass.OPERATOR,
    }
)
"""Written out: a class that is added may nothing before it is named here or below."""
POINT_COUNTERS = frozenset({TerminalClass.SERVICE_ID, TerminalClass.POINT_USE})
"""Terminals at which points are spent (TRM-6)."""
VOUCHER_COUNTERS = frozenset({TerminalClass.VOUCHER})
"""Terminals at which vouchers are issued (TRM-6)."""
REDEEMING_COUNTERS = POINT_COUNTERS | VOUCHER_COUNTERS
"""Terminals at which vouchers are redeemed (TRM-6)."""
MUNICIPALITIES = frozenset({TerminalClass.MUNICIPALITY})
"""A municipality's own terminals."""
LEDGER_READERS = frozenset({TerminalClass.MUNICIPALITY, TerminalClass.OPERATOR})
"""Terminals at which the ledger is looked into, and terminals are looked after."""
SERVICE_ID_COUNTERS = frozenset({TerminalClass.SERVICE_ID})
"""Terminals at which service IDs are registered and looked up (TRM-6)."""
STREET_COUNTERS = frozenset({TerminalClass.SERVICE_ID})
"""Terminals at which points are merged, if their issuer is a shopping street."""


class Declared(NamedTuple):
    """What a method declares."""

    access: Access
    whose: Whose
    withdrawn_too: bool
    """Whether a terminal that was withdrawn may bring to its end there what it had begun."""


def open_to(access: Access, whose: Whose, *, withdrawn_too: bool = False) -> Callable[[F], F]:
    """Declare who may call a servicer's method. One that declares nothing is refused."""

    def declare(method: F) -> F:
        setattr(method, _ATTRIBUTE, Declared(access, whose, withdrawn_too))
        return method

    return declare


def declared_by(method: Callable[..., Any]) -> Declared | None:
    """Return what a method declares, or None."""
    declared: Declared | None = getattr(method, _ATTRIBUTE, None)
    return declared
