"""The last screens: a MyKey ID in large letters (S17, S61), or a message (S62)."""

from collections.abc import Iterable
from typing import ClassVar

from textual.containers import VerticalScroll
from textual.widget import Widget

from counter_tui.shell.large_id import large_mykey_id
from counter_tui.shell.widgets import Words
from counter_tui.tasks.booking.own_key import LeftByOwnKey
from counter_tui.tasks.mykey.step import Attempt, Step
from counter_tui.tasks.mykey.texts import lookalike_text
from counter_tui.texts import _


class FinishedStep(LeftByOwnKey[None], Step[None]):
    """What is done is done, and the card may go: on to the menu."""

    KEYS = ("finish",)
    MESSAGE: ClassVar[str] = ""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(attempt)
        attempt.is_decided = True

    def body(self) -> Iterable[Widget]:
        """Return the message."""
        yield Words(_(self.MESSAGE), id="finished")

    def action_abort(self) -> None:
        """The same as メニューへ."""
        self.go_on_if_undoable()


class FinishedIdStep(FinishedStep):
    """A MyKey ID that holds from now on, to be written down."""

    ADVICE: ClassVar[str] = ""

    def __init__(self, attempt: Attempt, mykey_id: str, advice: str = "") -> None:
        super().__init__(attempt)
        self._mykey_id = mykey_id
        self._advice = advice

    def body(self) -> Iterable[Widget]:
        """Return message, MyKey ID and what to do with it."""
        yield from super().body()
        yield from mykey_id_rows(self._mykey_id)
        yield Words(self._advice or _(self.ADVICE), id="advice-below")


def mykey_id_rows(mykey_id: str) -> Iterable[Widget]:
    """Return a MyKey ID in large letters, in plain ones, and spelled out."""
    yield Words(large_mykey_id(mykey_id), classes="large-id")
    yield Words(f"{_('マイキーID')}  {mykey_id}", classes="plain-id")
    yield Words(lookalike_text(mykey_id), classes="note")


class Scroll(VerticalScroll):
    """What may be longer than the screen: with the focus, arrow keys move it."""

    DEFAULT_CLASSES = "scroll"
