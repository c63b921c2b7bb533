"""A simulated server, which may die at any moment."""

from dataclasses import dataclass, field

from server.db.engine import open_database
from server.ledger.booker import Booker
from server.ledger.store import StoreUnavailableError
from server.ledger.values import Operation, RequestKey
from tests.server.support import Town
from tests.simulation.attempting import step_of
from tests.simulation.reprinting import reprint_of
from tests.simulation.stores import Fault, Link, store_on
from tests.simulation.values import Ask


@dataclass
class Server:
    """One server process: it may die, and with it what it has not committed."""

    town: Town
    fault: Fault
    newest: int = 0
    """The time of its newest decision, as far as it remembers."""
    link: Link = field(default_factory=Link)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.newest = 0
        self.database = open_database(self.town.url)
        self.database.connect()
        if self.town.is_sqlite:
            self.database.execute_sql("PRAGMA synchronous = off")
        self.store = store_on(self.database, self.fault)
        self.store.link = self.link
        self.booker = Booker(self.store, self.town.clock)

    def stop(self) -> None:
        self.store.roll_back()
        self.database.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def reprint(self, ask: Ask) -> Operation:
        """Print a voucher again, unless the server dies before or after the commit."""
        operation = reprint_of(self.database, ask, self.town.clock, self.store.dies == "before")
        self.store.committed = True
        if self.store.dies == "after":
            raise StoreUnavailableError("died after the commit")
        return operation

    def attempt(self, ask: Ask) -> Operation:
        """Do a step of an attempt, unless the server dies before or after the commit."""
        operation = step_of(self.database, ask, self.town.clock, self.store.dies == "before")
        self.store.committed = True
        if self.store.dies == "after":
            raise StoreUnavailableError("died after the commit")
        return operation

    def stored(self, ask: Ask) -> Operation:
        """The operation that is kept of a request."""
        key = RequestKey(*ask.key)
        return self.store.operations([key])[key]
