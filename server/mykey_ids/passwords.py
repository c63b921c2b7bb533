"""My Page passwords at a terminal: whoever tries wrong ones waits longer and longer (SEC-3).

A holder who ties a new card may be anyone with a card and its PIN: each attempt has three tries,
and a terminal's further ones wait as wrong voucher numbers do (VCH-2), so that nobody's MyKey ID
can be locked by another.
"""

from peewee import Database

from server.callers.guessing import Guessed
from server.db.queries import rows
from server.ledger.values import Refusal
from server.mykey_ids.errors import MykeyReason

TRIES_MAX = 3
"""In one attempt."""
GUESSED_PASSWORDS = Guessed(
    "wrong_mykey_password",
    MykeyReason.MYKEY_PASSWORD_WRONG,
    lambda seconds: Refusal(MykeyReason.TOO_MANY_WRONG_PASSWORDS, {"retry_seconds": seconds}),
)
_HASH = """SELECT p.password_hash FROM citizen z JOIN citizen_profile p
    ON p.citizen_id = z.citizen_id WHERE z.mykey_id = ?"""


def password_hash_of(database: Database, mykey_id: str) -> str | None:
    """Return the hash of a MyKey ID's password; None where there is none."""
    found = rows(database, _HASH, mykey_id)
    return str(found[0][0]) if found else None
