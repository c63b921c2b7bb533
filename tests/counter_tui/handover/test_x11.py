"""Typing into a real xterm on a real X server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from counter_tui.handover.typist import HandoverError, HandoverTrouble
from counter_tui.handover.x11 import X11Typist
from tests.counter_tui.handover.desktop import (
    CAPS_LOCK,
    CONTROL,
    DIGIT_ONE,
    LOCK_MASK,
    PATIENCE,
    SHIFT,
    XTEST_KEYBOARD,
    Desktop,
    Field,
    XServer,
    wait_until,
    x_server,
)

NUMBERS = ("0123456789012", "LIB-0042", "lib-0042x", "A123B", "aBcDeF", "-./:+$%", "1122 3344")
PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as threads:
        yield threads


def trouble_with(text: str) -> HandoverTrouble:
    with pytest.raises(HandoverError) as raised:
        X11Typist().type_text(text)
    return raised.value.trouble


@pytest.mark.parametrize("layout", ["us", "jp"])
@pytest.mark.parametrize("text", [*NUMBERS, PRINTABLE, ""])
def test_a_text_arrives_on_each_layout(
    desktop: Desktop, field: Field, layout: str, text: str
) -> None:
    desktop.use_layout(layout)
    X11Typist().type_text(text)
    assert field.line() == text


@pytest.mark.parametrize(("layout", "keys"), [("us", (CAPS_LOCK,)), ("jp", (SHIFT, CAPS_LOCK))])
def test_caps_lock_changes_nothing_and_stays_on(
    desktop: Desktop, field: Field, layout: str, keys: tuple[int, ...]
) -> None:
    desktop.use_layout(layout)
    desktop.tap(*keys)
    assert desktop.modifiers() == LOCK_MASK
    X11Typist().type_text("aBc-0042")
    assert desktop.modifiers() == LOCK_MASK
    assert field.line() == "aBc-0042"


@pytest.mark.parametrize("layout", ["us", "jp"])
@pytest.mark.parametrize("held", [SHIFT, CONTROL])
def test_a_key_held_down_changes_nothing(
    desktop: Desktop, field: Field, layout: str, held: int
) -> None:
    desktop.use_layout(layout)
    desktop.press(held)
    assert desktop.modifiers() != 0
    X11Typist().type_text("aBc-0042")
    assert field.line() == "aBc-0042"


def test_a_key_of_the_number_held_down_is_typed_all_the_same(
    desktop: Desktop, field: Field
) -> None:
    field.unfocus()
    desktop.press(DIGIT_ONE)
    field.focus()
    X11Typist().type_text("1121")
    assert field.line() == "1121"


@pytest.mark.parametrize(
    ("layout", "text"), [("de", "@[\\]^`{|}~"), ("ru", "LIB-0042x"), ("fr", "0042-#@")]
)
def test_what_the_layout_has_not_is_borrowed_and_given_back(
    desktop: Desktop, field: Field, layout: str, text: str
) -> None:
    desktop.use_layout(layout)
    before = desktop.keysyms()
    X11Typist().type_text(text)
    assert desktop.keysyms() == before
    assert field.line() == text


def test_borrowed_letters_pass_by_caps_lock(desktop: Desktop, field: Field) -> None:
    desktop.use_layout("ru")
    desktop.tap(CAPS_LOCK)
    X11Typist().type_text("aBc")
    assert field.line() == "aBc"


def test_a_borrowed_key_is_kept_for_a_slow_program(
    desktop: Desktop, field: Field, executor: ThreadPoolExecutor
) -> None:
    desktop.use_layout("ru")
    before = desktop.keysyms()
    with field.paused():
        typing = executor.submit(X11Typist(settle_seconds=3).type_text, "LIB-0042x")
        wait_until(lambda: desktop.keysyms() != before, "the first borrowed key")
        with pytest.raises(TimeoutError):
            typing.result(0.5)
    typing.result(PATIENCE)
    assert field.line() == "LIB-0042x"


def test_the_second_of_two_layouts(desktop: Desktop, field: Field) -> None:
    with desktop.switched("us,fr", 1):
        X11Typist().type_text("LIB-0042qaz")
    assert field.line() == "LIB-0042qaz"


@pytest.mark.parametrize("number", [2, 3])
def test_further_layouts_that_the_core_protocol_does_not_tell(
    desktop: Desktop, field: Field, number: int
) -> None:
    with desktop.switched("us,de,fr,ru", number):
        X11Typist().type_text("LIB-0042@qa")
    assert field.line() == "LIB-0042@qa"


def test_the_keyboard_of_xtest_has_another_layout_than_the_operators(
    desktop: Desktop, field: Field
) -> None:
    desktop.use_layout("jp", "-device", str(XTEST_KEYBOARD))
    assert field.line() == ""
    X11Typist().type_text("@\"'zy-0042")
    assert field.line() == "@\"'zy-0042"


@pytest.mark.parametrize("text", ["0042é", "４２", "42\n", "42\t", "\x7f"])
def test_nothing_is_typed_where_a_character_is_foreign(field: Field, text: str) -> None:
    assert trouble_with(text) is HandoverTrouble.CANNOT_TYPE
    assert field.line() == ""


def test_nothing_is_typed_where_the_layout_has_too_little(desktop: Desktop, field: Field) -> None:
    desktop.use_layout("ru")
    before = desktop.keysyms()
    assert trouble_with("0" + PRINTABLE) is HandoverTrouble.CANNOT_TYPE
    assert desktop.keysyms() == before
    assert field.line() == ""


@pytest.mark.parametrize("inside", [False, True])
def test_the_counters_own_window_is_not_typed_into(
    field: Field, monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    monkeypatch.setenv("WINDOWID", field.window_id)
    field.focus(inside=inside)
    assert trouble_with("0042") is HandoverTrouble.OWN_WINDOW
    assert field.line() == ""


@pytest.mark.parametrize("window", ["1", "none", ""])
def test_another_window_than_the_counters_is_typed_into(
    field: Field, monkeypatch: pytest.MonkeyPatch, window: str
) -> None:
    monkeypatch.setenv("WINDOWID", window)
    X11Typist().type_text("0042")
    assert field.line() == "0042"


@pytest.mark.parametrize("name", [None, "", ":54321", ":987654", "nothing"])
def test_no_display(monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    if name is None:
        monkeypatch.delenv("DISPLAY", raising=False)
    else:
        monkeypatch.setenv("DISPLAY", name)
    assert trouble_with("0042") is HandoverTrouble.NO_DISPLAY


def test_no_extension(shared_server: XServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with x_server("-extension", "XTEST") as server:
        monkeypatch.setenv("DISPLAY", server.name)
        assert trouble_with("0042") is HandoverTrouble.NO_EXTENSION


def test_the_display_goes_away_while_a_number_is_typed(
    shared_server: XServer, monkeypatch: pytest.MonkeyPatch, executor: ThreadPoolExecutor
) -> None:
    with x_server() as server:
        monkeypatch.setenv("DISPLAY", server.name)
        desktop = Desktop(server.name)
        desktop.use_layout("ru")
        before = desktop.keysyms()
        typing = executor.submit(trouble_with, "LIB-0042")
        wait_until(lambda: desktop.keysyms() != before, "the first borrowed key")
        server.end()
        assert typing.result(PATIENCE) is HandoverTrouble.NO_DISPLAY
