"""What the simulated clients ask for."""

import random
import uuid
from collections.abc import Sequence
from datetime import date
from functools import partial

from tests.server.support import CARD_A, CARD_B
from tests.simulation.model import Model
from tests.simulation.values import (
    CITIZEN_DAY_MAX,
    EVENT,
    MUNICIPALITY,
    PROGRAM,
    RETAINED,
    TERMINAL_1,
    TERMINAL_2,
    Ask,
)
from tests.simulation.voucher_asks import new_correction, new_voucher_ask

CALLERS = {TERMINAL_1: 0.8, TERMINAL_2: 0.8, MUNICIPALITY: 0.1}
"""How likely each asks for something new in a step in which it waits for nothing."""
CARDS = (CARD_A, CARD_B)


def first_grants(chance: random.Random) -> list[Ask]:
    """What every citizen begins with, so that there is something to use."""
    return [
        _asking(chance, TERMINAL_1)("grant", card, chance.randint(500, 2500), program=program)
        for card in CARDS
        for program in (PROGRAM, EVENT)
    ]


def new_ask(
    chance: random.Random,
    caller: str,
    numbers: Sequence[tuple[str, str]],
    model: Model,
    today: date,
) -> Ask:
    """A new request of a caller's; `numbers` are kinds and numbers that it may refer to."""
    asking = _asking(chance, caller)
    if caller == MUNICIPALITY:
        return new_correction(chance, asking, model)
    card = chance.choice(CARDS)
    if chance.random() < 0.5:
        return new_voucher_ask(chance, caller, asking, card, numbers, model, today)
    return _new_points_ask(chance, asking, card, numbers, model, today)


def _asking(chance: random.Random, caller: str) -> partial[Ask]:
    return partial(Ask, caller, str(uuid.UUID(int=chance.getrandbits(128), version=4)))


def _new_points_ask(
    chance: random.Random,
    asking: partial[Ask],
    card: str,
    numbers: Sequence[tuple[str, str]],
    model: Model,
    today: date,
) -> Ask:
    spends = [number for kind, number in numbers if kind == "spend"]
    holds = [number for kind, number in numbers if kind == "hold"]
    issues = [number for kind, number in numbers if kind == "issue"]
    balance = model.lots.balance(card, today)
    roll = chance.random()
    if roll < 0.25 and spends:
        number = chance.choice([*spends, *holds[-1:], *issues[-1:]])
        return asking("cancel", number=number)
    if roll < 0.4 and holds:
        kind = chance.choice(["capture", "capture", "release"])
        number = chance.choice([*holds[-3:], *spends[-1:]])
        points = chance.randint(0, 300) if kind == "capture" else 0
        return asking(kind, points=points, number=number)
    if roll < 0.5:
        points = chance.choice([chance.randint(0, 300), balance])
        seconds = chance.choice([1, 60, 600, 86400 * 30])
        return asking("hold", card, points, seconds=seconds)
    if roll < 0.6:
        retained = model.lots.balance(card, today, RETAINED)
        return asking("move", card, chance.choice([chance.randint(0, 200), retained]))
    if roll < 0.75:
        program = chance.choice([PROGRAM, PROGRAM, EVENT, RETAINED])
        return asking("grant", card, chance.randint(1, 500), program=program)
    points = chance.choice([chance.randint(-1, 400), balance, min(balance, CITIZEN_DAY_MAX)])
    return asking("spend", card, points, shown_on=today)
