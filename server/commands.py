"""What the commands of jichipoint-server share: opening the ledger, and saying what is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from peewee import Database, PeeweeException

from server.db.engine import open_existing
from server.db.errors import UnusableDatabaseError, one_line
from server.ledger.engines import writing
from server.ledger.snapshot import check_schema


@contextmanager
def reading(url: str) -> Iterator[Database]:
    """Open a ledger whose schema is this version's. Raises UnusableDatabaseError."""
    opened = open_existing(url)
    with opened.connection_context():
        check_schema(opened)
        yield opened


@contextmanager
def changing(url: str) -> Iterator[Database]:
    """Open it as reading() does, and keep what is done, whole, or nothing of it."""
    with reading(url) as opened, writing(opened):
        yield opened


@contextmanager
def told_in_one_line(*errors: type[Exception]) -> Iterator[None]:
    """End the command with one line where the database fails, or one of these is raised."""
    own: tuple[type[Exception], ...] = (UnusableDatabaseError, *errors)
    try:
        yield
    except own as error:
        raise click.ClickException(str(error)) from error
    except PeeweeException as error:
        raise click.ClickException(one_line(error)) from error
