"""Steps of attempts, which are transactions of their own beside the ledger (MKY-1 to MKY-3)."""

import json
from collections.abc import Iterator

from peewee import Database

from server.citizens.values import CertificateKey, Holder
from server.clock import Clock, Moment
from server.ledger.engines import open_reader, writing
from server.ledger.store import StoreUnavailableError
from server.ledger.values import Operation, Outcome, Refusal, RequestKey
from server.mykey_ids import attempts
from server.mykey_ids.rules import may_begin
from server.mykey_ids.values import Purpose
from server.serving.loaders import LOADERS
from tests.server.registrations import LAST_GOOD_DAY
from tests.simulation.values import Ask

Told = dict[str, str | int | bool | None]


def step_of(database: Database, ask: Ask, clock: Clock, dies: bool) -> Operation:
    """Do a step as the servicer does, and give what is told in the form of an operation."""
    now = Moment.of(clock.now())
    outcome = Outcome.BOOKED
    told: dict[str, object]
    try:
        holder = _allowed(database, ask, now) if ask.kind == "begin" else None
        with writing(database):
            told = {**_told(database, ask, now.microseconds, holder)}
            if dies:
                raise StoreUnavailableError("died before the commit")
    except Refusal as refusal:
        outcome = Outcome.REFUSED
        told = {"reason": refusal.reason, "details": refusal.details}
    return Operation(RequestKey(*ask.key), ask.kind, b"", outcome, json.dumps(told).encode())


def _allowed(database: Database, ask: Ask, now: Moment) -> Holder | None:
    """Return the card's holder, or refuse to begin."""
    key = CertificateKey(ask.card)
    holder: Holder | None = open_reader(database, LOADERS).look_up([key]).get(key)
    may_begin(Purpose(ask.purpose), holder, LAST_GOOD_DAY, now.day)
    return holder


def _told(database: Database, ask: Ask, now: int, holder: Holder | None) -> Told:
    if ask.kind == "begin":
        begun = attempts.begin(
            database,
            RequestKey(*ask.key),
            purpose=Purpose(ask.purpose),
            serial_number=ask.card,
            last_good_day=LAST_GOOD_DAY,
            citizen_id=holder.citizen_id if holder and ask.purpose != "CREATE" else None,
            now=now,
        )
        return {"expires_at": begun.expires_at}
    attempt = RequestKey(ask.caller, ask.attempt)
    drawn: Iterator[str] = iter(ask.drawn)
    if ask.kind == "propose":
        mykey_id, left = attempts.propose(database, attempt, drawn.__next__, now)
        return {"mykey_id": mykey_id, "left": left}
    if ask.kind == "check":
        is_free, left, proposed = attempts.check(
            database, attempt, ask.mykey_id, drawn.__next__, now
        )
        return {"is_free": is_free, "left": left, "drawn": proposed[0] if proposed else None}
    attempts.end(database, attempt, now)
    return {}
