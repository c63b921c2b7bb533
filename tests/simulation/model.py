"""What the specification says should happen, and nothing else: it imports no rule of ours."""

from dataclasses import dataclass, field
from datetime import date, timedelta

DAYS_VALID = 60
"""Of the town's municipal program."""


@dataclass(frozen=True)
class Ask:
    """A request as a client keeps it, to send it again."""

    caller: str
    request_id: str
    kind: str
    card: str = ""
    points: int = 0
    shown_on: date = date.min
    number: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.caller, self.request_id


@dataclass
class ModelLot:
    last_good_day: date
    points: int


@dataclass
class ModelSpend:
    caller: str
    day: date
    parts: list[tuple[ModelLot, int]]
    cancelled: bool = False


@dataclass(frozen=True)
class Answer:
    """BOOKED with what remains or returns, REFUSED with a reason, or ABANDONED."""

    outcome: str
    reason: str = ""
    balance: int = 0


@dataclass
class Model:
    """The ledger as plain lists."""

    lots: dict[str, list[ModelLot]] = field(default_factory=dict)
    spends: dict[str, ModelSpend] = field(default_factory=dict)
    decided: dict[tuple[str, str], tuple[Ask, Answer]] = field(default_factory=dict)
    booked: int = 0

    def ask(self, ask: Ask, today: date) -> tuple[Answer, ModelSpend | None]:
        """Decide a request; a repeated one has its first answer (LED-3)."""
        if ask.key in self.decided:
            first, answer = self.decided[ask.key]
            if ask.kind == "settle" or ask == first:
                return answer, None
            if answer.outcome == "ABANDONED":
                return Answer("REFUSED", "OPERATION_ABANDONED"), None
            return Answer("REFUSED", "REQUEST_ID_REUSED"), None
        answer, spend = self._decide(ask, today)
        self.decided[ask.key] = (ask, answer)
        self.booked += answer.outcome == "BOOKED"
        return answer, spend

    def balance(self, card: str, today: date) -> int:
        return sum(lot.points for lot in self._usable(card, today))

    def _usable(self, card: str, today: date) -> list[ModelLot]:
        lots = (lot for lot in self.lots.get(card, []) if lot.last_good_day >= today)
        return sorted(lots, key=lambda lot: lot.last_good_day)

    def _decide(self, ask: Ask, today: date) -> tuple[Answer, ModelSpend | None]:
        if ask.kind == "settle":
            return Answer("ABANDONED"), None
        if ask.kind == "grant":
            lot = ModelLot(today + timedelta(days=DAYS_VALID), ask.points)
            self.lots.setdefault(ask.card, []).append(lot)
            return Answer("BOOKED"), None
        if ask.kind == "cancel":
            return self._cancel(ask, today), None
        return self._spend(ask, today)

    def _spend(self, ask: Ask, today: date) -> tuple[Answer, ModelSpend | None]:
        if ask.shown_on != today:
            return Answer("REFUSED", "DAY_TURNED"), None
        if ask.points < 1:
            return Answer("REFUSED", "POINTS_NOT_POSITIVE"), None
        if ask.points > self.balance(ask.card, today):
            return Answer("REFUSED", "INSUFFICIENT_POINTS"), None
        spend = ModelSpend(ask.caller, today, [])
        left = ask.points
        for lot in self._usable(ask.card, today):
            part = min(left, lot.points)
            lot.points -= part
            left -= part
            if part:
                spend.parts.append((lot, part))
        return Answer("BOOKED", balance=self.balance(ask.card, today)), spend

    def _cancel(self, ask: Ask, today: date) -> Answer:
        spend = self.spends.get(ask.number)
        if spend is None or spend.caller != ask.caller:
            return Answer("REFUSED", "TRANSACTION_UNKNOWN")
        if spend.cancelled:
            return Answer("REFUSED", "TRANSACTION_ALREADY_CANCELLED")
        if spend.day != today:
            return Answer("REFUSED", "TRANSACTION_OF_ANOTHER_DAY")
        for lot, part in spend.parts:
            lot.points += part
        spend.cancelled = True
        return Answer("BOOKED")
