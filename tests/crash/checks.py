"""What clients were told, beside what is in the ledger."""

import subprocess
import sys

from jichipoint.v1 import merging_pb2

from tests.crash.load import CANCEL, CARDS, MERGE, SPEND, Journal
from tests.server.support import Town

KINDS = {SPEND: "SPEND", CANCEL: "CANCEL", MERGE: "MERGE"}


def check(town: Town, journal: Journal, granted: int) -> str:
    """Check that all that was answered is there once, and nothing else; return what verify says."""
    _check_answers(town, journal)
    _check_transactions(town, journal)
    _check_points(town, journal, granted)
    return _verified(town.url)


def _check_answers(town: Town, journal: Journal) -> None:
    kept = {
        (caller, request_id): (outcome, bytes(answer))
        for caller, request_id, outcome, answer in town.rows(
            "SELECT caller, request_id, outcome, answer FROM operation WHERE caller LIKE ?",
            "terminal:%",
        )
    }
    assert len(kept) == len(journal.entries), "decided was what nobody asked for, or not all"
    for entry in journal.entries:
        outcome, answer = kept[f"terminal:{entry.terminal_id}", entry.request_id]
        if entry.answer is None:
            assert outcome == "REFUSED"
            assert f'"{entry.refusal}"'.encode() in answer
        else:
            assert (outcome, answer) == ("BOOKED", entry.answer)


def _check_transactions(town: Town, journal: Journal) -> None:
    counted = dict(town.rows("SELECT kind, count(*) FROM ledger_transaction GROUP BY kind"))
    for method, kind in KINDS.items():
        booked = [entry for entry in journal.booked if entry.method == method]
        assert counted.get(kind, 0) == len(booked), kind
    files = {
        merging_pb2.MergeResponse.FromString(entry.answer).merge_file.content
        for entry in journal.booked
        if entry.method == MERGE and entry.answer is not None
    }
    assert {bytes(content) for (content,) in town.rows("SELECT content FROM merge")} == files


def _check_points(town: Town, journal: Journal, granted: int) -> None:
    for card in CARDS:
        of_card = [entry for entry in journal.entries if entry.card == card]
        assert granted - town.balance(card) == journal.points(of_card), card
    received = dict(
        town.rows(
            """SELECT a.kind, CAST(sum(e.points) AS BIGINT) FROM entry e
            JOIN account a USING (account_id) GROUP BY a.kind"""
        )
    )
    merged = [entry for entry in journal.entries if entry.method == MERGE]
    assert received.get("MERGED", 0) == journal.points(merged)
    assert received.get("SPENT", 0) == journal.points() - journal.points(merged)


def _verified(url: str) -> str:
    """Verify the ledger as its operator does."""
    line = [sys.executable, "-m", "server.cli", "ledger", "verify", "--database", url]
    result = subprocess.run(line, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.strip()
