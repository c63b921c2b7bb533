"""Who is let in: pure functions."""

from server.callers.errors import TerminalReason
from server.callers.values import ShownCertificate, Terminal
from server.ledger.values import Refusal


def active_terminal(terminal: Terminal | None) -> Terminal:
    """Return the terminal, or raise Refusal where it was withdrawn."""
    if terminal is None or terminal.withdrawn:
        raise Refusal(TerminalReason.TERMINAL_WITHDRAWN)
    return terminal


def check_certificate(
    caller: str, shown: ShownCertificate | None, *, needs_certificate: bool
) -> None:
    """Raise Refusal for another's certificate, and where the caller's own is missing (SEC-1)."""
    stands_for = shown.caller if shown is not None else ""
    if stands_for not in ("", caller):
        raise Refusal(TerminalReason.CLIENT_CERTIFICATE_OF_ANOTHER)
    if needs_certificate and not stands_for:
        raise Refusal(TerminalReason.CLIENT_CERTIFICATE_MISSING)
