"""The counter application: what its screens share, and the way from screen to screen."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from jichipoint.v1 import terminals_pb2
from textual import events, work
from textual.app import App
from textual.binding import Binding
from textual.theme import Theme

from counter_tui.actions import bindings
from counter_tui.card.reader import CardInserted, CardReader, CardRemoved, ReaderDown, ReaderUp
from counter_tui.core.bookings import (
    Bookings,
    Finished,
    NotBooked,
    Outcome,
    SessionEndedError,
    TroubleError,
)
from counter_tui.core.machine import machine_fingerprint
from counter_tui.core.outbox import Entry, Outbox, OutboxFault
from counter_tui.core.printing import ReceiptPrinter
from counter_tui.core.settings import Settings, State
from counter_tui.screens.base import CounterScreen
from counter_tui.screens.boxes import COLUMNS_MIN, ROWS_MIN, CardsBox, HelpBox, TooSmallBox
from counter_tui.screens.menus import MenuScreen
from counter_tui.screens.merge import merge_done
from counter_tui.screens.sign_in import RegisterScreen, SignInScreen
from counter_tui.screens.spend import spend_done
from counter_tui.screens.use_done import DoneScreen
from counter_tui.screens.working import WorkingScreen
from counter_tui.texts import _

if TYPE_CHECKING:
    from counter_tui.gateway import Gateway
    from counter_tui.virtual.reader import VirtualReader

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


class CounterApp(App[None]):
    """マイキープラットフォーム等活用ソフト."""

    CSS_PATH = "counter.tcss"
    TITLE = "jichipoint"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [
        *bindings("cards"),
        Binding("ctrl+c", "say_how_to_leave", show=False, priority=True),
    ]

    def __init__(
        self,
        settings: Settings,
        reader: CardReader,
        printer: ReceiptPrinter | None,
        virtual_reader: "VirtualReader | None" = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.state = State(settings.state_folder)
        self.reader = reader
        self.printer = printer
        self.virtual_reader = virtual_reader
        self.monotonic = monotonic
        self.connected: bool | None = None
        self.reader_is_down = False
        self.card_session: int | None = None
        """The insertion of the card that is in."""
        self.terminal: terminals_pb2.Terminal | None = None
        self._signing_in: asyncio.Future[None] | None = None
        self.gateway: Gateway
        self.bookings: Bookings

    @property
    def terminal_label(self) -> str:
        """Who this terminal is, for the title bar."""
        if self.terminal is None:
            return ""
        return f"{self.terminal.municipality_name} {self.terminal.terminal_name}"

    @property
    def place_name(self) -> str:
        """The place this terminal stands in, for receipts."""
        return self.terminal.place_name if self.terminal else ""

    def on_mount(self) -> None:
        """Paint the first screen, then open the way to the server."""
        self.register_theme(BRIGHT)
        self.theme = BRIGHT.name
        registered = self.state.registered_terminal()
        self.push_screen(SignInScreen() if registered else RegisterScreen(), self._signed_in)
        self._opening = asyncio.ensure_future(self._open_gateway())
        self._watch_connection()
        self._watch_cards()

    async def on_unmount(self) -> None:
        """Let go of the card reader."""
        await self.reader.stop()

    async def _open_gateway(self) -> None:
        """Import gRPC off the event loop, after the first paint, and make the channel."""
        gateway_class = await asyncio.to_thread(_import_gateway)
        self.gateway = gateway_class(self.settings.server)

    @work
    async def _watch_connection(self) -> None:
        await self._opening

        def tell(connected: bool) -> None:
            self.connected = connected
            self._each_screen(lambda screen: screen.show_state())

        await self.gateway.watch(tell)

    @work
    async def _watch_cards(self) -> None:
        async for event in self.reader.events():
            match event:
                case CardInserted(session):
                    self.card_session = session
                    self._each_screen(lambda screen: screen.card_inserted())
                case CardRemoved():
                    self.card_session = None
                    self._each_screen(lambda screen: screen.card_removed())
                case ReaderDown():
                    self.reader_is_down = True
                    self._each_screen(lambda screen: screen.reader_down())
                case ReaderUp():
                    self.reader_is_down = False
                    self._each_screen(lambda screen: screen.reader_up())

    def _each_screen(self, act: "Callable[[CounterScreen[object]], None]") -> None:
        for screen in list(self.screen_stack):
            if isinstance(screen, CounterScreen) and screen.is_mounted:
                act(screen)

    async def sign_in(self, terminal_id: str, password: str) -> None:
        """Open a session. Raises TroubleError, MachineError, StateError, OutboxError."""
        await self._opening
        fingerprint = await self.in_thread(machine_fingerprint, self.settings.state_folder)
        self.terminal = await self.gateway.sign_in(terminal_id, password, fingerprint)
        await self.in_thread(self.state.remember_terminal, terminal_id)
        outbox_folder = self.settings.state_folder / "outbox" / terminal_id
        outbox = await self.in_thread(Outbox, outbox_folder)
        self.bookings = Bookings(self.gateway, outbox, self.settings.spool_folder)

    def _signed_in(self, _signed_in: bool | None) -> None:
        self.push_screen(MenuScreen())
        self._finish_what_was_begun()

    @work
    async def _finish_what_was_begun(self) -> None:
        """Bring to their end the requests that an earlier run left in the outbox (USE-5)."""
        for entry in await self.bookings.unfinished():
            outcome = await self.push_screen_wait(WorkingScreen(entry, is_new=False))
            await self._show_resumed(entry, outcome)
        faults = await self.in_thread(self.bookings.faults)
        if faults:
            text = _("読めない処理記録があります。自治体の担当者に連絡してください。")
            self.show_help(_("処理記録"), f"{text}\n" + _fault_lines(faults))

    async def _show_resumed(self, entry: Entry, outcome: Outcome | None) -> None:
        if isinstance(outcome, Finished):
            await self.push_screen_wait(self._done_screen(outcome))
        elif isinstance(outcome, NotBooked):
            text = _("前回の処理は記帳されていません。ポイントは減っていません。")
            detail = f"{outcome.message}\n({outcome.reason})"
            box = HelpBox(_("前回の続き"), f"{text}\n{detail}\n{entry.created_at:%Y-%m-%d %H:%M}")
            await self.push_screen_wait(box)

    def _done_screen(self, finished: Finished) -> DoneScreen:
        make = merge_done if finished.booked.method == "Merge" else spend_done
        return make(finished, self.place_name, resumed=True)

    async def deliver_again(self, finished: Finished) -> Finished:
        """Try once more to put a merge file into the spool folder."""
        if finished.undelivered is None:
            return finished
        return await self.bookings.deliver(finished.undelivered, finished.booked)

    async def signed_in_again(self, trouble: TroubleError) -> bool:
        """Ask for the password if a session's end is the trouble; whether that helped."""
        if not isinstance(trouble, SessionEndedError):
            return False
        await self.sign_in_again()
        return True

    async def sign_in_again(self) -> None:
        """Ask for the password above whatever is shown, and return once it was right."""
        if self._signing_in is None:
            self._signing_in = asyncio.get_running_loop().create_future()
            screen = SignInScreen()
            self.push_screen(screen, self._signed_in_again)
            screen.call_after_refresh(
                screen.tell,
                _("ログインの有効時間が過ぎました。続けるにはもう一度ログインしてください。"),
            )
        # Whoever waits may be cancelled, such as the reading of a card that was taken out.
        await asyncio.shield(self._signing_in)

    def _signed_in_again(self, _signed_in: bool | None) -> None:
        if self._signing_in is not None:
            self._signing_in.set_result(None)
            self._signing_in = None

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that blocks, off the event loop."""
        return await asyncio.to_thread(work, *args, **kwargs)

    def show_help(self, heading: str, text: str) -> None:
        """Show a box with a text."""
        self.push_screen(HelpBox(heading, text))

    def action_cards(self) -> None:
        """仮想カード, in the demo."""
        if self.virtual_reader is not None and not isinstance(self.screen, CardsBox):
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


def _fault_lines(faults: list[OutboxFault]) -> str:
    return "\n".join(f"{fault.path.name}: {fault.message}" for fault in faults)


def _import_gateway() -> "type[Gateway]":
    from counter_tui.gateway import Gateway  # noqa: PLC0415

    return Gateway
