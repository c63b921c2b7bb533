"""The counter application: one for all faces. What screens ask of it is in host.py."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeVar

from textual import events, work
from textual.actions import ActionParseResult
from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.theme import Theme

from counter_tui import texts
from counter_tui.card.reader import CardReader
from counter_tui.core.key_gate import Frame
from counter_tui.core.server_clock import ServerClock
from counter_tui.core.settings import Settings
from counter_tui.faces.face import Face
from counter_tui.parts.cards import CardBox, Cards
from counter_tui.parts.forgetting import LOOK_SECONDS, Forgetting
from counter_tui.parts.session import Session
from counter_tui.parts.slips import Slips
from counter_tui.shell.actions import ACTIONS, bindings
from counter_tui.shell.base import CounterScreen
from counter_tui.shell.boxes import COLUMNS_MIN, ROWS_MIN, CardsBox, HelpBox, TooSmallBox
from counter_tui.shell.home import HomeScreen
from counter_tui.shell.idle_collection import IdleCollection
from counter_tui.shell.key_watch import KeyWatch
from counter_tui.tasks.terminal.sign_in import RegisterScreen, SignInScreen
from counter_tui.texts import _

if TYPE_CHECKING:
    from counter_tui.parts.session import Opening
    from counter_tui.printers.printing import Printing

P = ParamSpec("P")
T = TypeVar("T")

BRIGHT = Theme(
    name="counter",
    primary="#004b87",
    secondary="#005f56",
    accent="#8a4b00",
    foreground="#101010",
    background="#ffffff",
    surface="#f3f5f7",
    panel="#dfe6ec",
    warning="#8a4b00",
    error="#b00020",
    success="#00663d",
    dark=False,
)
"""Dark on light: readable in a bright shop."""

WAITING_SECONDS = 60.0
"""Between two looks at what waits for the network: the day may turn while a screen is shown."""
COLLECTION_SECONDS = 0.2
"""Between two looks whether it is quiet enough to collect garbage."""
PAINTING_SECONDS = 0.01
"""A thread writes to the terminal what was drawn, and it would wait for a collection."""
OF_A_SCREEN = ACTIONS.keys() - {"help", "leave", "queue", "cards"}
"""Actions that are what a screen is for; the others leave its message there."""
_PACKAGE = Path(__file__).parent
_FIRST = _PACKAGE / "shell" / "shell.tcss"
STYLES: list[str | PurePath] = [
    _FIRST,
    *(path for path in sorted(_PACKAGE.glob("**/*.tcss")) if path != _FIRST),
]
"""What the tasks say of their own stands behind what all screens have."""
FOCUS_BINDINGS = [
    Binding("tab", "focus_next", show=False, priority=True),
    Binding("shift+tab", "focus_previous", show=False, priority=True),
]
"""With priority the focus has moved before the next key is given to a field: what is typed
right behind Tab must not land in the field before it."""


def now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


class CounterApp(App[None]):
    """マイキープラットフォーム等活用ソフト."""

    CSS_PATH: ClassVar = STYLES
    TITLE = "jichipoint"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [
        *bindings("cards"),
        Binding("ctrl+c", "say_how_to_leave", show=False, priority=True),
        *FOCUS_BINDINGS,
    ]

    def __init__(
        self,
        settings: Settings,
        face: Face,
        reader: CardReader,
        printing: "Printing | None" = None,
        *,
        keymap: Mapping[str, tuple[str, ...]] | None = None,
        authority: bytes | None = None,
        card_box: CardBox | None = None,
        scanner: Frame | None = None,
        collection: IdleCollection | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], datetime] = now,
    ) -> None:
        super().__init__()
        self.settings = settings
        self._face = face
        self.shown_keymap = keymap or {}
        self.monotonic = monotonic
        self.clock = ServerClock(clock)
        self.connected: bool | None = None
        self.session = Session(self, authority, _load, keeps_trust=face.keeps_trust)
        self._has_drawn = False
        self._unopened: HomeScreen[Any] | None = None
        """The home of a start without network: what goes on above it is still to do."""
        self.cards = Cards(self, reader, card_box)
        self.slips = Slips(self, printing)
        self.key_watch = KeyWatch(self, scanner)
        self._collection = collection
        self._forgetting = Forgetting(self) if face.forgets else None

    def on_mount(self) -> None:
        """Paint the first screen, then open the way to the server."""
        self.register_theme(BRIGHT)
        self.theme = BRIGHT.name
        if self.shown_keymap:
            self.set_keymap({id_: ",".join(keys) for id_, keys in self.shown_keymap.items()})
        self.push_screen(self.first_screen(), self._signed_in)
        self.session.begin()
        self._watch_connection()
        self.cards.watch()
        if self._collection is not None:
            self.call_after_refresh(self._collect_when_idle, self._collection)
        if self._forgetting is not None:
            self.set_interval(LOOK_SECONDS, self._forgetting.look)
        self.set_interval(WAITING_SECONDS, self._show_waiting)

    async def on_unmount(self) -> None:
        """Let go of the card reader and the printer."""
        await self.cards.stop()
        await self.slips.stop()

    def first_screen(self) -> RegisterScreen:
        """Return the screen that signs in: S2, or S9 on a machine without a terminal."""
        is_registered = self.session.state.registered_terminal() is not None
        return self._face.sign_in() if is_registered else RegisterScreen()

    def ask_for_password(self) -> SignInScreen:
        """Return the screen that signs in again."""
        return SignInScreen()

    def _signed_in(self, _signed_in: bool | None) -> None:
        if self._forgetting is not None:
            self._forgetting.touched()
        home = self._face.home()
        self.push_screen(home)
        self._unopened = home
        if not self.session.is_reached:
            from counter_tui.parts.without_network import begun_text  # noqa: PLC0415

            home.call_after_refresh(home.tell, begun_text(), trouble=True, stays=True)
        self.work_on()

    def _show_waiting(self) -> None:
        self.each_screen(lambda screen: screen.show_waiting())

    def work_on(self) -> None:
        """Go on with what the terminal does by itself, now that the server may answer."""
        if not self.session.is_reached:
            return
        if self._unopened is not None:
            home, self._unopened = self._unopened, None
            self._open_home(home)
        if self._face.works_on is not None:
            self.run_worker(self._face.works_on(self), group="works on", exclusive=True)

    def _open_home(self, home: HomeScreen[Any]) -> None:
        """Have the face go on above its home, which may have stood there without network."""
        if home.is_mounted:
            home.tell("")
            home.come_back(None)
        if self._face.opened is not None:
            self.run_worker(self._face.opened(self, home))

    @work
    async def _open_slips(self) -> None:
        await self.session.opened()
        await self.slips.open()

    @work
    async def _watch_connection(self) -> None:
        await self.session.opened()

        def tell(connected: bool) -> None:
            self.connected = connected
            self.each_screen(lambda screen: screen.show_state())
            if connected and self.session.is_reached:
                self.work_on()
            elif connected and self.session.is_open:
                self.run_worker(self.session.sign_in_again())

        await self.session.calls.watch(tell)

    def go_home(self) -> None:
        """Show the home as if nobody had been there."""
        self.session.stop_asking()
        while not isinstance(self.screen, HomeScreen):
            self.pop_screen()
        if texts.language() != self.settings.language:
            self.use_language(self.settings.language)
        else:
            self.screen.begin_anew()
        self.on_resize(events.Resize(self.size, self.size))  # a window may be too small still

    def use_language(self, language: str) -> None:
        """Show everything in another language from now on, beginning with the home."""
        texts.use(language)
        self.switch_screen(self._face.home())

    def leave(self) -> None:
        """End the application; where the face asks, only once it may be left."""
        leaving = self._face.leaving
        if leaving is None or not self.session.is_open:
            self.exit()
            return
        box = leaving()
        if not any(isinstance(screen, type(box)) for screen in self.screen_stack):
            self.push_screen(box, self._may_leave)

    def _may_leave(self, may: bool | None) -> None:
        if may:
            self.exit()

    async def action_quit(self) -> None:
        """Ctrl+Q is no way around."""
        self.leave()

    def copy_to_clipboard(self, text: str) -> None:
        """Keep nothing that the next citizen could paste."""
        if not self._face.forgets:
            super().copy_to_clipboard(text)

    async def on_event(self, event: events.Event) -> None:
        """Let every key of the terminal pass the key gate first."""
        if self._collection is not None and isinstance(event, events.Key):
            self._collection.worked()
        if self._forgetting is not None and self._forgetting.takes(event):
            return
        if isinstance(event, events.Key) and not event.is_forwarded:
            await self.key_watch.take(event)
        else:
            await super().on_event(event)

    async def pass_on(self, key: events.Key) -> None:
        """Give a key to what has the focus, past the key gate."""
        await super().on_event(key)

    def _collect_when_idle(self, collection: IdleCollection) -> None:
        collection.begin()
        self.set_interval(COLLECTION_SECONDS, collection.look)

    def screen_drawn(self) -> None:
        """Open the printer behind the first screen that is painted, and collect much garbage.

        The screen tells it, each one: a screen that is left before it was painted tells nothing.
        """
        if not self._has_drawn:
            self._has_drawn = True
            self._open_slips()
        if self._collection is not None:
            self.set_timer(PAINTING_SECONDS, self._collection.painted)

    def each_screen(self, act: Callable[[CounterScreen[Any]], None]) -> None:
        """Do something to every full screen that is shown."""
        for screen in list(self.screen_stack):
            if isinstance(screen, CounterScreen) and screen.is_mounted:
                act(screen)

    def tell_everywhere(self, text: str) -> None:
        """Tell of a trouble on every full screen."""
        self.each_screen(lambda screen: screen.tell(text, trouble=True))

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that blocks, off the event loop."""
        return await asyncio.to_thread(work, *args, **kwargs)

    def show_print_queue(self) -> None:
        """印字待ち."""
        if self.slips.printing is not None:
            from counter_tui.tasks.printing.print_queue import PrintQueueBox  # noqa: PLC0415

            self.push_screen(PrintQueueBox())

    def show_help(self, heading: str, text: str) -> None:
        """Show a box with a text."""
        self.push_screen(HelpBox(heading, text))

    async def run_action(
        self,
        action: "str | ActionParseResult",
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Take a message of before away when a key does something else."""
        if isinstance(default_namespace, CounterScreen) and action in OF_A_SCREEN:
            default_namespace.something_else_is_done()
        return await super().run_action(action, default_namespace, namespaces)

    def action_cards(self) -> None:
        """仮想カード, in the demo."""
        if self.cards.box is not None and not isinstance(self.screen, CardsBox):
            self.push_screen(CardsBox())

    def action_say_how_to_leave(self) -> None:
        """Ctrl-C books nothing and ends nothing."""
        if isinstance(self.screen, CounterScreen):
            self.screen.tell(_("終了するには F10 を押してください。"))

    def on_resize(self, event: events.Resize) -> None:
        """Cover everything while the window is too small."""
        small = event.size.width < COLUMNS_MIN or event.size.height < ROWS_MIN
        if small and not isinstance(self.screen, TooSmallBox):
            self.push_screen(TooSmallBox())
        elif not small:
            for screen in self.screen_stack:
                if isinstance(screen, TooSmallBox):
                    screen.dismiss(None)


def _load() -> "Opening":
    """Import what calls the server and what is booked; it takes a while."""
    from counter_tui.calls.server import Calls  # noqa: PLC0415
    from counter_tui.kinds import KINDS  # noqa: PLC0415

    return Calls, KINDS
