"""What an earlier run left in the outbox: asked about, then brought to its end (USE-5)."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from counter_tui.core.answers import UnknownKindError
from counter_tui.core.bookings import ABANDONED, Finished, NotBooked, Outcome, TroubleError
from counter_tui.core.outbox import Entry, OutboxFault
from counter_tui.core.tokyo import day_of
from counter_tui.screens.begun import Begun, Resumed, begun_of, with_server
from counter_tui.screens.boxes import HelpBox
from counter_tui.screens.resumed import ResumeScreen, resumed_screen
from counter_tui.screens.working import GivingUpScreen, LeftWorkingScreen, LookingUpScreen
from counter_tui.texts import _

if TYPE_CHECKING:
    from counter_tui.app import CounterApp


async def finish_what_was_begun(app: "CounterApp") -> None:
    """Bring every request to its end, oldest first, and tell of what cannot be read.

    Runs in a worker of the application's.
    """
    unknown = []
    for entry in await app.bookings.unfinished():
        try:
            await _finish(app, begun_of(entry, app.trust.programs))
        except UnknownKindError as error:
            unknown.append(_fault(entry, error))
    faults = [*await app.in_thread(app.bookings.faults), *unknown]
    if faults:
        text = _("読めない処理記録があります。自治体の担当者に連絡してください。")
        lines = "\n".join(f"{fault.path.name}: {fault.message}" for fault in faults)
        await app.push_screen_wait(HelpBox(_("処理記録"), f"{text}\n{lines}"))


async def _finish(app: "CounterApp", begun: Begun) -> None:
    outcome = await app.push_screen_wait(LookingUpScreen(begun))
    if outcome is not None:
        await _show(app, begun, outcome, Resumed.BEFORE)
        return
    begun = await with_server(begun, app.gateway)
    if await _day_has_turned(app, begun):
        outcome = await app.push_screen_wait(GivingUpScreen(begun))
        await _show(app, begun, _with_reason(outcome), Resumed.BEFORE)
    elif await app.push_screen_wait(ResumeScreen(begun)):
        outcome = await app.push_screen_wait(LeftWorkingScreen(begun))
        await _show(app, begun, outcome, Resumed.NOW)
    else:
        outcome = await app.push_screen_wait(GivingUpScreen(begun))
        await _show(app, begun, outcome, Resumed.BEFORE)


async def _day_has_turned(app: "CounterApp", begun: Begun) -> bool:
    """Whether the server would refuse to book it, because it was shown on another day (USE-9)."""
    if begun.shown_on is None:
        return False
    with suppress(TroubleError):
        return day_of(await app.gateway.server_time()) != begun.shown_on
    return False


def _with_reason(outcome: Outcome | None) -> Outcome | None:
    if isinstance(outcome, NotBooked) and outcome.reason == ABANDONED:
        text = _("日付が変わったため、もう記帳できません。取りやめを確定しました。")
        return NotBooked("DAY_TURNED", text)
    return outcome


async def _show(app: "CounterApp", begun: Begun, outcome: Outcome | None, resumed: Resumed) -> None:
    if isinstance(outcome, Finished):
        if not begun.program:
            begun = await with_server(begun, app.gateway)
        await app.push_screen_wait(resumed_screen(outcome, app.letterhead, begun, resumed))
    elif isinstance(outcome, NotBooked):
        await app.push_screen_wait(HelpBox(_("前回の続き"), _not_booked_text(begun, outcome)))


def _not_booked_text(begun: Begun, outcome: NotBooked) -> str:
    said = f"{outcome.message or _('処理を取りやめました。')}\n({outcome.reason})"
    return "\n".join((begun.not_done, said, "", *begun.lines()))


def _fault(entry: Entry, error: UnknownKindError) -> OutboxFault:
    return OutboxFault(Path(f"{entry.request_id}.json"), str(error))
