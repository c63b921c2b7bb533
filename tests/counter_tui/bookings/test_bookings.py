"""Each request comes to its end, once, whatever happens on the way (USE-5, MRG-4)."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jichipoint.v1 import merging_pb2

from counter_tui.bookings import bookings as bookings_module
from counter_tui.bookings.bookings import NOT_KEPT, Bookings, Finished, NotBooked, Outcome
from counter_tui.bookings.outbox import Entry, Outbox, OutboxError
from counter_tui.bookings.spool import SpoolFault
from counter_tui.calls.answers import (
    Booked,
    Decision,
    RefusedError,
    SessionEndedError,
    Settled,
    TroubleError,
    UnreachableError,
)

REQUEST_ID = "019c0000-0000-7000-8000-000000000001"
AWAY = UnreachableError("UNAVAILABLE", "")
FILE = merging_pb2.MergeFile(name="000002-2017123100001.mrg", content=b"sealed")
MERGED = merging_pb2.MergeResponse(merge_file=FILE).SerializeToString()


def entry(method: str = "Spend") -> Entry:
    moment = datetime(2017, 12, 31, tzinfo=UTC)
    return Entry(REQUEST_ID, method, b"request", moment, abandoned=False, answer=None)


class PowerCutError(Exception):
    """The counter ends here."""


class ScriptedServer:
    """Says what the script says, and notes what the outbox held when it was asked."""

    def __init__(self, outbox: Outbox, script: list[Booked | TroubleError]) -> None:
        self.outbox = outbox
        self.script = script
        self.asked: list[str] = []
        self.decision: Decision = Settled()
        self.known: list[Decision | TroubleError | None] = []
        """What it says about the request when it is asked."""
        self.power_cut = False

    async def book(self, method: str, request: bytes) -> Booked:
        assert [kept.request for kept in self.outbox.entries()] == [request]
        self.asked.append(f"book {request.decode()}")
        said = self.script.pop(0)
        if isinstance(said, TroubleError):
            raise said
        return said

    async def look_up(self, request_id: str) -> Decision | None:
        self.asked.append(f"look up {request_id}")
        said = self.known.pop(0)
        if isinstance(said, TroubleError):
            raise said
        return said

    async def settle(self, request_id: str) -> Decision:
        self.asked.append(f"settle {request_id}")
        if self.power_cut:
            raise PowerCutError
        return self.decision


class ScriptedOperator:
    def __init__(self) -> None:
        self.told: list[str] = []
        self.signed_in = 0
        self.gives_up_after: int | None = None
        self.gave_up = asyncio.Event()

    def tell_waiting(self, trouble: UnreachableError) -> None:
        self.told.append(trouble.reason)
        if len(self.told) == self.gives_up_after:
            self.gave_up.set()

    async def sign_in_again(self) -> None:
        self.signed_in += 1

    async def wants_to_give_up(self) -> None:
        await self.gave_up.wait()


def bookings_of(
    server: ScriptedServer, outbox: Outbox, spool: Path, delivered: list[str] | None = None
) -> Bookings:
    told: list[str] = [] if delivered is None else delivered
    return Bookings(server, outbox, spool, told.append)


@pytest.fixture
def outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    monkeypatch.setattr(bookings_module, "backoff", lambda _attempt: 0.0)
    return Outbox(tmp_path / "outbox")


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


async def test_a_booking_is_in_the_outbox_before_it_is_sent_and_leaves_with_its_answer(
    outbox: Outbox, spool: Path
) -> None:
    server = ScriptedServer(outbox, [Booked("Spend", b"answer")])
    outcome = await bookings_of(server, outbox, spool).book(entry(), ScriptedOperator())
    assert outcome == Finished(Booked("Spend", b"answer"))
    assert server.asked == ["book request"]
    assert outbox.entries() == []


async def test_silence_is_answered_by_the_same_request_until_there_is_an_answer(
    outbox: Outbox, spool: Path
) -> None:
    server = ScriptedServer(outbox, [AWAY, AWAY, Booked("Spend", b"answer")])
    operator = ScriptedOperator()
    outcome = await bookings_of(server, outbox, spool).book(entry(), operator)
    assert outcome == Finished(Booked("Spend", b"answer"))
    assert server.asked == ["book request"] * 3
    assert operator.told == ["UNAVAILABLE"] * 2


async def test_a_refusal_ends_it(outbox: Outbox, spool: Path) -> None:
    server = ScriptedServer(outbox, [RefusedError("DAY_TURNED", "words")])
    outcome = await bookings_of(server, outbox, spool).book(entry(), ScriptedOperator())
    assert outcome == NotBooked("DAY_TURNED", "words")
    assert outbox.entries() == []


async def test_being_turned_away_at_the_first_sending_ends_it(outbox: Outbox, spool: Path) -> None:
    turned_away = RefusedError("INVALID_FIELD", "words", decided=False)
    server = ScriptedServer(outbox, [turned_away])
    outcome = await bookings_of(server, outbox, spool).book(entry(), ScriptedOperator())
    assert outcome == NotBooked("INVALID_FIELD", "words")
    assert server.asked == ["book request"]


async def test_being_turned_away_after_silence_is_settled_not_concluded_from(
    outbox: Outbox, spool: Path
) -> None:
    turned_away = RefusedError("INVALID_FIELD", "words", decided=False)
    server = ScriptedServer(outbox, [AWAY, turned_away])
    server.decision = Booked("Spend", b"the first sending was booked")
    outcome = await bookings_of(server, outbox, spool).book(entry(), ScriptedOperator())
    assert outcome == Finished(Booked("Spend", b"the first sending was booked"))
    assert server.asked == ["book request", "book request", f"settle {REQUEST_ID}"]


async def test_a_session_that_ended_is_renewed_and_the_same_request_goes_on(
    outbox: Outbox, spool: Path
) -> None:
    ended = SessionEndedError("SESSION_EXPIRED", "")
    server = ScriptedServer(outbox, [ended, Booked("Spend", b"answer")])
    operator = ScriptedOperator()
    outcome = await bookings_of(server, outbox, spool).book(entry(), operator)
    assert outcome == Finished(Booked("Spend", b"answer"))
    assert (server.asked, operator.signed_in) == (["book request"] * 2, 1)


async def test_giving_up_settles_and_never_sends_again(outbox: Outbox, spool: Path) -> None:
    server = ScriptedServer(outbox, [AWAY, Booked("Spend", b"must not be asked for")])
    operator = ScriptedOperator()
    operator.gives_up_after = 1
    outcome = await bookings_of(server, outbox, spool).book(entry(), operator)
    assert outcome == NotBooked("OPERATION_ABANDONED", "")
    assert server.asked == ["book request", f"settle {REQUEST_ID}"]
    assert outbox.entries() == []


async def test_giving_up_on_what_was_booked_says_that_it_was(outbox: Outbox, spool: Path) -> None:
    server = ScriptedServer(outbox, [AWAY])
    server.decision = Booked("Spend", b"answer")
    operator = ScriptedOperator()
    operator.gives_up_after = 1
    outcome = await bookings_of(server, outbox, spool).book(entry(), operator)
    assert outcome == Finished(Booked("Spend", b"answer"))


async def test_what_cannot_be_kept_is_not_sent(
    outbox: Outbox, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_entry: Entry) -> None:
        raise OutboxError("disk full")

    monkeypatch.setattr(outbox, "put", full)
    server = ScriptedServer(outbox, [])
    outcome = await bookings_of(server, outbox, spool).book(entry(), ScriptedOperator())
    assert outcome == NotBooked(NOT_KEPT, "disk full")
    assert server.asked == []


async def test_a_disk_that_fills_up_after_booking_does_not_hide_the_booking(
    outbox: Outbox, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OutboxError("disk full")

    monkeypatch.setattr(outbox, "replace", full)
    monkeypatch.setattr(outbox, "remove", full)
    server = ScriptedServer(outbox, [Booked("Merge", MERGED)])
    outcome = await bookings_of(server, outbox, spool).book(entry("Merge"), ScriptedOperator())
    assert outcome == Finished(Booked("Merge", MERGED))
    assert (spool / FILE.name).read_bytes() == FILE.content
    assert len(outbox.entries()) == 1


async def test_a_merge_stays_in_the_outbox_until_its_file_is_delivered(
    outbox: Outbox, tmp_path: Path
) -> None:
    spool = tmp_path / "missing"
    server = ScriptedServer(outbox, [Booked("Merge", MERGED)])
    delivered: list[str] = []
    bookings = bookings_of(server, outbox, spool, delivered)
    outcome = await bookings.book(entry("Merge"), ScriptedOperator())
    assert delivered == []
    assert isinstance(outcome, Finished)
    assert outcome.delivery_fault is not None
    assert outcome.delivery_fault.reason == SpoolFault.MISSING

    spool.mkdir()
    (kept,) = await bookings.unfinished()
    assert kept.answer == MERGED
    assert await bookings.look_up(kept, ScriptedOperator()) == Finished(Booked("Merge", MERGED))
    assert server.asked == ["book request"], "the answer was there: nothing is sent again"
    assert (spool / FILE.name).read_bytes() == FILE.content
    assert outbox.entries() == []
    assert delivered == [merging_pb2.MergeResponse.FromString(MERGED).transaction_number]


@pytest.fixture
def left(outbox: Outbox) -> Entry:
    """A request that an earlier run left."""
    outbox.put(entry())
    return entry()


@pytest.mark.parametrize(
    ("decision", "outcome"),
    [
        (Booked("Spend", b"answer"), Finished(Booked("Spend", b"answer"))),
        (Settled("DAY_TURNED", "words"), NotBooked("DAY_TURNED", "words")),
        (Settled(), NotBooked("OPERATION_ABANDONED", "")),
    ],
)
async def test_what_the_server_decided_is_the_end_and_nothing_is_sent(
    outbox: Outbox, spool: Path, left: Entry, decision: Decision, outcome: Outcome
) -> None:
    server = ScriptedServer(outbox, [])
    server.known = [decision]
    assert await bookings_of(server, outbox, spool).look_up(left, ScriptedOperator()) == outcome
    assert server.asked == [f"look up {REQUEST_ID}"]
    assert outbox.entries() == []


async def test_nothing_is_concluded_from_a_request_that_the_server_does_not_know(
    outbox: Outbox, spool: Path, left: Entry
) -> None:
    server = ScriptedServer(outbox, [])
    server.known = [None]
    assert await bookings_of(server, outbox, spool).look_up(left, ScriptedOperator()) is None
    assert server.asked == [f"look up {REQUEST_ID}"]
    assert outbox.entries() == [left]


async def test_silence_and_a_question_turned_away_are_asked_again(
    outbox: Outbox, spool: Path, left: Entry
) -> None:
    turned_away = RefusedError("METHOD_NOT_OPEN", "words", decided=False)
    server = ScriptedServer(outbox, [])
    server.known = [AWAY, turned_away, SessionEndedError("SESSION_EXPIRED", ""), None]
    operator = ScriptedOperator()
    assert await bookings_of(server, outbox, spool).look_up(left, operator) is None
    assert server.asked == [f"look up {REQUEST_ID}"] * 4
    assert operator.told == ["UNAVAILABLE", "METHOD_NOT_OPEN"]
    assert operator.signed_in == 1
    assert outbox.entries() == [left]


async def test_giving_up_while_the_server_is_silent_settles(
    outbox: Outbox, spool: Path, left: Entry
) -> None:
    server = ScriptedServer(outbox, [])
    server.known = [AWAY]
    operator = ScriptedOperator()
    operator.gives_up_after = 1
    outcome = await bookings_of(server, outbox, spool).look_up(left, operator)
    assert outcome == NotBooked("OPERATION_ABANDONED", "")
    assert server.asked == [f"look up {REQUEST_ID}", f"settle {REQUEST_ID}"]


async def test_the_operator_gives_up_what_an_earlier_run_left(
    outbox: Outbox, spool: Path, left: Entry
) -> None:
    server = ScriptedServer(outbox, [])
    bookings = bookings_of(server, outbox, spool)
    assert await bookings.give_up(left, ScriptedOperator()) == NotBooked("OPERATION_ABANDONED", "")
    assert server.asked == [f"settle {REQUEST_ID}"]
    assert outbox.entries() == []


async def test_what_was_given_up_stays_given_up_over_a_restart(
    outbox: Outbox, spool: Path, left: Entry
) -> None:
    server = ScriptedServer(outbox, [])
    server.power_cut = True
    with pytest.raises(PowerCutError):
        await bookings_of(server, outbox, spool).give_up(left, ScriptedOperator())
    (kept,) = outbox.entries()
    assert kept.abandoned
