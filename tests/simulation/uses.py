"""The model's uses of points: what a spend, a hold and a voucher's issue have in common."""

from dataclasses import dataclass, field
from datetime import date

from tests.simulation.lots import Lots, Parts
from tests.simulation.values import (
    CITIZEN_DAY_MAX,
    PROGRAM,
    TERMINAL_DAY_MAX,
    Answer,
    Ask,
    refused,
)

LIMITED = ("spend", "issue")
"""What counts in the limits (USE-6)."""


@dataclass
class Taken:
    """A spend, a hold or a voucher's issue, and the lots that it took points from."""

    kind: str
    caller: str
    card: str
    program: str
    day: date
    parts: Parts
    expires_at: int = 0
    voucher: str = ""
    settled: bool = False
    """Cancelled, captured or released."""

    @property
    def points(self) -> int:
        return sum(part for _, part in self.parts)


@dataclass
class Uses:
    """All that was taken, by transaction number."""

    lots: Lots
    taken: dict[str, Taken] = field(default_factory=dict)

    def unfit(self, ask: Ask, today: date) -> Answer | None:
        """The refusal of an amount that is none, or more than there is (USE-3)."""
        if ask.points < 1:
            return refused("POINTS_NOT_POSITIVE")
        balance = self.lots.balance(ask.card, today, ask.program)
        if ask.points > balance:
            return refused("INSUFFICIENT_POINTS", balance=str(balance))
        return None

    def forbidden(self, ask: Ask, today: date) -> Answer | None:
        """The refusal of a use at a counter."""
        if ask.shown_on != today:
            return refused("DAY_TURNED")
        return self.unfit(ask, today) or self._over_limit(ask, today)

    def take(self, ask: Ask, today: date) -> Taken:
        parts = self.lots.take(ask.card, ask.points, today, ask.program)
        return Taken(ask.kind, ask.caller, ask.card, ask.program, today, parts)

    def give_back(self, taken: Taken, today: date) -> None:
        self.lots.give_back(taken.parts, today)
        taken.settled = True

    def held(self) -> int:
        holds = (one for one in self.taken.values() if one.kind == "hold" and not one.settled)
        return sum(one.points for one in holds)

    def _over_limit(self, ask: Ask, today: date) -> Answer | None:
        if ask.program != PROGRAM:
            return None
        left = CITIZEN_DAY_MAX - self._used(today, card=ask.card)
        if ask.points > left:
            return refused("OVER_LIMIT_PER_CITIZEN_DAY", left=str(left))
        left = TERMINAL_DAY_MAX - self._used(today, caller=ask.caller)
        if ask.points > left:
            return refused("OVER_LIMIT_PER_TERMINAL_DAY", left=str(left))
        return None

    def _used(self, today: date, **whose: str) -> int:
        return sum(
            one.points
            for one in self.taken.values()
            if one.kind in LIMITED
            and one.program == PROGRAM
            and one.day == today
            and not one.settled
            and all(getattr(one, name) == value for name, value in whose.items())
        )
