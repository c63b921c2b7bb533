"""What a batch of commands knows while it is decided: the ledger as it was loaded, and moved on."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeVar, cast

from server.clock import Moment
from server.ledger.values import (
    USES,
    AccountKey,
    AccountKind,
    BookedEntry,
    BookedTransaction,
    Booking,
    Entry,
    Key,
    Lot,
    NewLot,
    Referable,
    TransactionKind,
    UsageKey,
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
        self._used: dict[UsageKey, int] = {}
        self._referable: dict[int, list[Key[Any]]] = {}
        for key, value in values.items():
            if isinstance(value, Referable):
                self._referable.setdefault(value.transaction_id, []).append(key)

    def find(self, key: Key[V]) -> V | None:
        """Return the value of a key, or None where there is none."""
        return cast("V | None", self._values.get(key))

    def add_lots(self, lots: Mapping[AccountKey, list[Lot]]) -> None:
        """Take in the lots of accounts, each list in the order in which they expire."""
        for account, of_account in lots.items():
            self._lots[account] = {lot.lot_id: lot for lot in of_account}

    def add_used(self, used: Mapping[UsageKey, int]) -> None:
        """Take in how many points were used on a day, as far as limits ask."""
        self._used.update(used)

    def used(self, key: UsageKey) -> int:
        """Return how many points were used on a day; a cancelled use counts no more (USE-6)."""
        return self._used[key]

    def lots(self, account: AccountKey) -> list[Lot]:
        """Return the lots of a held account that are not empty, in the order they expire."""
        return [lot for lot in self._lots.get(account, {}).values() if lot.remaining]

    def holding(self, owner: str) -> set[AccountKey]:
        """Return an owner's accounts whose lots hold points, as far as the batch knows them."""
        return {account for account in self._lots if account.owner == owner and self.lots(account)}

    def change(self, changes: Mapping[Key[Any], Any]) -> None:
        """Move the view on by what was registered; None where there is nothing any more."""
        self._values.update(changes)

    def apply(
        self, booking: Booking, new_lot_ids: Mapping[int, int], caller: str, moment: Moment
    ) -> None:
        """Move the view on by a booking of a caller's at a moment.

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
        if booking.kind in USES:
            self._count(booking.entries, caller, moment.day, -1)
        if booking.refers_to is not None:
            self._settle(booking.refers_to, booking, moment)

    def _count(
        self, entries: Iterable[Entry | BookedEntry], caller: str, day: date, sign: int
    ) -> None:
        """Add the held points that entries take, or with sign 1 take them off again."""
        for account, points in ((entry.account, entry.points) for entry in entries):
            if account.kind != AccountKind.HELD:
                continue
            for key in (
                UsageKey(account.program_id, day, citizen=account.owner),
                UsageKey(account.program_id, day, caller=caller),
            ):
                if key in self._used:
                    self._used[key] += sign * points

    def _settle(self, transaction_id: int, booking: Booking, moment: Moment) -> None:
        """Move on what stands for a transaction; a use that is cancelled counts no more."""
        for key in self._referable.get(transaction_id, ()):
            value = cast(Referable, self._values[key])
            self._values[key] = value.settled_by(booking, moment.microseconds)
            if (
                isinstance(value, BookedTransaction)
                and value.kind in USES
                and booking.kind == TransactionKind.CANCEL
            ):
                self._count(value.entries, value.caller, value.booked_on, 1)
