"""One step of what a holder does with a MyKey ID: next, back, or out of it altogether."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from counter_tui.calls.answers import TroubleError
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterScreen
from counter_tui.shell.widgets import Words
from counter_tui.tasks.mykey.sending import NotDone, SendingBox
from counter_tui.texts import _

R = TypeVar("R")
A = TypeVar("A")

ATTEMPT_OVER = "ATTEMPT_OVER"


@dataclass(slots=True)
class Attempt:
    """What a holder began with card and PIN; it is bound to the card that was in."""

    attempt_id: str
    card_session: int | None
    mykey_id: str = ""
    """The holder's MyKey ID, where there is one."""
    over: str | None = None
    """Why it does not hold any more."""
    is_decided: bool = False
    """Whether the request that decides is on its way: from then on the card may go."""


@dataclass(frozen=True, slots=True)
class Left:
    """The holder is out of it; why, or nothing where that was the holder's wish."""

    message: str = ""


@dataclass(frozen=True, slots=True)
class Previous:
    """One step back."""


class Step(CounterScreen[R | Left | Previous], Generic[R]):
    """A screen within an attempt. It returns what was typed or chosen."""

    BINDINGS = bindings("abort")
    POSITION: ClassVar[str] = ""
    """Which step this is, such as 1/5; shown behind the heading."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__()
        self.attempt = attempt
        self.opening_message = ""
        """What the step before has to say."""

    def on_mount(self) -> None:
        """Begin, unless the card went before this screen was there to be told."""
        if self.POSITION:
            self.query_one("#heading", Words).show(f"{_(self.HEADING)}  {self.POSITION}")
        if self.opening_message:
            self.tell(self.opening_message, trouble=True)
        if self.attempt.over is not None:
            self.leave(self.attempt.over)

    def leave(self, message: str = "") -> None:
        """Go out of the attempt, unless the request that decides is on its way."""
        if not self.attempt.is_decided:
            self.workers.cancel_node(self)
            self.dismiss(Left(message))

    def tell_trouble(self, trouble: TroubleError) -> None:
        """Say it; but out of an attempt that is over there is only the way out."""
        if trouble.reason == ATTEMPT_OVER:
            self.dismiss(Left(f"{trouble.message}\n({trouble.reason})"))
        else:
            super().tell_trouble(trouble)

    async def sent(self, send: Callable[[], Awaitable[A]]) -> A | NotDone:
        """Send the request that decides until it has an answer.

        Where it is not done and the card went meanwhile, the attempt does not go on.
        """
        self.attempt.is_decided = True
        box: SendingBox[A] = SendingBox(send)
        answer = await self.app.push_screen_wait(box)
        if isinstance(answer, NotDone):
            self.attempt.is_decided = False
            if self.host.cards.session != self.attempt.card_session:
                self.attempt.over = answer.text
                self.leave(answer.text)
        return answer

    def action_abort(self) -> None:
        """やめる: nothing is registered, and the candidate is free again."""
        self.leave()

    def action_previous(self) -> None:
        """前に戻る."""
        if not self.attempt.is_decided:
            self.workers.cancel_node(self)
            self.dismiss(Previous())
