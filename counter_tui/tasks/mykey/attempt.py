"""S14 card, S15 PIN, and the attempt that begins with them (CRD-2, MKY-1)."""

from abc import abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import ClassVar, TypeVar

from jichipoint.v1 import cards_pb2, mykey_pb2
from textual import work
from textual.widget import Widget

from counter_tui.calls.answers import TroubleError
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterScreen
from counter_tui.shell.widgets import Words
from counter_tui.tasks.card.pin_box import PinBox
from counter_tui.tasks.mykey.sending import NotDone, SendingBox
from counter_tui.tasks.mykey.step import Attempt, Left, Previous, Step
from counter_tui.texts import _, later

R = TypeVar("R")


class LeftError(Exception):
    """The attempt is over before its end; the message says why, or nothing."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class AttemptScreen(CounterScreen[None]):
    """S14: waits for the card, then takes its holder through the steps.

    It stays beneath the steps, and is the one that is told when the card goes: then it ends the
    attempt, and its steps leave.
    """

    KEYS = ("enter_pin", "back")
    BINDINGS = bindings("enter_pin", "back")
    PURPOSE: ClassVar[mykey_pb2.AttemptPurpose.ValueType]
    INSTRUCTION: ClassVar[str] = ""
    """What this is for, in a sentence or two."""
    CARD: ClassVar[str] = later("マイナンバーカードをICカードリーダーにセットしてください。")

    def __init__(self) -> None:
        super().__init__()
        self._attempt: Attempt | None = None
        self._has_begun = False
        """Whether the server may have heard of the attempt."""
        self._box: PinBox | SendingBox[mykey_pb2.BeginAttemptResponse] | None = None

    @abstractmethod
    async def steps(self, attempt: Attempt) -> None:
        """Take the holder through. Raises LeftError."""

    def body(self) -> Iterable[Widget]:
        """Return what to do with the card."""
        yield Words(_(self.INSTRUCTION), id="instruction")
        yield Words(_(self.CARD), id="card")
        yield Words("", id="card-next")

    def on_mount(self) -> None:
        """Begin with the card that is in, if any."""
        self._show_card()
        if self.host.cards.reader_is_down:
            self.reader_down()

    def shown_actions(self) -> list[str]:
        """Offer the PIN only with a card."""
        has_card = self.host.cards.reader.has_card
        return [key for key in super().shown_actions() if key != "enter_pin" or has_card]

    def _show_card(self) -> None:
        card, then = _(self.CARD), ""
        if self.host.cards.reader.has_card:
            card = _("カードがセットされています。")
            then = _("「利用者証明用電子証明書パスワード入力」(Enter)を押してください。")
        self.query_one("#card", Words).show(card)
        self.query_one("#card-next", Words).show(then)
        self.show_keys()

    def card_inserted(self) -> None:
        """A card: the PIN can be asked for. Another one than at the beginning ends the attempt."""
        if self._attempt is None:
            self.tell("")
        elif self._attempt.card_session != self.host.cards.session:
            self._interrupt(_("カードが入れ替わりました。最初からやり直してください。"))
        self._show_card()

    def card_removed(self) -> None:
        """Without the card that was shown the attempt does not hold (USE-9)."""
        self._interrupt(_("カードが抜かれました。もう一度カードをセットしてください。"))
        self._show_card()

    def _interrupt(self, message: str) -> None:
        attempt = self._attempt
        if attempt is None or attempt.is_decided or attempt.over is not None:
            return
        attempt.over = message
        self._free()
        if isinstance(self._box, PinBox):
            self._box.action_back()
        elif self._box is not None:
            self._box.stop(NotDone("", message))
        for screen in list(self.app.screen_stack):
            if isinstance(screen, Step):
                screen.leave(message)

    def _free(self) -> None:
        """Tell the server, once, that nothing more comes: the candidate is free again."""
        if self._attempt is not None and self._has_begun:
            self._has_begun = False
            self.host.run_worker(self._end(self._attempt.attempt_id))

    async def _end(self, attempt_id: str) -> None:
        """Free what the attempt has reserved; where that fails, it ends by itself."""
        with suppress(TroubleError):
            await self.calls.mykey.end_attempt(attempt_id)

    def action_enter_pin(self) -> None:
        """利用者証明用電子証明書パスワード入力."""
        if self._attempt is not None:
            return
        if self.session.training:
            self.tell(_("練習モードでは使えません。"), trouble=True)
        elif not self.host.cards.reader.has_card:
            self.tell(_(self.CARD), trouble=True)
        else:
            self.tell("")
            self._attempt = self._new_attempt()
            self._take_through(self._attempt)

    def _new_attempt(self) -> Attempt:
        return Attempt(self.new_request_id(), self.host.cards.session)

    @work(exclusive=True, group="attempt", description="attempt")
    async def _take_through(self, attempt: Attempt) -> None:
        try:
            if not await self._begin(attempt):
                return
            await self.steps(attempt)
            self.dismiss(None)
        except LeftError as left:
            if left.message:
                self._show_card()
                self.tell(left.message, trouble=True)
                if attempt.over is not None and self.host.cards.reader_is_down:
                    self.reader_down()
            else:
                self.dismiss(None)
        finally:  # also where this screen was taken away, which cancels its work
            self._free()
            self._attempt = None

    async def _begin(self, attempt: Attempt) -> bool:
        """Let the card sign and begin; whether the holder gave the PIN. Raises LeftError."""
        pin_box = self._box = PinBox(attempt.attempt_id, _pin_text(), _pin_heading())
        proof = await self.app.push_screen_wait(pin_box)
        self._box = None
        if attempt.over is not None:
            raise LeftError(attempt.over)
        if proof is None:
            return False
        self._has_begun = True
        box = self._box = SendingBox(partial(self._ask_to_begin, attempt, proof))
        begun = await self.app.push_screen_wait(box)
        self._box = None
        if attempt.over is not None:
            raise LeftError(attempt.over)
        if isinstance(begun, NotDone):
            raise LeftError(begun.text)
        attempt.mykey_id = begun.mykey_id
        return True

    async def _ask_to_begin(
        self, attempt: Attempt, proof: cards_pb2.CardProof
    ) -> mykey_pb2.BeginAttemptResponse:
        return await self.calls.mykey.begin_attempt(attempt.attempt_id, self.PURPOSE, proof)

    async def step(self, screen: Step[R]) -> R | Previous:
        """Return what a step came to. Raises LeftError."""
        result = await self.app.push_screen_wait(screen)
        if isinstance(result, Left):
            raise LeftError(result.message)
        return result

    async def only_step(self, screen: Step[R]) -> R:
        """Return what a step came to that nothing is before. Raises LeftError."""
        result = await self.step(screen)
        if isinstance(result, Previous):
            raise LeftError
        return result

    def action_back(self) -> None:
        """Go back to the menu."""
        self.dismiss(None)


def _pin_heading() -> str:
    return _("利用者証明用電子証明書パスワード入力")


def _pin_text() -> str:
    return _("利用者証明用電子証明書のパスワード（4桁）を入力してください。")
