"""Whatever was booked before and is given back after a join: no point is lost, no day is moved.

The same is booked twice, with a join in the middle and without one; by program and last good day
both persons together have the same in the end (MKY-1).
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from server.jobs.joined import carry_over_joined
from server.ledger.booker import Booker
from server.ledger.values import Outcome
from server.upkeep.verify import verify
from tests.engines import TestEngine
from tests.server.conftest import find_template
from tests.server.jobs.test_nightly import workshop
from tests.server.mykey_ids.test_joining import join_command
from tests.server.support import (
    CARD_A,
    CARD_B,
    EVENT,
    MUNICIPAL,
    MYKEY,
    Town,
    cancel_command,
    capture_command,
    decided,
    grant_command,
    hold_command,
    release_command,
    spend_command,
)
from tests.sizes import size

__all__ = ["find_template"]

EXAMPLES = size(30, 1000)
LEFT = """SELECT 1 FROM lot JOIN account USING (account_id)
    WHERE owner = '1' AND remaining > 0"""
CARDS = st.sampled_from([CARD_A, CARD_B])
PROGRAMS = st.sampled_from([MUNICIPAL, EVENT])
POINTS = st.integers(1, 400)
BEFORE = st.lists(
    st.one_of(
        st.tuples(st.just("grant"), CARDS, PROGRAMS, POINTS),
        st.tuples(st.just("spend"), CARDS, PROGRAMS, POINTS),
        st.tuples(st.just("hold"), CARDS, PROGRAMS, POINTS),
        st.tuples(st.just("days"), CARDS, PROGRAMS, st.integers(1, 90)),
    ),
    min_size=1,
    max_size=12,
)
AFTER = st.lists(
    st.tuples(st.sampled_from(["cancel", "release", "capture", "carry"]), st.integers(0, 11)),
    max_size=8,
)
Before = list[tuple[str, str, str, int]]
After = list[tuple[str, int]]


@dataclass
class Played:
    """A town in which something is booked, and what of it can be given back."""

    town: Town
    spends: list[str] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)

    def book(self, booker: Booker, kind: str, card: str, program: str, number: int) -> None:
        if kind == "days":
            self.town.clock.advance(days=number)
        elif kind == "grant":
            decided(booker, grant_command(card, number, program))
        elif kind == "spend":
            spend = spend_command(card, number, program, day=self.town.clock.today)
            (answer,) = decided(booker, spend)
            if answer.outcome == Outcome.BOOKED:
                self.spends.append(json.loads(answer.answer)["transaction_number"])
        else:
            hold = hold_command(MYKEY[card], number, program, timeout=timedelta(days=30))
            (answer,) = decided(booker, hold)
            if answer.outcome == Outcome.BOOKED:
                self.holds.append(answer.answer.decode())

    def give_back(self, booker: Booker, kind: str, number: int) -> None:
        if kind == "carry":
            asyncio.run(self.carry_over())
        elif kind == "cancel" and self.spends:
            decided(booker, cancel_command(self.spends[number % len(self.spends)]))
        elif kind == "release" and self.holds:
            decided(booker, release_command(self.holds[number % len(self.holds)]))
        elif kind == "capture" and self.holds:
            decided(booker, capture_command(self.holds[number % len(self.holds)], number + 1))

    async def carry_over(self) -> None:
        async with workshop(self.town) as shop:
            await carry_over_joined(shop)

    def points(self) -> list[tuple[str, str, int]]:
        """What both persons have together, by program and last good day."""
        return self.town.rows(
            """SELECT a.program_id, l.last_good_day, sum(l.remaining) FROM lot l
            JOIN account a USING (account_id) WHERE a.owner IN ('1', '2') AND l.remaining > 0
            GROUP BY a.program_id, l.last_good_day ORDER BY 1, 2"""
        )


@settings(max_examples=EXAMPLES)
@given(before=BEFORE, after=AFTER)
def test_both_have_the_same_with_a_join_and_without(
    find_engine: Callable[[str], TestEngine],
    find_template: Callable[[str], str],
    before: Before,
    after: After,
) -> None:
    found = []
    for joins in (True, False):
        with TemporaryDirectory() as folder:
            url = find_engine("sqlite").new(Path(folder), find_template("sqlite"))
            one = Played(Town(url))
            with one.town.booker() as booker:
                for booking in before:
                    one.book(booker, *booking)
                if joins:
                    decided(booker, join_command())
                for giving in after:
                    one.give_back(booker, *giving)
            asyncio.run(one.carry_over())
            found.append(one.points())
            assert verify(one.town.database).fault is None
            if joins:
                assert one.town.balance(CARD_A) == one.town.balance(CARD_B)
                assert one.town.rows(LEFT) == []
    assert found[0] == found[1]
