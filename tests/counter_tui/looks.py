"""Readable in a bright shop: contrast, a focus one sees, and keys that are all shown."""

import unicodedata
from collections.abc import Iterator

from rich.color import Color
from rich.style import Style
from textual.app import App
from textual.widget import Widget
from textual.widgets import Input, OptionList

from counter_tui.app import CounterApp
from counter_tui.shell.actions import ACTIONS, Action, shown_key
from counter_tui.shell.base import CounterModal, CounterScreen
from counter_tui.shell.boxes import TooSmallBox
from counter_tui.shell.widgets import KeyBar, NumberedList
from counter_tui.texts import _
from demo.screen_text import screen_text

TEXT_CONTRAST_MIN = 4.5
SIGN_CONTRAST_MIN = 3.0
"""WCAG 2.2, 1.4.3 and 1.4.11."""


def check_contrast(app: CounterApp) -> None:
    """Every text stands out from what is behind it."""
    shown = [(text, contrast(*colours)) for text, *colours in _drawn(app) if _is_text(text)]
    assert shown, "there is no text"
    too_weak = [pair for pair in shown if pair[1] < TEXT_CONTRAST_MIN]
    assert not too_weak, too_weak


def check_keys(app: CounterApp) -> None:
    """The bottom shows the keys that do something now, whole, each of them works, and no other."""
    screen = app.screen
    if isinstance(screen, TooSmallBox) or not isinstance(screen, CounterScreen | CounterModal):
        return
    bar = screen.query_one(KeyBar).region
    assert (bar.height, bar.bottom) == (2, screen.size.height), "it covers that of a screen below"
    rows = screen_text(app).splitlines()[bar.y : bar.bottom]
    left = " ".join(rows)
    for id_ in screen.shown_actions():
        wanted = f"{shown_key(ACTIONS[id_], {})} {_(ACTIONS[id_].label)}"
        assert any(wanted in row for row in rows), (wanted, rows)
        left = left.replace(wanted, "", 1)
        assert _works(app, ACTIONS[id_]), f"{wanted} does nothing"
    assert not left.strip(), f"shown though it does nothing: {left.strip()}"


def _works(app: CounterApp, action: Action) -> bool:
    """Whether its key reaches the screen, or what has the focus takes it."""
    bound = app.screen.active_bindings
    if any(key in bound and bound[key].enabled for key in action.keys):
        return True
    takes_enter = isinstance(app.focused, Input | NumberedList | OptionList)
    return takes_enter and action.keys[0] in ("enter", "space")


def frame_colour(app: App[None], widget: Widget, column: int = 1) -> Color:
    """The colour of a widget's frame, as it is drawn in its first line."""
    strips = app.screen._compositor.render_strips()
    left, top = widget.region.offset
    (cell,) = list(strips[top].crop(left + column, left + column + 1))
    return _colours(cell.style)[0]


def contrast(one: Color, other: Color) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    """WCAG's relative luminance, from 0 to 1."""

    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, colour.get_truecolor())
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _drawn(app: App[None]) -> Iterator[tuple[str, Color, Color]]:
    """What stands on the screen: texts with their colour and what is behind it."""
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            if segment.text.strip():
                yield segment.text.strip(), *_colours(segment.style)


def _colours(style: Style | None) -> tuple[Color, Color]:
    assert style is not None
    assert style.color is not None
    assert style.bgcolor is not None
    return (style.bgcolor, style.color) if style.reverse else (style.color, style.bgcolor)


def _is_text(text: str) -> bool:
    return any(unicodedata.category(character)[0] in "LN" for character in text)
