"""The data key: made once, sealed with the master key, exchanged (SEC-4)."""

from typing import Any

import pytest
from peewee import Database

from server.db.queries import rows
from server.ledger.engines import writing
from server.master_key.data_key import (
    exchange_data_key,
    exchange_master_key,
    is_sealed_with,
    open_vault,
)
from server.master_key.sealed_columns import SEALED_COLUMNS, check_secrets, holds_secrets
from server.master_key.uses import client_secret_use
from server.secrets import MasterKeyError, Vault
from tests.server.support import CLIENT_SECRET, MASTER_KEY, STREET_1, Town

OTHER_KEY = b"o" * 32


@pytest.fixture
def database(town: Town) -> Any:
    with town.database.connection_context():
        yield town.database


def vault(town: Town, key: bytes = MASTER_KEY) -> Vault:
    return open_vault(town.database, key, town.chance, town.clock)


def client_secret(database: Database, opened: Vault) -> str:
    ((sealed,),) = rows(
        database, "SELECT sealed_client_secret FROM street WHERE issuer_id = ?", STREET_1
    )
    return opened.open(bytes(sealed), client_secret_use(STREET_1)).decode()


def exchange(town: Town, before: bytes, after: bytes) -> None:
    with writing(town.database):
        exchange_master_key(town.database, before, after, town.chance, town.clock)


def test_a_ledger_of_before_keeps_its_secrets(town: Town, database: Database) -> None:
    """They were sealed with the master key itself."""
    assert client_secret(database, vault(town)) == CLIENT_SECRET
    assert client_secret(database, vault(town)) == CLIENT_SECRET
    assert rows(database, "SELECT count(*) FROM data_key") == [(1,)]


def test_a_wrong_key_makes_no_data_key(town: Town, database: Database) -> None:
    with pytest.raises(MasterKeyError, match="sealed with another master key"):
        vault(town, OTHER_KEY)
    assert rows(database, "SELECT count(*) FROM data_key") == [(0,)]


def test_a_new_ledger_has_a_data_key_of_its_own(town: Town, database: Database) -> None:
    town.tamper("DELETE FROM street_key", "DELETE FROM street", "DELETE FROM voucher_key")
    assert not holds_secrets(database)
    opened = vault(town)
    sealed = opened.seal(b"x", "use")
    assert vault(town).open(sealed, "use") == b"x"
    with pytest.raises(MasterKeyError):
        Vault(MASTER_KEY, town.chance).open(sealed, "use")
    with pytest.raises(MasterKeyError):
        vault(town, OTHER_KEY)


def test_the_master_key_is_exchanged_and_servers_go_on(town: Town, database: Database) -> None:
    running = vault(town)
    exchange(town, MASTER_KEY, OTHER_KEY)
    assert client_secret(database, running) == CLIENT_SECRET
    assert client_secret(database, vault(town, OTHER_KEY)) == CLIENT_SECRET
    with pytest.raises(MasterKeyError):
        vault(town)
    assert is_sealed_with(database, OTHER_KEY, town.chance)
    assert not is_sealed_with(database, MASTER_KEY, town.chance)


def test_a_new_data_key_seals_every_secret_anew(town: Town, database: Database) -> None:
    before = vault(town)
    with writing(database):
        count = exchange_data_key(database, MASTER_KEY, OTHER_KEY, town.chance, town.clock)
    assert count == 4 + 4 * 2 + 1, "four streets, a key each, and the voucher key"
    check_secrets(database, vault(town, OTHER_KEY))
    with pytest.raises(MasterKeyError):
        check_secrets(database, before)
    assert rows(database, "SELECT count(*) FROM data_key") == [(1,)]


def test_an_exchange_that_fails_changes_nothing(town: Town, database: Database) -> None:
    vault(town)
    before = town.dump()
    with pytest.raises(MasterKeyError):
        exchange(town, OTHER_KEY, b"x" * 32)
    with pytest.raises(MasterKeyError), writing(database):
        exchange_data_key(database, OTHER_KEY, b"x" * 32, town.chance, town.clock)
    assert town.dump() == before


def test_every_sealed_column_of_the_schema_is_known(database: Database) -> None:
    known = {(one.table, one.column) for one in SEALED_COLUMNS} | {("data_key", "sealed_key")}
    there = {
        (table, column.name)
        for table in database.get_tables()
        for column in database.get_columns(table)
        if column.name.startswith("sealed_") and column.name != "sealed_at"
    }
    assert there == known
