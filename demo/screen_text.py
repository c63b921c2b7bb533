"""A screen as text. Textual has no public way to ask for it; this is the one place that knows."""

from typing import TypeVar

from textual._compositor import LayoutUpdate
from textual.app import App
from textual.strip import Strip

R = TypeVar("R")


def screen_text(app: App[R]) -> str:
    """Return what the screen shows, line by line, without trailing spaces."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


def screen_strips(app: App[R]) -> list[Strip]:
    """Return the lines that are shown, with their colours; behind a box, the screen's own."""
    shown = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    if not isinstance(shown, LayoutUpdate):
        raise TypeError("Textual draws only a part of the screen")
    return [Strip.join(line) for line in shown.strips]
