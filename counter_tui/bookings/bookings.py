"""Booking safely: outbox first, the same request until there is an answer (USE-5, MRG-4)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from counter_tui.bookings.outbox import Entry, Outbox, OutboxError, OutboxFault
from counter_tui.bookings.retry import backoff
from counter_tui.bookings.spool import SpoolError, deliver
from counter_tui.calls.answers import (
    Booked,
    Decision,
    RefusedError,
    SessionEndedError,
    Settled,
    UnreachableError,
)

T = TypeVar("T")

NOT_KEPT = "OUTBOX_NOT_WRITTEN"
"""The reason of a request that was not sent because it could not be kept."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A booking that is done, and what kept its merge file from the spool folder, if anything."""

    booked: Booked
    delivery_fault: SpoolError | None = None
    undelivered: Entry | None = None
    """The request whose merge file is not delivered."""


@dataclass(frozen=True, slots=True)
class NotBooked:
    """Nothing was booked; why."""

    reason: str
    message: str


Outcome = Finished | NotBooked


class Server(Protocol):
    """What bookings need of the server."""

    async def book(self, method: str, request: bytes) -> Booked:
        """Send a booking. Raises RefusedError, SessionEndedError, UnreachableError."""
        ...

    async def look_up(self, request_id: str) -> Decision | None:
        """Ask what was decided on a request ID; None: nothing yet. Raises the same."""
        ...

    async def settle(self, request_id: str) -> Decision:
        """Settle a request ID. Raises the same."""
        ...


class Operator(Protocol):
    """What bookings need of the operator while they wait."""

    def tell_waiting(self, trouble: UnreachableError) -> None:
        """Say that there is no answer yet, and that it is being tried again."""
        ...

    async def sign_in_again(self) -> None:
        """Return once a new session is open."""
        ...

    async def wants_to_give_up(self) -> None:
        """Return once the operator wants the request settled as not booked."""
        ...


class Bookings:
    """Brings each request in the outbox to its end."""

    def __init__(
        self,
        server: Server,
        outbox: Outbox,
        spool_folder: Path,
        tell_delivered: Callable[[str], object],
    ) -> None:
        """`tell_delivered` is told the transaction number of a merge whose file is delivered."""
        self._server = server
        self._outbox = outbox
        self._spool_folder = spool_folder
        self._tell_delivered = tell_delivered

    async def book(self, entry: Entry, operator: Operator) -> Outcome:
        """Write the request to the outbox, then send it until it has an answer.

        Where it cannot be written, nothing is sent.
        """
        try:
            await asyncio.to_thread(self._outbox.put, entry)
        except OutboxError as error:
            return NotBooked(NOT_KEPT, str(error))
        decision = await self._decide(entry, operator, self._ask, sent_before=False)
        return await self._end(entry, decision)

    async def look_up(self, entry: Entry, operator: Operator) -> Outcome | None:
        """Ask what became of a request that an earlier run left, and end it where it is decided.

        None: nothing is decided. It may still be on its way, so nothing follows from that.
        """
        if entry.answer is not None:
            return await self.deliver(entry, Booked(entry.method, entry.answer))
        decision = await self._decide(entry, operator, self._look_up, sent_before=True)
        return None if decision is None else await self._end(entry, decision)

    async def resume(self, entry: Entry, operator: Operator) -> Outcome:
        """Send a request that an earlier run left once more, until it has an answer."""
        decision = await self._decide(entry, operator, self._ask, sent_before=True)
        return await self._end(entry, decision)

    async def give_up(self, entry: Entry, operator: Operator) -> Outcome:
        """Settle a request that an earlier run left: it ends as not booked, or was booked."""
        given_up = replace(entry, abandoned=True)
        await self._keep(given_up)
        return await self.resume(given_up, operator)

    async def _end(self, entry: Entry, decision: Booked | NotBooked) -> Outcome:
        if isinstance(decision, Booked):
            return await self.deliver(entry, decision)
        await self._forget(entry)
        return decision

    async def unfinished(self) -> list[Entry]:
        """Return what is in the outbox, oldest first."""
        return await asyncio.to_thread(self._outbox.entries)

    def faults(self) -> list[OutboxFault]:
        """Return what in the outbox cannot be read; it is left where it is."""
        return self._outbox.faults()

    async def _decide(
        self,
        entry: Entry,
        operator: Operator,
        ask: Callable[[Entry], Awaitable[T]],
        *,
        sent_before: bool,
    ) -> T | NotBooked:
        giving_up = asyncio.ensure_future(operator.wants_to_give_up())
        attempt = 0
        try:
            while True:
                if giving_up.done() and not entry.abandoned:
                    entry = replace(entry, abandoned=True)
                    await self._keep(entry)
                try:
                    return await ask(entry)
                except RefusedError as refused:
                    if refused.decided or not sent_before:
                        return NotBooked(refused.reason, refused.message)
                    entry = replace(entry, abandoned=True)
                    await self._keep(entry)
                except SessionEndedError:
                    await operator.sign_in_again()
                except UnreachableError as trouble:
                    sent_before = True
                    operator.tell_waiting(trouble)
                    await _wait(giving_up, backoff(attempt))
                    attempt += 1
        finally:
            giving_up.cancel()

    async def _ask(self, entry: Entry) -> Booked | NotBooked:
        if entry.abandoned:
            return _said(await _unless_turned_away(self._server.settle(entry.request_id)))
        return await self._server.book(entry.method, entry.request)

    async def _look_up(self, entry: Entry) -> Booked | NotBooked | None:
        if entry.abandoned:
            return await self._ask(entry)
        decision = await _unless_turned_away(self._server.look_up(entry.request_id))
        return None if decision is None else _said(decision)

    async def deliver(self, entry: Entry, booked: Booked) -> Finished:
        """Deliver the merge file, if there is one; only then does the request leave the outbox."""
        if booked.method == "Merge":
            from jichipoint.v1 import merging_pb2  # noqa: PLC0415

            if entry.answer is None:
                entry = replace(entry, answer=booked.answer)
                await self._keep(entry)
            merged = merging_pb2.MergeResponse.FromString(booked.answer)
            file = merged.merge_file
            if not merged.HasField("merge_file"):  # in training
                await self._forget(entry)
                return Finished(booked)
            try:
                await asyncio.to_thread(deliver, self._spool_folder, file.name, file.content)
            except SpoolError as fault:
                return Finished(booked, fault, entry)
            self._tell_delivered(merged.transaction_number)
        await self._forget(entry)
        return Finished(booked)

    async def _keep(self, entry: Entry) -> None:
        """Note how far a request has come; without that the next start asks the server again."""
        with suppress(OutboxError):
            await asyncio.to_thread(self._outbox.replace, entry)

    async def _forget(self, entry: Entry) -> None:
        """Take a request that is done out of the outbox.

        If it stays, the next start repeats it and gets the same answer: nothing is doubled.
        """
        with suppress(OutboxError):
            await asyncio.to_thread(self._outbox.remove, entry.request_id)


async def _unless_turned_away(asking: Awaitable[T]) -> T:
    """Return the answer: where the asking itself is turned away, it says nothing of the request."""
    try:
        return await asking
    except RefusedError as refused:
        raise UnreachableError(refused.reason, refused.message) from refused


def _said(decision: Decision) -> Booked | NotBooked:
    if isinstance(decision, Settled):
        return NotBooked(decision.reason, decision.message)
    return decision


async def _wait(giving_up: "asyncio.Future[None]", seconds: float) -> None:
    """Wait that long, or until the operator gives up."""
    if giving_up.done():
        await asyncio.sleep(seconds)
    else:
        await asyncio.wait({giving_up}, timeout=seconds)
