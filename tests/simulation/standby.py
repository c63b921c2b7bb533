"""A primary and its synchronous standby, and what becomes of answers when one of them is lost.

The standby is a copy of the ledger's file, taken when it is cut off: until it is back, what is
committed is on the primary alone. When the primary is lost meanwhile, the copy takes its place.
"""

import copy
import shutil
from pathlib import Path

from server.ledger.values import Operation
from tests.server.support import Town
from tests.simulation.checks import DONE
from tests.simulation.model import Model
from tests.simulation.servers import Server
from tests.simulation.stores import Fault, Link
from tests.simulation.values import Ask
from tests.simulation.world import World

CUT_OFF, BACK, LOST = 0.06, 0.25, 0.15
"""How likely it is in a step that the standby is cut off; and then, that it is back, or that the
primary is lost."""


class WorldWithStandby(World):
    """A town whose primary may be lost."""

    def __init__(self, seed: int, town: Town, fault: Fault = Fault.NONE, servers: int = 2) -> None:
        super().__init__(seed, town, fault, servers)
        self.link = Link()
        self.told: dict[tuple[str, str], tuple[Ask, Operation]] = {}
        """What was answered, whatever the network made of it."""
        self.losses = 0
        self._before: tuple[Model, int] | None = None
        for server in self.servers:
            server.link = self.link
            server.restart()

    def move_clock(self) -> None:
        super().move_clock()
        roll = self.random.random()
        if not self.link.is_cut:
            if roll < CUT_OFF:
                self._cut_off()
        elif roll < BACK:
            self.link.is_cut = False
        elif roll < BACK + LOST:
            self._lose_primary()

    def reprint(self, step: int, ask: Ask, server: Server) -> None:
        self._wait_in_vain(server)
        super().reprint(step, ask, server)

    def attempt(self, step: int, ask: Ask, server: Server) -> None:
        self._wait_in_vain(server)
        super().attempt(step, ask, server)

    def _wait_in_vain(self, server: Server) -> None:
        """What is written beside the booking path waits for the standby too."""
        if self.link.is_cut and server.store.dies is None:
            server.store.dies = "after"

    def _copy(self) -> Path:
        return self.town.path.with_suffix(".standby")

    def _cut_off(self) -> None:
        self._copy().unlink(missing_ok=True)
        with self.town.database.connection_context():
            self.town.database.execute_sql("VACUUM INTO ?", (str(self._copy()),))
        self._before = copy.deepcopy((self.model, self.newest))
        self.link.is_cut = True

    def _lose_primary(self) -> None:
        """Let the standby take over: it has what was committed before it was cut off."""
        assert self._before is not None
        for server in self.servers:
            server.stop()
        for left in self.town.path.parent.glob(f"{self.town.path.name}-*"):
            left.unlink()
        shutil.copy(self._copy(), self.town.path)
        self.model, self.newest = self._before
        self.registering.model = self.model
        for server in self.servers:
            server.start()
        self.link.is_cut = False
        self.losses += 1
        self._check_told()

    def _check_told(self) -> None:
        """Every answer that was given holds on the standby too (LED-5)."""
        for ask, operation in self.told.values():
            assert self.servers[0].stored(ask) == operation, "an answer was lost with the primary"

    def answer(self, step: int, ask: Ask, operation: Operation) -> None:
        if operation.outcome in DONE and ask.kind in KEPT:
            self.told[ask.key] = (ask, operation)
        super().answer(step, ask, operation)


KEPT = ("spend", "grant", "cancel", "merge", "issue", "redeem", "settle")
