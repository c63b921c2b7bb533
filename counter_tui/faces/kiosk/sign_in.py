"""S2 at a kiosk: the staff sign it in."""

from counter_tui.shell.base import PLATFORM
from counter_tui.tasks.terminal.sign_in import SignInScreen
from counter_tui.texts import later


class KioskSignInScreen(SignInScreen):
    """S2 without training."""

    SYSTEM = PLATFORM
    HELP_TEXT = later(
        "職員がログインすると、利用者用のメニューが表示されます。\n"
        "端末パスワードを入力し、Enterを押してください。\n"
        "ログインしたあとは、終了するときにも端末パスワードが必要です。"
    )

    def shown_actions(self) -> list[str]:
        """Offer no training."""
        return [key for key in super().shown_actions() if key != "practise"]

    def action_practise(self) -> None:
        """Do nothing: a kiosk has no training."""
