"""The keys that vouchers are signed with: kept sealed, one of them in use."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from peewee import Database

from server.chance import Chance
from server.db.queries import change, rows
from server.master_key.uses import voucher_key_use
from server.secrets import Vault
from server.vouchers.codes import SigningKey

TRAINING_KEY_ID = 0
FIRST_KEY_ID = 1
KEY_ID_MAX = 9999


class VoucherKeyError(Exception):
    """A key cannot be made or withdrawn; the message says why."""


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key as everyone may know it."""

    key_id: int
    public_key: bytes
    made_at: int
    withdrawn_at: int | None
    """Both in microseconds since 1970-01-01T00:00:00Z."""


def known_keys(database: Database) -> list[KnownKey]:
    """Return all keys, oldest first."""
    query = "SELECT key_id, public_key, made_at, withdrawn_at FROM voucher_key ORDER BY key_id"
    return [
        KnownKey(key_id, bytes(public_key), made_at, withdrawn_at)
        for key_id, public_key, made_at, withdrawn_at in rows(database, query)
    ]


def signing_key(database: Database, vault: Vault) -> SigningKey:
    """Return the newest key that was not withdrawn. Raises VoucherKeyError, MasterKeyError."""
    found = rows(
        database,
        """SELECT key_id, sealed_private_key FROM voucher_key WHERE withdrawn_at IS NULL
        ORDER BY key_id DESC LIMIT 1""",
    )
    if not found:
        raise VoucherKeyError("there is no key to sign vouchers with: vouchers new-key makes one")
    ((key_id, sealed),) = found
    opened = vault.open(bytes(sealed), voucher_key_use(key_id))
    return SigningKey(key_id, Ed25519PrivateKey.from_private_bytes(opened))


def make_key(
    database: Database, vault: Vault, chance: Chance, now: int, *, key_id: int | None = None
) -> int:
    """Add a key and return its ID; from now on vouchers are signed with it.

    With `key_id` nothing is done where that key is there already. Runs in a writing
    transaction. Raises VoucherKeyError where all IDs are used.
    """
    if key_id is None:
        ((newest,),) = rows(database, "SELECT coalesce(max(key_id), 0) FROM voucher_key")
        key_id = int(newest) + 1
    if key_id > KEY_ID_MAX:
        raise VoucherKeyError(f"all {KEY_ID_MAX} key IDs are used")
    private = chance.bytes(32)
    public = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    change(
        database,
        """INSERT INTO voucher_key (key_id, public_key, sealed_private_key, made_at)
        VALUES (?, ?, ?, ?) ON CONFLICT (key_id) DO NOTHING""",
        key_id,
        public,
        vault.seal(private, voucher_key_use(key_id)),
        now,
    )
    return key_id


def withdraw_key(database: Database, key_id: int, now: int) -> None:
    """Withdraw a key: what it signed is not taken without network any more.

    Runs in a writing transaction. Raises VoucherKeyError where it is none that can be
    withdrawn, or the only one left.
    """
    good = [one.key_id for one in known_keys(database) if one.withdrawn_at is None]
    if key_id not in good:
        raise VoucherKeyError(f"there is no key {key_id:04} that could be withdrawn")
    if good == [key_id]:
        raise VoucherKeyError(f"{key_id:04} is the only key: make another one first")
    change(database, "UPDATE voucher_key SET withdrawn_at = ? WHERE key_id = ?", now, key_id)
