"""Whether the master key is the one that the streets' secrets were sealed with."""

from peewee import Database

from server.secrets import Vault
from server.streets.tables import StreetKeyRow, StreetRow
from server.streets.uses import client_secret_use, key_use, secret_use


def check_master_key(database: Database, vault: Vault) -> None:
    """Open every street's secrets, so that a wrong master key is told at the start.

    Raises MasterKeyError.
    """
    streets: list[StreetRow] = list(StreetRow.select().execute(database))
    for street in streets:
        vault.open(bytes(street.sealed_client_secret), client_secret_use(street.issuer_id))
    keys: list[StreetKeyRow] = list(StreetKeyRow.select().execute(database))
    for key in keys:
        vault.open(bytes(key.sealed_key), key_use(key.issuer_id, key.key_id))
        vault.open(bytes(key.sealed_secret), secret_use(key.issuer_id, key.key_id))
