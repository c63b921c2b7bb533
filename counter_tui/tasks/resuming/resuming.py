"""What an earlier run left in the outbox: asked about, then brought to its end (USE-5)."""

from contextlib import suppress
from pathlib import Path

from counter_tui.bookings.begun import Begun, Resumed, begun_of, with_server
from counter_tui.bookings.bookings import Finished, NotBooked, Outcome
from counter_tui.bookings.kinds import UnknownKindError
from counter_tui.bookings.outbox import Entry, OutboxFault
from counter_tui.calls.answers import ABANDONED, TroubleError
from counter_tui.core.tokyo import day_of
from counter_tui.host import Host
from counter_tui.shell.boxes import HelpBox
from counter_tui.tasks.booking.working import GivingUpScreen, LeftWorkingScreen, LookingUpScreen
from counter_tui.tasks.resuming.resumed import ResumeScreen
from counter_tui.texts import _


async def finish_what_was_begun(host: Host) -> None:
    """Bring every request to its end, oldest first, and tell of what cannot be read.

    Runs in a worker of the application's.
    """
    unknown = []
    for entry in await host.session.bookings.unfinished():
        try:
            await _finish(host, begun_of(host.session.kinds, entry, host.session.trust.programs))
        except UnknownKindError as error:
            unknown.append(_fault(entry, error))
    faults = [*await host.in_thread(host.session.bookings.faults), *unknown]
    if faults:
        text = _("読めない処理記録があります。自治体の担当者に連絡してください。")
        lines = "\n".join(f"{fault.path.name}: {fault.message}" for fault in faults)
        await host.push_screen_wait(HelpBox(_("処理記録"), f"{text}\n{lines}"))


async def _finish(host: Host, begun: Begun) -> None:
    outcome = await host.push_screen_wait(LookingUpScreen(begun))
    if outcome is not None:
        await _show(host, begun, outcome, Resumed.BEFORE)
        return
    begun = await with_server(host.session.kinds, begun, host.session.calls)
    if await _day_has_turned(host, begun):
        outcome = await host.push_screen_wait(GivingUpScreen(begun))
        await _show(host, begun, _with_reason(outcome), Resumed.BEFORE)
    elif await host.push_screen_wait(ResumeScreen(begun)):
        outcome = await host.push_screen_wait(LeftWorkingScreen(begun))
        await _show(host, begun, outcome, Resumed.NOW)
    else:
        outcome = await host.push_screen_wait(GivingUpScreen(begun))
        await _show(host, begun, outcome, Resumed.BEFORE)


async def _day_has_turned(host: Host, begun: Begun) -> bool:
    """Whether the server would refuse to book it, because it was shown on another day (USE-9)."""
    if begun.shown_on is None:
        return False
    with suppress(TroubleError):
        return day_of(await host.session.calls.terminals.server_time()) != begun.shown_on
    return False


def _with_reason(outcome: Outcome | None) -> Outcome | None:
    if isinstance(outcome, NotBooked) and outcome.reason == ABANDONED:
        text = _("日付が変わったため、もう記帳できません。取りやめを確定しました。")
        return NotBooked("DAY_TURNED", text)
    return outcome


async def _show(host: Host, begun: Begun, outcome: Outcome | None, resumed: Resumed) -> None:
    if isinstance(outcome, Finished):
        if not begun.program:
            begun = await with_server(host.session.kinds, begun, host.session.calls)
        done = host.session.kinds.of(outcome.booked.method).done
        head = host.session.letterhead
        await host.push_screen_wait(done(outcome, head, begun, resumed))
    elif isinstance(outcome, NotBooked):
        await host.push_screen_wait(HelpBox(_("前回の続き"), _not_booked_text(begun, outcome)))


def _not_booked_text(begun: Begun, outcome: NotBooked) -> str:
    said = f"{outcome.message or _('処理を取りやめました。')}\n({outcome.reason})"
    return "\n".join((begun.not_done, said, "", *begun.lines()))


def _fault(entry: Entry, error: UnknownKindError) -> OutboxFault:
    return OutboxFault(Path(f"{entry.request_id}.json"), str(error))
