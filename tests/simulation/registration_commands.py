"""The real commands of registrations."""

import json
from dataclasses import replace

from peewee import Database

from server.ledger.booker import Command
from server.ledger.values import RequestKey
from server.mykey_ids import attempts
from server.mykey_ids.values import Attempt
from tests.server.registrations import (
    change_command,
    create_command,
    revoke_command,
    service_id_command,
)
from tests.simulation.values import Ask

KINDS = ("number", "create", "change", "revoke")


def registration_command(ask: Ask, database: Database) -> Command:
    """Return the real command of a registration; the servicer too looks for the attempt first."""
    request, terminal_id = RequestKey(*ask.key), ask.caller.removeprefix("terminal:")
    if ask.kind == "number":
        return service_id_command(
            ask.customer_id,
            ask.card,
            issuer_id=ask.issuer,
            terminal_id=terminal_id,
            replaces=ask.replaces or None,
            request_id=ask.request_id,
        )
    attempt = _attempt(database, ask)
    if ask.kind == "create":
        created = create_command(attempt, ask.mykey_id, ask.request_id)
        return replace(created, request=request, terminal_id=terminal_id, encode=_made)
    if ask.kind == "change":
        changed = change_command(attempt, ask.mykey_id)
        return replace(changed, request=request, terminal_id=terminal_id, encode=_changed)
    revoked = revoke_command(attempt, ask.points)
    return replace(revoked, request=request, terminal_id=terminal_id)


def _attempt(database: Database, ask: Ask) -> Attempt:
    attempt = attempts.find(database, RequestKey(ask.caller, ask.attempt))
    assert attempt is not None, "the attempt was begun, and is not there"
    assert attempt.serial_number == ask.card
    return attempt


def _made(mykey_id: str) -> bytes:
    return json.dumps({"mykey_id": mykey_id}).encode()


def _changed(mykey_id: str, replaced: str) -> bytes:
    return json.dumps({"mykey_id": mykey_id, "replaced": replaced}).encode()
