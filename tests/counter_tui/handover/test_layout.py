import pytest

from counter_tui.handover.layout import Layout, Plan, Stroke
from counter_tui.handover.typist import HandoverError, HandoverTrouble

SHIFT_L = 0xFFE1
KEYSYMS = {
    9: (0, 0, 0, 0),
    10: (ord("1"), ord("!"), 0, 0),
    38: (ord("a"), ord("A"), 0x6C6, 0x6E6),
    50: (SHIFT_L, 0, SHIFT_L, 0),
    90: (ord("!"), ord("1"), 0, 0),
    254: (0, 0, 0, 0),
    255: (0, 0, 0, 0),
}
KEYBOARD = Layout(KEYSYMS, [(50,), (255,)])


def test_keys_of_the_main_block_come_first() -> None:
    assert KEYBOARD.plan("1!A", 0) == Plan((Stroke(10), Stroke(10, (50,)), Stroke(38, (50,))), {})


def test_a_key_without_a_second_group_is_that_of_the_first() -> None:
    assert KEYBOARD.plan("1a", 1) == Plan((Stroke(10), Stroke(254)), {254: ord("a")})


def test_free_keys_are_borrowed_once_for_each_character() -> None:
    wanted = Plan((Stroke(254), Stroke(9), Stroke(254)), {254: ord("x"), 9: ord("y")})
    assert KEYBOARD.plan("xyx", 0) == wanted


def test_a_modifiers_key_is_not_free() -> None:
    with pytest.raises(HandoverError) as raised:
        KEYBOARD.plan("1xyz", 0)
    assert raised.value.trouble is HandoverTrouble.CANNOT_TYPE
    assert raised.value.detail.endswith(": xyz")


def test_without_a_shift_key_what_needs_it_is_borrowed() -> None:
    keyboard = Layout(KEYSYMS, [(38,), (255,)])
    assert keyboard.plan("aA", 0) == Plan((Stroke(38), Stroke(254)), {254: ord("A")})


def test_rows_may_be_short() -> None:
    keyboard = Layout({10: (ord("1"),), 11: (), 12: (ord("a"), ord("A"))}, [()])
    assert keyboard.plan("1a", 1).strokes == (Stroke(10), Stroke(12))
