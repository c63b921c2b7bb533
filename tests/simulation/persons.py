"""What the specification says of MyKey IDs (MKY), and nothing else."""

from dataclasses import dataclass, field

from tests.simulation.lots import Lots
from tests.simulation.values import FIRST_MYKEY_IDS, SECOND, Answer, Ask, booked, refused

LIFETIME = 600 * SECOND
"""How long an attempt lasts, and with it the candidate that is reserved for it."""
PROPOSALS_MAX = REFUSALS_MAX = 3
NEVER_GIVEN = ("CCCC3333", "DDDD4444")
"""MyKey IDs of citizens who show no card here: one revoked, one with a revoked card."""
Key = tuple[str, str]
"""Caller and request ID."""


@dataclass(eq=False)
class Person:
    """A holder of a MyKey ID; who makes a new one after a revocation is another."""

    card: str
    mykey_id: str
    is_first: bool = False
    """Of the town's first citizens, who never had to set a password here."""
    revoked: bool = False


@dataclass
class ModelAttempt:
    purpose: str
    card: str
    person: Person | None
    expires_at: int
    proposals: int = 0
    refusals: int = 0
    ended: bool = False

    def is_open(self, now: int) -> bool:
        return not self.ended and self.expires_at > now


@dataclass(frozen=True)
class Event:
    """What was registered of a MyKey ID with one request."""

    kind: str
    mykey_id: str
    card: str
    replaced: str | None = None


@dataclass
class Persons:
    """All holders, their attempts, and the candidates that are reserved."""

    lots: Lots
    by_card: dict[str, Person] = field(default_factory=dict)
    all: list[Person] = field(default_factory=list)
    attempts: dict[Key, ModelAttempt] = field(default_factory=dict)
    reserved: dict[str, tuple[Key, int]] = field(default_factory=dict)
    """By MyKey ID the attempt, and until when; one whose time is over may still stand here."""
    events: dict[Key, Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for card, mykey_id in FIRST_MYKEY_IDS.items():
            self._add(Person(card, mykey_id, is_first=True))
        self._given = {*NEVER_GIVEN, *FIRST_MYKEY_IDS.values()}

    def live(self, card: str) -> Person | None:
        """The holder whose MyKey ID is good."""
        person = self.by_card.get(card)
        return None if person is None or person.revoked else person

    def not_accepted(self, card: str) -> Answer:
        """Why a card has no live holder."""
        return refused("MYKEY_ID_REVOKED" if card in self.by_card else "CERTIFICATE_UNKNOWN")

    def candidate(self, key: Key) -> str:
        """The MyKey ID that is reserved for an attempt, or nothing."""
        own = [mykey_id for mykey_id, (whose, _) in self.reserved.items() if whose == key]
        return own[0] if own else ""

    def step(self, ask: Ask, now: int) -> Answer:
        """A step of an attempt that registers nothing."""
        match ask.kind:
            case "begin":
                return self._begin(ask, now)
            case "propose":
                return self._propose(ask, now)
            case "check":
                return self._check(ask, now)
        return self._end(ask)

    def create(self, ask: Ask, moment: int) -> Answer:
        if refusal := self._unfit(ask, moment, "CREATE") or self._not_reserved(ask, moment):
            return refusal
        if self.live(ask.card):
            return refused("MYKEY_ID_EXISTS")
        self._add(Person(ask.card, ask.mykey_id))
        self._finish(ask, Event("CREATED", ask.mykey_id, ask.card))
        return Answer("REGISTERED", told={"mykey_id": ask.mykey_id})

    def change(self, ask: Ask, moment: int) -> Answer:
        if refusal := self._unfit(ask, moment, "CHANGE") or self._not_reserved(ask, moment):
            return refusal
        person = self.live(ask.card)
        if person is None:
            return self.not_accepted(ask.card)
        replaced, person.mykey_id = person.mykey_id, ask.mykey_id
        self._finish(ask, Event("CHANGED", ask.mykey_id, ask.card, replaced))
        return Answer("REGISTERED", told={"mykey_id": ask.mykey_id, "replaced": replaced})

    def revoke(self, ask: Ask, moment: int) -> Answer:
        if refusal := self._unfit(ask, moment, "REVOKE"):
            return refusal
        person = self.live(ask.card)
        if person is None:
            return self.not_accepted(ask.card)
        held = self.points(ask.card)
        if person is not self.attempts[ask.caller, ask.attempt].person or held != ask.points:
            return refused("LOSSES_CHANGED")
        self._lapse(ask.card)
        person.revoked = True
        self._finish(ask, Event("REVOKED", person.mykey_id, ask.card))
        return Answer("BOOKED" if held else "REGISTERED", told={"mykey_id": person.mykey_id})

    def points(self, card: str) -> int:
        """All that hangs on a card's MyKey ID, lapsed or not."""
        of_card = (lots for (whose, _), lots in self.lots.held.items() if whose == card)
        return sum(lot.points for lots in of_card for lot in lots)

    def _lapse(self, card: str) -> None:
        for (whose, program), lots in self.lots.held.items():
            if whose == card:
                self.lots.lapsed[program] += sum(lot.points for lot in lots)
                lots.clear()

    def _add(self, person: Person) -> None:
        self.by_card[person.card] = person
        self.all.append(person)

    def _finish(self, ask: Ask, event: Event) -> None:
        self.events[ask.key] = event
        self._given.add(event.mykey_id)
        self._end(ask)

    def _begin(self, ask: Ask, now: int) -> Answer:
        person = self.live(ask.card)
        if ask.purpose == "CREATE" and person:
            return refused("MYKEY_ID_EXISTS")
        if ask.purpose != "CREATE" and person is None:
            return self.not_accepted(ask.card)
        begun = ModelAttempt(ask.purpose, ask.card, person, now + LIFETIME)
        attempt = self.attempts.setdefault(ask.key, begun)
        return booked(expires_at=attempt.expires_at)

    def _propose(self, ask: Ask, now: int) -> Answer:
        if refusal := self._unfit(ask, now, "CREATE", "CHANGE"):
            return refusal
        attempt = self.attempts[ask.caller, ask.attempt]
        if attempt.proposals == PROPOSALS_MAX:
            return refused("NO_MORE_CANDIDATES")
        mykey_id = self._drawn(ask, now)
        return booked(mykey_id=mykey_id, left=PROPOSALS_MAX - attempt.proposals)

    def _check(self, ask: Ask, now: int) -> Answer:
        if refusal := self._unfit(ask, now, "CREATE", "CHANGE"):
            return refusal
        key = (ask.caller, ask.attempt)
        attempt = self.attempts[key]
        if attempt.proposals == PROPOSALS_MAX or attempt.refusals == REFUSALS_MAX:
            return refused("NO_MORE_CANDIDATES")
        left = REFUSALS_MAX - attempt.refusals
        if self.candidate(key) == ask.mykey_id or self._reserve(key, ask.mykey_id, now):
            return booked(is_free=True, left=left, drawn=None)
        attempt.refusals += 1
        drawn = self._drawn(ask, now) if left == 1 else None
        return booked(is_free=False, left=left - 1, drawn=drawn)

    def _drawn(self, ask: Ask, now: int) -> str:
        """Reserve the first of the drawn candidates that is free: the last one always is."""
        key = (ask.caller, ask.attempt)
        self.attempts[key].proposals += 1
        return next(one for one in ask.drawn if self._reserve(key, one, now))

    def _reserve(self, key: Key, mykey_id: str, now: int) -> bool:
        """Reserve a MyKey ID in place of the attempt's last one, if it is free."""
        still = {
            one: (whose, until) for one, (whose, until) in self.reserved.items() if until > now
        }
        self.reserved = still
        if mykey_id in self._given or mykey_id in self.reserved:
            return False
        self.reserved.pop(self.candidate(key), None)
        self.reserved[mykey_id] = (key, self.attempts[key].expires_at)
        return True

    def _end(self, ask: Ask) -> Answer:
        key = (ask.caller, ask.attempt)
        self.attempts[key].ended = True
        self.reserved.pop(self.candidate(key), None)
        return booked()

    def _unfit(self, ask: Ask, now: int, *purposes: str) -> Answer | None:
        attempt = self.attempts[ask.caller, ask.attempt]
        return (
            None
            if attempt.is_open(now) and attempt.purpose in purposes
            else refused("ATTEMPT_OVER")
        )

    def _not_reserved(self, ask: Ask, now: int) -> Answer | None:
        whose, until = self.reserved.get(ask.mykey_id, (("", ""), 0))
        is_own = whose == (ask.caller, ask.attempt) and until > now
        return None if is_own else refused("CANDIDATE_NOT_RESERVED")
