"""The trail is sealed in blocks that are chained, and chained with the ledger's (SEC-5, LED-6)."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from peewee import Database, IntegrityError

from server.audit import sealing
from server.audit.sealing import AuditSeal, insert_audit_seal, next_audit_seal
from server.audit.storing import ROWS_AT_ONCE, store_events
from server.audit.values import Event
from server.clock import Moment
from server.db.errors import UnusableDatabaseError
from server.db.queries import change
from server.ledger.booker import Booker
from server.ledger.engines import writing
from server.ledger.sealing import last_seal, seal_next
from server.upkeep.exporting import export_ledger
from server.upkeep.verify import verify
from tests.server.support import CARD_A, NOON, Town, grant_command, granted

NOW = Moment.of(NOON).microseconds
SECOND = 1_000_000
CALLER = "terminal:10000001"


def event(number: int = 0, **others: Any) -> Event:
    fields = Event(
        NOW + number,
        "terminal:10000001",
        "桜井",
        "00ff",
        "192.0.2.1",
        "A/B",
        "OK",
        "",
        f"n={number}",
    )
    return fields._replace(**others)


def store(database: Database, *events: Event) -> None:
    with writing(database):
        store_events(database, events)


def seal_trail(database: Database, now: int = NOW, **others: int) -> AuditSeal | None:
    seal = next_audit_seal(database, now, **others)
    if seal is not None:
        assert insert_audit_seal(database, seal)
    return seal


@pytest.fixture
def audited(town: Town, booker: Booker) -> Town:
    """A town with events 1 to 5, two of them in a block, between two blocks of the ledger."""
    granted(booker, grant_command(CARD_A, 500))
    with town.database.connection_context():
        seal_next(town.database, NOW)
        store(town.database, *map(event, range(5)))
        seal_trail(town.database, most=2, wait=0)
    granted(booker, grant_command(CARD_A, 10))
    with town.database.connection_context():
        seal_next(town.database, NOW)
    return town


def test_numbers_have_no_gap_whatever_is_stored_at_once(town: Town) -> None:
    with town.database.connection_context():
        store(town.database)
        store(town.database, event())
        store(town.database, *map(event, range(ROWS_AT_ONCE * 2 + 1)))
    ids = [number for (number,) in town.rows("SELECT event_id FROM audit_event ORDER BY 1")]
    assert ids == list(range(1, ROWS_AT_ONCE * 2 + 3))


def test_what_is_rolled_back_takes_no_number(town: Town) -> None:
    with town.database.connection_context():
        with pytest.raises(IntegrityError), writing(town.database):
            store_events(town.database, [event(times=0)])
        store(town.database, event())
    assert town.rows("SELECT event_id FROM audit_event") == [(1,)]
    assert verify(town.database).fault is None


def test_a_block_waits_until_it_is_full_or_old(town: Town) -> None:
    with town.database.connection_context():
        store(town.database, event(), event(1))
        assert next_audit_seal(town.database, NOW + 599 * SECOND) is None
        assert next_audit_seal(town.database, NOW + 600 * SECOND) is not None
        full = next_audit_seal(town.database, NOW, most=2)
    assert full is not None
    assert (full.first_event_id, full.last_event_id) == (1, 2)


def test_an_event_of_the_future_keeps_nothing_from_being_sealed(town: Town) -> None:
    with town.database.connection_context():
        store(town.database, event(3600 * SECOND), event(1))
        assert next_audit_seal(town.database, NOW) is not None


def test_seals_that_were_changed_end_sealing_with_a_word(town: Town) -> None:
    """A row that was put in front takes the place of the next."""
    with town.database.connection_context():
        store(town.database, event(), event(1))
        seal = seal_trail(town.database, most=1, wait=0)
    assert seal is not None
    zeros, ones, hashed = (
        f"x'{content.hex()}'" if town.is_sqlite else f"'\\x{content.hex()}'"
        for content in (bytes(32), b"1" * 32, seal.hash)
    )
    town.tamper(f"INSERT INTO audit_seal VALUES (0, 2, {hashed}, {zeros}, {ones}, 1)")  # noqa: S608
    with (
        town.database.connection_context(),
        pytest.raises(UnusableDatabaseError, match="ledger verify"),
    ):
        sealing.seal_trail(town.database, NOW)


def test_a_seal_is_stored_once(town: Town) -> None:
    with town.database.connection_context():
        store(town.database, event())
        seal = next_audit_seal(town.database, NOW, wait=0)
        assert seal is not None
        assert insert_audit_seal(town.database, seal)
        assert not insert_audit_seal(town.database, seal)
        assert next_audit_seal(town.database, NOW, wait=0) is None


def test_both_chains_name_each_other(audited: Town) -> None:
    found = verify(audited.database)
    assert (found.events, found.events_sealed, found.fault) == (5, 2, None)
    with audited.database.connection_context():
        last = last_seal(audited.database)
    ((ledger_hash, hashed),) = audited.rows("SELECT ledger_hash, hash FROM audit_seal")
    ((first_hash,), _) = audited.rows("SELECT hash FROM seal ORDER BY first_transaction_id")
    assert last is not None
    assert last.audit_hash == hashed
    assert ledger_hash == first_hash


CHANGED = {
    "an event's caller": (
        "UPDATE audit_event SET caller = 'x' WHERE event_id = 1",
        "what was sealed",
    ),
    "an event's count": ("UPDATE audit_event SET times = 2 WHERE event_id = 2", "what was sealed"),
    "a sealed event is gone": ("DELETE FROM audit_event WHERE event_id = 2", "event 2 is missing"),
    "the first is gone": ("DELETE FROM audit_event WHERE event_id = 1", "event 1 is missing"),
    "one in the tail is gone": ("DELETE FROM audit_event WHERE event_id = 4", "4 is missing"),
    "the newest is gone": ("DELETE FROM audit_event WHERE event_id = 5", "some are missing"),
    "the seal's time": ("UPDATE audit_seal SET sealed_at = 1", "they or their seal were changed"),
    "the seal is gone": ("DELETE FROM audit_seal", "seal of the audit trail that is not there"),
    "the ledger's seal is gone": (
        "DELETE FROM seal WHERE first_transaction_id = 1",
        "the chain is broken",
    ),
    "the audit hash of a block": ("UPDATE seal SET audit_hash = NULL", "not what was sealed"),
}


@pytest.mark.parametrize("what", CHANGED)
def test_what_was_changed_is_found(audited: Town, what: str) -> None:
    statement, fault = CHANGED[what]
    audited.tamper(statement)
    assert fault in str(verify(audited.database).fault)


def test_a_trail_that_was_sealed_anew_no_longer_fits_the_ledger(audited: Town) -> None:
    audited.tamper(
        "UPDATE audit_event SET result = 'x' WHERE event_id = 1", "DELETE FROM audit_seal"
    )
    with audited.database.connection_context():
        seal_trail(audited.database, most=2, wait=0)
    assert "seal of the audit trail that is not there" in str(verify(audited.database).fault)


def test_an_auditor_finds_the_same_hash(audited: Town, tmp_path: Path) -> None:
    """Worked out from docs/formats.md alone."""
    export_ledger(audited.database, tmp_path / "ledger.jsonl")
    lines = map(json.loads, (tmp_path / "ledger.jsonl").read_text("utf-8").splitlines())
    tables: dict[str, list[dict[str, Any]]] = {}
    for one in lines:
        if "table" in one:
            tables.setdefault(one["table"], []).append(one["row"])
    (seal,) = tables["audit_seal"]
    fields: list[Any] = ["jichipoint-audit-1", bytes(32), base64.b64decode(seal["ledger_hash"])]
    names = "event_id noted_at caller person machine address action result request_id subject times"
    for row in tables["audit_event"][:2]:
        fields += [row[name] for name in names.split()]
    fields += [seal["first_event_id"], seal["last_event_id"], seal["sealed_at"]]
    contents = [one if isinstance(one, bytes) else str(one).encode() for one in fields]
    hashed = hashlib.sha256(b"".join(b"%d:%b," % (len(one), one) for one in contents)).digest()
    assert base64.b64encode(hashed).decode() == seal["hash"]


def test_history_cannot_be_changed_by_the_way(audited: Town) -> None:
    with audited.database.connection_context(), pytest.raises(IntegrityError, match="history"):
        change(audited.database, "UPDATE audit_event SET result = 'OK'")
