"""Attempts and commands that register: MyKey IDs and service IDs, without protobuf."""

import json
from datetime import date
from typing import Any

from server.ledger.booker import Booker, Command
from server.ledger.engines import writing
from server.ledger.values import Outcome, RequestKey
from server.mykey_ids import attempts
from server.mykey_ids.registering import (
    ChangeMykeyCommand,
    Profile,
    RegisterMykeyCommand,
    TieCardCommand,
)
from server.mykey_ids.revoking import RevokeMykeyCommand
from server.mykey_ids.values import Attempt, Purpose
from server.service_ids.registering import RegisterServiceIdCommand
from tests.server.support import (
    CARD_A,
    COUNTER,
    HOME,
    STREET_1,
    Town,
    decided,
    new_request_id,
    plain,
)

NEW_CARD = "0F0001"
LAST_GOOD_DAY = date(2031, 1, 1)
CALLER = f"terminal:{COUNTER}"
PROFILE = Profile("hash", "a@example.com", True, False, True, False, HOME)


def begin(
    town: Town,
    purpose: Purpose,
    serial_number: str = NEW_CARD,
    citizen_id: int | None = None,
    *,
    last_good_day: date = LAST_GOOD_DAY,
) -> Attempt:
    """Begin an attempt on a connection of the caller's own."""
    request = RequestKey(CALLER, new_request_id())
    with town.database.connection_context(), writing(town.database):
        return attempts.begin(
            town.database,
            request,
            purpose=purpose,
            serial_number=serial_number,
            last_good_day=last_good_day,
            citizen_id=citizen_id,
            now=now(town),
        )


def now(town: Town) -> int:
    return int(town.clock.now().timestamp() * 1_000_000)


def reserve(town: Town, attempt: Attempt, mykey_id: str) -> bool:
    """Check a chosen candidate; whether it is reserved now."""
    with town.database.connection_context(), writing(town.database):
        found, _, _ = attempts.check(
            town.database, attempt.request, mykey_id, lambda: "DRAWN222", now(town)
        )
        return found


def create_command(
    attempt: Attempt, mykey_id: str, request_id: str | None = None, profile: Profile = PROFILE
) -> RegisterMykeyCommand:
    return RegisterMykeyCommand(
        RequestKey(CALLER, request_id or new_request_id()),
        mykey_id.encode(),
        COUNTER,
        attempt.request.request_id,
        attempt.serial_number,
        mykey_id,
        profile,
        str.encode,
    )


def change_command(attempt: Attempt, mykey_id: str) -> ChangeMykeyCommand:
    return ChangeMykeyCommand(
        RequestKey(CALLER, new_request_id()),
        mykey_id.encode(),
        COUNTER,
        attempt.request.request_id,
        attempt.serial_number,
        mykey_id,
        lambda new, old: f"{old} {new}".encode(),
    )


def revoke_command(attempt: Attempt, shown_points: int) -> RevokeMykeyCommand:
    return RevokeMykeyCommand(
        RequestKey(CALLER, new_request_id()),
        b"revoke",
        COUNTER,
        attempt.request.request_id,
        attempt.serial_number,
        attempt.citizen_id or 0,
        shown_points,
        plain,
    )


def tie_command(attempt: Attempt, mykey_id: str, *, fits: bool = True) -> TieCardCommand:
    return TieCardCommand(
        RequestKey(CALLER, new_request_id()),
        b"tie",
        COUNTER,
        attempt.request.request_id,
        attempt.serial_number,
        mykey_id,
        fits,
        str.encode,
    )


def service_id_command(
    customer_id: str,
    serial_number: str = CARD_A,
    *,
    issuer_id: str = STREET_1,
    terminal_id: str = COUNTER,
    replaces: str | None = None,
    signature: str | None = None,
    request_id: str | None = None,
) -> RegisterServiceIdCommand:
    return RegisterServiceIdCommand(
        RequestKey(f"terminal:{terminal_id}", request_id or new_request_id()),
        f"{serial_number}/{customer_id}/{replaces}".encode(),
        terminal_id,
        issuer_id,
        serial_number,
        customer_id,
        replaces,
        signature,
        plain,
    )


def registered(booker: Booker, command: Command) -> bytes:
    """Decide on one command, which must be registered, and return its answer."""
    (operation,) = decided(booker, command)
    assert operation.outcome == Outcome.REGISTERED, operation
    return operation.answer


def registered_plain(booker: Booker, command: Command) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(registered(booker, command))
    return answer
