"""A town with something in every table that is carried, and its export as lines."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from server.audit.sealing import insert_audit_seal, next_audit_seal
from server.audit.storing import store_events
from server.audit.values import Event
from server.callers.certificates import tie
from server.callers.guessing import add_strike
from server.citizens.values import Citizen
from server.db.queries import change, rows
from server.ledger.booker import Booker
from server.ledger.engines import writing
from server.ledger.sealing import seal_next
from server.ledger.values import Outcome, RequestKey
from server.merging.operations import MergeCommand
from server.merging.states import MergeEvent, note
from server.mykey_ids.joining import JoinMykeyIdsCommand
from server.mykey_ids.values import Purpose
from server.operations.settling import SettleCommand
from server.points.cards import MyNumberCard
from server.points.operations import Use
from server.points.rules import Shown
from server.service_ids.address_notices import give_notices, import_signature_renewals
from server.service_ids.values import CardServiceIdKey
from server.timekeeping.notes import store_note
from server.timekeeping.values import Note, NoteKind
from server.upkeep.exporting import export_ledger
from server.vouchers.reprinting import reprint
from tests.server.registrations import (
    NEW_CARD,
    begin,
    change_command,
    create_command,
    registered,
    reserve,
    service_id_command,
)
from tests.server.support import (
    CARD_A,
    CARD_B,
    COUNTER,
    MUNICIPAL,
    MYKEY,
    STREET_1,
    STREET_POINT_IDS,
    TODAY,
    VOUCHER,
    Town,
    booked,
    cancel_command,
    capture_command,
    correct_command,
    decided,
    grant_command,
    granted,
    hold_command,
    issue_command,
    new_request_id,
    redeem_command,
    refused,
    release_command,
    signing_key_of,
    spend_command,
)

NOW = 1_782_874_800_000_000


def event(result: str) -> Event:
    return Event(NOW, "terminal:10000001", "桜井", "00", "192.0.2.1", "A/B", result, "", "x=1")


def merge_command(town: Town, points: int) -> MergeCommand:
    use = Use(COUNTER, MyNumberCard(CARD_A), Shown(MYKEY[CARD_A], TODAY), MUNICIPAL, points)
    return MergeCommand(
        RequestKey(f"terminal:{COUNTER}", new_request_id()),
        b"merge",
        use,
        CardServiceIdKey(STREET_1, CARD_A),
        STREET_POINT_IDS[STREET_1],
        bytes(range(16)),
        bytes(range(16)),
        town.vault,
        lambda merged: merged.record.content if merged.record else b"",
    )


def fill(town: Town, booker: Booker) -> None:
    """Book transactions 1 to 14, the first five of them in a sealed block."""
    granted(booker, grant_command(CARD_A, 500), grant_command(CARD_B, 300))
    first = booked(booker, spend_command(CARD_A, 120))
    booked(booker, cancel_command(first["transaction_number"]))
    refused(booker, spend_command(CARD_B, 301))
    decided(booker, SettleCommand(RequestKey("x", new_request_id())))
    (merged,) = decided(booker, merge_command(town, 40))
    assert merged.outcome == Outcome.BOOKED
    with town.database.connection_context(), writing(town.database):
        ((transaction_id,),) = rows(town.database, "SELECT transaction_id FROM merge")
        note(town.database, [transaction_id], MergeEvent.ACKNOWLEDGED, NOW, "issuer:000002")
    timeout = timedelta(days=2)
    holds = [granted(booker, hold_command("BBBB2222", 10, timeout=timeout))[0] for _ in range(3)]
    granted(booker, capture_command(holds[0], 4), release_command(holds[1]))
    key = signing_key_of(town)
    issues = [booked(booker, issue_command(key, CARD_A, points)) for points in (30, 20)]
    number = issues[0]["voucher"]["voucher_number"]
    booked(booker, redeem_command(number))
    booked(booker, correct_command(number, 2))
    with town.database.connection_context(), writing(town.database):
        request = RequestKey(f"terminal:{VOUCHER}", new_request_id())
        reprint(town.database, request, issues[1]["transaction_number"], NOW)
        add_strike(town.database, "wrong_voucher_number", VOUCHER, NOW)
    register(town, booker)
    with town.database.connection_context(), writing(town.database):
        store_events(town.database, [event("OK"), event("SIGN_IN_REFUSED"), event("OK")])
        trail = next_audit_seal(town.database, NOW, wait=0, most=2)
        assert trail is not None
        insert_audit_seal(town.database, trail)
        change(town.database, "INSERT INTO data_key VALUES (1, ?, 1)", b"sealed")
        tie(town.database, bytes(32), "issuer:000002", NOW)
        store_note(town.database, Note(NoteKind.RAN, NOW, TODAY, 14, "nightly-run"))
    with town.database.connection_context():
        seal_next(town.database, NOW, 5)
    town.tamper(
        "UPDATE place SET collecting_place_id = 3 WHERE place_id = 1",
        "UPDATE certificate SET renews = 'B2' WHERE serial_number = 'A1'",
    )


def register(town: Town, booker: Booker) -> None:
    """Make a MyKey ID and change it, register a number, and give notice; no points move."""
    made = begin(town, Purpose.CREATE)
    assert reserve(town, made, "NEWONE22")
    registered(booker, create_command(made, "NEWONE22"))
    changed = begin(town, Purpose.CHANGE, citizen_id=made.citizen_id)
    assert reserve(town, changed, "NEWTWO22")
    registered(booker, change_command(changed, "NEWTWO22"))
    double = Citizen(4, "DDDD4444", mykey_id_revoked=False)
    join = RequestKey("join-mykey-ids", new_request_id())
    registered(booker, JoinMykeyIdsCommand(join, "EEEE5555", double, "窓口で確認"))
    number = service_id_command("987654321", NEW_CARD, signature="0A0001")
    registered(booker, number)
    with town.database.connection_context(), writing(town.database):
        add_strike(town.database, "wrong_mykey_password", COUNTER, NOW)
        import_signature_renewals(town.database, [("0A0003", "0A0002")])
        assert give_notices(town.database, {"0A0001"}, NOW) == 1


def content(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def rows_of(lines: list[dict[str, Any]], table: str) -> list[dict[str, Any]]:
    return [line["row"] for line in lines if line.get("table") == table]


def same(exported: Path, town: Town) -> bool:
    again = exported.with_name("again.jsonl")
    export_ledger(town.database, again)
    return again.read_bytes() == exported.read_bytes()
