"""Administrative queries: read beside the booking path, written once for all engines."""

from typing import Any

from peewee import Database

Row = tuple[Any, ...]


def rows(database: Database, query: str, *parameters: str | int | bytes | None) -> list[Row]:
    """Return the rows of a query whose parameters are written as ?."""
    text = query.replace("?", database.param)
    found: list[Row] = database.execute_sql(text, parameters).fetchall()
    return found


def change(database: Database, statement: str, *parameters: str | int | bytes | None) -> int:
    """Run a statement whose parameters are written as ?, and return how many rows it changed."""
    text = statement.replace("?", database.param)
    changed: int = database.execute_sql(text, parameters).rowcount
    return changed
