"""The counter's face: staff, one person after the other."""

from typing import Any

from counter_tui.bookings.redemptions import RedemptionError
from counter_tui.faces.face import Face
from counter_tui.host import Host
from counter_tui.shell.clock_texts import clock_text
from counter_tui.shell.home import HomeScreen
from counter_tui.tasks.terminal.sign_in import SignInScreen


def _home() -> HomeScreen[Any]:
    from counter_tui.faces.shop.menus import MenuScreen  # noqa: PLC0415

    return MenuScreen()


async def _opened(host: Host, home: HomeScreen[Any]) -> None:
    """Say what is wrong with the clock, ask for the contact, and end what was begun."""
    from counter_tui.tasks.points.deliveries import deliver_undelivered  # noqa: PLC0415
    from counter_tui.tasks.resuming.resuming import finish_what_was_begun  # noqa: PLC0415

    if text := clock_text(host.clock.behind):
        home.call_after_refresh(home.tell, text, trouble=True)
    session = host.session
    if session.terminal is not None and not session.terminal.has_contact and not session.training:
        from counter_tui.tasks.terminal.contact import ContactScreen  # noqa: PLC0415

        host.push_screen(ContactScreen(), home.come_back)
    await finish_what_was_begun(host)
    await deliver_undelivered(host)


async def _send_waiting(host: Host) -> None:
    """Send the redemptions that wait for the network (VCH-8)."""
    try:
        changed = await host.session.trust.send_all()
    except RedemptionError as error:
        host.tell_everywhere(str(error))
        return
    if changed:
        host.each_screen(lambda screen: screen.show_waiting())


SHOP = Face(
    sign_in=SignInScreen,
    home=_home,
    opened=_opened,
    works_on=_send_waiting,
    keeps_trust=True,
)
