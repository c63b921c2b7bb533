"""A screen as text. Textual has no public way to ask for it; this is the one place that knows."""

from typing import TypeVar

from textual.app import App

R = TypeVar("R")


def screen_text(app: App[R]) -> str:
    """Return what the screen shows, line by line, without trailing spaces."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)
