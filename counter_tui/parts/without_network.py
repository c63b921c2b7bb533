"""Beginning without network: by what an earlier session was told of vouchers (VCH-8)."""

from pathlib import Path
from typing import TYPE_CHECKING

from jichipoint.v1 import terminals_pb2, vouchers_pb2

from counter_tui.bookings.trust import Trust
from counter_tui.calls.answers import UnreachableError
from counter_tui.core import kept_trust
from counter_tui.core.kept_trust import KeptFault, KeptTrust, Opener
from counter_tui.texts import _

if TYPE_CHECKING:
    from counter_tui.host import Host


async def keep_trust(host: "Host", opener: Opener) -> None:
    """Keep what the session was told, where anything may be taken by it. Raises KeptTrustError."""
    path = _path(host, opener)
    if host.session.terminal is None or not host.session.trust.caps.vouchers_max:
        await host.in_thread(kept_trust.forget, path)
        return
    trust = KeptTrust(
        host.session.terminal.SerializeToString(),
        host.session.trust.told.SerializeToString(),
        host.clock(),
        host.clock.behind,
        host.session.trust.last_day,
    )
    await host.in_thread(kept_trust.keep, path, trust, opener)


async def begin_without_network(host: "Host", opener: Opener, trouble: UnreachableError) -> None:
    """Begin by what is kept, or raise the trouble, with why nothing can be taken by it.

    Raises OutboxError, RedemptionError besides.
    """
    if not trouble.is_silence:
        raise trouble
    found = await host.in_thread(kept_trust.kept, _path(host, opener), opener)
    if found is KeptFault.NONE:
        raise trouble
    if found is KeptFault.NOT_OPENED:
        raise _with(trouble, _("端末パスワードが違うか、この機械の記録が壊れています。"))
    host.clock.expect(found.counted_in)
    if not found.holds(host.clock()):
        text = _("ネットワークがないときにポイント券を受け付けられるのは{day}まででした。")
        raise _with(trouble, text.format(day=found.last_day.isoformat()))
    await host.session.open_outbox(
        terminals_pb2.Terminal.FromString(found.terminal), opener.terminal_id
    )
    host.session.trust = await Trust.of(
        host.session.server,
        host.session.redemptions_folder(opener.terminal_id),
        vouchers_pb2.GetVoucherTrustResponse.FromString(found.told),
        host.clock,
    )


def begun_text() -> str:
    """Return what can be done after a start without network."""
    return _(
        "サーバーにつながりません。ポイント券消込だけを「未確定」で受け付けられます。\n"
        "つながると、ログインの画面が開きます。"
    )


def _path(host: "Host", opener: Opener) -> Path:
    return host.settings.state_folder / "voucher-trust" / f"{opener.terminal_id}.json"


def _with(trouble: UnreachableError, text: str) -> UnreachableError:
    return UnreachableError(trouble.reason, f"{trouble.message}\n{text}")
