"""Whose password it is: verified in turns, so that nobody keeps others from signing in (SEC-3).

Terminals on their own machines take theirs with what else their terminals ask for that costs;
all others have turns of their own, so that no crowd of them keeps a known machine waiting.
"""

from server.callers.errors import TerminalReason
from server.callers.sign_in import check_password, find_terminal, is_bound_to
from server.callers.sign_in_guard import SignInGuard, by_address, by_machine, network_of
from server.callers.tables import TerminalRow
from server.callers.values import caller_of
from server.ledger.values import Refusal
from server.threads.costly import Costly
from server.threads.readers import Readers


class Verifier:
    """Verifies passwords of terminals."""

    def __init__(self, readers: Readers, guard: SignInGuard, costly: Costly) -> None:
        self._readers = readers
        self._guard = guard
        self._costly = costly

    async def verify(
        self, terminal_id: str, password: str, machine_fingerprint: bytes, address: str
    ) -> TerminalRow:
        """Return the terminal whose password it is. Raises Refusal, and QueueFullError."""
        found = await self._readers.query(lambda database: find_terminal(database, terminal_id))
        if found is not None and is_bound_to(found, machine_fingerprint):
            if found.withdrawn_at is not None:
                raise Refusal(TerminalReason.TERMINAL_WITHDRAWN)
            tried = by_machine(terminal_id, machine_fingerprint)
            pool, name = self._costly.passwords, caller_of(terminal_id)
        else:
            tried = by_address(f"terminal {terminal_id}", address)
            pool, name = self._costly.strangers_passwords, network_of(address)
        self._guard.check(tried)
        async with pool.turn(name) as run:
            with self._guard.trying(tried, TerminalReason.SIGN_IN_REFUSED):
                return await run(lambda: check_password(found, password))
