"""One simulated town: counters, a bad network, servers that die, and the model beside them."""

import random
from collections.abc import Sequence

from server.clock import Moment
from server.ledger.booker import ClockWentBackError, Command
from server.ledger.store import StoreUnavailableError
from server.ledger.values import Operation, Outcome
from tests.server.support import Town, signing_key_of
from tests.simulation.answers import check_answer, told_by
from tests.simulation.asks import CALLERS, first_grants, new_ask
from tests.simulation.checks import DONE, check_books, check_end, tables
from tests.simulation.commands import (
    apart,
    command_of,
    expire_commands,
    lapse_commands,
    lapse_voucher_commands,
)
from tests.simulation.model import Model
from tests.simulation.registering import Registering
from tests.simulation.registration_asks import ATTEMPT_STEPS
from tests.simulation.registration_checks import check_registrations
from tests.simulation.servers import Server
from tests.simulation.stores import Fault
from tests.simulation.uses import Taken
from tests.simulation.values import ISSUERS, Answer, Ask
from tests.simulation.voucher_asks import drawn

STEPS = 100
OTHER_EACH_TIME = ("settle", "propose", "check", "end")
"""What may be answered otherwise when it is asked again."""
BEHIND_MAX = 5_000_000


class World:
    """Everything that happens follows from the seed."""

    def __init__(self, seed: int, town: Town, fault: Fault = Fault.NONE, servers: int = 2) -> None:
        self.random = random.Random(seed)
        self.town = town
        self.model = Model()
        self.registering = Registering(seed, self.model)
        self.key = signing_key_of(town)
        self.servers = [Server(town, fault) for _ in range(servers)]
        self.newest = 0
        self.registrations_came = False
        self.requests = [(0, ask) for ask in first_grants(self.random)]
        self.answers: list[tuple[int, Ask, Operation]] = []
        self.open: dict[str, Ask] = {}
        self.first_answers: dict[tuple[str, str], Operation] = {}
        self.numbers: list[tuple[str, str, str]] = []
        """Caller, kind and number of what was booked."""

    def run(self) -> None:
        for step in range(STEPS):
            self.move_clock()
            self.clients_act(step)
            self.registering.act(step, self.now())
            self.server_acts(step)
            self.jobs_act()
            self.deliver_answers(step)
            check_books(self.town, self.servers[0].database, self.model)
            if self.registrations_came:
                check_registrations(self.servers[0].database, self.model)
        check_end(self.town, self.servers[0], self.model, self.first_answers)
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
        for caller, eagerness in CALLERS.items():
            ask = self.open.get(caller)
            if ask is None and self.random.random() < eagerness:
                own = [one[1:] for one in self.numbers if one[0] == caller]
                others = [one[1:] for one in self.numbers if self.random.random() < 0.01]
                today = self.town.clock.today
                ask = self.open[caller] = new_ask(
                    self.random, caller, own[-6:] + others, self.model, today
                )
                self.send(step, ask)
            elif ask is not None and self.random.random() < 0.3:
                self.send(step, ask)
            elif ask is not None and ask.kind != "reprint" and self.random.random() < 0.05:
                self.open[caller] = Ask(caller, ask.request_id, "settle")
                self.send(step, self.open[caller])

    def send(self, step: int, ask: Ask) -> None:
        """Send a request over a network that drops, doubles and delays."""
        for _ in range(self.random.choice([0, 1, 1, 1, 2])):
            when = step + self.random.choice([0, 0, 0, 1, 5, 30])
            self.requests.append((when, drawn(self.random, ask)))

    def server_acts(self, step: int) -> None:
        due = [ask for when, ask in self.requests if when <= step]
        self.requests = [(when, ask) for when, ask in self.requests if when > step]
        self.random.shuffle(due)
        registrations = self.registering.take_due(step)
        self.registrations_came = bool(registrations)
        while due:
            count = self.random.randint(1, 5)
            batch, due = due[:count], due[count:]
            for part in apart(batch):
                server = self.random.choice(self.servers)
                self.endanger(server)
                if part[0].kind == "reprint":
                    self.reprint(step, part[0], server)
                else:
                    self.book(step, self.registering.joined(part, registrations), server)
        self.register(step, registrations)

    def register(self, step: int, due: list[Ask]) -> None:
        """Decide on the registrations that came into no batch of bookings."""
        chance = self.registering.random
        while due:
            ask = due.pop()
            server = chance.choice(self.servers)
            self.endanger(server, chance)
            if ask.kind in ATTEMPT_STEPS:
                self.attempt(step, ask, server)
            else:
                self.book(step, self.registering.joined([ask], due), server, chance)

    def endanger(self, server: Server, chance: random.Random | None = None) -> None:
        """Let a server die now and then, before or after its next commit."""
        chance = chance or self.random
        server.store.dies = chance.choice([None] * 12 + ["before", "after"])
        server.store.committed = False

    def now(self) -> int:
        return Moment.of(self.town.clock.now()).microseconds

    def moment(self, server: Server) -> int | None:
        """The moment that a batch is decided at, or None where the clock is too far behind."""
        now = self.now()
        newest = max(self.newest, server.newest)
        return max(now, newest) if newest - now <= BEHIND_MAX else None

    def book(
        self, step: int, batch: list[Ask], server: Server, chance: random.Random | None = None
    ) -> None:
        looks = chance is None and self.random.random() < 0.1
        before = tables(self.town) if looks else None
        chance = chance or self.random
        moment = self.moment(server)
        done_before = self.model.done
        try:
            operations = server.booker.book(self.commands(batch, server))
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
        if before is not None and self.model.done == done_before:
            assert tables(self.town) == before, "a refusal left something behind"
        if server.store.dies or chance.random() < 0.02:
            server.restart()

    def commands(self, batch: list[Ask], server: Server) -> list[Command]:
        return [command_of(ask, self.key, server.database) for ask in batch]

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
            operation = operations[position] if operations else server.stored(ask)
            assert isinstance(operation, Operation), f"{ask} failed: {operation}"
            if operations is not None or taken is not None or expected.outcome == "REGISTERED":
                self.compare(ask, operation, expected, taken)
            if operations is not None:
                self.answer(step, ask, operation)
        if len(self.model.decided) > decided_before:
            server.newest = moment
        if self.model.booked > booked_before:
            self.newest = moment

    def reprint(self, step: int, ask: Ask, server: Server) -> None:
        try:
            operation = server.reprint(ask)
        except StoreUnavailableError:
            if server.store.committed:
                self.model.vouchers.reprint(ask)
            server.restart()
            return
        check_answer(ask, operation, self.model.vouchers.reprint(ask))
        self.answer(step, ask, operation)

    def attempt(self, step: int, ask: Ask, server: Server) -> None:
        now = self.now()
        try:
            operation = server.attempt(ask)
        except StoreUnavailableError:
            if server.store.committed:
                self.model.persons.step(ask, now)
            server.restart()
            return
        check_answer(ask, operation, self.model.persons.step(ask, now))
        self.answer(step, ask, operation)

    def answer(self, step: int, ask: Ask, operation: Operation) -> None:
        """Send an answer over the same network, where it may be lost."""
        chance = self.registering.random if ask.caller in ISSUERS else self.random
        if chance.random() < 0.8:
            self.answers.append((step + chance.choice([0, 0, 2, 9]), ask, operation))

    def compare(
        self, ask: Ask, operation: Operation, expected: Answer, taken: Taken | None
    ) -> None:
        check_answer(ask, operation, expected)
        if taken is not None:
            number = str(told_by(operation)["transaction_number"])
            self.model.uses.taken[number] = taken
            self.numbers.append((ask.caller, taken.kind, number))

    def jobs_act(self) -> None:
        """Now and then the nightly run, and the release of what was held too long."""
        server = self.random.choice(self.servers)
        moment = self.moment(server)
        if moment is None or self.random.random() > 0.15:
            return
        self.endanger(server)
        day = Moment.at(moment).day
        lapsing = lapse_commands(server.database, moment, self.random)
        expiring = expire_commands(server.database, moment, self.random)
        vouchers = lapse_voucher_commands(server.database, moment, self.random)
        commands: list[Command] = [*lapsing, *expiring, *vouchers]
        if commands and not self.book_jobs(server, commands, moment):
            return
        assert len(self.model.lapse(day)) == len(lapsing)
        assert self.model.expire(moment) == {one.transaction_number for one in expiring}
        assert self.model.lapse_vouchers(day) == {one.voucher_number for one in vouchers}

    def book_jobs(self, server: Server, commands: Sequence[Command], moment: int) -> bool:
        """Book what the jobs found; return whether it was committed before the server died."""
        try:
            operations = server.booker.book(commands)
        except StoreUnavailableError:
            committed = server.store.committed
            server.restart()
            if committed:
                self.newest = moment
            return committed
        outcomes = [getattr(one, "outcome", one) for one in operations]
        assert outcomes == [Outcome.BOOKED] * len(operations), operations
        self.newest = server.newest = moment
        return True

    def deliver_answers(self, step: int) -> None:
        due = [(ask, answer) for when, ask, answer in self.answers if when <= step]
        self.answers = [waiting for waiting in self.answers if waiting[0] > step]
        for ask, operation in due:
            first = self.first_answers.setdefault(ask.key, operation)
            if ask.kind not in OTHER_EACH_TIME and operation.outcome in DONE:
                assert first.outcome not in DONE or first == operation, "another answer"
            self.registering.answered(ask)
            if self.open.get(ask.caller) == ask:
                del self.open[ask.caller]
