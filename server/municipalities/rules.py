"""Check digits, expiry dates and where points are good: pure functions."""

from collections.abc import Iterable
from datetime import date, timedelta

from server.callers.values import Terminal
from server.municipalities.values import Coverage, Place, Program, ProgramKind


def is_municipality_code(code: str) -> bool:
    """Whether a 6-digit 全国地方公共団体コード has the right check digit (SET-4)."""
    if len(code) != 6 or not code.isascii() or not code.isdigit():
        return False
    weighted = sum(
        int(digit) * weight for digit, weight in zip(code, (6, 5, 4, 3, 2), strict=False)
    )
    return int(code[5]) == (11 - weighted % 11) % 10


def last_good_day(program: Program, issued_on: date) -> date:
    """Return the last day on which points issued that day are good (LED-2)."""
    day = issued_on + timedelta(days=program.days_valid)
    return min(day, program.service_until) if program.service_until else day


def in_period(program: Program, today: date) -> bool:
    """Whether points of the program can be received and spent today (EVT-3)."""
    if program.service_from is None or program.service_until is None:
        return True
    return program.service_from <= today <= program.service_until


def is_usable_at(program: Program, terminal: Terminal) -> bool:
    """Whether a terminal takes the program's points (USE-1)."""
    if program.kind == ProgramKind.MUNICIPAL:
        return program.municipality_code == terminal.municipality_code
    return covers(program.coverage, terminal)


def covers(coverage: Iterable[Coverage], terminal: Terminal) -> bool:
    """Whether one of the rules names the terminal (EVT-2)."""
    return any(
        rule.municipality_code in (None, terminal.municipality_code)
        and rule.terminal_class in (None, terminal.terminal_class)
        and rule.issuer_id in (None, terminal.issuer_id)
        and rule.terminal_id in (None, terminal.terminal_id)
        for rule in coverage
    )


def place_takes(program: Program, place: Place) -> bool:
    """Whether vouchers of a program are redeemed for a place (VCH-5).

    An event's are where a rule covers all of its municipality, or one of its terminals.
    """
    if program.kind == ProgramKind.MUNICIPAL:
        return program.municipality_code == place.municipality_code
    return any(_covers_place(rule, place) for rule in program.coverage)


def _covers_place(rule: Coverage, place: Place) -> bool:
    if rule.municipality_code not in (None, place.municipality_code):
        return False
    if (rule.terminal_class, rule.issuer_id, rule.terminal_id) == (None, None, None):
        return True
    return any(
        rule.terminal_class in (None, one.terminal_class)
        and rule.issuer_id in (None, one.issuer_id)
        and rule.terminal_id in (None, one.terminal_id)
        for one in place.standing
    )
