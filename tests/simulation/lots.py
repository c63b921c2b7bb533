"""The model's lots: how points come, are taken, return and lapse (LED-2)."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.simulation.values import DAYS_VALID, PROGRAM, RETAINED


@dataclass
class ModelLot:
    program: str
    last_good_day: date
    points: int

    def has_lapsed(self, today: date) -> bool:
        return self.program != RETAINED and self.last_good_day < today


Parts = list[tuple[ModelLot, int]]
"""Lots, and what was taken from each."""


@dataclass
class Lots:
    """Every citizen's points, and by program what has lapsed."""

    held: dict[tuple[str, str], list[ModelLot]] = field(default_factory=dict)
    """By card and program."""
    lapsed: Counter[str] = field(default_factory=Counter)

    def balance(self, card: str, today: date, program: str = PROGRAM) -> int:
        return sum(lot.points for lot in self._usable(card, today, program))

    def open(self, card: str, program: str, points: int, today: date) -> None:
        lot = ModelLot(program, today + timedelta(days=DAYS_VALID[program]), points)
        self.held.setdefault((card, program), []).append(lot)

    def take(self, card: str, points: int, today: date, program: str = PROGRAM) -> Parts:
        parts: Parts = []
        left = points
        for lot in self._usable(card, today, program):
            part = min(left, lot.points)
            lot.points -= part
            left -= part
            if part:
                parts.append((lot, part))
        return parts

    def give_back(self, parts: Parts, today: date) -> None:
        for lot, part in parts:
            if lot.has_lapsed(today):
                self.lapsed[lot.program] += part
            else:
                lot.points += part

    def lapse(self, today: date) -> set[tuple[str, str]]:
        """The nightly run: return the cards and programs whose points lapsed."""
        found = set()
        for account, lots in self.held.items():
            for lot in lots:
                if lot.has_lapsed(today) and lot.points:
                    self.lapsed[lot.program] += lot.points
                    lot.points = 0
                    found.add(account)
        return found

    def _usable(self, card: str, today: date, program: str) -> list[ModelLot]:
        good = [lot for lot in self.held.get((card, program), []) if not lot.has_lapsed(today)]
        return sorted(good, key=lambda lot: lot.last_good_day)
