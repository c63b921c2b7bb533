"""What a server is started with, without gRPC."""

from dataclasses import dataclass

from peewee import Database

from server.chance import Chance
from server.clock import Clock
from server.db.engine import open_database
from server.db.migrate import migrate
from server.ledger.snapshot import told
from server.master_key.data_key import open_vault
from server.master_key.sealed_columns import check_secrets
from server.secrets import Vault
from server.vouchers.keys import FIRST_KEY_ID
from server.vouchers.setting_up import ensure_key


@dataclass(frozen=True, slots=True)
class Ledger:
    """A migrated database, and the vault of the secrets in it."""

    database: Database
    vault: Vault


def open_ledger(
    url: str,
    master_key: bytes,
    clock: Clock,
    chance: Chance,
    *,
    first_voucher_key: int = FIRST_KEY_ID,
) -> Ledger:
    """Open a ledger for serving: its schema up to date, its keys made or seen to fit.

    Raises UnusableDatabaseError, and MasterKeyError where another key sealed its secrets.
    """
    database = open_database(url)
    migrate(database)
    with told(database, "cannot be used"), database.connection_context():
        vault = open_vault(database, master_key, chance, clock)
        check_secrets(database, vault)
        ensure_key(database, vault, chance, clock, first_voucher_key)
    return Ledger(database, vault)


def open_ready_ledger(url: str, data_key: bytes, chance: Chance) -> Ledger:
    """Open a ledger that another process has made ready with `open_ledger`.

    With the data key of that process's vault: the master key may have been exchanged since.
    """
    return Ledger(open_database(url), Vault(data_key, chance))
