"""Textual as tests run it: the same screens with less work and less waiting.

Imported for what it does to Textual, once, by conftest.
"""

import asyncio
import os
from collections.abc import Iterable
from typing import TypeVar

from rich.console import RenderableType
from textual import _wait
from textual._compositor import Compositor
from textual.app import App
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.css.types import CSSLocation
from textual.screen import Screen

from tests.patient_hand import rest
from tests.stillness import DRAWN

R = TypeVar("R")
MOUNTING_SECONDS_MAX = 30.0
Parsed = dict[tuple[object, ...], list[RuleSet]]

os.environ["TEXTUAL_ANIMATIONS"] = "none"

# Textual's pilot looks twice after each key whether the program is idle, 20 ms each.
_wait.SLEEP_GRANULARITY = 0.004
_wait.SLEEP_IDLE = 0.001

_shut_down = App._shutdown


async def _end_workers_then_shut_down(app: App[object]) -> None:
    """Do as Textual does where no pilot drives: workers meet no screen that is going.

    Nor does a screen that is on its way in, which a test may have waited for, lose its widgets.
    """
    if app.screen_stack and app._exception is None:
        await asyncio.wait_for(app.screen_stack[-1]._mounted_event.wait(), MOUNTING_SECONDS_MAX)
    app.workers.cancel_all()
    await _shut_down(app)


App._shutdown = _end_workers_then_shut_down  # type: ignore[assignment,method-assign]

_render_update = Compositor.render_update


def _render_what_is_seen(
    compositor: Compositor,
    full: bool = False,
    screen_stack: list[Screen[object]] | None = None,
    simplify: bool = False,
) -> RenderableType | None:
    """Draw where something is done with it: without a terminal Textual throws updates away.

    Pictures are drawn whole, and what tests read is drawn when they do. Of boxes Textual keeps
    what it drew behind them, so they are drawn as ever.
    """
    DRAWN.times += 1
    screen = compositor.root
    is_box = screen is not None and screen.styles.background.a < 1
    if full or is_box:
        return _render_update(compositor, full, screen_stack, simplify)
    compositor._dirty_regions.clear()
    return None


Compositor.render_update = _render_what_is_seen  # type: ignore[assignment,method-assign]

_press_keys = App._press_keys


async def _press_patiently(app: App[object], keys: Iterable[str]) -> None:
    """Press one key after the other as a person does who looks at the screen in between."""
    for key in keys:
        await rest(app)
        await _press_keys(app, [key])
        await rest(app)


App._press_keys = _press_patiently  # type: ignore[assignment,method-assign]

_parse_rules = Stylesheet._parse_rules
_parsed: Parsed = {}


def _parse_once(
    stylesheet: Stylesheet,
    css: str,
    read_from: CSSLocation,
    is_default_rules: bool = False,
    tie_breaker: int = 0,
    scope: str = "",
) -> list[RuleSet]:
    """Parse the same text for the same colours once, and not for each application anew."""
    colours = tuple(stylesheet._variables.items())
    key = (colours, css, read_from, is_default_rules, tie_breaker, scope)
    if key not in _parsed:
        _parsed[key] = _parse_rules(
            stylesheet, css, read_from, is_default_rules, tie_breaker, scope
        )
    return _parsed[key]


Stylesheet._parse_rules = _parse_once  # type: ignore[assignment,method-assign]
