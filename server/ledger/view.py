"""What a batch of commands knows while it is decided: the ledger as it was loaded, and moved on."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from server.ledger.values import (
    AccountKey,
    AccountKind,
    BookedTransaction,
    Booking,
    Key,
    Lot,
    NewLot,
    TransactionKey,
)

V = TypeVar("V")


class View:
    """The values a batch asked for, and the lots of the accounts it named.

    Each booking is applied as soon as it is decided, so that the next command of the
    same batch sees it.
    """

    def __init__(self, values: Mapping[Key[Any], Any]) -> None:
        self._values: dict[Key[Any], Any] = dict(values)
        self._lots: dict[AccountKey, dict[int, Lot]] = {}

    def find(self, key: Key[V]) -> V | None:
        """Return the value of a key, or None where there is none."""
        return cast(V | None, self._values.get(key))

    def add_lots(self, lots: Mapping[AccountKey, list[Lot]]) -> None:
        """Take in the lots of accounts, each list in the order in which they expire."""
        for account, of_account in lots.items():
            self._lots[account] = {lot.lot_id: lot for lot in of_account}

    def lots(self, account: AccountKey) -> list[Lot]:
        """Return the lots of a held account that are not empty, in the order they expire."""
        return [lot for lot in self._lots.get(account, {}).values() if lot.remaining]

    def apply(self, booking: Booking, new_lot_ids: Mapping[int, int]) -> None:
        """Move the view on by a booking.

        `new_lot_ids` gives, for the position of each entry that opens a lot, the lot's ID.
        """
        for position, entry in enumerate(booking.entries):
            if entry.account.kind != AccountKind.HELD or entry.lot is None:
                continue
            lots = self._lots.setdefault(entry.account, {})
            if isinstance(entry.lot, NewLot):
                lot = Lot(new_lot_ids[position], entry.lot.last_good_day, 0)
            else:
                lot = lots.get(entry.lot.lot_id, entry.lot)
            reordered = lot.lot_id not in lots
            lots[lot.lot_id] = lot._replace(remaining=lot.remaining + entry.points)
            if reordered:
                in_order = sorted(lots.values(), key=lambda lot: (lot.last_good_day, lot.lot_id))
                self._lots[entry.account] = {lot.lot_id: lot for lot in in_order}
                lots = self._lots[entry.account]
        if booking.cancels is not None:
            self._mark_cancelled(booking.cancels)

    def _mark_cancelled(self, transaction_id: int) -> None:
        for key, value in self._values.items():
            if isinstance(key, TransactionKey):
                transaction = cast(BookedTransaction, value)
                if transaction.transaction_id == transaction_id:
                    self._values[key] = replace(transaction, cancelled=True)
