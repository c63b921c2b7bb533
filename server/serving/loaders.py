"""All loaders of the booking path, by the type of key."""

from collections.abc import Mapping
from typing import Any

from server.callers.loaders import TERMINALS
from server.callers.sessions import SESSIONS
from server.citizens.loaders import CITIZENS, HOLDERS, holders_loader
from server.citizens.revoked_cards import RevokedCards
from server.issuers.loaders import ISSUERS
from server.ledger.loaders import TRANSACTIONS
from server.ledger.values import Key, Loader
from server.merging.loaders import STREETS
from server.municipalities.loaders import PLACES, PROGRAMS, USABLE_PROGRAMS
from server.mykey_ids.loaders import ATTEMPTS, BASES, BELONGINGS
from server.points.loaders import HOLDS
from server.service_ids.loaders import CUSTOMERS, SERVICE_IDS
from server.vouchers.loaders import VOUCHERS

_ALL: tuple[Loader[Any], ...] = (
    ATTEMPTS,
    BASES,
    BELONGINGS,
    CITIZENS,
    CUSTOMERS,
    HOLDERS,
    HOLDS,
    ISSUERS,
    PLACES,
    PROGRAMS,
    SERVICE_IDS,
    SESSIONS,
    STREETS,
    TERMINALS,
    TRANSACTIONS,
    USABLE_PROGRAMS,
    VOUCHERS,
)

Loaders = Mapping[type[Key[Any]], Loader[Any]]

LOADERS: Loaders = {loader.key_type: loader for loader in _ALL}


def loaders_with(revoked: RevokedCards | None) -> Loaders:
    """Return all loaders; holders of cards that lists name are loaded as revoked (USE-3)."""
    if revoked is None:
        return LOADERS
    return {**LOADERS, HOLDERS.key_type: holders_loader(revoked.names)}
