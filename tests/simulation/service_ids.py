"""What the specification says of service IDs (SID-1), and nothing else."""

from dataclasses import dataclass, field

from tests.simulation.persons import Key, Person, Persons
from tests.simulation.values import FIRST_SERVICE_IDS, UNFIT_NUMBER, WHY_UNFIT, Answer, Ask, refused


@dataclass(frozen=True)
class NumberEvent:
    """What was registered of a service ID with one request."""

    issuer: str
    customer_id: str
    card: str
    replaced: str | None


@dataclass
class ServiceIds:
    """Whose number each is."""

    persons: Persons
    holders: dict[tuple[str, str], Person] = field(default_factory=dict)
    """By issuer and number."""
    events: dict[Key, NumberEvent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for issuer, customer_id, card in FIRST_SERVICE_IDS:
            self.holders[issuer, customer_id] = self.persons.by_card[card]

    def number(self, issuer: str, card: str) -> str | None:
        """The number of a card's holder."""
        person = self.persons.by_card.get(card)
        own = [one for (of, one), whose in self.holders.items() if of == issuer and whose is person]
        return own[0] if own else None

    def register(self, ask: Ask) -> Answer:
        person = self.persons.live(ask.card)
        if person is None:
            return self.persons.not_accepted(ask.card)
        if ask.customer_id == UNFIT_NUMBER:
            return refused(WHY_UNFIT[ask.issuer])
        if self.holders.get((ask.issuer, ask.customer_id), person) is not person:
            return refused("CUSTOMER_ID_TAKEN", customer_id=ask.customer_id)
        present = self.number(ask.issuer, ask.card)
        if present not in (None, ask.customer_id, ask.replaces):
            return refused("SERVICE_ID_DIFFERENT", current=present)
        replaced = present if present != ask.customer_id else None
        if replaced is not None:
            del self.holders[ask.issuer, replaced]
        self.holders[ask.issuer, ask.customer_id] = person
        self.events[ask.key] = NumberEvent(ask.issuer, ask.customer_id, ask.card, replaced)
        told = {
            "customer_id": ask.customer_id,
            "replaced": replaced,
            "mykey_id": person.mykey_id,
        }
        return Answer("REGISTERED", told=told)

    def end(self, person: Person) -> None:
        """A revocation ends all of a holder's numbers (MKY-7)."""
        self.holders = {key: whose for key, whose in self.holders.items() if whose is not person}
