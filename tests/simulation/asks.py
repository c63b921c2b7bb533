"""What the simulated clients ask for."""

import random
import uuid
from collections.abc import Sequence
from datetime import date

from tests.server.support import CARD_A, CARD_B, COUNTER, COUNTER_2
from tests.simulation.model import CITIZEN_DAY_MAX, PROGRAM, RETAINED, Ask, Model

CALLERS = (f"terminal:{COUNTER}", f"terminal:{COUNTER_2}")
CARDS = (CARD_A, CARD_B)


def new_ask(
    chance: random.Random,
    caller: str,
    numbers: Sequence[tuple[str, str]],
    model: Model,
    today: date,
) -> Ask:
    """A new request of a caller's; `numbers` are kinds and numbers that it may refer to."""
    request_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    card = chance.choice(CARDS)
    spends = [number for kind, number in numbers if kind == "spend"]
    holds = [number for kind, number in numbers if kind == "hold"]
    balance = model.balance(card, today)
    roll = chance.random()
    if roll < 0.25 and spends:
        return Ask(caller, request_id, "cancel", number=chance.choice([*spends, *holds[-1:]]))
    if roll < 0.4 and holds:
        kind = chance.choice(["capture", "capture", "release"])
        number = chance.choice([*holds[-3:], *spends[-1:]])
        points = chance.randint(0, 300) if kind == "capture" else 0
        return Ask(caller, request_id, kind, points=points, number=number)
    if roll < 0.5:
        points = chance.choice([chance.randint(0, 300), balance])
        seconds = chance.choice([1, 60, 600, 86400 * 30])
        return Ask(caller, request_id, "hold", card, points, seconds=seconds)
    if roll < 0.6:
        points = chance.choice([chance.randint(0, 200), model.balance(card, today, RETAINED)])
        return Ask(caller, request_id, "move", card, points)
    if roll < 0.75:
        program = chance.choice([PROGRAM, PROGRAM, RETAINED])
        return Ask(caller, request_id, "grant", card, chance.randint(1, 500), program=program)
    points = chance.choice([chance.randint(-1, 400), balance, min(balance, CITIZEN_DAY_MAX)])
    return Ask(caller, request_id, "spend", card, points, shown_on=today)
