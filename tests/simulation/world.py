"""One simulated town: counters, a bad network, servers that die, and the model beside them."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from server.clock import Moment
from server.db.engine import open_database
from server.ledger.booker import Booker, ClockWentBackError, refusal_of
from server.ledger.store import StoreUnavailableError
from server.ledger.values import Operation, Outcome, RequestKey
from tests.server.support import Town
from tests.simulation.asks import CALLERS, new_ask
from tests.simulation.checks import check_books, check_end, tables
from tests.simulation.commands import command_of, expire_commands, lapse_commands
from tests.simulation.model import Answer, Ask, Model, Taken
from tests.simulation.stores import Fault, store_on

STEPS = 100
BEHIND_MAX = 5_000_000


@dataclass
class Server:
    """One server process: it may die, and with it what it has not committed."""

    town: Town
    fault: Fault
    newest: int = 0
    """The time of its newest decision, as far as it remembers."""

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.newest = 0
        self.database = open_database(self.town.url)
        self.database.connect()
        if self.town.is_sqlite:
            self.database.execute_sql("PRAGMA synchronous = off")
        self.store = store_on(self.database, self.fault)
        self.booker = Booker(self.store, self.town.clock)

    def stop(self) -> None:
        self.store.roll_back()
        self.database.close()

    def restart(self) -> None:
        self.stop()
        self.start()


class World:
    """Everything that happens follows from the seed."""

    def __init__(self, seed: int, town: Town, fault: Fault = Fault.NONE, servers: int = 2) -> None:
        self.random = random.Random(seed)
        self.town = town
        self.model = Model()
        self.servers = [Server(town, fault) for _ in range(servers)]
        self.newest = 0
        self.requests: list[tuple[int, Ask]] = []
        self.answers: list[tuple[int, Ask, Operation]] = []
        self.open: dict[str, Ask] = {}
        self.first_answers: dict[tuple[str, str], Operation] = {}
        self.numbers: list[tuple[str, str, str]] = []
        """Caller, kind and number of what was booked."""

    def run(self) -> None:
        for step in range(STEPS):
            self.move_clock()
            self.clients_act(step)
            self.server_acts(step)
            self.jobs_act()
            self.deliver_answers(step)
            check_books(self.town, self.servers[0].database, self.model)
        check_end(self.town, self.servers[0].store, self.model, self.first_answers)
        self.stop()

    def stop(self) -> None:
        for server in self.servers:
            server.stop()

    def move_clock(self) -> None:
        roll = self.random.random()
        if roll < 0.03:
            self.town.clock.advance(days=self.random.choice([1, 1, 1, 30, 61]))
        elif roll < 0.06:
            self.town.clock.advance(seconds=-self.random.choice([2, 4, 8]))
        else:
            self.town.clock.advance(seconds=self.random.random() * 20)

    def clients_act(self, step: int) -> None:
        for caller in CALLERS:
            ask = self.open.get(caller)
            if ask is None and self.random.random() < 0.8:
                own = [one[1:] for one in self.numbers if one[0] == caller]
                others = [one[1:] for one in self.numbers if self.random.random() < 0.01]
                today = self.town.clock.today
                ask = self.open[caller] = new_ask(
                    self.random, caller, own[-6:] + others, self.model, today
                )
                self.send(step, ask)
            elif ask is not None and self.random.random() < 0.3:
                self.send(step, ask)
            elif ask is not None and self.random.random() < 0.05:
                self.open[caller] = Ask(caller, ask.request_id, "settle")
                self.send(step, self.open[caller])

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
            self.book(step, batch, self.random.choice(self.servers))

    def moment(self, server: Server) -> int | None:
        """The moment that a batch is decided at, or None where the clock is too far behind."""
        now = Moment.of(self.town.clock.now()).microseconds
        newest = max(self.newest, server.newest)
        return max(now, newest) if newest - now <= BEHIND_MAX else None

    def book(self, step: int, batch: list[Ask], server: Server) -> None:
        server.store.dies = self.random.choice([None] * 12 + ["before", "after"])
        server.store.committed = False
        before = tables(self.town) if self.random.random() < 0.1 else None
        moment = self.moment(server)
        booked_before = self.model.booked
        try:
            operations = server.booker.book([command_of(ask) for ask in batch])
        except ClockWentBackError:
            assert moment is None, "the clock was good enough"
            server.restart()
            return
        except StoreUnavailableError:
            if server.store.committed:
                assert moment is not None
                self.agree(step, batch, None, server, moment)
            server.restart()
            return
        assert moment is not None, "the clock was too far behind"
        self.agree(step, batch, operations, server, moment)
        if before is not None and self.model.booked == booked_before:
            assert tables(self.town) == before, "a refusal left something behind"
        if server.store.dies or self.random.random() < 0.02:
            server.restart()

    def agree(
        self,
        step: int,
        batch: list[Ask],
        operations: Sequence[object] | None,
        server: Server,
        moment: int,
    ) -> None:
        """Let the model decide the same, in the same order, and compare."""
        decided_before, booked_before = len(self.model.decided), self.model.booked
        for position, ask in enumerate(batch):
            expected, taken = self.model.ask(ask, moment)
            operation = operations[position] if operations else stored(server, ask)
            assert isinstance(operation, Operation), f"{ask} failed: {operation}"
            if operations is not None or taken is not None:
                self.compare(ask, operation, expected, taken)
            if operations is not None and self.random.random() < 0.8:
                self.answers.append((step + self.random.choice([0, 0, 2, 9]), ask, operation))
        if len(self.model.decided) > decided_before:
            server.newest = moment
        if self.model.booked > booked_before:
            self.newest = moment

    def compare(
        self, ask: Ask, operation: Operation, expected: Answer, taken: Taken | None
    ) -> None:
        assert operation.outcome == expected.outcome, (ask, operation, expected)
        if operation.outcome == Outcome.REFUSED:
            assert refusal_of(operation).reason == expected.reason, (ask, operation, expected)
        elif taken is not None:
            number = operation.answer.decode()
            if taken.kind == "spend":
                answer = json.loads(operation.answer)
                assert answer["balance_after"] == expected.balance, (ask, answer)
                number = answer["transaction_number"]
            self.model.taken[number] = taken
            self.numbers.append((ask.caller, taken.kind, number))

    def jobs_act(self) -> None:
        """Now and then the nightly run, and the release of what was held too long."""
        server = self.random.choice(self.servers)
        moment = self.moment(server)
        if moment is None or self.random.random() > 0.15:
            return
        server.store.dies = None
        lapsing = lapse_commands(server.database, moment, self.random)
        expiring = expire_commands(server.database, moment, self.random)
        if not lapsing and not expiring:
            assert not self.model.lapse(Moment.at(moment).day), "the nightly run missed an account"
            assert not self.model.expire(moment), "a hold was missed"
            return
        operations = server.booker.book([*lapsing, *expiring])
        outcomes = [getattr(one, "outcome", one) for one in operations]
        assert outcomes == [Outcome.BOOKED] * len(operations), operations
        assert len(self.model.lapse(Moment.at(moment).day)) == len(lapsing)
        assert self.model.expire(moment) == {one.transaction_number for one in expiring}
        self.newest = server.newest = moment

    def deliver_answers(self, step: int) -> None:
        due = [(ask, answer) for when, ask, answer in self.answers if when <= step]
        self.answers = [waiting for waiting in self.answers if waiting[0] > step]
        for ask, operation in due:
            first = self.first_answers.setdefault(ask.key, operation)
            if ask.kind != "settle" and operation.outcome == Outcome.BOOKED:
                assert first.outcome != Outcome.BOOKED or first == operation, "another answer"
            if self.open.get(ask.caller) == ask:
                del self.open[ask.caller]


def stored(server: Server, ask: Ask) -> Operation:
    key = RequestKey(*ask.key)
    return server.store.operations([key])[key]
