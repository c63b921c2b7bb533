"""The real commands of what is asked, and of the jobs."""

import random
import uuid
from dataclasses import replace
from datetime import date, timedelta

from peewee import Database

from server.clock import Moment
from server.jobs.holds import expired_holds
from server.ledger.booker import Command
from server.ledger.settling import SettleCommand
from server.ledger.values import RequestKey
from server.points.lapsing import LapseCommand, lapsing
from server.points.reserving import ReleaseExpiredCommand
from tests.server.support import (
    MYKEY,
    cancel_command,
    capture_command,
    grant_command,
    hold_command,
    move_command,
    release_command,
    spend_command,
)
from tests.simulation.model import Ask

MOST = 1000


def command_of(ask: Ask) -> Command:
    """Return the real command of a request."""
    request = RequestKey(*ask.key)
    terminal_id = ask.caller.removeprefix("terminal:")
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
            return cancel_command(ask.number, terminal_id=terminal_id, request_id=ask.request_id)
    return spend_command(
        ask.card,
        ask.points,
        terminal_id=terminal_id,
        request_id=ask.request_id,
        day=ask.shown_on,
    )


def lapse_commands(database: Database, moment: int, chance: random.Random) -> list[LapseCommand]:
    """What the nightly run would book."""
    today = Moment.at(moment).day
    return [
        LapseCommand(_request("nightly-run", chance), one.account, one.mykey_id)
        for one in lapsing(database, date.min, today, MOST)
    ]


def expire_commands(
    database: Database, moment: int, chance: random.Random
) -> list[ReleaseExpiredCommand]:
    """What the job that releases expired holds would book."""
    return [
        ReleaseExpiredCommand(_request("expired-holds", chance), b"", number)
        for number in expired_holds(database, moment, MOST)
    ]


def _request(caller: str, chance: random.Random) -> RequestKey:
    return RequestKey(caller, str(uuid.UUID(int=chance.getrandbits(128), version=4)))
