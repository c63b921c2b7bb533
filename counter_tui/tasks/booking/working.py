"""While a booking is on its way: one box, which says what is happening and never guesses."""

import asyncio
from collections.abc import Iterable

from textual import work
from textual.widget import Widget

from counter_tui.bookings.begun import Begun
from counter_tui.bookings.bookings import NOT_KEPT, NotBooked, Outcome
from counter_tui.bookings.outbox import Entry
from counter_tui.calls.answers import UnreachableError
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterModal
from counter_tui.shell.widgets import Words
from counter_tui.texts import _


class WorkingScreen(CounterModal[Outcome]):
    """Brings one request to its end and returns the outcome (USE-5)."""

    KEYS = ("give_up",)
    BINDINGS = bindings("give_up")

    def __init__(self, entry: Entry, *, is_new: bool) -> None:
        super().__init__()
        self._entry = entry
        self._is_new = is_new
        self._gave_up = asyncio.Event()
        self._waits = False

    def box(self) -> Iterable[Widget]:
        """Return what is happening."""
        yield Words("\n".join((self.text(), *self.details())), id="working")

    def shown_actions(self) -> list[str]:
        """Offer 取りやめ while there is no answer, once."""
        return ["give_up"] if self._waits and not self._gave_up.is_set() else []

    def text(self) -> str:
        """Return what is said as long as the server is not known to be silent."""
        return _("処理しています…")

    def details(self) -> list[str]:
        """Return which request it is, where that is not seen below the box."""
        return []

    def on_mount(self) -> None:
        """Begin."""
        self._work()

    @work(exclusive=True)
    async def _work(self) -> None:
        outcome = await self.bring_to_end()
        if isinstance(outcome, NotBooked) and outcome.reason == NOT_KEPT:
            text = _("処理の記録を保存できないため、送信しませんでした。")
            outcome = NotBooked(NOT_KEPT, text)
        self.dismiss(outcome)

    async def bring_to_end(self) -> Outcome | None:
        """Return how the request ended; None where nothing is decided."""
        bookings = self.session.bookings
        go_on = bookings.book if self._is_new else bookings.resume
        return await go_on(self._entry, self)

    def tell_waiting(self, trouble: UnreachableError) -> None:
        """Say that there is no answer yet."""
        self._waits = True
        lines: tuple[str, ...] = (
            _("サーバーから返事がありません。つながり次第、同じ内容で確認します。"),
            _("二重に記帳されることはありません。"),
            f"({trouble.reason})",
        )
        if self._gave_up.is_set():
            lines = (_("取りやめを確定するため、サーバーにつながるのを待っています。"), lines[2])
        self._say(*lines)
        self.show_keys()

    async def sign_in_again(self) -> None:
        """Ask for the password; the request goes on afterwards."""
        await self.session.sign_in_again()

    async def wants_to_give_up(self) -> None:
        """Return once the operator pressed 取りやめ."""
        await self._gave_up.wait()

    def action_give_up(self) -> None:
        """取りやめ: settle the request as not booked, if it is not booked already."""
        if self._waits:
            self._gave_up.set()
            self.show_keys()
            self._say(_("取りやめを確定しています…"))

    def _say(self, *lines: str) -> None:
        text = "\n".join((*lines, *self.details()))
        self.query_one("#working", Words).show(text)


class LeftWorkingScreen(WorkingScreen):
    """Works on a request that an earlier run left, and says which: the server may be silent."""

    def __init__(self, begun: Begun) -> None:
        super().__init__(begun.entry, is_new=False)
        self._begun = begun

    def details(self) -> list[str]:
        """Return whose request it is, when it was begun and how many points."""
        return ["", *self._begun.lines()]


class LookingUpScreen(LeftWorkingScreen):
    """Asks what became of the request; returns None if nothing yet."""

    def text(self) -> str:
        """Say what is being done."""
        return _("前回の続きを確認しています…")

    async def bring_to_end(self) -> Outcome | None:
        """Ask the server."""
        return await self.session.bookings.look_up(self._entry, self)


class GivingUpScreen(LeftWorkingScreen):
    """Settles the request as not booked."""

    def __init__(self, begun: Begun) -> None:
        super().__init__(begun)
        self._gave_up.set()

    def text(self) -> str:
        """Say what is being done."""
        return _("取りやめを確定しています…")

    async def bring_to_end(self) -> Outcome | None:
        """Settle it."""
        return await self.session.bookings.give_up(self._entry, self)
