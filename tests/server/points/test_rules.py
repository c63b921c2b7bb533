"""How many points may be used in a day (USE-6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ledger.values import Refusal
from server.municipalities.values import Program, ProgramKind
from server.points.rules import check_day_limits

LIMITS = st.none() | st.integers(1, 1000)
POINTS = st.integers(1, 1000)
USED = st.integers(0, 2000)


def program(citizen_day_max: int | None = None, terminal_day_max: int | None = None) -> Program:
    return Program(
        program_id="00000001",
        municipality_code="131164",
        kind=ProgramKind.MUNICIPAL,
        name="さくら野ポイント",
        days_valid=60,
        service_from=None,
        service_until=None,
        points_per_use_max=None,
        points_per_citizen_day_max=citizen_day_max,
        points_per_terminal_day_max=terminal_day_max,
        pin_above_points=None,
        coverage=(),
    )


def refusal(points: int, of: Program, by_citizen: int = 0, at_terminal: int = 0) -> Refusal | None:
    try:
        check_day_limits(points, of, by_citizen, at_terminal)
    except Refusal as refused:
        return refused
    return None


@pytest.mark.parametrize(
    ("points", "used", "left"),
    [
        (500, 0, None),
        (501, 0, "500"),
        (200, 300, None),
        (201, 300, "200"),
        (1, 499, None),
        (1, 500, "0"),
        (1, 700, "0"),
    ],
)
def test_the_last_point_is_the_limit_itself(points: int, used: int, left: str | None) -> None:
    """Where more was used than a limit that was lowered since, nothing is left, not less."""
    for limited, by_citizen, at_terminal, reason in (
        (program(citizen_day_max=500), used, 0, "OVER_LIMIT_PER_CITIZEN_DAY"),
        (program(terminal_day_max=500), 0, used, "OVER_LIMIT_PER_TERMINAL_DAY"),
    ):
        found = refusal(points, limited, by_citizen, at_terminal)
        if left is None:
            assert found is None
        else:
            assert found is not None
            assert (found.reason, found.details) == (reason, {"maximum": "500", "left": left})


def test_the_citizen_s_limit_is_told_before_the_terminal_s() -> None:
    both = program(citizen_day_max=10, terminal_day_max=10)
    found = refusal(11, both)
    assert found is not None
    assert found.reason == "OVER_LIMIT_PER_CITIZEN_DAY"


@given(points=POINTS, citizen_max=LIMITS, terminal_max=LIMITS, by_citizen=USED, at_terminal=USED)
def test_no_limit_is_ever_passed_and_none_stands_in_the_way_of_less(
    points: int,
    citizen_max: int | None,
    terminal_max: int | None,
    by_citizen: int,
    at_terminal: int,
) -> None:
    found = refusal(points, program(citizen_max, terminal_max), by_citizen, at_terminal)
    over_citizen = citizen_max is not None and by_citizen + points > citizen_max
    over_terminal = terminal_max is not None and at_terminal + points > terminal_max
    assert (found is not None) == (over_citizen or over_terminal)
    if found is not None:
        assert int(found.details["left"]) < points
