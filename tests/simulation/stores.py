"""Stores that die at the worst moment, on either engine, and stores with planted faults."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

from peewee import Database, SqliteDatabase

from server.ledger.postgres_store import PostgresStore
from server.ledger.sql_store import SqlStore
from server.ledger.sqlite_store import SqliteStore
from server.ledger.store import Begun, Loaded, StoreUnavailableError
from server.ledger.values import AccountKey, Key, RequestKey, UsageKey
from server.serving.loaders import LOADERS


@dataclass
class Link:
    """Between the primary and its standby."""

    is_cut: bool = False


class Dying(SqlStore):
    """Dies once, before or after its next commit; waits in vain for a standby that is cut off."""

    dies: str | None = None
    committed = False
    link: Link

    def begin(self, keys: Collection[Key[Any]]) -> Begun:
        self.committed = False
        return super().begin(keys)

    def commit(self) -> None:
        if self.dies == "before":
            raise StoreUnavailableError("died before the commit")
        super().commit()  # type: ignore[safe-super]
        self.committed = True
        if self.dies == "after" or self.is_in_doubt:
            raise StoreUnavailableError("died after the commit")

    @property
    def is_in_doubt(self) -> bool:
        """Whether what was just committed is on the primary alone."""
        return self.link.is_cut

    def confirm(self) -> None:
        super().confirm()
        if self.link.is_cut:
            raise StoreUnavailableError("the standby has not got what was read")


class Trusting(Dying):
    """Planted: a wait for the standby that was cancelled counts as success."""

    is_in_doubt = False


class Rash(Dying):
    """Planted: repeats are answered with what the primary alone may have."""

    def confirm(self) -> None:
        self.roll_back()


class Forgetful(Dying):
    """Planted: the request ID is not looked up."""

    def load(
        self,
        accounts: Collection[AccountKey],
        requests: Collection[RequestKey],
        usages: Collection[UsageKey],
    ) -> Loaded:
        loaded = super().load(accounts, requests, usages)
        return loaded._replace(operations={}) if self.dies is None else loaded


class Hasty(Dying):
    """Planted: the answer comes before the commit."""

    waits = False

    def begin(self, keys: Collection[Key[Any]]) -> Begun:
        if self.waits:
            self.waits = False
            super().commit()
        return super().begin(keys)

    def commit(self) -> None:
        self.waits = True
        self.committed = True


class Fault(Enum):
    """What is planted."""

    NONE = "none"
    REQUEST_ID_NOT_LOOKED_UP = "request ID not looked up"
    ANSWERED_BEFORE_COMMIT = "answered before the commit"
    CANCELLED_WAIT_IS_SUCCESS = "a cancelled wait for the standby is success"
    REPEATS_NOT_CONFIRMED = "repeats are not confirmed"


_WAYS: dict[Fault, type] = {
    Fault.NONE: Dying,
    Fault.REQUEST_ID_NOT_LOOKED_UP: Forgetful,
    Fault.ANSWERED_BEFORE_COMMIT: Hasty,
    Fault.CANCELLED_WAIT_IS_SUCCESS: Trusting,
    Fault.REPEATS_NOT_CONFIRMED: Rash,
}


def store_on(database: Database, fault: Fault) -> Dying:
    """Return a store on the database's engine, with a fault planted."""
    way = _WAYS[fault]
    if isinstance(database, SqliteDatabase):
        of_sqlite = type(way.__name__, (way, SqliteStore), {})
        return cast(Dying, of_sqlite(database, LOADERS))
    of_postgres = type(way.__name__, (way, PostgresStore), {})
    return cast(Dying, of_postgres(database, LOADERS))
