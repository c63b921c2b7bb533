"""Seals: blocks in the order of commits, and what they give away (LED-6)."""

import pytest

from server.db.engine import open_database
from server.db.errors import UnusableDatabaseError
from server.ledger.booker import Booker
from server.ledger.sealing import NO_HASH, BlockHash
from server.ledger.whole import (
    transactions_from,
)
from server.upkeep.verify import verify
from tests.server.ledger.blocks import NOW, fill, inserting, reading, sealed
from tests.server.support import (
    CARD_A,
    CARD_B,
    Town,
    booked,
    cancel_command,
    capture_command,
    granted,
    hold_command,
    spend_command,
)


@pytest.fixture
def filled(town: Town, booker: Booker) -> Town:
    fill(booker)
    return town


def test_an_empty_ledger_has_nothing_to_seal(town: Town) -> None:
    assert sealed(town) == []


def test_blocks_follow_one_another(filled: Town, booker: Booker) -> None:
    first, second, third = sealed(filled, 3)
    assert [one[:3] for one in (first, second, third)] == [(1, 3, 3), (4, 6, 3), (7, 8, 2)]
    assert first.previous_hash == NO_HASH
    assert (second.previous_hash, third.previous_hash) == (first.hash, second.hash)
    booked(booker, spend_command(CARD_A, 1))
    (fourth,) = sealed(filled)
    assert fourth[:4] == (9, 9, 1, third.hash)
    assert sealed(filled) == []


def test_what_is_sealed_and_what_is_not_is_told(filled: Town) -> None:
    seal = reading(filled, 5)
    assert seal is not None
    inserting(filled, seal)
    found = verify(filled.database)
    assert (found.blocks, found.sealed, found.unsealed) == (1, 5, 3)
    assert (found.last_hash, found.fault) == (seal.hash, None)


def test_what_is_booked_later_leaves_sealed_blocks_as_they_are(
    filled: Town, booker: Booker
) -> None:
    sealed(filled)
    ((number,),) = filled.rows(
        "SELECT transaction_number FROM ledger_transaction WHERE transaction_id = 3"
    )
    booked(booker, cancel_command(number))
    (held,) = granted(booker, hold_command("BBBB2222", 10))
    sealed(filled)
    granted(booker, capture_command(held, 10))
    assert verify(filled.database).fault is None


# Who changes what is sealed


def blob(town: Town, content: bytes) -> str:
    return f"x'{content.hex()}'" if town.is_sqlite else f"'\\x{content.hex()}'"


CHANGED = {
    "points of two spends": (
        "UPDATE entry SET points = points * 2 / 3 WHERE transaction_id = 3",
        "UPDATE entry SET points = points * 3 / 2 WHERE transaction_id = 4",
    ),
    "entries of two spends": (
        "UPDATE entry SET transaction_id = 99 WHERE transaction_id = 3",
        "UPDATE entry SET transaction_id = 3 WHERE transaction_id = 5",
        "UPDATE entry SET transaction_id = 5 WHERE transaction_id = 99",
    ),
    "transaction_number": (
        """UPDATE ledger_transaction SET transaction_number = '2026070100030'
        WHERE transaction_id = 3""",
    ),
    "kind": ("UPDATE ledger_transaction SET kind = 'MOVE' WHERE transaction_id = 3",),
    "booked_at": (
        "UPDATE ledger_transaction SET booked_at = booked_at + 1 WHERE transaction_id = 3",
    ),
    "caller": ("UPDATE ledger_transaction SET caller = 'x' WHERE transaction_id = 3",),
    "subject": ("UPDATE ledger_transaction SET subject = 'BBBB2222' WHERE transaction_id = 3",),
    "reason": ("UPDATE ledger_transaction SET reason = 'x' WHERE transaction_id = 3",),
    "refers_to": ("UPDATE ledger_transaction SET refers_to = 3 WHERE transaction_id = 6",),
    "account of an entry": (
        "INSERT INTO account VALUES (90, '00000001', 'SPENT', '2')",
        "UPDATE counter SET next = 91 WHERE name = 'account'",
        "UPDATE entry SET account_id = 90 WHERE transaction_id = 3 AND lot_id IS NULL",
    ),
    "owner of an account": ("UPDATE account SET owner = '9' WHERE kind = 'SPENT'",),
    "lot's days": ("UPDATE lot SET received_on = '2026-01-01' WHERE lot_id = 1",),
    "lot's last day": ("UPDATE lot SET last_good_day = '2030-01-01' WHERE lot_id = 1",),
    "order of entries": (
        "UPDATE entry SET sequence = 9 WHERE transaction_id = 3 AND sequence = 1",
        "UPDATE entry SET sequence = 1 WHERE transaction_id = 3 AND sequence = 2",
        "UPDATE entry SET sequence = 2 WHERE transaction_id = 3 AND sequence = 9",
    ),
    "answer": ("UPDATE operation SET answer = {blob} WHERE transaction_id = 3",),
    "fingerprint": ("UPDATE operation SET fingerprint = {blob} WHERE transaction_id = 3",),
    "method": ("UPDATE operation SET method = 'x' WHERE transaction_id = 3",),
    "request ID": ("UPDATE operation SET request_id = 'x' WHERE transaction_id = 3",),
    "asker": ("UPDATE operation SET caller = 'x' WHERE transaction_id = 3",),
    "decided_at": ("UPDATE operation SET decided_at = 1 WHERE transaction_id = 3",),
}
FIRST_BLOCK = "block 1 (transactions 2026070100001 to 2026070100006, IDs 1 to 6)"
SECOND_BLOCK = "block 2 (transactions 2026070100007 to 2026070100008, IDs 7 to 8)"
NOT_AS_SEALED = "it is not what was sealed, it or its seal was changed"


@pytest.mark.parametrize("what", CHANGED)
def test_a_change_that_only_the_seal_gives_away(filled: Town, what: str) -> None:
    sealed(filled, 6)
    filled.tamper(*(one.replace("{blob}", blob(filled, b"x")) for one in CHANGED[what]))
    assert verify(filled.database).fault == f"{FIRST_BLOCK}: {NOT_AS_SEALED}"
    filled.tamper("DELETE FROM seal")
    assert verify(filled.database).fault is None


WITHOUT = """DELETE FROM operation WHERE transaction_id = {0};
    DELETE FROM entry WHERE transaction_id = {0};
    DELETE FROM ledger_transaction WHERE transaction_id = {0}"""


def delete(town: Town, transaction_id: int, lot_id: int, points: int) -> None:
    """Take a spend away with all its traces."""
    statements = WITHOUT.format(transaction_id).split(";")
    back = f"UPDATE lot SET remaining = remaining + {points} WHERE lot_id = {lot_id}"  # noqa: S608
    town.tamper(*statements, back)


def test_a_transaction_missing_from_a_block_is_found(filled: Town) -> None:
    sealed(filled, 6)
    delete(filled, 4, 1, 20)
    fault = f"{FIRST_BLOCK}: 6 transactions sealed, 5 there"
    assert verify(filled.database).fault == fault


def test_a_block_that_is_missing_whole_is_found(filled: Town) -> None:
    sealed(filled, 6)
    for transaction_id in (7, 8):
        filled.tamper(*WITHOUT.format(transaction_id).split(";"), "DELETE FROM hold")
    fault = "block 2 (IDs 7 to 8): 2 transactions sealed, 0 there"
    assert verify(filled.database).fault == fault


def test_the_newest_transaction_missing_from_the_tail_is_found(
    filled: Town, booker: Booker
) -> None:
    sealed(filled)
    booked(booker, spend_command(CARD_B, 10))
    delete(filled, 9, 2, 10)
    assert verify(filled.database).fault == "the newest transactions are missing: ID 9"


def test_a_transaction_missing_before_it_is_sealed_stays_found(
    filled: Town, booker: Booker
) -> None:
    delete(filled, 4, 1, 20)
    missing = "transaction ID 4 is missing, before transaction 2026070100005"
    assert verify(filled.database).fault == missing
    sealed(filled, 5)
    fault = f"{FIRST_BLOCK}: 1 transactions were missing when it was sealed"
    assert verify(filled.database).fault == fault


CHANGED_SEALS = {
    "sealed_at": (
        "UPDATE seal SET sealed_at = 1 WHERE first_transaction_id = 1",
        f"{FIRST_BLOCK}: {NOT_AS_SEALED}",
    ),
    "hash": (
        "UPDATE seal SET hash = {hash} WHERE first_transaction_id = 7",
        f"{SECOND_BLOCK}: {NOT_AS_SEALED}",
    ),
    "previous_hash": (
        "UPDATE seal SET previous_hash = {hash} WHERE first_transaction_id = 7",
        f"{SECOND_BLOCK}: its seal does not follow the one before, the chain is broken",
    ),
    "the first one's previous_hash": (
        "UPDATE seal SET previous_hash = {hash} WHERE first_transaction_id = 1",
        f"{FIRST_BLOCK}: its seal does not follow the one before, the chain is broken",
    ),
    "transactions": (
        "UPDATE seal SET transactions = 5 WHERE first_transaction_id = 1",
        f"{FIRST_BLOCK}: 5 transactions sealed, 6 there",
    ),
    "last_transaction_id": (
        "UPDATE seal SET last_transaction_id = 7 WHERE first_transaction_id = 1",
        "block 1 (transactions 2026070100001 to 2026070100007, IDs 1 to 7): "
        "6 transactions sealed, 7 there",
    ),
    "first_transaction_id": (
        "UPDATE seal SET first_transaction_id = 6, transactions = 3 WHERE transactions = 2",
        "block 2 (transactions 2026070100007 to 2026070100008, IDs 6 to 8): "
        "its seal does not follow the one before, the chain is broken",
    ),
    "a seal taken out": (
        "DELETE FROM seal WHERE first_transaction_id = 1",
        "block 1 (transactions 2026070100001 to 2026070100008, IDs 7 to 8): "
        "its seal does not follow the one before, the chain is broken",
    ),
}


@pytest.mark.parametrize("what", CHANGED_SEALS)
def test_a_seal_that_was_changed_is_found(filled: Town, what: str) -> None:
    sealed(filled, 6)
    statement, fault = CHANGED_SEALS[what]
    filled.tamper(statement.replace("{hash}", blob(filled, b"x" * 32)))
    assert verify(filled.database).fault == fault


def seal_anew(town: Town, first: int, most: int, previous_hash: bytes) -> bytes:
    """What whoever can write the database can do: seal a changed block again."""
    database = open_database(town.url)
    block, last = BlockHash(previous_hash, None), 0
    with database.connection_context():
        for transaction in transactions_from(database, first, most):
            block.add(transaction)
            last = transaction.transaction_id
    made = block.end(first, last, NOW)
    town.tamper(
        f"""UPDATE seal SET hash = {blob(town, made)}, previous_hash = {blob(town, previous_hash)}
        WHERE first_transaction_id = {first}"""  # noqa: S608
    )
    return made


def test_a_block_that_was_sealed_anew_breaks_the_chain_at_the_next(filled: Town) -> None:
    sealed(filled, 6)
    last_hash = verify(filled.database).last_hash
    filled.tamper(*CHANGED["subject"])
    made = seal_anew(filled, 1, 6, NO_HASH)
    chain = f"{SECOND_BLOCK}: its seal does not follow the one before, the chain is broken"
    assert verify(filled.database).fault == chain
    seal_anew(filled, 7, 2, made)
    found = verify(filled.database)
    assert found.fault is None, "a chain made anew from there on agrees with itself"
    assert found.last_hash != last_hash, "whoever noted the last hash sees it"


def test_a_chain_that_was_tampered_with_is_not_gone_on_with(filled: Town) -> None:
    *_, last = sealed(filled, 4)
    with filled.booker() as booker:
        booked(booker, spend_command(CARD_A, 1))
    filled.tamper(
        f"UPDATE seal SET previous_hash = {blob(filled, last.hash)} "  # noqa: S608
        "WHERE first_transaction_id = 1"
    )
    with pytest.raises(UnusableDatabaseError, match="run jichipoint-server ledger verify"):
        sealed(filled)
