"""Checking that no transaction is missing, and that blocks are what was sealed."""

from collections.abc import Iterator

from peewee import Database

from server.db.queries import rows
from server.ledger.sealing import NO_HASH, BlockHash, Seal, all_seals
from server.ledger.whole import WholeTransaction
from server.wording import counted

_GAPS_BELOW = "SELECT next FROM counter WHERE name = 'transaction-gaps-below'"


class _Block:
    """A sealed block, and what was found of it."""

    def __init__(self, position: int, seal: Seal, before: Seal | None) -> None:
        self._position = position
        self.seal = seal
        self._previous_hash = before.hash if before else NO_HASH
        self._first = before.last_transaction_id + 1 if before else 1
        self._hash = BlockHash(self._previous_hash, seal.audit_hash)
        self._numbers: list[str] = []
        """The first one's and the newest one's."""

    def add(self, transaction: WholeTransaction) -> None:
        self._hash.add(transaction)
        self._numbers[1:] = [transaction.number]

    def fault(self, gaps_below: int) -> str | None:
        seal, found = self.seal, self._hash.transactions
        given = seal.last_transaction_id - seal.first_transaction_id + 1
        hashed = self._hash.end(seal.first_transaction_id, seal.last_transaction_id, seal.sealed_at)
        if seal.first_transaction_id != self._first or seal.previous_hash != self._previous_hash:
            return f"{self}: its seal does not follow the one before, the chain is broken"
        if found != seal.transactions:
            return f"{self}: {counted(seal.transactions, 'transaction')} sealed, {found} there"
        if found != given and seal.first_transaction_id >= gaps_below:
            return f"{self}: {given - found} transactions were missing when it was sealed"
        if hashed != seal.hash:
            return f"{self}: it is not what was sealed, it or its seal was changed"
        return None

    def __str__(self) -> str:
        seal = self.seal
        ids = f"IDs {seal.first_transaction_id} to {seal.last_transaction_id}"
        if not self._numbers:
            return f"block {self._position} ({ids})"
        numbers = f"transactions {self._numbers[0]} to {self._numbers[-1]}"
        return f"block {self._position} ({numbers}, {ids})"


class Order:
    """Goes along the transactions, and finds what is missing or not as it was sealed."""

    def __init__(self, database: Database) -> None:
        found = rows(database, _GAPS_BELOW)
        self._gaps_below: int = found[0][0] if found else 1
        """An older version left gaps in the IDs below this one."""
        self._seals = enumerate(all_seals(database), 1)
        self._following = 1
        self._block: _Block | None = None
        self._open_block(None)

    def faults_before(self, transaction: WholeTransaction) -> Iterator[str]:
        """Check what ends before a transaction."""
        newest = transaction.transaction_id
        while self._block is not None and self._block.seal.last_transaction_id < newest:
            yield from self._close_block(self._block)
        missing = newest - self._following
        if self._block is None and missing and newest >= self._gaps_below:
            told = (
                f"ID {newest - 1} is"
                if missing == 1
                else f"IDs {self._following} to {newest - 1} are"
            )
            yield f"transaction {told} missing, before transaction {transaction.number}"

    def add(self, transaction: WholeTransaction) -> None:
        """Go on behind a transaction."""
        self._following = transaction.transaction_id + 1
        if self._block is not None:
            self._block.add(transaction)

    def faults_at_end(self) -> Iterator[str]:
        """Check the blocks that have not ended when there is no transaction any more."""
        while self._block is not None:
            yield from self._close_block(self._block)

    def _close_block(self, block: _Block) -> Iterator[str]:
        fault = block.fault(self._gaps_below)
        self._following = block.seal.last_transaction_id + 1
        self._open_block(block.seal)
        if fault is not None:
            yield fault

    def _open_block(self, before: Seal | None) -> None:
        position, seal = next(self._seals, (0, None))
        self._block = _Block(position, seal, before) if seal is not None else None
