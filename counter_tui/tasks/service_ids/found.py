"""サービスIDの照会結果表示: S26, and the four ways in which the number is handed over (SID-3)."""

from collections.abc import Iterable

from jichipoint.v1 import issuers_pb2, service_ids_pb2
from textual import work
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget

from counter_tui.handover.opening import open_typist
from counter_tui.handover.typist import HandoverError, HandoverTrouble, TypingMethod
from counter_tui.shell.actions import bindings
from counter_tui.shell.base import PLATFORM, CounterScreen
from counter_tui.shell.code_view import CodeView
from counter_tui.shell.large import large_digits
from counter_tui.shell.widgets import Words
from counter_tui.slips.cell_codes import UncarriableError
from counter_tui.slips.number_code import code_on_paper, code_rows, code_text
from counter_tui.slips.vouchers import label
from counter_tui.texts import _, later

TICK_SECONDS = 1.0
COUNTDOWN_SECONDS = 3
"""To put the cursor into the other program's field."""
OTHER_LINES = 6
"""Title, heading, message and keys."""
LINES_WITH_ROWS = 13
"""These, and what stands above a linear code."""
MARGINS = 2
QUIET_CELLS_MIN = 3
"""Light cells at a linear code's ends; the screen around it is light too."""
LARGE_DIGITS_MAX = 18
"""More do not fit on a line."""

_ADVICE = {
    issuers_pb2.HANDOVER_METHOD_SCREEN: later(
        "下記の利用カード番号(サービスID)を連携システムに手入力してください。"
    ),
    issuers_pb2.HANDOVER_METHOD_BARCODE: later(
        "画面に表示されたバーコードを、連携システムの端末に接続された\n"
        "バーコードリーダーで読み取ってください。"
    ),
    issuers_pb2.HANDOVER_METHOD_TYPED: later(
        "下記の利用カード番号(サービスID)が、連携システムの画面の\n"
        "利用カード番号入力欄に表示されていることを確認してください。"
    ),
    issuers_pb2.HANDOVER_METHOD_LABEL: later(
        "「印刷」を押し、印刷されたバーコードを、連携システムの端末に接続された\n"
        "バーコードリーダーで読み取ってください。"
    ),
}
_TROUBLES = {
    HandoverTrouble.NO_DISPLAY: later("この端末の画面(X11)に接続できません。"),
    HandoverTrouble.NO_EXTENSION: later("この端末の画面はキー入力を受け付けません(XTEST)。"),
    HandoverTrouble.NO_DEVICE: later("キー入力の装置(uinput)を使えません。"),
    HandoverTrouble.CANNOT_TYPE: later("この番号には、キーボードで入力できない文字があります。"),
    HandoverTrouble.OWN_WINDOW: later(
        "カーソルがこの画面にあります。連携システムの入力欄にカーソルをあててください。"
    ),
    HandoverTrouble.NOT_INSTALLED: later("キー入力のための部品がこの端末に入っていません。"),
}


class FoundScreen(CounterScreen[bool]):
    """S26. Returns whether another card is in by then."""

    SYSTEM = PLATFORM
    HEADING = later("サービスIDの照会結果表示")
    HELP_TEXT = later(
        "ID付与事業者ごとの方式で、利用カード番号を連携システムに渡します。\n"
        "ID自動引渡し方式では、数え終わると入力欄に番号が入ります。\n"
        "止めるには、Escを押すか、カードを抜きます。F6 でもう一度入力します。\n"
        "EscでサービスIDの照会へ戻ります。"
    )
    BINDINGS = bindings("back", "print_label", "type_again")

    def __init__(self, found: service_ids_pb2.LookUpServiceIdResponse) -> None:
        super().__init__()
        self._found = found
        self._method = found.handover.method or issuers_pb2.HANDOVER_METHOD_SCREEN
        self._seconds_left = 0
        self._timer: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """Return whose number it is, and the number in the issuer's way."""
        if self._method == issuers_pb2.HANDOVER_METHOD_BARCODE:
            yield from self._with_barcode()
            return
        yield from self._rows()
        yield Words(_(_ADVICE[self._method]), id="advice-below")
        yield Words(large_number(self._found.customer_id), id="large")
        yield Words("", id="countdown")

    def _rows(self) -> Iterable[Widget]:
        found = self._found
        for name, value in (
            (_("ID付与事業者名"), found.issuer_name),
            (_("マイキーID"), found.mykey_id),
            (_("利用カード番号(サービスID)"), found.customer_id),
        ):
            with Horizontal(classes="row long"):
                yield Words(name, classes="label")
                yield Words(value, classes="value")

    def _with_barcode(self) -> Iterable[Widget]:
        """A linear code beneath the rows; a QR code, which is high, beside them."""
        handover = self._found.handover
        try:
            code = code_rows(handover, self._found.customer_id)
        except UncarriableError as error:
            text = _("バーコードで表せない番号です。手入力してください。")
            yield from self._without_barcode(f"{text}\n{error}")
            return
        size = self.app.size
        is_high = handover.symbology == issuers_pb2.SYMBOLOGY_QR
        room = size.height - (OTHER_LINES if is_high else LINES_WITH_ROWS)
        code = fitted(code, size.width - MARGINS)
        if len(code[0]) > size.width - MARGINS or len(code) > room:
            yield from self._without_barcode(
                _("画面が狭く、バーコードを表示できません。画面を広げるか、手入力してください。")
            )
        elif is_high:
            with Horizontal():
                yield CodeView(code, id="code")
                with Vertical():
                    yield Words(_(_ADVICE[self._method]), id="advice-below")
                    yield Words(f"{_('マイキーID')}\n{self._found.mykey_id}", classes="part")
                    name = _("利用カード番号(サービスID)")
                    yield Words(f"{name}\n{self._found.customer_id}", classes="part")
        else:
            yield from self._rows()
            yield Words(_(_ADVICE[self._method]), id="advice-below")
            yield CodeView(code, id="code")

    def _without_barcode(self, why: str) -> Iterable[Widget]:
        yield from self._rows()
        yield Words(large_number(self._found.customer_id), id="large")
        yield Words(why)

    def on_mount(self) -> None:
        """Begin to count where the number is typed."""
        if self._method == issuers_pb2.HANDOVER_METHOD_TYPED:
            self._count_down()

    def shown_actions(self) -> list[str]:
        """Offer what belongs to the issuer's way."""
        own = {
            issuers_pb2.HANDOVER_METHOD_LABEL: ["print_label"],
            issuers_pb2.HANDOVER_METHOD_TYPED: ["type_again"],
        }.get(self._method, [])
        if self._timer is not None:
            own = []
        return [*own, "back", *super().shown_actions()]

    def _count_down(self) -> None:
        self._seconds_left = COUNTDOWN_SECONDS
        self._timer = self.set_interval(TICK_SECONDS, self._tick)
        self._show_countdown()
        self.show_keys()

    def _show_countdown(self) -> None:
        text = _("連携システムの入力欄にカーソルをあててください。{seconds}秒後に入力します。")
        self.query_one("#countdown", Words).show(text.format(seconds=self._seconds_left))

    def _tick(self) -> None:
        self._seconds_left -= 1
        if self._seconds_left > 0:
            self._show_countdown()
            return
        self._stop_counting()
        self.query_one("#countdown", Words).show(_("入力しています…"))
        self._type()

    def _stop_counting(self) -> bool:
        """Stop; whether it was counting."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.stop()
            self.show_keys()
        return timer is not None

    @work(exclusive=True, group="typing")
    async def _type(self) -> None:
        method = TypingMethod(self.host.settings.type_with)
        try:
            await self.host.in_thread(_typed, method, self._found.customer_id)
        except HandoverError as error:
            text = _(_TROUBLES[error.trouble])
            again = _("番号を手入力するか、F6 でもう一度お試しください。")
            self.tell(f"{text}{again}\n({error.trouble}) {error}", trouble=True)
            self.query_one("#countdown", Words).show("")
        else:
            self.query_one("#countdown", Words).show(_("入力しました。"))

    def action_type_again(self) -> None:
        """もう一度入力: counts again."""
        if self._method == issuers_pb2.HANDOVER_METHOD_TYPED and self._timer is None:
            self.tell("")
            self._count_down()

    def action_print_label(self) -> None:
        """印刷."""
        if self._method == issuers_pb2.HANDOVER_METHOD_LABEL:
            self._print()

    @work(exclusive=True, group="print")
    async def _print(self) -> None:
        handover = self._found.handover
        slip = label(
            self._found.issuer_name,
            code_on_paper(handover),
            code_text(handover, self._found.customer_id),
            self.session.letterhead,
        )
        await self.host.slips.print(slip, self, _("ラベルを印刷しました。"))

    def card_inserted(self) -> None:
        """Another card: its holder's number is looked up."""
        self.dismiss(True)

    def card_removed(self) -> None:
        """The number stays to be read; typing it is stopped."""
        if self._stop_counting():
            self.query_one("#countdown", Words).show(_("カードが抜かれたため、入力を止めました。"))

    def action_back(self) -> None:
        """サービスIDの照会へ戻る; typing is stopped first."""
        if self._stop_counting():
            self.query_one("#countdown", Words).show(_("入力を止めました。"))
        else:
            self.dismiss(False)


def fitted(code: list[str], columns: int) -> list[str]:
    """Return a code with less light at its ends, where it is a little too wide otherwise."""
    over = len(code[0]) - columns
    most = min(len(row) - len(row.lstrip(" ")) for row in code) - QUIET_CELLS_MIN
    left = min(max(0, (over + 1) // 2), max(0, most))
    return [row[left : len(row) - left] for row in code] if over > 0 else code


def large_number(customer_id: str) -> str:
    """Return a number as it is read from across the counter, where digits fit."""
    if customer_id.isdigit() and len(customer_id) <= LARGE_DIGITS_MAX:
        return large_digits(customer_id)
    return f"\n{' '.join(customer_id)}\n"


def _typed(method: TypingMethod, text: str) -> None:
    open_typist(method).type_text(text)
