"""Whether the master key is the one that the streets' keys were sealed with."""

from peewee import Database

from server.merging.operations import key_use, secret_use
from server.merging.tables import StreetKeyRow
from server.secrets import Vault


def check_master_key(database: Database, vault: Vault) -> None:
    """Open every street's keys, so that a wrong master key is told at the start.

    Raises MasterKeyError.
    """
    rows: list[StreetKeyRow] = list(StreetKeyRow.select().execute(database))
    for row in rows:
        vault.open(bytes(row.sealed_key), key_use(row.issuer_id, row.key_id))
        vault.open(bytes(row.sealed_secret), secret_use(row.issuer_id, row.key_id))
