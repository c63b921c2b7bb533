"""What the simulated clients ask for with MyKey IDs and service IDs."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from tests.server.support import CARD_A, CARD_B, CARD_E
from tests.simulation.model import Model
from tests.simulation.persons import Key, ModelAttempt, Persons
from tests.simulation.values import EVENT, ISSUERS, PROGRAM, UNFIT_NUMBER, Ask

NEW_CARDS = ("0F0001", "0F0002", "0F0003")
"""Cards that have no MyKey ID in the beginning."""
CARDS = (CARD_A, CARD_B, CARD_E, *NEW_CARDS)
NUMBERS = ("323456789", "323456781", "323456782", "323456783")
"""So few that several want the same; the first is card A's at one of the issuers."""
WISHED = ("WANTED01", "WANTED02", "WANTED03", "AAAA1111")
"""Candidates that holders wish for; the last one is never free."""
ATTEMPT_STEPS = ("begin", "propose", "check", "end")
"""They are no bookings: each is a transaction of its own."""


def new_registration_ask(chance: random.Random, caller: str, model: Model, now: int) -> Ask:
    """A new request of a caller's: mostly with attempts that are not over, and live cards."""
    request_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    asking = partial(Ask, caller, request_id)
    attempts = model.persons.attempts
    own = [key for key in attempts if key[0] == caller and attempts[key].is_open(now)]
    if chance.random() < 0.05:
        own = [key for key in attempts if key[0] == caller][-3:]
    roll = chance.random()
    if roll < 0.2:
        return _number_ask(chance, asking, caller, model)
    if roll < 0.35:
        return _grant_ask(chance, asking, model, now)
    if roll < 0.45 or not own:
        return _begin_ask(chance, asking, model.persons)
    key = chance.choice(own)
    return _attempt_ask(chance, asking, key, model.persons)


def drawn_candidates(chance: random.Random, ask: Ask) -> Ask:
    """The request with the candidates that the server draws for it this time."""
    if ask.kind not in ("propose", "check"):
        return ask
    fresh = "".join(chance.choices("23456789ABCDEFGH", k=8))
    return replace(ask, drawn=(*chance.choices(WISHED, k=2), fresh))


def _grant_ask(chance: random.Random, asking: partial[Ask], model: Model, now: int) -> Ask:
    """Points for a card, with some likelihood while its holder is about to lose them."""
    attempts = model.persons.attempts.values()
    losing = [one.card for one in attempts if one.purpose == "REVOKE" and one.is_open(now)]
    card = chance.choice(losing) if losing else _card(chance, NEW_CARDS, model)
    return asking("grant", card, chance.randint(2, 300), program=chance.choice([PROGRAM, EVENT]))


def _number_ask(chance: random.Random, asking: partial[Ask], caller: str, model: Model) -> Ask:
    issuer, card = ISSUERS[caller], _card(chance, CARDS, model)
    present = model.service_ids.number(issuer, card) or ""
    replaces = chance.choice([present, present, present, "", chance.choice(NUMBERS)])
    number = UNFIT_NUMBER if chance.random() < 0.03 else chance.choice(NUMBERS)
    return asking("number", card, issuer=issuer, customer_id=number, replaces=replaces)


def _card(chance: random.Random, cards: Sequence[str], model: Model) -> str:
    live = [card for card in cards if model.persons.live(card)]
    return chance.choice(live if live and chance.random() < 0.8 else cards)


def _begin_ask(chance: random.Random, asking: partial[Ask], persons: Persons) -> Ask:
    card = chance.choice(NEW_CARDS)
    if persons.live(card) is None:
        purpose = chance.choice(["CREATE"] * 9 + ["REVOKE"])
    else:
        purpose = chance.choice(["CREATE", "CHANGE", "REVOKE", "REVOKE"])
    return asking("begin", card, purpose=purpose)


def _attempt_ask(chance: random.Random, asking: partial[Ask], key: Key, persons: Persons) -> Ask:
    attempt = persons.attempts[key]
    step = partial(asking, card=attempt.card, attempt=key[1])
    candidate = persons.candidate(key)
    roll = chance.random()
    if roll < 0.05:
        return step("end")
    if attempt.purpose == "REVOKE" or roll < 0.08:
        points = persons.points(attempt.card) + (chance.random() < 0.1)
        return step("revoke", points=points)
    if candidate and roll < 0.7:
        wrong = roll < 0.12
        return step(_ending(attempt), mykey_id=chance.choice(WISHED) if wrong else candidate)
    if roll < 0.8:
        return step("check", mykey_id=chance.choice(WISHED))
    return step("propose")


def _ending(attempt: ModelAttempt) -> str:
    return "change" if attempt.purpose == "CHANGE" else "create"
