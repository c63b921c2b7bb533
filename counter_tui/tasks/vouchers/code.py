"""QR表示: a voucher's number on the screen, for a scanner (formats.md, Voucher QR)."""

from collections.abc import Iterable

from textual.widget import Widget

from counter_tui.shell.actions import bindings
from counter_tui.shell.base import CounterScreen
from counter_tui.shell.code_view import CodeView
from counter_tui.shell.widgets import Words
from counter_tui.slips.cell_codes import qr_rows
from counter_tui.slips.vouchers import spaced
from counter_tui.texts import _, later

OTHER_LINES = 8
"""Title, heading, number, message and keys."""


class VoucherCodeScreen(CounterScreen[None]):
    """The signed code where the terminal is large enough for it, else one of the number alone."""

    KEYS = ("back",)
    HEADING = later("ポイント券 QR表示")
    HELP_TEXT = later(
        "画面のQRコードをスキャナーで読み取れます。\n"
        "小さい画面では発券番号だけのQRコードになります。署名のあるQRコードは紙にあります。"
    )
    BINDINGS = bindings("back")

    def __init__(self, voucher_number: str, qr_text: str) -> None:
        super().__init__()
        self._number = voucher_number
        self._qr_text = qr_text

    def body(self) -> Iterable[Widget]:
        """Return the number and its code."""
        yield Words(f"{_('発券番号')}  {spaced(self._number)}", id="chosen")
        yield CodeView(self._rows(), id="code")

    def _rows(self) -> list[str]:
        size = self.app.size
        signed = qr_rows(self._qr_text) if self._qr_text else []
        fits = signed and len(signed[0]) <= size.width and len(signed) + OTHER_LINES <= size.height
        return signed if fits else qr_rows(self._number)

    def action_back(self) -> None:
        """Go back."""
        self.dismiss(None)
