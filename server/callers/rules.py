"""What a terminal may do: pure functions."""

from server.callers.errors import TerminalReason
from server.callers.values import Terminal
from server.ledger.values import Refusal


def active_terminal(terminal: Terminal | None) -> Terminal:
    """Return the terminal, or raise Refusal where it was withdrawn."""
    if terminal is None or terminal.withdrawn:
        raise Refusal(TerminalReason.TERMINAL_WITHDRAWN)
    return terminal
