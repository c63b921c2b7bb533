"""The key that a new ledger needs before it can issue vouchers."""

from peewee import Database

from server.chance import Chance
from server.clock import Clock, Moment
from server.ledger.engines import writing
from server.secrets import Vault
from server.vouchers.keys import known_keys, make_key, signing_key


def ensure_key(database: Database, vault: Vault, chance: Chance, clock: Clock, key_id: int) -> None:
    """Make the ledger's first key where it has none; else see that it can be opened.

    The calling thread's connection is open. Raises MasterKeyError where another master key
    sealed it.
    """
    now = Moment.of(clock.now()).microseconds
    with writing(database):
        if not known_keys(database):
            make_key(database, vault, chance, now, key_id=key_id)
    signing_key(database, vault)
