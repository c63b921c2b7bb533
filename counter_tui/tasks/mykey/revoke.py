"""マイキーIDの失効: card and PIN, what is lost, S62 said twice, done (MKY-7)."""

from collections.abc import Iterable
from functools import partial

from jichipoint.v1 import mykey_pb2
from textual import work
from textual.containers import Horizontal
from textual.widget import Widget

from counter_tui.bookings.values import points_text
from counter_tui.shell.actions import ACTIONS, bindings, shown_key
from counter_tui.shell.base import MY_PAGE
from counter_tui.shell.widgets import Words
from counter_tui.slips.document import cell_width
from counter_tui.tasks.mykey.attempt import AttemptScreen, LeftError
from counter_tui.tasks.mykey.done import FinishedStep, Scroll
from counter_tui.tasks.mykey.sending import NotDone
from counter_tui.tasks.mykey.step import Attempt, Previous, Step
from counter_tui.texts import _, later

NAME_CELLS, POINTS_CELLS = 40, 16

Losses = mykey_pb2.GetRevocationLossesResponse


def points_lost(losses: Losses) -> int:
    """Return the points that lapse, over all programs."""
    return sum(one.points for one in losses.losses)


class LossesStep(Step[Losses]):
    """S62: what is lost; said once."""

    SYSTEM = MY_PAGE
    HEADING = later("マイキーIDの失効")
    HELP_TEXT = later(
        "失うものを確認してください。Enterで最後の確認に進みます。\n"
        "一覧が長いときは、矢印キーで送ります。\n"
        "Escでやめると、何も失効しません。"
    )
    KEYS = ("revoke", "abort")
    BINDINGS = bindings("revoke", "read_again")

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(attempt)
        self._losses: Losses | None = None

    def body(self) -> Iterable[Widget]:
        """Return what S62 says, and what is lost."""
        yield Words(_("マイキーIDを失効させます。"))
        yield Words(
            _(
                "マイキーIDを失効させると、マイキープラットフォーム等を活用するサービスは"
                "使用できなくなります。失効させたマイキーIDは、有効に戻せません。"
            ),
            classes="warning",
        )
        with Horizontal(classes="row"):
            yield Words(_("マイキーID"), classes="label")
            yield Words(self.attempt.mykey_id, classes="value")
        with Scroll():
            yield Words("", id="losses")

    def on_mount(self) -> None:
        """Ask what is lost."""
        self._load()

    def shown_actions(self) -> list[str]:
        """Offer to go on only where the losses are shown."""
        if self._losses is None:
            return ["read_again", *(one for one in super().shown_actions() if one != "revoke")]
        return super().shown_actions()

    @work(exclusive=True, group="losses")
    async def _load(self) -> None:
        ask = partial(self.calls.mykey.revocation_losses, self.attempt.attempt_id)
        losses = await self.asked(ask)
        if losses is not None:
            self._losses = losses
            self.query_one("#losses", Words).show("\n".join(_loss_lines(losses)))
            self.show_keys()

    def action_read_again(self) -> None:
        """読み直し."""
        if self._losses is None:
            self.tell("")
            self._load()

    def action_revoke(self) -> None:
        """マイキーIDの失効: on to the second time it is said."""
        if self._losses is not None:
            self.dismiss(self._losses)


def _loss_lines(losses: Losses) -> list[str]:
    lines = [_("失効するポイント")]
    lines += [_line(one.program_name, one.points) for one in losses.losses]
    if losses.losses:
        lines.append(_line(_("合計"), points_lost(losses)))
    else:
        lines.append("  " + _("ありません"))
    if losses.holds:
        lines.append(
            _("(うち注文のために確保中のポイントがあります: {count}件の確保が解除されます)").format(
                count=losses.holds
            )
        )
    lines.append(_("終了するサービスID: {count}件").format(count=losses.service_ids))
    lines.append(_("発行済みのポイント券(紙)は、そのまま使えます。"))
    lines.append(_("このカードで、新しいマイキーIDを作成できます。"))
    return lines


def _line(name: str, points: int) -> str:
    shown = points_text(points)
    gap = max(1, NAME_CELLS - cell_width(name))
    return f"  {name}{' ' * gap}{' ' * max(0, POINTS_CELLS - cell_width(shown))}{shown}"


class RevokeStep(Step[mykey_pb2.RevokeMykeyIdResponse | NotDone]):
    """S62: said once more. It takes a key that nobody presses on the way."""

    SYSTEM = MY_PAGE
    HEADING = later("マイキーIDの失効 最後の確認")
    HELP_TEXT = later(
        "本当に失効させるときだけ、F6を押してください。Enterでは失効しません。\n"
        "F3で前に戻ります。Escでやめると、何も失効しません。"
    )
    KEYS = ("revoke_finally", "previous", "abort")
    BINDINGS = bindings("revoke_finally", "previous", "revoke")

    def __init__(self, attempt: Attempt, losses: Losses) -> None:
        super().__init__(attempt)
        self._losses = losses
        self._is_sending = False

    def body(self) -> Iterable[Widget]:
        """Return it once more."""
        rows = (
            (_("マイキーID"), self.attempt.mykey_id),
            (_("失効するポイントの合計"), points_text(points_lost(self._losses))),
            (
                _("終了するサービスID"),
                _("{count}件").format(count=self._losses.service_ids),
            ),
        )
        yield Words(_("本当にマイキーIDを失効させますか。"), classes="warning")
        for label, value in rows:
            with Horizontal(classes="row"):
                yield Words(label, classes="label")
                yield Words(value, classes="value")
        yield Words(
            _("失効させたマイキーIDは、有効に戻せません。失効したポイントも戻りません。"),
            classes="warning",
        )
        yield Words(self._how_text(), classes="part")

    def _how_text(self) -> str:
        key = shown_key(ACTIONS["revoke_finally"], self.host.shown_keymap)
        return _("失効させるときは {key} を押してください。Enterでは失効しません。").format(key=key)

    def action_revoke(self) -> None:
        """Enter: it does not do it."""
        self.tell(self._how_text(), trouble=True)

    def action_revoke_finally(self) -> None:
        """失効させる."""
        if not self._is_sending:
            self._is_sending = True
            self._revoke()

    @work(exclusive=True, group="revoke")
    async def _revoke(self) -> None:
        request = mykey_pb2.RevokeMykeyIdRequest(
            request_id=self.new_request_id(),
            attempt_id=self.attempt.attempt_id,
            shown_points=points_lost(self._losses),
        )
        answer = await self.sent(partial(self.calls.mykey.revoke_mykey_id, request))
        self.dismiss(answer)


class RevokedStep(FinishedStep):
    """S62's message."""

    IS_FINAL = True
    SYSTEM = MY_PAGE
    HEADING = later("マイキーIDの失効 完了")
    MESSAGE = later("マイキーIDを失効させました。")

    def __init__(self, attempt: Attempt, done: mykey_pb2.RevokeMykeyIdResponse) -> None:
        super().__init__(attempt)
        self._done = done

    def body(self) -> Iterable[Widget]:
        """Return the message and what lapsed."""
        yield from super().body()
        rows = [
            (_("失効したマイキーID"), self._done.mykey_id),
            (_("失効したポイント"), points_text(sum(one.points for one in self._done.losses))),
        ]
        if self._done.transaction_number:
            rows.append((_("取引済番号"), self._done.transaction_number))
        for label, value in rows:
            with Horizontal(classes="row"):
                yield Words(label, classes="label")
                yield Words(value, classes="value")
        yield Words(_("マイナンバーカードを取り出してください。"), classes="part")


class MykeyRevokeScreen(AttemptScreen):
    """マイキーIDの失効."""

    SYSTEM = MY_PAGE
    HEADING = later("マイキーIDの失効 マイナンバーカードのセット")
    INSTRUCTION = later(
        "マイキーIDを失効させます。失うものは、失効させる前に表示します。\n"
        "失効させたマイキーIDは、有効に戻せません。"
    )
    HELP_TEXT = later(
        "1. マイナンバーカードをICカードリーダーにセットします。\n"
        "2. Enterを押し、利用者証明用電子証明書のパスワード(4桁)を入力します。\n"
        "3. 失うものを確認します。2回確認するまで、何も失効しません。\n"
        "途中でカードを抜くと、最初からやり直しになります。"
    )
    PURPOSE = mykey_pb2.ATTEMPT_PURPOSE_REVOKE

    async def steps(self, attempt: Attempt) -> None:
        """What is lost, twice, then that it is done."""
        message = ""
        while True:
            shown = LossesStep(attempt)
            shown.opening_message, message = message, ""
            losses = await self.only_step(shown)
            match await self.step(RevokeStep(attempt, losses)):
                case Previous():
                    continue
                case NotDone(reason="LOSSES_CHANGED") as refused:
                    message = refused.text
                case NotDone() as refused:
                    raise LeftError(refused.text)
                case done:
                    await self.step(RevokedStep(attempt, done))
                    return
