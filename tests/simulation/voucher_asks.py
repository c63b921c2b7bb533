"""What the simulated clients ask for with vouchers."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial

from tests.simulation.model import Model
from tests.simulation.values import (
    AWAY_PLACE,
    CITIZEN_DAY_MAX,
    EVENT,
    PLACES,
    PLACES_OF,
    PROGRAM,
    Ask,
)

NUMBERS = 12
"""Voucher numbers are drawn from so few that many are taken already."""
UNKNOWN = "999999999999"


def new_voucher_ask(
    chance: random.Random,
    caller: str,
    asking: partial[Ask],
    card: str,
    numbers: Sequence[tuple[str, str]],
    model: Model,
    today: date,
) -> Ask:
    """A counter's request; `numbers` are kinds and numbers that it may refer to."""
    issues = [number for kind, number in numbers if kind == "issue"]
    others = [number for kind, number in numbers if kind != "issue"]
    vouchers = model.vouchers.by_number
    roll = chance.random()
    if roll < 0.12 and issues:
        number = chance.choice([*issues, *others[-1:]])
        return asking("cancel voucher", number=number)
    if roll < 0.24 and issues:
        return asking("reprint", number=chance.choice([*issues, *others[-1:]]))
    if roll < 0.7 and vouchers:
        places = [*PLACES_OF[caller] * 6, *PLACES, AWAY_PLACE]
        unused = _newest(model, "OPEN")
        ending = [number for number in unused if vouchers[number].last_good_day == today]
        number = _some_voucher(chance, model, [*unused, *ending * 2])
        return asking("redeem", voucher=number, place=chance.choice(places))
    program = chance.choice([PROGRAM, PROGRAM, EVENT])
    balance = model.lots.balance(card, today, program)
    most = min(balance, CITIZEN_DAY_MAX)
    points = chance.choice([chance.randint(1, 200), chance.randint(0, 400), balance, most])
    days = chance.choice([1, 1, 1, 2, 2, 29, 30, 30, 30, chance.choice([0, 31])])
    return asking("issue", card, points, shown_on=today, program=program, days=days)


def new_correction(chance: random.Random, asking: partial[Ask], model: Model) -> Ask:
    """The municipality corrects the place that a voucher was redeemed for."""
    number = _some_voucher(chance, model, _newest(model, "REDEEMED"))
    return asking(
        "correct", voucher=number, place=chance.choice([*PLACES, *PLACES, *PLACES, AWAY_PLACE])
    )


def drawn(chance: random.Random, ask: Ask) -> Ask:
    """The request with the numbers that the server draws for it this time."""
    if ask.kind != "issue":
        return ask
    return replace(ask, drawn=tuple(f"{chance.randrange(NUMBERS):012}" for _ in range(2)))


def _newest(model: Model, state: str) -> list[str]:
    """The newest few vouchers in a state: so few that several clients want the same one."""
    vouchers = model.vouchers.by_number
    return [number for number, one in vouchers.items() if one.state == state][-3:]


def _some_voucher(chance: random.Random, model: Model, wanted: list[str]) -> str:
    others = list(model.vouchers.by_number)[-2:]
    return chance.choice([*wanted * 3, *others, UNKNOWN])
