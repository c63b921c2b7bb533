"""What screens and parts ask of the application: they know this protocol, and not the class."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from textual.events import Key
    from textual.geometry import Size
    from textual.screen import Screen
    from textual.timer import Timer
    from textual.widget import Widget
    from textual.worker import Worker

    from counter_tui.core.server_clock import ServerClock
    from counter_tui.core.settings import Settings
    from counter_tui.parts.cards import Cards
    from counter_tui.parts.session import Session
    from counter_tui.parts.slips import Slips
    from counter_tui.shell.base import CounterScreen
    from counter_tui.shell.key_watch import KeyWatch

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Host(Protocol):
    """The application, as what it shows sees it."""

    settings: "Settings"
    shown_keymap: Mapping[str, tuple[str, ...]]
    monotonic: Callable[[], float]
    clock: "ServerClock"
    connected: bool | None
    """Whether the server answers; None: not known yet."""
    session: "Session"
    cards: "Cards"
    slips: "Slips"
    key_watch: "KeyWatch"

    @property
    def screen(self) -> "Screen[Any]":
        """What is on top."""
        ...

    @property
    def screen_stack(self) -> "Sequence[Screen[Any]]":
        """All that is shown, the lowest first."""
        ...

    @property
    def focused(self) -> "Widget | None":
        """What keys are given to."""
        ...

    @property
    def size(self) -> "Size":
        """The terminal's, in cells."""
        ...

    def push_screen(
        self, screen: "Screen[R]", callback: "Callable[[R | None], None] | None" = None
    ) -> Awaitable[None]:
        """Show a screen above all others; `callback` gets its result."""
        ...

    async def push_screen_wait(self, screen: "Screen[R]") -> R:
        """Show a screen and return its result; in a worker."""
        ...

    def pop_screen(self) -> Awaitable[object]:
        """Take the topmost screen away."""
        ...

    def switch_screen(self, screen: "Screen[Any]") -> Awaitable[object]:
        """Show a screen in place of the topmost."""
        ...

    def run_worker(
        self, work: Coroutine[Any, Any, T], *, group: str = "default", exclusive: bool = False
    ) -> "Worker[T]":
        """Do something beside the screens, which ends with the application."""
        ...

    def set_timer(self, delay: float, callback: "Callable[[], object]") -> "Timer":
        """Call something after so many seconds."""
        ...

    def call_later(self, callback: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> bool:
        """Call something in the application's own time, from wherever."""
        ...

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that blocks, off the event loop."""
        ...

    def each_screen(self, act: "Callable[[CounterScreen[Any]], None]") -> None:
        """Do something to every full screen that is shown."""
        ...

    def tell_everywhere(self, text: str) -> None:
        """Tell of a trouble on every full screen."""
        ...

    def ask_for_password(self) -> "CounterScreen[bool]":
        """Return the screen that signs in again."""
        ...

    def work_on(self) -> None:
        """Go on with what the terminal does by itself, now that the server may answer."""
        ...

    def use_language(self, language: str) -> None:
        """Show everything in another language from now on, beginning with the home."""
        ...

    def go_home(self) -> None:
        """Show the home as if nobody had been there."""
        ...

    def screen_drawn(self) -> None:
        """Take note that a screen was painted."""
        ...

    def show_print_queue(self) -> None:
        """Show what waits for the printer, where there is one."""
        ...

    def show_help(self, heading: str, text: str) -> None:
        """Show a box with a text."""
        ...

    def action_cards(self) -> None:
        """Show the cards that are put in by a key, where there are any."""
        ...

    async def pass_on(self, key: "Key") -> None:
        """Give a key to what has the focus, past the key gate."""
        ...

    def leave(self) -> None:
        """End the application, where it lets itself be ended."""
        ...
