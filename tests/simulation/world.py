"""One simulated town: counters, a bad network, a server that dies, and the model beside it."""

import json
import random
import sqlite3
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from server.clock import Moment
from server.db.engine import open_database
from server.ledger.booker import Booker, ClockWentBackError, Command, refusal_of
from server.ledger.settling import SettleCommand
from server.ledger.sqlite_store import SqliteStore
from server.ledger.store import Begun, StoreUnavailableError
from server.ledger.values import Key, Operation, Outcome, RequestKey
from server.ledger.verify import verify
from server.loaders import LOADERS
from tests.engines import SqliteEngine
from tests.server.support import (
    CARD_A,
    CARD_B,
    COUNTER,
    COUNTER_2,
    MUNICIPAL,
    Town,
    cancel_command,
    grant_command,
    spend_command,
)
from tests.simulation.model import Answer, Ask, Model, ModelSpend

CALLERS = (f"terminal:{COUNTER}", f"terminal:{COUNTER_2}")
CARDS = (CARD_A, CARD_B)
STEPS = 120


class DyingStore(SqliteStore):
    """Dies once, before or after its next commit."""

    dies: str | None = None
    committed = False

    def begin(self, keys: Collection[Key[Any]]) -> Begun:
        self.committed = False
        return super().begin(keys)

    def commit(self) -> None:
        if self.dies == "before":
            raise StoreUnavailableError("died before the commit")
        super().commit()
        self.committed = True
        if self.dies == "after":
            raise StoreUnavailableError("died after the commit")


StoreMaker = Callable[[sqlite3.Connection], DyingStore]


def ordinary_store(connection: sqlite3.Connection) -> DyingStore:
    return DyingStore(connection, LOADERS)


class World:
    """Everything that happens follows from the seed."""

    def __init__(
        self, seed: int, template: Path, folder: Path, make_store: StoreMaker = ordinary_store
    ) -> None:
        self.random = random.Random(seed)
        self.town: Town = Town(SqliteEngine().new(folder, f"sqlite:///{template}"))
        self.make_store = make_store
        self.model = Model()
        self.newest = 0
        self.requests: list[tuple[int, Ask]] = []
        self.answers: list[tuple[int, Ask, Operation]] = []
        self.open: dict[str, Ask] = {}
        self.first_answers: dict[tuple[str, str], Operation] = {}
        self.numbers: list[tuple[str, str]] = []
        self.start_server()

    def start_server(self) -> None:
        self.database = open_database(self.town.url)
        self.database.connect()
        self.database.execute_sql("PRAGMA synchronous = off")
        self.store = self.make_store(self.database.connection())
        self.booker = Booker(self.store, self.town.clock)

    def restart_server(self) -> None:
        """Whatever was not committed is gone with the process."""
        self.store.roll_back()
        self.database.close()
        self.start_server()

    def run(self) -> None:
        for step in range(STEPS):
            self.move_clock()
            self.clients_act(step)
            self.server_acts(step)
            self.deliver_answers(step)
            self.check_balances()
        self.check_at_the_end()
        self.database.close()

    def move_clock(self) -> None:
        roll = self.random.random()
        if roll < 0.02:
            self.town.clock.advance(days=self.random.choice([1, 1, 30, 61]))
        elif roll < 0.06:
            self.town.clock.advance(seconds=-self.random.choice([2, 4, 8]))
        else:
            self.town.clock.advance(seconds=self.random.random() * 20)

    def clients_act(self, step: int) -> None:
        for caller in CALLERS:
            ask = self.open.get(caller)
            if ask is None and self.random.random() < 0.8:
                ask = self.open[caller] = self.new_ask(caller)
                self.send(step, ask)
            elif ask is not None and self.random.random() < 0.3:
                self.send(step, ask)
            elif ask is not None and self.random.random() < 0.05:
                self.open[caller] = Ask(caller, ask.request_id, "settle")
                self.send(step, self.open[caller])

    def new_ask(self, caller: str) -> Ask:
        request_id = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        roll, card = self.random.random(), self.random.choice(CARDS)
        own = [number for of, number in self.numbers if of == caller or roll < 0.02]
        if roll < 0.25 and own:
            return Ask(caller, request_id, "cancel", number=self.random.choice(own[-6:]))
        if roll < 0.5:
            return Ask(caller, request_id, "grant", card, points=self.random.randint(1, 500))
        today = self.town.clock.today
        points = self.random.choice([self.random.randint(-1, 400), self.model.balance(card, today)])
        return Ask(caller, request_id, "spend", card, points, shown_on=today)

    def send(self, step: int, ask: Ask) -> None:
        """Send a request over a network that drops, doubles and delays."""
        for _ in range(self.random.choice([0, 1, 1, 1, 2])):
            self.requests.append((step + self.random.choice([0, 0, 0, 1, 5, 30]), ask))

    def server_acts(self, step: int) -> None:
        due = [ask for when, ask in self.requests if when <= step]
        self.requests = [(when, ask) for when, ask in self.requests if when > step]
        self.random.shuffle(due)
        while due:
            count = self.random.randint(1, 5)
            batch, due = due[:count], due[count:]
            self.book(step, batch)

    def book(self, step: int, batch: list[Ask]) -> None:
        self.store.dies = self.random.choice([None] * 12 + ["before", "after"])
        self.store.committed = False
        moment = Moment.of(self.town.clock.now())
        try:
            operations = self.booker.book([command_of(ask) for ask in batch])
        except ClockWentBackError:
            assert self.newest - moment.microseconds > 5_000_000, "the clock was good enough"
            self.restart_server()
            return
        except StoreUnavailableError:
            if self.store.committed:
                self.agree(step, batch, None, moment)
            self.restart_server()
            return
        self.agree(step, batch, operations, moment)
        if self.store.dies or self.random.random() < 0.02:
            self.restart_server()

    def agree(
        self, step: int, batch: list[Ask], operations: Sequence[object] | None, moment: Moment
    ) -> None:
        """Let the model decide the same, in the same order, and compare."""
        moment = max(moment, Moment.at(self.newest))
        decided_before = len(self.model.decided)
        for position, ask in enumerate(batch):
            expected, spend = self.model.ask(ask, moment.day)
            operation = operations[position] if operations else self.stored(ask)
            assert isinstance(operation, Operation), f"{ask} failed: {operation}"
            if operations is not None or spend is not None:
                self.compare(ask, operation, expected, spend)
            if operations is not None and self.random.random() < 0.8:
                self.answers.append((step + self.random.choice([0, 0, 2, 9]), ask, operation))
        if len(self.model.decided) > decided_before:
            self.newest = moment.microseconds

    def stored(self, ask: Ask) -> Operation:
        key = RequestKey(*ask.key)
        return self.store.operations([key])[key]

    def compare(
        self, ask: Ask, operation: Operation, expected: Answer, spend: ModelSpend | None
    ) -> None:
        assert operation.outcome == expected.outcome, (ask, operation, expected)
        if operation.outcome == Outcome.REFUSED:
            assert refusal_of(operation).reason == expected.reason, (ask, operation)
        elif spend is not None:
            answer = json.loads(operation.answer)
            assert answer["balance_after"] == expected.balance, (ask, answer)
            self.model.spends[answer["transaction_number"]] = spend
            self.numbers.append((ask.caller, answer["transaction_number"]))

    def deliver_answers(self, step: int) -> None:
        due = [(ask, answer) for when, ask, answer in self.answers if when <= step]
        self.answers = [waiting for waiting in self.answers if waiting[0] > step]
        for ask, operation in due:
            first = self.first_answers.setdefault(ask.key, operation)
            if ask.kind != "settle" and operation.outcome == Outcome.BOOKED:
                assert first.outcome != Outcome.BOOKED or first == operation, "another answer"
            if self.open.get(ask.caller) == ask:
                del self.open[ask.caller]

    def check_balances(self) -> None:
        rows = self.database.execute_sql(
            """SELECT c.serial_number, l.last_good_day, sum(l.remaining) FROM lot l
            JOIN account a USING (account_id) JOIN certificate c
            ON a.owner = CAST(c.citizen_id AS TEXT) WHERE a.program_id = ?
            GROUP BY 1, 2""",
            (MUNICIPAL,),
        ).fetchall()
        found = {(card, day): points for card, day, points in rows if points}
        expected: dict[tuple[str, str], int] = {}
        for card, lots in self.model.lots.items():
            for lot in lots:
                key = (card, lot.last_good_day.isoformat())
                expected[key] = expected.get(key, 0) + lot.points
        assert found == {key: points for key, points in expected.items() if points}

    def check_at_the_end(self) -> None:
        verified = verify(open_database(self.town.url))
        assert verified.fault is None, verified.fault
        assert verified.transactions == self.model.booked
        for key, (_, answer) in self.model.decided.items():
            request = RequestKey(*key)
            kept = self.store.operations([request])[request]
            assert kept.outcome == answer.outcome
            first = self.first_answers.get(key)
            if first is not None and first.outcome == Outcome.BOOKED:
                assert kept.answer == first.answer, "what was answered is not what is kept"


def command_of(ask: Ask) -> Command:
    """Return the real command of a request."""
    if ask.kind == "settle":
        return SettleCommand(RequestKey(*ask.key))
    if ask.kind == "grant":
        grant = grant_command(ask.card, ask.points, request_id=ask.request_id)
        return replace(grant, request=RequestKey(*ask.key))
    terminal_id = ask.caller.removeprefix("terminal:")
    if ask.kind == "cancel":
        return cancel_command(ask.number, terminal_id=terminal_id, request_id=ask.request_id)
    return spend_command(
        ask.card,
        ask.points,
        terminal_id=terminal_id,
        request_id=ask.request_id,
        day=ask.shown_on,
    )
