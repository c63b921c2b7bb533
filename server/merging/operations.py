"""Merging: what is looked up, which rule decides, what is booked, and the file (MRG-4)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from merge_driver import codec
from server.callers.rules import active_terminal
from server.callers.values import Terminal, TerminalKey
from server.clock import Moment
from server.ledger.store import Reader
from server.ledger.values import (
    AccountKey,
    AccountKind,
    Booking,
    Entry,
    Key,
    Refusal,
    RequestKey,
    TransactionKind,
    UsageKey,
)
from server.ledger.view import View
from server.master_key.uses import street_key_use, street_secret_use
from server.merging.cards import citizen_of
from server.merging.errors import MergingReason
from server.merging.rules import (
    check_fits_file,
    check_municipal,
    check_shown_id,
    key_of_day,
    known_at_street,
    street_of,
    street_point_id,
)
from server.merging.values import MergeRecord, SealedKey, Street, TerminalStreetKey
from server.municipalities.values import Program
from server.points.balances import (
    UsableBalance,
    UsableBalances,
    balances_of,
    municipal,
    usable_balances,
)
from server.points.operations import Use, permit
from server.secrets import Vault
from server.service_ids.values import CardServiceIdKey, CustomerKey


@dataclass(frozen=True, slots=True)
class Mergeable:
    """What a card's holder can merge at a terminal (S37)."""

    street: Street
    street_point_id: str
    balance: UsableBalance
    balances: UsableBalances


def mergeable(
    reader: Reader, terminal_id: str, serial_number: str, today: date, *, makes_files: bool
) -> Mergeable:
    """Return what the holder of a My Number card can merge, or raise Refusal."""
    balances = usable_balances(reader, terminal_id, serial_number, today)
    street = _street_at(reader, balances.terminal, today, makes_files=makes_files)
    service_key = CardServiceIdKey(street.issuer_id, serial_number)
    customer_id = reader.look_up([service_key]).get(service_key)
    return _mergeable(street, balances, customer_id, today)


def mergeable_by_street_card(
    reader: Reader, terminal_id: str, customer_id: str, today: date, *, makes_files: bool
) -> Mergeable:
    """Return what the holder of the street's own card can merge, or raise Refusal (III.15)."""
    terminal_key = TerminalKey(terminal_id)
    terminal = active_terminal(reader.look_up([terminal_key]).get(terminal_key))
    street = _street_at(reader, terminal, today, makes_files=makes_files)
    customer_key = CustomerKey(street.issuer_id, customer_id)
    registered = known_at_street(reader.look_up([customer_key]).get(customer_key))
    balances = balances_of(reader, terminal, citizen_of(registered), today)
    return _mergeable(street, balances, customer_id, today)


def _street_at(reader: Reader, terminal: Terminal, today: date, *, makes_files: bool) -> Street:
    """Return the terminal's street; where files are made, only with a key to make them."""
    key = TerminalStreetKey(terminal.terminal_id)
    street = street_of(terminal, reader.look_up([key]).get(key))
    if makes_files:
        key_of_day(street, today)
    return street


def _mergeable(
    street: Street, balances: UsableBalances, customer_id: str | None, today: date
) -> Mergeable:
    point_id = street_point_id(street, balances.holder, customer_id, today)
    balance = municipal(balances)
    if balance is None:
        raise Refusal(MergingReason.TERMINAL_CANNOT_MERGE)
    return Mergeable(street, point_id, balance, balances)


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge is answered with."""

    transaction_number: str
    booked_at: int
    """Microseconds since 1970-01-01T00:00:00Z."""
    mykey_id: str
    program: Program
    points: int
    balance_after: int
    street: Street
    street_point_id: str
    record: MergeRecord | None
    """None in training: no file is made (USE-7)."""


@dataclass(frozen=True, slots=True)
class MergeCommand:
    """商店街ポイント合算 (MRG-1). File ID and nonce are drawn before, so that deciding is pure."""

    request: RequestKey
    fingerprint: bytes
    use: Use
    customer_id: CardServiceIdKey | str
    """The holder's number at the street: that on its card, or where it is registered."""
    shown_street_point_id: str
    file_id: bytes
    nonce: bytes
    vault: Vault
    encode: Callable[[Merged], bytes]
    makes_file: bool = True
    method: str = "Merge"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        registered = () if isinstance(self.customer_id, str) else (self.customer_id,)
        return (*self.use.names(), TerminalStreetKey(self.use.terminal_id), *registered)

    def accounts(self, view: View) -> Iterable[AccountKey]:
        """Return the holder's account."""
        return self.use.accounts(view)

    def usages(self, view: View, day: date) -> Iterable[UsageKey]:
        """Return the uses that limits count."""
        return self.use.usages(self.request.caller, view, day)

    def decide(self, view: View, moment: Moment, number: str) -> Booking:
        """Take the points from the holder to the street and make the file, or refuse."""
        permitted = permit(self.use, self.request.caller, view, moment.day)
        found = view.find(TerminalStreetKey(self.use.terminal_id))
        street = street_of(permitted.terminal, found)
        check_municipal(permitted.program)
        at_street = self.customer_id
        customer_id = at_street if isinstance(at_street, str) else view.find(at_street)
        point_id = street_point_id(street, permitted.holder, customer_id, moment.day)
        check_shown_id(point_id, self.shown_street_point_id)
        record = None
        if self.makes_file:
            in_file = codec.Record(point_id, self.use.points, number)
            record = self._file(street, in_file, moment.day)
        merged = AccountKey(self.use.program_id, AccountKind.MERGED, street.issuer_id)
        answer = Merged(
            number,
            moment.microseconds,
            permitted.holder.mykey_id,
            permitted.program,
            self.use.points,
            permitted.balance_after,
            street,
            point_id,
            record,
        )
        return Booking(
            TransactionKind.MERGE,
            (*permitted.taken, Entry(merged, self.use.points)),
            self.encode(answer),
            subject=permitted.holder.mykey_id,
            records=(record,) if record else (),
        )

    def _file(self, street: Street, record: codec.Record, day: date) -> MergeRecord:
        """Make the merge file of a record with the street's key of the day."""
        sealed = key_of_day(street, day)
        check_fits_file(record, street, sealed)
        key = open_key(street, sealed, self.vault)
        return MergeRecord(
            street.issuer_id,
            record.id,
            record.points,
            sealed.profile,
            sealed.key_id,
            self.file_id,
            codec.file_name(street.issuer_id, record.transaction_number),
            codec.encode([record], key, self.file_id, self.nonce),
        )


def open_key(street: Street, sealed: SealedKey, vault: Vault) -> codec.StreetKey:
    """Return a street's key, opened with the master key."""
    return codec.StreetKey(
        issuer_id=street.issuer_id,
        profile=sealed.profile,
        key_id=sealed.key_id,
        key=vault.open(sealed.sealed_key, street_key_use(street.issuer_id, sealed.key_id)),
        secret=vault.open(
            sealed.sealed_secret, street_secret_use(street.issuer_id, sealed.key_id)
        ).decode(),
        id_kind=sealed.id_kind,
        id_pattern=sealed.id_pattern,
        valid_from=sealed.valid_from,
        valid_until=sealed.valid_until,
    )
