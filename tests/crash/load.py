"""Clients that book without a pause, and repeat what has no answer until it has one."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import grpc
from google.type.date_pb2 import Date
from jichipoint.v1 import merging_pb2, points_pb2, service_ids_pb2

from tests.integration.support import (
    Client,
    cancel_request,
    merge_request,
    refused,
    spend_request,
)
from tests.server.support import (
    CARD_A,
    CARD_B,
    CARD_E,
    COUNTER,
    COUNTER_2,
    MYKEY,
    MYKEY_COUNTER,
    STREET_1,
    STREET_2,
    STREET_POINT_IDS,
    new_request_id,
)

CARDS = (CARD_A, CARD_B, CARD_E)
TERMINALS = (COUNTER, COUNTER_2, MYKEY_COUNTER)
CLIENTS_EACH = 3
REGISTRATIONS = 0.25
"""How many of the requests at the terminals of ISSUERS."""
TRY_SECONDS, PAUSE_SECONDS = 3.0, 0.02
ANSWER_SECONDS_MAX = 60.0
SPEND, CANCEL, MERGE = "PointService/Spend", "PointService/CancelSpend", "MergeService/Merge"
REGISTER = "ServiceIdService/RegisterServiceId"
ISSUERS = {COUNTER: STREET_1, COUNTER_2: STREET_2}
"""Where numbers are registered."""
REGISTERED_CARDS = (CARD_B, CARD_E)
"""Card A keeps its numbers: merges name them."""
NUMBERS = ("323456781", "323456782", "323456783")
"""So few that the clients get into each other's way."""
NO_ANSWER = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,  # a server that stops tells calls that it has not taken
)
REFUSALS = (
    "DAY_TURNED",
    "TRANSACTION_ALREADY_CANCELLED",
    "TRANSACTION_OF_ANOTHER_DAY",
    "CUSTOMER_ID_TAKEN",
    "SERVICE_ID_DIFFERENT",
)
"""What may be answered beside bookings: midnight in Tokyo can pass, some cancel twice, and
several register the same number, or for the same card."""
CHANNEL_OPTIONS = (
    ("grpc.max_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.initial_reconnect_backoff_ms", 50),
)
Request = (
    points_pb2.SpendRequest
    | points_pb2.CancelSpendRequest
    | merging_pb2.MergeRequest
    | service_ids_pb2.RegisterServiceIdRequest
)


@dataclass(slots=True)
class Entry:
    """What a client notes in its journal before it sends a request, and what it was told."""

    terminal_id: str
    card: str
    method: str
    request_id: str
    content: bytes
    answer: bytes | None = None
    refusal: str | None = None
    current: str = ""
    """The number that the card's holder has, where a refusal told it."""
    times_sent: int = 0

    @property
    def points(self) -> int:
        """What it took from the card by its answer; less than zero where that gave back."""
        if self.answer is None or self.method == REGISTER:
            return 0
        if self.method == CANCEL:
            return -points_pb2.CancelSpendResponse.FromString(self.answer).points
        if self.method == SPEND:
            return points_pb2.SpendResponse.FromString(self.answer).points
        return merging_pb2.MergeResponse.FromString(self.answer).points


async def insist(client: Client, entry: Entry) -> None:
    """Send the same request until it is booked or refused, and note what was told."""
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        while entry.answer is None and entry.refusal is None:
            entry.times_sent += 1
            try:
                entry.answer = await client.raw(entry.method, entry.content)
            except grpc.aio.AioRpcError as error:
                if error.code() in NO_ANSWER:
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                told = refused(error)
                entry.refusal, entry.current = told.reason, told.metadata.get("current", "")
                assert entry.refusal in REFUSALS, error


@dataclass
class Journal:
    """What all clients sent, and were told."""

    entries: list[Entry] = field(default_factory=list)
    answered: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def note_question(self, entry: Entry) -> None:
        """Note what is about to be sent."""
        self.entries.append(entry)

    async def note_answer(self, entry: Entry) -> None:
        """Note that a request has its answer."""
        async with self._changed:
            self.answered += 1
            self._changed.notify_all()

    async def wait_for(self, more: int) -> None:
        """Wait until so many more requests have been answered."""
        goal = self.answered + more
        async with self._changed, asyncio.timeout(ANSWER_SECONDS_MAX):
            await self._changed.wait_for(lambda: self.answered >= goal)

    @property
    def booked(self) -> list[Entry]:
        """What was granted: numbers that were registered too."""
        return [entry for entry in self.entries if entry.answer is not None]

    def registered(self) -> list[tuple[Entry, service_ids_pb2.RegisterServiceIdResponse]]:
        """The numbers that were registered."""
        decode = service_ids_pb2.RegisterServiceIdResponse.FromString
        return [
            (entry, decode(entry.answer))
            for entry in self.entries
            if entry.method == REGISTER and entry.answer is not None
        ]

    @property
    def repeated(self) -> int:
        return sum(entry.times_sent > 1 for entry in self.entries)

    def points(self, entries: Sequence[Entry] | None = None) -> int:
        return sum(entry.points for entry in (self.entries if entries is None else entries))


class Load:
    """Clients at terminals, for as long as they are let."""

    def __init__(
        self,
        address: str,
        seed: int,
        journal: Journal | None = None,
        terminals: Sequence[str] = TERMINALS,
        pause_seconds: float = 0,
    ) -> None:
        self.journal = journal or Journal()
        self.stopping = False
        self._address = address
        self._seed = seed
        self._terminals = terminals
        self._pause_seconds = pause_seconds
        """Of each client, after an answer."""
        self._tokens: dict[str, str | None] = {}

    async def sign_in(self) -> None:
        """Open a session at each terminal; the clients of one share it."""
        for terminal_id in self._terminals:
            async with grpc.aio.insecure_channel(self._address) as channel:
                client = Client(channel)
                await client.sign_in(terminal_id)
                self._tokens[terminal_id] = client.token

    async def run(self) -> None:
        """Let the clients book until told to stop; each ends with an answer."""
        async with asyncio.TaskGroup() as group:
            for number in range(len(self._terminals) * CLIENTS_EACH):
                group.create_task(self._client(number))

    async def ask_again(self, count: int) -> None:
        """Send some of the requests once more: each gets its first answer (LED-3)."""
        entries = random.Random(self._seed).sample(self.journal.entries, count)
        async with grpc.aio.insecure_channel(self._address) as channel:
            for entry in entries:
                again = Entry(
                    entry.terminal_id, entry.card, entry.method, entry.request_id, entry.content
                )
                await insist(self._client_of(channel, entry.terminal_id), again)
                assert (again.answer, again.refusal) == (entry.answer, entry.refusal)

    def _client_of(self, channel: grpc.aio.Channel, terminal_id: str) -> Client:
        return Client(channel, self._tokens[terminal_id], timeout_seconds=TRY_SECONDS)

    async def _client(self, number: int) -> None:
        chance = random.Random(f"{self._seed}/{number}")
        terminal_id = self._terminals[number % len(self._terminals)]
        async with grpc.aio.insecure_channel(self._address, options=CHANNEL_OPTIONS) as channel:
            client = self._client_of(channel, terminal_id)
            day = await _today(client)
            spent: list[Entry] = []
            # By card the number that a refusal showed last: the next registration replaces it.
            seen: dict[str, str] = {}
            while not self.stopping:
                if terminal_id in ISSUERS and chance.random() < REGISTRATIONS:
                    entry = _new_registration(chance, terminal_id, seen)
                else:
                    entry = _new_entry(chance, terminal_id, day, spent)
                self.journal.note_question(entry)
                await insist(client, entry)
                await self.journal.note_answer(entry)
                await asyncio.sleep(self._pause_seconds)
                if entry.refusal == "DAY_TURNED":
                    day = await _today(client)
                elif entry.method == SPEND:
                    spent.append(entry)
                elif entry.current:
                    seen[entry.card] = entry.current


async def _today(client: Client) -> Date:
    """Return the day as the server tells it with the balances (USE-9)."""
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        while True:
            try:
                return (await client.usable(CARD_A)).shown_on
            except grpc.aio.AioRpcError as error:
                assert error.code() in NO_ANSWER, error
                await asyncio.sleep(PAUSE_SECONDS)


def _new_entry(chance: random.Random, terminal_id: str, day: Date, spent: list[Entry]) -> Entry:
    roll, card, points = chance.random(), chance.choice(CARDS), chance.randint(1, 3)
    street_point_id = _street_point_id(terminal_id, card)
    request: Request
    if roll < 0.2 and spent:
        spend = chance.choice(spent[-4:])
        assert spend.answer is not None
        number = points_pb2.SpendResponse.FromString(spend.answer).transaction_number
        method, card, request = CANCEL, spend.card, cancel_request(number)
    elif roll < 0.4 and street_point_id is not None:
        method, request = MERGE, merge_request(card, points, street_point_id=street_point_id)
        request.shown_on.CopyFrom(day)
    else:
        method, request = SPEND, spend_request(card, points)
        request.shown_on.CopyFrom(day)
    return Entry(terminal_id, card, method, request.request_id, request.SerializeToString())


def _new_registration(chance: random.Random, terminal_id: str, seen: dict[str, str]) -> Entry:
    card, request_id = chance.choice(REGISTERED_CARDS), new_request_id()
    request = service_ids_pb2.RegisterServiceIdRequest(
        request_id=request_id,
        certificate_serial_number=card,
        customer_id=chance.choice(NUMBERS),
        replaces=seen.get(card, ""),
    )
    return Entry(terminal_id, card, REGISTER, request_id, request.SerializeToString())


def _street_point_id(terminal_id: str, card: str) -> str | None:
    """Return the holder's number at the terminal's street, if there is one that fits."""
    if terminal_id == MYKEY_COUNTER:
        return MYKEY[card]
    street = STREET_1 if terminal_id == COUNTER else STREET_2
    return STREET_POINT_IDS[street] if card == CARD_A else None
