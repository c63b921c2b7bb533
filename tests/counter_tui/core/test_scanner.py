"""A scanner's bursts and a hand's typing told apart."""

from hypothesis import given
from hypothesis import strategies as st

from counter_tui.core.scanner import (
    GAP_SECONDS,
    LENGTH_MIN,
    REPEATED_SECONDS,
    Scanned,
    Swallowed,
    WedgeDetector,
)

CODE = "987654321012"


def send(detector: WedgeDetector, text: str, at: float, gap: float = 0.01) -> float:
    for character in text:
        detector.character(character, at)
        at += gap
    return at


@given(st.text("0123456789ABC.", min_size=LENGTH_MIN), st.floats(0, GAP_SECONDS * 0.9))
def test_what_comes_close_together_is_a_scan(text: str, gap: float) -> None:
    detector = WedgeDetector()
    end = send(detector, text, 1.0, gap)
    assert detector.enter(end) == Scanned(text, repeated=False)


@given(st.text("0123456789"), st.floats(GAP_SECONDS * 1.1, 2))
def test_what_is_typed_is_none(text: str, gap: float) -> None:
    detector = WedgeDetector()
    assert detector.enter(send(detector, text, 1.0, gap)) is None


def test_a_hand_before_a_scanner_is_left_out_of_the_burst() -> None:
    detector = WedgeDetector()
    send(detector, "12", 1.0, 0.3)
    assert detector.enter(send(detector, CODE, 3.0)) == Scanned(CODE, repeated=False)


def test_cr_lf_is_one_end() -> None:
    detector = WedgeDetector()
    end = send(detector, CODE, 1.0)
    assert isinstance(detector.enter(end), Scanned)
    assert isinstance(detector.enter(end + 0.005), Swallowed)
    assert detector.enter(end + 0.3) is None


def test_the_same_at_once_again_is_told() -> None:
    detector = WedgeDetector()
    first = detector.enter(send(detector, CODE, 1.0))
    again = detector.enter(send(detector, CODE, 1.5))
    later = detector.enter(send(detector, CODE, 1.9 + REPEATED_SECONDS))
    assert [one.repeated for one in (first, again, later) if isinstance(one, Scanned)] == [
        False,
        True,
        False,
    ]


def test_another_key_ends_a_burst() -> None:
    detector = WedgeDetector()
    end = send(detector, CODE, 1.0)
    detector.other()
    assert detector.enter(end) is None


def test_codes_and_what_programs_type() -> None:
    codes = [CODE, "JPV1.9876", "jpv1.9", "４９０１２３４５６７８９４"]
    assert all(Scanned(text, repeated=False).is_code for text in codes)
    others = ["demo-1234", "00010011", "9999999999", "password"]
    assert not any(Scanned(text, repeated=False).is_code for text in others)
