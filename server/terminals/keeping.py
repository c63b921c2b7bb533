"""What operators and municipalities do with terminals (TRM-5, TRM-9)."""

from dataclasses import dataclass

from peewee import Database

from server.callers.errors import TerminalReason
from server.callers.sessions import machine_name
from server.callers.sign_in import find_terminal, hash_password
from server.callers.tables import TerminalRow
from server.callers.values import TerminalClass
from server.chance import Chance
from server.db.queries import change, rows
from server.ledger.values import Refusal
from server.municipalities.tables import MunicipalityRow

SINGLY_ISSUED = (
    TerminalClass.GRANT,
    TerminalClass.MUNICIPALITY,
    TerminalClass.PARTNER,
    TerminalClass.OPERATOR,
)
"""Terminals that stand in no place; the others come from form I (TRM-2)."""
OF_A_MUNICIPALITY = (TerminalClass.GRANT, TerminalClass.MUNICIPALITY)
LETTERS_READ_OUT = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another when it is read out."""
PASSWORD_LENGTH = 16
TERMINAL_ID_MAX = 99_999_999


class TerminalError(Exception):
    """A terminal cannot be like this; the message says what to do."""


@dataclass(frozen=True, slots=True)
class KeptTerminal:
    """A terminal as its operator sees it; no secret is among it."""

    terminal_id: str
    terminal_class: str
    municipality_code: str | None
    name: str
    machine: str
    """The first bytes of its machine's fingerprint; empty where it has none."""
    is_withdrawn: bool
    open_sessions: int


def kept_terminals(database: Database, now: int) -> list[KeptTerminal]:
    """Return all terminals, by ID; `now` in microseconds."""
    found = rows(
        database,
        """SELECT t.terminal_id, t.terminal_class, t.municipality_code, t.name,
        t.machine_fingerprint, t.withdrawn_at IS NOT NULL,
        (SELECT count(*) FROM session s WHERE s.terminal_id = t.terminal_id
            AND s.ended_at IS NULL AND s.expires_at > ?)
        FROM terminal t ORDER BY t.terminal_id""",
        now,
    )
    return [
        KeptTerminal(
            terminal_id, of_class, code, name, machine_name(machine), bool(withdrawn), count
        )
        for terminal_id, of_class, code, name, machine, withdrawn, count in found
    ]


def add_terminal(
    database: Database,
    chance: Chance,
    terminal_class: TerminalClass,
    name: str,
    municipality_code: str | None,
) -> tuple[str, str]:
    """Add a terminal that stands in no place, and return its ID and password (TRM-9).

    Runs in a writing transaction. Raises TerminalError.
    """
    if (terminal_class in OF_A_MUNICIPALITY) != (municipality_code is not None):
        wants = "takes" if municipality_code is None else "takes no"
        raise TerminalError(f"a terminal of class {terminal_class} {wants} --municipality")
    if municipality_code is not None and not _is_municipality(database, municipality_code):
        raise TerminalError(f"there is no municipality {municipality_code}")
    (terminal_id,) = new_terminal_ids(database, 1)
    password = new_password(chance)
    TerminalRow.insert(
        terminal_id=terminal_id,
        terminal_class=terminal_class,
        municipality_code=municipality_code,
        name=name,
        password_hash=hash_password(password),
    ).execute(database)
    return terminal_id, password


def new_terminal_ids(database: Database, count: int) -> list[str]:
    """Return so many IDs that follow the highest there is. Raises TerminalError."""
    ((newest,),) = rows(database, "SELECT coalesce(max(terminal_id), '00000000') FROM terminal")
    if int(newest) + count > TERMINAL_ID_MAX:
        raise TerminalError("there are not so many terminal IDs left")
    return [f"{number:08d}" for number in range(int(newest) + 1, int(newest) + 1 + count)]


def renew_password(database: Database, chance: Chance, terminal_id: str, now: int) -> str:
    """Give a terminal another password, end its sessions, and return the password.

    Runs in a writing transaction. Raises TerminalError.
    """
    _known(database, terminal_id)
    password = new_password(chance)
    TerminalRow.update(password_hash=hash_password(password)).where(
        TerminalRow.terminal_id == terminal_id
    ).execute(database)
    end_sessions(database, terminal_id, now)
    return password


def withdraw_terminal(database: Database, terminal_id: str, now: int) -> None:
    """Withdraw a terminal; what it had begun it can still bring to its end.

    Runs in a writing transaction. Raises TerminalError where it is unknown or withdrawn.
    """
    if _known(database, terminal_id).withdrawn_at is not None:
        raise TerminalError(f"{terminal_id} is withdrawn already")
    TerminalRow.update(withdrawn_at=now).where(TerminalRow.terminal_id == terminal_id).execute(
        database
    )


def release_machine(
    database: Database, terminal_id: str, now: int, *, municipality_code: str | None = None
) -> list[bytes]:
    """Release a terminal from its machine, and return the hashes of the sessions that end.

    Only within a municipality where one is given. Runs in a writing transaction.
    Raises Refusal where there is no such terminal.
    """
    found = find_terminal(database, terminal_id)
    if found is None or municipality_code not in (None, found.municipality_code):
        raise Refusal(TerminalReason.TERMINAL_UNKNOWN)
    TerminalRow.update(machine_fingerprint=None).where(
        TerminalRow.terminal_id == terminal_id
    ).execute(database)
    return end_sessions(database, terminal_id, now)


def end_sessions(database: Database, terminal_id: str, now: int) -> list[bytes]:
    """End all sessions of a terminal, and return their hashes; runs in a writing transaction."""
    is_open = "terminal_id = ? AND ended_at IS NULL"
    found = rows(database, f"SELECT token_hash FROM session WHERE {is_open}", terminal_id)  # noqa: S608
    change(database, f"UPDATE session SET ended_at = ? WHERE {is_open}", now, terminal_id)  # noqa: S608
    return [bytes(token_hash) for (token_hash,) in found]


def new_password(chance: Chance) -> str:
    """Return a random password (about 79 bits), in groups that can be read out."""
    letters = [_letter(chance) for _ in range(PASSWORD_LENGTH)]
    groups = ("".join(letters[first : first + 4]) for first in range(0, PASSWORD_LENGTH, 4))
    return "-".join(groups)


def _letter(chance: Chance) -> str:
    """Return one of the characters, each as likely as the others."""
    count = len(LETTERS_READ_OUT)
    while (drawn := chance.bytes(1)[0]) >= 256 // count * count:
        pass
    return LETTERS_READ_OUT[drawn % count]


def _known(database: Database, terminal_id: str) -> TerminalRow:
    found = find_terminal(database, terminal_id)
    if found is None:
        raise TerminalError(f"there is no terminal {terminal_id}")
    return found


def _is_municipality(database: Database, code: str) -> bool:
    query = MunicipalityRow.select().where(MunicipalityRow.municipality_code == code)
    return bool(list(query.execute(database)))
