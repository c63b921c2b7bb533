"""USE-8: one press is one step, and a scan is data for a field that expects it and nothing else."""

from dataclasses import dataclass

import pytest

from counter_tui.core.key_gate import (
    QUIET_SECONDS,
    REPEAT_DELAY_SECONDS_MAX,
    Deliver,
    Frame,
    KeyGate,
    Scanned,
    Target,
    Typing,
)

JAN_13, JAN_8 = "4912345678904", "49123456"
CONFIRM = Target(Typing.NOTHING, takes_scans=False, acts=True)
MENU = Target(Typing.NOTHING, takes_scans=False, acts=False)
AMOUNT = Target(Typing.BY_HAND, takes_scans=False, acts=True)
SIGN_IN = Target(Typing.BY_PROGRAM, takes_scans=False, acts=False)
NUMBER = Target(Typing.BY_HAND, takes_scans=True, acts=True)
QUESTION = Target(Typing.NOTHING, takes_scans=True, acts=True)
NAMED = {
    "\r": "enter",
    "\n": "ctrl+j",
    "\t": "tab",
    "\x1d": "ctrl+right_square_bracket",
    "\x03": "ctrl+c",
}


@dataclass(frozen=True)
class Press:
    key: str
    character: str | None
    time: float

    @property
    def is_printable(self) -> bool:
        return self.character is not None and self.character.isprintable()


class Hand:
    """Presses keys at a gate, and notes what comes through."""

    def __init__(self, target: Target, frame: Frame | None = None) -> None:
        self.gate: KeyGate[Press] = KeyGate(frame)
        self.target = target
        self.now = 100.0
        self.through: list[str] = []
        self.scans: list[Scanned] = []

    def press(self, key: str, after: float) -> None:
        """One key so long after the one before; the gate is told of quiet as by a timer."""
        if after > self.gate.wait_seconds and self.gate.waits:
            self._note(self.gate.quiet())
        self.now += after
        name, character = NAMED.get(key, key), key if len(key) == 1 else None
        self._note(self.gate.take(Press(name, character, self.now), self.target, self.now))

    def send(self, text: str, gap: float, before: float = 2.0) -> None:
        for number, character in enumerate(text):
            self.press(character, gap if number else before)

    def rest(self) -> None:
        self.now += self.gate.wait_seconds
        if self.gate.waits:
            self._note(self.gate.quiet())

    def _note(self, found: list[Deliver[Press] | Scanned]) -> None:
        for one in found:
            if isinstance(one, Scanned):
                self.scans.append(one)
            else:
                self.through.append(one.press.key)


SCANNED_TEXTS = [
    JAN_13,
    JAN_8,
    "A1234567A",
    "]E04912345678904",
    "0104912345678904\x1d10ABC",
    "https://shop.example/p?id=77",
    "LINE ONE\r\nLINE TWO\r\nLINE THREE",
    "123",
    "12",
]


@pytest.mark.parametrize("gap", [0.001, 0.005, 0.02, 0.05])
@pytest.mark.parametrize("text", SCANNED_TEXTS)
@pytest.mark.parametrize("target", [CONFIRM, MENU])
def test_a_scan_does_nothing_where_keys_choose(target: Target, text: str, gap: float) -> None:
    hand = Hand(target)
    hand.send(text + "\r", gap)
    hand.rest()
    assert hand.through == []
    assert [(scan.is_wanted, scan.in_field) for scan in hand.scans] == [(False, False)]


@pytest.mark.parametrize("gap", [0.08, 0.1])
@pytest.mark.parametrize("text", [text for text in SCANNED_TEXTS if len(text) > 2])
def test_a_slow_scan_does_nothing_either(text: str, gap: float) -> None:
    hand = Hand(CONFIRM)
    hand.send(text + "\r", gap)
    hand.rest()
    assert hand.through == []
    assert len(hand.scans) == 1


@pytest.mark.parametrize("gap", [0.001, 0.02, 0.08, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("text", ["1", "12", "123"])
def test_no_enter_behind_characters_confirms(text: str, gap: float) -> None:
    hand = Hand(CONFIRM)
    hand.send(text + "\r", gap)
    hand.rest()
    assert "enter" not in hand.through


@pytest.mark.parametrize("target", [AMOUNT, NUMBER])
@pytest.mark.parametrize("gap", [0.001, 0.02, 0.05, 0.08, 0.1])
@pytest.mark.parametrize("text", [JAN_13, JAN_8])
def test_a_scan_is_taken_out_of_a_field(target: Target, text: str, gap: float) -> None:
    hand = Hand(target)
    hand.send(text + "\r", gap)
    hand.rest()
    assert "enter" not in hand.through
    assert hand.scans == [Scanned(text, False, in_field=True, is_wanted=target.takes_scans)]


def test_a_scan_without_a_line_end_is_told_once_it_is_quiet() -> None:
    hand = Hand(AMOUNT)
    hand.send(JAN_8, 0.01)
    assert hand.scans == []
    hand.rest()
    assert [scan.text for scan in hand.scans] == [JAN_8]


def test_a_screen_that_takes_codes_takes_them_wherever_the_focus_is() -> None:
    hand = Hand(QUESTION)
    hand.send("220000000022\r", 0.005)
    hand.rest()
    assert hand.scans == [Scanned("220000000022", False, in_field=False, is_wanted=True)]
    assert hand.through == []


def test_a_tab_ends_a_code_too() -> None:
    hand = Hand(NUMBER)
    hand.send(JAN_13 + "\t", 0.005)
    assert [scan.text for scan in hand.scans] == [JAN_13]
    assert "tab" not in hand.through


def test_the_same_at_once_again_is_told() -> None:
    hand = Hand(NUMBER)
    for before in (2.0, 0.5, 2.0):
        hand.send(JAN_13 + "\r\n", 0.005, before)
        hand.rest()
    assert [scan.repeated for scan in hand.scans] == [False, True, False]


@pytest.mark.parametrize("gap", [0.07, 0.09, 0.15])
def test_an_amount_and_its_enter_are_typed_fast(gap: float) -> None:
    hand = Hand(AMOUNT)
    hand.send("1500", gap)
    hand.press("\r", gap + 0.03)
    hand.rest()
    assert hand.through == [*"1500", "enter"]
    assert hand.scans == []


def test_a_program_types_a_password_at_once_and_no_scan_gets_there() -> None:
    hand = Hand(SIGN_IN)
    hand.send("demo-1234\r", 0)
    hand.rest()
    assert hand.through == [*"demo-1234", "enter"]
    hand = Hand(SIGN_IN)
    hand.send(JAN_13 + "\r", 0.08)
    assert "enter" not in hand.through
    assert [scan.is_wanted for scan in hand.scans] == [False]


def test_a_key_that_chooses_comes_through_once_nothing_follows() -> None:
    hand = Hand(MENU)
    hand.press("7", 2)
    assert hand.through == []
    hand.rest()
    assert hand.through == ["7"]


def test_two_keys_in_a_hurry_come_through_in_their_order() -> None:
    hand = Hand(MENU)
    hand.send("71", 0.1)
    hand.rest()
    assert hand.through == ["7", "1"]


@pytest.mark.parametrize("delay", [0.25, 0.4, 0.5, 0.6, 0.66, 0.8, 1.0])
@pytest.mark.parametrize("late", [0, 0.1, 0.2])
@pytest.mark.parametrize("interval", [0.033, 0.04])
@pytest.mark.parametrize("key", ["\r", "f6", "f8", "2"])
@pytest.mark.parametrize("target", [CONFIRM, MENU, AMOUNT])
def test_a_held_key_is_one_press(
    target: Target, key: str, interval: float, late: float, delay: float
) -> None:
    """Its second repetition may be late: the machine that shows the terminal is busy."""
    if key == "2" and target is AMOUNT:
        return  # a digit that is held while it is typed is seen
    hand = Hand(target)
    hand.press(key, 2)
    hand.press(key, delay)
    hand.press(key, interval + late)
    for _ in range(40):
        hand.press(key, interval)
    hand.rest()
    assert hand.through == [NAMED.get(key, key)]
    assert hand.scans == []


@pytest.mark.parametrize("seconds", [0.05, 0.2, QUIET_SECONDS - 0.01])
@pytest.mark.parametrize("key", ["\r", "f6", "2"])
def test_a_second_press_at_once_does_nothing(key: str, seconds: float) -> None:
    hand = Hand(CONFIRM)
    hand.press(key, 2)
    hand.press(key, seconds)
    hand.rest()
    assert hand.through == [NAMED.get(key, key)]


@pytest.mark.parametrize("seconds", [QUIET_SECONDS, 0.8, REPEAT_DELAY_SECONDS_MAX, 1.2, 5])
def test_a_second_press_after_a_while_counts(seconds: float) -> None:
    hand = Hand(CONFIRM)
    hand.press("\r", 2)
    hand.press("\r", seconds)
    hand.rest()
    assert hand.through == ["enter", "enter"]


def test_another_key_behind_one_that_waits_is_a_run_of_its_own() -> None:
    """Else a scan that comes soon behind a repeated digit would begin with that digit."""
    hand = Hand(MENU)
    hand.press("1", 2)
    hand.press("1", 0.8)
    hand.send(JAN_13 + "\r", 0.02, before=0.2)
    hand.rest()
    assert hand.through == ["1", "1"]
    assert [scan.text for scan in hand.scans] == [JAN_13]


def test_arrows_and_escape_may_be_held_and_pressed_quickly() -> None:
    hand = Hand(MENU)
    for key in ("down", "down", "down", "escape", "escape"):
        hand.press(key, 0.05)
    assert hand.through == ["down", "down", "down", "escape", "escape"]


def test_enter_behind_an_arrow_counts() -> None:
    hand = Hand(MENU)
    hand.press("\r", 2)
    hand.press("down", 0.2)
    hand.press("\r", 0.1)
    assert hand.through == ["enter", "down", "enter"]


def test_what_has_just_appeared_takes_no_enter() -> None:
    hand = Hand(CONFIRM)
    hand.gate.appeared(hand.now + 1.8)
    hand.press("\r", 2)
    assert hand.through == []
    hand.press("\r", QUIET_SECONDS + 0.7)
    assert hand.through == ["enter"]


def test_a_menu_takes_it_at_once() -> None:
    hand = Hand(MENU)
    hand.gate.appeared(hand.now + 1.9)
    hand.press("\r", 2)
    assert hand.through == ["enter"]


def test_what_an_input_method_gives_at_once_is_typed() -> None:
    hand = Hand(AMOUNT)
    hand.send("印字が薄く読めないため", 0)
    hand.rest()
    assert hand.scans == []
    hand.send("０３－００００－００００", 0)
    hand.rest()
    assert hand.scans == []


@pytest.mark.parametrize("gap", [0.05, 0.15, 0.4])
def test_escape_is_one_step_where_keys_act(gap: float) -> None:
    hand = Hand(CONFIRM)
    hand.press("escape", 2)
    hand.press("escape", gap)
    hand.rest()
    assert hand.through == ["escape"]


def test_function_keys_within_a_scan_are_the_scanners() -> None:
    hand = Hand(CONFIRM)
    hand.send("0104912345678904", 0.005)
    for key in ("f8", "f10"):
        hand.press(key, 0.005)
    hand.send("10ABC\r", 0.005, before=0.005)
    hand.rest()
    assert hand.through == []
    assert len(hand.scans) == 1


@pytest.mark.parametrize("gap", [0.002, 0.06, 0.1])
def test_a_short_code_with_a_frames_end_is_no_pin(gap: float) -> None:
    hand = Hand(AMOUNT)
    hand.send("1234\x03\r", gap)
    hand.rest()
    assert "enter" not in hand.through
    assert [scan.in_field for scan in hand.scans] == [True]


@pytest.mark.parametrize("gap", [0.01, 0.08])
def test_separators_belong_to_a_scan_in_a_field(gap: float) -> None:
    hand = Hand(NUMBER)
    hand.send("0104912345678904\x1d215\r", gap)
    assert [scan.text for scan in hand.scans] == ["0104912345678904\x1d215"]
    assert "enter" not in hand.through


@pytest.mark.parametrize("target", [QUESTION, NUMBER])
def test_a_key_that_is_held_is_no_code(target: Target) -> None:
    hand = Hand(target)
    hand.press("1", 2)
    hand.press("1", 0.5)
    for _ in range(30):
        hand.press("1", 0.033)
    hand.rest()
    assert hand.scans == []


def test_a_refused_scan_is_none_that_comes_again() -> None:
    hand = Hand(MENU)
    hand.send(JAN_13 + "\r", 0.005)
    hand.rest()
    hand.target = NUMBER
    hand.send(JAN_13 + "\r", 0.005, before=1)
    assert [scan.repeated for scan in hand.scans] == [False, False]


@pytest.mark.parametrize("key", ["f6", "\r"])
def test_the_repetitions_of_a_key_that_somebody_else_took_are_known(key: str) -> None:
    hand = Hand(CONFIRM)
    hand.now += 2
    hand.gate.noted(Press(NAMED.get(key, key), key if len(key) == 1 else None, hand.now))
    hand.press(key, 0.6)
    for _ in range(20):
        hand.press(key, 0.033)
    hand.rest()
    assert hand.through == []


def test_what_appeared_since_a_key_was_pressed_is_told() -> None:
    hand = Hand(CONFIRM)
    hand.press("\r", 2)
    hand.press("\r", 0.7)  # held: it may be a repetition
    hand.gate.appeared(hand.now + 0.05)
    (given,) = hand.gate.quiet()
    assert isinstance(given, Deliver)
    assert hand.gate.appeared_since(given.pressed_at)


FRAME = Frame("f11", "enter")


@pytest.mark.parametrize("gap", [0.001, 0.1, 0.15])
def test_a_scanners_own_prefix_decides_alone(gap: float) -> None:
    hand = Hand(CONFIRM, FRAME)
    hand.press("f11", 2)
    hand.send("77\r", gap, before=gap)
    assert [scan.text for scan in hand.scans] == ["77"]
    assert hand.through == []


def test_without_the_prefix_everything_is_typed_at_once() -> None:
    hand = Hand(AMOUNT, FRAME)
    hand.send(JAN_13 + "\r", 0.002)
    assert hand.through == [*JAN_13, "enter"]
    hand = Hand(MENU, FRAME)
    hand.press("7", 2)
    assert hand.through == ["7"]


def test_a_scan_that_breaks_off_ends_by_itself() -> None:
    hand = Hand(NUMBER, FRAME)
    hand.press("f11", 2)
    hand.send("77", 0.01, before=0.01)
    hand.press("5", 3)
    assert hand.through == ["5"]
    assert hand.scans == []


def test_a_long_code_of_a_slow_scanner_is_one_scan() -> None:
    hand = Hand(NUMBER, FRAME)
    hand.press("f11", 2)
    hand.send("1" * 157 + "\r", 0.1, before=0.1)
    assert [len(scan.text) for scan in hand.scans] == [157]
    assert hand.through == []


def test_a_held_digit_is_one_press_with_a_prefix_too() -> None:
    hand = Hand(QUESTION, FRAME)
    hand.press("2", 2)
    hand.press("2", 0.66)
    for _ in range(20):
        hand.press("2", 0.033)
    hand.rest()
    assert hand.through == ["2"]


def test_the_line_feed_behind_the_suffix_is_the_scanners() -> None:
    hand = Hand(NUMBER, FRAME)
    hand.press("f11", 2)
    hand.send("77\r\n", 0.01, before=0.01)
    assert hand.through == []
    hand.press("\r", 2)
    assert hand.through == ["enter"]


@pytest.mark.parametrize("first", ["~", "～"])
def test_a_prefix_is_known_with_the_input_method_on(first: str) -> None:
    hand = Hand(NUMBER, Frame("~", "enter"))
    hand.send(f"{first}123\r", 0.2)
    assert [scan.text for scan in hand.scans] == ["123"]
    assert hand.through == []
