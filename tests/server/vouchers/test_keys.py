"""Signing keys: sealed, replaced, withdrawn."""

import pytest

from server.ledger.engines import writing
from server.secrets import MasterKeyError, Vault
from server.vouchers.keys import (
    VoucherKeyError,
    known_keys,
    make_key,
    signing_key,
    withdraw_key,
)
from tests.server.support import TestChance, Town


def test_the_newest_key_that_is_not_withdrawn_signs(town: Town) -> None:
    with town.database.connection_context(), writing(town.database):
        assert signing_key(town.database, town.vault).key_id == 1
        assert make_key(town.database, town.vault, town.chance, 5) == 2
        newest = signing_key(town.database, town.vault)
        assert newest.key_id == 2
        public = newest.private_key.public_key().public_bytes_raw()
        assert known_keys(town.database)[1].public_key == public
        withdraw_key(town.database, 2, 6)
        assert signing_key(town.database, town.vault).key_id == 1
        assert [one.withdrawn_at for one in known_keys(town.database)] == [None, 6]
        assert make_key(town.database, town.vault, town.chance, 7) == 3


def test_what_cannot_be_withdrawn(town: Town) -> None:
    with town.database.connection_context(), writing(town.database):
        with pytest.raises(VoucherKeyError, match="only key"):
            withdraw_key(town.database, 1, 1)
        with pytest.raises(VoucherKeyError, match="no key 0009"):
            withdraw_key(town.database, 9, 1)


def test_no_key_and_another_master_key(town: Town) -> None:
    with town.database.connection_context(), pytest.raises(MasterKeyError):
        signing_key(town.database, Vault(bytes(32), TestChance()))
    town.tamper("DELETE FROM voucher_key")
    with town.database.connection_context(), pytest.raises(VoucherKeyError, match="new-key"):
        signing_key(town.database, town.vault)


def test_the_private_key_lies_sealed(town: Town) -> None:
    with town.database.connection_context():
        private = signing_key(town.database, town.vault).private_key.private_bytes_raw()
    ((sealed,),) = town.rows("SELECT sealed_private_key FROM voucher_key")
    assert private not in bytes(sealed)
