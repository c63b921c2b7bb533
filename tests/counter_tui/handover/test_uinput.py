"""What needs no device: the keys of a text, and that there is no device."""

from pathlib import Path
from typing import ClassVar

import pytest
from evdev import ecodes

from counter_tui.handover import uinput
from counter_tui.handover.typist import HandoverError, HandoverTrouble
from counter_tui.handover.uinput import LEFT_SHIFT, UinputTypist, key_events

NAMES = {
    "-": "MINUS",
    "=": "EQUAL",
    "[": "LEFTBRACE",
    "]": "RIGHTBRACE",
    ";": "SEMICOLON",
    "'": "APOSTROPHE",
    "`": "GRAVE",
    "\\": "BACKSLASH",
    ",": "COMMA",
    ".": "DOT",
    "/": "SLASH",
    " ": "SPACE",
}
SHIFTED = dict(zip('!@#$%^&*()_+{}:"~|<>?', "1234567890-=[];'`\\,./", strict=True))


def test_shift_is_held_around_a_key_that_needs_it() -> None:
    one, large = key_events("1A")
    assert one == ((ecodes.KEY_1, 1), (ecodes.KEY_1, 0))
    assert large == (
        (ecodes.KEY_LEFTSHIFT, 1),
        (ecodes.KEY_A, 1),
        (ecodes.KEY_A, 0),
        (ecodes.KEY_LEFTSHIFT, 0),
    )


@pytest.mark.parametrize("character", map(chr, range(0x20, 0x7F)))
def test_each_character_has_the_key_of_a_us_keyboard(character: str) -> None:
    (events,) = key_events(character)
    pressed = [code for code, value in events if value]
    plain = SHIFTED.get(character, character.lower())
    shift = [] if plain == character else [LEFT_SHIFT]
    assert pressed == [*shift, ecodes.ecodes[f"KEY_{NAMES.get(plain, plain.upper())}"]]


@pytest.mark.parametrize("text", ["0042é", "４２", "42\n"])
def test_a_foreign_character_is_found_before_the_device_is(text: str, tmp_path: Path) -> None:
    with pytest.raises(HandoverError) as raised:
        UinputTypist(str(tmp_path / "none")).type_text(text)
    assert raised.value.trouble is HandoverTrouble.CANNOT_TYPE


def test_no_device(tmp_path: Path) -> None:
    for path in (str(tmp_path / "none"), str(tmp_path), "/dev/null"):
        with pytest.raises(HandoverError) as raised:
            UinputTypist(path).type_text("0042")
        assert raised.value.trouble is HandoverTrouble.NO_DEVICE, path


class RecordingKeyboard:
    """In the place of evdev's device: what it is told."""

    told: ClassVar[list[tuple[int, ...]]] = []

    def __init__(self, events: dict[int, list[int]], name: str, devnode: str) -> None:
        self.told.append((len(events[ecodes.EV_KEY]),))

    def __enter__(self) -> "RecordingKeyboard":
        return self

    def __exit__(self, *_: object) -> None:
        self.told.append(())

    def write(self, kind: int, code: int, value: int) -> None:
        self.told.append((kind, code, value))

    def syn(self) -> None:
        self.told.append((ecodes.EV_SYN,))


def test_the_device_is_told_each_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uinput, "UInput", RecordingKeyboard)
    monkeypatch.setattr(uinput, "READY_SECONDS", 0)
    UinputTypist().type_text("1")
    key, report = ecodes.EV_KEY, (ecodes.EV_SYN,)
    one = ecodes.KEY_1
    assert RecordingKeyboard.told == [(49,), (key, one, 1), report, (key, one, 0), report, ()]
