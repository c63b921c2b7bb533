"""What a printer's trouble is called at the counter, and what to do about it."""

from counter_tui.printers.printer import Trouble
from counter_tui.printers.queue import Result, Stage
from counter_tui.texts import _, later

_TROUBLES = {
    Trouble.NO_PAPER: later("プリンターの用紙がありません。用紙を入れてください。"),
    Trouble.PAPER_LOW: later("プリンターの用紙が残り少なくなっています。"),
    Trouble.COVER_OPEN: later("プリンターのカバーが開いています。閉じてください。"),
    Trouble.OFFLINE: later(
        "プリンターがオフラインです。紙送りボタンやオンラインの設定を確認してください。"
    ),
    Trouble.MECHANICAL: later(
        "プリンターに異常があります。紙詰まりを確認し、電源を入れ直してください。"
    ),
    Trouble.NOT_THERE: later(
        "プリンターにつながりません。電源・ケーブル・接続先の設定を確認してください。"
    ),
    Trouble.SILENT: later("プリンターから返事がありません。電源を入れ直してください。"),
    Trouble.NOT_ALLOWED: later(
        "プリンターを使う権限がありません。担当者に設定を確認してもらってください。"
    ),
    Trouble.FULL: later("ディスクがいっぱいのため印字できません。"),
}


def outcome_text(result: Result) -> str:
    """Return why a slip is not printed yet, and what becomes of it (RCP-2)."""
    why = trouble_text(result.trouble) if result.trouble else ""
    if result.stage is Stage.UNCERTAIN:
        text = _("途中まで印字された可能性があります。F12 の印字待ちで選んでください。")
    else:
        text = _("まだ印字されていません。直りしだい印字します(F12 印字待ち)。")
    return f"{why}\n{text}" if why else text


def trouble_text(trouble: Trouble) -> str:
    """Return the words for a printer's trouble, and what to do."""
    return _(_TROUBLES[trouble])
