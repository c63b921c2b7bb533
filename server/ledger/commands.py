"""What many commands have in common: they need no lots, or no use of a day."""

from collections.abc import Iterable
from datetime import date

from server.ledger.values import AccountKey, UsageKey
from server.ledger.view import View


class WithoutUsages:
    """A command for which no limit of a day is set."""

    __slots__ = ()

    def usages(self, _view: View, _day: date) -> Iterable[UsageKey]:
        """Return nothing."""
        return ()


class WithoutAccounts(WithoutUsages):
    """A command whose decision needs no lots either."""

    __slots__ = ()

    def accounts(self, _view: View) -> Iterable[AccountKey]:
        """Return nothing."""
        return ()
