"""The counter application: what its screens share, and the way from screen to screen."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from textual import events, work
from textual.actions import ActionParseResult
from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.theme import Theme

from counter_tui.actions import ACTIONS, bindings
from counter_tui.card.practice import PracticeCard, PracticeReader
from counter_tui.card.reader import CardInserted, CardReader, CardRemoved, ReaderDown, ReaderUp
from counter_tui.clock_texts import clock_text
from counter_tui.core.bookings import (
    Bookings,
    Finished,
    SessionEndedError,
    TroubleError,
)
from counter_tui.core.key_gate import Frame
from counter_tui.core.machine import machine_fingerprint
from counter_tui.core.outbox import Outbox
from counter_tui.core.redemptions import RedemptionError
from counter_tui.core.server_clock import ServerClock
from counter_tui.core.settings import Settings, State
from counter_tui.idle_collection import IdleCollection
from counter_tui.key_watch import KeyWatch
from counter_tui.screens.base import CounterScreen
from counter_tui.screens.boxes import COLUMNS_MIN, ROWS_MIN, CardsBox, HelpBox, TooSmallBox
from counter_tui.screens.sign_in import RegisterScreen, SignInScreen
from counter_tui.texts import _

if TYPE_CHECKING:
    from jichipoint.v1 import terminals_pb2

    from counter_tui.gateway import Gateway
    from counter_tui.printers.queue import QueueState
    from counter_tui.printing import Printing
    from counter_tui.slips.document import Slip
    from counter_tui.slips.receipts import Letterhead
    from counter_tui.trust import Trust

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

COLLECTION_SECONDS = 0.2
"""Between two looks whether it is quiet enough to collect garbage."""
PAINTING_SECONDS = 0.01
"""A thread writes to the terminal what was drawn, and it would wait for a collection."""
OF_A_SCREEN = ACTIONS.keys() - {"help", "leave", "queue", "cards"}
"""Actions that are what a screen is for; the others leave its message there."""
FOCUS_BINDINGS = [
    Binding("tab", "focus_next", show=False, priority=True),
    Binding("shift+tab", "focus_previous", show=False, priority=True),
]
"""With priority the focus has moved before the next key is given to a field: what is typed
right behind Tab must not land in the field before it."""


def now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


class Labelled(Protocol):
    """A card that can be chosen."""

    @property
    def label(self) -> str:
        """What it is called."""
        ...


class CardBox(Protocol):
    """Cards beside a reader that is only software."""

    @property
    def cards(self) -> Sequence[Labelled]:
        """The cards."""
        ...

    def insert(self, index: int) -> None:
        """Put one in."""
        ...

    def remove(self) -> None:
        """Take out the one that is in."""
        ...


class CounterApp(App[None]):
    """マイキープラットフォーム等活用ソフト."""

    CSS_PATH = "counter.tcss"
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
        self.state = State(settings.state_folder)
        self.reader = reader
        self.printing = printing
        self.shown_keymap = keymap or {}
        self._authority = authority
        self.card_box = card_box
        """Cards that are put in by a key: of the demo, or of a training session."""
        self.monotonic = monotonic
        self.clock = ServerClock(clock)
        self.training = False
        self.is_signed_in = False
        self.waits_for_printer = False
        """Whether slips wait for the printer, or may be on paper in part."""
        self.key_watch = KeyWatch(self, scanner)
        self._collection = collection
        self.connected: bool | None = None
        self.reader_is_down = False
        self.card_session: int | None = None
        """The insertion of the card that is in."""
        self.terminal: terminals_pb2.Terminal | None = None
        self.trust: Trust
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
    def letterhead(self) -> "Letterhead":
        """Who prints slips here."""
        from counter_tui.slips.receipts import Letterhead  # noqa: PLC0415

        place = self.terminal.place_name if self.terminal else ""
        terminal_id = self.terminal.terminal_id if self.terminal else ""
        return Letterhead(place, terminal_id, self.training)

    def on_mount(self) -> None:
        """Paint the first screen, then open the way to the server."""
        self.register_theme(BRIGHT)
        self.theme = BRIGHT.name
        if self.shown_keymap:
            self.set_keymap({id_: ",".join(keys) for id_, keys in self.shown_keymap.items()})
        self.push_screen(self.first_screen(), self._signed_in)
        self._opening = asyncio.ensure_future(self._open_gateway())
        self._watch_connection()
        self._watch_cards()
        self.call_after_refresh(self._open_printing)
        if self._collection is not None:
            self.call_after_refresh(self._collect_when_idle, self._collection)

    def first_screen(self) -> RegisterScreen:
        """Return the screen that signs in: S2, or S9 on a machine without a terminal."""
        return SignInScreen() if self.state.registered_terminal() else RegisterScreen()

    def leave(self) -> None:
        """End the application."""
        self.exit()

    @work
    async def end_attempt(self, attempt_id: str) -> None:
        """Free what a holder's attempt has reserved; where that fails, it ends by itself."""
        with suppress(TroubleError):
            await self.gateway.end_attempt(attempt_id)

    async def on_unmount(self) -> None:
        """Let go of the card reader and the printer."""
        await self.reader.stop()
        if self.printing is not None:
            await asyncio.to_thread(self.printing.stop)

    def _collect_when_idle(self, collection: IdleCollection) -> None:
        collection.begin()
        self.set_interval(COLLECTION_SECONDS, collection.look)

    def screen_drawn(self) -> None:
        """Collect garbage where there is much, behind the painting of a screen."""
        if self._collection is not None:
            self.set_timer(PAINTING_SECONDS, self._collection.painted)

    @work
    async def _open_printing(self) -> None:
        """Open the print queue, after the first paint: what waits in it is printed."""
        if self.printing is None:
            return
        await self._opening

        from counter_tui.printers.queue import QueueError  # noqa: PLC0415

        def tell(state: "QueueState") -> None:
            with suppress(RuntimeError):  # the application has ended
                self.call_later(self._printer_told, state)

        try:
            await self.in_thread(self.printing.start, tell)
        except QueueError as error:
            self._tell_everywhere(str(error))

    def _printer_told(self, state: "QueueState") -> None:
        waits = bool(state.uncertain or (state.waiting and state.trouble))
        if waits != self.waits_for_printer:
            self.waits_for_printer = waits
            self._each_screen(lambda screen: screen.show_keys())

    def show_print_queue(self) -> None:
        """印字待ち."""
        if self.printing is not None:
            from counter_tui.screens.print_queue import PrintQueueBox  # noqa: PLC0415

            self.push_screen(PrintQueueBox())

    async def print_slip(self, slip: "Slip", screen: CounterScreen[Any], success: str) -> bool:
        """Print a slip and tell on the screen what came of it; whether it is on paper."""
        if self.printing is None:
            screen.tell(_("プリンターが設定されていません。"), trouble=True)
            return False
        from counter_tui.printer_texts import outcome_text  # noqa: PLC0415
        from counter_tui.printers.queue import QueueError  # noqa: PLC0415
        from counter_tui.printing import NotPrintableError, is_printed  # noqa: PLC0415

        try:
            result = await self.in_thread(self.printing.print, slip)
        except (NotPrintableError, QueueError) as error:
            text = _("印字できませんでした。処理は完了しています。")
            screen.tell(f"{text}\n{error}", trouble=True)
            return False
        if is_printed(result):
            screen.tell(success)
            return True
        screen.tell(outcome_text(result), trouble=True)
        return False

    async def give_up_slips(self, title: str) -> None:
        """Let nothing of a title come out of the printer any more: it is replaced, or void."""
        if self.printing is None:
            return
        from counter_tui.printers.queue import QueueError  # noqa: PLC0415

        try:
            await self.in_thread(self.printing.discard_titled, title)
        except QueueError as error:
            self._tell_everywhere(str(error))

    async def printer_trouble(self) -> str:
        """Return what keeps a voucher from being printed now; nothing where nothing does."""
        if self.printing is None:
            return _("プリンターが設定されていないため、ポイント券を発行できません。")
        from counter_tui.printer_texts import trouble_text  # noqa: PLC0415
        from counter_tui.printers.queue import QueueError  # noqa: PLC0415

        try:
            state = await self.in_thread(self.printing.state)
        except QueueError as error:
            return str(error)
        return trouble_text(state.trouble) if state.trouble else ""

    async def on_event(self, event: events.Event) -> None:
        """Let every key of the terminal pass the key gate first."""
        if self._collection is not None and isinstance(event, events.Key):
            self._collection.worked()
        if isinstance(event, events.Key) and not event.is_forwarded:
            await self.key_watch.take(event)
        else:
            await super().on_event(event)

    async def _open_gateway(self) -> None:
        """Import gRPC off the event loop, after the first paint, and make the channel."""
        gateway_class = await asyncio.to_thread(_import_gateway)
        self.gateway = gateway_class(self.settings.server, self._authority)
        self.gateway.on_server_time = self.clock.learn

    @work
    async def _watch_connection(self) -> None:
        await self._opening

        def tell(connected: bool) -> None:
            self.connected = connected
            self._each_screen(lambda screen: screen.show_state())
            if connected and self.is_signed_in:
                self.send_waiting()

        await self.gateway.watch(tell)

    @work
    async def _watch_cards(self) -> None:
        reader = self.reader
        async for event in reader.events():
            if reader is not self.reader:
                return  # a training session has a reader of its own
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

    def _tell_everywhere(self, text: str) -> None:
        self._each_screen(lambda screen: screen.tell(text, trouble=True))

    async def sign_in(self, terminal_id: str, password: str, *, training: bool = False) -> None:
        """Open a session; once one for training is open, all later ones are.

        Raises TroubleError, MachineError, StateError, OutboxError, RedemptionError.
        """
        from counter_tui.trust import Trust  # noqa: PLC0415

        await self._opening
        fingerprint = await self.in_thread(machine_fingerprint, self.settings.state_folder)
        training = training or self.training
        answer = await self.gateway.sign_in(terminal_id, password, fingerprint, training=training)
        self.terminal = answer.terminal
        await self.in_thread(self.state.remember_terminal, terminal_id)
        name = f"{terminal_id}-training" if training else terminal_id
        outbox = await self.in_thread(Outbox, self.settings.state_folder / "outbox" / name)
        spool_folder = self.settings.spool_folder
        self.bookings = Bookings(self.gateway, outbox, spool_folder, self._report_delivered)
        self.trust = await Trust.open(
            self.gateway,
            self.settings.state_folder / "redemptions" / name,
            answer.terminal,
            self.clock,
        )
        if training and not self.training:
            self._begin_training(answer)
        self.is_signed_in = True

    def _begin_training(self, answer: "terminals_pb2.SignInResponse") -> None:
        """Change to made-up cards, and say on every screen that this is practice (USE-7)."""
        self.training = True
        cards = [
            PracticeCard(card.label, card.certificate_serial_number)
            for card in answer.practice_cards
        ]
        self.reader = self.card_box = PracticeReader(cards)
        self.card_session = None
        self.reader_is_down = False
        self._watch_cards()

    def _signed_in(self, _signed_in: bool | None) -> None:
        from counter_tui.screens.menus import MenuScreen  # noqa: PLC0415

        menu = MenuScreen()
        self.push_screen(menu)
        if text := clock_text(self.clock.behind):
            menu.call_after_refresh(menu.tell, text, trouble=True)
        if self.terminal is not None and not self.terminal.has_contact and not self.training:
            from counter_tui.screens.contact import ContactScreen  # noqa: PLC0415

            self.push_screen(ContactScreen(), menu.come_back)
        self._finish_what_was_begun()
        self.send_waiting()

    @work(exclusive=True, group="waiting redemptions")
    async def send_waiting(self) -> None:
        """Send the redemptions that wait for the network (VCH-8)."""
        try:
            changed = await self.trust.send_all()
        except RedemptionError as error:
            self._tell_everywhere(str(error))
            return
        if changed:
            self._each_screen(lambda screen: screen.show_waiting())

    @work
    async def _finish_what_was_begun(self) -> None:
        """Bring to their end the requests that an earlier run left in the outbox (USE-5)."""
        from counter_tui.resuming import finish_what_was_begun  # noqa: PLC0415

        await finish_what_was_begun(self)
        await self._deliver_undelivered()

    async def _deliver_undelivered(self) -> None:
        """Fetch the merge files that this terminal has not delivered, and deliver them (MRG-4)."""
        if self.terminal is None or not self.terminal.can_merge or self.training:
            return
        from counter_tui.core.spool import SpoolError, deliver  # noqa: PLC0415
        from counter_tui.screens.merge import delivery_text  # noqa: PLC0415

        with suppress(TroubleError):  # at the next start again
            for merge in await self.gateway.undelivered_merges():
                file = merge.merge_file
                try:
                    await self.in_thread(
                        deliver, self.settings.spool_folder, file.name, file.content
                    )
                except SpoolError as fault:
                    number = _("取引済番号: {number}").format(number=merge.transaction_number)
                    self.show_help(_("連携ファイル"), f"{number}\n{delivery_text(fault)}")
                    return
                await self.gateway.report_merge_delivered(merge.transaction_number)

    @work
    async def _report_delivered(self, transaction_number: str) -> None:
        """Tell the server that a merge's file is in the spool folder; else the next start does."""
        with suppress(TroubleError):
            await self.gateway.report_merge_delivered(transaction_number)

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
                stays=True,
            )
        # Whoever waits may be cancelled, such as the reading of a card that was taken out.
        await asyncio.shield(self._signing_in)

    def _signed_in_again(self, _signed_in: bool | None) -> None:
        if self._signing_in is not None:
            self._signing_in.set_result(None)
            self._signing_in = None
        self.send_waiting()

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that blocks, off the event loop."""
        return await asyncio.to_thread(work, *args, **kwargs)

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
        if self.card_box is not None and not isinstance(self.screen, CardsBox):
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


def _import_gateway() -> "type[Gateway]":
    from counter_tui.gateway import Gateway  # noqa: PLC0415

    return Gateway
