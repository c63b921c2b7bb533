"""Merge files that an earlier run did not deliver (MRG-4)."""

from contextlib import suppress

from counter_tui.bookings.spool import SpoolError, deliver
from counter_tui.calls.answers import TroubleError
from counter_tui.host import Host
from counter_tui.tasks.points.merge import delivery_text
from counter_tui.texts import _


async def deliver_undelivered(host: Host) -> None:
    """Fetch the files that this terminal has not delivered, and deliver them."""
    session = host.session
    if session.terminal is None or not session.terminal.can_merge or session.training:
        return
    with suppress(TroubleError):  # at the next start again
        for merge in await session.calls.merging.undelivered_merges():
            file = merge.merge_file
            try:
                await host.in_thread(deliver, host.settings.spool_folder, file.name, file.content)
            except SpoolError as fault:
                number = _("取引済番号: {number}").format(number=merge.transaction_number)
                host.show_help(_("連携ファイル"), f"{number}\n{delivery_text(fault)}")
                return
            await session.calls.merging.report_merge_delivered(merge.transaction_number)
