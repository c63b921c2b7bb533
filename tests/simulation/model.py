"""What the specification says should happen, and nothing else: it imports no rule of ours."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from tests.simulation.lots import Lots
from tests.simulation.persons import Persons
from tests.simulation.service_ids import ServiceIds
from tests.simulation.uses import Taken, Uses
from tests.simulation.values import (
    BOOKED,
    PROGRAM,
    RETAINED,
    SECOND,
    Answer,
    Ask,
    booked,
    day_of,
    refused,
)
from tests.simulation.vouchers import Vouchers


@dataclass
class Model:
    """The ledger as plain lists."""

    decided: dict[tuple[str, str], tuple[Ask, Answer]] = field(default_factory=dict)
    booked: int = 0
    registered: int = 0
    spent: int = 0

    def __post_init__(self) -> None:
        self.lots = Lots()
        self.uses = Uses(self.lots)
        self.vouchers = Vouchers(self.uses)
        self.persons = Persons(self.lots)
        self.service_ids = ServiceIds(self.persons)

    def ask(self, ask: Ask, moment: int) -> tuple[Answer, Taken | None]:
        """Decide a request; a repeated one has its first answer (LED-3)."""
        if ask.key in self.decided:
            first, answer = self.decided[ask.key]
            if ask.kind == "settle" or ask == first:
                return answer, None
            if answer.outcome == "ABANDONED":
                return refused("OPERATION_ABANDONED"), None
            return refused("REQUEST_ID_REUSED"), None
        answer, taken = self._decide(ask, moment)
        self.decided[ask.key] = (ask, answer)
        self.booked += answer.outcome == "BOOKED"
        self.registered += answer.outcome == "REGISTERED"
        return answer, taken

    @property
    def done(self) -> int:
        """How much was booked or registered: where it is the same, nothing was changed."""
        return self.booked + self.registered

    def sums(self) -> Counter[tuple[str, str, str]]:
        """What the accounts hold by program and kind; redemptions by place too."""
        sums = self.vouchers.sums()
        sums[PROGRAM, "SPENT", ""] = self.spent
        sums[PROGRAM, "RESERVED", ""] = self.uses.held()
        for program, points in self.lots.lapsed.items():
            sums[program, "LAPSED", ""] = points
        for (_, program), lots in self.lots.held.items():
            sums[program, "HELD", ""] += sum(lot.points for lot in lots)
        return sums

    def lapse(self, today: date) -> set[tuple[str, str]]:
        """The nightly run: return the cards and programs whose points lapsed."""
        accounts = self.lots.lapse(today)
        self.booked += len(accounts)
        return accounts

    def lapse_vouchers(self, today: date) -> set[str]:
        """The nightly run: return the numbers of the vouchers that lapsed."""
        numbers = self.vouchers.lapse(today)
        self.booked += len(numbers)
        return numbers

    def expire(self, moment: int) -> set[str]:
        """The job that releases holds in time: return their numbers."""
        over = {
            number
            for number, one in self.uses.taken.items()
            if one.kind == "hold" and not one.settled and one.expires_at <= moment
        }
        for number in over:
            self.uses.give_back(self.uses.taken[number], day_of(moment))
        self.booked += len(over)
        return over

    def _decide(self, ask: Ask, moment: int) -> tuple[Answer, Taken | None]:
        today = day_of(moment)
        match ask.kind:
            case "settle":
                return Answer("ABANDONED"), None
            case "grant":
                return self._grant(ask, today), None
            case "move":
                return self._move(ask, today), None
            case "cancel":
                return self._cancel(ask, today), None
            case "hold":
                return self._hold(ask, moment)
            case "capture" | "release":
                return self._settle_hold(ask, moment), None
            case "issue":
                return self.vouchers.issue(ask, today)
            case "cancel voucher":
                return self.vouchers.cancel(ask, today), None
            case "redeem":
                return self.vouchers.redeem(ask, moment), None
            case "correct":
                return self.vouchers.correct(ask), None
            case "number":
                return self.service_ids.register(ask), None
            case "create":
                return self.persons.create(ask, moment), None
            case "change":
                return self.persons.change(ask, moment), None
            case "revoke":
                return self._revoke(ask, moment), None
        return self._spend(ask, today)

    def _grant(self, ask: Ask, today: date) -> Answer:
        if self.persons.live(ask.card) is None:
            return self.persons.not_accepted(ask.card)
        self.lots.open(ask.card, ask.program, ask.points, today)
        return BOOKED

    def _revoke(self, ask: Ask, moment: int) -> Answer:
        person = self.persons.live(ask.card)
        answer = self.persons.revoke(ask, moment)
        if person is not None and person.revoked:
            self.service_ids.end(person)
        return answer

    def _move(self, ask: Ask, today: date) -> Answer:
        if ask.points < 1:
            return refused("POINTS_NOT_POSITIVE")
        if ask.points > self.lots.balance(ask.card, today, RETAINED):
            return refused("INSUFFICIENT_POINTS")
        self.lots.take(ask.card, ask.points, today, RETAINED)
        self.lots.open(ask.card, PROGRAM, ask.points, today)
        return BOOKED

    def _spend(self, ask: Ask, today: date) -> tuple[Answer, Taken | None]:
        if refusal := self.uses.forbidden(ask, today):
            return refusal, None
        taken = self.uses.take(ask, today)
        self.spent += ask.points
        return booked(balance_after=self.lots.balance(ask.card, today)), taken

    def _cancel(self, ask: Ask, today: date) -> Answer:
        spend = self.uses.taken.get(ask.number)
        if spend is None or spend.caller != ask.caller:
            return refused("TRANSACTION_UNKNOWN")
        if spend.kind != "spend":
            return refused("TRANSACTION_NOT_A_SPEND")
        if spend.settled:
            return refused("TRANSACTION_ALREADY_CANCELLED")
        if spend.day != today:
            return refused("TRANSACTION_OF_ANOTHER_DAY")
        self.uses.give_back(spend, today)
        self.spent -= spend.points
        return booked(points=spend.points, balance_after=self.lots.balance(spend.card, today))

    def _hold(self, ask: Ask, moment: int) -> tuple[Answer, Taken | None]:
        today = day_of(moment)
        if refusal := self.uses.unfit(ask, today):
            return refusal, None
        taken = self.uses.take(ask, today)
        taken.expires_at = moment + ask.seconds * SECOND
        return BOOKED, taken

    def _settle_hold(self, ask: Ask, moment: int) -> Answer:
        hold = self.uses.taken.get(ask.number)
        if hold is None or hold.kind != "hold" or hold.caller != ask.caller:
            return refused("HOLD_UNKNOWN")
        if hold.settled:
            return refused("HOLD_SETTLED")
        captured = 0
        if ask.kind == "capture":
            if hold.expires_at <= moment:
                return refused("HOLD_EXPIRED")
            if ask.points < 1:
                return refused("POINTS_NOT_POSITIVE")
            if ask.points > hold.points:
                return refused("OVER_HELD_POINTS")
            captured = ask.points
        self.spent += captured
        rest = []
        for lot, part in hold.parts:
            kept = min(part, captured)
            captured -= kept
            rest.append((lot, part - kept))
        self.lots.give_back(rest, day_of(moment))
        hold.settled = True
        return BOOKED
