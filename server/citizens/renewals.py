"""Renewed certificates: a new serial number is tied to the MyKey ID of the old one (CRD-4)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

from peewee import Database

from server.citizens.errors import CitizenReason
from server.db.queries import change, rows
from server.ledger.store import Reader
from server.ledger.values import Refusal
from server.ledger.writer import Writer
from server.threads.readers import Readers

T = TypeVar("T")

CHAIN_MAX = 32
"""More renewals than a person sees; a list that goes round in a circle ends here."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """A certificate that was issued in place of another."""

    serial_number: str
    renews: str
    last_good_day: date
    """Of the new one."""


class Renewals(Protocol):
    """The certification authority's link from new serial numbers to old ones."""

    async def find(self, serial_number: str) -> Renewal | None:
        """Return what a certificate renews; None where nothing is known of it."""
        ...


class ImportedRenewals:
    """The link list that the operator imports."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def find(self, serial_number: str) -> Renewal | None:
        """Return what a certificate renews. Raises StoreUnavailableError."""
        return await self._readers.query(lambda database: _imported(database, serial_number))


class Cards:
    """Reads what belongs to a card's holder, and ties a renewed card to its holder first."""

    def __init__(
        self,
        writer: Writer,
        readers: Readers,
        renewals: Renewals,
        look_up: Callable[[str, str], None] | None = None,
    ) -> None:
        """`look_up` has others asked about a certificate that a caller shows; it waits for none."""
        self._writer = writer
        self._readers = readers
        self._renewals = renewals
        self._look_up = look_up

    async def read(self, serial_number: str, caller: str, work: Callable[[Reader], T]) -> T:
        """Return what `work` reads. Raises what it raises, Refusal and StoreUnavailableError.

        Where it refuses a certificate as unknown that renews a known one, it is asked again.
        """
        found = await self._read(serial_number, work)
        if self._look_up is not None:
            self._look_up(serial_number, caller)
        return found

    async def _read(self, serial_number: str, work: Callable[[Reader], T]) -> T:
        try:
            return await self._readers.read(work)
        except Refusal as refusal:
            unknown = refusal.reason == CitizenReason.CERTIFICATE_UNKNOWN
            if not unknown or not await self._link(serial_number):
                raise
        return await self._readers.read(work)

    async def tie_if_renewed(self, serial_number: str) -> None:
        """Tie a certificate that is not known to the holder of the one it renews, if any."""
        if not await self._readers.query(lambda database: _is_known(database, serial_number)):
            await self._link(serial_number)

    async def _link(self, serial_number: str) -> bool:
        """Tie a certificate to the holder of the one it renews, over any number of steps."""
        chain: list[Renewal] = []
        while len(chain) < CHAIN_MAX:
            renewal = await self._renewals.find(serial_number)
            if renewal is None:
                return False
            chain.insert(0, renewal)
            serial_number = renewal.renews
            if await self._readers.query(lambda database: _is_known(database, chain[0].renews)):
                await self._writer.run(lambda database: _tie(database, chain))
                return True
        return False


def import_renewals(database: Database, renewals: list[Renewal]) -> int:
    """Add to the link list, and return how many were new. Raises ValueError for a contradiction.

    It runs in a transaction of the caller's.
    """
    added = 0
    for one in renewals:
        known = _imported(database, one.serial_number)
        if known is not None and known != one:
            raise ValueError(
                f"{one.serial_number} renews {known.renews} until {known.last_good_day} "
                f"in the list that was imported before, not {one.renews} until "
                f"{one.last_good_day}"
            )
        if known is None:
            change(
                database,
                """INSERT INTO certificate_renewal (serial_number, renews, last_good_day)
                VALUES (?, ?, ?)""",
                one.serial_number,
                one.renews,
                one.last_good_day.isoformat(),
            )
            added += 1
    return added


def _imported(database: Database, serial_number: str) -> Renewal | None:
    found = rows(
        database,
        "SELECT renews, last_good_day FROM certificate_renewal WHERE serial_number = ?",
        serial_number,
    )
    if not found:
        return None
    ((renews, last_good_day),) = found
    return Renewal(serial_number, renews, date.fromisoformat(last_good_day))


def _is_known(database: Database, serial_number: str) -> bool:
    query = "SELECT 1 FROM certificate WHERE serial_number = ?"
    return bool(rows(database, query, serial_number))


def _tie(database: Database, chain: list[Renewal]) -> None:
    """Add the certificates of a chain, oldest first, unless another process did just now."""
    for one in chain:
        change(
            database,
            """INSERT INTO certificate (serial_number, citizen_id, last_good_day, renews)
            SELECT ?, citizen_id, ?, serial_number FROM certificate WHERE serial_number = ?
            ON CONFLICT (serial_number) DO NOTHING""",
            one.serial_number,
            one.last_good_day.isoformat(),
            one.renews,
        )
