"""What is said of a clock that is not the server's."""

from datetime import timedelta

from counter_tui.texts import _

BEHIND_MAX = timedelta(minutes=3)
"""Less than this nobody needs to be told."""


def clock_text(behind: timedelta) -> str:
    """Return by how much this machine is behind the server, or ahead of it; nothing where little.

    Nothing goes by it: the server books by its own clock, and the counter counts it in.
    """
    if abs(behind) < BEHIND_MAX:
        return ""
    text = (
        _("この機械の時計は、サーバーより{time}遅れています。時計を合わせてください。")
        if behind > timedelta()
        else _("この機械の時計は、サーバーより{time}進んでいます。時計を合わせてください。")
    )
    judged = _("ポイント券の有効期限は、サーバーの時刻で判断します。")
    return f"{text.format(time=_rounded(abs(behind)))}\n{judged}"


def _rounded(time: timedelta) -> str:
    if time >= timedelta(days=2):
        return _("約{count}日").format(count=round(time / timedelta(days=1)))
    if time >= timedelta(hours=2):
        return _("約{count}時間").format(count=round(time / timedelta(hours=1)))
    return _("約{count}分").format(count=round(time / timedelta(minutes=1)))
