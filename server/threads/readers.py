"""Reads beside the booking path: a few threads, each with a connection of its own."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from peewee import Database, PeeweeException

from server.db.troubles import Trouble
from server.ledger.engines import ensure_connected, open_reader
from server.ledger.sql_reader import SqlReader
from server.ledger.store import Reader, StoreUnavailableError, unavailable
from server.ledger.values import Key, Loader
from server.threads.turns import Bounds, Turns

T = TypeVar("T")

THREADS = 2
WAITING_MAX = 1000
"""Reads that wait for a thread; more are told to come again."""


class Readers:
    """Runs reads off the event loop."""

    def __init__(self, database: Database, loaders: Mapping[type[Key[Any]], Loader[Any]]) -> None:
        self._database = database
        self._loaders = loaders
        self._local = threading.local()
        self._pool = ThreadPoolExecutor(THREADS, "reader")
        self._turns = Turns(Bounds(THREADS, WAITING_MAX))

    async def read(self, work: Callable[[Reader], T]) -> T:
        """Run a read with the loaders.

        Raises what it raises, StoreUnavailableError, and QueueFullError.
        """
        return await self._run(lambda: work(self._reader()))

    async def query(self, work: Callable[[Database], T]) -> T:
        """Run an administrative query. Raises StoreUnavailableError and QueueFullError."""

        def run() -> T:
            self._reader()
            try:
                return work(self._database)
            except PeeweeException as error:
                raise unavailable(error) from error

        return await self._run(run)

    def stop(self) -> None:
        """Close the connections, once the reads that run are done."""
        every_thread = threading.Barrier(THREADS)
        for _ in range(THREADS):
            self._pool.submit(self._close, every_thread)
        self._pool.shutdown()

    async def _run(self, work: Callable[[], T]) -> T:
        async with self._turns.taken():
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, work)

    def _read(self, work: Callable[[], T]) -> T:
        """Read, and once more where that shows that the connection was lost meanwhile."""
        was_open = not self._database.is_closed()
        try:
            return work()
        except StoreUnavailableError as error:
            is_lost = was_open and not self._database.is_connection_usable()
            if error.trouble is Trouble.SILENT or not is_lost:
                raise
            return work()

    def _reader(self) -> SqlReader:
        """Return the thread's reader, on a connection that is made again where it was lost."""
        reader: SqlReader | None = getattr(self._local, "reader", None)
        is_new = reader is None or not self._database.is_connection_usable()
        try:
            ensure_connected(self._database)
        except PeeweeException as error:
            raise unavailable(error) from error
        if reader is None or is_new:
            reader = self._local.reader = open_reader(self._database, self._loaders)
        return reader

    def _close(self, every_thread: threading.Barrier) -> None:
        every_thread.wait()
        if getattr(self._local, "reader", None) is not None:
            self._database.close()
            self._local.reader = None
