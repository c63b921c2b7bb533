"""A scanner's bursts and a hand's typing told apart by what they hold and how fast they come."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from counter_tui.core.bursts import (
    EVEN_SECONDS,
    FAST_GAP_SECONDS,
    FAST_LENGTH_MIN,
    GAP_SECONDS,
    Run,
    is_burst_in_field,
    is_burst_of_code,
    is_burst_of_keys,
    is_code,
)

JAN_13, JAN_8 = "4912345678904", "49123456"
SCANNERS_GAPS = (0.001, 0.002, 0.01, 0.02, 0.05, 0.08, 0.1)


def run(text: str, *gaps: float, ended: bool = True) -> Run:
    """Keys with one gap between all, or with a gap for each."""
    count = len(text) + ended
    steps = list(gaps) * (count - 1) if len(gaps) == 1 else list(gaps)
    times = [sum(steps[:number]) for number in range(count)]
    return Run(text, times, ended)


@pytest.mark.parametrize("gap", SCANNERS_GAPS)
@pytest.mark.parametrize("text", [JAN_13, JAN_8, "A1234567A"])
def test_a_code_is_a_burst_at_every_scanners_speed(text: str, gap: float) -> None:
    assert is_burst_in_field(run(text, gap))
    assert is_burst_of_keys(run(text, gap))


@pytest.mark.parametrize("gap", SCANNERS_GAPS)
def test_where_programs_type_only_what_it_is_decides(gap: float) -> None:
    assert is_burst_of_code(run(JAN_13, gap))
    assert is_burst_of_code(run("JPV1.9876", gap))
    assert not is_burst_of_code(run("demo-1234", gap))
    assert not is_burst_of_code(run("00010011", gap))


@given(st.lists(st.floats(0.065, 0.4), min_size=2, max_size=12))
def test_a_fast_typist_is_no_scanner(gaps: list[float]) -> None:
    """As fast as 15 keys a second, and not as even as a machine."""
    assume(max(gaps) - min(gaps) > EVEN_SECONDS)
    assert not is_burst_in_field(run("5" * len(gaps), *gaps[: len(gaps)]))


def test_two_keys_rolled_over_each_other_are_typed() -> None:
    assert not is_burst_in_field(run("50", 0.02))
    assert not is_burst_in_field(run("500", 0.02, 0.11, 0.2))


def test_a_typed_amount_is_no_burst_without_its_enter() -> None:
    assert not is_burst_in_field(run("500", 0.001, ended=False))


def test_a_burst_needs_no_line_end() -> None:
    assert is_burst_in_field(run(JAN_8, 0.01, ended=False))
    assert is_burst_of_keys(run(JAN_8, 0.01, ended=False))


@given(st.integers(FAST_LENGTH_MIN, 11), st.floats(0, FAST_GAP_SECONDS * 0.9))
def test_nobody_types_six_characters_so_fast(length: int, gap: float) -> None:
    assert is_burst_in_field(run("1" * length, gap))


@given(st.text("0123456789", min_size=1, max_size=11), st.floats(GAP_SECONDS * 1.05, 2))
def test_what_is_slower_than_any_scanner_is_typed(text: str, gap: float) -> None:
    assert not is_burst_in_field(run(text, gap))
    assert len(text) + 1 < 3 or not is_burst_of_keys(run(text, gap))


def test_one_or_two_keys_where_keys_choose_are_pressed_by_a_hand() -> None:
    assert not is_burst_of_keys(run("7", 0.01, ended=False))
    assert not is_burst_of_keys(run("71", 0.01, ended=False))
    assert not is_burst_of_keys(run("711", 0.1, ended=False))


def test_codes() -> None:
    codes = ["987654321012", "JPV1.9876", "jpv1.9", "４９０１２３４５６７８９４", "ＪＰＶ１。９"]
    assert all(map(is_code, [*codes, "]E04912345678904", "\x02987654321012\x03"]))
    assert not any(map(is_code, ["demo-1234", "00010011", "9999999999", "password"]))
