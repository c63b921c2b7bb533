"""A holder's request on its way: repeated from memory until there is an answer (USE-5, MKY-4).

It may carry a password, so it is kept nowhere else: not in the outbox, on no disk.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from textual import work
from textual.widget import Widget

from counter_tui.bookings.retry import backoff
from counter_tui.calls.answers import (
    RefusedError,
    SessionEndedError,
    TroubleError,
    UnreachableError,
)
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterModal
from counter_tui.shell.widgets import Words
from counter_tui.texts import _

A = TypeVar("A")

GIVEN_UP = "NO_ANSWER"
"""The reason where the holder did not wait for an answer."""


@dataclass(frozen=True, slots=True)
class NotDone:
    """The server refused, or the holder did not wait; why."""

    reason: str
    message: str

    @property
    def text(self) -> str:
        """The words, with the reason code beneath."""
        return f"{self.message}\n({self.reason})" if self.reason else self.message


class SendingBox(CounterModal[A | NotDone], Generic[A]):
    """Sends one request, the same one each time, and returns its answer."""

    KEYS = ("give_up",)
    BINDINGS = bindings("give_up")

    def __init__(self, send: Callable[[], Awaitable[A]]) -> None:
        super().__init__()
        self._ask = send
        self._waits = False

    def box(self) -> Iterable[Widget]:
        """Return what is happening."""
        yield Words(_("処理しています…"), id="working")

    def shown_actions(self) -> list[str]:
        """Offer 取りやめ while there is no answer."""
        return ["give_up"] if self._waits else []

    def on_mount(self) -> None:
        """Begin."""
        self._bring_to_end()

    @work(exclusive=True)
    async def _bring_to_end(self) -> None:
        failures = 0
        while True:
            try:
                self.dismiss(await self._ask())
                return
            except RefusedError as refused:
                # Where an earlier sending may have been done, only a decision ends it.
                if refused.decided or not failures:
                    self.dismiss(NotDone(refused.reason, refused.message))
                    return
                self._tell_waiting(refused)
            except SessionEndedError:
                await self.session.sign_in_again()
                continue
            except UnreachableError as trouble:
                self._tell_waiting(trouble)
            await asyncio.sleep(backoff(failures))
            failures += 1

    def _tell_waiting(self, trouble: TroubleError) -> None:
        self._waits = True
        no_answer = _("サーバーから返事がありません。つながり次第、同じ内容で確認します。")
        lines = (
            trouble.message if isinstance(trouble, RefusedError) else no_answer,
            _("同じ手続きが二重に行われることはありません。"),
            f"({trouble.reason})",
        )
        self.query_one("#working", Words).show("\n".join(lines))
        self.show_keys()

    def action_give_up(self) -> None:
        """取りやめ: wait no longer. Whether it was done is not known then."""
        if self._waits:
            text = _(
                "返事がないまま取りやめました。手続きが済んでいるかどうかは、"
                "もう一度行うと分かります。"
            )
            self.stop(NotDone(GIVEN_UP, text))

    def stop(self, why: NotDone) -> None:
        """Send it no more."""
        self.workers.cancel_node(self)
        self.dismiss(why)
