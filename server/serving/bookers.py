"""Bookers as the server and its commands use them: with all loaders, and numbers of a ledger."""

from peewee import Database

from server.clock import Clock
from server.ledger.booker import Booker
from server.ledger.engines import open_store
from server.ledger.rules import DAILY, PRACTICE
from server.serving.loaders import LOADERS, Loaders


def open_booker(
    database: Database, clock: Clock, *, practice: bool = False, loaders: Loaders = LOADERS
) -> Booker:
    """Return a booker on the calling thread's open connection; `practice` is for training."""
    numbering = PRACTICE if practice else DAILY
    return Booker(open_store(database, loaders), clock, numbering=numbering)
