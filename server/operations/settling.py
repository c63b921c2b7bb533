"""Settling a request ID for good (USE-5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from server.clock import Moment
from server.ledger.commands import WithoutAccounts
from server.ledger.values import Abandonment, Key, RequestKey
from server.ledger.view import View


@dataclass(frozen=True, slots=True)
class SettleCommand(WithoutAccounts):
    """Books "abandoned" for a request ID on which nothing was decided; else changes nothing."""

    request: RequestKey
    method: str = "SettleOperation"
    fingerprint: None = None

    def names(self) -> Iterable[Key[Any]]:
        """Return nothing: the request ID says all."""
        return ()

    def decide(self, view: View, moment: Moment, number: str) -> Abandonment:  # noqa: ARG002
        """Abandon the request."""
        return Abandonment()
