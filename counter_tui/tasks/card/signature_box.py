"""署名用パスワード: the card tells the serial number of its signature certificate (SID-2).

Name and address in the certificate are neither shown, kept nor sent: only its serial number
leaves this module.
"""

import unicodedata
from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from counter_tui.card.apdu import BlockedError, WrongPinError
from counter_tui.card.certificate import user_certificate
from counter_tui.card.my_number_card import (
    MyNumberCard,
    NoSignatureCertificateError,
    PinFile,
)
from counter_tui.card.reader import CardError
from counter_tui.card.texts import trouble_text
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterModal
from counter_tui.shell.widgets import SecretInput, Words
from counter_tui.texts import _

LENGTH_MIN, LENGTH_MAX = 6, 16


class SignatureBox(CounterModal[str]):
    """Returns the serial number, upper-case hexadecimal; None where the holder did not give it."""

    KEYS = ("check", "back")
    BINDINGS: ClassVar = bindings("back")
    AUTO_FOCUS = "#signature-password"

    def __init__(self) -> None:
        super().__init__()
        self._may_type = True

    def box(self) -> Iterable[Widget]:
        """Return what it is for, the field, and how often it can be tried."""
        yield Words(_("署名用電子証明書のパスワード"), classes="box-heading")
        yield Words(
            _(
                "現住所の変更を通知するため、署名用電子証明書の発行番号を\n"
                "登録します。氏名・住所などは読み出しません。\n"
                "利用者に入力していただいてください。"
            )
        )
        with Horizontal(classes="field"):
            yield Words(_("パスワード"), classes="label")
            yield SecretInput(id="signature-password", max_length=LENGTH_MAX + 1)
        yield Words("", id="signature-message")

    def shown_actions(self) -> list[str]:
        """Offer no check where nothing can be typed: the card is asked, or locked."""
        keys = super().shown_actions()
        return [key for key in keys if key != "check" or self._may_type]

    def _let_type(self, may_type: bool) -> None:
        self._may_type = may_type
        self.query_one("#signature-password", Input).disabled = not may_type
        self.show_keys()

    def on_mount(self) -> None:
        """Say how often it can be tried, before a try is spent."""
        self._show_tries()

    @work(exclusive=True)
    async def _show_tries(self) -> None:
        try:
            has_one, left = await self.host.cards.reader.with_card(_state, exclusive=False)
        except CardError as error:
            self._tell(trouble_text(error))
            return
        if not has_one:
            self._say_that_there_is_none()
        elif left == 0:
            self._lock()
        else:
            self._tell(_("入力できる回数: あと{count}回").format(count=left))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Let the card open its signature certificate."""
        password = unicodedata.normalize("NFKC", event.value)
        event.input.value = ""
        if not LENGTH_MIN <= len(password) <= LENGTH_MAX or not password.isalnum():
            self._tell(_("パスワードは6桁から16桁の英数字です。"))
            return
        if not password.isascii():
            self._tell(_("パスワードは6桁から16桁の英数字です。"))
            return
        self._let_type(False)
        self._tell(_("カードで確認しています。カードを抜かないでください。"))
        self._read(password)

    @work(exclusive=True)
    async def _read(self, password: str) -> None:
        try:
            serial_number = await self.host.cards.reader.with_card(
                lambda card: user_certificate(card.signature_certificate(password)).serial_number,
                exclusive=True,
            )
        except NoSignatureCertificateError:
            self._say_that_there_is_none()
        except WrongPinError as error:
            text = _("パスワードが違います。あと{count}回入力できます。")
            self._ask_again(text.format(count=error.tries_left))
        except BlockedError:
            self._lock()
        except CardError as error:
            self._ask_again(trouble_text(error))
        else:
            self.dismiss(serial_number)

    def _ask_again(self, text: str) -> None:
        self._tell(text)
        self._let_type(True)
        self.query_one("#signature-password", Input).focus()

    def _say_that_there_is_none(self) -> None:
        self._close_field(
            _(
                "このカードには署名用電子証明書がありません(15歳未満の方など)。\n"
                "現住所の変更通知は「いいえ」で登録してください。"
            )
        )

    def _lock(self) -> None:
        self._close_field(
            _(
                "署名用電子証明書のパスワードがロックされています。\n"
                "市区町村窓口で再設定するようご案内ください。"
            )
        )

    def _close_field(self, text: str) -> None:
        self._tell(text)
        self._let_type(False)

    def _tell(self, text: str) -> None:
        self.query_one("#signature-message", Words).show(text)

    def action_back(self) -> None:
        """Go back; nothing was read."""
        self.workers.cancel_node(self)
        self.dismiss(None)


def _state(card: MyNumberCard) -> tuple[bool, int]:
    has_one = card.has_signature_certificate()
    return has_one, card.tries_left(PinFile.SIGNATURE_PASSWORD) if has_one else 0
