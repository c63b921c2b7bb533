"""A hand that presses one key, looks, and presses the next: tests press keys as it does.

A hurried hand does not look, and a held key comes again and again.
"""

import asyncio
import time
from typing import TypeVar

from textual import events
from textual.app import App

from counter_tui.app import CounterApp
from counter_tui.core.key_gate import KeyGate

R = TypeVar("R")

SECONDS_MAX = 30.0


async def rest(app: App[R]) -> None:
    """Let so much time pass that the key gate has nothing left to wait for."""
    if not isinstance(app, CounterApp) or app._exit or not app.is_running:
        return
    rested = asyncio.Event()

    async def pass_time() -> None:
        await app.key_watch.quiet()
        app.key_watch.gate = KeyGate()
        rested.set()

    if app.call_later(pass_time):
        await asyncio.wait_for(rested.wait(), SECONDS_MAX)


def press_hurriedly(app: App[R], *keys: str, apart: float = 0.1) -> None:
    """Press keys so many seconds after each other, by the times that are told with them.

    All are given to the application at once: no load of the machine comes between them.
    """
    pressed_at = time.monotonic()
    for key in keys:
        character = key if len(key) == 1 else {"enter": "\r", "tab": "\t"}.get(key)
        event = events.Key(key, character)
        event.time = pressed_at
        pressed_at += apart
        app.post_message(event)


def hold(
    app: App[R], key: str, delay: float = 0.66, interval: float = 0.033, after: float = 0
) -> None:
    """Hold a key down for two seconds, so many seconds from now, as a keyboard repeats it."""
    pressed_at = time.monotonic() + after
    times = [pressed_at, *(pressed_at + delay + number * interval for number in range(40))]
    for at in times:
        event = events.Key(key, key if len(key) == 1 else {"enter": "\r"}.get(key))
        event.time = at
        app.post_message(event)


def send(app: App[R], text: str, gap: float) -> None:
    """Let a scanner send a text, each key so many seconds behind the one before."""
    names = {"\r": "enter", "\n": "ctrl+j", "\t": "tab", "\x1d": "ctrl+right_square_bracket"}
    sent_at = time.monotonic()
    for character in text:
        event = events.Key(names.get(character, f"key_{ord(character):x}"), character)
        event.time = sent_at
        sent_at += gap
        app.post_message(event)
