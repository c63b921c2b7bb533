"""What all screens share: title, body, a message, and the keys at the bottom."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, cast

from textual._styles_cache import StylesCache
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

from counter_tui.calls.answers import TroubleError
from counter_tui.core.uuid7 import new_request_id
from counter_tui.shell.actions import bindings
from counter_tui.shell.widgets import KeyBar, TitleBar, Words
from counter_tui.texts import _, later

if TYPE_CHECKING:
    from counter_tui.calls.server import Calls
    from counter_tui.host import Host
    from counter_tui.parts.session import Session

POINTS = later("自治体ポイント管理クラウド")
"""S2, and from S28 on."""
PLATFORM = later("マイキープラットフォーム等活用ソフト")
"""S9, S10, S22 to S26, and what is beside them."""
PORTAL = later("マイキープラットフォームのポータルサイト")
"""S14 to S17."""
MY_PAGE = later("利用者マイページ")
"""S57, S61, S62."""

R = TypeVar("R")
A = TypeVar("A")


def _refused_scan() -> str:
    return _("この画面ではスキャナーを使いません。読み取った内容は入力していません。")


class DismissedOnce(Screen[R], Generic[R]):
    """A screen that takes itself off the stack: once, and never another screen.

    Textual's dismiss takes off whatever screen is on top.
    """

    KEYS: ClassVar[tuple[str, ...]] = ()
    """The actions of its own, in the order in which they are shown."""
    TAKES_SCANS: ClassVar[bool] = False
    """Whether a scanner's codes are data here."""
    ACTS: ClassVar[bool] = True
    """Whether keys book, replace, delete or register here, or leave what was done (USE-8)."""
    _message_stays = False
    _waits_for_top = False
    _is_dismissed = False
    _result: R | None = None

    @property
    def host(self) -> "Host":
        """The application, as screens see it."""
        return cast("Host", self.app)

    @property
    def session(self) -> "Session":
        """Who is signed in, and what calls and books for them."""
        return self.host.session

    @property
    def calls(self) -> "Calls":
        """What is asked of the server."""
        return self.session.calls

    def dismiss(self, result: R | None = None) -> AwaitComplete:
        """Return a result; where another screen is above, once that is gone."""
        if self._is_dismissed or self._waits_for_top:
            return AwaitComplete()
        if self.app.screen is not self:
            self._waits_for_top, self._result = True, result
            return AwaitComplete()
        self._is_dismissed = True
        return super().dismiss(result)

    def on_screen_resume(self) -> None:
        """Tell that it is drawn, and return the result that waited for it to be on top."""
        self.host.key_watch.appeared()
        self.call_after_refresh(self.host.screen_drawn)
        if self._waits_for_top:
            self._waits_for_top = False
            self.dismiss(self._result)

    def shown_actions(self) -> list[str]:
        """Return the IDs of the actions that can be taken now."""
        return [*self.KEYS, *(["cards"] if self.host.cards.box else [])]

    def show_keys(self) -> None:
        """Show the keys of the actions that can be taken now."""
        for bar in self.query(KeyBar):
            bar.show_actions(self.shown_actions(), self.host.shown_keymap)

    def refuse_scan(self) -> None:
        """Say that what a scanner sent went nowhere (USE-8), until a key is pressed."""
        self.tell(_refused_scan(), trouble=True)

    def forget_refused_scan(self) -> None:
        """Take that message away, where it is still shown."""
        for message in self.query("#message").results(Words):
            if message.shown == _refused_scan():
                self.tell("")

    def tell(self, text: str, *, trouble: bool = False, stays: bool = False) -> None:
        """Show a message above the keys; a screen that has gone meanwhile shows none.

        On a full screen it goes when something else is done, unless it `stays` because it is
        about what is shown.
        """
        self._message_stays = stays
        for message in self.query("#message").results(Words):
            message.show(text)
            if text:  # no text needs no colour, and applying styles takes half a millisecond
                message.set_class(trouble, "trouble")

    def on_unmount(self) -> None:
        """Let go of what was drawn: a cache of Textual's keeps a thousand widgets' lines."""
        StylesCache.get_inner_outer.cache_clear()


class CounterScreen(DismissedOnce[R], Generic[R]):
    """A full screen. Subclasses give their actions, their heading and their body."""

    SYSTEM: ClassVar[str] = POINTS
    """Whose screen it is, as the manual has it in the title."""
    HEADING: ClassVar[str] = ""
    HELP_TEXT: ClassVar[str] = ""
    BINDINGS = bindings("help", "leave", "queue")

    def compose(self) -> ComposeResult:
        """Lay out title, heading, body, message and keys."""
        yield TitleBar(_(self.SYSTEM))
        yield Words(_(self.HEADING), id="heading")
        with Vertical(id="body"):
            yield from self.body()
        yield Words("", id="message")
        yield KeyBar(id="keys")

    def body(self) -> Iterable[Widget]:
        """Return the widgets between heading and message."""
        return ()

    def on_mount(self) -> None:
        """Show what the application knows already."""
        self.show_state()
        self.show_keys()

    def show_state(self) -> None:
        """Show terminal and connection anew."""
        for bar in self.query(TitleBar):
            bar.show(
                self.session.terminal_label,
                self.host.connected,
                training=self.session.training,
            )

    def shown_actions(self) -> list[str]:
        """Return the IDs of the actions that can be taken now."""
        queue = ["queue"] if self.host.slips.wait else []
        return [*super().shown_actions(), *queue, "help", "leave"]

    def on_screen_suspend(self) -> None:
        """Another screen is opened from this one; boxes leave the message there."""
        if isinstance(self.app.screen, CounterScreen):
            self.something_else_is_done()

    def something_else_is_done(self) -> None:
        """Take the message of before away."""
        if not self._message_stays:
            self.tell("")

    def tell_trouble(self, trouble: TroubleError) -> None:
        """Show what went wrong, what to do, and the reason code."""
        self.tell(f"{trouble.message}\n({trouble.reason})", trouble=True)

    async def asked(self, ask: Callable[[], Awaitable[A]]) -> A | None:
        """Ask the server, again after a new sign-in; None where it told what is wrong."""
        while True:
            try:
                return await ask()
            except TroubleError as trouble:
                if not await self.session.signed_in_again(trouble):
                    self.tell_trouble(trouble)
                    return None

    def new_request_id(self) -> str:
        """Return an ID for a request that is repeated only as it is."""
        return new_request_id(int(self.host.clock().timestamp() * 1000))

    def card_inserted(self) -> None:
        """A card was put into the reader."""

    def card_removed(self) -> None:
        """The card was taken out."""

    def reader_down(self) -> None:
        """The reader does not answer any more."""
        text = _("カードリーダーが使えません。接続を確認してください。")
        self.tell(text, trouble=True, stays=True)

    def reader_up(self) -> None:
        """The reader works again."""
        self.tell("")

    def show_waiting(self) -> None:
        """Show anew what waits for the network; only some screens do."""

    def scanned(self, text: str, *, repeated: bool) -> None:
        """Take a code that was scanned, without what the scanner added; where TAKES_SCANS."""

    def action_queue(self) -> None:
        """印字待ち."""
        self.host.show_print_queue()

    def action_help(self) -> None:
        """Explain the screen."""
        self.host.show_help(_(self.HEADING), self.help_text())

    def help_text(self) -> str:
        """Return what help says of the screen as it is now."""
        return _(self.HELP_TEXT)

    def action_leave(self) -> None:
        """End the application, where it lets itself be ended."""
        self.host.leave()


class CounterModal(DismissedOnce[R], ModalScreen[R], Generic[R]):
    """A box above a screen; its keys stand at the bottom, in place of the screen's."""

    BINDINGS = bindings("cards")

    def compose(self) -> ComposeResult:
        """Lay out the box, and below it a message and the keys."""
        with Vertical(classes="box"):
            yield from self.box()
        with Vertical(id="foot"):
            yield Words("", id="message")
            yield KeyBar(id="keys")

    def box(self) -> Iterable[Widget]:
        """Return what stands in the box."""
        return ()

    def on_mount(self) -> None:
        """Show the keys."""
        self.show_keys()

    def action_cards(self) -> None:
        """仮想カード, in the demo; not where a box says that it waits or chooses a card."""
        if "cards" in self.shown_actions():
            self.host.action_cards()
