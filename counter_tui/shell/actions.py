"""Every action of the application: its ID, its keys, its label. One table, shown at the bottom."""

from collections.abc import Mapping
from dataclasses import dataclass

from textual.binding import Binding, BindingType

from counter_tui.texts import later


@dataclass(frozen=True, slots=True)
class Action:
    """An action on a key. The second key serves where a desktop takes the first."""

    id: str
    keys: tuple[str, ...]
    shown_key: str
    label: str


_ALL = (
    Action("help", ("f1", "ctrl+g"), "F1", later("ヘルプ")),
    Action("back", ("escape",), "Esc", later("戻る")),
    Action("register", ("enter",), "Enter", later("登録")),
    Action("sign_in", ("enter",), "Enter", later("ログイン")),
    Action("choose", ("enter",), "Enter", later("選択")),
    Action("check", ("enter",), "Enter", later("確認")),
    Action("spend", ("enter",), "Enter", later("利用")),
    Action("merge", ("enter",), "Enter", later("合算")),
    Action("next", ("enter",), "Enter", later("次の利用者")),
    Action("close", ("enter",), "Enter", later("閉じる")),
    Action("dismiss_box", ("escape",), "Esc", later("閉じる")),
    Action("keep", ("escape",), "Esc", later("取り消さずに戻る")),
    Action("seen", ("enter",), "Enter", later("確認した")),
    Action("carry_on", ("f2", "ctrl+o"), "F2", later("確認して次へ")),
    Action("issue", ("enter",), "Enter", later("発行")),
    Action("redeem", ("enter",), "Enter", later("読取・消込")),
    Action("cancel_it", ("enter",), "Enter", later("取消")),
    Action("enter_pin", ("enter",), "Enter", later("利用者証明用電子証明書パスワード入力")),
    Action("check_id", ("enter",), "Enter", later("重複チェック")),
    Action("forward", ("enter",), "Enter", later("次へ")),
    Action("change", ("enter",), "Enter", later("変更")),
    Action("revoke", ("enter",), "Enter", later("マイキーIDの失効")),
    Action("finish", ("enter",), "Enter", later("メニューへ")),
    Action("abort", ("escape",), "Esc", later("やめる")),
    Action("postpone", ("escape",), "Esc", later("あとで")),
    Action("toggle", ("space",), "Space", later("選択")),
    Action("propose", ("f2", "ctrl+o"), "F2", later("自動生成")),
    Action("find_address", ("f2", "ctrl+o"), "F2", later("検索")),
    Action("language", ("f2", "ctrl+o"), "F2", later("English")),
    Action("previous", ("f3", "ctrl+n"), "F3", later("前に戻る")),
    Action("revoke_finally", ("f6", "ctrl+d"), "F6", later("失効させる")),
    Action("look_up", ("enter",), "Enter", later("照会")),
    Action("replace", ("enter",), "Enter", later("置き換える")),
    Action("acknowledge", ("enter",), "Enter", later("確認済み")),
    Action("register_id", ("f3", "ctrl+n"), "F3", later("登録")),
    Action("correct", ("f3", "ctrl+n"), "F3", later("前の画面に戻る")),
    Action("book_now", ("f3", "ctrl+n"), "F3", later("記帳する")),
    Action("next_page", ("f3", "ctrl+n"), "F3", later("次のページ")),
    Action("read_number", ("f5", "ctrl+r"), "F5", later("読取")),
    Action("type_again", ("f6", "ctrl+d"), "F6", later("もう一度入力")),
    Action("print_label", ("f8", "ctrl+p"), "F8", later("印刷")),
    Action("choose_issuer", ("f6", "ctrl+d"), "F6", later("事業者選択")),
    Action("show_code", ("f6", "ctrl+d"), "F6", later("QR表示")),
    Action("place", ("f2", "ctrl+o"), "F2", later("利用場所")),
    Action("print_totals", ("f3", "ctrl+n"), "F3", later("日計印字")),
    Action("cancel", ("f4", "ctrl+x"), "F4", later("取消")),
    Action("practise", ("f4", "ctrl+x"), "F4", later("練習モード")),
    Action("read_card", ("f5", "ctrl+r"), "F5", later("カード読取")),
    Action("read_again", ("f5", "ctrl+r"), "F5", later("読み直し")),
    Action("deliver", ("f6", "ctrl+d"), "F6", later("ファイル再送")),
    Action("report", ("f6", "ctrl+d"), "F6", later("要確認")),
    Action("give_up", ("f7", "ctrl+y"), "F7", later("取りやめ")),
    Action("print", ("f8", "ctrl+p"), "F8", later("レシート印字")),
    Action("reprint", ("f8", "ctrl+p"), "F8", later("再発行")),
    Action("queue", ("f12", "ctrl+l"), "F12", later("印字待ち")),
    Action("cards", ("f9", "ctrl+t"), "F9", later("仮想カード")),
    Action("leave", ("f10", "ctrl+q"), "F10", later("終了")),
)
ACTIONS = {action.id: action for action in _ALL}


def shown_key(action: Action, keymap: Mapping[str, tuple[str, ...]]) -> str:
    """Return how the first key of an action is shown."""
    if action.id not in keymap:
        return action.shown_key
    return "+".join(part.capitalize() for part in keymap[action.id][0].split("+"))


def bindings(*ids: str) -> list[BindingType]:
    """Return the key bindings of some actions."""
    return [
        Binding(",".join(ACTIONS[id_].keys), id_, ACTIONS[id_].label, show=False, id=id_)
        for id_ in ids
    ]
