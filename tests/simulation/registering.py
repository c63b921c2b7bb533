"""Clients that register MyKey IDs and service IDs, on the same bad network as the others.

They have a chance of their own, so that what all others do with a seed stays what it was.
"""

import random
from dataclasses import dataclass, field

from tests.simulation.model import Model
from tests.simulation.registration_asks import (
    ATTEMPT_STEPS,
    drawn_candidates,
    new_registration_ask,
)
from tests.simulation.values import ISSUERS, Ask

CLIENTS = tuple((caller, number) for caller in ISSUERS for number in range(2))
"""Two work at each terminal."""
EAGERNESS = 0.3
JOINING = 0.8
"""How many of the registrations come into a batch that is just being booked."""


@dataclass
class Registering:
    """The clients, and what of theirs is on its way to the servers."""

    seed: int
    model: Model
    requests: list[tuple[int, Ask]] = field(default_factory=list)
    open: dict[tuple[str, int], Ask] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(f"{self.seed} registering")

    def act(self, step: int, now: int) -> None:
        """Let each client ask for something new, or ask again."""
        for client in CLIENTS:
            ask = self.open.get(client)
            if ask is None and self.random.random() < EAGERNESS:
                ask = new_registration_ask(self.random, client[0], self.model, now)
                self.open[client] = ask
                self._send(step, ask)
            elif ask is not None and self.random.random() < 0.3:
                self._send(step, ask)
            elif ask is not None and ask.kind not in ATTEMPT_STEPS and self.random.random() < 0.05:
                self.open[client] = Ask(ask.caller, ask.request_id, "settle")
                self._send(step, self.open[client])

    def take_due(self, step: int) -> list[Ask]:
        """Take what reaches the servers in a step, in any order."""
        due = [ask for when, ask in self.requests if when <= step]
        self.requests = [waiting for waiting in self.requests if waiting[0] > step]
        self.random.shuffle(due)
        return due

    def joined(self, batch: list[Ask], due: list[Ask]) -> list[Ask]:
        """Put some registrations between the bookings of a batch, and take them from the due."""
        joined = list(batch)
        for ask in [one for one in due if one.kind not in ATTEMPT_STEPS]:
            position = self.random.randint(0, len(joined))
            whole = [*joined[:position], ask, *joined[position:]]
            if self.random.random() < JOINING and goes_together(whole):
                due.remove(ask)
                joined = whole
        return joined

    def answered(self, ask: Ask) -> None:
        """The client has an answer to what it asked, and is free for something else."""
        self.open = {client: one for client, one in self.open.items() if one != ask}

    def _send(self, step: int, ask: Ask) -> None:
        for _ in range(self.random.choice([0, 1, 1, 1, 2])):
            when = step + self.random.choice([0, 0, 0, 1, 5, 30])
            self.requests.append((when, drawn_candidates(self.random, ask)))


def goes_together(batch: list[Ask]) -> bool:
    """Whether what is asked can be decided in one batch as one after the other.

    A number is looked at as it is stored: in one batch behind a revocation it counts as asked
    for before.
    """
    kinds = [ask.kind for ask in batch]
    return "reprint" not in kinds and ("revoke" not in kinds or "number" not in kinds)
