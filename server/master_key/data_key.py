"""The data key: secrets are sealed with it, and it is sealed with the master key (SEC-4).

So the master key is exchanged without touching a secret, while servers run.
"""

from collections.abc import Callable

from peewee import Database, SqliteDatabase

from server.chance import Chance
from server.clock import Clock, Moment
from server.db.queries import change, rows
from server.ledger.engines import writing
from server.master_key.sealed_columns import check_secrets, holds_secrets, seal_anew
from server.secrets import KEY_BYTES, Vault

OpenVault = Callable[[Database], Vault]


def open_vault(database: Database, master_key: bytes, chance: Chance, clock: Clock) -> Vault:
    """Return the vault of a database; a database without a data key gets one.

    The calling thread's connection is open. Raises MasterKeyError where another master key
    was used before.
    """
    found = _data_key(database, master_key, chance)
    if found is None:
        with writing(database):
            _make_first(database, master_key, chance, clock)
        found = _data_key(database, master_key, chance)
    if found is None:
        raise AssertionError("the data key was stored, and is not there")
    return Vault(found, chance)


def existing_vault(database: Database, master_key: bytes, chance: Chance) -> Vault:
    """Return the vault as it would be opened, and change nothing. Raises MasterKeyError."""
    return Vault(_data_key(database, master_key, chance) or master_key, chance)


def exchange_master_key(
    database: Database, before: bytes, after: bytes, chance: Chance, clock: Clock
) -> None:
    """Seal the data key with another master key; running servers notice nothing of it.

    Runs in a writing transaction, in which the data key was made. Raises MasterKeyError.
    """
    _lock(database)
    data_key = _data_key(database, before, chance)
    if data_key is not None:
        _store(database, data_key, after, chance, clock)


def exchange_data_key(
    database: Database, before: bytes, after: bytes, chance: Chance, clock: Clock
) -> int:
    """Seal every secret with a new data key, for one that may be known to others.

    Runs in a writing transaction. Returns how many secrets there are. Servers that run cannot
    open them any more: stop them before. Raises MasterKeyError.
    """
    _lock(database)
    old = _data_key(database, before, chance)
    if old is None:
        return 0
    new = chance.bytes(KEY_BYTES)
    count = seal_anew(database, Vault(old, chance), Vault(new, chance))
    _store(database, new, after, chance, clock)
    return count


def is_sealed_with(database: Database, master_key: bytes, chance: Chance) -> bool:
    """Whether the database's data key is sealed with that master key."""
    newest = _newest(database)
    return newest is not None and Vault(master_key, chance).fits(newest[1], _use(newest[0]))


def _make_first(database: Database, master_key: bytes, chance: Chance, clock: Clock) -> None:
    """Make the first data key. Older versions sealed secrets with the master key itself."""
    if _newest(database) is not None:
        return  # another process was first
    data_key = chance.bytes(KEY_BYTES)
    if holds_secrets(database):
        check_secrets(database, Vault(master_key, chance))
        data_key = master_key
    _store(database, data_key, master_key, chance, clock)


def _store(
    database: Database, data_key: bytes, master_key: bytes, chance: Chance, clock: Clock
) -> None:
    newest = _newest(database)
    key_id = newest[0] + 1 if newest else 1
    sealed = Vault(master_key, chance).seal(data_key, _use(key_id))
    change(
        database,
        "INSERT INTO data_key (key_id, sealed_key, made_at) VALUES (?, ?, ?)",
        key_id,
        sealed,
        Moment.of(clock.now()).microseconds,
    )
    change(database, "DELETE FROM data_key WHERE key_id < ?", key_id)


def _data_key(database: Database, master_key: bytes, chance: Chance) -> bytes | None:
    newest = _newest(database)
    if newest is None:
        return None
    key_id, sealed = newest
    return Vault(master_key, chance).open(sealed, _use(key_id))


def _lock(database: Database) -> None:
    """Wait for transactions that opened the vault to seal with it; others wait for this one."""
    change(database, "UPDATE data_key SET made_at = made_at")


def _newest(database: Database) -> tuple[int, bytes] | None:
    shared = "" if isinstance(database, SqliteDatabase) else " FOR SHARE"
    query = "SELECT key_id, sealed_key FROM data_key ORDER BY key_id DESC LIMIT 1"
    found = rows(database, query + shared)
    return (int(found[0][0]), bytes(found[0][1])) if found else None


def _use(key_id: int) -> str:
    return f"data_key.key:{key_id}"
