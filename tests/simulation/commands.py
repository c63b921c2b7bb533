"""The real commands of what is asked, and of the jobs."""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TypedDict

from peewee import Database

from server.clock import Moment
from server.jobs.holds import expired_holds
from server.ledger.booker import Command
from server.ledger.values import RequestKey
from server.operations.settling import SettleCommand
from server.points.lapsing import LapseCommand, lapsing
from server.points.reserving import ReleaseExpiredCommand
from server.vouchers.codes import SigningKey
from server.vouchers.lapsing import lapsed_vouchers
from server.vouchers.operations import ExpireVoucherCommand, IssueVoucherCommand
from tests.server.support import (
    MYKEY,
    cancel_command,
    cancel_voucher_command,
    capture_command,
    correct_command,
    grant_command,
    hold_command,
    issue_command,
    move_command,
    redeem_command,
    release_command,
    spend_command,
)
from tests.simulation.registration_commands import KINDS, registration_command
from tests.simulation.values import Ask

MOST = 1000


class _Caller(TypedDict):
    terminal_id: str
    request_id: str


def apart(batch: Sequence[Ask]) -> Iterator[list[Ask]]:
    """Divide a batch where one request must not be decided together with another.

    A reprint is no booking. A correction goes by what is stored of its voucher, so that in one
    batch with a redemption it counts as the earlier of the two. Issues that draw the same number
    are booked in halves, of which the simulation could not tell which one died.
    """
    part: list[Ask] = []
    for ask in batch:
        if any(_apart(one, ask) for one in part):
            yield part
            part = []
        part.append(ask)
    yield part


def _apart(one: Ask, other: Ask) -> bool:
    kinds = (one.kind, other.kind)
    if "reprint" in kinds or not {*one.drawn}.isdisjoint(other.drawn):
        return True
    return "correct" in kinds and one.voucher == other.voucher


def command_of(ask: Ask, key: SigningKey, database: Database) -> Command:
    """Return the real command of a request."""
    if ask.kind in KINDS:
        return registration_command(ask, database)
    request = RequestKey(*ask.key)
    terminal_id = ask.caller.removeprefix("terminal:")
    caller = _Caller(terminal_id=terminal_id, request_id=ask.request_id)
    match ask.kind:
        case "settle":
            return SettleCommand(request)
        case "grant":
            return replace(grant_command(ask.card, ask.points, ask.program), request=request)
        case "move":
            return replace(move_command(MYKEY[ask.card], ask.points), request=request)
        case "hold":
            timeout = timedelta(seconds=ask.seconds)
            held = hold_command(MYKEY[ask.card], ask.points, timeout=timeout)
            return replace(held, request=request)
        case "capture":
            return replace(capture_command(ask.number, ask.points), request=request)
        case "release":
            return replace(release_command(ask.number), request=request)
        case "cancel":
            return cancel_command(ask.number, **caller)
        case "issue":
            return _issue_command(ask, key, terminal_id)
        case "cancel voucher":
            return cancel_voucher_command(ask.number, **caller)
        case "redeem":
            return redeem_command(ask.voucher, place_id=ask.place, **caller)
        case "correct":
            return correct_command(ask.voucher, ask.place, **caller)
    return spend_command(ask.card, ask.points, day=ask.shown_on, **caller)


def _issue_command(ask: Ask, key: SigningKey, terminal_id: str) -> IssueVoucherCommand:
    command = issue_command(
        key,
        ask.card,
        ask.points,
        ask.program,
        days_valid=ask.days,
        drawn=ask.drawn,
        day=ask.shown_on,
    )
    use = replace(command.use, terminal_id=terminal_id)
    return replace(command, request=RequestKey(*ask.key), use=use)


def lapse_commands(database: Database, moment: int, chance: random.Random) -> list[LapseCommand]:
    """What the nightly run would book."""
    today = Moment.at(moment).day
    return [
        LapseCommand(_request("nightly-run", chance), one.account, one.mykey_id, today)
        for one in lapsing(database, date.min, today, MOST)
    ]


def expire_commands(
    database: Database, moment: int, chance: random.Random
) -> list[ReleaseExpiredCommand]:
    """What the job that releases expired holds would book."""
    return [
        ReleaseExpiredCommand(_request("expired-holds", chance), b"", number, Moment.at(moment))
        for number in expired_holds(database, moment, MOST)
    ]


def lapse_voucher_commands(
    database: Database, moment: int, chance: random.Random
) -> list[ExpireVoucherCommand]:
    """What the nightly run would book of vouchers."""
    today = Moment.at(moment).day
    return [
        ExpireVoucherCommand(_request("nightly-run", chance), number, today)
        for number in lapsed_vouchers(database, today, MOST)
    ]


def _request(caller: str, chance: random.Random) -> RequestKey:
    return RequestKey(caller, str(uuid.UUID(int=chance.getrandbits(128), version=4)))
