"""Passwords, machines and sessions (TRM-5, SEC-3)."""

import hashlib

import pytest
from argon2 import extract_parameters
from peewee import Database

from server.callers.sign_in import (
    _HASH_OF_NOTHING,
    NewSession,
    bind_machine,
    check_password,
    end_session,
    find_terminal,
    fits_password,
    hash_password,
    new_session,
)
from server.callers.tables import SessionRow, TerminalRow
from server.clock import Moment
from server.ledger.values import Refusal
from tests.server.support import COUNTER, NOON, PASSWORD, WITHDRAWN, TestChance, Town

NOW = Moment.of(NOON).microseconds
MACHINE, OTHER_MACHINE = b"m" * 32, b"n" * 32
TWELVE_HOURS = 12 * 3600 * 1_000_000


@pytest.fixture
def database(town: Town) -> Database:
    town.database.connect()
    return town.database


def terminal(database: Database, terminal_id: str = COUNTER) -> TerminalRow:
    found = find_terminal(database, terminal_id)
    assert found is not None
    return found


def sign_in(
    database: Database, machine: bytes = MACHINE, chance: TestChance | None = None
) -> NewSession:
    bind_machine(database, terminal(database), machine)
    return new_session(database, COUNTER, NOW, chance or TestChance())


def test_a_password_is_kept_as_argon2id_with_its_own_salt() -> None:
    first, second = hash_password(PASSWORD), hash_password(PASSWORD)
    assert first.startswith("$argon2id$")
    assert first != second
    assert PASSWORD not in first


def test_an_unknown_terminal_costs_as_much_as_a_known_one() -> None:
    assert extract_parameters(_HASH_OF_NOTHING) == extract_parameters(hash_password(PASSWORD))
    assert fits_password(_HASH_OF_NOTHING, "no terminal has this password")


def test_the_right_password_is_let_in(database: Database) -> None:
    assert check_password(terminal(database), PASSWORD).terminal_id == COUNTER


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " ", PASSWORD.upper() + "x"])
def test_a_wrong_password_is_refused_as_an_unknown_terminal_is(
    database: Database, password: str
) -> None:
    assert find_terminal(database, "99999999") is None
    for row in (terminal(database), None):
        with pytest.raises(Refusal, match="SIGN_IN_REFUSED") as caught:
            check_password(row, password)
        assert caught.value.details == {}
    with pytest.raises(Refusal, match="SIGN_IN_REFUSED"):
        check_password(None, "no terminal has this password")


def test_the_first_sign_in_binds_the_machine(database: Database) -> None:
    assert terminal(database).machine_fingerprint is None
    sign_in(database)
    assert terminal(database).machine_fingerprint == MACHINE
    with pytest.raises(Refusal, match="MACHINE_NOT_BOUND"):
        sign_in(database, OTHER_MACHINE)
    assert terminal(database).machine_fingerprint == MACHINE


def test_only_the_hash_of_a_token_is_kept(database: Database) -> None:
    session = sign_in(database)
    (row,) = SessionRow.select().execute(database)
    assert bytes(row.token_hash) == hashlib.sha256(session.token.encode()).digest()
    assert (row.signed_in_at, row.expires_at) == (NOW, NOW + TWELVE_HOURS)
    assert len(bytes.fromhex(session.token)) == 32


def test_every_session_has_another_token(database: Database) -> None:
    chance = TestChance()
    tokens = {sign_in(database, chance=chance).token for _ in range(5)}
    assert len(tokens) == 5


def test_a_withdrawn_terminal_gets_no_session(database: Database) -> None:
    row = terminal(database, WITHDRAWN)
    with pytest.raises(Refusal, match="TERMINAL_WITHDRAWN"):
        bind_machine(database, row, MACHINE)
    assert not list(SessionRow.select().execute(database))


def test_a_terminal_withdrawn_since_its_password_was_checked(database: Database) -> None:
    row = terminal(database)
    TerminalRow.update(withdrawn_at=NOW).execute(database)
    with pytest.raises(Refusal, match="TERMINAL_WITHDRAWN"):
        bind_machine(database, row, MACHINE)


def test_a_session_ends_once(database: Database) -> None:
    session = sign_in(database)
    end_session(database, session.token_hash, NOW + 1)
    end_session(database, session.token_hash, NOW + 2)
    (row,) = SessionRow.select().execute(database)
    assert row.ended_at == NOW + 1
