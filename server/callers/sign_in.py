"""Signing a terminal in: password, machine, session (TRM-4 to TRM-6, SEC-3)."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from peewee import Database

from server.callers.errors import TerminalReason
from server.callers.tables import SessionRow, TerminalRow
from server.chance import Chance
from server.db.queries import change
from server.ledger.values import Refusal

SESSION_LIFETIME = timedelta(hours=12)
"""A shop's day; then the terminal signs in again."""

_HASHER = PasswordHasher()
_HASH_OF_NOTHING = (
    "$argon2id$v=19$m=65536,t=3,p=4"
    "$5MXOywNQd7gkhZva8sGJsQ$uhFqabpbkoKH/JjaHtWINh9j7+6Upgw45DvOWAvU3gU"
)
"""Of "no terminal has this password", as costly as any other; verified for unknown IDs too, so
that the time taken tells nothing. Written down: each command would take a while to make one.
"""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session as its terminal is told about it."""

    token: str
    token_hash: bytes
    terminal_id: str
    expires_at: int
    """Microseconds since 1970-01-01T00:00:00Z."""


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password."""
    return _HASHER.hash(password)


def hash_token(token: str) -> bytes:
    """Return what is kept of a session token."""
    return hashlib.sha256(token.encode()).digest()


def find_terminal(database: Database, terminal_id: str) -> TerminalRow | None:
    """Return a terminal's row."""
    query = TerminalRow.select().where(TerminalRow.terminal_id == terminal_id)
    rows: list[TerminalRow] = list(query.execute(database))
    return rows[0] if rows else None


def fits_password(password_hash: str | None, password: str) -> bool:
    """Whether a password is the one of a hash; takes a while, also where there is no hash."""
    try:
        _HASHER.verify(password_hash or _HASH_OF_NOTHING, password)
    except VerifyMismatchError:
        return False
    return password_hash is not None


def check_password(terminal: TerminalRow | None, password: str) -> TerminalRow:
    """Return the terminal if the password is its own, or raise Refusal; takes a while."""
    fits = fits_password(terminal.password_hash if terminal else None, password)
    if terminal is None or not fits:
        raise Refusal(TerminalReason.SIGN_IN_REFUSED)
    return terminal


def bind_machine(database: Database, terminal: TerminalRow, machine_fingerprint: bytes) -> None:
    """Bind the machine at the first sign-in, and know it later; runs in the writer's thread.

    Raises Refusal where the terminal was withdrawn, is bound to another machine, or got another
    password since this one was verified.
    """
    _lock(database, terminal.terminal_id)
    current = find_terminal(database, terminal.terminal_id)
    if current is None or current.withdrawn_at is not None:
        raise Refusal(TerminalReason.TERMINAL_WITHDRAWN)
    if current.password_hash != terminal.password_hash:
        raise Refusal(TerminalReason.SIGN_IN_REFUSED)
    if current.machine_fingerprint is None:
        TerminalRow.update(machine_fingerprint=machine_fingerprint).where(
            TerminalRow.terminal_id == current.terminal_id
        ).execute(database)
    elif not is_bound_to(current, machine_fingerprint):
        raise Refusal(TerminalReason.MACHINE_NOT_BOUND)


def _lock(database: Database, terminal_id: str) -> None:
    """Keep other sign-ins, releases and new passwords of a terminal waiting until the commit."""
    change(database, "UPDATE terminal SET name = name WHERE terminal_id = ?", terminal_id)


def is_bound_to(terminal: TerminalRow, machine_fingerprint: bytes) -> bool:
    """Whether it is the terminal's own machine; a terminal without one has none."""
    bound = terminal.machine_fingerprint
    return bound is not None and hmac.compare_digest(bytes(bound), machine_fingerprint)


def new_session(
    database: Database,
    terminal_id: str,
    now: int,
    chance: Chance,
    *,
    person: str = "",
    prefix: str = "",
) -> NewSession:
    """Open a session for a terminal that may; runs in the writer's thread.

    `person` is who works there; `prefix` begins its token.
    """
    token = prefix + chance.bytes(32).hex()
    expires_at = now + SESSION_LIFETIME // timedelta(microseconds=1)
    session = NewSession(token, hash_token(token), terminal_id, expires_at)
    SessionRow.insert(
        token_hash=session.token_hash,
        terminal_id=session.terminal_id,
        signed_in_at=now,
        used_at=now,
        person=person,
        expires_at=expires_at,
    ).execute(database)
    return session


def note_uses(database: Database, uses: Mapping[bytes, int]) -> None:
    """Keep when sessions were used, by their tokens' hashes, as of the newest of them.

    Runs in the writer's thread, alone in its transaction.
    """
    if not uses:
        return
    newest = max(uses.values())
    places = ", ".join("?" * len(uses))
    change(
        database,
        f"UPDATE session SET used_at = ? WHERE used_at < ? AND token_hash IN ({places})",  # noqa: S608
        newest,
        newest,
        *uses,
    )


def end_session(database: Database, token_hash: bytes, now: int) -> None:
    """End a session for good."""
    SessionRow.update(ended_at=now).where(
        (SessionRow.token_hash == token_hash) & SessionRow.ended_at.is_null()
    ).execute(database)
