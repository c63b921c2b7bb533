"""Check digits, expiry dates, periods, and where points are good (SET-4, LED-2, EVT)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.callers.values import Terminal, TerminalClass
from server.municipalities.rules import in_period, is_municipality_code, is_usable_at, last_good_day
from server.municipalities.values import Coverage, Program, ProgramKind

VALID_CODES = ("131164", "141305", "360007", "131041", "131130", "011002")


@pytest.mark.parametrize("code", VALID_CODES)
def test_the_codes_of_the_specification_are_valid(code: str) -> None:
    assert is_municipality_code(code)


@pytest.mark.parametrize("code", VALID_CODES)
@pytest.mark.parametrize("position", range(6))
def test_a_wrong_digit_is_noticed_as_far_as_the_check_digit_can(code: str, position: int) -> None:
    """Remainders 0 and 10 share check digit 1, so one other first part may fit too."""
    for digit in "0123456789".replace(code[position], ""):
        changed = code[:position] + digit + code[position + 1 :]
        s = sum(int(changed[place]) * (6 - place) for place in range(5))
        assert is_municipality_code(changed) == (changed[5] == str(11 - s % 11)[-1]), changed
        if position == 5:
            assert not is_municipality_code(changed)


def test_almost_no_single_wrong_digit_passes() -> None:
    """Of 324 changes only those between remainders 0 and 10 remain unseen."""
    passed = [
        changed
        for code in VALID_CODES
        for position in range(6)
        for digit in "0123456789".replace(code[position], "")
        if is_municipality_code(changed := code[:position] + digit + code[position + 1 :])
    ]
    remainders = {
        sum(int(digit) * (6 - place) for place, digit in enumerate(code[:5])) % 11
        for code in passed
    }
    assert remainders <= {0, 10}


@pytest.mark.parametrize("code", ["", "13116", "1311640", "13116a", "１３１１６４", "²31164"])
def test_a_code_is_six_ascii_digits(code: str) -> None:
    assert not is_municipality_code(code)


def program(
    kind: ProgramKind = ProgramKind.MUNICIPAL,
    days_valid: int = 60,
    period: tuple[date, date] | None = None,
    coverage: tuple[Coverage, ...] = (),
) -> Program:
    since, until = period or (None, None)
    limits = (None, None, None, None)
    return Program("00000001", "131164", kind, "P", days_valid, since, until, *limits, coverage)


@pytest.mark.parametrize(
    ("issued_on", "days", "last"),
    [
        (date(2017, 8, 1), 60, date(2017, 9, 30)),
        (date(2017, 4, 1), 30, date(2017, 5, 1)),
        (date(2024, 2, 28), 1, date(2024, 2, 29)),
        (date(2026, 12, 31), 1, date(2027, 1, 1)),
    ],
)
def test_the_first_day_is_not_counted(issued_on: date, days: int, last: date) -> None:
    assert last_good_day(program(days_valid=days), issued_on) == last


PERIOD = (date(2026, 6, 1), date(2026, 8, 15))


@pytest.mark.parametrize(
    ("issued_on", "last"),
    [
        (date(2026, 6, 1), date(2026, 7, 31)),
        (date(2026, 6, 16), date(2026, 8, 15)),
        (date(2026, 6, 17), date(2026, 8, 15)),
        (date(2026, 8, 15), date(2026, 8, 15)),
    ],
)
def test_event_points_end_with_the_service_period(issued_on: date, last: date) -> None:
    assert last_good_day(program(ProgramKind.EVENT, period=PERIOD), issued_on) == last


@given(st.dates(PERIOD[0], PERIOD[1]), st.integers(1, 400))
def test_event_points_are_never_good_after_the_period(issued_on: date, days: int) -> None:
    last = last_good_day(program(ProgramKind.EVENT, days, PERIOD), issued_on)
    assert issued_on <= last <= PERIOD[1]
    assert last == min(issued_on + timedelta(days=days), PERIOD[1])


@pytest.mark.parametrize(
    ("today", "within"),
    [
        (date(2026, 5, 31), False),
        (date(2026, 6, 1), True),
        (date(2026, 8, 15), True),
        (date(2026, 8, 16), False),
    ],
)
def test_both_ends_of_the_period_are_in_it(today: date, within: bool) -> None:
    assert in_period(program(ProgramKind.EVENT, period=PERIOD), today) is within
    assert in_period(program(), today)


def terminal(
    terminal_id: str = "10000001",
    of_class: TerminalClass = TerminalClass.POINT_USE,
    municipality_code: str = "131164",
    issuer_id: str | None = None,
) -> Terminal:
    place = (1, "place", issuer_id, "issuer", False)
    return Terminal(terminal_id, of_class, municipality_code, "town", *place, "name", False)


HOME = "131164"
WHOLE = Coverage(HOME, None, None, None)
ONE_CLASS = Coverage(HOME, "POINT_USE", None, None)
ONE_ISSUER = Coverage(HOME, None, "000002", None)
SINGLE = Coverage(None, None, None, "10000001")
OTHER_SINGLE = Coverage(None, None, None, "10000002")
AT_ISSUER = terminal(of_class=TerminalClass.SERVICE_ID, issuer_id="000002")


@pytest.mark.parametrize(
    ("rules", "place", "covered"),
    [
        ((), terminal(), False),
        ((WHOLE,), terminal(), True),
        ((WHOLE,), AT_ISSUER, True),
        ((WHOLE,), terminal(municipality_code="141305"), False),
        ((ONE_CLASS,), terminal(), True),
        ((ONE_CLASS,), terminal(of_class=TerminalClass.VOUCHER), False),
        ((ONE_CLASS,), terminal(municipality_code="141305"), False),
        ((ONE_ISSUER,), AT_ISSUER, True),
        ((ONE_ISSUER,), terminal(), False),
        ((ONE_ISSUER,), terminal(issuer_id="000003"), False),
        ((ONE_ISSUER,), terminal(issuer_id="000002", municipality_code="141305"), False),
        ((SINGLE,), terminal(), True),
        ((SINGLE,), terminal("10000003"), False),
        ((OTHER_SINGLE, SINGLE), terminal(), True),
        ((ONE_ISSUER, ONE_CLASS), terminal(), True),
        ((ONE_ISSUER, OTHER_SINGLE), terminal(), False),
    ],
)
def test_selections_add_up(rules: tuple[Coverage, ...], place: Terminal, covered: bool) -> None:
    event = program(ProgramKind.EVENT, period=PERIOD, coverage=rules)
    assert is_usable_at(event, place) is covered


def test_municipal_points_are_good_in_their_municipality_whatever_the_rules() -> None:
    own = program(coverage=(OTHER_SINGLE,))
    assert is_usable_at(own, terminal())
    assert not is_usable_at(own, terminal(municipality_code="141305"))
