"""What a terminal may do: pure functions."""

from server.ledger.values import Refusal
from server.terminals.errors import TerminalReason
from server.terminals.values import Terminal


def active_terminal(terminal: Terminal | None) -> Terminal:
    """Return the terminal, or raise Refusal where it was withdrawn."""
    if terminal is None or terminal.withdrawn:
        raise Refusal(TerminalReason.TERMINAL_WITHDRAWN)
    return terminal
