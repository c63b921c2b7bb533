"""A face: what the one application shows to whom."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from counter_tui.host import Host
    from counter_tui.shell.base import CounterModal
    from counter_tui.shell.home import HomeScreen
    from counter_tui.tasks.terminal.sign_in import SignInScreen


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """How one signs in, what is offered then, and what may be left. It imports late what it shows.

    What the tasks themselves need, such as a printer, they ask for when they are opened.
    """

    sign_in: "Callable[[], SignInScreen]"
    """S2, on a machine that has a terminal."""
    home: "Callable[[], HomeScreen[Any]]"
    """What everything is opened from, by the terminal's class."""
    opened: "Callable[[Host, HomeScreen[Any]], Awaitable[None]] | None" = None
    """Goes on above the home once the staff have signed in."""
    works_on: "Callable[[Host], Awaitable[None]] | None" = None
    """What the terminal does by itself whenever the server may answer again."""
    leaving: "Callable[[], CounterModal[bool]] | None" = None
    """Asks whether a session may be left; None: anybody may."""
    keeps_trust: bool = False
    """Whether it also begins without network, to take vouchers until that is back (VCH-8)."""
    forgets: bool = False
    """Whether what was entered is forgotten once nobody is there, and nothing can be copied."""
