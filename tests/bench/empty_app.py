"""`python -m tests.bench.empty_app`: Textual with nothing in it, to compare the counter with.

A field on one screen and a text on another; F2 and F3 switch, Ctrl-Q ends. The environment
gives it the settings of Textual that counter_tui/cli.py makes.
"""

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input, Static

FIRST, SECOND = "an empty field", "a second screen"


class FirstScreen(Screen[None]):
    def compose(self) -> ComposeResult:
        yield Input(placeholder=FIRST)


class SecondScreen(Screen[None]):
    def compose(self) -> ComposeResult:
        yield Static(SECOND)


class EmptyApp(App[None]):
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar = [
        Binding("f2", "first", show=False),
        Binding("f3", "second", show=False),
    ]

    def on_mount(self) -> None:
        self.push_screen(FirstScreen())

    def action_first(self) -> None:
        self.switch_screen(FirstScreen())

    def action_second(self) -> None:
        self.switch_screen(SecondScreen())


if __name__ == "__main__":
    EmptyApp().run()
