"""暗証番号: the holder types the card's PIN, and the card signs the server's challenge (CRD-2)."""

import unicodedata
from collections.abc import Iterable
from typing import ClassVar

from jichipoint.v1 import cards_pb2
from textual import work
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.calls.answers import TroubleError
from counter_tui.card.apdu import BlockedError, WrongPinError
from counter_tui.card.my_number_card import MyNumberCard, PinFile
from counter_tui.card.reader import CardError
from counter_tui.card.texts import locked_text, trouble_text, wrong_pin_text
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterModal
from counter_tui.shell.widgets import SecretInput, Words
from counter_tui.texts import _

PIN_LENGTH = 4


class PinBox(CounterModal[cards_pb2.CardProof]):
    """Returns the proof for one request; None where the holder did not give it.

    The PIN goes to the card and nowhere else.
    """

    KEYS = ("check", "back")
    BINDINGS: ClassVar = bindings("back")
    AUTO_FOCUS = "#pin"

    def __init__(self, request_id: str, text: str = "", heading: str = "") -> None:
        super().__init__()
        self._request_id = request_id
        self._text = text
        """What the PIN is asked for; empty for a use of points."""
        self._heading = heading
        self._may_type = True

    def box(self) -> Iterable[Widget]:
        """Return what it is for, the field, and how often it can be tried."""
        yield Words(self._heading or _("暗証番号の入力"), classes="box-heading")
        yield from map(Words, self._lines())
        with Horizontal(classes="field"):
            yield Words(_("暗証番号"), classes="label")
            yield SecretInput(id="pin")
        yield Words("", id="pin-message")

    def _lines(self) -> tuple[str, ...]:
        if self._text:
            return (self._text,)
        return (
            _("このポイント数の利用には、カードの利用者証明用暗証番号(4桁)が必要です。"),
            _("利用者に入力していただいてください。"),
        )

    def shown_actions(self) -> list[str]:
        """Offer no check where nothing can be typed: the card is asked, or locked."""
        keys = super().shown_actions()
        return [key for key in keys if key != "check" or self._may_type]

    def _let_type(self, may_type: bool) -> None:
        self._may_type = may_type
        self.query_one("#pin", Input).disabled = not may_type
        self.show_keys()

    def on_mount(self) -> None:
        """Say how often the PIN can be tried, before a try is spent."""
        self._show_tries()

    @work(exclusive=True)
    async def _show_tries(self) -> None:
        try:
            left = await self.host.cards.reader.with_card(_tries_left, exclusive=False)
        except CardError as error:
            self._tell(trouble_text(error))
            return
        if left == 0:
            self._lock()
        else:
            self._tell(_("入力できる回数: あと{count}回").format(count=left))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Let the card sign with the PIN that was typed."""
        pin = unicodedata.normalize("NFKC", event.value)
        event.input.value = ""
        if len(pin) != PIN_LENGTH or not (pin.isascii() and pin.isdigit()):
            self._tell(_("暗証番号は4桁の数字です。"))
            return
        self._let_type(False)
        self._tell(_("カードで確認しています。カードを抜かないでください。"))
        self._prove(pin)

    @work(exclusive=True, description="prove")  # Textual's own words for it hold the PIN
    async def _prove(self, pin: str) -> None:
        try:
            challenge = await self.calls.cards.card_challenge(self._request_id)
            certificate, signature = await self.host.cards.reader.with_card(
                lambda card: (card.user_certificate(), card.sign_challenge(pin, challenge)),
                exclusive=True,
            )
        except WrongPinError as error:
            self._ask_again(wrong_pin_text(error.tries_left))
        except BlockedError:
            self._lock()
        except CardError as error:
            self._ask_again(trouble_text(error))
        except TroubleError as trouble:
            if await self.session.signed_in_again(trouble):
                self._prove(pin)
            else:
                self._ask_again(f"{trouble.message}\n({trouble.reason})")
        else:
            self.dismiss(
                cards_pb2.CardProof(
                    challenge=challenge, certificate=certificate, signature=signature
                )
            )

    def _ask_again(self, text: str) -> None:
        self._tell(text)
        self._let_type(True)
        self.query_one("#pin", Input).focus()

    def _lock(self) -> None:
        self._tell(locked_text())
        self._let_type(False)

    def _tell(self, text: str) -> None:
        self.query_one("#pin-message", Words).show(text)

    def action_back(self) -> None:
        """Go back; nothing was sent."""
        self.workers.cancel_node(self)
        self.dismiss(None)


def _tries_left(card: MyNumberCard) -> int:
    return card.tries_left(PinFile.USER_PIN)
