"""Reprints, which are counted beside the ledger in a transaction of their own (VCH-3)."""

import json

from peewee import Database

from server.clock import Clock, Moment
from server.ledger.engines import writing
from server.ledger.store import StoreUnavailableError
from server.ledger.values import Operation, Outcome, Refusal, RequestKey
from server.vouchers.reprinting import reprint
from tests.simulation.values import Ask


def reprint_of(database: Database, ask: Ask, clock: Clock, dies: bool) -> Operation:
    """Reprint a voucher, and give what is told in the form of an operation."""
    request = RequestKey(*ask.key)
    now = Moment.of(clock.now()).microseconds
    outcome = Outcome.BOOKED
    try:
        with writing(database):
            found = reprint(database, request, ask.number, now)
            if dies:
                raise StoreUnavailableError("died before the commit")
        told: dict[str, object] = found._asdict()
    except Refusal as refusal:
        outcome = Outcome.REFUSED
        told = {"reason": refusal.reason, "details": refusal.details}
    return Operation(request, "ReprintVoucher", b"", outcome, json.dumps(told).encode())
