"""What the specification says should happen, and nothing else: it imports no rule of ours."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone

PROGRAM, RETAINED = "00000001", "00000000"
DAYS_VALID = {PROGRAM: 60, RETAINED: 21}
CITIZEN_DAY_MAX, TERMINAL_DAY_MAX = 900, 1500
"""The limits that the simulated municipality has set (USE-6)."""

SECOND = 1_000_000
TOKYO = timezone(timedelta(hours=9))


def day_of(moment: int) -> date:
    """The Tokyo day of a moment in microseconds."""
    return datetime.fromtimestamp(moment // SECOND, UTC).astimezone(TOKYO).date()


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
    """The transaction that is cancelled, captured or released."""
    program: str = PROGRAM
    seconds: int = 0

    @property
    def key(self) -> tuple[str, str]:
        return self.caller, self.request_id


@dataclass
class ModelLot:
    last_good_day: date
    points: int


Parts = list[tuple[ModelLot, int]]
"""Lots, and what was taken from each."""


@dataclass
class Taken:
    """A spend, or a hold, and the lots that it took points from."""

    kind: str
    caller: str
    card: str
    day: date
    parts: Parts
    expires_at: int = 0
    settled: bool = False

    @property
    def points(self) -> int:
        return sum(part for _, part in self.parts)


@dataclass(frozen=True)
class Answer:
    """BOOKED with what remains, REFUSED with a reason, or ABANDONED."""

    outcome: str
    reason: str = ""
    balance: int = 0


BOOKED = Answer("BOOKED")


def refused(reason: str) -> Answer:
    return Answer("REFUSED", reason)


@dataclass
class Model:
    """The ledger as plain lists."""

    lots: dict[tuple[str, str], list[ModelLot]] = field(default_factory=dict)
    """By card and program."""
    taken: dict[str, Taken] = field(default_factory=dict)
    decided: dict[tuple[str, str], tuple[Ask, Answer]] = field(default_factory=dict)
    booked: int = 0
    lapsed: int = 0
    spent: int = 0

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
        return answer, taken

    def balance(self, card: str, today: date, program: str = PROGRAM) -> int:
        return sum(lot.points for lot in self._usable(card, today, program))

    def held(self) -> int:
        holds = (one for one in self.taken.values() if one.kind == "hold" and not one.settled)
        return sum(one.points for one in holds)

    def lapse(self, today: date) -> set[str]:
        """The nightly run: return the cards whose points lapsed."""
        cards = set()
        for (card, program), lots in self.lots.items():
            for lot in lots:
                if program == PROGRAM and lot.last_good_day < today and lot.points:
                    self.lapsed += lot.points
                    lot.points = 0
                    cards.add(card)
        self.booked += len(cards)
        return cards

    def expire(self, moment: int) -> set[str]:
        """The job that releases holds in time: return their numbers."""
        over = {
            number
            for number, one in self.taken.items()
            if one.kind == "hold" and not one.settled and one.expires_at <= moment
        }
        for number in over:
            self._give_back(self.taken[number].parts, day_of(moment))
            self.taken[number].settled = True
        self.booked += len(over)
        return over

    def _usable(self, card: str, today: date, program: str) -> list[ModelLot]:
        lots = self.lots.get((card, program), [])
        good = [lot for lot in lots if program == RETAINED or lot.last_good_day >= today]
        return sorted(good, key=lambda lot: lot.last_good_day)

    def _decide(self, ask: Ask, moment: int) -> tuple[Answer, Taken | None]:
        today = day_of(moment)
        match ask.kind:
            case "settle":
                return Answer("ABANDONED"), None
            case "grant":
                self._open_lot(ask.card, ask.program, ask.points, today)
                return BOOKED, None
            case "move":
                return self._move(ask, today), None
            case "cancel":
                return self._cancel(ask, today), None
            case "hold":
                return self._hold(ask, moment)
            case "capture" | "release":
                return self._settle_hold(ask, moment), None
        return self._spend(ask, today)

    def _open_lot(self, card: str, program: str, points: int, today: date) -> None:
        lot = ModelLot(today + timedelta(days=DAYS_VALID[program]), points)
        self.lots.setdefault((card, program), []).append(lot)

    def _take(self, card: str, points: int, today: date, program: str = PROGRAM) -> Parts:
        parts: Parts = []
        left = points
        for lot in self._usable(card, today, program):
            part = min(left, lot.points)
            lot.points -= part
            left -= part
            if part:
                parts.append((lot, part))
        return parts

    def _give_back(self, parts: Parts, today: date) -> None:
        for lot, part in parts:
            if lot.last_good_day < today:
                self.lapsed += part
            else:
                lot.points += part

    def _move(self, ask: Ask, today: date) -> Answer:
        if ask.points < 1:
            return refused("POINTS_NOT_POSITIVE")
        if ask.points > self.balance(ask.card, today, RETAINED):
            return refused("INSUFFICIENT_POINTS")
        self._take(ask.card, ask.points, today, RETAINED)
        self._open_lot(ask.card, PROGRAM, ask.points, today)
        return BOOKED

    def _used(self, today: date, **whose: str) -> int:
        return sum(
            one.points
            for one in self.taken.values()
            if one.kind == "spend"
            and one.day == today
            and not one.settled
            and all(getattr(one, name) == value for name, value in whose.items())
        )

    def _unfit(self, ask: Ask, today: date) -> str | None:
        if ask.points < 1:
            return "POINTS_NOT_POSITIVE"
        if ask.points > self.balance(ask.card, today):
            return "INSUFFICIENT_POINTS"
        return None

    def _spend(self, ask: Ask, today: date) -> tuple[Answer, Taken | None]:
        if ask.shown_on != today:
            return refused("DAY_TURNED"), None
        if reason := self._unfit(ask, today):
            return refused(reason), None
        if self._used(today, card=ask.card) + ask.points > CITIZEN_DAY_MAX:
            return refused("OVER_LIMIT_PER_CITIZEN_DAY"), None
        if self._used(today, caller=ask.caller) + ask.points > TERMINAL_DAY_MAX:
            return refused("OVER_LIMIT_PER_TERMINAL_DAY"), None
        parts = self._take(ask.card, ask.points, today)
        self.spent += ask.points
        taken = Taken("spend", ask.caller, ask.card, today, parts)
        return Answer("BOOKED", balance=self.balance(ask.card, today)), taken

    def _cancel(self, ask: Ask, today: date) -> Answer:
        spend = self.taken.get(ask.number)
        if spend is None or spend.caller != ask.caller:
            return refused("TRANSACTION_UNKNOWN")
        if spend.kind != "spend":
            return refused("TRANSACTION_NOT_A_SPEND")
        if spend.settled:
            return refused("TRANSACTION_ALREADY_CANCELLED")
        if spend.day != today:
            return refused("TRANSACTION_OF_ANOTHER_DAY")
        self._give_back(spend.parts, today)
        self.spent -= spend.points
        spend.settled = True
        return BOOKED

    def _hold(self, ask: Ask, moment: int) -> tuple[Answer, Taken | None]:
        today = day_of(moment)
        if reason := self._unfit(ask, today):
            return refused(reason), None
        parts = self._take(ask.card, ask.points, today)
        expires_at = moment + ask.seconds * SECOND
        return BOOKED, Taken("hold", ask.caller, ask.card, today, parts, expires_at)

    def _settle_hold(self, ask: Ask, moment: int) -> Answer:
        hold = self.taken.get(ask.number)
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
        self._give_back(rest, day_of(moment))
        hold.settled = True
        return BOOKED
