"""What clients were told, beside what is in the ledger."""

import subprocess
import sys
from collections import Counter

from jichipoint.v1 import merging_pb2

from tests.crash.load import (
    CANCEL,
    CARDS,
    ISSUERS,
    MERGE,
    REGISTER,
    REGISTERED_CARDS,
    SPEND,
    Journal,
)
from tests.server.support import Town

KINDS = {SPEND: "SPEND", CANCEL: "CANCEL", MERGE: "MERGE"}


def check(town: Town, journal: Journal, granted: int) -> str:
    """Check that all that was answered is there once, and nothing else; return what verify says."""
    _check_answers(town, journal)
    _check_transactions(town, journal)
    _check_points(town, journal, granted)
    _check_registrations(town, journal)
    _check_numbers(town, journal)
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
            expected = "REGISTERED" if entry.method == REGISTER else "BOOKED"
            assert (outcome, answer) == (expected, entry.answer)


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


def _check_registrations(town: Town, journal: Journal) -> None:
    """What clients were told is kept once for each request, and nothing else is."""
    kept = town.rows(
        """SELECT e.caller, e.request_id, e.issuer_id, e.customer_id, e.replaces, z.mykey_id
        FROM service_id_event e JOIN citizen z USING (citizen_id)"""
    )
    told = [
        (
            f"terminal:{entry.terminal_id}",
            entry.request_id,
            ISSUERS[entry.terminal_id],
            answer.customer_id,
            answer.replaced or None,
            answer.mykey_id,
        )
        for entry, answer in journal.registered()
    ]
    assert sorted(kept, key=repr) == sorted(told, key=repr)
    half = town.rows(
        """SELECT s.issuer_id, s.customer_id FROM service_id s
        WHERE s.registered_at > 0 AND NOT EXISTS (SELECT 1 FROM service_id_event e
            WHERE e.issuer_id = s.issuer_id AND e.customer_id = s.customer_id
            AND e.citizen_id = s.citizen_id AND e.registered_at = s.registered_at)"""
    )
    assert half == [], "a number stands there without its registration"


def _check_numbers(town: Town, journal: Journal) -> None:
    """Each holder's numbers followed one another, from the first to the one that stands now."""
    for terminal_id, issuer_id in ISSUERS.items():
        for card in REGISTERED_CARDS:
            answers = [
                answer
                for entry, answer in journal.registered()
                if (entry.terminal_id, entry.card) == (terminal_id, card)
            ]
            numbers = town.rows(
                """SELECT s.customer_id FROM service_id s JOIN certificate c USING (citizen_id)
                WHERE s.issuer_id = ? AND c.serial_number = ?""",
                issuer_id,
                card,
            )
            assert len(numbers) <= 1, "somebody has two numbers of one issuer"
            came = Counter(one.customer_id for one in answers if one.replaced)
            went = Counter(one.replaced for one in answers if one.replaced)
            first = [one for one in {*came, *went} if went[one] > came[one]]
            last = [one for one in {*came, *went} if came[one] > went[one]]
            assert len(first) == len(last) <= 1, (issuer_id, card, came, went)
            if last:
                assert numbers == [(last[0],)], (issuer_id, card, came, went)
            assert bool(answers) <= bool(numbers), "what was registered is gone"


def _verified(url: str) -> str:
    """Verify the ledger as its operator does."""
    line = [sys.executable, "-m", "server.cli", "ledger", "verify", "--database", url]
    result = subprocess.run(line, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.strip()
