"""What a seal is made of: an auditor finds the same hashes (LED-6)."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from server.db.engine import open_database
from server.ledger.booker import Booker
from server.ledger.sealing import BlockHash
from server.ledger.snapshot import snapshot
from server.ledger.whole import (
    KeptOperation,
    WholeEntry,
    WholeTransaction,
    all_transactions,
    transactions_from,
)
from server.upkeep.exporting import export_ledger
from tests.server.ledger.blocks import fill, sealed
from tests.server.support import (
    Town,
)

FORMATS = Path(__file__).parents[3] / "docs" / "formats.md"


@pytest.fixture
def filled(town: Town, booker: Booker) -> Town:
    fill(booker)
    return town


def netstring(content: bytes) -> bytes:
    return str(len(content)).encode() + b":" + content + b","


def auditor(lines: list[dict[str, Any]]) -> list[bytes]:
    """The hashes of an export's blocks, worked out from docs/formats.md alone."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for one in lines[1:-1]:
        tables.setdefault(one["table"], []).append(one["row"])
    transactions = {row["transaction_id"]: row for row in tables["ledger_transaction"]}
    operations = {row["transaction_id"]: row for row in tables["operation"]}
    accounts = {row["account_id"]: row for row in tables["account"]}
    lots = {row["lot_id"]: row for row in tables["lot"]}
    hashes, previous = [], bytes(32)
    for seal in tables["seal"]:
        fields: list[Any] = ["jichipoint-seal-1", previous]
        if seal["audit_hash"] is not None:
            audit_hash = base64.b64decode(seal["audit_hash"])
            fields = ["jichipoint-seal-2", previous, audit_hash]
        members = [
            transactions[number]
            for number in range(seal["first_transaction_id"], seal["last_transaction_id"] + 1)
        ]
        for row in members:
            referred = transactions.get(row["refers_to"], {"transaction_number": ""})
            operation = operations[row["transaction_id"]]
            entries = [e for e in tables["entry"] if e["transaction_id"] == row["transaction_id"]]
            names = ("transaction_id", "transaction_number", "kind", "booked_at", "booked_on")
            fields += [row[name] for name in names]
            fields += [row["caller"], row["subject"], referred["transaction_number"], row["reason"]]
            fields += [operation[name] for name in ("caller", "request_id", "method")]
            fields += [base64.b64decode(operation[name]) for name in ("fingerprint", "answer")]
            fields += [operation["decided_at"], len(entries)]
            for entry in sorted(entries, key=lambda e: int(e["sequence"])):
                account = accounts[entry["account_id"]]
                fields += [entry["sequence"], account["program_id"], account["kind"]]
                fields += [account["owner"], entry["points"]]
                lot = lots.get(entry["lot_id"])
                of_lot = ("lot_id", "points", "received_on", "last_good_day")
                fields += [lot[name] if lot else "" for name in of_lot]
        fields += [seal["first_transaction_id"], seal["last_transaction_id"], len(members)]
        fields.append(seal["sealed_at"])
        text = b"".join(
            netstring(field if isinstance(field, bytes) else str(field).encode())
            for field in fields
        )
        previous = hashlib.sha256(text).digest()
        hashes.append(previous)
    return hashes


def test_an_auditor_finds_the_same_hashes(filled: Town, tmp_path: Path) -> None:
    seals = sealed(filled, 3)
    export_ledger(filled.database, tmp_path / "ledger.jsonl")
    lines = (tmp_path / "ledger.jsonl").read_text("utf-8").splitlines()
    assert auditor([json.loads(line) for line in lines]) == [seal.hash for seal in seals]


VECTOR = (
    WholeTransaction(
        1, "2017123100001", "GRANT", 1514678400000000, "2017-12-31", "terminal:00010011",
        "MY123456", "", None, None, None,
        KeptOperation(
            "terminal:00010011", "0160aa2c-4800-7000-8000-000000000001", "Grant",
            bytes.fromhex("00ff"), b"2017123100001", 1514678400000000,
        ),
        (
            WholeEntry(1, -500, 1, "00000001", "ISSUED", "", None, None, None, None, None),
            WholeEntry(
                2, 500, 2, "00000001", "HELD", "1", 1, 2, 500, "2017-12-31", "2018-03-01"
            ),
        ),
    ),
    WholeTransaction(
        2, "2017123100002", "CANCEL", 1514678460000000, "2017-12-31", "terminal:00010011",
        "MY123456", "打ち間違い", 0, "2017123000009", "SPEND",
        KeptOperation(
            "terminal:00010011", "0160aa2d-3260-7000-8000-000000000002", "CancelSpend",
            b"", b"ok", 1514678460000000,
        ),
        (
            WholeEntry(
                1, 120, 2, "00000001", "HELD", "1", 1, 2, 500, "2017-12-31", "2018-03-01"
            ),
            WholeEntry(2, -120, 3, "00000001", "SPENT", "7", None, None, None, None, None),
        ),
    ),
)  # fmt: skip


def test_the_test_vector_of_the_docs() -> None:
    block = BlockHash(bytes(range(32)), None)
    for transaction in VECTOR:
        block.add(transaction)
    found = block.end(1, 2, 1514678520000000).hex()
    page = FORMATS.read_text("utf-8")
    (fields,) = (part for part in page.split("```") if part.startswith("\njichipoint-seal-1\n"))
    hexadecimal = {2: bytes(range(32)), 15: bytes.fromhex("00ff")}
    text = b"".join(
        netstring(hexadecimal.get(number, field.encode()))
        for number, field in enumerate(fields[1:-1].split("\n"), 1)
    )
    assert hashlib.sha256(text).hexdigest() == found
    assert found in page


def test_whole_transactions_are_read_alike(filled: Town) -> None:
    database = open_database(filled.url)
    with snapshot(database):
        everything = list(all_transactions(database))
        assert everything == list(transactions_from(database, 1, 100))
        assert everything[3:5] == list(transactions_from(database, 4, 2))
    assert [one.transaction_id for one in everything] == list(range(1, 9))
