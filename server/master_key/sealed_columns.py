"""Every secret in the database, and what it is sealed for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from peewee import Database

from server.db.queries import change, rows
from server.master_key.uses import (
    client_secret_use,
    street_key_use,
    street_secret_use,
    voucher_key_use,
)
from server.secrets import Vault


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column whose values are sealed; NULL is no secret, as in a training ledger's streets."""

    table: str
    column: str
    row_key: tuple[str, ...]
    """The columns that tell a row."""
    use: Callable[..., str]
    """Returns what a row's value is sealed for."""


SEALED_COLUMNS = (
    SealedColumn("street", "sealed_client_secret", ("issuer_id",), client_secret_use),
    SealedColumn("street_key", "sealed_key", ("issuer_id", "key_id"), street_key_use),
    SealedColumn("street_key", "sealed_secret", ("issuer_id", "key_id"), street_secret_use),
    SealedColumn("voucher_key", "sealed_private_key", ("key_id",), voucher_key_use),
)


def holds_secrets(database: Database) -> bool:
    """Whether anything is sealed in the database."""
    return any(True for one in SEALED_COLUMNS for _ in _values(database, one))


def check_secrets(database: Database, vault: Vault) -> None:
    """Open every secret. Raises MasterKeyError where another key sealed one."""
    for one in SEALED_COLUMNS:
        for row_key, sealed in _values(database, one):
            vault.open(sealed, one.use(*row_key))


def seal_anew(database: Database, before: Vault, after: Vault) -> int:
    """Seal every secret with another key, and return how many; runs in a writing transaction.

    Raises MasterKeyError where `before` cannot open one.
    """
    count = 0
    for one in SEALED_COLUMNS:
        for row_key, sealed in _values(database, one):
            use = one.use(*row_key)
            conditions = " AND ".join(f"{name} = ?" for name in one.row_key)
            change(
                database,
                f"UPDATE {one.table} SET {one.column} = ? WHERE {conditions}",  # noqa: S608
                after.seal(before.open(sealed, use), use),
                *row_key,
            )
            count += 1
    return count


def _values(database: Database, one: SealedColumn) -> Iterator[tuple[tuple[Any, ...], bytes]]:
    names = ", ".join((*one.row_key, one.column))
    order = ", ".join(one.row_key)
    for row in rows(database, f"SELECT {names} FROM {one.table} ORDER BY {order}"):  # noqa: S608
        if row[-1] is not None:
            yield row[:-1], bytes(row[-1])
