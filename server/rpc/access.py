"""Who may call a method: declared at the method itself (SEC-2)."""

from collections.abc import Callable
from typing import Any, TypeVar

from server.terminals.values import TerminalClass

F = TypeVar("F", bound=Callable[..., Any])

_ATTRIBUTE = "_open_to"


class Anyone:
    """Callers without a session."""


class IssuerSystems:
    """The systems of issuers, such as a shopping street's (ISSUER_SYSTEM, DRV-6)."""


ANYONE = Anyone()
ISSUER_SYSTEMS = IssuerSystems()
Access = Anyone | IssuerSystems | frozenset[TerminalClass]

EVERY_TERMINAL = frozenset(TerminalClass)
POINT_COUNTERS = frozenset({TerminalClass.SERVICE_ID, TerminalClass.POINT_USE})
"""Terminals at which points are spent (TRM-6)."""
VOUCHER_COUNTERS = frozenset({TerminalClass.VOUCHER})
"""Terminals at which vouchers are issued (TRM-6)."""
REDEEMING_COUNTERS = POINT_COUNTERS | VOUCHER_COUNTERS
"""Terminals at which vouchers are redeemed (TRM-6)."""
MUNICIPALITIES = frozenset({TerminalClass.MUNICIPALITY})
"""A municipality's own terminals."""
LEDGER_READERS = frozenset({TerminalClass.MUNICIPALITY, TerminalClass.OPERATOR})
"""Terminals at which the ledger is looked into."""
SERVICE_ID_COUNTERS = frozenset({TerminalClass.SERVICE_ID})
"""Terminals at which service IDs are registered and looked up (TRM-6)."""
STREET_COUNTERS = frozenset({TerminalClass.SERVICE_ID})
"""Terminals at which points are merged, if their issuer is a shopping street."""


def open_to(access: Access) -> Callable[[F], F]:
    """Declare who may call a servicer's method. One that declares nothing is refused."""

    def declare(method: F) -> F:
        setattr(method, _ATTRIBUTE, access)
        return method

    return declare


def access_of(method: Callable[..., Any]) -> Access | None:
    """Return what a method declares, or None."""
    access: Access | None = getattr(method, _ATTRIBUTE, None)
    return access
