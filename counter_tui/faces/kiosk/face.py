"""The kiosk's face: the citizen's work with a MyKey ID, and nothing else (CRD-4, MYP-9)."""

from typing import Any

from counter_tui.faces.face import Face
from counter_tui.faces.kiosk.boxes import LeaveBox
from counter_tui.faces.kiosk.sign_in import KioskSignInScreen
from counter_tui.shell.home import HomeScreen


def _home() -> HomeScreen[Any]:
    from counter_tui.faces.kiosk.menu import KioskMenuScreen  # noqa: PLC0415

    return KioskMenuScreen()


KIOSK = Face(sign_in=KioskSignInScreen, home=_home, leaving=LeaveBox, forgets=True)
"""The staff sign it in; then it serves one citizen after the other and forgets each."""
